"""What a server and its workers tell each other: JSON for the words, safetensors for the arrays.

To a worker go "train", "settings" (None ends the training at a snapshot) and "threads"; from it
come "progress", "diverged", and "end" after the last report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from vae_core.runs.work.wire import Message
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound, Views
from vae_core.training.gradient_noise import GradientNoise
from vae_core.training.reports import Diverged, Progress


def of_settings(settings: Settings | None) -> Message:
    """What the next step is to use; None to end there."""
    return Message("settings", settings and asdict(settings))


def settings_of(message: Message) -> Settings | None:
    """What `of_settings` was given."""
    return message.values and Settings(**message.values)


def of_task(config: TrainConfig, resume: Checkpoint | None, snapshot: Path | None) -> Message:
    """A training to do, from a snapshot where there is one.

    Args:
        config: its plan.
        resume: where it goes on from.
        snapshot: the file that is to hold its last snapshot when the server is gone.
    """
    values = {
        "config": config.as_dict(),
        "resume": resume and [resume.step, resume.seconds],
        "snapshot": snapshot and str(snapshot.resolve()),
    }
    return Message("train", values, save(resume.tensors) if resume else b"")


def task_of(message: Message) -> tuple[TrainConfig, Checkpoint | None]:
    """The training that `of_task` was given."""
    values = message.values
    return TrainConfig(**values["config"]), _checkpoint(values["resume"], _tensors(message))


def snapshot_of(message: Message) -> Path | None:
    """The file that `of_task` was given."""
    named = message.values["snapshot"]
    return named and Path(named)


def _checkpoint(told: list[Any] | None, tensors: dict[str, Tensor]) -> Checkpoint | None:
    """A snapshot from its step, its seconds and its arrays; None where none was told."""
    return Checkpoint(int(told[0]), float(told[1]), tensors) if told else None


_PLAIN = ("step", "epoch", "images", "seconds", "images_per_second", "fraction", "beta", "state")
_VIEWS, _SNAPSHOT, _KL = "views.", "snapshot.", "kl_per_dimension"


def of_report(report: Progress | Diverged) -> Message:
    """A report of a training, arrays included."""
    if isinstance(report, Diverged):
        return Message("diverged", asdict(report))
    noise, saved = report.gradient_noise, report.checkpoint
    values = {name: getattr(report, name) for name in _PLAIN} | {
        "settings": asdict(report.settings),
        "train": asdict(report.train),
        "test": report.test and asdict(report.test),
        "noise": {name: asdict(each) for name, each in noise.items()} if noise else None,
        "checkpoint": saved and [saved.step, saved.seconds],
    }
    tensors = {_SNAPSHOT + name: each for name, each in saved.tensors.items()} if saved else {}
    if report.views is not None:
        for each in fields(Views):
            array = getattr(report.views, each.name)
            if array is not None:
                tensors[_VIEWS + each.name] = torch.from_numpy(array).contiguous()
    if report.kl_per_dimension is not None:
        tensors[_KL] = torch.from_numpy(report.kl_per_dimension)
    return Message("progress", values, save(tensors) if tensors else b"")


def report_of(message: Message) -> Progress | Diverged:
    """The report that `of_report` was given, to the last digit."""
    values = message.values
    if message.kind == "diverged":
        return Diverged(**values | {"settings": Settings(**values["settings"])})
    tensors = _tensors(message)
    views: dict[str, Any] = {name: each.numpy() for name, each in _part(tensors, _VIEWS).items()}
    kl = tensors.get(_KL)
    return Progress(
        **{name: values[name] for name in _PLAIN},
        settings=Settings(**values["settings"]),
        train=Bound(**values["train"]),
        test=values["test"] and Bound(**values["test"]),
        kl_per_dimension=None if kl is None else kl.numpy(),
        views=Views(**{"latent_means": None} | views) if views else None,
        gradient_noise=_noise(values["noise"]),
        checkpoint=_checkpoint(values["checkpoint"], _part(tensors, _SNAPSHOT)),
    )


def _noise(told: Mapping[str, Any] | None) -> dict[str, GradientNoise] | None:
    return {name: GradientNoise(**each) for name, each in told.items()} if told else None


def _tensors(message: Message) -> dict[str, Tensor]:
    """The arrays of a message, by their names."""
    return load(message.arrays) if message.arrays else {}


def _part(tensors: Mapping[str, Tensor], start: str) -> dict[str, Tensor]:
    """The arrays whose names begin so, without that beginning."""
    found = tensors.items()
    return {name.removeprefix(start): each for name, each in found if name.startswith(start)}
