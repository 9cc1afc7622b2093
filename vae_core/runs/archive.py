"""The runs of one server: those in memory, those on disk, their tokens, and who looked when.

`Archive.lock` guards the runs. It is never held while files are read or written, so that no
visitor waits for a disk; `SharedRun.writing` keeps the files of one run in order instead, and is
always taken before the lock.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from vae_core.runs.bounds import Bounds
from vae_core.runs.disk.folder import RunFolder, hashed
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import Ending
from vae_core.training.config import TrainConfig

LOG = logging.getLogger(__name__)

CULLED = (
    "This run ended and has made room for newer ones. The same configuration and seed give the "
    "same numbers again: press Start."
)
UNKNOWN = "There is no run of this address here. It was reset, or the address is not complete."
MOST_REMEMBERED = 2000
MOST_VISITORS = 1000


class Archive:
    """Finds, keeps and forgets runs.

    Args:
        folder: where runs are kept beyond the server's life; nowhere when None.
        bounds: how much is kept.
        clock: seconds, for the grace period.

    Attributes:
        lock: guards the runs, and tells whoever waits that something changed.
        runs: those in memory, by their names.
    """

    def __init__(
        self,
        folder: RunFolder | None,
        bounds: Bounds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.Condition()
        self.runs: dict[str, SharedRun] = {}
        self._folder = folder
        self._bounds = bounds
        self._clock = clock
        self._seen: dict[str, float] = {}
        self._unwritten: dict[str, SharedRun] = {}
        self._run_of: dict[str, str] = {}
        self._pointed: dict[str, str] = {}
        self._leaving: set[str] = set()
        self._given_up: dict[str, None] = {}
        self._on_disk: dict[TrainConfig, str] = {}
        self._version = 0

    def find(self, token: str) -> SharedRun | None:
        """The run that a token leads to, brought back from the disk if need be."""
        name = hashed(token)
        with self.lock:
            run = self.present(token)
            if run is not None or self._folder is None or name in self._leaving:
                return run
        run_id = self._folder.run_of(name)
        run = self._load(run_id) if run_id else None
        return run if run is not None and name in run.watchers else None

    def recall(self, config: TrainConfig) -> None:
        """Bring a finished run of this configuration back from the disk, where there is one."""
        with self.lock:
            run_id = self._on_disk.pop(config, None)
        if run_id is not None:
            self._load(run_id)

    def _load(self, run_id: str) -> SharedRun | None:
        """A run from the disk; read again where another thread wrote or dropped one meanwhile."""
        while True:
            with self.lock:
                present, version = self.runs.get(run_id), self._version
            if present is not None or self._folder is None:
                return present
            saved = self._folder.load(run_id)
            with self.lock:
                if version != self._version:
                    continue
                if saved is None:
                    return None
                standing, watchers = saved
                loaded = SharedRun(standing, run_id, watchers)
                self.add(loaded)
                self._pointed |= dict.fromkeys(watchers, run_id)
                return loaded

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences."""
        name = hashed(token)
        with self.lock:
            known = name in self._given_up
        if not known and self._folder is not None:
            known = self._folder.run_of(name) is not None
        return CULLED if known else UNKNOWN

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The lock; before it goes, what is too much leaves, and after it, files are written."""
        with self.lock:
            yield
            self._make_room()
            unwritten, self._unwritten = list(self._unwritten.values()), {}
        for run in unwritten:
            self.save(run, arrays=not run.has_thread)
            with self.lock:
                run.pending -= 1

    # With the lock held.
    def see(self, visitor: str) -> None:
        """This visitor is there: all their runs have the whole grace period again."""
        self._seen[visitor] = self._clock()

    def patience(self, run: SharedRun) -> float:
        """Seconds for which it goes on though none of its visitors look; negative in the end."""
        times = [self._seen.get(visitor, float("-inf")) for visitor in run.visitors]
        return self._bounds.grace - (self._clock() - max(times, default=float("-inf")))

    def active_of(self, visitor: str) -> int:
        """How many active runs a visitor has."""
        return sum(visitor in run.visitors and run.active for run in self.runs.values())

    def present(self, token: str) -> SharedRun | None:
        """The run in memory that a token leads to."""
        return self.runs.get(self._run_of.get(hashed(token), ""))

    def like(self, config: TrainConfig) -> SharedRun | None:
        """A training in memory that serves whoever asks for this configuration."""
        fits = (run for run in self.runs.values() if run.serves(config))
        return next((run for run in fits if len(run.watchers) < self._bounds.watchers), None)

    def add(self, run: SharedRun) -> None:
        """Take a run into the memory, and let its watchers find it."""
        self.runs[run.run_id] = run
        for name in run.watchers:
            self._run_of[name] = run.run_id

    def watch(self, run: SharedRun, visitor: str) -> str:
        """A new token that leads to a run."""
        token = secrets.token_urlsafe(16)
        run.watchers[hashed(token)] = visitor
        self.add(run)
        self.see(visitor)
        if len(self._seen) > MOST_VISITORS:  # those without runs are forgotten
            present = {name for each in self.runs.values() for name in each.visitors}
            self._seen = {name: at for name, at in self._seen.items() if name in present}
        return token

    def leave(self, token: str, run: SharedRun) -> bool:
        """Let a token lead nowhere; returns whether it was the run's last one."""
        name = hashed(token)
        self._version += 1
        self._leaving.add(name)
        self._run_of.pop(name, None)
        del run.watchers[name]
        if not run.watchers:
            run.discarded = True
            del self.runs[run.run_id]
        return run.discarded

    def snapshot_of(self, run: SharedRun) -> Path | None:
        """The file of its last snapshot; None where nothing is kept beyond the server's life."""
        return self._folder.snapshot(run.run_id) if self._folder else None

    def write_later(self, run: SharedRun) -> None:
        """Have its files written as soon as the lock is free."""
        if run.run_id not in self._unwritten:
            self._unwritten[run.run_id] = run
            run.pending += 1

    def save_is_due(self, run: SharedRun, seconds: float) -> bool:
        """Whether its snapshot is newer than its file, and that is as old as this."""
        return run.unsaved and self._clock() - run.saved_at >= seconds

    def _make_room(self) -> None:
        """Keep within the bounds; the runs that ended and were unseen for longest give way.

        They give up their looks first, and then leave the memory. What is on disk stays there.
        """
        rest = (run for run in self.runs.values() if not run.active)
        ended = [run for run in rest if not run.has_thread and not run.pending]
        ended.sort(key=self.patience)
        looks = sum(run.standing.looks_memory for run in self.runs.values())
        held = sum(run.standing.memory for run in ended)
        for count, run in zip(range(len(ended), 0, -1), ended, strict=True):
            if looks > self._bounds.looks:
                given_up = run.standing.looks_memory
                looks, held = looks - given_up, held - given_up
                run.give_up_looks()
            expired = self._folder is not None and self.patience(run) < 0
            if count > self._bounds.kept or held > self._bounds.memory or expired:
                held -= run.standing.memory
                self._drop(run)

    def _drop(self, run: SharedRun) -> None:
        self._version += 1
        del self.runs[run.run_id]
        for name in run.watchers:
            self._run_of.pop(name, None)
            if self._pointed.pop(name, None) is None:
                self._given_up[name] = None
        config = run.standing.config
        if self._folder is not None and run.standing.state == "finished" and run.serves(config):
            self._on_disk[config] = run.run_id
        while len(self._given_up) > MOST_REMEMBERED:
            del self._given_up[next(iter(self._given_up))]
        while len(self._on_disk) > self._bounds.folders:
            del self._on_disk[next(iter(self._on_disk))]

    # Without the lock.
    def save(self, run: SharedRun, ending: Ending | None = None, *, arrays: bool = True) -> None:
        """Write the run's files; a full disk costs the snapshot, not the run.

        Args:
            run: the run.
            ending: how it is about to end, where it is.
            arrays: whether snapshot and looks are written too, where they are newer.
        """
        if self._folder is None:
            return
        with run.writing:
            with self.lock:
                if run.discarded:
                    return
                saved = run.standing.ended(*ending) if ending else run.standing
                watchers, arrays = dict(run.watchers), arrays and run.unsaved
                keep = {each.run_id for each in self.runs.values() if each.active}
                if arrays:
                    run.unsaved, run.saved_at = False, self._clock()
                self._version += 1
            try:
                self._folder.save(run.run_id, saved, watchers, arrays=arrays)
                self._point(run.run_id, watchers)
                self._folder.cull(keep)
            except (OSError, SafetensorError):
                LOG.exception("a run's snapshot could not be written")
            with self.lock:
                self._version += 1

    def _point(self, run_id: str, watchers: dict[str, str]) -> None:
        """Let the files of these watchers lead to the run, where they do not yet."""
        with self.lock:
            fresh = [
                name
                for name in watchers
                if self._run_of.get(name) == run_id and self._pointed.get(name) != run_id
            ]
        for name in fresh:
            if self._folder is not None:
                self._folder.point(name, run_id)
        with self.lock:
            self._pointed |= dict.fromkeys(fresh, run_id)

    def delete(self, token: str, run: SharedRun) -> None:
        """Delete the files of a watcher who left, and those of a run that is discarded."""
        name = hashed(token)
        if self._folder is not None:
            with run.writing:
                self._folder.forget(name)
                if run.discarded:
                    self._folder.discard(run.run_id)
        with self.lock:
            self._pointed.pop(name, None)
            self._leaving.discard(name)
