"""Closed forms for the variance of a gradient estimator under a Gaussian.

Every variance below reduces to a few moments of one dimension's cost f, its slope f' and the
base noise eps: E[f eps^n], E[f^2 eps^n] and E[f'^2 eps^n]. For polynomials, exponentials and
sines these are moments of exponential polynomials c z^p exp(a z), with complex a for the sines,
and for the step they are moments of a truncated Gaussian; both have closed forms.

Source for the variances: the definitions, with the independence of the dimensions; leave-one-out
is the sample covariance of cost and score, whose variance is classical (Kenney & Keeping 1951).
"""

from __future__ import annotations

import cmath
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Moments(Protocol):
    """Gaussian moments of a cost f of one dimension, with z = loc + scale * eps."""

    def cost(self, n: int, loc: float, scale: float) -> float:
        """E[f(z) eps^n]."""
        ...

    def squared_cost(self, n: int, loc: float, scale: float) -> float:
        """E[f(z)^2 eps^n]."""
        ...

    def squared_slope(self, n: int, loc: float, scale: float) -> float:
        """E[f'(z)^2 eps^n], with f' = 0 wherever f jumps: what autograd sees."""
        ...

    def slope(self, n: int, loc: float, scale: float) -> float:
        """E[f'(z) eps^n], likewise."""
        ...


class Term(NamedTuple):
    """c z^p exp(a z)."""

    coefficient: complex
    power: int
    rate: complex


@dataclass(frozen=True)
class ExponentialPolynomial:
    """A sum of terms c z^p exp(a z), closed under products and derivatives."""

    terms: tuple[Term, ...]

    @classmethod
    def polynomial(cls, *coefficients: float) -> ExponentialPolynomial:
        """c_0 + c_1 z + c_2 z^2 + ..."""
        return cls(tuple(Term(c, p, 0.0) for p, c in enumerate(coefficients) if c != 0))

    @classmethod
    def exponential(cls, rate: float) -> ExponentialPolynomial:
        """exp(rate z)."""
        return cls((Term(1.0, 0, rate),))

    @classmethod
    def sine(cls, omega: float) -> ExponentialPolynomial:
        """sin(omega z), by Euler's formula."""
        return cls((Term(-0.5j, 0, 1j * omega), Term(0.5j, 0, -1j * omega)))

    def squared(self) -> ExponentialPolynomial:
        """The product with itself."""
        return ExponentialPolynomial(
            tuple(
                Term(a.coefficient * b.coefficient, a.power + b.power, a.rate + b.rate)
                for a in self.terms
                for b in self.terms
            )
        )

    def derivative(self) -> ExponentialPolynomial:
        """d/dz, term by term."""
        falls = [Term(c * p, p - 1, a) for c, p, a in self.terms if p > 0]
        stays = [Term(c * a, p, a) for c, p, a in self.terms if a != 0]
        return ExponentialPolynomial((*falls, *stays))

    def moment(self, n: int, loc: float, scale: float) -> float:
        """E[g(z) eps^n] of this sum g."""
        return sum(_term_moment(term, n, loc, scale) for term in self.terms).real

    def cost(self, n: int, loc: float, scale: float) -> float:
        """E[f(z) eps^n]."""
        return self.moment(n, loc, scale)

    def squared_cost(self, n: int, loc: float, scale: float) -> float:
        """E[f(z)^2 eps^n]."""
        return self.squared().moment(n, loc, scale)

    def slope(self, n: int, loc: float, scale: float) -> float:
        """E[f'(z) eps^n]."""
        return self.derivative().moment(n, loc, scale)

    def squared_slope(self, n: int, loc: float, scale: float) -> float:
        """E[f'(z)^2 eps^n]."""
        return self.derivative().squared().moment(n, loc, scale)


def _term_moment(term: Term, n: int, loc: float, scale: float) -> complex:
    """E[c z^p e^(a z) eps^n]: expand z^p, then complete the square in the exponent."""
    shift = term.rate * scale
    total = sum(
        math.comb(term.power, j)
        * loc ** (term.power - j)
        * scale**j
        * _shifted_moment(n + j, shift)
        for j in range(term.power + 1)
    )
    return term.coefficient * cmath.exp(term.rate * loc + 0.5 * shift * shift) * total


def _shifted_moment(n: int, shift: complex) -> complex:
    """E[(eps + shift)^n]; the odd moments of eps vanish and the even ones are (i - 1)!!."""
    return sum(
        math.comb(n, i) * math.prod(range(i - 1, 0, -2)) * shift ** (n - i)
        for i in range(0, n + 1, 2)
    )


@dataclass(frozen=True)
class Step:
    """1[z > k]: its own square, and flat wherever it has a slope."""

    k: float

    def cost(self, n: int, loc: float, scale: float) -> float:
        """E[eps^n 1[eps > t]], by parts: M_n = t^(n-1) phi(t) + (n - 1) M_(n-2)."""
        t = (self.k - loc) / scale
        density = math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
        if n == 0:
            return 0.5 * math.erfc(t / math.sqrt(2.0))
        if n == 1:
            return density
        return t ** (n - 1) * density + (n - 1) * self.cost(n - 2, loc, scale)

    def squared_cost(self, n: int, loc: float, scale: float) -> float:
        """The same, since the step is its own square."""
        return self.cost(n, loc, scale)

    def slope(self, n: int, loc: float, scale: float) -> float:
        """Zero almost everywhere."""
        return 0.0

    def squared_slope(self, n: int, loc: float, scale: float) -> float:
        """Zero almost everywhere."""
        return 0.0


# A score is a polynomial in eps: eps / sigma for the mean, (eps^2 - 1) / sigma for the scale.
_SCORES = {"loc": {1: 1.0}, "scale": {2: 1.0, 0: -1.0}}


class _Spread(NamedTuple):
    mean: float
    variance: float


def _spread(m: Moments, loc: float, scale: float) -> _Spread:
    mean = m.cost(0, loc, scale)
    return _Spread(mean, m.squared_cost(0, loc, scale) - mean**2)


class _ScoreMoments(NamedTuple):
    """Moments of the cost and the score of dimension 1; `rest` is the cost of the others."""

    cost: float
    cost_variance: float
    cost_score: float
    cost_squared_score: float
    squared_cost_squared_score: float
    squared_score: float
    rest_mean: float
    rest_variance: float


def _score_moments(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float
) -> _ScoreMoments:
    m = dimensions[0]
    score = {n: c / scale for n, c in _SCORES[parameter].items()}
    squared: dict[int, float] = {}
    for n, a in score.items():
        for j, b in score.items():
            squared[n + j] = squared.get(n + j, 0.0) + a * b
    rest = [(_spread(other, loc, scale), times) for other, times in Counter(dimensions[1:]).items()]
    own = _spread(m, loc, scale)
    return _ScoreMoments(
        cost=own.mean,
        cost_variance=own.variance,
        cost_score=sum(c * m.cost(n, loc, scale) for n, c in score.items()),
        cost_squared_score=sum(c * m.cost(n, loc, scale) for n, c in squared.items()),
        squared_cost_squared_score=sum(
            c * m.squared_cost(n, loc, scale) for n, c in squared.items()
        ),
        squared_score=sum(c * _shifted_moment(n, 0.0).real for n, c in squared.items()),
        rest_mean=sum(times * spread.mean for spread, times in rest),
        rest_variance=sum(times * spread.variance for spread, times in rest),
    )


def _about(m: _ScoreMoments, centre: float) -> float:
    """E[(f - centre)^2 s^2], f being the cost of all dimensions and s the score of the first."""
    offset = m.rest_mean - centre
    return (
        m.squared_cost_squared_score
        + 2.0 * offset * m.cost_squared_score
        + (m.rest_variance + offset**2) * m.squared_score
    )


def _score_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Var[f s] / K."""
    moments = _score_moments(dimensions, parameter, loc, scale)
    return (_about(moments, 0.0) - moments.cost_score**2) / k


def _score_loo_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Variance of the sample covariance of f and s: the estimate is exactly that."""
    moments = _score_moments(dimensions, parameter, loc, scale)
    centred = _about(moments, moments.cost + moments.rest_mean)
    gradient = moments.cost_score
    spread = (moments.cost_variance + moments.rest_variance) * moments.squared_score
    return (centred - gradient**2) / k + (spread + gradient**2) / (k * (k - 1))


def _pathwise_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Var[f'(z) dz/dparameter] / K: the other dimensions do not enter."""
    m, n = dimensions[0], 0 if parameter == "loc" else 1
    return (m.squared_slope(2 * n, loc, scale) - m.slope(n, loc, scale) ** 2) / k


def _no_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Always the same wrong answer."""
    return 0.0


VARIANCES: dict[str, Callable[[Sequence[Moments], str, float, float, int], float]] = {
    "score": _score_variance,
    "score_loo": _score_loo_variance,
    "pathwise": _pathwise_variance,
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
    """
    form = VARIANCES.get(estimator)
    return None if form is None else form(dimensions, parameter, loc, scale, k)
