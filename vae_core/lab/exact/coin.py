"""Mean and variance of one estimate under a Bernoulli: by enumeration, or one integral.

With the logit's own formulas, not the estimators' code, and no sample. Where an estimate depends on
the perturbed number x that z rounds, it is looked at given z, where it is smooth in what is drawn;
the integrals are trapezoid sums over logit v, v uniform, which converge exponentially.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core.estimators.slopes import cost_and_slope
from vae_core.families import Coin

Array = NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    found: Array = np.exp(-np.logaddexp(0.0, -x))
    return found


ODDS = np.arange(-37.0, 37.0, 0.05)
MASS = 0.05 * sigmoid(ODDS) * sigmoid(-ODDS)


class Law(NamedTuple):
    """Mean and variance of one estimate of the gradient in the logit."""

    mean: float
    variance: float


@dataclass(frozen=True)
class Toss:
    """A cost under a Bernoulli.

    Attributes:
        f: the cost, number by number.
        logit: of the probability p of a one.
        samples: K behind one estimate.
        temperature: of what relaxes.
    """

    f: Callable[[Tensor], Tensor]
    logit: float
    samples: int = 1
    temperature: float = 0.5

    @property
    def chances(self) -> tuple[float, float]:
        """The probabilities of 0 and 1."""
        zero, one = sigmoid(np.array([-self.logit, self.logit])).tolist()
        return zero, one

    @property
    def scores(self) -> tuple[float, float]:
        """d log q(z) / d logit at 0 and at 1."""
        zero, one = self.chances
        return -one, zero

    def costs_and_slopes(self, z: Array) -> tuple[Array, Array]:
        """f and f' at these z, (N,) each."""
        f, slope = cost_and_slope(self.f, torch.from_numpy(z))
        return f.numpy(), slope.numpy()

    @cached_property
    def ends(self) -> tuple[Array, Array]:
        """f and f' at 0 and 1, (2,) each."""
        return self.costs_and_slopes(np.array([0.0, 1.0]))

    @property
    def jump(self) -> float:
        """f(1) - f(0)."""
        low, high = self.ends[0]
        return float(high - low)

    @property
    def gradient(self) -> float:
        """d E[f] / d logit: p (1 - p) times the jump."""
        zero, one = self.chances
        return zero * one * self.jump

    def relaxed(self, z: int) -> tuple[Array, Array, Array]:
        """The relaxed z at each of `ODDS` given z, its slope in x, and that of x in the logit."""
        sign = 2 * z - 1
        inner = np.logaddexp(0.0, sign * self.logit) - sign * ODDS
        x = sign * np.logaddexp(0.0, inner)
        r = sigmoid(x / self.temperature)
        steep = r * sigmoid(-x / self.temperature) / self.temperature
        return r, steep, sigmoid(inner) * self.chances[z]


def law(estimator: str, toss: Toss) -> Law | None:
    """Mean and variance of one estimate; None where none is known.

    >>> [round(each, 9) for each in law("score_loo", Toss(lambda z: z, logit=0.0, samples=2))]
    [0.25, 0.0625]
    """
    return KNOWN[estimator](toss) if estimator in KNOWN else None


def variance(
    estimator: str, f: Callable[[Tensor], Tensor], q: Coin, samples: int, **settings: float
) -> float | None:
    """Variance of one estimate of the gradient in q's own parameter; None where none is known."""
    found = law(estimator, Toss(f, q.log_odds.item(), samples, **settings))
    if found is None or "logit" in q.parameters:
        return found and found.variance
    chance = q.mean.item()
    return found.variance / (chance * (1.0 - chance)) ** 2


def _of(chances: Array, means: Array, variances: Array | float = 0.0) -> Law:
    """The law of a mixture, by the law of total variance."""
    mean = float(chances @ means)
    return Law(mean, float(chances @ ((means - mean) ** 2 + variances)))


def _single(toss: Toss, means: Array, variances: Array | float = 0.0) -> Law:
    """K estimates, averaged, that each have these means and variances given z."""
    one = _of(np.array(toss.chances), means, variances)
    return Law(one.mean, one.variance / toss.samples)


def _score(toss: Toss) -> Law:
    return _single(toss, toss.ends[0] * toss.scores)


def _straight_through(toss: Toss) -> Law:
    zero, one = toss.chances
    return _single(toss, toss.ends[1] * zero * one)


def _leave_one_out(toss: Toss, with_mean_score: float = 0.0) -> Law:
    """The jump times the sample variance of z, over the number of ones."""
    k, (zero, one) = toss.samples, toss.chances
    ones = np.arange(k + 1.0)
    log_ways = np.array(
        [math.lgamma(k + 1) - math.lgamma(n + 1) - math.lgamma(k - n + 1) for n in ones]
    )
    chances = np.exp(log_ways + ones * math.log(one) + (k - ones) * math.log(zero))
    found = toss.jump * ones * (k - ones) / (k * (k - 1)) + with_mean_score * (ones / k - one)
    return _of(chances, found)


def _arm(toss: Toss) -> Law:
    """(u - 1/2)^2 over both ends of u, where z and its mirror differ."""
    zero, one = toss.chances
    square = toss.jump**2 * 2.0 / 3.0 * (0.125 - abs(max(zero, one) - 0.5) ** 3)
    return Law(toss.gradient, (square - toss.gradient**2) / toss.samples)


def _disarm(toss: Toss) -> Law:
    """Half the jump times the likelier chance, in twice the rarer chance of all draws."""
    rarer, likelier = sorted(toss.chances)
    square = 0.5 * rarer * likelier**2 * toss.jump**2
    return Law(toss.gradient, (square - toss.gradient**2) / toss.samples)


def _spread(values: Array) -> tuple[float, float]:
    """Mean and variance of a function of v."""
    mean = float(MASS @ values)
    return mean, float(MASS @ (values - mean) ** 2)


def _by_relaxing(slope_at: Callable[[Toss, int, Array], Array]) -> Callable[[Toss], Law]:
    """The law where the slope of f, at some point, meets the slope of the relaxed z."""

    def found(toss: Toss) -> Law:
        parts = []
        for z in (0, 1):
            r, steep, _ = toss.relaxed(z)
            parts.append(_spread(slope_at(toss, z, r) * steep))
        means, variances = np.array(parts).T
        return _single(toss, means, variances)

    return found


def _rebar(toss: Toss) -> Law:
    """Given z, what is free and what is held are drawn apart: their variances add."""
    parts = []
    for z, (f, score) in enumerate(zip(toss.ends[0], toss.scores, strict=True)):
        r, steep, moves = toss.relaxed(z)
        control, slope = toss.costs_and_slopes(r)
        free = _spread(slope * steep)
        held = _spread((f - control) * score - slope * steep * moves)
        parts.append((free[0] + held[0], free[1] + held[1]))
    means, variances = np.array(parts).T
    return _single(toss, means, variances)


KNOWN: dict[str, Callable[[Toss], Law]] = {
    "score": _score,
    "score_loo": _leave_one_out,
    "vargrad": lambda toss: _leave_one_out(toss, with_mean_score=1.0),
    "straight_through": _straight_through,
    "gumbel_softmax": _by_relaxing(lambda toss, z, r: toss.costs_and_slopes(r)[1]),
    "straight_through_gumbel": _by_relaxing(lambda toss, z, r: toss.ends[1][z]),
    "rebar": _rebar,
    "arm": _arm,
    "disarm": _disarm,
    "naive": lambda toss: Law(0.0, 0.0),
}
"""By the estimator's name; of those that take no Bernoulli there is none."""
