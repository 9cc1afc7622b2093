"""How trainings share the cores: those at work only, and no more threads than there are cores."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.support.patience import patiently
from tests.support.stage import CONFIG, Stage
from vae_core.runs.work.live import Cores
from vae_core.runs.work.pool import Pool
from vae_core.runs.work.trainer import TrainingLost
from vae_core.training.config import Settings


class Paper:
    """A worker without a process: it notes the threads that it is told, and goes when let."""

    def __init__(self) -> None:
        self.pid, self.fit, self.threads = 0, True, 0
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def tell(self, message) -> None:
        assert message.kind == "threads"
        self.threads = message.values

    def train(self, config, _orders, _resume) -> Iterator[object]:
        self.begun.set()
        assert self.goes_on.wait(10)
        yield Stage.report(config, 1, "stopped")

    def leave(self) -> None:
        self.fit = False

    wait = kill = leave


class Papers:
    """Makes workers without a process, and knows them all."""

    def __init__(self) -> None:
        self.made: list[Paper] = []

    def __call__(self) -> Paper:
        self.made.append(Paper())
        return self.made[-1]


@contextmanager
def at_work(count: int, cores: Cores) -> Iterator[list[Paper]]:
    """So many trainings at once, at the workers that they have."""
    papers = Papers()
    pool = Pool(count, papers, cores)
    with ThreadPoolExecutor(count) as threads:
        for _ in range(count):
            threads.submit(lambda: list(pool(CONFIG, Settings, None)))
        assert patiently(lambda: len(papers.made) == count)
        assert all(paper.begun.wait(10) for paper in papers.made)
        yield papers.made
        for paper in papers.made:
            paper.goes_on.set()


@pytest.mark.parametrize(
    ("count", "many", "each"), [(1, 1, 1), (2, 1, 1), (4, 1, 2), (4, 2, 1), (8, 3, 2)]
)
def test_cores_are_shared_among_those_at_work(count, many, each):
    with at_work(many, Cores(count)) as workers:
        assert [worker.threads for worker in workers] == [each] * many


def test_whoever_ends_or_is_paused_leaves_the_cores_to_others():
    with at_work(2, Cores(3)) as (first, second):
        assert (first.threads, second.threads) == (1, 1)
        first.goes_on.set()
        assert patiently(lambda: second.threads == 2)


def test_only_so_many_wait_without_work():
    with at_work(4, Cores(4)) as workers:
        for worker in workers:
            worker.goes_on.set()
        assert patiently(lambda: sum(not worker.fit for worker in workers) == 2)


class Dying(Paper):
    """Is lost before its first report; killed, or alive but without memory for this training."""

    killed = True

    def train(self, _config, _orders, _resume) -> Iterator[object]:
        self.fit = not self.killed
        raise TrainingLost("Gone.")
        yield


class Short(Dying):
    killed = False


class Done(Paper):
    def train(self, config, _orders, _resume) -> Iterator[object]:
        yield Stage.report(config, 1, "finished")


@pytest.mark.parametrize(
    ("first", "second", "made"), [(Dying, Done, 2), (Dying, Dying, 2), (Short, Done, 1)]
)
def test_one_that_died_while_it_waited_is_missed_by_nobody(first, second, made):
    workers = [second(), first()]
    pool = Pool(1, workers.pop, Cores(1))
    pool.get_ready()
    if second is Done and made == 2:
        assert [report.state for report in pool(CONFIG, Settings, None)] == ["finished"]
    else:
        with pytest.raises(TrainingLost, match=r"Gone\."):
            list(pool(CONFIG, Settings, None))
    assert len(workers) == 2 - made
