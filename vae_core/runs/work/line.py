"""The line in front of the workers: first come, first served, one running training a visitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Waiting(Protocol):
    """What stands in line."""

    @property
    def visitors(self) -> set[str]:
        """Those for whom it is done."""


W = TypeVar("W", bound=Waiting)


class Line(Generic[W]):
    """Who waits and who works; knows nothing of threads, and is guarded by whoever holds it.

    A piece of work stands back while each of its visitors has another one at a worker, so that
    one visitor's comparison never takes the workers of all.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._waiting: list[W] = []
        self._working: list[W] = []

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def stand(self, work: W, first: bool = False) -> None:
        """Let it wait behind all others, or before them."""
        self._waiting.insert(0 if first else len(self._waiting), work)

    def leave(self, work: W) -> None:
        """Take it out of the line."""
        if work in self._waiting:
            self._waiting.remove(work)

    def place(self, work: W) -> int:
        """Its place in line, 1 is next; 0 when it does not wait."""
        return self._waiting.index(work) + 1 if work in self._waiting else 0

    def works(self, work: W) -> bool:
        """Whether it has a worker."""
        return work in self._working

    def release(self, work: W) -> None:
        """Free its worker."""
        if work in self._working:
            self._working.remove(work)

    def calls(self) -> Iterator[W]:
        """Give free workers, one after the other, to those who have waited longest."""
        while len(self._working) < self.workers:
            work = next((each for each in self._waiting if self._may_work(each)), None)
            if work is None:
                return
            self._waiting.remove(work)
            self._working.append(work)
            yield work

    def _may_work(self, work: W) -> bool:
        served = {visitor for each in self._working for visitor in each.visitors}
        return not work.visitors <= served
