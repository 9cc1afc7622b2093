"""Where the runs are kept beyond a server's life: their records, and their files."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import URL

from vae_core.runs.allowance import Allowance
from vae_core.runs.disk.before import take_over
from vae_core.runs.disk.database import NAME, Database, NoAnswerError
from vae_core.runs.disk.folder import RunFolder, shown
from vae_core.runs.disk.records import Records
from vae_core.runs.disk.rows import Found
from vae_core.runs.servers.elsewhere import Elsewhere
from vae_core.runs.servers.lock import ServerLock
from vae_core.runs.servers.presence import Mine, Presence
from vae_core.runs.shared_run import SharedRun


class Store:
    """The runs of all servers that share a database and a folder.

    Args:
        folder: the files of the runs, and the database where there is no address.
        bounds: how much is kept.
        address: of another database.

    Attributes:
        grace: seconds for which a run goes on with nobody watching.
        ready: whether the database has answered, and holds what the folder held before.

    Raises:
        OSError: nothing can be written into the folder.
    """

    def __init__(self, folder: Path, bounds: Allowance, address: URL | None = None) -> None:
        self.ready = False
        server_id = secrets.token_hex(8)
        self._lock = ServerLock(folder, server_id)
        self._database = Database(address, folder)
        self._moves = address is not None
        self.grace = bounds.grace
        self._bounds = bounds
        self.files = RunFolder(folder)
        self.records = Records(self._database, server_id)
        self.presence = Presence(self._database, folder, server_id)
        self.elsewhere = Elsewhere(self.records, self.files, self.presence, bounds.memory)

    def beat(self) -> dict[str, Mine]:
        """Show that this server lives; returns its runs. Raises NoAnswerError."""
        if not self.ready:
            self._database.make()
        mine = self.presence.beat()
        if not self.ready:
            if self._moves and (old := self.files.path / NAME).exists():
                self._database.move(old)
            take_over(self.files.path, self.records)
            self.presence.bury()
            self.ready = True
        return mine

    def claim(self, run_id: str) -> SharedRun | None:
        """A run that is ours from now on; None where a living server has it, or there is none.

        One that was active broke off with its server, unless that has handed it over.
        """
        claimed = self.records.claim(run_id, self.presence.living())
        if claimed is None:
            return None
        entry, in_order = claimed
        standing = self.files.load(run_id, entry.standing)
        if standing.active and not in_order:
            standing = standing.cut_off()
        return SharedRun(shown(standing), run_id, dict(entry.watchers), recorded=entry)

    def find(self, name: str) -> Found | None:
        """Where the token leads of which this is the hash. Raises NoAnswerError."""
        if not self.ready:
            raise NoAnswerError
        return self.records.find(name)

    def deleted(self, name: str | None, run: SharedRun) -> bool:
        """Forget a watcher, and a run that nobody watches; whether the database answered."""
        try:
            if name is not None:
                self.records.leave(name)
            if not run.watchers and self.records.discard(run.run_id):
                self.files.discard(run.run_id)
        except NoAnswerError:
            return False
        return True

    def cull(self, keep: Collection[str]) -> None:
        """Delete the runs that are too many or too large together; `keep` is spared."""
        living = self.presence.living()
        for run_id in self.records.cull(self._bounds.folders, self._bounds.disk, keep, living):
            self.files.discard(run_id)

    def close(self) -> None:
        """Leave all runs to whoever comes."""
        with suppress(NoAnswerError):
            self.presence.sign_off()
        self._database.close()
        self._lock.release()
