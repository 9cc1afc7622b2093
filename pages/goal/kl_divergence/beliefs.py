"""The two beliefs of the page, q and p, as the sliders set them; their draws, and where z runs."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vae_core.families import Normal
from vae_core.families.divergence import Hills

REACH, POINTS = 7.2, 97
GRID = torch.linspace(-REACH, REACH, POINTS, dtype=torch.float64)
Z = GRID.numpy()
DRAWS = (*range(1, 11), *range(20, 101, 10), *range(200, 1001, 100))
MOST = DRAWS[-1]


@lru_cache(maxsize=1024)
def bell(mu: float, sigma: float) -> Normal:
    """N(mu, sigma^2) in float64."""
    return Normal(*torch.tensor([mu, sigma], dtype=torch.float64))


@lru_cache(maxsize=1024)
def hills(centre: float, width: float, gap: float, share: float) -> Hills:
    """Two hills around a centre, `gap` apart; without a gap, a bell."""
    given = [centre - gap / 2.0, centre + gap / 2.0, width, share]
    return Hills(*torch.tensor(given, dtype=torch.float64))


@lru_cache(maxsize=1024)
def log_bell(mu: float, sigma: float) -> Tensor:
    """log q over the grid of z."""
    return log_density(bell(mu, sigma), GRID)


@lru_cache(maxsize=1024)
def log_hills(centre: float, width: float, gap: float, share: float) -> Tensor:
    """log p over the grid of z."""
    return hills(centre, width, gap, share).log_prob(GRID)


def log_density(q: Normal, z: Tensor) -> Tensor:
    """log q(z), elementwise."""
    return q.log_prob(z[:, None])


def terms(log_mine: Tensor, log_other: Tensor, *, lifted: bool) -> np.ndarray:
    """The integrand mine log(mine / other) over the grid.

    Args:
        log_mine, log_other: both log densities.
        lifted: with other - mine added, which has no area; the sum is negative nowhere.
    """
    mine, other = log_mine.exp(), log_other.exp()
    found = mine * (log_mine - log_other)
    return (found + (other - mine) if lifted else found).numpy()


@lru_cache(maxsize=16)
def noise(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Noise that knows no parameter: q's eps, p's choice of hill and eps, (MOST,) each."""
    gen = torch.Generator().manual_seed(seed)
    eps_q, eps_p = torch.randn((2, MOST), generator=gen, dtype=torch.float64)
    return eps_q, torch.rand(MOST, generator=gen, dtype=torch.float64), eps_p
