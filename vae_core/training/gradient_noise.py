"""How noisy each estimator's gradient is on a model in training, measured beside the training."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.estimators import ESTIMATORS, Estimator
from vae_core.training.config import Settings, TrainConfig, trainable
from vae_core.training.evaluate import spread
from vae_core.vae.data import as_unit, binarize, mix_seeds
from vae_core.vae.model import VAE
from vae_core.vae.objective import elbo

IMAGES = 20
REPEATS = 6
STREAM = 3


@dataclass(frozen=True)
class GradientNoise:
    """Signal and noise of an estimator's gradient in the encoder weights phi.

    Attributes:
        signal: squared length of the gradient's mean, less the share that noise adds to it.
        variance: of one estimate, summed over all encoder weights.
    """

    signal: float
    variance: float


def gradient_noise(
    x: Tensor,
    model: VAE,
    estimator: Estimator,
    k: int,
    repeats: int,
    gen: torch.Generator,
    beta: float = 1.0,
) -> GradientNoise:
    """Measure an estimator's gradient of the mean ELBO on one minibatch and the present weights.

    Args:
        x: images in [0, 1], (B, 784).
        repeats: independent estimates, at least 2.
        beta: weight of the KL, see `elbo`.
    """
    weights = list(model.encoder.parameters())
    mean = [torch.zeros_like(w) for w in weights]
    squares = 0.0
    for count in range(1, repeats + 1):
        draw = torch.autograd.grad(elbo(x, model, estimator, k, gen, beta).elbo.mean(), weights)
        shifts = [g - m for g, m in zip(draw, mean, strict=True)]
        mean = [m + shift / count for m, shift in zip(mean, shifts, strict=True)]
        squares += sum(float(s.square().sum()) for s in shifts) * (1.0 - 1.0 / count)
    variance = squares / (repeats - 1)
    length = sum(float(m.square().sum()) for m in mean)
    return GradientNoise(length - variance / repeats, variance)


class GradientProbe:
    """Measures every estimator that trains a VAE on one minibatch, within a share of the time.

    Its noise comes from a generator of its own, which only the run's seed and the step decide: a
    measurement can be repeated, and the run takes the same course whether it is made or not.

    Args:
        config: the run.
        images: (N, 784) bytes; the minibatch is spread over them.
        share: of the time that may be spent; 0 for none.
    """

    def __init__(self, config: TrainConfig, images: Tensor, share: float) -> None:
        self.config = config
        self.images = spread(images, IMAGES)
        self.share = share
        self.spent = 0.0
        self.last: float | None = None

    def is_due(self, seconds: float, seconds_per_step: float) -> bool:
        """Whether a measurement keeps within the share of the time since the run was begun.

        It is taken to last as long as the one before; the first one, which no clock has seen yet,
        as long as a whole step for each of its estimates.
        """
        expected = self.last
        if expected is None:
            names = trainable(self.config.posterior)
            expected = len(names) * REPEATS * seconds_per_step
        return 0.0 < self.spent + expected <= self.share * seconds

    def measure(
        self, model: VAE, settings: Settings, beta: float, step: int
    ) -> dict[str, GradientNoise]:
        """Signal and variance of each estimator's gradient at the present weights.

        All see the same minibatch, with the run's K or as many samples as they need at least.
        """
        started = time.perf_counter()
        found = {}
        x = as_unit(self.images)
        if self.config.targets == "binary":
            x = binarize(x, self._generator(step))
        for name in trainable(self.config.posterior):
            entry = ESTIMATORS[name]
            k = max(settings.samples, entry.min_samples)
            found[name] = gradient_noise(x, model, entry, k, REPEATS, self._generator(step), beta)
        self.last = time.perf_counter() - started
        self.spent += self.last
        return found

    def _generator(self, step: int) -> torch.Generator:
        return torch.Generator().manual_seed(mix_seeds(self.config.seed, STREAM, step))
