"""What a server and its workers tell each other: JSON for the words, safetensors for the arrays.

A message is a line of JSON, which says how many bytes of safetensors follow it. Nothing is
pickled, so a message can do no more than say what stands here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load, save
from torch import Tensor

from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound, Views
from vae_core.training.gradient_noise import GradientNoise
from vae_core.training.reports import Diverged, Progress


class Source(Protocol):
    """Where messages come from."""

    def readline(self) -> bytes:
        """A line with its end, or less where it breaks off."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or less where it breaks off."""


class Sink(Protocol):
    """Where messages go."""

    def write(self, data: memoryview, /) -> int | None:
        """Take some of the bytes, and say how many."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        kind: to a worker "train", "settings" (None ends the training at a snapshot) or "threads";
            from a worker "progress", "diverged", and "end" after the last report.
        values: plain values.
        tensors: arrays.
    """

    kind: str
    values: Any = None
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


def write(sink: Sink, message: Message) -> None:
    """Send a message. Raises OSError where nobody hears it any more."""
    blob = save(dict(message.tensors)) if message.tensors else b""
    line = json.dumps([message.kind, message.values, len(blob)]).encode()
    for part in (line + b"\n", blob):
        rest = memoryview(part)
        while rest:
            rest = rest[sink.write(rest) or 0 :]


def read(source: Source) -> Message | None:
    """The next message; None where there is none any more, or it breaks off."""
    line = source.readline()
    if not line.endswith(b"\n"):
        return None
    kind, values, size = json.loads(line)
    blob = source.read(size) if size else b""
    if len(blob) < size:
        return None
    return Message(kind, values, load(blob) if size else {})


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
    return Message("train", values, resume.tensors if resume else {})


def task_of(message: Message) -> tuple[TrainConfig, Checkpoint | None, Path | None]:
    """What `of_task` was given."""
    values = message.values
    resume = _checkpoint(values["resume"], dict(message.tensors))
    return TrainConfig(**values["config"]), resume, values["snapshot"] and Path(values["snapshot"])


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
    return Message("progress", values, tensors)


def report_of(message: Message) -> Progress | Diverged:
    """The report that `of_report` was given, to the last digit."""
    values = message.values
    if message.kind == "diverged":
        return Diverged(**values | {"settings": Settings(**values["settings"])})
    views: dict[str, Any] = {name: each.numpy() for name, each in _part(message, _VIEWS).items()}
    kl = message.tensors.get(_KL)
    return Progress(
        **{name: values[name] for name in _PLAIN},
        settings=Settings(**values["settings"]),
        train=Bound(**values["train"]),
        test=values["test"] and Bound(**values["test"]),
        kl_per_dimension=None if kl is None else kl.numpy(),
        views=Views(**{"latent_means": None} | views) if views else None,
        gradient_noise=_noise(values["noise"]),
        checkpoint=_checkpoint(values["checkpoint"], _part(message, _SNAPSHOT)),
    )


def _noise(told: Mapping[str, Any] | None) -> dict[str, GradientNoise] | None:
    return {name: GradientNoise(**each) for name, each in told.items()} if told else None


def _part(message: Message, start: str) -> dict[str, Tensor]:
    """The arrays whose names begin so, without that beginning."""
    found = message.tensors.items()
    return {name.removeprefix(start): each for name, each in found if name.startswith(start)}
