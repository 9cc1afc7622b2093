"""Integrals over the whole axis or a part of it, with ends where the integrand may be endless.

The axis is cut into panels that double outwards from the middle, up to sixty decades away, and
halve towards a finite end. Panels on which two rules differ are halved again. What is left
beyond the last one is added as that of a power of the distance, which the integrand then is; the
derivatives in parameters that the integrand carries along follow the same rule.

Arrays are numpy, float64. Source: Davis and Rabinowitz, Methods of Numerical Integration, 1984,
chapters 3 and 6.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integrand = Callable[[Array], Array]

FINE, COARSE = 20, 15
CORE, SPAN, PARTS = 32, 8.0, 4  # panels of each half of the middle, its width, panels an octave
OUTWARDS, TO_ZERO, TO_END = 200, 1000, 30  # octaves; towards an end other than 0 digits run out
TOLERANCE, NEGLIGIBLE = 1e-14, 1e-22
LEVELS, MOST_PANELS = 50, 6_000
APART, ROUNDING = 16.0, 1e-12  # of the two places at which a power is read off; of the power


class Axis(NamedTuple):
    """Where the integrand lives, and where its bulk is: `width` around `middle`."""

    low: float
    high: float
    middle: float
    width: float


class Side(NamedTuple):
    """The way from the middle to one end.

    Attributes:
        sign: 1 to the right, -1 to the left.
        end: of the axis; infinite, or finite.
        edges: of the panels, in z, from the middle on; (P + 1,).
        core: how many of the panels belong to the middle.
    """

    sign: float
    end: float
    edges: Array
    core: int


class Sums(NamedTuple):
    """The integrals, what they may be off, and where the panels were not fine enough.

    Attributes:
        total, error: of the value and its derivatives, (1 + P, C).
        unsettled: centres of the panels whose rules still differ.
    """

    total: Array
    error: Array
    unsettled: Array


def sides(axis: Axis) -> tuple[Side, Side]:
    """Both ways from the middle."""
    return _side(axis, -1.0, axis.low), _side(axis, 1.0, axis.high)


def _side(axis: Axis, sign: float, end: float) -> Side:
    if math.isinf(end):
        core = np.linspace(0.0, SPAN, CORE + 1)
        octaves = SPAN * 2.0 ** (np.arange(1, PARTS * OUTWARDS + 1) / PARTS)
        return Side(sign, end, axis.middle + sign * axis.width * np.append(core, octaves), CORE)
    reach = abs(end - axis.middle)
    core = np.linspace(1.0, 0.5, CORE + 1)
    octaves = 2.0 ** -(1.0 + np.arange(1, PARTS * (TO_END if end else TO_ZERO) + 1) / PARTS)
    return Side(sign, end, end - sign * reach * np.append(core, octaves), CORE)


@functools.cache
def _rules() -> tuple[Array, Array]:
    """Nodes of both rules together, (N,), and each rule's weights over all of them, (2, N).

    The coarse one is Lobatto's, which looks at a panel's ends too: a jump beside an end, nearer
    than the first node of Gauss, is not overlooked.
    """
    nodes, own = np.polynomial.legendre.leggauss(FINE)
    last = np.polynomial.Legendre.basis(COARSE - 1)
    lobatto = np.concatenate(([-1.0], np.sort(last.deriv().roots().real), [1.0]))
    weights = np.zeros((2, FINE + COARSE))
    weights[0, :FINE], weights[1, FINE:] = own, 2.0 / (COARSE * (COARSE - 1) * last(lobatto) ** 2)
    return np.concatenate((nodes, lobatto)), weights


def _by_rules(g: Integrand, centre: Array, half: Array) -> tuple[Array, Array]:
    """What the fine rule gives on each panel, and what the coarse one differs by: (N, 1+P, C)."""
    nodes, weights = _rules()
    found = g((centre[:, None] + half[:, None] * nodes).ravel())
    found = found.reshape(len(centre), len(nodes), *found.shape[1:])
    fine, coarse = np.tensordot(weights, found, (1, 1)) * half[None, :, None, None]
    return fine, np.abs(fine - coarse)


def integrate(g: Integrand, axis: Axis) -> Sums:
    """The integral of g, which maps z (N,) to a value and derivatives (N, 1 + P, C), over an axis.

    The error is infinite where g does not fall fast enough towards an end.

    >>> bell = lambda z: np.exp(-z * z)[:, None, None]
    >>> found = integrate(bell, Axis(-math.inf, math.inf, 0.3, 1.0))
    >>> bool(abs(found.total[0, 0] - math.sqrt(math.pi)) < 1e-14)
    True
    """
    with np.errstate(all="ignore"):
        kept = [_within_reach(g, side) for side in sides(axis)]
        centre, half = (np.concatenate(parts) for parts in zip(*(k[:2] for k in kept), strict=True))
        found = _refined(g, centre, half)
        total, error = found.total, found.error
        for beyond, off in (k[2] for k in kept):
            total, error = total + beyond, error + off
    return Sums(total, error, found.unsettled)


def _within_reach(g: Integrand, side: Side) -> tuple[Array, Array, tuple[Array, Array]]:
    """Panels of a side that matter, by centre and half width, and what is left beyond them."""
    ends = np.sort(np.stack((side.edges[:-1], side.edges[1:])), axis=0)
    centre, half = (ends[1] + ends[0]) / 2.0, (ends[1] - ends[0]) / 2.0
    size = np.abs(_by_rules(g, centre, half)[0])
    lost = np.flatnonzero(~np.isfinite(size[side.core :]).all((1, 2)))
    count = side.core + int(lost[0]) if len(lost) else len(centre)
    size = np.nan_to_num(size[:count], nan=0.0, posinf=0.0)
    matters = np.flatnonzero((size > NEGLIGIBLE * size.sum(0)).any((1, 2)))
    last = max(int(matters[-1]) + 1 if len(matters) else 0, side.core)
    nothing = np.zeros(size.shape[1:])
    closed = _beyond(g, side, last) if last == count else (nothing, nothing)
    last = min(last + 1, count)  # where it may begin, nearer to the end than a node
    return centre[:last], half[:last], closed


def _beyond(g: Integrand, side: Side, last: int) -> tuple[Array, Array]:
    """The integral from an edge on to the end, and its error, by the power that g follows there.

    A derivative follows either a power of its own, or that of the value times the logarithm of the
    distance, where the power itself depends on the parameter: which, is seen at three places.
    """
    base = side.end if math.isfinite(side.end) else side.edges[0]
    inwards = APART if math.isfinite(side.end) else 1.0 / APART
    places = base + (side.edges[last] - base) * inwards ** np.arange(3.0)
    here = g(places) * np.abs(places - base)[:, None, None]
    beyond, off = _by_power(here)
    by_logarithm, off_logarithm = _by_logarithm(here)
    other = off_logarithm < off
    return np.where(other, by_logarithm, beyond), np.where(other, off_logarithm, off)


def _by_power(here: Array) -> tuple[Array, Array]:
    """The rest of exp(power t), t the logarithm of the distance; endless unless it falls."""
    power, earlier = np.log(np.abs(here[:2] / here[1:])) / math.log(APART)
    beyond = -here[0] / power
    off = np.abs(beyond) * (np.abs((power - earlier) / power) * _reach(power) + ROUNDING)
    nothing = here[0] == 0.0
    off = np.where(nothing, 0.0, np.where(power < 0.0, off, np.inf))
    return np.where(nothing, 0.0, beyond), off


def _reach(power: Array) -> Array:
    """How far the rest extends, in steps between the places that it is judged by; at least one."""
    return np.maximum(1.0, 1.0 / (math.log(APART) * np.abs(power)))


def _by_logarithm(here: Array) -> tuple[Array, Array]:
    """The same of exp(power t) (a + b t) for each derivative, the power being the value's."""
    power = np.log(np.abs(here[0, 0] / here[1, 0])) / math.log(APART)
    ratio = here / here[:, :1]
    slopes = (ratio[:2] - ratio[1:]) / math.log(APART)
    beyond = -here[0, 0] / power * (ratio[0] - slopes[0] / power)
    _, off_value = _by_power(here[:, :1])
    bend = (slopes[0] - slopes[1]) * _reach(power)
    off = np.abs(here[0, 0] / power**2 * bend) + np.abs(beyond) * ROUNDING
    off = off + off_value * np.abs(ratio[0])
    off[0] = np.inf
    return beyond, np.where(np.isfinite(off), off, np.inf)


def _refined(g: Integrand, centre: Array, half: Array) -> Sums:
    """Panels are halved until both rules agree on each."""
    fine, apart = _by_rules(g, centre, half)
    size = np.abs(np.nan_to_num(fine, nan=0.0, posinf=0.0, neginf=0.0)).sum(0) + 1e-300
    total, error = np.zeros(fine.shape[1:]), np.zeros(fine.shape[1:])
    for level in range(LEVELS):
        settled = (apart <= TOLERANCE * size).all((1, 2))
        total, error = total + fine[settled].sum(0), error + apart[settled].sum(0)
        centre, half, fine, apart = (each[~settled] for each in (centre, half, fine, apart))
        if not len(centre) or level == LEVELS - 1 or 2 * len(centre) > MOST_PANELS:
            break
        centre = (centre[:, None] + half[:, None] * np.array([-0.5, 0.5])).ravel()
        half = np.repeat(half / 2.0, 2)
        fine, apart = _by_rules(g, centre, half)
    total, error = total + fine.sum(0), error + (apart + np.abs(fine)).sum(0)
    gross = np.abs(total) + size
    return Sums(total, error + 2.0**-50 * gross, centre)
