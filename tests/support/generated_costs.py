"""Costs made at random, with their expectations in arbitrary precision: no quadrature anywhere.

A term is c z^p e^(a z) times a sine, a Gaussian bump or a growing exp(z^2 / r), and a step, a
corner or nothing. Times a Gaussian density each is z^p exp(-alpha z^2 + beta z) with a complex
beta, on the line or on a half-line, and has a closed form by parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import mpmath as mp
import numpy as np

DIGITS = (60, 100, 250)


@dataclass
class Term:
    """One term; numbers as they are typed."""

    coefficient: str = "1"
    power: int = 0
    rate: str | None = None  # e^(rate z)
    omega: str | None = None
    bump: tuple[str, str] | None = None  # centre and width
    growth: str | None = None  # exp(z^2 / growth)
    cut: tuple[str, str] | None = None  # step, relu, abs or sign, and where

    def text(self) -> str:
        """As a learner types it."""
        parts = [self.coefficient]
        if self.power:
            parts.append(f"z^{self.power}")
        if self.rate:
            parts.append(f"exp({self.rate}*z)")
        if self.omega:
            parts.append(f"sin({self.omega}*z)")
        if self.bump:
            centre, width = self.bump
            parts.append(f"exp(-(z-{centre})^2/(2*{width}^2))")
        if self.growth:
            parts.append(f"exp(z^2/{self.growth})")
        if self.cut:
            kind, place = self.cut
            parts.append(f"|z-{place}|" if kind == "abs" else f"{kind}(z-{place})")
        return "*".join(parts)

    def pieces(self) -> list[tuple[mp.mpf, int, mp.mpf | None]]:
        """(factor, further power of z, lower end or None for all of the line)."""
        if self.cut is None:
            return [(mp.mpf(1), 0, None)]
        kind, place = self.cut[0], mp.mpf(self.cut[1])
        if kind == "step":
            return [(mp.mpf(1), 0, place)]
        if kind == "relu":
            return [(mp.mpf(1), 1, place), (-place, 0, place)]
        if kind == "sign":
            return [(mp.mpf(2), 0, place), (mp.mpf(-1), 0, None)]
        half = [(mp.mpf(2), 1, place), (-2 * place, 0, place)]
        return [*half, (mp.mpf(-1), 1, None), (place, 0, None)]


def half_line_moments(
    highest: int, alpha: mp.mpf, beta: mp.mpc, low: mp.mpf | None
) -> list[mp.mpc]:
    """Integrals of z^p exp(-alpha z^2 + beta z) from `low` (or minus infinity) on, p = 0, 1, ..."""
    root, peak = mp.sqrt(alpha), mp.exp(beta**2 / (4 * alpha))
    if low is None:
        moments, edge = [mp.sqrt(mp.pi) / root * peak], mp.mpf(0)
        low = mp.mpf(0)
    else:
        moments = [mp.sqrt(mp.pi) / (2 * root) * peak * mp.erfc(root * low - beta / (2 * root))]
        edge = mp.exp(-alpha * low**2 + beta * low)
    for p in range(1, highest + 1):
        before = (p - 1) * moments[p - 2] if p > 1 else mp.mpf(0)
        moments.append((beta * moments[p - 1] + before + edge) / (2 * alpha))
        edge *= low
    return moments


def is_finite(terms: Sequence[Term], scale: float) -> bool:
    """Whether every term has an expectation."""
    return all(t.growth is None or mp.mpf(scale) ** 2 / mp.mpf(t.growth) < 0.5 for t in terms)


def expectation(terms: Sequence[Term], loc: float, scale: float) -> list[mp.mpf] | None:
    """E[f] and its derivatives in mu and sigma; None where even many digits cancel away."""
    rough = _expectation(terms, loc, scale, DIGITS[0])
    for digits in DIGITS[1:]:
        fine = _expectation(terms, loc, scale, digits)
        pairs = list(zip(rough, fine, strict=True))
        if all(abs(a - b) <= mp.mpf("1e-25") * abs(b) + mp.mpf("1e-400") for a, b in pairs):
            return fine
        rough = fine
    return None


def _expectation(terms: Sequence[Term], loc: float, scale: float, digits: int) -> list[mp.mpf]:
    with mp.workdps(digits):
        mu, sigma, total = mp.mpf(loc), mp.mpf(scale), [mp.mpf(0)] * 3
        for term in terms:
            for each, value in enumerate(_term(term, mu, sigma)):
                total[each] += value
        return [total[0], total[1] / sigma, total[2] / sigma]


def _term(term: Term, mu: mp.mpf, sigma: mp.mpf) -> list[mp.mpf]:
    """E[f], E[f eps] and E[f (eps^2 - 1)] of one term."""
    alpha, beta, constant = 1 / (2 * sigma**2), mu / sigma**2, -(mu**2) / (2 * sigma**2)
    if term.rate:
        beta += mp.mpf(term.rate)
    if term.growth:
        alpha -= 1 / mp.mpf(term.growth)
    if term.bump:
        centre, width = map(mp.mpf, term.bump)
        alpha, beta = alpha + 1 / (2 * width**2), beta + centre / width**2
        constant -= centre**2 / (2 * width**2)
    factor = mp.mpf(term.coefficient) * mp.exp(constant) / (sigma * mp.sqrt(2 * mp.pi))
    if term.omega:
        beta += 1j * mp.mpf(term.omega)
    raw = [mp.mpf(0)] * 3
    for weight, power, low in term.pieces():
        moments = half_line_moments(term.power + power + 2, alpha, beta, low)
        for n in range(3):
            found = moments[term.power + power + n]
            raw[n] += factor * weight * (mp.im(found) if term.omega else mp.re(found))
    by_eps = (raw[1] - mu * raw[0]) / sigma
    by_square = (raw[2] - 2 * mu * raw[1] + mu**2 * raw[0]) / sigma**2
    return [raw[0], by_eps, by_square - raw[0]]


@dataclass
class Case:
    """A generated cost, and where it is looked at."""

    terms: list[Term]
    loc: float
    scale: float
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.text = "+".join(term.text() for term in self.terms)


POINTS_EACH = 5


def cases(seed: int, count: int) -> Iterator[Case]:
    """Costs and points of every kind, most as learners have them, some at the ends."""
    rng, made = np.random.default_rng(seed), 0
    while made < count:
        wild = rng.random() < 0.2
        terms = [_random_term(rng, wild) for _ in range(rng.integers(1, 4))]
        if len("+".join(term.text() for term in terms)) > 200:
            continue
        for _ in range(POINTS_EACH):
            far = wild and rng.random() < 0.3
            loc = rng.uniform(-1000, 1000) if far else rng.uniform(-3, 3)
            scale = 10 ** (rng.uniform(-4, 3) if wild else rng.uniform(-1.3, 0.5))
            yield Case(terms, float(loc), float(scale))
        made += POINTS_EACH


def _random_term(rng: np.random.Generator, wild: bool) -> Term:
    def number(low: float, high: float) -> str:
        return f"{rng.uniform(low, high):.4f}"

    term = Term(coefficient=number(0.1, 3), power=int(rng.integers(0, 5)))
    if wild and rng.random() < 0.2:
        term.power = int(rng.integers(10, 101))
    if rng.random() < 0.2:
        term.rate = number(0.1, 2)
    kind = rng.random()
    if kind < 0.25:
        term.omega = number(0.1, 40 if wild else 12)
    elif kind < 0.55:
        width = f"{10 ** rng.uniform(-5, 0.5):.3g}" if wild else f"{10 ** rng.uniform(-2, 0.5):.3g}"
        term.bump = number(0, 3), np.format_float_positional(float(width))
    elif kind < 0.65:
        term.growth = number(1, 40)
    if rng.random() < 0.35:
        term.cut = str(rng.choice(["step", "relu", "abs", "sign"])), number(0, 2)
    return term
