"""Closed forms for the variance of a gradient estimator under a Gaussian.

Every variance below reduces to a few moments of one dimension's cost f, its slope f' and the
base noise eps: E[f eps^n], E[f^2 eps^n] and E[f'^2 eps^n]. For polynomials, exponentials and
sines these are moments of exponential polynomials c z^p exp(a z), with complex a for the sines,
and for the step they are moments of a truncated Gaussian; both have closed forms. What is left of
f after its mean is taken away is expanded in eps first: at a small scale it is far below f.

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

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

# Below this rate times scale an exponential is a short series in eps; above, nothing cancels.
SLOW, ORDER = 0.5, 24


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

    def centred(self, power: int, n: int, loc: float, scale: float) -> float:
        """E[(f(z) - E f)^power eps^n], power 1 or 2, without the digits that f itself costs."""
        ...

    def slope_variance(self, n: int, loc: float, scale: float) -> float:
        """Var[f'(z) eps^n], likewise."""
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

    def centred(self, power: int, n: int, loc: float, scale: float) -> float:
        """E[(f(z) - E f)^power eps^n]."""
        if self._is_slow(scale):
            series = _less_mean(self._in_noise(loc, scale))
            return _moment_of(np.convolve(series, series) if power == 2 else series, n)
        mean = self.cost(0, loc, scale)
        first = self.cost(n, loc, scale) - mean * _normal_moment(n)
        if power == 1:
            return first
        return self.squared_cost(n, loc, scale) - mean * (first + self.cost(n, loc, scale))

    def slope_variance(self, n: int, loc: float, scale: float) -> float:
        """Var[f'(z) eps^n]."""
        if self._is_slow(scale):
            series = _less_mean(np.pad(self.derivative()._in_noise(loc, scale), (n, 0)))
            return _moment_of(np.convolve(series, series), 0)
        return self.squared_slope(2 * n, loc, scale) - self.slope(n, loc, scale) ** 2

    def _is_slow(self, scale: float) -> bool:
        return all(abs(term.rate) * scale < SLOW for term in self.terms)

    def _in_noise(self, loc: float, scale: float) -> Series:
        """f(loc + scale * eps) as a power series in eps, lowest first."""
        total = np.zeros(1)
        for c, p, a in self.terms:
            powers = [math.comb(p, j) * loc ** (p - j) * scale**j for j in range(p + 1)]
            steps = [(a * scale) ** i / math.factorial(i) for i in range(1 if a == 0 else ORDER)]
            term = (c * cmath.exp(a * loc) * np.convolve(powers, steps)).real
            size = max(len(total), len(term))
            total = np.pad(total, (0, size - len(total))) + np.pad(term, (0, size - len(term)))
        return total


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


def _normal_moment(n: int) -> float:
    """E[eps^n]: (n - 1)!! for an even n."""
    return 0.0 if n % 2 else float(math.prod(range(n - 1, 0, -2)))


def _less_mean(series: Series) -> Series:
    """The series less its expectation, whose first digits are never seen."""
    centred = series.copy()
    centred[0] = 0.0
    centred[0] = -_moment_of(centred, 0)
    return centred


def _moment_of(series: Series, n: int) -> float:
    """E[eps^n times the series]. Raises OverflowError."""
    if not np.isfinite(series).all():
        raise OverflowError
    return math.fsum(c * _normal_moment(n + i) for i, c in enumerate(series.tolist()))


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

    def centred(self, power: int, n: int, loc: float, scale: float) -> float:
        """The part above the step and the part below: neither is a difference."""
        above, p = self.cost(n, loc, scale), self.cost(0, loc, scale)
        mirrored = Step(2.0 * loc - self.k)
        below, q = (-1) ** n * mirrored.cost(n, loc, scale), mirrored.cost(0, loc, scale)
        return float(q**power * above + (-p) ** power * below)

    def slope_variance(self, n: int, loc: float, scale: float) -> float:
        """Zero."""
        return 0.0


# A score is a polynomial in eps: eps / sigma for the mean, (eps^2 - 1) / sigma for the scale.
_SCORES = {"loc": {1: 1.0}, "scale": {2: 1.0, 0: -1.0}}


class _ScoreMoments(NamedTuple):
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
) -> _ScoreMoments:
    m = dimensions[0]
    score = {n: c / scale for n, c in _SCORES[parameter].items()}
    squared: dict[int, float] = {}
    for n, a in score.items():
        for j, b in score.items():
            squared[n + j] = squared.get(n + j, 0.0) + a * b
    others = Counter(dimensions[1:]).items()
    rest_variance = sum(times * each.centred(2, 0, loc, scale) for each, times in others)
    rest_mean = sum(times * each.cost(0, loc, scale) for each, times in others)
    return _ScoreMoments(
        mean=m.cost(0, loc, scale) + rest_mean,
        variance=m.centred(2, 0, loc, scale) + rest_variance,
        rest_variance=rest_variance,
        cost_score=sum(c * m.centred(1, n, loc, scale) for n, c in score.items()),
        cost_squared_score=sum(c * m.centred(1, n, loc, scale) for n, c in squared.items()),
        squared_cost_squared_score=sum(c * m.centred(2, n, loc, scale) for n, c in squared.items()),
        squared_score=sum(c * _normal_moment(n) for n, c in squared.items()),
    )


def _about(m: _ScoreMoments, offset: float) -> float:
    """E[(f - E f + offset)^2 s^2], f being the cost of all dimensions and s the first's score."""
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
    return (_about(moments, moments.mean) - moments.cost_score**2) / k


def _score_loo_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Variance of the sample covariance of f and s: the estimate is exactly that."""
    moments = _score_moments(dimensions, parameter, loc, scale)
    gradient = moments.cost_score
    spread = moments.variance * moments.squared_score
    return (_about(moments, 0.0) - gradient**2) / k + (spread + gradient**2) / (k * (k - 1))


def _pathwise_variance(
    dimensions: Sequence[Moments], parameter: str, loc: float, scale: float, k: int
) -> float:
    """Var[f'(z) dz/dparameter] / K: the other dimensions do not enter."""
    return dimensions[0].slope_variance(0 if parameter == "loc" else 1, loc, scale) / k


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
