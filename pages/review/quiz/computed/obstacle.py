"""Computed questions about the obstacle: averages of draws, and gradients that do not arrive."""

from __future__ import annotations

import math
from random import Random

import torch
from torch import Tensor

from pages.review.quiz.computed.registry import Drawn, computed, pick
from vae_core.families import Normal
from vae_core.families.leibniz import by_change_of_variables, moving_support, through_cost
from vae_core.families.monte_carlo import log_mean_of_squares, mean_of_squares


def one_bell(mu: float, sigma: float = 1.0) -> Normal:
    """N(mu, sigma^2) with parameters of shape (1, 1), leaves in float64."""
    loc, scale = (torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (mu, sigma))
    return Normal(loc, scale)


def square(z: Tensor) -> Tensor:
    """z^2, of samples (K, 1, 1)."""
    return z.squeeze(-1).square()


def sample(q: Normal, samples: int, seed: int) -> list[float]:
    """The draws of z that a seed makes."""
    eps = q.base(samples, torch.Generator().manual_seed(seed))
    return [float(z) for z in q.detach().transform(eps).flatten()]


@computed
def standard_error(chance: Random) -> Drawn:
    """sqrt(2 / K) for the mean of z^2; wrong: its square, over K, the spread of z^2 forgotten."""
    samples = chance.choice((10, 20, 30, 40, 50, 60, 80, 100))
    law = mean_of_squares(samples)
    one = mean_of_squares(1)
    return Drawn(
        {"k": samples},
        {
            "root": law.deviation,
            "variance": law.deviation**2,
            "over_k": one.deviation / samples,
            "unit": 1.0 / math.sqrt(samples),
        },
        digits=3,
    )


@computed
def log_of_a_mean(chance: Random) -> Drawn:
    """E[log of a mean of K squares]; wrong: log of the mean, the sign, no log."""
    samples = chance.choice((2, 3, 4, 5, 6, 8))
    found, mean = log_mean_of_squares(samples).mean, mean_of_squares(samples).mean
    return Drawn(
        {"k": samples},
        {
            "below": found,
            "unbiased": math.log(mean),
            "above": -found,
            "no_log": mean,
        },
    )


@computed
def naive_gradient(chance: Random) -> Drawn:
    """What reaches mu of f = z^2 + c mu where z was drawn; wrong: the truth, the path, nothing."""
    mu, c = pick(chance, 0.5, 2.0, 0.1), pick(chance, 0.5, 2.0, 0.1)
    eps = pick(chance, -1.5, 1.5, 0.1)
    q = one_bell(mu)
    seen = through_cost(lambda z, at: square(z) + c * at.loc.squeeze(-1), q)["loc"]
    z = mu + eps  # in hundredths, as it is written
    return Drawn(
        {"mu": mu, "c": c, "z": round(z, 2)},
        {
            "toll": seen,
            "truth": by_change_of_variables(square, q)["loc"] + seen,
            "path": 2.0 * z + seen,
            "nothing": 0.0,
        },
    )


@computed
def moving_end(chance: Random) -> Drawn:
    """d/d theta of E[z^2], z uniform on [0, theta]; wrong: either term alone, and the mean."""
    theta = pick(chance, 0.75, 3.0, 0.25)
    parts = moving_support(square, theta)
    return Drawn(
        {"theta": theta},
        {
            "both": parts.total,
            "inside": parts.interior,
            "end": parts.boundary,
            "mean": theta**2 / 3.0,
        },
    )


@computed
def log_derivative(chance: Random) -> Drawn:
    """z^2 (z - mu) / sigma^2 for one draw; wrong: the sign, sigma for its square, the path."""
    mu = pick(chance, -2.0, 2.0, 0.1)
    sigma = chance.choice((0.4, 0.5, 0.6, 0.7, 0.8, 1.25, 1.5, 1.6, 1.75, 2.0))
    seed = chance.randrange(10_000)
    q = one_bell(mu, sigma)
    z = round(sample(q, 1, seed)[0], 2)
    score = q.scores(torch.tensor([[[z]]], dtype=torch.float64))["loc"].item()
    return Drawn(
        {"mu": mu, "sigma": sigma, "z": z, "f": f"{z * z:.4f}"},
        {
            "weighed": z * z * score,
            "sign": -z * z * score,
            "deviation": z * z * score * sigma,
            "path": 2.0 * z,
        },
    )
