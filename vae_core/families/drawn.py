"""Base noise moved by a function that is drawn by hand: z = g(eps) with eps ~ N(0, 1).

g is given by heights over evenly spaced knots, joined by cubics that rise where the heights rise
and fall where they fall (Fritsch & Butland 1984), with straight tails. Between two points where it
turns back it has an inverse, and there q(z) dz = p(eps) d eps, that is q(z) = p(eps) / |g'(eps)|.
Where several such stretches reach z, their shares add up; a stretch that is flat puts all its mass
on a single z, which has no density. Arrays are numpy, float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import numpy as np

MOST_ROUNDS, CLOSE = 60, 1e-15
START = np.linspace(0.0, 1.0, 33)


class Stretch(NamedTuple):
    """Where g goes one way: from `low` to `high` in eps, `way` 1 up, -1 down, 0 flat."""

    low: float
    high: float
    way: int

    @property
    def mass(self) -> float:
        """Probability that eps falls into it."""
        return probability(self.low, self.high)


@dataclass(frozen=True)
class Drawn:
    """z = g(eps), drawn through points.

    Args:
        heights: g at the knots, two at least.
        first, step: the knots are first, first + step, and so on; step > 0.

    >>> g = Drawn((-1.0, 0.0, 1.0, 0.5))
    >>> g(np.array([-1.0, 0.0, 3.0])), [stretch.way for stretch in g.stretches]
    (array([ 0. ,  1. , -0.5]), [1, -1])
    """

    heights: tuple[float, ...]
    first: float = -2.0
    step: float = 1.0

    @cached_property
    def knots(self) -> np.ndarray:
        """Where the heights stand, (knots,)."""
        return self.first + self.step * np.arange(len(self.heights))

    @cached_property
    def _cubics(self) -> tuple[np.ndarray, ...]:
        """Height, and coefficients in s from 0 to 1, of the cubics between the knots."""
        y = np.array(self.heights)
        rise = np.diff(y)
        left, right = rise[:-1], rise[1:]
        same = left * right > 0
        inner = np.where(same, 2 * left * right / np.where(same, left + right, 1.0), 0.0)
        m = np.concatenate([rise[:1], inner, rise[-1:]])
        return y[:-1], m[:-1], 3 * rise - 2 * m[:-1] - m[1:], m[:-1] + m[1:] - 2 * rise

    def _local(self, eps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The cubic of each eps, where it is on it, and how far it lies beyond the ends."""
        at = (np.asarray(eps, dtype=np.float64) - self.first) / self.step
        inside = np.clip(at, 0.0, len(self.heights) - 1.0)
        piece = np.minimum(inside.astype(int), len(self.heights) - 2)
        return piece, inside - piece, at - inside

    def __call__(self, eps: np.ndarray) -> np.ndarray:
        """g(eps), elementwise."""
        piece, s, beyond = self._local(eps)
        y, a, b, c = (each[piece] for each in self._cubics)
        tail: np.ndarray = beyond * self._rate(piece, s)
        z: np.ndarray = y + s * (a + s * (b + s * c)) + tail
        return z

    def slope(self, eps: np.ndarray) -> np.ndarray:
        """g'(eps), elementwise."""
        piece, s, _beyond = self._local(eps)
        slope: np.ndarray = self._rate(piece, s) / self.step
        return slope

    def _rate(self, piece: np.ndarray, s: np.ndarray) -> np.ndarray:
        _y, a, b, c = (each[piece] for each in self._cubics)
        rate: np.ndarray = a + s * (2 * b + 3 * s * c)
        return rate

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The axis of eps cut where g turns back or turns flat."""
        ways = [int(way) for way in np.sign(np.diff(self.heights))]
        edges = [-math.inf, *map(float, self.knots[1:-1]), math.inf]
        found = []
        for way, run in groupby(range(len(ways)), key=ways.__getitem__):
            pieces = list(run)
            found.append(Stretch(edges[pieces[0]], edges[pieces[-1] + 1], way))
        return tuple(found)

    @cached_property
    def slopes_between(self) -> tuple[float, float]:
        """The least and the greatest |g'| on the whole axis."""
        _y, a, b, c = self._cubics
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = np.nan_to_num(-b / (3 * c), nan=0.0, posinf=0.0, neginf=0.0)
        pieces = np.arange(len(a))
        rates = [self._rate(pieces, np.clip(s, 0.0, 1.0)) for s in (0.0 * a, 1.0 + 0.0 * a, vertex)]
        sizes = np.abs(rates) / self.step
        return float(sizes.min()), float(sizes.max())

    def inverse(self, z: np.ndarray, stretch: Stretch) -> np.ndarray:
        """The eps of a stretch with g(eps) = z, elementwise; NaN where it does not reach z."""
        if not stretch.way:
            return np.full(np.shape(z), np.nan)
        within = (self.knots >= stretch.low) & (self.knots <= stretch.high)
        knots, heights = self.knots[within], np.array(self.heights)[within]
        order = np.argsort(heights)
        place = np.clip(np.searchsorted(heights[order], z) - 1, 0, len(knots) - 2)
        if stretch.way < 0:
            place = len(knots) - 2 - place
        first = int(np.flatnonzero(within)[0])
        eps = self.first + self.step * (first + place + self._solve(z, first + place))
        for end, beyond, knot, height in (
            (stretch.low, (z - heights[0]) * stretch.way < 0, knots[0], heights[0]),
            (stretch.high, (z - heights[-1]) * stretch.way > 0, knots[-1], heights[-1]),
        ):
            rate = float(self.slope(np.array([knot]))[0])
            tail = knot + (z - height) / rate if math.isinf(end) else np.nan
            eps = np.where(beyond, tail, eps)
        found: np.ndarray = eps
        return found

    @cached_property
    def _started(self) -> tuple[np.ndarray, np.ndarray]:
        """How far each cubic has come at the places of `START`, from which Newton sets out."""
        _y, a, b, c = (each[:, None] for each in self._cubics)
        rise = a + b + c
        way = START * (a + START * (b + START * c)) / np.where(rise, rise, 1.0)
        return way + np.arange(len(rise))[:, None], START + np.arange(len(rise))[:, None]

    def _solve(self, z: np.ndarray, piece: np.ndarray) -> np.ndarray:
        """Where the cubics reach z, s from 0 to 1: by Newton's steps, halved where they leave."""
        y, a, b, c = (each[piece] for each in self._cubics)
        rise = a + b + c
        share = np.clip((z - y) / rise, 0.0, 1.0)
        a, b, c = a / rise, b / rise, c / rise
        ways, places = self._started
        s: np.ndarray = np.interp(share + piece, ways.ravel(), places.ravel()) - piece
        low, high = np.zeros_like(s), np.ones_like(s)
        for _ in range(MOST_ROUNDS):
            miss = s * (a + s * (b + s * c)) - share
            if np.abs(miss).max(initial=0.0) < CLOSE:
                break
            low, high = np.where(miss <= 0, s, low), np.where(miss >= 0, s, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                s = s - miss / (a + s * (2 * b + 3 * s * c))
            s = np.where((s >= low) & (s <= high), s, (low + high) / 2)
        return s

    def share(self, z: np.ndarray, stretch: Stretch) -> np.ndarray:
        """What a stretch adds to the density at z: p(eps) / |g'(eps)|, 0 where it has no eps."""
        eps = self.inverse(z, stretch)
        with np.errstate(divide="ignore"):
            found = base_density(eps) / np.abs(self.slope(np.nan_to_num(eps)))
        share: np.ndarray = np.where(np.isnan(eps), 0.0, found)
        return share

    def density(self, z: np.ndarray) -> np.ndarray:
        """q(z), elementwise: the sum over all stretches; infinite where g turns back.

        A flat stretch has no density and is left out: what is missing to 1 is its mass.
        """
        shares = np.array([self.share(z, stretch) for stretch in self.stretches])
        q: np.ndarray = shares.sum(axis=0)
        return q


def base_density(eps: np.ndarray) -> np.ndarray:
    """p(eps) of the standard normal."""
    density: np.ndarray = np.exp(-0.5 * np.square(eps)) / math.sqrt(2 * math.pi)
    return density


def probability(low: float, high: float) -> float:
    """The mass of p between two eps.

    >>> round(probability(-1.96, 1.96), 4)
    0.95
    """
    return 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))
