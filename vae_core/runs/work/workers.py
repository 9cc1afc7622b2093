"""How a server's runs get their turns: started in threads that wait, trained elsewhere.

`Workers` gives the runs their turns, takes over what they report, and sees to it that they end.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

from vae_core.runs.archive import SAVE_SECONDS, Archive
from vae_core.runs.bounds import Bounds
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import SERVER_STOPPED, Ending, RunState
from vae_core.runs.work.line import Line
from vae_core.runs.work.live import give_memory_back
from vae_core.runs.work.trainer import Displaced, Execute, Orders, Trainer, TrainingLost
from vae_core.training.train import Diverged, Progress
from vae_core.vae.data import DataError

LOG = logging.getLogger(__name__)

GONE = "Nobody watched this run any more, so it was stopped. It can go on from here."
TOO_LONG = "The run reached the longest time that one training may take here."
BROKEN: Ending = ("failed", "The training broke off through a fault of this program, not of yours.")
MOST_LOST = 3
"""Places that a run may lose before it ends: perhaps it is the run itself that brings them down."""
NICENESS = 2


def in_thread(work: Callable[[], None]) -> None:
    """Run the work in a thread of its own, at a lower priority than the pages where possible."""

    def quietly() -> None:
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        work()
        give_memory_back()

    threading.Thread(target=quietly, name="training", daemon=True).start()


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

    def make_room(self, workers: int) -> None:
        """Let so many runs have a worker from now on; those at work stay there."""
        with self.locked():
            self._line.workers = workers
            self.dispatch()

    # With the lock held.
    def stand(self, run: SharedRun) -> None:
        """Let a run wait for its turn."""
        run.lost = 0
        run.wait()
        self._line.stand(run)
        self.dispatch()

    def settle(self, run: SharedRun) -> None:
        """Let a run stand in line that came from another server, and was to go on."""
        goes_on = run.standing.state in ("queued", "running") and not run.leaving
        if goes_on and not run.has_thread and not self._line.place(run):
            self.stand(run)

    def let_go(self, run: SharedRun) -> None:
        """Hold a run for another server; its thread, where it has one, leaves it at a snapshot."""
        run.leave()
        self._line.leave(run)
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
            if run.discarded:  # another server has taken it
                self._line.release(run)
                continue
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
        while not self._leave(run, self._train(run)):
            pass

    def _train(self, run: SharedRun) -> Ending | None:
        """Train until the run ends, and tell how; None where it is only held, at a snapshot."""
        ending: Ending | None = BROKEN
        start = run.standing
        orders = Orders(run, self._changed, self._archive.snapshot_of(run))
        try:
            for report in self._trainer(start.config, orders, start.checkpoint):
                ending = self._record(run, report)
        except DataError as error:
            ending = ("failed", str(error))
        except TrainingLost as lost:
            with self._changed:
                run.fall_back()
            ending = ("interrupted", str(lost))
        except Displaced as displaced:
            with self._changed:
                ending = self._displace(run, displaced)
        except Exception:
            LOG.exception("a training failed")
            ending = BROKEN
        return ending

    def _displace(self, run: SharedRun, displaced: Displaced) -> Ending | None:
        """Let a run wait before all others, unless it is to rest or end; or end one for good."""
        run.fall_back()
        run.lost += displaced.lost
        if run.lost > MOST_LOST:
            return "interrupted", str(displaced)
        if run.order is not None:
            run.wait()
            self._line.release(run)
            self._line.stand(run, first=True)
        return None

    def _leave(self, run: SharedRun, ending: Ending | None) -> bool:
        """Leave a run that ended or rests; False where it is to go on after all."""
        with self._changed:
            ending = ending or run.ending
        if ending:
            self._archive.save(run, ending)
        with self.locked():
            told = ending or run.ending
            if told is None and run.order is not None:
                return False
            if ending is None:
                self._archive.write_later(run)
            if told:
                run.finish(told)
            else:
                run.rest()
            self._line.release(run)
            if told or run.standing.state != "queued":
                self._line.leave(run)
            self.dispatch()
        return True

    def _record(self, run: SharedRun, report: Progress | Diverged) -> Ending | None:
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
        if report.state == "running":
            return BROKEN
        return ("finished", "") if report.state == "finished" else run.ending
