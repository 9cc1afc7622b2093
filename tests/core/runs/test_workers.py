"""How trainings share the cores: those at work only, and no more threads than there are cores."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from vae_core.runs.workers import Cores
from vae_core.training.config import Settings


@pytest.mark.parametrize(
    ("count", "at_work", "each"), [(1, 1, 1), (2, 1, 1), (4, 1, 2), (4, 2, 1), (8, 3, 2)]
)
def test_cores_are_shared_among_those_at_work(count, at_work, each):
    cores, together = Cores(count), threading.Barrier(at_work)

    def train() -> tuple[int, int]:
        settings = cores.shared(Settings)
        settings()
        together.wait(10)
        settings()
        told = cores.share(), torch.get_num_threads()
        together.wait(10)
        cores.leave()
        return told

    with ThreadPoolExecutor(at_work) as pool:
        found = [training.result() for training in [pool.submit(train) for _ in range(at_work)]]
    assert found == [(each, each)] * at_work
    assert cores.share() == (2 if count > 2 else 1)


@pytest.mark.usefixtures("one_thread")
def test_who_waits_leaves_the_cores_to_others():
    cores = Cores(3)
    waits, goes_on = threading.Event(), threading.Event()

    def paused() -> Settings:
        waits.set()
        assert goes_on.wait(10)
        return Settings()

    with ThreadPoolExecutor(1) as pool:
        resumed = pool.submit(cores.shared(paused))
        assert waits.wait(10)
        cores.shared(Settings)()
        assert cores.share() == 2
        goes_on.set()
        resumed.result()
    assert cores.share() == 1


def test_whoever_is_told_to_end_takes_no_core():
    cores = Cores(2)
    assert cores.shared(lambda: None)() is None
    assert cores._at_work == set()
