"""One pass of the encoder against gradient steps for each image: what it saves, and what it costs.

The bound that the encoder loses against the best Gaussian of each image is the amortization gap
(Cremer, Li & Duvenaud 2018).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import Normal
from vae_core.vae.model import VAE
from vae_core.vae.posterior.bound import QUICK, measured_elbo
from vae_core.vae.posterior.fit import climb

STEPS, NODES = 20, 8


@dataclass(frozen=True)
class Comparison:
    """What has been measured so far.

    Attributes:
        gaps: for each image the ELBO after its own gradient steps less that of the encoder, nats.
        encoder_seconds: time that the encoder took for all of them.
        fit_seconds: time that the gradient steps took.
    """

    gaps: tuple[float, ...] = ()
    encoder_seconds: float = 0.0
    fit_seconds: float = 0.0

    @property
    def mean(self) -> float:
        """Mean gap in nats an image."""
        return math.fsum(self.gaps) / len(self.gaps)

    @property
    def standard_error(self) -> float:
        """Of the mean, in nats; infinite for a single image."""
        count = len(self.gaps)
        if count < 2:
            return math.inf
        squares = math.fsum((gap - self.mean) ** 2 for gap in self.gaps)
        return math.sqrt(squares / (count - 1) / count)

    @property
    def ratio(self) -> float:
        """How many times as long the gradient steps take."""
        return self.fit_seconds / self.encoder_seconds


def compare(model: VAE, x: Tensor, before: Comparison | None = None) -> Comparison:
    """Measure some more images (N, 784); the gradient steps start from what the encoder predicts.

    Args:
        model: a VAE whose z has two dimensions.
        before: what was measured of other images.
    """
    before = before or Comparison()
    started = time.perf_counter()
    with torch.no_grad():
        predicted = model.diagonal_q(x)
    encoded = time.perf_counter()
    locs, scales = climb(model, x, predicted, STEPS, NODES)
    fitted = time.perf_counter()
    gaps = [
        _bound(model, image, locs[-1, i], scales[-1, i])
        - _bound(model, image, predicted.loc[i], predicted.scale[i])
        for i, image in enumerate(x)
    ]
    return Comparison(
        (*before.gaps, *gaps),
        before.encoder_seconds + encoded - started,
        before.fit_seconds + fitted - encoded,
    )


def _bound(model: VAE, x: Tensor, loc: Tensor, scale: Tensor) -> float:
    return measured_elbo(model, x, Normal(loc, scale), QUICK)[0]
