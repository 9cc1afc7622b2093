"""What a climbed bell is held against: the posterior, the best bell by the exact bound, Laplace's.

Laplace's approximation is a bell at the weights of the highest posterior density (maximum a
posteriori), as wide as the curvature there says.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from vae_core.lab.doubly_stochastic.bell import Bell, FixedPrior, Prior, bound
from vae_core.lab.doubly_stochastic.climb import Factor
from vae_core.lab.experiment import chunk_generator

NEWTON_STEPS, STANDS = 100, 1e-10
ROUNDS = 40
DRAWS, HEAVY = 20_000, 8.0


def log_posterior(w: Tensor, prior: FixedPrior, x: Tensor, sign: Tensor) -> Tensor:
    """log p(y, w) of weights in nats, the prior's constant included: (S, D) -> (S,)."""
    variance = prior.variance(Bell(w[0], torch.eye(w.shape[1], dtype=w.dtype)))
    weighed = -0.5 * (w.square() / variance + (2.0 * torch.pi * variance).log()).sum(1)
    return functional.logsigmoid(sign * (w @ x.T)).sum(1) + weighed


class Posterior(NamedTuple):
    """Moments of the posterior, by importance sampling.

    Attributes:
        loc, covariance: of the weights, (D,) and (D, D).
        evidence: log p(y) in nats.
        even: effective sample size over the number of draws; near 1, all draws count alike.
    """

    loc: Tensor
    covariance: Tensor
    evidence: float
    even: float


def posterior(
    prior: FixedPrior, x: Tensor, sign: Tensor, draws: int = DRAWS, seed: int = 0
) -> Posterior:
    """The posterior's moments, from draws of a Student t around Laplace's bell: (N, D), (N,)."""
    around, gen = laplace(prior, x, sign), chunk_generator(seed, 0)
    size = len(around.loc)
    normal = torch.randn(draws, size, dtype=torch.float64, generator=gen)
    squares = torch.randn(draws, int(HEAVY), dtype=torch.float64, generator=gen).square().sum(1)
    steps = normal * (HEAVY / squares).sqrt().unsqueeze(1)
    w = around.loc + steps @ around.chol.T
    # Of a multivariate Student t with HEAVY degrees of freedom, stretched by C.
    log_constant = math.lgamma((HEAVY + size) / 2) - math.lgamma(HEAVY / 2)
    log_constant -= 0.5 * size * math.log(HEAVY * math.pi)
    proposed = log_constant - 0.5 * (HEAVY + size) * (steps.square().sum(1) / HEAVY).log1p()
    proposed -= around.chol.diagonal().log().sum()
    log_weights = log_posterior(w, prior, x, sign) - proposed
    weights = log_weights.softmax(0)
    loc = weights @ w
    covariance = ((w - loc) * weights.unsqueeze(1)).T @ (w - loc)
    evidence = float(log_weights.logsumexp(0)) - math.log(draws)
    return Posterior(loc, covariance, evidence, 1.0 / draws / float(weights.square().sum()))


def laplace(prior: FixedPrior, x: Tensor, sign: Tensor) -> Bell:
    """Laplace's bell, by Newton's method with halved steps: (N, D), (N,)."""
    w = torch.zeros(x.shape[1], dtype=torch.float64)
    precision = 1.0 / prior.variance(Bell(w, torch.eye(len(w), dtype=torch.float64)))
    for _ in range(NEWTON_STEPS):
        slope = x.T @ (sign * torch.sigmoid(-sign * (x @ w))) - precision * w
        curvature = _curvature(w, x, precision)
        way, share = torch.linalg.solve(curvature, slope), 1.0
        here = log_posterior(w.unsqueeze(0), prior, x, sign)
        while log_posterior((w + share * way).unsqueeze(0), prior, x, sign) < here:
            share /= 2.0
            if share < 1e-6:
                break
        w = w + share * way
        if float(way.abs().max()) < STANDS:
            break
    return Bell(w, torch.linalg.cholesky(torch.linalg.inv(_curvature(w, x, precision))))


def _curvature(w: Tensor, x: Tensor, precision: Tensor) -> Tensor:
    p = torch.sigmoid(x @ w)
    return (x * (p * (1.0 - p)).unsqueeze(1)).T @ x + torch.diag(precision)


def best_bell(shape: str, prior: Prior, x: Tensor, sign: Tensor) -> Bell:
    """The bell of the highest exact bound, by L-BFGS from the climb's start, without chance."""
    factor = Factor(x.shape[1], shape)
    for free in factor.free:
        free.requires_grad_()
    search = torch.optim.LBFGS(
        factor.free, max_iter=50, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        search.zero_grad()
        value = -bound(factor.bell(), prior, x, sign)
        value.backward()
        return value

    before = torch.inf
    for _ in range(ROUNDS):
        now = float(search.step(loss).detach())
        if before - now < 1e-10:
            break
        before = now
    found = factor.bell()
    return Bell(found.loc.detach(), found.chol.detach())
