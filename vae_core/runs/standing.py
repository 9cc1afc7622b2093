"""How a training run stands: one record that never changes.

Whatever happens to a run is a method of `Standing` that gives the standing after it, and changes
nothing else. So it may be kept, compared with an earlier one, written, or sent elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from vae_core.runs.looks import Look, looks_bytes, thin_looks
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound, Views
from vae_core.training.reports import Progress

RunState = Literal[
    "queued", "running", "paused", "finished", "stopped", "interrupted", "diverged", "failed"
]
Ending = tuple[RunState, str]
"""The state in which a run ends, and its message."""

ACTIVE: tuple[RunState, ...] = ("queued", "running", "paused")
SHARED: tuple[RunState, ...] = ("queued", "running", "finished")
"""What whoever asks for the same configuration is well served by."""
RESUMABLE: tuple[RunState, ...] = ("stopped", "interrupted", "diverged", "failed")
SERVER_STOPPED = "The server was stopped in the middle of this run. It can go on from here."
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
        return cls(**{field.name: getattr(progress, field.name) for field in fields(cls)})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Point:
        """What `dataclasses.asdict` made of a point, read back from JSON."""
        nested = {
            "train": Bound(**values["train"]),
            "test": Bound(**values["test"]) if values["test"] else None,
            "settings": Settings(**values["settings"]),
        }
        return cls(**{**values, **nested})


@dataclass(frozen=True, eq=False)
class Standing:
    """How a run stands at one moment; safe to keep, nothing in it changes any more.

    Attributes:
        settings: what the next step uses.
        as_planned: whether it will give, or gave, the very numbers of its configuration.
        state: "queued", "running" or "paused" while it is active; then "finished" (as planned),
            "stopped" (on request), "interrupted" (with the server), "diverged" or "failed".
        message: one sentence on how the run ended, or empty.
        fraction: share of the planned run that is done, 0 to 1.
        history: reports so far, the oldest first.
        looks: what there was to see along the way, the oldest first, thinned to `MOST_LOOKS`;
            empty once a run that ended has given them up to make room.
        views: the latest pictures.
        kl_per_dimension: (D,) the latest held-out KL of each latent dimension.
        checkpoint: the last good snapshot, from which the run can go on; None is its start.
    """

    config: TrainConfig
    settings: Settings
    as_planned: bool = True
    state: RunState = "queued"
    message: str = ""
    fraction: float = 0.0
    history: tuple[Point, ...] = ()
    looks: tuple[Look, ...] = ()
    views: Views | None = None
    kl_per_dimension: np.ndarray | None = None
    checkpoint: Checkpoint | None = None

    @property
    def active(self) -> bool:
        """Whether it goes on by itself, or could at any moment."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether it can go on from its last snapshot."""
        return self.state in RESUMABLE

    @property
    def snapshot(self) -> int:
        """Step of the last snapshot; 0 is the run's start."""
        return self.checkpoint.step if self.checkpoint else 0

    @property
    def seconds_left(self) -> float | None:
        """Time until the planned end at the speed so far; None where that says nothing."""
        if not self.history or not 0.0 < self.fraction < 1.0:
            return None
        return self.history[-1].seconds * (1.0 / self.fraction - 1.0)

    @cached_property
    def looks_memory(self) -> int:
        """Bytes of the looks."""
        return looks_bytes(self.looks)

    @cached_property
    def memory(self) -> int:
        """Bytes of the last snapshot and the looks."""
        tensors = self.checkpoint.tensors.values() if self.checkpoint else ()
        return self.looks_memory + sum(t.numel() * t.element_size() for t in tensors)

    def serves(self, config: TrainConfig) -> bool:
        """Whether someone who asks for this configuration is well served by this run.

        A run that is planned in seconds depends on how busy the machine is, so it is never shared.
        """
        same = self.config == config and config.epochs is not None and self.as_planned
        return same and self.state in SHARED

    # What happens to a run: each gives the standing after it.
    def waiting(self) -> Standing:
        """In line, for the first time or to go on; how it ended before is no news any more."""
        return replace(self, state="queued", message="")

    def running(self) -> Standing:
        """At a worker."""
        return replace(self, state="running")

    def paused(self) -> Standing:
        """Held where it is."""
        return replace(self, state="paused")

    def using(self, settings: Settings) -> Standing:
        """With these settings for the next steps."""
        as_planned = self.as_planned and settings == self.config.settings
        return replace(self, settings=settings, as_planned=as_planned)

    def after(self, report: Progress) -> Standing:
        """With a report; what was reported beyond its step belongs to another past and goes."""
        history = [point for point in self.history if point.step < report.step]
        looks = [look for look in self.looks if look.step < report.step]
        look = Look.of(report, looks[-1] if looks else None)
        return replace(
            self,
            history=thin([*history, Point.of(report)]),
            fraction=report.fraction,
            checkpoint=report.checkpoint or self.checkpoint,
            looks=thin_looks([*looks, look]) if look else tuple(looks),
            views=report.views if look else self.views,
            kl_per_dimension=report.kl_per_dimension if look else self.kl_per_dimension,
        )

    def ended(self, state: RunState, message: str = "") -> Standing:
        """At its end, for a reason that one sentence tells."""
        return replace(self, state=state, message=message)

    def cut_off(self) -> Standing:
        """As it is found after its server broke off: interrupted, and back at its snapshot."""
        return self.back_at_snapshot().ended("interrupted", SERVER_STOPPED)

    def back_at_snapshot(self) -> Standing:
        """Without what was reported after its last snapshot, and is lost."""
        last = self.checkpoint.step if self.checkpoint else -1
        return replace(
            self,
            history=tuple(point for point in self.history if point.step <= last),
            looks=tuple(look for look in self.looks if look.step <= last),
        )

    def at_last_look(self) -> Standing:
        """With the pictures of the last look, where there is one."""
        if not self.looks:
            return self
        last = self.looks[-1]
        return replace(self, views=last.views, kl_per_dimension=last.kl_per_dimension)

    def without_looks(self) -> Standing:
        """With what was seen along the way forgotten; the latest pictures stay."""
        return replace(self, looks=())


@dataclass(frozen=True, eq=False, kw_only=True)
class RunView(Standing):
    """How a run stands for the holder of one of its tokens.

    Attributes:
        place: place in line, 1 is next; 0 when it does not wait.
        watchers: visitors who share this training, everybody with a token of their own.
    """

    token: str
    place: int
    watchers: int

    @classmethod
    def of(cls, standing: Standing, token: str, place: int, watchers: int) -> RunView:
        """What the holder of `token` sees."""
        values = {field.name: getattr(standing, field.name) for field in fields(Standing)}
        return cls(**values, token=token, place=place, watchers=watchers)


def thin(history: Sequence[Point]) -> tuple[Point, ...]:
    """At most `LONGEST_HISTORY` points: the older half gives up every second one."""
    if len(history) <= LONGEST_HISTORY:
        return tuple(history)
    half = len(history) // 2
    return (*history[:half:2], *history[half:])
