"""What the runs ask of whoever trains them, in this process or in another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vae_core.runs.shared_run import Listener, SharedRun
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.reports import Diverged, Progress


class TrainingLost(Exception):  # noqa: N818 - it says what happened
    """A training broke off in the middle, through no fault of its numbers; the message says how."""


class Displaced(Exception):  # noqa: N818 - it says what happened
    """A training has no place at the moment: it stands in line again, at its last snapshot.

    Args:
        text: what a visitor is told where this has happened too often.
        lost: whether it had its place and lost it, which may happen a few times only.
    """

    def __init__(self, text: str = "", lost: bool = False) -> None:
        super().__init__(text)
        self.lost = lost


class Orders:
    """What a run wants from its next step on: asked for, or told whenever it changes.

    Whoever trains in this process asks before every step, as `train` does with any control. To
    another process an answer would take as long as a step, so there it is told.

    Args:
        run: the run.
        lock: guards it.
        snapshot: its file for the last snapshot, where it is kept beyond the server's life.
    """

    def __init__(self, run: SharedRun, lock: threading.Condition, snapshot: Path | None) -> None:
        self.snapshot = snapshot
        self._run = run
        self._lock = lock

    def __call__(self) -> Settings | None:
        """The settings of the next step, or None to end at a snapshot."""
        with self._lock:
            return self._run.order

    @contextmanager
    def heard_by(self, listener: Listener) -> Iterator[None]:
        """Tell the present orders, and all that follow, to a listener that never waits."""
        with self._lock:
            self._run.listener = listener
            listener(self._run.order)
        try:
            yield
        finally:
            with self._lock:
                self._run.listener = None


Trainer = Callable[[TrainConfig, Orders, Checkpoint | None], Iterator[Progress | Diverged]]
"""Makes a run's reports, as `train` does; raises DataError without images, or one of the above."""
Execute = Callable[[Callable[[], None]], None]
"""Runs a piece of work elsewhere and returns at once."""
