"""Trainings in the background: a line, a bounded number of workers, and tokens to find a run by.

A token belongs to whoever asked for the run: its holder can watch, pause, change, stop and resume
it; nobody else can. Whoever asks for the very configuration and seed of a training that is under
way, or finished, shares it with a token of their own: it is done once and serves them all. Who then
wants something else from it (other settings, a pause, a stop) parts from the others, who notice
nothing. A training ends when nobody watches it any more.

All methods of `Jobs` may be called from any thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from vae_core.runs.archive import Archive
from vae_core.runs.bounds import Bounds, JobsError
from vae_core.runs.folder import RunFolder, hashed
from vae_core.runs.line import Line
from vae_core.runs.shared_run import SERVER_STOPPED, SharedRun
from vae_core.runs.view import RESUMABLE, RunState, RunView
from vae_core.runs.workers import Execute, Trainer, default_workers, in_thread, train_live
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Diverged, Progress
from vae_core.vae.data import DataError

__all__ = ["GONE", "SERVER_STOPPED", "TOO_LONG", "Bounds", "Jobs", "JobsError"]

LOG = logging.getLogger(__name__)

GONE = "Nobody watched this run any more, so it was stopped. It can go on from here."
TOO_LONG = "The run reached the longest time that one training may take here."
FAILED = "The training broke off through a fault of this program, not of yours."
NO_RUN = "There is no such run any more. Start a new one."
SAVE_SECONDS = 10.0
MOST_VISITORS = 1000


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
        self._bounds = bounds or Bounds()
        files = RunFolder(folder, self._bounds.folders, self._bounds.disk) if folder else None
        self._archive = Archive(files, self._bounds)
        self._trainer = trainer
        self._execute = execute
        self._clock = clock
        self._changed = self._archive.lock
        self._line: Line[SharedRun] = Line(workers or default_workers())
        self._seen: dict[str, float] = {}
        self._unwritten: dict[str, SharedRun] = {}
        self._closed = False

    def start(self, config: TrainConfig, visitor: str) -> str:
        """Put a new run in line, or join one that does the same, and return its token.

        Raises:
            JobsError: the visitor has an active run, the line is full, or the run is too large.
        """
        return self.start_many([config], visitor)[0]

    def start_many(self, configs: Sequence[TrainConfig], visitor: str) -> list[str]:
        """`start` for several runs of one visitor: all of them or none. One runs at a time.

        Raises:
            JobsError: as `start`, or there are more than one visitor may have.
        """
        if len(configs) > self._bounds.together:
            raise JobsError(f"You may compare {self._bounds.together} runs at a time.")
        for config in configs:
            self._bounds.check(config)
            self._archive.recall(config)
        with self._lock():
            self._refuse_second(visitor)
            fresh = {config for config in configs if self._archive.like(config) is None}
            self._refuse_full(len(fresh))
            self._forget_visitors()
            self._seen[visitor] = self._clock()
            return [self._join(config, visitor) for config in configs]

    def _join(self, config: TrainConfig, visitor: str) -> str:
        run = self._archive.like(config)
        fresh = run is None
        run = run or SharedRun(config, config.settings)
        token = self._archive.watch(run, visitor)
        self._write_later(run)
        if fresh:
            self._stand_in_line(run)
        else:
            self._dispatch()
        return token

    def look(self, token: str) -> RunView | None:
        """How the run stands; None when there is none, or none any more.

        Looking tells that somebody still cares, and starts the grace period of all runs of this
        visitor anew.
        """
        try:
            with self._held(token) as run:
                return self._view(token, run)
        except JobsError:
            return None

    def why_gone(self, token: str) -> str:
        """Why a token leads to no run, in one or two sentences."""
        return self._archive.why_gone(token)

    def checkpoint(self, token: str) -> Checkpoint | None:
        """The run's last snapshot, None where there is no run, or none yet."""
        run = self._archive.find(token)
        return run.checkpoint if run else None

    def visitor_of(self, token: str) -> str | None:
        """Who started the run: whoever comes back with its token is that visitor again."""
        run = self._archive.find(token)
        return run.watchers.get(hashed(token)) if run else None

    def pause(self, token: str) -> None:
        """Hold the run after its present step; its worker is free for others meanwhile."""
        with self._held(token) as run:
            if run.state in ("queued", "running"):
                own = self._own(token, run)
                own.state = "paused"
                self._line.leave(own)
                self._dispatch()

    def resume(self, token: str, settings: Settings | None = None) -> None:
        """Go on with a paused run, or with one that ended early from its last snapshot.

        One that ended early goes on for all who share it, unless with other settings than theirs.
        It waits until the visitor's other runs, of a comparison say, leave a worker to it.

        Raises:
            JobsError: the visitor has too many active runs, the line is full, K is too large, or
                the run cannot take such settings; it then stands as it stood.
        """
        with self._held(token) as run:
            settings = settings or run.settings
            self._bounds.check_settings(run.config, settings)
            works = self._line.works(run)
            waits = (run.state == "paused" and not works) or run.state in RESUMABLE
            if run.state in RESUMABLE:
                self._refuse_many(run.watchers[hashed(token)])
            if waits:
                self._refuse_full()
            own = run if settings == run.settings else self._own(token, run)
            own.use(settings)
            if waits:
                own.message, own.ending = "", None
                self._write_later(own)
                self._stand_in_line(own)
            elif own.state == "paused":
                own.state = "running"

    def change(self, token: str, settings: Settings) -> None:
        """Use other settings from the next step on.

        Raises:
            JobsError: K is too large, the run cannot take such settings, or it is shared and the
                line is full; it then goes on as it was.
        """
        with self._held(token) as run:
            if settings == run.settings:
                return
            self._bounds.check_settings(run.config, settings)
            if len(run.watchers) > 1 and run.active:
                self._refuse_full()
            own = self._own(token, run)
            own.use(settings)
            if own is not run and own.active:
                self._stand_in_line(own)

    def stop(self, token: str) -> None:
        """End the run after its present step and keep what it has reached."""
        with self._held(token) as run:
            if run.active:
                self._end(self._own(token, run), "stopped", "")

    def discard(self, token: str) -> None:
        """Forget the run, files included; it ends if nobody else watches it."""
        with self._held(token) as run:
            if self._archive.leave(token, run):
                self._end(run, "stopped", "")
            else:
                self._write_later(run)
        self._archive.delete(token, run)

    def shutdown(self, timeout: float = 20.0) -> None:
        """End all runs at a snapshot, from which the next server can go on."""
        with self._changed:
            self._closed = True
            for run in self._archive.runs.values():
                self._end(run, "interrupted", SERVER_STOPPED)
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: not any(run.has_thread for run in self._archive.runs.values()), timeout
            )

    def wait_for(
        self, token: str, condition: Callable[[RunView], bool], timeout: float = 30.0
    ) -> RunView:
        """Wait until the run stands as asked for. Raises TimeoutError when it does not."""
        last = self._archive.find(token)
        if last is None:
            raise JobsError(NO_RUN)

        def now() -> RunView:
            return self._view(token, self._archive.present(token) or last)

        with self._changed:
            if not self._changed.wait_for(lambda: condition(now()), timeout):
                raise TimeoutError(f"The run is still {last.state} at {last.fraction:.0%}.")
            return now()

    # What the run's own thread calls.
    def _work(self, run: SharedRun) -> None:
        ending: tuple[RunState, str] = ("failed", FAILED)
        try:
            for report in self._trainer(run.config, lambda: self._control(run), run.checkpoint):
                if isinstance(report, Diverged):
                    ending = ("diverged", report.explanation)
                else:
                    ending = self._record(run, report)
        except DataError as error:
            ending = ("failed", str(error))
        except Exception:
            LOG.exception("a training failed")
            ending = ("failed", FAILED)
        self._archive.save(run, ending, now=self._clock())
        with self._lock():
            run.has_thread = False
            run.state, run.message = ending
            self._line.release(run)
            self._line.leave(run)
            self._dispatch()

    def _control(self, run: SharedRun) -> Settings | None:
        """The settings of the run's next step; waits while it is paused or in line again."""
        with self._changed:
            while not (run.ending or self._may_run(run)):
                self._line.release(run)
                self._dispatch()
                patience = self._bounds.grace - self._unseen_for(run)
                if patience <= 0:
                    self._end(run, "stopped", GONE)
                elif not self._may_run(run):
                    self._changed.wait(patience)
            return None if run.ending else run.settings

    def _record(self, run: SharedRun, report: Progress) -> tuple[RunState, str]:
        """Take over a report; returns how the run would stand if this were its last."""
        with self._changed:
            run.take(report)
            if self._unseen_for(run) > self._bounds.grace:
                self._end(run, "stopped", GONE)
            elif report.seconds > self._bounds.seconds and report.state == "running":
                self._end(run, "stopped", TOO_LONG)
            self._changed.notify_all()
            save = run.unsaved and self._clock() - run.saved_at >= SAVE_SECONDS
        if save and report.state == "running":
            self._archive.save(run, now=self._clock())
        if report.state == "finished":
            return "finished", ""
        return run.ending or ("failed", FAILED)

    # With the lock held.
    def _may_run(self, run: SharedRun) -> bool:
        return run.state == "running"

    def _view(self, token: str, run: SharedRun) -> RunView:
        return run.view(token, self._line.place(run))

    def _own(self, token: str, run: SharedRun) -> SharedRun:
        """The run itself where nobody else watches it, else one for this watcher alone."""
        if len(run.watchers) == 1:
            return run
        own = run.part(hashed(token))
        self._archive.add(own)
        self._write_later(own)
        self._write_later(run)
        return own

    def _write_later(self, run: SharedRun) -> None:
        """Have its files written as soon as the lock is free."""
        if run.run_id not in self._unwritten:
            self._unwritten[run.run_id] = run
            run.pending += 1

    def _stand_in_line(self, run: SharedRun) -> None:
        run.state = "queued"
        self._line.stand(run)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give free workers to those who have waited longest."""
        self._end_unseen()
        for run in self._line.calls() if not self._closed else ():
            run.state = "running"
            if not run.has_thread:
                run.has_thread = True
                self._execute(partial(self._work, run))
        self._changed.notify_all()

    def _end(self, run: SharedRun, state: RunState, message: str) -> None:
        """Let an active run end; its thread sees to it where it has one."""
        if not run.active or run.ending:
            return
        self._line.leave(run)
        if run.has_thread:
            run.ending = (state, message)
        else:
            run.state, run.message = state, message
            self._write_later(run)
        self._changed.notify_all()

    def _end_unseen(self) -> None:
        """End what waits or rests without a thread while nobody watches; threads do it alone."""
        for run in list(self._archive.runs.values()):
            if not run.has_thread and self._unseen_for(run) > self._bounds.grace:
                self._end(run, "stopped", GONE)

    def _forget_visitors(self) -> None:
        """Keep the memory of visitors to those who have runs."""
        if len(self._seen) > MOST_VISITORS:
            present = {name for run in self._archive.runs.values() for name in run.visitors}
            self._seen = {name: at for name, at in self._seen.items() if name in present}

    def _unseen_for(self, run: SharedRun) -> float:
        """Seconds since one of its visitors looked."""
        times = [self._seen.get(visitor, float("-inf")) for visitor in run.visitors]
        return self._clock() - max(times, default=float("-inf"))

    def _active_of(self, visitor: str) -> int:
        runs = self._archive.runs.values()
        return sum(visitor in run.visitors and run.active for run in runs)

    def _refuse_second(self, visitor: str) -> None:
        if self._active_of(visitor):
            raise JobsError("You have a training under way. Stop it before you start another.")

    def _refuse_many(self, visitor: str) -> None:
        active = self._active_of(visitor)
        if active >= self._bounds.together:
            raise JobsError(f"You have {active} trainings under way. Stop one of them first.")

    def _refuse_full(self, more: int = 1) -> None:
        if self._closed or (more and len(self._line) + more > self._bounds.waiting):
            raise JobsError("The line is full at the moment. Please try again in a minute.")

    @contextmanager
    def _held(self, token: str) -> Iterator[SharedRun]:
        """The run, with the lock held; its visitor is seen to be there."""
        while self._archive.find(token) is not None:
            with self._lock():
                run = self._archive.present(token)
                if run is not None:
                    self._seen[run.watchers[hashed(token)]] = self._clock()
                    yield run
                    self._changed.notify_all()
                    return
        raise JobsError(NO_RUN)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """The lock; before it goes, what is too much leaves, and after it, files are written."""
        with self._changed:
            yield
            self._end_unseen()
            self._archive.make_room(self._unseen_for)
            unwritten, self._unwritten = list(self._unwritten.values()), {}
        for run in unwritten:
            self._archive.save(run, arrays=not run.has_thread, now=self._clock())
            with self._changed:
                run.pending -= 1
