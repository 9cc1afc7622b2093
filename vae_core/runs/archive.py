"""The runs of one server: those in memory, and what is kept of them beyond its life.

`Memory.lock` is never held while the database or files are read or written, so that no visitor
waits for a disk; `SharedRun.writing` keeps what is written of one run in order instead, and is
always taken before the lock.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError

from vae_core.runs.bounds import Bounds
from vae_core.runs.disk.database import NoAnswerError
from vae_core.runs.disk.folder import hashed
from vae_core.runs.disk.rows import Entry
from vae_core.runs.servers.elsewhere import Away
from vae_core.runs.servers.memory import Memory
from vae_core.runs.servers.store import Store
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import Ending, Standing
from vae_core.training.config import TrainConfig

LOG = logging.getLogger(__name__)

CULLED = (
    "This run ended and has made room for newer ones. The same configuration and seed give the "
    "same numbers again: press Start."
)
UNKNOWN = "There is no run of this address here. It was reset, or the address is not complete."
SAVE_SECONDS = 10.0


class Archive(Memory):
    """Finds, keeps and forgets runs.

    Args:
        store: where runs are kept beyond the server's life; nowhere when None.
        bounds: how much is kept.
        place: a run's place in line.
        clock: seconds, for the grace period.
    """

    def __init__(
        self,
        store: Store | None,
        bounds: Bounds,
        place: Callable[[SharedRun], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(bounds, store is not None, clock)
        self._store = store
        self._place = place
        self._fetching = threading.Lock()

    # Where a run is.
    def find(self, token: str) -> SharedRun | Away | None:
        """The run that a token leads to: here, brought back if need be, or at another server.

        Raises:
            NoAnswerError: it is not in memory, and the database does not answer.
        """
        name = hashed(token)
        for _ in range(3):  # another server may take or leave it meanwhile
            with self.lock:
                run = self.present(token)
                if run is not None or self._store is None or name in self._leaving:
                    return run
            found = self._store.find(name)
            if found is None or not found.exists:
                return None
            if found.owner in self._store.presence.living():
                return Away(found.run_id, token, found.visitor)
            run = self.load(found.run_id)
            if run is not None and name not in run.watchers:
                self.hear_news([run.run_id])
        return None

    def load(self, run_id: str) -> SharedRun | None:
        """A run that no other server has, in memory from now on. Raises NoAnswerError."""
        with self._fetching:
            with self.lock:
                present = self.runs.get(run_id)
                going = any(r.run_id == run_id and not r.watchers for _, r in self._undone)
            if present is not None or going or self._store is None:
                return present
            run = self._store.claim(run_id)
            if run is not None:
                with self.lock:
                    self.add(run)
            return run

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences. Raises NoAnswerError."""
        name = hashed(token)
        with self.lock:
            known, left = name in self._given_up, name in self._leaving
        if self._store is not None and not left:
            known = self._store.find(name) is not None
        return CULLED if known else UNKNOWN

    def snapshot_of(self, run: SharedRun) -> Path | None:
        """The file of its last snapshot; None where nothing is kept beyond the server's life."""
        return self._store.files.snapshot(run.run_id) if self._store else None

    def part(self, away: Away) -> bool:
        """Make a training here for this watcher alone, where others watch it too and it goes on.

        The others, and the server that has it, notice nothing. It goes on from the last snapshot.
        Raises NoAnswerError.
        """
        entry = self._store.elsewhere.look(away.run_id, anew=True) if self._store else None
        if entry is None or not entry.standing.active or len(entry.watchers) < 2:
            return False
        run = SharedRun(entry.standing, watchers={hashed(away.token): away.visitor}, unsaved=True)
        with self.lock:
            if self.present(away.token) is not None:  # parted already
                return True
            self.add(run)
            self.awaited.add(run.run_id)
        self.save(run)
        return True

    def join(self, config: TrainConfig, visitor: str) -> Away | None:
        """A new token for a training at another server that serves this configuration, if any.

        A finished one that no server has is brought into memory instead.
        """
        with self.lock:
            if self._store is None or config.epochs is None or self.like(config):
                return None
        with suppress(NoAnswerError):
            found = self._store.elsewhere.join(config, visitor, self._bounds.watchers)
            if isinstance(found, Away):
                return found
            if found is not None:
                self.load(found)
        return None

    # What is written.
    @contextmanager
    def locked(self) -> Iterator[None]:
        """The lock; before it goes, what is too much leaves, and after it, that is written."""
        with self.lock:
            yield
            self._make_room()
            unwritten, self._unwritten = list(self._unwritten.values()), {}
            dropped, self._dropped = self._dropped, []
        for run in unwritten:
            self.save(run, arrays=not run.has_thread)
            with self.lock:
                run.pending -= 1
        for run_id in dropped:
            self.release(run_id)

    def save(self, run: SharedRun, ending: Ending | None = None, *, arrays: bool = True) -> None:
        """Write a run; a full disk costs the snapshot, and a silent database time, not the run.

        Args:
            run: the run.
            ending: how it is about to end, where it is; nothing else is written of it until then.
            arrays: whether snapshot and looks are written too, where they are newer.
        """
        if self._store is None:
            return
        with run.writing:
            with self.lock:
                if run.discarded:
                    return
                run.closing = run.closing or ending is not None
                entry = self._entry(run, run.standing.ended(*ending) if ending else run.standing)
                arrays = arrays and run.unsaved
                if arrays:
                    run.unsaved, run.saved_at = False, self._clock()
            if run.recorded is None:
                self._store.files.make(run.run_id)
            if arrays:
                entry = replace(entry, size=self._write_files(self._store, run, entry.standing))
            self._write([(run, entry)])
            with self.lock:
                keep = [each.run_id for each in self.runs.values() if each.active]
            with suppress(NoAnswerError):
                self._store.cull(keep)

    def write_changes(self) -> None:
        """Write what the database does not have yet, of all runs at once."""
        with self.lock:
            changed = [run for run in self.runs.values() if self._differs(run)]
            late = [run for run in self.runs.values() if self._is_late(run)]
        with ExitStack() as held:
            changes = []
            for run in changed:
                if run.writing.acquire(blocking=False):  # else somebody writes it now
                    held.callback(run.writing.release)
                    with self.lock:
                        if not run.discarded and not run.closing:
                            changes.append((run, self._entry(run, run.standing)))
            if changes:
                self._write(changes)
        for run in late:
            self.save(run)

    def _entry(self, run: SharedRun, standing: Standing) -> Entry:
        return Entry(run.run_id, standing, dict(run.watchers), self._place(run))

    def _differs(self, run: SharedRun) -> bool:
        has = run.recorded
        return (
            has is None
            or has.standing is not run.standing
            or has.place != self._place(run)
            or has.watchers.keys() != run.watchers.keys()
        )

    def _is_late(self, run: SharedRun) -> bool:
        """Whether its files could not be written when it came to rest, and it is time to try."""
        rests = not run.has_thread and not run.pending and self._store is not None
        return rests and self.save_is_due(run, SAVE_SECONDS)

    def _write_files(self, store: Store, run: SharedRun, standing: Standing) -> int | None:
        """Bytes of its files; None where they were not written."""
        with suppress(NoAnswerError):
            if run.recorded and store.records.owned_by_another(run.run_id):
                return None
        try:
            return store.files.save(run.run_id, standing)
        except (OSError, SafetensorError):
            LOG.exception("a run's snapshot could not be written")
            with self.lock:
                run.unsaved = True
            return None

    def _write(self, changes: Sequence[tuple[SharedRun, Entry]]) -> None:
        """Write rows; a run that another server took, when this one was silent, is theirs."""
        lost = None
        with suppress(NoAnswerError):
            if self._store is not None:
                lost = self._store.records.write((now, run.recorded) for run, now in changes)
        with self.lock:
            for run, now in changes:
                run.recorded = None if lost is None else now
                if lost and run.run_id in lost:
                    self.lost(run)
            self.lock.notify_all()

    def lost(self, run: SharedRun) -> None:
        """Another server has a run now; whoever works on it here ends."""
        LOG.warning("another server has taken a run over")
        self.forget(run)
        run.end("interrupted", "")

    def give(self, run: SharedRun) -> None:
        """Have a run in memory no more, and leave it to whoever wants it. Raises NoAnswerError."""
        with self._fetching:
            with self.lock:
                self.forget(run)
            if self._store is not None:
                self._store.records.release(run.run_id)

    def release(self, run_id: str) -> None:
        """Leave a run that is not in memory to whoever wants it."""
        with self._fetching, suppress(NoAnswerError):
            with self.lock:
                here = run_id in self.runs
            if not here and self._store is not None:
                self._store.records.release(run_id)

    def hear_news(self, run_ids: Sequence[str]) -> None:
        """Take over who watches these runs, as other servers changed it. Raises NoAnswerError."""
        found = self._store.records.watchers(run_ids) if self._store else {}
        with self.lock:
            for run_id, watchers in found.items():
                run = self.runs.get(run_id)
                if run is not None:
                    self.hear(run, watchers)
                    if run.discarded:
                        self._undone.append((None, run))
                        run.end("stopped", "")

    def make_up(self) -> None:
        """Delete what is kept of watchers who left, and of runs that are discarded."""
        with self.lock:
            undone = list(self._undone)
        for name, run in undone:
            with run.writing:
                if self._store is not None and not self._store.deleted(name, run):
                    return
            with self.lock:
                self._undone = [each for each in self._undone if each != (name, run)]
                self._leaving.discard(name or "")
