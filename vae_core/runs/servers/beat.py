"""A server's heartbeat: it shows that the server lives, and hears what the others want.

Whatever the database is told or asked that no visitor waits for happens here, twice a second, in
one thread and in as few statements as there can be: a training never waits for it, and after an
outage all is made up.
"""

from __future__ import annotations

import logging
import threading
import time

from vae_core.runs.archive import Archive
from vae_core.runs.disk.database import NoAnswerError
from vae_core.runs.servers.presence import Mine
from vae_core.runs.servers.store import Store
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.work.workers import Workers

LOG = logging.getLogger(__name__)

SECONDS = 0.5
SECONDS_IN_A_HURRY = 0.05
VISITORS_SECONDS = 5.0


class Beat:
    """Keeps the runs in memory and those in the database together.

    Args:
        store: the database.
        archive: the runs in memory.
        workers: gives them their turns.
    """

    def __init__(self, store: Store, archive: Archive, workers: Workers) -> None:
        self._store = store
        self._archive = archive
        self._workers = workers
        self._ends = threading.Event()
        self._next_visitors = float("-inf")
        self._thread = threading.Thread(target=self._go_on, name="heartbeat", daemon=True)
        self._once()
        self._thread.start()

    def stop(self) -> None:
        """Beat no more: what there is to write is written, and the runs are left to others."""
        self._ends.set()
        self._thread.join()
        self._once()
        self._store.close()

    def _go_on(self) -> None:
        while not self._ends.wait(SECONDS_IN_A_HURRY if self._leaving() else SECONDS):
            self._once()

    def _once(self) -> None:
        try:
            with self._archive.lock:
                before = dict(self._archive.runs)
            mine = self._store.beat()
            self._heed(mine, before)
            self._archive.make_up()
            self._archive.write_changes()
            self._hand_over()
            if time.monotonic() >= self._next_visitors:
                self._exchange_visitors()
        except NoAnswerError:
            pass
        except Exception:
            LOG.exception("a heartbeat failed")

    def _leaving(self) -> list[SharedRun]:
        with self._archive.lock:
            return [run for run in self._archive.runs.values() if run.leaving]

    def _heed(self, mine: dict[str, Mine], before: dict[str, SharedRun]) -> None:
        """Do what the database says of the runs that are ours, and of those no more."""
        if news := [run_id for run_id, run in mine.items() if run.news]:
            self._archive.hear_news(news)
        wanted = {run_id: run.wanted_by for run_id, run in mine.items() if run.wanted_by}
        living = self._store.presence.living() if wanted else []
        for run_id, server in wanted.items():
            self._let_go(run_id, to_whom=server if server in living else None)
        for run_id in before.keys() - mine.keys():
            run = before[run_id]
            if run.recorded and self._store.records.owned_by_another(run_id):
                self._give_up(run)
        if not self._workers.closed:
            for run_id in mine.keys() - before.keys():
                self._adopt(run_id, mine[run_id])
            self._settle()

    def _let_go(self, run_id: str, *, to_whom: str | None) -> None:
        """Hold a run for another server, unless that is gone."""
        if to_whom is None:
            self._store.records.refuse(run_id)
            return
        with self._workers.locked():
            run = self._archive.runs.get(run_id)
            if run is not None and not run.leaving:
                self._workers.let_go(run)

    def _give_up(self, run: SharedRun) -> None:
        """Another server took a run while this one was silent."""
        with self._workers.locked():
            if self._archive.runs.get(run.run_id) is run:
                self._archive.lost(run)

    def _adopt(self, run_id: str, of: Mine) -> None:
        """Take a run that is ours into memory where it goes on, and leave it where it has ended."""
        with self._archive.lock:
            if run_id in self._archive.runs or run_id in self._archive.awaited:
                return
        if of.active:
            self._archive.load(run_id)
        else:
            self._archive.release(run_id)

    def _settle(self) -> None:
        """Let stand in line what came from another server, and nobody acts on."""
        with self._archive.lock:
            for run_id, run in list(self._archive.runs.items()):
                if run_id not in self._archive.awaited:
                    self._workers.settle(run)

    def _hand_over(self) -> None:
        """Give the runs that others want, and that rest at a snapshot."""
        for run in self._leaving():
            if run.has_thread or run.pending:
                continue
            self._archive.save(run)
            if run.recorded is None:  # the database does not answer
                continue
            self._archive.give(run)

    def _exchange_visitors(self) -> None:
        """Tell and hear who was seen; whom nobody watches ends, and expires, without a visitor."""
        presence = self._store.presence
        with self._archive.lock:
            ago = self._archive.seen_ago()
        presence.tell_seen(ago, self._store.grace)
        elsewhere = presence.seen_elsewhere()
        with self._workers.locked():
            self._archive.see_elsewhere(elsewhere)
        presence.bury()
        self._next_visitors = time.monotonic() + min(VISITORS_SECONDS, self._store.grace / 4)
