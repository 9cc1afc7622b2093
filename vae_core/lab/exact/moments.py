"""Gaussian moments of a cost of one dimension, its square and its slope, in closed form.

For polynomials, exponentials and sines these are moments of exponential polynomials
c z^p exp(a z), with complex a for the sines, and for the step they are moments of a truncated
Gaussian. What is left of f after its mean is taken away is expanded in eps first: at a small scale
it is far below f.
"""

from __future__ import annotations

import cmath
import math
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

    def curvature_variance(self, loc: float, scale: float) -> float:
        """Var[f''(z)], likewise."""
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
        first = self.cost(n, loc, scale) - mean * normal_moment(n)
        if power == 1:
            return first
        return self.squared_cost(n, loc, scale) - mean * (first + self.cost(n, loc, scale))

    def slope_variance(self, n: int, loc: float, scale: float) -> float:
        """Var[f'(z) eps^n]."""
        if self._is_slow(scale):
            series = _less_mean(np.pad(self.derivative()._in_noise(loc, scale), (n, 0)))
            return _moment_of(np.convolve(series, series), 0)
        return self.squared_slope(2 * n, loc, scale) - self.slope(n, loc, scale) ** 2

    def curvature_variance(self, loc: float, scale: float) -> float:
        """Var[f''(z)]."""
        return self.derivative().slope_variance(0, loc, scale)

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


def normal_moment(n: int) -> float:
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
    return math.fsum(c * normal_moment(n + i) for i, c in enumerate(series.tolist()))


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

    def curvature_variance(self, loc: float, scale: float) -> float:
        """Zero."""
        return 0.0
