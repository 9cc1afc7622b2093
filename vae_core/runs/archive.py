"""The runs of one server: those in memory, those on disk, and the tokens that lead to them.

`Archive.lock` guards the runs. It is never held while files are read or written, so that no
visitor waits for a disk; `SharedRun.writing` keeps the files of one run in order instead, and is
always taken before the lock.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from safetensors import SafetensorError

from vae_core.runs.bounds import Bounds
from vae_core.runs.folder import RunFolder, hashed
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.view import RunState
from vae_core.training.config import TrainConfig

LOG = logging.getLogger(__name__)

CULLED = (
    "This run ended and has made room for newer ones. The same configuration and seed give the "
    "same numbers again: press Start."
)
UNKNOWN = "There is no run of this address here. It was reset, or the address is not complete."
MOST_REMEMBERED = 2000


class Archive:
    """Finds, keeps and forgets runs.

    Args:
        folder: where runs are kept beyond the server's life; nowhere when None.
        bounds: how much is kept.
    """

    def __init__(self, folder: RunFolder | None, bounds: Bounds) -> None:
        self.lock = threading.Condition()
        self.runs: dict[str, SharedRun] = {}
        self._folder = folder
        self._bounds = bounds
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
            loaded = SharedRun.from_files(run_id, saved) if saved else None
            with self.lock:
                if version != self._version:
                    continue
                if loaded is not None:
                    self.add(loaded)
                    self._pointed |= dict.fromkeys(loaded.watchers, run_id)
                return loaded

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences."""
        name = hashed(token)
        with self.lock:
            known = name in self._given_up
        if not known and self._folder is not None:
            known = self._folder.run_of(name) is not None
        return CULLED if known else UNKNOWN

    # With the lock held.
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

    def make_room(self, unseen_for: Callable[[SharedRun], float]) -> None:
        """Keep within the bounds; the runs that ended and were unseen for longest give way.

        They give up their looks first, and then leave the memory. What is on disk stays there.
        """
        rest = (run for run in self.runs.values() if not run.active)
        ended = [run for run in rest if not run.has_thread and not run.pending]
        ended.sort(key=unseen_for, reverse=True)
        looks = sum(run.looks_memory for run in self.runs.values())
        held = sum(run.memory for run in ended)
        for count, run in zip(range(len(ended), 0, -1), ended, strict=True):
            if looks > self._bounds.looks:
                looks, held = looks - run.looks_memory, held - run.looks_memory
                run.give_up_looks()
            expired = self._folder is not None and unseen_for(run) > self._bounds.grace
            if count > self._bounds.kept or held > self._bounds.memory or expired:
                held -= run.memory
                self._drop(run)

    def _drop(self, run: SharedRun) -> None:
        self._version += 1
        del self.runs[run.run_id]
        for name in run.watchers:
            self._run_of.pop(name, None)
            if self._pointed.pop(name, None) is None:
                self._given_up[name] = None
        if self._folder is not None and run.state == "finished" and run.serves(run.config):
            self._on_disk[run.config] = run.run_id
        while len(self._given_up) > MOST_REMEMBERED:
            del self._given_up[next(iter(self._given_up))]
        while len(self._on_disk) > self._bounds.folders:
            del self._on_disk[next(iter(self._on_disk))]

    # Without the lock.
    def save(
        self,
        run: SharedRun,
        ending: tuple[RunState, str] | None = None,
        *,
        arrays: bool = True,
        now: float = 0.0,
    ) -> None:
        """Write the run's files; a full disk costs the snapshot, not the run."""
        if self._folder is None:
            return
        with run.writing:
            with self.lock:
                if run.discarded:
                    return
                saved, arrays = run.to_files(ending), arrays and run.unsaved
                keep = {each.run_id for each in self.runs.values() if each.active}
                if arrays:
                    run.unsaved, run.saved_at = False, now
                self._version += 1
            try:
                self._folder.save(run.run_id, saved, arrays=arrays)
                self._point(run.run_id, saved.watchers)
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
