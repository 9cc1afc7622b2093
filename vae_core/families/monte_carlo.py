"""An expectation as an average: what draws say, and what is exactly true of what they say.

E_q[f(z)] is estimated by the mean of f over K draws from q. The mean is unbiased and its error goes
as 1 / sqrt(K); the log of a mean is biased; draws from another density count by their weights.
Overview: Owen, Monte Carlo Theory, Methods and Examples, 2013, chapters 2 and 9.

Here z has one dimension. What is exact stands in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

LARGEST_EXPONENT = 700.0  # of e, in float64


class Running(NamedTuple):
    """Means of the first 1, 2, ... K values, and their standard errors, (K,) each."""

    mean: Tensor
    error: Tensor


def running(values: Tensor) -> Running:
    """The mean of the first k values and its standard error s / sqrt(k), for each k up to K.

    s is the deviation of these k values (divided by k - 1), so the first error is NaN.

    Args:
        values: (K,), one of each draw.

    >>> now = running(torch.tensor([1.0, 3.0, 5.0]))
    >>> now.mean
    tensor([1., 2., 3.])
    >>> now.error
    tensor([   nan, 1.0000, 1.1547])
    """
    count = torch.arange(1, len(values) + 1, dtype=values.dtype)
    off = values - values[0]  # so that a large common part costs no digits
    mean = off.cumsum(0) / count
    squares = (off.square().cumsum(0) - count * mean.square()).clamp(min=0.0)
    return Running(values[0] + mean, (squares / (count - 1.0) / count).sqrt())


class Law(NamedTuple):
    """Mean and standard deviation of an estimate, over all draws that there might be."""

    mean: float
    deviation: float


def mean_of_squares(samples: int) -> Law:
    """The mean of z^2 over K draws of a standard normal: a chi-squared variable over K.

    >>> mean_of_squares(8)
    Law(mean=1.0, deviation=0.5)
    """
    return Law(1.0, math.sqrt(2.0 / samples))


def log_mean_of_squares(samples: int) -> Law:
    """The log of that mean, in nats, which aims at log 1 = 0 and falls short (Jensen 1906).

    Its mean is digamma(K / 2) - log(K / 2), about -1 / K; its variance is trigamma(K / 2).

    >>> round(log_mean_of_squares(1).mean, 4), round(log_mean_of_squares(100).mean, 4)
    (-1.2704, -0.01)
    """
    half = torch.tensor(samples / 2.0, dtype=torch.float64)
    mean = torch.special.digamma(half) - half.log()
    return Law(mean.item(), torch.special.polygamma(1, half).sqrt().item())


class Weighted(NamedTuple):
    """What K weighted draws say.

    Attributes:
        estimate: the mean of w f, unbiased; error: its standard error.
        normalized: the sum of w f over the sum of w, consistent and biased; it needs the weights
            only up to a common factor. normalized_error: its standard error by the delta method.
        effective: effective sample size, (sum of w)^2 / sum of w^2, from 1 to K.
        largest: share of the largest weight in the sum of all, from 1 / K to 1.
    """

    estimate: float
    error: float
    normalized: float
    normalized_error: float
    effective: float
    largest: float


def weigh(log_weights: Tensor, values: Tensor) -> Weighted:
    """Estimates of E_p[f] from draws of q, each with its weight w = p / q.

    Effective sample size: Kong 1992; the rest: Owen 2013, sections 9.1 and 9.2.

    Args:
        log_weights: log p - log q at the draws, in nats: (K,), K at least 2.
        values: f at the draws, (K,).

    >>> even = weigh(torch.zeros(4), torch.tensor([1.0, 2.0, 3.0, 4.0]))
    >>> even.estimate, even.normalized, even.effective, even.largest
    (2.5, 2.5, 4.0, 0.25)
    """
    terms = log_weights.exp() * values
    shares = torch.softmax(log_weights, 0)
    normalized = (shares * values).sum()
    return Weighted(
        estimate=terms.mean().item(),
        error=(terms.std() / math.sqrt(len(terms))).item(),
        normalized=normalized.item(),
        normalized_error=(shares * (values - normalized)).norm().item(),
        effective=1.0 / shares.square().sum().item(),
        largest=shares.max().item(),
    )


class Tilted(NamedTuple):
    """p(z)^2 / q(z) as a mass times a normal density: exp(log_mass) N(loc, scale^2)."""

    log_mass: float
    loc: float
    scale: float


def squared_over(loc: float, scale: float) -> Tilted | None:
    """p^2 / q for p = N(0, 1) and q = N(loc, scale^2), by completing the square.

    Its mass is E_q[w^2], so K draws are worth K / mass in the long run. None where that integral is
    infinite: where q is narrower than sqrt(1/2), so that its tails are thinner than those of p^2.

    >>> squared_over(1.0, 1.0)
    Tilted(log_mass=1.0, loc=-1.0, scale=1.0)
    >>> squared_over(0.0, 0.7) is None
    True
    """
    share = 2.0 * scale**2 - 1.0
    if share <= 0.0:
        return None
    width = scale / math.sqrt(share)
    return Tilted(math.log(scale * width) + loc**2 / share, -loc / share, width)


class Integrand(NamedTuple):
    """A function f of z with what is known of it.

    Attributes:
        f: maps z, of any shape, to values of that shape.
        mean, square: E_p[f] and E_p[f^2] for p = N(0, 1).
        tilted: E[f^2] for z from N(loc, scale^2), a function of both.
    """

    f: Callable[[Tensor], Tensor]
    mean: float
    square: float
    tilted: Callable[[float, float], float]


def upper_tail(z: float) -> float:
    """P(Z > z) for a standard normal Z."""
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def beyond(threshold: float) -> Integrand:
    """1 where z is above a threshold, else 0: its mean is a probability."""
    chance = upper_tail(threshold)
    return Integrand(
        f=lambda z: (z > threshold).to(z.dtype),
        mean=chance,
        square=chance,
        tilted=lambda loc, scale: upper_tail((threshold - loc) / scale),
    )


SQUARE = Integrand(
    f=torch.square,
    mean=1.0,
    square=3.0,
    tilted=lambda loc, scale: loc**4 + 6.0 * loc**2 * scale**2 + 3.0 * scale**4,
)


def weighted_variance(integrand: Integrand, loc: float, scale: float) -> float:
    """Variance of w f for one draw from q = N(loc, scale^2), p = N(0, 1); infinity where it is so.

    >>> round(weighted_variance(SQUARE, 0.0, 1.0), 9)  # q is p: the variance of f itself
    2.0
    """
    tilted = squared_over(loc, scale)
    if tilted is None or tilted.log_mass > LARGEST_EXPONENT:
        return math.inf
    second = math.exp(tilted.log_mass) * integrand.tilted(tilted.loc, tilted.scale)
    return max(second - integrand.mean**2, 0.0)
