"""A Ray cluster as the one who trains: TTN_RAY names it, and every training gets a core of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from queue import SimpleQueue

from vae_core.runs.work import messages
from vae_core.runs.work.child import Child
from vae_core.runs.work.cluster.address import MODULE
from vae_core.runs.work.pool import raise_problem
from vae_core.runs.work.trainer import Displaced, Orders, TrainingLost
from vae_core.runs.work.wire import Message
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import TrainConfig
from vae_core.training.train import Diverged, Progress

LOG = logging.getLogger(__name__)

SECONDS_TO_COME_BACK = 5.0

CLUSTER_LOST = (
    "The machines that trained this run could not be reached any more. It can go on from here."
)
LOST_TOO_OFTEN = (
    "The machines that trained this run were lost again and again, perhaps because it needs more "
    "memory than they have. It can go on from here; a smaller model, smaller minibatches or fewer "
    "samples K need less."
)

Inbox = SimpleQueue[Message | None]


class Cluster:
    """Brings trainings to a Ray cluster, through a process that is its driver.

    It is a `Trainer`, as `Pool` is. A training whose node dies is displaced: it goes on elsewhere
    from its last snapshot as soon as there is room. Where the whole cluster is lost, so are its
    trainings, and the driver is started again until the cluster is back.

    Args:
        address: host and port of the cluster's head.

    Attributes:
        most: trainings at once, before it has said how many.
    """

    most = 0

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._numbers = count(1)
        self._inboxes: dict[int, Inbox] = {}
        self._driver: Child | None = None

    def __call__(
        self, config: TrainConfig, orders: Orders, resume: Checkpoint | None
    ) -> Iterator[Progress | Diverged]:
        """Train at a node.

        Raises:
            DataError: a node has no usable images.
            Displaced: there was no room after all, or the node is lost.
            TrainingLost: the cluster is lost, or a node has no memory left.
            FaultError: the training failed.
        """
        number, inbox = next(self._numbers), Inbox()
        with self._lock:
            driver = self._driver
            if driver is None:
                raise Displaced
            self._inboxes[number] = inbox

        def tell(message: Message) -> None:
            driver.tell(replace(message, number=number))

        tell(messages.of_task(config, resume, None))
        try:
            with orders.heard_by(lambda settings: tell(messages.of_settings(settings))):
                yield from _reports(inbox)
        finally:
            tell(messages.of_settings(None))  # heard by a training that was left in the middle
            with self._lock:
                self._inboxes.pop(number, None)

    @property
    def pids(self) -> list[int]:
        """The process on this machine, where there is one."""
        driver = self._driver
        return [driver.pid] if driver else []

    def open(self, make_room: Callable[[int], None]) -> None:
        """Reach the cluster, in the background.

        Args:
            make_room: is told how many trainings may be there at once, whenever that changes.
        """
        threading.Thread(target=self._keep, args=(make_room,), name="cluster", daemon=True).start()

    def get_ready(self) -> None:
        """There is nothing to get ready here: nodes are not kept busy for nobody."""

    def close(self) -> None:
        """Leave the cluster; trainings that are still there end."""
        self._closed.set()
        with self._lock:
            driver = self._driver
        if driver is not None:
            driver.wait()

    def _keep(self, make_room: Callable[[int], None]) -> None:
        """Have a driver, and hear what it says; a new one where it is lost."""
        while not self._closed.is_set():
            driver = Child(MODULE, self._address)
            with self._lock:
                self._driver = driver
            self._hear(driver, make_room)
            with self._lock:
                self._driver, lost = None, list(self._inboxes.values())
            driver.kill()
            make_room(0)
            for inbox in lost:
                inbox.put(None)
            self._closed.wait(SECONDS_TO_COME_BACK)

    def _hear(self, driver: Child, make_room: Callable[[int], None]) -> None:
        room = 0
        for message in iter(driver.hear, None):
            if message.kind != "room":
                with self._lock:
                    inbox = self._inboxes.get(message.number)
                if inbox is not None:
                    inbox.put(message)
            elif message.values != room:
                room = message.values
                LOG.info("the cluster has room for %s trainings", room)
                make_room(room)


def _reports(inbox: Inbox) -> Iterator[Progress | Diverged]:
    """What a training says until it ends."""
    for message in iter(inbox.get, None):
        if message.kind == "end":
            raise_problem(message)
            return
        if message.kind == "displaced":
            raise Displaced(LOST_TOO_OFTEN, message.values["lost"])
        yield messages.report_of(message)
    raise TrainingLost(CLUSTER_LOST)
