"""Draws from the posterior of a logistic regression by Metropolis' rule, for tests alone.

Independent of variational inference: proposals from a wide Student t around Laplace's bell, each
taken or refused by the exact ratio of densities.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.lab.doubly_stochastic.bell import Bell, FixedPrior
from vae_core.lab.doubly_stochastic.beside import laplace, log_posterior

HEAVY = 8.0
BATCHES = 50


def posterior_draws(prior: FixedPrior, x: Tensor, sign: Tensor, count: int, seed: int) -> Tensor:
    """A chain of `count` draws of the weights: (S, D)."""
    around: Bell = laplace(prior, x, sign)
    gen = torch.Generator().manual_seed(seed)
    size = len(around.loc)
    normal = torch.randn(count, size, dtype=torch.float64, generator=gen)
    uniform = torch.rand(2, count, int(HEAVY // 2), dtype=torch.float64, generator=gen)
    # chi-squared with an even number of degrees of freedom is a sum of exponentials
    stretch = (HEAVY / (-2.0 * uniform[0].log()).sum(1)).sqrt().unsqueeze(1)
    steps = normal * stretch
    proposed = around.loc + steps @ around.chol.T
    density = -0.5 * (HEAVY + size) * (steps.square().sum(1) / HEAVY).log1p()
    target = torch.cat([log_posterior(w, prior, x, sign) for w in proposed.split(20_000)])
    ratio, chance = (target - density).tolist(), uniform[1, :, 0].log().tolist()
    kept, at = [], 0
    for number in range(count):
        if chance[number] < ratio[number] - ratio[at]:
            at = number
        kept.append(at)
    return proposed[kept]


def moments(draws: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean (D,) and covariance (D, D), each with its standard error by batch means."""
    parts = draws.view(BATCHES, -1, draws.shape[1])
    means = parts.mean(1)
    off = parts - draws.mean(0)
    products = torch.einsum("bsi,bsj->bij", off, off) / off.shape[1]
    root = BATCHES**0.5
    return means.mean(0), means.std(0) / root, products.mean(0), products.std(0) / root
