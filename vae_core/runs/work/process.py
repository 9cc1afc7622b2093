"""A worker: the process in which trainings are done, one after the other, for a server.

`python -m vae_core.runs.work.process` is started by `pool.Worker` and by nobody else. It hears on
its standard input what to do and tells its reports on its standard output (see `messages`). Where
the server is gone, the training ends after its present step, its last snapshot is written, and the
process ends too. Asked to end by the system (SIGTERM), it hands its training back at a snapshot.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

import torch

from vae_core.runs.work import messages, wire
from vae_core.runs.work.live import give_memory_back, train_live
from vae_core.runs.work.wire import Message, Sink, Source
from vae_core.training.checkpoint import save_checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Progress, train
from vae_core.vae.data import DataError, load_mnist

LOG = logging.getLogger(__name__)
NICENESS = 10  # below the server's: a tenth of its share
# How torch, its oneDNN, C++, the system and Python say it where they raise no MemoryError.
OUT_OF_MEMORY = (
    "allocate memory", "could not create a primitive", "bad_alloc", "can't start new thread",
)  # fmt: skip


class Trainee:
    """Does trainings, one after the other, under the orders that it hears meanwhile.

    Args:
        threads: torch threads of a step, until it is told otherwise.

    Attributes:
        leaves: whether it is to end after its present step.
    """

    def __init__(self, threads: int = 1) -> None:
        self.leaves = False
        self._settings: Settings | None = None
        self._threads = threads

    def hear(self, message: Message) -> None:
        """Take an order; from any thread."""
        if message.kind == "settings":
            self._settings = messages.settings_of(message)
        elif message.kind == "threads":
            self._threads = int(message.values)

    def train(self, task: Message) -> Iterator[Message]:
        """The reports of a training, and at last how it ended."""
        problem: dict[str, Any] = {}
        try:
            config, resume = messages.task_of(task)
            for report in train_live(config, self._control, resume):
                yield messages.of_report(report)
        except Exception as error:
            problem = problem_of(error)
        yield Message("end", {"leaves": self.leaves} | problem)

    def _control(self) -> Settings | None:
        """The settings of the next step, on as many cores as there are for it."""
        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        return None if self.leaves else self._settings


class Process:
    """Trains what it is told to through pipes.

    Args:
        source: where the server's messages come from.
        sink: where the answers go.
    """

    def __init__(self, source: Source, sink: Sink) -> None:
        self._source = source
        self._sink = sink
        self._trainee = Trainee()
        self._tasks: SimpleQueue[Message | None] = SimpleQueue()
        self._alone = False

    def listen(self) -> None:
        """Hear what the server says until it is gone; in a thread of its own."""
        while (message := wire.read(self._source)) is not None:
            if message.kind == "train":
                self._tasks.put(message)
            else:
                self._trainee.hear(message)
        self._alone = True
        self.leave()

    def leave(self, *_: object) -> None:
        """End after the present step."""
        self._trainee.leaves = True
        self._tasks.put(None)

    def work(self) -> None:
        """Do one training after the other until it is time to leave."""
        for task in iter(self._tasks.get, None):
            self._train(task)
            give_memory_back()

    def _train(self, task: Message) -> None:
        last = None
        for message in self._trainee.train(task):
            last = message if message.kind == "progress" else last
            self._tell(message)
        if self._alone and last is not None:
            _keep(task, last)

    def _tell(self, message: Message) -> None:
        try:
            wire.write(self._sink, message)
        except OSError:
            self._alone = True
            self.leave()


def problem_of(error: Exception) -> dict[str, Any]:
    """What a server is told of a training that broke off; what is our own fault is logged here."""
    if isinstance(error, DataError):
        return {"problem": "data", "text": str(error)}
    if isinstance(error, MemoryError) or any(sign in str(error) for sign in OUT_OF_MEMORY):
        return {"problem": "memory"}
    LOG.error("a training failed", exc_info=error)
    return {"problem": "fault"}


def _keep(task: Message, last: Message) -> None:
    """Write where a training stood when its server went; a run without its folder is discarded."""
    snapshot, report = messages.snapshot_of(task), messages.report_of(last)
    if snapshot is None or not isinstance(report, Progress) or report.state == "running":
        return
    if report.checkpoint is not None:
        with suppress(OSError):
            save_checkpoint(snapshot, report.checkpoint, messages.task_of(task)[0])


def warm_up() -> None:
    """Read the images and make a first step, which takes torch seconds, before anybody waits."""
    with suppress(DataError):
        load_mnist()
        for _ in train(TrainConfig(hidden=8, latent=2, epochs=0.002), test_images=10):
            pass


def give_way() -> None:
    """Let the pages go first, and still get a share where they take all there is.

    With the priority that takes only idle time (SCHED_IDLE) a release is answered as quickly as
    with this one, and a training stands still while a class drags. As a batch it never pushes a
    page aside when it wakes. On Windows a process is started with its priority.
    """
    with suppress(AttributeError, OSError):
        server = os.getpriority(os.PRIO_PROCESS, os.getppid())
        os.setpriority(os.PRIO_PROCESS, 0, server + NICENESS)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def main() -> None:
    """Work for the server at the other end of the pipes."""
    process = Process(*wire.streams())
    signal.signal(signal.SIGTERM, process.leave)
    torch.set_num_threads(1)
    threading.Thread(target=process.listen, name="listening", daemon=True).start()
    warm_up()
    give_memory_back()
    give_way()  # and not before: somebody may wait for its first picture
    process.work()
    sys.stderr.flush()
    os._exit(0)  # the thread that listens holds its stream, and would hold up an orderly end


if __name__ == "__main__":
    main()
