"""What a process of its own costs a training: speed as a ratio to this process, and the wait."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from tests.support.stage import stands
from vae_core.runs.jobs import Jobs
from vae_core.runs.work.live import train_live
from vae_core.training.config import TrainConfig
from vae_core.training.train import Progress

pytestmark = pytest.mark.bench

ROUNDS, SECONDS, STARTS = 6, 4.0, 10
LEAST, LONGEST = 0.97, 1.0


@pytest.fixture
def jobs(one_thread: None) -> Iterator[Jobs]:
    made = Jobs(workers=1)
    made.warm_up()
    time.sleep(5.0)
    yield made
    made.shutdown()


def here() -> Iterator[float]:
    """Steps a second in this process, some seconds at a time."""
    config = TrainConfig(epochs=200.0)
    reports = train_live(config, lambda: config.settings, None)
    step = next(reports).step
    while True:
        started = now = time.perf_counter()
        first = step
        while now - started < SECONDS:
            report = next(reports)
            assert isinstance(report, Progress)
            step, now = report.step, time.perf_counter()
        yield (step - first) / (now - started)


def there(jobs: Jobs) -> Iterator[float]:
    """The same in a worker, which rests in between."""
    token = jobs.start(TrainConfig(epochs=200.0), "ann")
    while True:
        view = jobs.wait_for(token, lambda view: bool(view.history))
        first = step = view.history[-1].step
        started = now = time.perf_counter()
        while now - started < SECONDS:
            view = jobs.wait_for(token, lambda view, step=step: view.history[-1].step > step)
            step, now = view.history[-1].step, time.perf_counter()
        jobs.pause(token)
        jobs.wait_for(token, lambda view, step=step: view.snapshot >= step)
        yield (step - first) / (now - started)
        jobs.resume(token)
        jobs.wait_for(token, lambda view, step=step: view.history[-1].step > step + 100)


def test_a_training_in_a_worker_is_as_quick_as_in_this_process(jobs: Jobs) -> None:
    """Looks, snapshots and reports included; on a quiet machine its priority does not matter."""
    ratios = [a / b for a, b, _ in zip(there(jobs), here(), range(ROUNDS), strict=False)]
    middle = statistics.median(ratios)
    print(f"\nin a worker {middle:.3f} of the speed in this process", end=" ")
    print(f"({', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    assert middle >= LEAST


def test_the_first_picture_comes_within_a_second(jobs: Jobs) -> None:
    waits = []
    for seed in range(STARTS):
        started = time.perf_counter()
        token = jobs.start(TrainConfig(seed=seed), "ann")
        jobs.wait_for(token, lambda view: view.views is not None)
        waits.append(time.perf_counter() - started)
        jobs.stop(token)
        jobs.wait_for(token, stands("stopped"))
    told = f"{statistics.median(waits) * 1e3:.0f} ms, {max(waits) * 1e3:.0f} ms at most"
    print(f"\nstart to first picture at a worker: {told}")
    assert max(waits) < LONGEST
