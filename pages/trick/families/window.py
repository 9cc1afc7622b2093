"""How much of z a picture shows: fixed while a slider moves, wider where z went out of sight."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from pages.trick.families.member import Values, density, spread, support
from pages.trick.families.sliders import slots
from vae_core.families import FAMILIES

MARGIN = 0.04
NICE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
LOW, HIGH = 2, 6  # among the quantiles of `spread`: 10 and 90 %


class Window(NamedTuple):
    """The range of z, and the density at the top."""

    low: float
    high: float
    top: float


def nice(value: float) -> float:
    """The next number upwards that is one of `NICE` times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(s * power for s in NICE if s * power >= 0.999 * value)


def _rounded(low: float, high: float) -> tuple[float, float]:
    step = nice((high - low) / 20.0)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def defaults(family: str) -> Values:
    """What the sliders start with."""
    return tuple(slot.default for slot in slots(family))


@cache
def home(family: str) -> Window:
    """The window to start with: where z is while one slider moves, as far as is in proportion."""
    start = defaults(family)
    moves = [start]
    for i, slot in enumerate(slots(family)):
        moves += [(*start[:i], end, *start[i + 1 :]) for end in slot.ends]
    some = [spread(family, at) for at in moves]
    wide = some[0][HIGH] - some[0][LOW]
    low = max(min(one[LOW] for one in some), some[0][LOW] - 1.1 * wide)
    high = min(max(one[HIGH] for one in some), some[0][HIGH] + 1.1 * wide)
    return Window(*_fit(family, start, low, high), nice(1.05 * _peak(family, start)))


def _fit(family: str, at: Values, low: float, high: float) -> tuple[float, float]:
    """A range with its margins, which ends where z does."""
    if FAMILIES[family].discrete:
        return low - 0.7, high + 0.7
    least, greatest = support(family, at)
    wide = high - low
    low = least if least > low - 0.5 * wide else low
    high = greatest if greatest < high + 0.5 * wide else high
    low, high = _rounded(low, high)
    margin = MARGIN * (high - low)
    return low - margin, high + margin


def _peak(family: str, at: Values) -> float:
    """The greatest density of where most of z is, but not at an end, where it may be infinite.

    A vector's is not drawn.
    """
    if FAMILIES[family].vector:
        return 1.0
    some = spread(family, at)
    if FAMILIES[family].discrete:
        return float(density(family, at, np.arange(0.0, some[-1] + 1.0)).max())
    return float(density(family, at, np.linspace(some[1], some[6], 101)[1:-1]).max())


@lru_cache(maxsize=512)
def window(family: str, at: Values) -> Window:
    """The window where the sliders stand: that to start with, unless too much is out of sight."""
    start, some = home(family), spread(family, at)
    low, high, top = start
    if not (start.low <= some[LOW] and some[HIGH] <= start.high):
        wide = some[HIGH] - some[LOW]
        first = min(low, some[LOW] - 0.3 * wide)
        last = max(high, some[HIGH] + 0.3 * wide)
        low, high = _fit(family, at, first, last)
    peak = _peak(family, at)
    if not 0.3 * top <= peak <= 1.1 * top:
        top = nice(1.05 * peak)
    return Window(low, high, top)
