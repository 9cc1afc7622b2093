"""The cost of the page, z^2, under q = N(mu, 1); and what the core's estimators say of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.lab.experiment import Experiment, chunk_generator, estimates

MOST_DRAWS = 1_000
SIGMA = 1.0


def bell(mu: float) -> Normal:
    """q = N(mu, 1) in one dimension, float64."""
    loc, scale = (torch.tensor([[value]], dtype=torch.float64) for value in (mu, SIGMA))
    return Normal(loc, scale)


def square(z: Tensor) -> Tensor:
    """The cost z^2: (K, B, 1) to (K, B)."""
    return z.squeeze(-1) ** 2


def cost_with(c: float) -> Callable[[Tensor, Normal], Tensor]:
    """The cost z^2 + c mu, which knows mu itself where c is not zero."""

    def cost(z: Tensor, q: Normal) -> Tensor:
        return square(z) + c * q.loc.squeeze(-1) if c else square(z)

    return cost


def _experiment(name: str, mu: float, seed: int) -> Experiment:
    return Experiment("square", name, mu, SIGMA, replicates=MOST_DRAWS, seed=seed)


@lru_cache(maxsize=1024)
def draws(name: str, mu: float, seed: int) -> np.ndarray:
    """What each of MOST_DRAWS single draws says of the gradient in mu, by one estimator.

    The same seed is the same base noise whichever estimator and mu.
    """
    said = estimates(_experiment(name, mu, seed)).gradient["loc"]
    said.setflags(write=False)
    return said


@lru_cache(maxsize=32)
def base_noise(seed: int) -> np.ndarray:
    """The eps behind these draws, (MOST_DRAWS,)."""
    experiment = _experiment("naive", 0.0, seed)
    eps = experiment.base_noise(MOST_DRAWS, chunk_generator(seed, 0))[0, :, 0]
    eps.setflags(write=False)
    return eps


@lru_cache(maxsize=1024)
def naive(mu: float, c: float) -> float:
    """What the naive estimator reports of z^2 + c mu: its gradient in mu, 0 where there is none."""
    q = Normal(bell(mu).loc.requires_grad_(), bell(mu).scale)
    cost = cost_with(c)
    generator = torch.Generator().manual_seed(0)
    values = ESTIMATORS["naive"](lambda z: cost(z, q), q, MOST_DRAWS, generator)
    return reported(values.mean(), q.loc)


def reported(value: Tensor, parameter: Tensor) -> float:
    """The gradient of a number in a parameter, 0 where nothing leads back to it."""
    if not value.requires_grad:
        return 0.0
    return torch.autograd.grad(value, parameter)[0].item()
