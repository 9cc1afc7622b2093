"""Closed forms for the variance of a gradient estimator under a Gaussian.

Every variance below reduces to a few moments of one dimension's cost f, its slope f' and the
base noise eps: E[f eps^n], E[f^2 eps^n] and E[f'^2 eps^n], and to Var[f'']; see `moments`.

Source for the variances: the definitions, with the independence of the dimensions; leave-one-out
is the sample covariance of cost and score, whose variance is classical (Kenney & Keeping 1951).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from vae_core.lab.exact.moments import Moments, normal_moment

# A score is a polynomial in eps: eps / sigma for the mean, (eps^2 - 1) / sigma for the scale.
_SCORES = {"loc": {1: 1.0}, "scale": {2: 1.0, 0: -1.0}}


NOT_FINITE = (
    "Here the cost is not a finite number for every z: it grows too large, or is not defined. "
    "Bring loc and scale closer to zero, or change the cost."
)


class ScoreMoments(NamedTuple):
    """Moments of the cost, less its mean, and the score of dimension 1, and of all costs.

    Attributes:
        mean, variance: of the cost summed over all dimensions.
        rest_variance: of the cost of the others.
        cost_score, cost_squared_score, squared_cost_squared_score: of the centred cost.
        squared_score: E[s^2].
    """

    mean: float
    variance: float
    rest_variance: float
    cost_score: float
    cost_squared_score: float
    squared_cost_squared_score: float
    squared_score: float


def _score_moments(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float
) -> ScoreMoments:
    m = dimensions[0]
    score = {n: c / scale for n, c in _SCORES[parameter].items()}
    squared: dict[int, float] = {}
    for n, a in score.items():
        for j, b in score.items():
            squared[n + j] = squared.get(n + j, 0.0) + a * b
    others = Counter(dimensions[1:]).items()
    rest_variance = sum(times * each.centred(2, 0, loc, scale) for each, times in others)
    rest_mean = sum(times * each.cost(0, loc, scale) for each, times in others)
    return ScoreMoments(
        mean=m.cost(0, loc, scale) + rest_mean,
        variance=m.centred(2, 0, loc, scale) + rest_variance,
        rest_variance=rest_variance,
        cost_score=sum(c * m.centred(1, n, loc, scale) for n, c in score.items()),
        cost_squared_score=sum(c * m.centred(1, n, loc, scale) for n, c in squared.items()),
        squared_cost_squared_score=sum(c * m.centred(2, n, loc, scale) for n, c in squared.items()),
        squared_score=sum(c * normal_moment(n) for n, c in squared.items()),
    )


def _about(m: ScoreMoments, offset: float) -> float:
    """E[(f - E f + offset)^2 s^2], f being the cost of all dimensions and s the first's score."""
    return (
        m.squared_cost_squared_score
        + 2.0 * offset * m.cost_squared_score
        + (m.rest_variance + offset**2) * m.squared_score
    )


def score_variance(m: ScoreMoments, k: int, shift: float = 0.0) -> float:
    """Var[(f + shift) s] / K."""
    return (_about(m, m.mean + shift) - m.cost_score**2) / k


def loo_variance(m: ScoreMoments, k: int, shift: float = 0.0) -> float:
    """Variance of the sample covariance of f and s, which the estimate is, plus shift times s."""
    gradient = m.cost_score
    spread = m.variance * m.squared_score
    return (_about(m, shift) - gradient**2) / k + (spread + gradient**2) / (k * (k - 1))


def _score_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    return score_variance(_score_moments(dimensions, parameter, loc, scale), k)


def _score_loo_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    return loo_variance(_score_moments(dimensions, parameter, loc, scale), k)


def _pathwise_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Var[f'(z) dz/dparameter] / K: the other dimensions do not enter."""
    return dimensions[0].slope_variance(0 if parameter == "loc" else 1, loc, scale) / k


def _second_order_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Var[f'(z)] / K in the mean, sigma^2 Var[f''(z)] / K in the scale."""
    if parameter == "loc":
        return _pathwise_variance(dimensions, parameter, loc, scale, k)
    return scale**2 * dimensions[0].curvature_variance(loc, scale) / k


def _no_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Always the same wrong answer."""
    return 0.0


VARIANCES: dict[str, Callable[[Sequence[Moments], str, float, float, int], float]] = {
    "score": _score_variance,
    "score_loo": _score_loo_variance,
    "pathwise": _pathwise_variance,
    "second_order": _second_order_variance,
    "naive": _no_variance,
}


def variance(
    dimensions: Sequence[Moments],
    estimator: str,
    parameter: str,
    loc: float,
    scale: float,
    k: int,
) -> float | None:
    """Variance of one estimate made from k samples, or None where no closed form is known.

    Args:
        dimensions: the moments of each dimension's cost; all have the same loc and scale.
        estimator: its name in the registry.
        parameter: "loc" or "scale", of the first dimension.
        loc, scale, k: mu, sigma and the number of samples K.

    Raises:
        ValueError: it is too large for a number; the sentence says what to do.
    """
    form = VARIANCES.get(estimator)
    try:
        return None if form is None else form(dimensions, parameter, loc, scale, k)
    except OverflowError:
        raise ValueError(NOT_FINITE) from None
