"""What runs at a node of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

from vae_core.runs.work.wire import Message


class Node:
    """One training, as an actor of Ray: it hears orders while it trains.

    Args:
        threads: torch threads of a step; as many as it has cores.
    """

    def __init__(self, threads: int) -> None:
        # Torch comes along with it. The driver, which names this class, does without.
        from vae_core.runs.work.process import Trainee

        self._trainee = Trainee(threads)

    def hear(self, message: Message) -> None:
        """Take an order."""
        self._trainee.hear(message)

    def train(self, task: Message) -> Iterator[Message]:
        """The reports of a training, and at last how it ended."""
        yield from self._trainee.train(task)
