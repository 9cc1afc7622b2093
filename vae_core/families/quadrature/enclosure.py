"""Discs: where a cost can be while z is anywhere near a panel, rounding included.

A panel is a piece of the real axis around a real centre c. A disc says two things of a cost there:

* row 0 of its radii: on the panel itself the cost stays within this of its value at c;
* the last row: the analytic function that it is on the panel, continued to a complex disc
  around c, stays within this; infinite where there is a corner, a jump or a pole.

Every operation encloses all that its operands can give, and widens the result by what float64 may
have rounded. All carry a factor exp(shift), so that exp(z^2) does not overflow.

Source: midpoint-radius arithmetic as in Johansson 2017, "Arb: efficient arbitrary-precision
midpoint-radius interval arithmetic", here in float64 and for whole arrays.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_core.families.quadrature.arithmetic import Number

Array = NDArray[np.float64]

ROUNDING = 2.0**-50  # eight roundings; libraries' functions are within one or two
LARGE = 300.0  # exponents beyond are carried as a factor
LONGEST = 2.0**31  # exponents of a power
TINY = 1e-300  # what may have underflowed
ZERO = np.float64(0.0)


class Disc(Number):
    """Discs around real centres, elementwise.

    Attributes:
        centre: array of any shape (...), without the factor.
        radius: (1, ...) or (2, ...), for the panel and for the continuation, likewise.
        shift: exponent of the common factor, (...), or 0.0.
    """

    __slots__ = ("centre", "radius", "shift")

    def __init__(self, centre: Any, radius: Any, shift: Any = ZERO) -> None:
        self.centre: Array = centre
        self.radius: Array = radius
        self.shift: Any = shift

    def constant(self, value: Any) -> Disc:
        """A number: a whole one exactly, another as near as its decimals were read."""
        number = float(value)
        inexact = not number.is_integer()
        return Disc(np.float64(number), np.full(1, inexact * 0.125 * ROUNDING * abs(number)))

    def _is_number(self) -> bool:
        return np.ndim(self.centre) == 0

    def plain(self) -> Disc:
        """Without the common factor."""
        if self.shift is ZERO:
            return self
        return self._under(ZERO, limited=False)

    def top(self) -> Array:
        """The largest absolute value, (1 or 2, ...), without the factor."""
        top: Array = np.abs(self.centre) + self.radius
        return top

    def _under(self, shift: Any, limited: bool = True) -> Disc:
        """The same with another common factor, which is at least as large."""
        steps = self.shift - shift
        if limited:
            steps = np.minimum(steps, 0.0)
        factor = np.exp(steps)
        wider = factor * ROUNDING * (1.0 + np.minimum(np.abs(steps), 745.0)) + TINY
        centre = self.centre * factor
        radius = self.radius * (factor + wider) + (wider * np.abs(self.centre) + TINY)
        return Disc(centre, radius, shift)

    def add(self, other: Any) -> Disc:
        other = self._same(other)
        if not self.shift is other.shift is ZERO:
            shifts = [np.where(d.top()[-1] > 0, d.shift, -np.inf) for d in (self, other)]
            both = np.maximum(*shifts)
            both = np.where(np.isfinite(both), both, 0.0)
            a, b = self._under(both), other._under(both)
            return _rounded(a.centre + b.centre, a.radius + b.radius, both)
        return _rounded(self.centre + other.centre, self.radius + other.radius)

    def mul(self, other: Any) -> Disc:
        if id(other) == id(self):
            return self._whole_power(2)
        other = self._same(other)
        radius = np.abs(self.centre) * other.radius + self.radius * other.top()
        shift = ZERO if self.shift is other.shift is ZERO else self.shift + other.shift
        return _rounded(self.centre * other.centre, radius, shift)

    def neg(self) -> Disc:
        return Disc(-self.centre, self.radius, self.shift)

    def _shift_times(self, factor: float) -> Any:
        return ZERO if self.shift is ZERO else self.shift * factor

    def reciprocal(self) -> Disc:
        size = np.abs(self.centre)
        room = size - self.radius
        radius = np.where(room > 0.0, self.radius / (size * room), np.inf)
        return _rounded(1.0 / self.centre, radius, self._shift_times(-1.0))

    def power(self, other: Any) -> Disc:
        other = self._same(other)
        exponent = float(other.centre) if other._is_number() else math.nan
        if not abs(exponent) < LONGEST or other.radius.max() > ROUNDING * abs(exponent):
            return self.log().mul(other).exp()
        if exponent == round(exponent):
            return self._whole_power(int(exponent))
        found = self.log().mul(other).exp()
        if exponent < 0.0 or self._is_number():
            return found
        here = self.plain()
        touches = (here.radius[0] >= here.centre) & (here.centre + here.radius[0] >= 0.0)
        most = np.power(np.maximum(here.centre + here.radius[0], 0.0), exponent)
        half = 0.5 * most * (1.0 + ROUNDING * (1.0 + exponent * np.abs(np.log(most))))
        if found.shift is not ZERO:
            found.shift = np.where(touches, 0.0, found.shift)
        return found._where(touches, half, half)

    def _whole_power(self, n: int) -> Disc:
        if n <= 0:
            return self._whole_power(-n).reciprocal() if n else self.constant(1.0)
        size, top, shift = np.abs(self.centre), self.top(), self._shift_times(n)
        last = top[-1]
        large = (n * np.abs(np.log(last)) > LARGE) & np.isfinite(last) & (last > 0.0)
        if np.any(large):
            unit = np.where(large, last, 1.0)
            size, top, shift = size / unit, top / unit, shift + n * np.log(unit)
        centre = size**n
        part = (top - size) / np.where(size > 0.0, size, 1.0)
        near = (part < 1.0) & (size > 0.0)
        most = top**n
        grown = np.where(near, centre * np.expm1(n * np.log1p(np.where(near, part, 0.0))), most)
        found = _rounded(
            centre if n % 2 == 0 else np.copysign(centre, self.centre),
            grown + n * ROUNDING * most,
            shift,
        )
        if n % 2 == 0 and not self._is_number():  # nothing negative on the panel
            spans = self.radius[0] >= np.abs(self.centre)
            half = 0.5 * (1.0 + n * ROUNDING) * most + TINY
            inner = np.where(spans, half[0], found.radius[0])
            outer = np.where(spans, np.maximum(most[-1] + half[0], 0.0), found.radius[-1])
            centre = np.where(spans, half[0], found.centre)
            found = Disc(centre, self._rows(inner, outer), shift)
        return found

    def exp(self) -> Disc:
        here = self.plain()
        c, r = here.centre, here.radius
        finite = np.where(np.isfinite(r), r, 0.0)
        most = c + np.maximum(finite[0], finite[-1])
        carried = np.abs(most) > LARGE
        shift: Any = np.where(carried, most, 0.0) if np.any(carried) else ZERO
        centre = np.exp(c - shift)
        near = centre * np.expm1(np.minimum(r, 1.0))
        far = np.where(np.isfinite(r), np.exp(c + r - shift) * (1.0 + ROUNDING), np.inf)
        return _rounded(centre, np.where(r < 1.0, near, far), shift)

    def log(self) -> Disc:
        positive = self.radius < self.centre
        part = np.where(positive, self.radius / self.centre, 0.0)
        found = _rounded(np.log(self.centre), np.where(positive, -np.log1p(-part), np.inf))
        if self.shift is ZERO:
            return found
        return found.add(Disc(self.shift, np.zeros((1, *np.shape(self.shift)))))

    def sqrt(self) -> Disc:
        root, low = np.sqrt(np.maximum(self.centre, 0.0)), self.centre - self.radius
        radius = np.where(low > 0.0, root - np.sqrt(np.maximum(low, 0.0)) + ROUNDING * root, np.inf)
        found = _rounded(root, radius, self._shift_times(0.5))
        high = self.centre + self.radius[0]
        touches = (low[0] <= 0.0) & (high >= 0.0)
        half = 0.5 * (1.0 + ROUNDING) * np.sqrt(np.maximum(high, 0.0))
        return found._where(touches, half, half)

    def _wave(self, own: Array, other: Array) -> Disc:
        r = np.minimum(self.radius, 700.0)
        radius = np.abs(own) * 2.0 * np.sinh(0.5 * r) ** 2 + np.abs(other) * np.sinh(r)
        radius = np.where(self.radius < 700.0, radius, np.inf)
        radius[0] = np.minimum(radius[0], 1.0 + np.abs(own))
        return _rounded(own, radius)

    def sin(self) -> Disc:
        here = self.plain()
        return here._wave(np.sin(here.centre), np.cos(here.centre))

    def cos(self) -> Disc:
        here = self.plain()
        return here._wave(np.cos(here.centre), np.sin(here.centre))

    def sigmoid(self) -> Disc:
        here = self.plain()
        w = np.exp(-np.abs(here.centre))
        off = w * np.expm1(np.minimum(here.radius, LARGE))
        radius = np.where(off < 1.0 + w, off / ((1.0 + w) * (1.0 + w - off)), np.inf)
        radius[0] = np.minimum(radius[0], 1.0)
        return _rounded(np.where(here.centre >= 0.0, 1.0, w) / (1.0 + w), radius)

    def tanh(self) -> Disc:
        found = self.mul(2.0).sigmoid()
        return _rounded(np.tanh(self.plain().centre), 2.0 * found.radius)

    def softplus(self) -> Disc:
        here = self.plain()
        steepest = here.sigmoid().top()
        steepest[0] = np.minimum(steepest[0], 1.0)
        return _rounded(np.logaddexp(0.0, here.centre), here.radius * steepest)

    def _rows(self, inner: Array, outer: Any) -> Array:
        """As many rows of radii as this disc has."""
        if len(self.radius) == 1:
            return inner[None]
        return np.stack((inner, np.broadcast_to(outer, np.shape(inner))))

    def _where(self, spans: Array, centre: Array, radius: Array) -> Disc:
        """Another centre and radius on some panels; there the function is not analytic."""
        if not np.any(spans):
            return self
        inner = np.where(spans, radius, self.radius[0])
        outer = np.where(spans, np.inf, self.radius[-1])
        return Disc(np.where(spans, centre, self.centre), self._rows(inner, outer), self.shift)

    def _piece(self, negative: Disc, positive: Disc, centre: Any, radius: Any) -> Disc:
        """One function where the panel is negative, another where positive; else the interval."""
        c, r = self.centre, self.radius[0]
        left = c < -r
        found = Disc(
            np.where(left, negative.centre, positive.centre),
            np.where(left, negative.radius, positive.radius),
            positive.shift,
        )
        return found._where(~left & (c <= r), centre, radius)

    def abs(self) -> Disc:
        half = 0.5 * self.top()[0] * (1.0 + ROUNDING)
        return self._piece(self.neg(), self, half, half)

    def relu(self) -> Disc:
        half = 0.5 * np.maximum(self.centre + self.radius[0], 0.0) * (1.0 + ROUNDING)
        return self._piece(self._flat(0.0), self, half, half)

    def step(self) -> Disc:
        return self._flat(0.0)._beside(self, self._flat(1.0), 0.5, 0.5)

    def sign(self) -> Disc:
        zero = (self.centre == 0.0) & (self.radius[0] == 0.0)
        return self._flat(-1.0)._beside(self, self._flat(1.0), 0.0, np.where(zero, 0.0, 1.0))

    def _beside(self, place: Disc, positive: Disc, centre: Any, radius: Any) -> Disc:
        return place._piece(self, positive, centre, radius)

    def _flat(self, value: float) -> Disc:
        return Disc(np.full_like(self.centre, value), np.zeros_like(self.radius))


def _rounded(centre: Any, radius: Any, shift: Any = ZERO) -> Disc:
    """With a last rounding of the centre; what is no number becomes anything at all."""
    radius = radius + (ROUNDING * np.abs(centre) + TINY)
    if not np.isfinite(radius).all():
        radius = np.where(np.isnan(radius), np.inf, radius)
        lost = ~np.isfinite(centre)
        centre, radius = np.where(lost, 0.0, centre), np.where(lost, np.inf, radius)
    return Disc(centre, radius, shift)
