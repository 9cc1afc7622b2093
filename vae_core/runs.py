"""What is kept of a training run: its history, how it stands, and its files.

A run's folder holds `run.json` (configuration, state and history, plain JSON) and
`snapshot.safetensors` (see `vae_core.checkpoint`). Its name is a hash of the run's token, so a
listing of the runs folder opens no run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from vae_core.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from vae_core.config import Settings, TrainConfig
from vae_core.data import DataError, load_mnist
from vae_core.evaluate import Bound, Evaluation, Views, evaluate, held_out, spread, take_views
from vae_core.train import Progress

RunState = Literal[
    "queued", "running", "paused", "finished", "stopped", "interrupted", "diverged", "failed"
]
ACTIVE: tuple[RunState, ...] = ("queued", "running", "paused")
RESUMABLE: tuple[RunState, ...] = ("stopped", "interrupted", "diverged", "failed")
LONGEST_HISTORY = 2000
LOOK_AT = 1000


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


@dataclass(frozen=True)
class SavedRun:
    """What the files of a run tell: its configuration, how it stood, and where it can go on."""

    config: TrainConfig
    state: RunState
    message: str
    fraction: float
    history: list[Point]
    checkpoint: Checkpoint | None

    @property
    def settings(self) -> Settings:
        """What the last report used."""
        return self.history[-1].settings if self.history else self.config.settings


class RunFolder:
    """The runs on disk, at most `most` of them; the ones untouched for longest go first."""

    def __init__(self, path: Path, most: int = 200) -> None:
        self.path = path
        self.most = most

    def _of(self, token: str) -> Path:
        return self.path / hashlib.sha256(token.encode()).hexdigest()[:32]

    def save(self, token: str, run: SavedRun) -> None:
        """Write a run; its snapshot first, so that the history never runs ahead of it for good."""
        folder = self._of(token)
        folder.mkdir(parents=True, exist_ok=True)
        if run.checkpoint is not None:
            save_checkpoint(folder / "snapshot.safetensors", run.checkpoint, run.config)
        values = {
            "config": run.config.as_dict(),
            "state": run.state,
            "message": run.message,
            "fraction": run.fraction,
            "history": [asdict(point) for point in run.history],
        }
        part = folder / "run.part"
        part.write_text(json.dumps(values), encoding="utf-8")
        part.replace(folder / "run.json")
        self._cull()

    def load(self, token: str) -> SavedRun | None:
        """Read a run back; None where there is none or its files are damaged."""
        folder = self._of(token)
        try:
            values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            history = [Point.from_dict(point) for point in values["history"]]
            config = TrainConfig(**values["config"])
            state, message, fraction = values["state"], values["message"], values["fraction"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        try:
            checkpoint, _ = load_checkpoint(folder / "snapshot.safetensors")
        except CheckpointError:
            checkpoint = None
        if state in ACTIVE:
            last = checkpoint.step if checkpoint else -1
            history = [point for point in history if point.step <= last]
        return SavedRun(config, state, message, fraction, history, checkpoint)

    def discard(self, token: str) -> None:
        """Delete a run's files."""
        shutil.rmtree(self._of(token), ignore_errors=True)

    def _cull(self) -> None:
        folders = [f for f in self.path.iterdir() if f.is_dir()]
        folders.sort(key=lambda folder: folder.stat().st_mtime)
        for folder in folders[: -self.most]:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class LastLook:
    """What the model of a run's last snapshot sees, and how many latents it uses."""

    views: Views
    evaluation: Evaluation


def last_look(saved: SavedRun) -> LastLook | None:
    """Judge the run's last snapshot anew, or None without snapshot or images.

    The evaluation is on as many held-out images as people who watched it saw, spread over all.
    """
    if saved.checkpoint is None:
        return None
    try:
        model = saved.checkpoint.model(saved.config)
        images = load_mnist()
    except (CheckpointError, DataError):
        return None
    test_images = held_out(images.test_images, saved.config)
    evaluation = evaluate(model, spread(test_images, LOOK_AT))
    return LastLook(take_views(model, test_images, images.test_labels), evaluation)


def pictures(saved: SavedRun) -> Views | None:
    """What the model of the run's last snapshot sees, or None without snapshot or images."""
    look = last_look(saved)
    return look.views if look else None
