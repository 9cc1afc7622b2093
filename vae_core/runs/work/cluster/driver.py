"""The driver: the process through which the trainings of one server go to a Ray cluster.

`python -m vae_core.runs.work.cluster.driver ADDRESS` is started by `cluster.Cluster` and by nobody
else. It is a process of its own, since Ray ends every process that does not reach its cluster for
a minute, and would take the server and all its pages along. It only passes messages on. Where the
server is gone it goes too, and Ray ends what it had placed.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vae_core.runs.work import wire
from vae_core.runs.work.cluster.node import Node
from vae_core.runs.work.wire import Message, Sink, Source

CORES = 1
"""Cores of a training. More of them gain little in products this small."""
SECONDS_TO_CONNECT = 5.0
SECONDS_TO_PLACE = 5.0
SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_ANSWER = 20.0


class Errand:
    """One training, from the server to a node and back.

    Args:
        task: what is to be trained.
        tell: takes its messages to the server.

    Attributes:
        placed: whether it holds cores of the cluster.
    """

    def __init__(self, task: Message, tell: Callable[[Message], None]) -> None:
        self.placed = False
        self._task = task
        self._tell = tell
        self._lock = threading.Lock()
        self._order: Message | None = None
        self._ordered = threading.Event()
        self._node: Any = None

    def hear(self, order: Message) -> None:
        """Take an order to the node, once there is one."""
        with self._lock:
            self._order = order
            self._ordered.set()
            if self._node is not None:
                self._pass_on(order)

    def run(self) -> None:
        """Do it, and tell how it goes; "displaced" where it has no place, or loses it."""
        from ray.exceptions import RayError
        from ray.util.placement_group import placement_group, remove_placement_group

        self._ordered.wait()
        cores = placement_group([{"CPU": CORES}])
        lost = False
        try:
            if self._order and self._order.values and cores.wait(SECONDS_TO_PLACE):
                self.placed = lost = True
                self._train(cores)
                return
        except RayError as error:
            sys.stderr.write(f"a training has lost its node: {type(error).__name__}\n")
        finally:
            self.placed = False
            remove_placement_group(cores)
        self._tell(Message("displaced", {"lost": lost}, number=self._task.number))

    def _train(self, cores: Any) -> None:
        import ray
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        actor = ray.remote(
            num_cpus=CORES,
            scheduling_strategy=PlacementGroupSchedulingStrategy(cores),
            concurrency_groups={"orders": 1},
        )(Node)
        with self._lock:
            self._node = actor.remote(CORES)
            heard = self._pass_on(self._order)
        ray.get(heard)
        for report in self._node.train.options(num_returns="streaming").remote(self._task):
            self._tell(replace(ray.get(report), number=self._task.number))

    def _pass_on(self, order: Message | None) -> Any:
        return self._node.hear.options(concurrency_group="orders").remote(order)


class Driver:
    """Brings a server's trainings to the cluster.

    Args:
        source: where the server's messages come from.
        sink: where the answers go.
    """

    def __init__(self, source: Source, sink: Sink) -> None:
        self._source = source
        self._sink = sink
        self._writing = threading.Lock()
        self._errands: dict[int, Errand] = {}
        self._answered = time.monotonic()

    def listen(self) -> None:
        """Do what the server says until it is gone."""
        while (message := wire.read(self._source)) is not None:
            errand = self._errands.get(message.number)
            if message.kind == "train":
                self._errands[message.number] = Errand(message, self._tell)
                in_thread(self._run, message.number)
            elif errand is not None:
                errand.hear(message)

    def look_out(self) -> None:
        """Tell again and again how many trainings have room; end where the cluster is silent."""
        in_thread(self._tell_room)
        while time.monotonic() - self._answered < SECONDS_TO_ANSWER:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        sys.stderr.write("the Ray cluster does not answer any more\n")
        os._exit(1)

    def _tell_room(self) -> None:
        while True:
            with suppress(Exception):  # whatever it is, the cluster has not answered
                self._tell(Message("room", self._room()))
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _room(self) -> int:
        """How many of this server's trainings have room: those at work, and as many as are free."""
        import ray

        placed = sum(errand.placed for errand in list(self._errands.values()))
        whole, free = (
            found.get("CPU", 0.0) for found in (ray.cluster_resources(), ray.available_resources())
        )
        self._answered = time.monotonic()
        return int(min(whole, placed * CORES + free) // CORES)

    def _run(self, number: int) -> None:
        try:
            self._errands[number].run()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
            sys.stderr.write(f"the cluster cannot do a training: {fault}\n")
            self._tell(Message("end", {"problem": "fault"}, number=number))
        del self._errands[number]

    def _tell(self, message: Message) -> None:
        if message.kind == "displaced":  # and not because the whole cluster is gone
            self._tell(Message("room", self._room()))
        with self._writing, suppress(OSError):  # who is gone hears nothing
            wire.write(self._sink, message)


def in_thread(work: Callable[..., None], *words: Any) -> None:
    """Do it beside everything else, until this process ends."""
    threading.Thread(target=work, args=words, daemon=True).start()


def connect(address: str) -> None:
    """Become a driver of the cluster; where that fails, say why in a line and end."""
    host, _, port = address.rpartition(":")
    try:
        # Ray would try for a minute.
        socket.create_connection((host.strip("[]"), int(port)), SECONDS_TO_CONNECT).close()
    except OSError as error:
        sys.exit(f"no Ray cluster answers at {address} ({error.strerror or error})")
    import ray

    try:
        ray.init(address=address, logging_level="warning", namespace="through-the-noise")
    except Exception as error:
        why = str(error).strip().partition("\n")[0]
        sys.exit(f"there is no Ray cluster at {address} that this machine belongs to ({why})")


def main() -> None:
    """Work for the server at the other end of the pipes; with --try, only see whether it could."""
    source, sink = wire.streams()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    connect(sys.argv[1])
    if "--try" not in sys.argv:
        # A service's manager may ask all its processes to end: the server then ends the trainings.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        driver = Driver(source, sink)
        in_thread(driver.look_out)
        driver.listen()
    import ray

    ray.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
