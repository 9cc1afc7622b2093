"""What there is to see of a training run: how it stands, its history, and its looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from vae_core.runs.looks import Look
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound, Views
from vae_core.training.train import Progress

RunState = Literal[
    "queued", "running", "paused", "finished", "stopped", "interrupted", "diverged", "failed"
]
ACTIVE: tuple[RunState, ...] = ("queued", "running", "paused")
RESUMABLE: tuple[RunState, ...] = ("stopped", "interrupted", "diverged", "failed")
LONGEST_HISTORY = 2000


@dataclass(frozen=True)
class Point:
    """One report of a run's history, in plain numbers; fields as in `Progress`."""

    step: int
    epoch: float
    seconds: float
    images_per_second: float
    train: Bound
    test: Bound | None
    settings: Settings

    @classmethod
    def of(cls, progress: Progress) -> Point:
        """The numbers of a report, without its arrays."""
        return cls(
            progress.step,
            progress.epoch,
            progress.seconds,
            progress.images_per_second,
            progress.train,
            progress.test,
            progress.settings,
        )

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Point:
        """What `dataclasses.asdict` made of a point, read back from JSON."""
        test = Bound(**values["test"]) if values["test"] else None
        nested = {
            "train": Bound(**values["train"]),
            "test": test,
            "settings": Settings(**values["settings"]),
        }
        return cls(**{**values, **nested})


@dataclass(frozen=True)
class RunView:
    """How a run stands at one moment; safe to keep, nothing in it changes any more.

    Attributes:
        state: "queued", "running" or "paused" while it is active; then "finished" (as planned),
            "stopped" (on request), "interrupted" (with the server), "diverged" or "failed".
        place: place in line, 1 is next; 0 when it does not wait.
        fraction: share of the planned run that is done, 0 to 1.
        settings: what the next step uses.
        history: reports so far, the oldest first.
        views: the latest pictures.
        kl_per_dimension: (D,) the latest held-out KL of each latent dimension.
        message: one sentence on how the run ended, or empty.
        looks: what there was to see along the way, the oldest first, thinned to `MOST_LOOKS`;
            empty once a run that ended has given them up to make room.
        snapshot: step of the last good snapshot, from which the run can go on; 0 is its start.
        watchers: visitors who share this training, everybody with a token of their own.
    """

    token: str
    config: TrainConfig
    state: RunState
    place: int
    fraction: float
    settings: Settings
    history: tuple[Point, ...]
    views: Views | None
    kl_per_dimension: np.ndarray | None
    message: str
    looks: tuple[Look, ...] = ()
    snapshot: int = 0
    watchers: int = 1

    @property
    def active(self) -> bool:
        """Whether it goes on by itself, or could at any moment."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether it can go on from its last snapshot."""
        return self.state in RESUMABLE

    @property
    def seconds_left(self) -> float | None:
        """Time until the planned end at the speed so far; None where that says nothing."""
        if not self.history or not 0.0 < self.fraction < 1.0:
            return None
        return self.history[-1].seconds * (1.0 / self.fraction - 1.0)


def thin(history: list[Point]) -> list[Point]:
    """At most `LONGEST_HISTORY` points: the older half gives up every second one."""
    if len(history) <= LONGEST_HISTORY:
        return history
    half = len(history) // 2
    return history[:half:2] + history[half:]
