"""Expectations under a Gaussian with a proven error bound, for a cost given as a function.

The range of eps is cut into panels, and a panel is cut further until Gauss and Legendre's rule is
proven good enough there: the cost is enclosed over a complex disc around the panel, and an
analytic function that is bounded there cannot hide a spike (Petras 2002, "Self-validating
integration and approximation of piecewise analytic functions"; Johansson 2018, "Numerical
integration in arbitrary-precision complex ball arithmetic"). Corners and jumps are found once for
each cost, and panels end there. The bound is made of the rule's error, of rounding, of slivers
around the jumps, of panels that were given up, and of the tails.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vae_core.families.quadrature.enclosure import ROUNDING, Disc
from vae_core.families.quadrature.tails import Tail, UncertainError, tails

Array = NDArray[np.float64]
Cost = Callable[[Tensor], Tensor]

FINE, COARSE = 20, 13  # nodes of the two rules
RHO = 4.0  # sum of the semi-axes of the ellipse around [-1, 1] that the disc contains
STRETCH = (RHO + 1.0 / RHO) / 2.0
LEVELS, PARTS, MOST_PANELS, WIDEST = 26, 4, 20_000, 2.0
ACCURACY, SMALLEST, UNDERFLOW, LOWEST = 2.0**-55, 1e-30, 1e-290, -690.0
SEARCH, MOST_KNOTS, NARROWEST, FINEST = 64.0, 64, 2.0**-51, 2.0**-58


class Bounded(NamedTuple):
    """E[f], E[f eps], E[f (eps^2 - 1)], (3,), and what each may be off at most, (3,)."""

    sums: Array
    errors: Array


class _Panels(NamedTuple):
    """Pieces of an axis by centre and half width, (P,) each."""

    centre: Array
    half: Array

    def only(self, which: NDArray[np.bool_]) -> _Panels:
        return _Panels(self.centre[which], self.half[which])

    def split(self, parts: int = PARTS) -> _Panels:
        half = self.half / parts
        steps = np.arange(1 - parts, parts, 2)[:, None]
        return _Panels((self.centre + steps * half).ravel(), np.tile(half, parts))


class _Ledger:
    """What has been summed so far, and what it may be off."""

    def __init__(self, beyond: float) -> None:
        self.sums, self.errors = np.zeros(3), np.full(3, beyond + UNDERFLOW)
        self.size, self.coarse_errors = np.zeros(3), np.zeros(3)
        self.panels: list[_Panels] = []
        self.count = 0


@functools.cache
def _rules() -> tuple[Array, Array]:
    """Nodes of both rules together, (N,), and each rule's weights over all of them, (2, N)."""
    fine, coarse = (np.polynomial.legendre.leggauss(n) for n in (FINE, COARSE))
    weights = np.zeros((2, FINE + COARSE))
    weights[0, :FINE], weights[1, FINE:] = fine[1], coarse[1]
    return np.concatenate((fine[0], coarse[0])), weights


def _rule_error(nodes: int) -> float:
    """Error of Gauss's rule over [-1, 1] for a function that is at most one in the ellipse.

    Trefethen 2013, "Approximation Theory and Approximation Practice", theorem 19.3.
    """
    return 64.0 / 15.0 * math.pow(RHO, -2.0 * (nodes - 1)) / (1.0 - 1.0 / RHO**2)


FINE_ERROR, COARSE_ERROR = _rule_error(FINE), _rule_error(COARSE)


def bounded_expectation(f: Cost, loc: float, scale: float) -> Bounded:
    """The three integrals, eps being (z - loc) / scale, with their bounds.

    Raises:
        InfiniteExpectationError: see `tails`.
        UncertainError: f has a part that is not understood, or is not bounded somewhere.
    """
    tail = tails(f, loc, scale)
    ledger = _Ledger(tail.beyond)

    def enclose(eps: Array, *halves: Any) -> Disc:
        slack = 0.5 * ROUNDING * (abs(loc) + scale * np.abs(eps))
        radius = np.stack([scale * half + slack for half in halves])
        return _enclosed(f, loc + scale * eps, radius)

    with np.errstate(all="ignore"):
        todo = _first_panels(tail, loc, scale, knots(f))
        for level in range(LEVELS):
            tiny = 16.0 * ROUNDING * (abs(loc) / scale + np.abs(todo.centre)) + FINEST / scale
            last = level == LEVELS - 1 or ledger.count + PARTS * len(todo.half) > MOST_PANELS
            todo = _settle(enclose, todo, ledger, last | (todo.half <= tiny))
            if not len(todo.half):
                break
            todo = todo.split()
        _add_rules(enclose, ledger)
    if not (np.isfinite(ledger.sums).all() and np.isfinite(ledger.errors).all()):
        raise UncertainError
    return Bounded(ledger.sums, ledger.errors)


def _enclosed(f: Callable[[Any], Any], z: Array, radius: Array) -> Disc:
    """f over discs around z: (...), with radii (1 or 2, ...)."""
    try:
        found = f(Disc(z, radius))
    except (TypeError, AttributeError, OverflowError):
        raise UncertainError from None
    if not isinstance(found, Disc):
        raise UncertainError
    if found.centre.shape == z.shape:
        return found
    return Disc(np.full_like(z, found.centre), np.zeros_like(radius) + found.radius[0])


@functools.lru_cache(maxsize=256)
def knots(f: Cost) -> tuple[tuple[float, float], ...]:
    """Tiny intervals of z around each corner and jump of f, ascending; none if there are many."""
    edges = np.linspace(-SEARCH, SEARCH, 65)
    todo = _Panels((edges[1:] + edges[:-1]) / 2.0, (edges[1:] - edges[:-1]) / 2.0)
    cells: list[tuple[float, float]] = []
    with np.errstate(all="ignore"):
        while len(todo.half):
            slack = ROUNDING * np.abs(todo.centre)
            radii = np.stack((todo.half + slack, STRETCH * todo.half + slack))
            todo = todo.only(~np.isfinite(_enclosed(f, todo.centre, radii).radius[-1]))
            tiny = todo.half <= NARROWEST * np.maximum(np.abs(todo.centre), 2.0**-10)
            cells += zip(*(each.tolist() for each in todo.only(tiny)), strict=True)
            todo = todo.only(~tiny)
            if len(todo.half) + len(cells) > MOST_KNOTS:
                return ()
            todo = todo.split(PARTS if len(todo.half) > 8 else 8 * PARTS)
    found: list[tuple[float, float]] = []
    for centre, half in sorted(cells):
        low, high = centre - 2.0 * half, centre + 2.0 * half
        if found and low <= found[-1][1]:
            low = found.pop()[0]
        found.append((low, high))
    return tuple(found)


def _first_panels(
    tail: Tail, loc: float, scale: float, knots: tuple[tuple[float, float], ...]
) -> _Panels:
    """Even panels around the middle, wider ones far out, cut at the knots."""
    inner = np.arange(-7.0, 8.0) * WIDEST
    outer = inner[-1] * 1.5 ** np.arange(1.0, 200.0)
    edges = np.concatenate((-outer[::-1], inner, outer))
    cuts = [tail.left, tail.right]
    for low, high in knots:
        slack = 4.0 * ROUNDING * (abs(loc) + abs(low) + abs(high)) / scale
        cuts += [(low - loc) / scale - slack, (high - loc) / scale + slack]
    edges = np.unique(np.concatenate((edges, cuts)))
    edges = edges[(edges >= tail.left) & (edges <= tail.right)]
    return _Panels((edges[1:] + edges[:-1]) / 2.0, (edges[1:] - edges[:-1]) / 2.0)


def _settle(
    enclose: Callable[..., Disc], todo: _Panels, ledger: _Ledger, last: NDArray[np.bool_]
) -> _Panels:
    """Book the panels that are good enough, and those that are not to be cut; return the rest."""
    found = enclose(todo.centre, todo.half, STRETCH * todo.half)
    top, width = found.top(), 2.0 * todo.half
    in_disc = top[-1] * _exp(found.shift + _log_density(todo, STRETCH)) * _powers(todo, STRETCH)
    density = _exp(found.shift + _log_density(todo, 1.0, real=True))
    on_panel = top[0] * density * _powers(todo, 1.0)
    here = _integrand(found.centre, found.shift, todo.centre) * width
    likely = np.where(np.isfinite(here), np.abs(here), 0.0)
    aim = ACCURACY * np.maximum(ledger.size + likely.sum(1), SMALLEST)[:, None]
    bound = todo.half * FINE_ERROR * in_disc
    nothing = (width * on_panel <= aim).all(0)
    good = (bound <= aim).all(0) & ~nothing
    spread = _spread(found, todo) * width
    flat = ((spread <= aim).all(0) | last) & ~(nothing | good)
    ledger.errors += (width * on_panel)[:, nothing].sum(1) + bound[:, good].sum(1)
    ledger.errors += spread[:, flat].sum(1)
    ledger.sums += here[:, flat].sum(1)
    ledger.coarse_errors += (todo.half * COARSE_ERROR * in_disc)[:, good].sum(1)
    ledger.size += likely[:, good | flat].sum(1)
    ledger.panels.append(todo.only(good))
    ledger.count += int(good.sum())
    return todo.only(~(nothing | good | flat))


def _log_density(at: _Panels, stretch: float, real: bool = False) -> Array:
    """Log of the largest |phi(eps)| over discs around the panels, or over the panels."""
    c, r = np.abs(at.centre), stretch * at.half
    exponent = np.maximum(c - r, 0.0) ** 2
    if not real:
        exponent = np.where(c <= 2.0 * r, 0.5 * c**2 - r**2, exponent)
    density: Array = -0.5 * exponent - 0.5 * math.log(2.0 * math.pi)
    return density


def _powers(at: _Panels, stretch: float) -> Array:
    """Bounds on 1, |eps| and |eps^2 - 1| over discs around the panels: (3, P)."""
    most = np.abs(at.centre) + stretch * at.half
    return np.stack((np.ones_like(most), most, most**2 + 1.0))


def _integrand(value: Array, shift: Array, eps: Array) -> Array:
    """value exp(shift) phi(eps) times 1, eps and eps^2 - 1: (3, ...)."""
    base = value * np.exp(shift - 0.5 * eps * eps) / math.sqrt(2.0 * math.pi)
    return np.stack((base, base * eps, base * (eps * eps - 1.0)))


def _exp(exponent: Array) -> Array:
    """The exponential, never rounded to zero: a bound stays one."""
    found: Array = np.exp(np.maximum(exponent, LOWEST))
    return found


def _spread(found: Disc, at: _Panels) -> Array:
    """How far the integrand may be from its value at the centre, on each panel: (3, P)."""
    density = _exp(found.shift + _log_density(at, 1.0, real=True))
    powers = _powers(at, 1.0)
    slopes = powers[1] * powers + np.stack((0.0 * at.half, 0.0 * at.half + 1.0, 2.0 * powers[1]))
    moved = np.abs(found.centre) * slopes * at.half
    rounding = np.abs(found.centre) * powers * ROUNDING * (2.0 + powers[2] + np.abs(found.shift))
    spread: Array = density * (found.radius[0] * powers + moved + rounding)
    return spread


def _add_rules(enclose: Callable[..., Disc], ledger: _Ledger) -> None:
    """Sum the fine rule over the panels found good, and see that the coarse one agrees."""
    centre, half = (np.concatenate(each) for each in zip(*ledger.panels, strict=True))
    if not len(half):
        return
    nodes, weights = _rules()
    eps = centre[:, None] + half[:, None] * nodes
    found = enclose(eps, 0.0)
    terms = _integrand(found.centre, found.shift, eps) * half[:, None]
    powers = np.stack((np.ones_like(eps), np.abs(eps), eps * eps + 1.0)) * half[:, None]
    exponent = found.shift - 0.5 * eps * eps
    density = _exp(exponent) / math.sqrt(2.0 * math.pi)
    relative = ROUNDING * (4.0 + 0.5 * eps * eps + np.abs(found.shift)) + (exponent < LOWEST)
    doubts = density * (found.radius[0] + relative * np.abs(found.centre)) * powers
    fine, coarse = ((terms * w).sum((1, 2)) for w in weights)
    fine_doubt, coarse_doubt = ((doubts * w).sum((1, 2)) for w in weights)
    ledger.sums += fine
    apart = np.abs(fine - coarse)
    ledger.errors += fine_doubt
    if (apart > ledger.errors + ledger.coarse_errors + coarse_doubt).any():
        raise UncertainError
