"""The runs that a server has in memory: their tokens, who looked when, and which make room.

All that is here is guarded by one lock, and waits for nothing.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping

from vae_core.runs.bounds import Bounds
from vae_core.runs.disk.folder import hashed
from vae_core.runs.shared_run import SharedRun
from vae_core.training.config import TrainConfig

MOST_REMEMBERED = 2000
MOST_VISITORS = 1000


class Memory:
    """Runs, with the lock that guards them; all methods are called with it held.

    Args:
        bounds: how much is kept.
        kept: whether a run that leaves the memory is found again elsewhere.
        clock: seconds, for the grace period.

    Attributes:
        lock: guards the runs, and tells whoever waits that something changed.
        runs: those in memory, by their names.
        seen: when visitors were seen last, by the clock.
        awaited: runs from another server on which somebody here is about to act.
    """

    def __init__(
        self, bounds: Bounds, kept: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.lock = threading.Condition()
        self.runs: dict[str, SharedRun] = {}
        self.seen: dict[str, float] = {}
        self.awaited: set[str] = set()
        self._fresh: set[str] = set()
        self._bounds = bounds
        self._kept = kept
        self._clock = clock
        self._run_of: dict[str, str] = {}
        self._unwritten: dict[str, SharedRun] = {}
        self._dropped: list[str] = []
        self._leaving: set[str] = set()
        self._undone: list[tuple[str | None, SharedRun]] = []
        self._given_up: dict[str, None] = {}

    def see(self, visitor: str) -> None:
        """This visitor is there: all their runs have the whole grace period again."""
        self.seen[visitor] = self._clock()
        self._fresh.add(visitor)

    def see_elsewhere(self, ago: Mapping[str, float]) -> None:
        """Other servers saw these visitors so many seconds ago."""
        now = self._clock()
        here = {visitor for run in self.runs.values() for visitor in run.visitors}
        for visitor in here & ago.keys():
            self.seen[visitor] = max(self.seen.get(visitor, float("-inf")), now - ago[visitor])

    def seen_ago(self) -> dict[str, float]:
        """How many seconds ago visitors were seen, of those who were since this was asked last."""
        now, fresh, self._fresh = self._clock(), self._fresh, set()
        return {visitor: now - self.seen[visitor] for visitor in fresh if visitor in self.seen}

    def patience(self, run: SharedRun) -> float:
        """Seconds for which it goes on though none of its visitors look; negative in the end."""
        times = [self.seen.get(visitor, float("-inf")) for visitor in run.visitors]
        return self._bounds.grace - (self._clock() - max(times, default=float("-inf")))

    def active_of(self, visitor: str) -> int:
        """How many active runs a visitor has here."""
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
        if len(self.seen) > MOST_VISITORS:  # those without runs are forgotten
            present = {name for each in self.runs.values() for name in each.visitors}
            self.seen = {name: at for name, at in self.seen.items() if name in present}
        return token

    def leave(self, token: str, run: SharedRun) -> bool:
        """Let a token lead nowhere; returns whether it was the run's last one."""
        name = hashed(token)
        self._leaving.add(name)
        self._undone.append((name, run))
        self.lose(run, [name])
        return run.discarded

    def lose(self, run: SharedRun, names: Collection[str]) -> None:
        """Let these watchers go; a run without any is discarded."""
        for name in names:
            del run.watchers[name]
            self._run_of.pop(name, None)
        if not run.watchers:
            self.forget(run)

    def hear(self, run: SharedRun, watchers: Mapping[str, str]) -> None:
        """Take over who watches, as the database tells; what was not written yet stays."""
        known = run.recorded.watchers if run.recorded else {}
        for name in watchers.keys() - run.watchers.keys() - self._leaving:
            if self._run_of.get(name, run.run_id) == run.run_id:
                run.watchers[name] = watchers[name]
        self.add(run)
        self.lose(run, [name for name in run.watchers if name in known and name not in watchers])

    def forget(self, run: SharedRun) -> None:
        """Have a run in memory no more, and write nothing of it."""
        run.discarded = True
        self.runs.pop(run.run_id, None)
        for name in run.watchers:
            if self._run_of.get(name) == run.run_id:
                del self._run_of[name]

    def write_later(self, run: SharedRun) -> None:
        """Have it written as soon as the lock is free."""
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
            expired = self._kept and self.patience(run) < 0
            if count > self._bounds.kept or held > self._bounds.memory or expired:
                held -= run.standing.memory
                self._drop(run)

    def _drop(self, run: SharedRun) -> None:
        self.forget(run)
        if self._kept:
            self._dropped.append(run.run_id)
            return
        self._given_up |= dict.fromkeys(run.watchers)
        while len(self._given_up) > MOST_REMEMBERED:
            del self._given_up[next(iter(self._given_up))]
