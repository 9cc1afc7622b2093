"""Trainings in the background: a queue, a bounded number of workers, and tokens to find a run by.

A run belongs to its token. Whoever holds it can watch, pause, change, stop and resume the run;
nobody else can. All methods of `Jobs` may be called from any thread.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from vae_core.background import Execute, Trainer, default_workers, in_thread, train_live
from vae_core.checkpoint import Checkpoint
from vae_core.config import Settings, TrainConfig
from vae_core.data import DataError
from vae_core.evaluate import Views
from vae_core.runs import (
    ACTIVE,
    RESUMABLE,
    Point,
    RunFolder,
    RunState,
    RunView,
    SavedRun,
    last_look,
    thin,
)
from vae_core.train import Diverged, Progress

LOG = logging.getLogger(__name__)

GONE = "Nobody watched this run any more, so it was stopped. It can go on from here."
TOO_LONG = "The run reached the longest time that one training may take here."
SERVER_STOPPED = "The server was stopped in the middle of this run. It can go on from here."
FAILED = "The training broke off through a fault of this program, not of yours."


class JobsError(ValueError):
    """A request cannot be met; the message says why."""


@dataclass(frozen=True)
class Bounds:
    """What one server allows.

    Attributes:
        waiting: runs in the queue.
        kept: runs held in memory that are not active.
        grace: seconds that a run goes on with nobody watching.
        seconds: training time of one run.
    """

    waiting: int = 100
    kept: int = 40
    grace: float = 900.0
    seconds: float = 3600.0


@dataclass
class _Run:
    """A run and all that changes about it, guarded by the lock of its `Jobs`."""

    token: str
    visitor: str
    config: TrainConfig
    settings: Settings
    seen: float
    state: RunState = "queued"
    message: str = ""
    fraction: float = 0.0
    history: list[Point] = field(default_factory=list)
    views: Views | None = None
    kl_per_dimension: np.ndarray | None = None
    checkpoint: Checkpoint | None = None
    has_thread: bool = False
    ending: tuple[RunState, str] | None = None
    discarded: bool = False


class Jobs:
    """The trainings of one server.

    Args:
        workers: trainings that run at once.
        folder: where runs are kept beyond the server's life; nowhere when None.
        trainer: makes a run's iterator.
        execute: runs work in the background.
        bounds: what is allowed.
        clock: seconds, for the grace period.
    """

    def __init__(
        self,
        workers: int | None = None,
        folder: Path | None = None,
        trainer: Trainer = train_live,
        execute: Execute = in_thread,
        bounds: Bounds | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers or default_workers()
        self._folder = RunFolder(folder) if folder else None
        self._trainer = trainer
        self._execute = execute
        self._bounds = bounds or Bounds()
        self._clock = clock
        self._changed = threading.Condition()
        self._runs: dict[str, _Run] = {}
        self._line: deque[str] = deque()
        self._busy: set[str] = set()
        self._closed = False

    def start(self, config: TrainConfig, visitor: str) -> str:
        """Put a new run in line and return its token.

        Raises:
            JobsError: the visitor has an active run, or the line is full.
        """
        with self._changed:
            self._refuse_second(visitor)
            self._refuse_full()
            token = secrets.token_urlsafe(16)
            run = _Run(token, visitor, config, config.settings, self._clock())
            self._runs[token] = run
            self._save(run, "queued", "")
            self._stand_in_line(run)
            self._cull()
            return token

    def look(self, token: str) -> RunView | None:
        """How the run stands; None when there is none, or none any more.

        Looking tells that somebody still cares, and starts the run's grace period anew.
        """
        run = self._find(token)
        if run is None:
            return None
        with self._changed:
            run.seen = self._clock()
            return self._view(run)

    def visitor_of(self, token: str) -> str | None:
        """Who started the run: whoever comes back with its token is that visitor again."""
        run = self._find(token)
        return run.visitor if run else None

    def pause(self, token: str) -> None:
        """Hold the run after its present step; its worker is free for others meanwhile."""
        with self._held(token) as run:
            if run.state in ("queued", "running"):
                run.state = "paused"
                self._leave_line(run)

    def resume(self, token: str, settings: Settings | None = None) -> None:
        """Go on with a paused run, or with one that ended early from its last snapshot.

        Raises:
            JobsError: the visitor has another active run, or the line is full.
        """
        with self._held(token) as run:
            run.settings = settings or run.settings
            if run.state == "paused" and token in self._busy:
                run.state = "running"
            elif run.state == "paused" or run.state in RESUMABLE:
                if run.state != "paused":
                    self._refuse_second(run.visitor)
                self._refuse_full()
                run.message, run.ending = "", None
                self._save(run, "queued", "")
                self._stand_in_line(run)

    def change(self, token: str, settings: Settings) -> None:
        """Use other settings from the next step on."""
        with self._held(token) as run:
            run.settings = settings

    def stop(self, token: str) -> None:
        """End the run after its present step and keep what it has reached."""
        with self._held(token) as run:
            self._end(run, "stopped", "")

    def discard(self, token: str) -> None:
        """End the run and forget it, files included."""
        with self._held(token) as run:
            self._end(run, "stopped", "")
            run.discarded = True
            del self._runs[token]
        if self._folder:
            self._folder.discard(token)

    def shutdown(self, timeout: float = 20.0) -> None:
        """End all runs at a snapshot, from which the next server can go on."""
        with self._changed:
            self._closed = True
            for run in self._runs.values():
                if run.state in ACTIVE:
                    self._end(run, "interrupted", SERVER_STOPPED)
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not any(run.has_thread for run in self._runs.values()), timeout
            )

    def wait_for(
        self, token: str, condition: Callable[[RunView], bool], timeout: float = 30.0
    ) -> RunView:
        """Wait until the run stands as asked for. Raises TimeoutError when it does not."""
        run = self._runs[token]
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self._view(run)), timeout):
                raise TimeoutError(f"The run is still {run.state} at {run.fraction:.0%}.")
            return self._view(run)

    # What the run's own thread calls, and what needs the lock to be held.
    def _work(self, run: _Run) -> None:
        state: RunState = "failed"
        message = FAILED
        try:
            for report in self._trainer(run.config, lambda: self._control(run), run.checkpoint):
                if isinstance(report, Diverged):
                    state, message = "diverged", report.explanation
                else:
                    state, message = self._record(run, report)
        except DataError as error:
            state, message = "failed", str(error)
        except Exception:
            LOG.exception("a training failed")
            state, message = "failed", FAILED
        self._save(run, state, message)
        with self._changed:
            run.has_thread = False
            run.state, run.message = state, message
            self._busy.discard(run.token)
            self._leave_line(run)
            self._changed.notify_all()

    def _control(self, run: _Run) -> Settings | None:
        """The settings of the run's next step; waits while it is paused or in line again."""
        with self._changed:
            while not (run.ending or self._may_run(run)):
                self._busy.discard(run.token)
                self._dispatch()
                patience = run.seen + self._bounds.grace - self._clock()
                if patience <= 0:
                    self._end(run, "stopped", GONE)
                elif not self._may_run(run):
                    self._changed.wait(patience)
            return None if run.ending else run.settings

    def _record(self, run: _Run, report: Progress) -> tuple[RunState, str]:
        """Take over a report; returns how the run would stand if this were its last."""
        with self._changed:
            history = [point for point in run.history if point.step < report.step]
            run.history = thin([*history, Point.of(report)])
            run.fraction = report.fraction
            run.checkpoint = report.checkpoint or run.checkpoint
            if report.views is not None:
                run.views, run.kl_per_dimension = report.views, report.kl_per_dimension
            if self._clock() - run.seen > self._bounds.grace:
                self._end(run, "stopped", GONE)
            elif report.seconds > self._bounds.seconds and report.state == "running":
                self._end(run, "stopped", TOO_LONG)
            self._changed.notify_all()
        if report.checkpoint is not None and report.state == "running":
            self._save(run, "running", "")
        if report.state == "finished":
            return "finished", ""
        return run.ending or ("failed", FAILED)

    def _save(self, run: _Run, state: RunState, message: str) -> None:
        """Write the run's files; a full disk costs the snapshot, not the run."""
        with self._changed:
            if self._folder is None or run.discarded:
                return
            saved = SavedRun(
                run.config, state, message, run.fraction, list(run.history), run.checkpoint
            )
        try:
            self._folder.save(run.token, saved)
        except OSError:
            LOG.exception("a run's snapshot could not be written")

    def _may_run(self, run: _Run) -> bool:
        return run.state == "running"

    def _view(self, run: _Run) -> RunView:
        waits = run.token in self._line
        return RunView(
            token=run.token,
            config=run.config,
            state=run.state,
            place=self._line.index(run.token) + 1 if waits else 0,
            fraction=run.fraction,
            settings=run.settings,
            history=tuple(run.history),
            views=run.views,
            kl_per_dimension=run.kl_per_dimension,
            message=run.message,
        )

    def _stand_in_line(self, run: _Run) -> None:
        run.state = "queued"
        self._line.append(run.token)
        self._dispatch()

    def _leave_line(self, run: _Run) -> None:
        if run.token in self._line:
            self._line.remove(run.token)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give free workers to those who have waited longest."""
        while self._line and len(self._busy) < self._workers and not self._closed:
            run = self._runs[self._line.popleft()]
            if self._clock() - run.seen > self._bounds.grace:
                self._end(run, "stopped", GONE)
                continue
            run.state = "running"
            self._busy.add(run.token)
            if not run.has_thread:
                run.has_thread = True
                self._execute(partial(self._work, run))
        self._changed.notify_all()

    def _end(self, run: _Run, state: RunState, message: str) -> None:
        """Let an active run end; its thread sees to it where it has one."""
        if run.state not in ACTIVE or run.ending:
            return
        run.ending = (state, message)
        if run.token in self._line:
            self._line.remove(run.token)
        if not run.has_thread:
            run.state, run.message = state, message
        self._changed.notify_all()

    def _refuse_second(self, visitor: str) -> None:
        if any(run.visitor == visitor and run.state in ACTIVE for run in self._runs.values()):
            raise JobsError("You have a training under way. Stop it before you start another.")

    def _refuse_full(self) -> None:
        if self._closed or len(self._line) >= self._bounds.waiting:
            raise JobsError("The line is full at the moment. Please try again in a minute.")

    def _cull(self) -> None:
        """Forget the runs that ended, beyond those kept; the ones unseen for longest first."""
        ended = [run for run in self._runs.values() if run.state not in ACTIVE]
        ended.sort(key=lambda run: run.seen)
        for run in ended[: max(0, len(ended) - self._bounds.kept)]:
            del self._runs[run.token]

    @contextmanager
    def _held(self, token: str) -> Iterator[_Run]:
        """The run, with the lock held; those who wait hear of the change afterwards."""
        run = self._find(token)
        if run is None:
            raise JobsError("There is no such run any more. Start a new one.")
        with self._changed:
            run.seen = self._clock()
            yield run
            self._changed.notify_all()

    def _find(self, token: str) -> _Run | None:
        with self._changed:
            run = self._runs.get(token)
        if run is None and self._folder is not None:
            saved = self._folder.load(token)
            if saved is not None:
                loaded = self._revive(token, saved)
                with self._changed:
                    run = self._runs.setdefault(token, loaded)
                    self._cull()
        return run

    def _revive(self, token: str, saved: SavedRun) -> _Run:
        """A run as its files tell of it; one that was active ended with its server."""
        run = _Run(token, token, saved.config, saved.settings, self._clock())
        run.state, run.message = saved.state, saved.message
        if saved.state in ACTIVE:
            run.state, run.message = "interrupted", SERVER_STOPPED
        run.fraction, run.history = saved.fraction, saved.history
        run.checkpoint = saved.checkpoint
        look = last_look(saved)
        if look is not None:
            run.views, run.kl_per_dimension = look.views, look.evaluation.kl_per_dimension
        return run
