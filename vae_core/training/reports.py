"""What a training tells on its way: a `Progress` every few steps, or that it has blown up."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings
from vae_core.training.evaluate import Bound, Views
from vae_core.training.gradient_noise import GradientNoise

WORST_ELBO = -1e6

State = Literal["running", "finished", "stopped"]


@dataclass(frozen=True)
class Progress:
    """How a run stands after `step` steps.

    Attributes:
        step: updates made so far.
        epoch: passes over the training images so far, a fraction between two.
        images: training images seen so far, repeats counted.
        seconds: time spent on training and judging; pauses do not count.
        images_per_second: training speed since the last report; judging does not count.
        fraction: share of the planned run that is done, 0 to 1.
        settings: what the last step used; it may change while a run goes on.
        train: mean over the minibatches since the last report, as they were met.
        test: on held-out images; None at most reports.
        kl_per_dimension: (D,) held-out KL of each latent dimension, or None with `test`.
        views: pictures, or None with `test`.
        gradient_noise: signal and variance of each estimator's gradient in the encoder weights,
            all at the present weights and on the same minibatch; None at most reports.
        beta: weight of the KL at the next step; below `settings.beta` while the KL warms up.
        checkpoint: everything that is needed to go on from here, or None.
        state: "running", or the last report's "finished" or "stopped".
    """

    step: int
    epoch: float
    images: int
    seconds: float
    images_per_second: float
    fraction: float
    settings: Settings
    train: Bound
    test: Bound | None = None
    kl_per_dimension: np.ndarray | None = None
    views: Views | None = None
    gradient_noise: dict[str, GradientNoise] | None = None
    beta: float = 1.0
    checkpoint: Checkpoint | None = None
    state: State = "running"


@dataclass(frozen=True)
class Diverged:
    """A run that blew up: the last thing that `train` yields, in place of a `Progress`.

    Attributes:
        step: the step at which it was seen.
        term: what blew up, "reconstruction" or "KL".
        value: its mean over the images in nats, which may be infinite or not a number.
        settings: what that step used.
    """

    step: int
    term: Literal["reconstruction", "KL"]
    value: float
    settings: Settings

    @property
    def explanation(self) -> str:
        """What happened and what to do about it, in one or two sentences."""
        size = (
            f"reached {self.value:.3g} nats"
            if math.isfinite(self.value)
            else "became infinite or no number"
        )
        rate, usual = self.settings.learning_rate, Settings.learning_rate
        works = f"{usual:g} is usual" if rate > usual else f"say {rate / 10:g}"
        return (
            f"At step {self.step} the {self.term} term {size}: the steps were too large for "
            f"the gradient. Try a learning rate below {rate:g} ({works}), more "
            "samples K, or an estimator with less noise."
        )


class BlowUpError(Exception):
    """Carries the end of a run that diverged out of the step in which it was seen."""

    def __init__(self, diverged: Diverged) -> None:
        super().__init__(diverged.explanation)
        self.diverged = diverged


def refuse_blow_up(step: int, reconstruction: float, kl: float, settings: Settings) -> None:
    """Raise BlowUpError where a term is no number any more, or beyond every useful size."""
    if reconstruction - kl > WORST_ELBO:
        return
    if math.isfinite(kl) and not reconstruction > -kl:
        raise BlowUpError(Diverged(step, "reconstruction", reconstruction, settings))
    raise BlowUpError(Diverged(step, "KL", kl, settings))
