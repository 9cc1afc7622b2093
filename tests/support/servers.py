"""Servers of a test's own, on one folder and one database, each with a trainer driven by the test.

`python -m tests.support.servers FOLDER [ADDRESS]` is one in a process of its own: it starts a
training that takes long, says its token, and goes on until it is ended.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stage import Stage
from vae_core.runs.disk.database import address_of
from vae_core.runs.jobs import Bounds, Jobs
from vae_core.runs.servers import reach
from vae_core.training.config import TrainConfig
from vae_core.training.train import train
from vae_core.vae.data import load_mnist

LONG = TrainConfig(hidden=16, latent=2, batch=50, epochs=160)
SHORT = TrainConfig(hidden=16, latent=2, batch=50, epochs=2)
Servers = Callable[..., tuple[Jobs, Stage]]


@pytest.fixture
def servers(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Servers]:
    """Starts servers on one folder, each with its stage; all are ended at the end.

    What they know of each other's runs is asked anew at each look.
    """
    monkeypatch.setattr(reach, "RECENT_SECONDS", 0.0)
    made: list[tuple[Jobs, Stage]] = []

    def start(*, workers: int = 1, bounds: Bounds | None = None, **more: Any) -> tuple[Jobs, Stage]:
        stage = Stage()
        address = address_of(database) if database else None
        options = {"trainer": stage, "bounds": bounds, "database": address} | more
        made.append((Jobs(workers, tmp_path / "runs", **options), stage))
        return made[-1]

    yield start
    for jobs, stage in made:
        stage.steps(1000)
        jobs.shutdown()


def slow(config: TrainConfig, control: Any, resume: Any) -> Iterator[Any]:
    """A real training on few images, which takes its time."""
    data = load_mnist().first(500, 100)
    for report in train(
        config, data, control, resume=resume, evaluate_every=2, checkpoint_seconds=0
    ):
        yield report
        time.sleep(0.05)


def main(folder: str, address: str = "") -> None:
    """A server in this process, until SIGTERM."""
    ends = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ends.set())
    database = address_of(address) if address else None
    jobs = Jobs(1, Path(folder), slow, database=database)
    sys.stdout.write(jobs.start(LONG, "ann") + "\n")
    sys.stdout.flush()
    ends.wait()
    jobs.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
