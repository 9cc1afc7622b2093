"""One training and those who watch it, each with a token of their own.

A watcher who wants something else from the training than the others do parts from it: `part`
makes a training of their own, which shares the past with the first and goes on from its last
snapshot.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

import numpy as np

from vae_core.runs.folder import SavedRun, pictures
from vae_core.runs.looks import Look, looks_bytes, thin_looks
from vae_core.runs.view import ACTIVE, Point, RunState, RunView, thin
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Views
from vae_core.training.train import Progress

SERVER_STOPPED = "The server was stopped in the middle of this run. It can go on from here."


@dataclass(eq=False)
class SharedRun:
    """A training and all that changes about it, guarded by the lock of its `Jobs`.

    Attributes:
        watchers: visitor of each watcher, by the hash of the watcher's token.
        as_planned: whether it will give the very numbers of its configuration.
        ending: how it is to end after its present step, where it has a thread.
        discarded: whether it is forgotten, and writes no file any more.
        unsaved: whether snapshot or looks are newer than their files.
        saved_at: when they were written last, by the clock of its `Jobs`.
        looks_memory, snapshot_memory: bytes of its looks and of its last snapshot.
        pending: how many are about to write its files; it stays in memory until they have.
        writing: held by whoever writes or deletes its files.
    """

    config: TrainConfig
    settings: Settings
    run_id: str = field(default_factory=lambda: secrets.token_hex(16))
    watchers: dict[str, str] = field(default_factory=dict)
    as_planned: bool = True
    state: RunState = "queued"
    message: str = ""
    fraction: float = 0.0
    history: list[Point] = field(default_factory=list)
    looks: tuple[Look, ...] = ()
    views: Views | None = None
    kl_per_dimension: np.ndarray | None = None
    checkpoint: Checkpoint | None = None
    has_thread: bool = False
    ending: tuple[RunState, str] | None = None
    discarded: bool = False
    unsaved: bool = False
    saved_at: float = float("-inf")
    pending: int = 0
    looks_memory: int = 0
    snapshot_memory: int = 0
    writing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._weigh()

    def _weigh(self) -> None:
        """Count the memory anew; each look at a run asks for it, so it is kept."""
        tensors = self.checkpoint.tensors.values() if self.checkpoint else ()
        self.snapshot_memory = sum(t.numel() * t.element_size() for t in tensors)
        self.looks_memory = looks_bytes(self.looks)

    @property
    def memory(self) -> int:
        """Bytes of the last snapshot and the looks."""
        return self.snapshot_memory + self.looks_memory

    def give_up_looks(self) -> None:
        """Forget what was seen along the way; the latest pictures stay."""
        self.looks, self.looks_memory = (), 0

    @property
    def visitors(self) -> set[str]:
        """Those for whom it is done."""
        return set(self.watchers.values())

    @property
    def active(self) -> bool:
        """Whether it goes on by itself, or could at any moment."""
        return self.state in ACTIVE

    def serves(self, config: TrainConfig) -> bool:
        """Whether someone who asks for this configuration is well served by this training.

        A run that is planned in seconds depends on how busy the machine is, so it is never shared.
        """
        goes_on = self.state in ("queued", "running") and not self.ending
        same = self.config == config and config.epochs is not None and self.as_planned
        return same and (goes_on or self.state == "finished")

    def use(self, settings: Settings) -> None:
        """Take these settings for the next steps."""
        self.as_planned = self.as_planned and settings == self.config.settings
        self.settings = settings

    def part(self, name: str) -> SharedRun:
        """A training of its own for one of the watchers, as this one stood at this moment.

        It has no thread and waits nowhere. What it shows is what the watcher saw; it goes on from
        the last snapshot, and the reports that follow take the place of those after it.
        """
        return SharedRun(
            config=self.config,
            settings=self.settings,
            watchers={name: self.watchers.pop(name)},
            as_planned=self.as_planned,
            state=self.state,
            message=self.message,
            fraction=self.fraction,
            history=list(self.history),
            looks=self.looks,
            views=self.views,
            kl_per_dimension=self.kl_per_dimension,
            checkpoint=self.checkpoint,
            unsaved=True,
        )

    def take(self, report: Progress) -> None:
        """Add a report; what was reported beyond its step belongs to another past and goes."""
        earlier = [point for point in self.history if point.step < report.step]
        self.history = thin([*earlier, Point.of(report)])
        self.fraction = report.fraction
        if report.checkpoint is not None:
            self.checkpoint, self.unsaved = report.checkpoint, True
        if report.views is not None:
            self.views, self.kl_per_dimension = report.views, report.kl_per_dimension
        looks = [look for look in self.looks if look.step < report.step]
        look = Look.of(report, looks[-1] if looks else None)
        self.looks = thin_looks([*looks, look]) if look else tuple(looks)
        self._weigh()

    def view(self, token: str, place: int) -> RunView:
        """How it stands for the holder of a token."""
        return RunView(
            token=token,
            config=self.config,
            state=self.state,
            place=place,
            fraction=self.fraction,
            settings=self.settings,
            history=tuple(self.history),
            views=self.views,
            kl_per_dimension=self.kl_per_dimension,
            message=self.message,
            looks=self.looks,
            snapshot=self.checkpoint.step if self.checkpoint else 0,
            watchers=len(self.visitors),
        )

    def to_files(self, ending: tuple[RunState, str] | None = None) -> SavedRun:
        """What its files are to tell; `ending` where it is about to end so."""
        state, message = ending or (self.state, self.message)
        return SavedRun(
            self.config,
            state,
            message,
            self.fraction,
            list(self.history),
            self.checkpoint,
            self.settings,
            self.as_planned,
            dict(self.watchers),
            self.looks,
        )

    @classmethod
    def from_files(cls, run_id: str, saved: SavedRun) -> SharedRun:
        """A run as its files tell of it; one that was active ended with its server."""
        cut_off = saved.state in ACTIVE
        last = saved.looks[-1] if saved.looks else None
        return cls(
            run_id=run_id,
            config=saved.config,
            settings=saved.settings,
            watchers=dict(saved.watchers),
            as_planned=saved.as_planned,
            state="interrupted" if cut_off else saved.state,
            message=SERVER_STOPPED if cut_off else saved.message,
            fraction=saved.fraction,
            history=saved.history,
            looks=saved.looks,
            views=last.views if last else pictures(saved),
            kl_per_dimension=last.kl_per_dimension if last else None,
            checkpoint=saved.checkpoint,
        )
