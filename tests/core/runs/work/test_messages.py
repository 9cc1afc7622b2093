"""What goes through the pipes: every field comes out as it went in, and half a message is none."""

from __future__ import annotations

import io
import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.support.stage import CONFIG, Stage
from vae_core.runs.work import messages, wire
from vae_core.runs.work.wire import Message
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.gradient_noise import GradientNoise
from vae_core.training.train import Diverged, Progress

SNAPSHOT = Checkpoint(
    7,
    0.1 + 0.2,
    {
        "encoder.0.weight": torch.randn(3, 5, generator=torch.Generator().manual_seed(0)),
        "optimizer.0.step": torch.tensor(7.0),
        "noise": torch.Generator().manual_seed(1).get_state(),
    },
)


class Trickle(io.BytesIO):
    """Takes a few bytes at a time, as a pipe does when it is full."""

    def write(self, data) -> int:
        return super().write(data[:1000])


def through(*sent: Message) -> list[Message]:
    pipe = Trickle()
    for message in sent:
        wire.write(pipe, message)
    pipe.seek(0)
    return list(iter(lambda: wire.read(pipe), None))


def same(a: object, b: object) -> bool:
    """The same values to the last digit, arrays of the same type included."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple):
        return isinstance(b, tuple) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        names = [each.name for each in fields(a)]
        return type(a) is type(b) and all(same(getattr(a, n), getattr(b, n)) for n in names)
    return type(a) is type(b) and a == b


STAGED = Stage.report(CONFIG, 3, "running")
FULL = replace(
    STAGED,
    views=replace(STAGED.views, samples=STAGED.views.samples / 3),
    checkpoint=SNAPSHOT,
    gradient_noise={"score": GradientNoise(1 / 3, math.inf)},
    beta=0.1,
    settings=Settings("score_loo", 4, 1 / 3, 0.7),
)
PLANE = np.arange(6, dtype=np.float32).reshape(3, 2) / 7


@pytest.mark.parametrize(
    "report",
    [
        FULL,
        replace(FULL, views=replace(FULL.views, latent_means=PLANE)),
        replace(FULL, test=None, views=None, kl_per_dimension=None, checkpoint=None),
        replace(FULL, gradient_noise=None, state="finished"),
        Diverged(3, "KL", math.inf, CONFIG.settings),
    ],
)
def test_a_report_comes_out_as_it_went_in(report: Progress | Diverged) -> None:
    (heard,) = through(messages.of_report(report))
    assert same(report, messages.report_of(heard))


@pytest.mark.parametrize("resume", [None, SNAPSHOT])
def test_so_does_a_training_to_do(resume, tmp_path) -> None:
    config = TrainConfig("score_loo", 4, 1 / 3, objective="elbo", warm_up=0.3, seed=2**31 - 1)
    for snapshot in (None, tmp_path / "ü" / "snapshot.safetensors"):
        (heard,) = through(messages.of_task(config, resume, snapshot))
        assert same((config, resume), messages.task_of(heard))
        assert snapshot == messages.snapshot_of(heard)


def test_and_so_do_orders() -> None:
    orders = [Settings("score", 3, 1 / 3, 2.0), None]
    told = [replace(messages.of_settings(order), number=7) for order in orders]
    assert [messages.settings_of(heard) for heard in through(*told)] == orders
    assert [heard.number for heard in through(*told)] == [7, 7]


def test_half_a_message_is_none() -> None:
    pipe = io.BytesIO()
    wire.write(pipe, messages.of_report(FULL))
    whole = pipe.getvalue()
    for length in (0, 1, 10, whole.index(b"\n"), whole.index(b"\n") + 1, len(whole) - 1):
        assert wire.read(io.BytesIO(whole[:length])) is None
    assert wire.read(io.BytesIO(whole)) is not None
