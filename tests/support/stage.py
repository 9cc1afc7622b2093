"""A trainer whose steps a test lets go one by one, and words for how a run stands."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vae_core.runs.disk.database import NAME
from vae_core.runs.jobs import Jobs
from vae_core.runs.standing import RunView
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound, Views
from vae_core.training.train import Control, Diverged, Progress

CONFIG = TrainConfig(epochs=1.0)
BOUND = Bound(-100.0, -80.0, 20.0)
STEPS = 5


def views(step: int) -> Views:
    """Pictures that tell the step they were taken at."""
    picture = np.full((10, 784), step / 255.0, dtype=np.float32)
    digits = np.zeros((10, 784), dtype=np.float32)
    return Views(digits, picture, picture, None, np.arange(3))


class Stage:
    """A trainer that makes a step whenever the test lets it, and notes who is training."""

    def __init__(self) -> None:
        self.go = threading.Semaphore(0)
        self.training: set[int] = set()
        self.most_at_once = 0
        self.settings: list[Settings] = []
        self.ending: Diverged | Exception | None = None

    def __call__(
        self, config: TrainConfig, control: Control, resume: Checkpoint | None
    ) -> Iterator[Progress | Diverged]:
        step = resume.step if resume else 0
        yield self.report(config, step, "running")
        while step < STEPS:
            self.training.discard(config.seed)
            settings = control()
            if settings is None:
                yield self.report(config, step, "stopped")
                return
            self.training.add(config.seed)
            self.most_at_once = max(self.most_at_once, len(self.training))
            self.settings.append(settings)
            self.go.acquire()
            step += 1
            if isinstance(self.ending, Exception):
                raise self.ending
            if self.ending is not None:
                yield self.ending
                return
            if step < STEPS:
                yield self.report(config, step, "running")
        self.training.discard(config.seed)
        yield self.report(config, step, "finished")

    @staticmethod
    def report(config: TrainConfig, step: int, state: str) -> Progress:
        checkpoint = Checkpoint(step, float(step), {})
        return Progress(
            step, step / STEPS, step * 100, float(step), 100.0, step / STEPS, config.settings,
            BOUND, BOUND, checkpoint=checkpoint, state=state, views=views(step),
            kl_per_dimension=np.full(2, float(step)),
        )  # fmt: skip

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.go.release()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def seed(number: int) -> TrainConfig:
    """A run that differs from others by its seed."""
    return replace(CONFIG, seed=number)


def reaches(step: int) -> Callable[[RunView], bool]:
    """A report of this step, or a later one, is there."""
    return lambda view: bool(view.history) and view.history[-1].step >= step


def kill(jobs: Jobs) -> None:
    """As if its process were killed: its heart stands still, its lock is free, its file is left."""
    assert jobs._beat is not None
    assert jobs._store is not None
    jobs._beat._ends.set()
    jobs._beat._thread.join()
    jobs._store._lock._file.close()


def kept(folder: Path) -> list[str]:
    """What lies in a folder of runs beside the database and the servers' own files."""
    names = [path.name for path in folder.iterdir()]
    return [name for name in names if not name.startswith(NAME) and not name.endswith(".server")]


def rows(folder: Path, table: str) -> list[tuple[Any, ...]]:
    """What a table of its database holds."""
    with closing(sqlite3.connect(folder / NAME)) as database:
        return list(database.execute(f"SELECT * FROM {table}"))  # noqa: S608 - a test's own word


def stands(*states: str) -> Callable[[RunView], bool]:
    """It is in one of these states."""
    return lambda view: view.state in states
