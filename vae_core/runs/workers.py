"""How a server trains: in threads, below the pages in priority, with frequent looks to show.

`Workers` gives the runs their turns, takes over what they report, and sees to it that they end.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import torch

from vae_core.runs.archive import Archive
from vae_core.runs.bounds import Bounds
from vae_core.runs.line import Line
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import SERVER_STOPPED, Ending, RunState
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Control, Diverged, Progress, train
from vae_core.vae.data import DataError

LOG = logging.getLogger(__name__)

GONE = "Nobody watched this run any more, so it was stopped. It can go on from here."
TOO_LONG = "The run reached the longest time that one training may take here."
BROKEN: Ending = ("failed", "The training broke off through a fault of this program, not of yours.")
SAVE_SECONDS = 10.0

Trainer = Callable[[TrainConfig, Control, Checkpoint | None], Iterator[Progress | Diverged]]
Execute = Callable[[Callable[[], None]], None]
"""Runs a piece of work elsewhere and returns at once: the one thing that a process pool or a
cluster would have to offer to take the place of threads."""

NICENESS = 2
MOST_THREADS = 2
LOOK_IMAGES = 6_000
LOOK_AT = 1_000
# Often, so that a divergence, or parting from a shared run, throws nobody back by much; a copy of
# the standard model takes milliseconds. `Workers` writes the copies to disk less often.
SNAPSHOT_SECONDS = 2.0


def in_thread(work: Callable[[], None]) -> None:
    """Run the work in a thread of its own, at a lower priority than the pages where possible."""

    def quietly() -> None:
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        work()
        give_memory_back()

    threading.Thread(target=quietly, name="training", daemon=True).start()


def give_memory_back() -> None:
    """Hand freed memory to the system, where the C library keeps it for each thread (glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def default_workers() -> int:
    """Trainings that run at once: one for every two cores, and two at least."""
    return max(2, (os.cpu_count() or 2) // 2)


class Cores:
    """Shares the cores among the trainings at work, so that they do not wait for each other.

    One core is left to the pages: a training whose threads wait for one that a page has pushed
    aside is slower than on a single thread. More than two threads gain little in products this
    small. Torch counts them for each thread that calls it, and they do not change the numbers.

    Args:
        count: cores; as many as torch would take when None, which heeds OMP_NUM_THREADS.
    """

    def __init__(self, count: int | None = None) -> None:
        self._count = count or torch.get_num_threads()
        self._at_work: set[int] = set()

    def share(self) -> int:
        """Torch threads for each of those at work."""
        return max(1, min(MOST_THREADS, (self._count - 1) // max(1, len(self._at_work))))

    def shared(self, control: Control) -> Control:
        """`control` for a training that leaves its cores to others while it waits there."""

        def next_settings() -> Settings | None:
            me = threading.get_ident()
            self._at_work.discard(me)
            settings = control()
            if settings is not None:
                self._at_work.add(me)
                torch.set_num_threads(self.share())
            return settings

        return next_settings

    def leave(self) -> None:
        """The training of this thread is at its end."""
        self._at_work.discard(threading.get_ident())


CORES = Cores()


def train_live(
    config: TrainConfig, control: Control, resume: Checkpoint | None
) -> Iterator[Progress | Diverged]:
    """`train` with frequent looks at some held-out images, for people who watch."""
    work = config.batch * (1 + config.samples) / 2
    try:
        yield from train(
            config,
            control=CORES.shared(control),
            resume=resume,
            evaluate_every=max(1, round(LOOK_IMAGES / work)),
            test_images=LOOK_AT,
            checkpoint_seconds=SNAPSHOT_SECONDS,
        )
    finally:
        CORES.leave()


class Workers:
    """Gives the runs of an archive their turns at a bounded number of workers.

    Args:
        line: who waits and who works.
        archive: keeps the runs, with the lock that guards them and this.
        bounds: how long a run goes on.
        trainer: makes a run's iterator.
        execute: runs work in the background.
    """

    def __init__(
        self,
        line: Line[SharedRun],
        archive: Archive,
        bounds: Bounds,
        trainer: Trainer,
        execute: Execute,
    ) -> None:
        self.closed = False
        self._line = line
        self._archive = archive
        self._bounds = bounds
        self._trainer = trainer
        self._execute = execute
        self._changed = archive.lock

    @contextmanager
    def locked(self) -> Iterator[None]:
        """The archive's lock; before it goes, what nobody watches ends."""
        with self._archive.locked():
            yield
            self._end_unseen()

    # With the lock held.
    def stand(self, run: SharedRun) -> None:
        """Let a run wait for its turn."""
        run.wait()
        self._line.stand(run)
        self.dispatch()

    def pause(self, run: SharedRun) -> None:
        """Hold a run after its present step; its worker is free for others meanwhile."""
        run.pause()
        self._line.leave(run)
        self.dispatch()

    def end(self, run: SharedRun, state: RunState, message: str = "") -> None:
        """Let an active run end; its thread sees to it where it has one."""
        if run.end(state, message):
            self._line.leave(run)
            if not run.has_thread:
                self._archive.write_later(run)
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """End all runs at a snapshot, and give none a turn any more."""
        self.closed = True
        runs = self._archive.runs
        for run in runs.values():
            self.end(run, "interrupted", SERVER_STOPPED)
        self._changed.notify_all()
        self._changed.wait_for(lambda: not any(run.has_thread for run in runs.values()), timeout)

    def dispatch(self) -> None:
        """Give free workers to those who have waited longest."""
        self._end_unseen()
        for run in self._line.calls() if not self.closed else ():
            run.work()
            if not run.has_thread:
                run.has_thread = True
                self._execute(partial(self._work, run))
        self._changed.notify_all()

    def _end_unseen(self) -> None:
        """End what waits or rests without a thread while nobody watches; threads do it alone."""
        for run in list(self._archive.runs.values()):
            if not run.has_thread and self._archive.patience(run) < 0:
                self.end(run, "stopped", GONE)

    # What the run's own thread calls.
    def _work(self, run: SharedRun) -> None:
        ending, start = BROKEN, run.standing
        try:
            control = partial(self._control, run)
            for report in self._trainer(start.config, control, start.checkpoint):
                ending = self._record(run, report)
        except DataError as error:
            ending = ("failed", str(error))
        except Exception:
            LOG.exception("a training failed")
            ending = BROKEN
        self._archive.save(run, ending)
        with self.locked():
            run.finish(ending)
            self._line.release(run)
            self._line.leave(run)
            self.dispatch()

    def _control(self, run: SharedRun) -> Settings | None:
        """The settings of the run's next step; waits while it is paused or in line again."""

        def waits() -> bool:
            return not run.ending and run.standing.state != "running"

        with self._changed:
            while waits():
                self._line.release(run)
                self.dispatch()
                patience = self._archive.patience(run)
                if patience <= 0:
                    self.end(run, "stopped", GONE)
                elif waits():
                    self._changed.wait(patience)
            return None if run.ending else run.standing.settings

    def _record(self, run: SharedRun, report: Progress | Diverged) -> Ending:
        """Take over a report; returns how the run would end if this were its last."""
        if isinstance(report, Diverged):
            return "diverged", report.explanation
        with self._changed:
            run.take(report)
            if self._archive.patience(run) < 0:
                self.end(run, "stopped", GONE)
            elif report.seconds > self._bounds.seconds and report.state == "running":
                self.end(run, "stopped", TOO_LONG)
            self._changed.notify_all()
            save = self._archive.save_is_due(run, SAVE_SECONDS)
        if save and report.state == "running":
            self._archive.save(run)
        return ("finished", "") if report.state == "finished" else run.ending or BROKEN
