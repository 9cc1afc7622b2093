"""Costs that swing for ever under a density that falls slowly: swings that are averaged out.

A swing far out adds next to nothing, since its rises and falls cancel; but a rule that looks at
each would need millions of panels. So from some distance on the cost is led over, by a smooth
window over hundreds of swings, into the constant that it swings around. What that misses falls
faster than any power of the number of swings. Whether it was enough is seen by a second window of
half the width.

Source: the windows of Monro 2008, "Super-algebraically convergent, windowing-based approach to
the evaluation of scattering from periodic rough surfaces", here in one dimension.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vae_core.lab.exact.integrals.panels import Array, Axis

Values = Callable[[Array], Array]
POINTS = 20_001
EDGE = 2e-3  # nearer to an end of the window the weight is 0 or 1 to 200 digits


class Window(NamedTuple):
    """On one side of a centre the cost is itself up to `near`, and its mean from `far` on."""

    sign: float
    centre: float
    near: float
    mean: Array

    @property
    def far(self) -> float:
        """The window is as wide as it is away."""
        return 2.0 * self.near

    def weight(self, z: Array) -> Array:
        """1 up to `near`, 0 from `far` on, smooth in between: (N,)."""
        return falling(self.sign * (z - self.centre) / self.near - 1.0)


def falling(t: Array) -> Array:
    """From 1 at t <= 0 to 0 at t >= 1, with all derivatives: (N,)."""
    inner = np.clip(t, EDGE, 1.0 - EDGE)
    found: Array = 1.0 / (1.0 + np.exp(1.0 / (1.0 - inner) - 1.0 / inner))
    return found


def window(f: Values, axis: Axis, sign: float, near: float) -> Window:
    """The window at a distance, with the mean of f weighed smoothly from there on."""
    t = np.linspace(0.0, 1.0, POINTS)
    weight = falling(1.0 - 2.0 * np.minimum(t, 1.0 - t))
    z = axis.middle + sign * near * (1.0 + t)
    mean = (weight[:, None] * f(z)).sum(0) / weight.sum()
    return Window(sign, axis.middle, near, mean)


def windowed(f: Values, windows: list[Window]) -> Values:
    """f within all of the windows, and their means beyond."""

    def led_over(z: Array) -> Array:
        shown = np.ones(len(z), bool)
        for each in windows:
            shown &= each.sign * (z - each.centre) < each.far
        inner = np.where(shown, z, windows[0].centre)
        found = f(inner)
        for each in windows:
            weight = each.weight(z)[:, None]
            found = weight * found + (1.0 - weight) * each.mean
        return found

    return led_over


def places(axis: Axis, unsettled: Array) -> list[tuple[float, float]]:
    """Sign and distance of the windows that keep to where the panels were fine enough."""
    found = []
    for sign, end in ((-1.0, axis.low), (1.0, axis.high)):
        away = sign * (unsettled - axis.middle)
        if math.isinf(end) and (away > 0.0).any():
            found.append((sign, float(away[away > 0.0].min()) / 4.0))
    return found
