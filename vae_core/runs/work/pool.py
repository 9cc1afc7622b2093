"""Trainings in processes of their own, kept warm, below the pages in priority.

Threads would share the interpreter with the pages, and hold up their answers. A worker is started
as `python -m`, so nothing of the server is run again in it, and is killed, crashed or out of memory
at its own cost: the run is then at its last snapshot.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

from vae_core.runs.work import messages
from vae_core.runs.work.child import Child
from vae_core.runs.work.live import Cores
from vae_core.runs.work.trainer import Orders, TrainingLost
from vae_core.runs.work.wire import Message
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Diverged, Progress
from vae_core.vae.data import DataError

LOG = logging.getLogger(__name__)

MODULE = "vae_core.runs.work.process"
READY = 2
"""Workers that wait for work: two visitors may start at once. Each holds memory, so no more."""

KILLED = (
    "The process of this training was ended from outside, perhaps because the machine had no "
    "memory left. It can go on from here."
)
NO_MEMORY = (
    "There was not enough memory for this training. It can go on from here; a smaller model, "
    "smaller minibatches or fewer samples K need less."
)


class FaultError(Exception):
    """A training failed through a fault of the program; the worker has logged it."""


class Worker(Child):
    """One process that trains, seen from the server."""

    def __init__(self) -> None:
        super().__init__(MODULE)
        self._leaves = False

    @property
    def fit(self) -> bool:
        """Whether it can take a training."""
        return not self._leaves and self.alive

    def order(self, settings: Settings | None) -> None:
        """Tell what the next step is to use; None to end there."""
        self.tell(messages.of_settings(settings))

    def train(
        self, config: TrainConfig, orders: Orders, resume: Checkpoint | None
    ) -> Iterator[Progress | Diverged]:
        """The reports of a training.

        Raises:
            DataError: there are no usable images.
            TrainingLost: the process has ended, or has no memory left.
            FaultError: the training failed.
        """
        end = None
        try:
            with orders.heard_by(self.order):
                self.tell(messages.of_task(config, resume, orders.snapshot))
                for message in iter(self.hear, None):
                    if message.kind == "end":
                        end = message
                        break
                    yield messages.report_of(message)
        finally:
            if end is None:
                self.kill()
        if end is None:
            raise TrainingLost(KILLED)
        self._leaves = end.values["leaves"]
        raise_problem(end)

    def leave(self) -> None:
        """Let it end by itself, after its present step."""
        self._leaves = True
        super().leave()


def raise_problem(end: Message) -> None:
    """Raise what a training ended with, where it ended badly."""
    problem = end.values.get("problem")
    if problem == "data":
        raise DataError(end.values["text"])
    if problem == "memory":
        raise TrainingLost(NO_MEMORY)
    if problem is not None:
        raise FaultError(problem)


class Pool:
    """Workers, as many as trainings may run at once at most; some wait, warm, for the next ones.

    It is a `Trainer`: called with a run's configuration, orders and snapshot, it gives its reports.

    Args:
        most: processes at once.
        make: makes a worker.
        cores: how they are shared.

    Attributes:
        most: trainings at once.
    """

    def __init__(
        self, most: int, make: Callable[[], Worker] = Worker, cores: Cores | None = None
    ) -> None:
        self.most = most
        self._make = make
        self._cores = cores or Cores()
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._closed = False

    def __call__(
        self, config: TrainConfig, orders: Orders, resume: Checkpoint | None
    ) -> Iterator[Progress | Diverged]:
        """Train at a worker; the next ones get ready once the first report is there."""
        while True:
            worker, waited = self._take()
            begun = False
            try:
                for report in worker.train(config, orders, resume):
                    begun = True
                    yield report
                    self.get_ready()
                return
            except TrainingLost:
                died_while_it_waited = waited and not begun and not worker.fit
                if not died_while_it_waited:
                    raise
            finally:
                self._give_back(worker)

    def open(self, make_room: Callable[[int], None]) -> None:
        """There is room for as many from the start, and never for more."""

    @property
    def pids(self) -> list[int]:
        """The processes there are; those that train come first."""
        with self._lock:
            return [worker.pid for worker in (*self._busy, *self._idle)]

    def get_ready(self) -> None:
        """Start workers until enough of them wait, or there may be no more."""
        with self._lock:
            room = min(READY - len(self._idle), self.most - len(self._idle) - len(self._busy))
            try:
                for _ in range(0 if self._closed else room):
                    self._idle.append(self._make())
            except OSError:
                LOG.exception("no process could be started for the next training")

    def close(self) -> None:
        """End all workers; those that still train are killed."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for worker in idle:
            worker.leave()
        for worker in idle:
            worker.wait()
        for worker in busy:
            worker.kill()

    def _take(self) -> tuple[Worker, bool]:
        """A worker, and whether it has waited for this."""
        with self._lock:
            fit = [worker for worker in self._idle if worker.fit]
            unfit = [worker for worker in self._idle if not worker.fit]
            waited = bool(fit)
            worker = fit.pop() if waited else self._make()
            self._idle = fit
            self._busy.append(worker)
            self._share_cores()
        for each in unfit:
            each.kill()
        return worker, waited

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.remove(worker)
            keep = worker.fit and not self._closed and len(self._idle) < READY
            if keep:
                self._idle.append(worker)
            self._share_cores()
        if not keep:
            worker.wait()

    def _share_cores(self) -> None:
        threads = Message("threads", self._cores.share(len(self._busy)))
        for worker in self._busy:
            worker.tell(threads)
