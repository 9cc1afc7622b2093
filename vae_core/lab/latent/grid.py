"""p(x) for many x at once, p(z|x) by Bayes, and draws: all of z on one even grid.

The rule of rectangles over z, which converges fast for a smooth integrand that falls off at both
ends (Trefethen & Weideman 2014). Every sum is taken with all points and with every other one; what
the two differ by, and the prior's mass beyond the ends, is the error that is told.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI
from vae_core.families.quadrature import ROUNDING
from vae_core.lab.latent.model import PRIOR, LatentModel

REACH, STEP = 7.0, 1.0 / 64.0
BEYOND = math.erfc(REACH / math.sqrt(2.0))  # the prior's mass there


class Marginal(NamedTuple):
    """p(x) at many x, (X,), and how far each may be off, (X,)."""

    density: Tensor
    error: Tensor


class Posterior(NamedTuple):
    """p(z|x) at one x over the grid, (N,) each, and log p(x) in nats.

    Attributes:
        error: how far log p(x) may be off.
    """

    z: Tensor
    density: Tensor
    log_evidence: float
    error: float


@functools.cache
def even_grid() -> Tensor:
    """The grid of z, (N,) float64, with 0 in the middle."""
    count = round(REACH / STEP)
    return STEP * torch.arange(-count, count + 1, dtype=torch.float64)


@functools.cache
def _weights() -> Tensor:
    """Weights of E over the prior, with all points and with every other one: (N, 2)."""
    fine = STEP * PRIOR.log_density(even_grid()).exp()
    coarse = 2.0 * fine
    coarse[1::2] = 0.0
    return torch.stack((fine, coarse), dim=1)


def curve_on_grid(model: LatentModel) -> Tensor:
    """The decoder curve over the grid, (N,), kept for all models that differ in noise alone."""
    return _kept_curve(replace(model, noise=1.0))


@functools.lru_cache(maxsize=64)
def _kept_curve(model: LatentModel) -> Tensor:
    found: Tensor = model.decode(even_grid())
    return found


def marginal(model: LatentModel, x: Tensor) -> Marginal:
    """p(x) at every x, (X,): the mean of p(x|z) over the prior.

    >>> from vae_core.lab.latent import ConjugateGaussian
    >>> found = marginal(ConjugateGaussian(noise=0.75), torch.tensor([2.5], dtype=torch.float64))
    >>> round(found.density.log().item(), 4)
    -3.1421
    """
    top = math.exp(-LOG_SQRT_2PI) / model.noise
    off = (x.unsqueeze(1) - curve_on_grid(model)).mul_(1.0 / model.noise)
    fine, coarse = (off.square_().mul_(-0.5).exp_() @ _weights()).mul_(top).unbind(1)
    return Marginal(fine, (fine - coarse).abs() + top * BEYOND + 8.0 * ROUNDING * fine)


def posterior_on_grid(model: LatentModel, x: float) -> Posterior:
    """p(z|x) by Bayes: prior times likelihood, divided by its sum.

    >>> from vae_core.lab.latent import Parabola
    >>> found = posterior_on_grid(Parabola(noise=0.75), 2.5)
    >>> round(float(found.density.sum()) * STEP, 9)
    1.0
    """
    z = even_grid()
    off = (x - curve_on_grid(model)) / model.noise
    log_joint = PRIOR.log_density(z) - 0.5 * off * off - (math.log(model.noise) + LOG_SQRT_2PI)
    fine = float(log_joint.logsumexp(0)) + math.log(STEP)
    coarse = float(log_joint[::2].logsumexp(0)) + math.log(2.0 * STEP)
    at_most = -LOG_SQRT_2PI - math.log(model.noise) + math.log(BEYOND)
    error = abs(fine - coarse) + math.exp(min(0.0, at_most - fine)) + 8.0 * ROUNDING * abs(fine)
    return Posterior(z, (log_joint - fine).exp(), fine, error)


def draw(model: LatentModel, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """z from the prior, then x from p(x|z): (count,) each.

    The same seed and count give the same z and the same noise for every curve.
    """
    eps = torch.randn(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    z, noise = eps.unbind(1)
    return z, model.decode(z) + model.noise * noise
