"""How fast a cost can grow: a bound on |f(z)| that holds from some |z| on, out to infinity.

On one side, where x = |z| >= start, a cost is held as a polynomial in x and a rest,

    |f - polynomial| <= exp(c + k log x + b x + a x^2),

together with the real interval that f stays in. That is enough to bound what a Gaussian integral
leaves out, and to see where it has no finite value. What fits none of this raises TypeError.
"""

from __future__ import annotations

import itertools
import math
from contextlib import suppress
from typing import Any, NamedTuple

from vae_core.families.quadrature.arithmetic import Number

MOST_TERMS = 130


class Rate(NamedTuple):
    """exp(c + k log x + b x + a x^2), for x >= 1."""

    a: float = 0.0
    b: float = 0.0
    k: float = 0.0
    c: float = 0.0

    def times(self, other: Rate) -> Rate:
        """The product."""
        if NOTHING in (self, other):
            return NOTHING
        return Rate(*(x + y for x, y in zip(self, other, strict=True)))

    def to_the(self, power: float) -> Rate:
        """A power."""
        return self if self == NOTHING else Rate(*(power * x for x in self))

    def plus(self, other: Rate, start: float) -> Rate:
        """A bound on the sum, for x >= start."""
        if NOTHING in (self, other):
            return max(self, other)
        less, more = sorted((self, other))
        if math.isinf(more.a):
            return BEYOND
        a, b, k, c = (x - y for x, y in zip(less, more, strict=True))
        ratio = c + k * math.log(start) + b * start + a * start**2
        if max(k, 0.0) / start + b + 2.0 * a * start <= 0.0:  # it falls from here on
            return more._replace(c=more.c + _log_of_one_plus_exp(ratio))
        a, b, k = (max(x, y) for x, y in zip(less[:3], more[:3], strict=True))
        return Rate(a, b, k, max(less.c, more.c) + math.log(2.0))

    @property
    def order(self) -> tuple[float, float, float]:
        """What decides far out."""
        return self[:3]


NOTHING = Rate(-math.inf, -math.inf, -math.inf, -math.inf)
BEYOND = Rate(a=math.inf)


class Growth(Number):
    """A cost for x = |z| >= start on one side.

    Attributes:
        poly: coefficients of the polynomial in x, lowest first; without zeros at the end.
        rest: bound on what else there is.
        low, high: the interval that holds all values.
        start: where x begins, at least 8.
        sharp: whether |f| is at least some positive constant times its own bound.
    """

    __slots__ = ("high", "low", "poly", "rest", "sharp", "start")

    def __init__(
        self, poly: tuple[float, ...], rest: Rate, low: float, high: float, start: float,
        sharp: bool = False,
    ) -> None:  # fmt: skip
        while poly and poly[-1] == 0.0:
            poly = poly[:-1]
        self.poly, self.rest, self.start = poly, rest, start
        self.low, self.high, self.sharp = low, high, sharp
        if rest == NOTHING:
            self._follow_polynomial()
        if math.isnan(self.low + self.high):
            self.low, self.high = -math.inf, math.inf

    def _follow_polynomial(self) -> None:
        """Range and sharpness of a mere polynomial, whose last term rules from `start` on."""
        self.sharp = bool(self.poly)
        if len(self.poly) <= 1:
            self.low = self.high = self.poly[0] if self.poly else 0.0
            return
        least = self._least()
        if least > 0.0:
            if self.poly[-1] > 0.0:
                self.low, self.high = max(self.low, least), math.inf
            else:
                self.low, self.high = -math.inf, min(self.high, -least)

    def _lead(self) -> float:
        """Size of the last coefficient less what the others can take from it."""
        degree = len(self.poly) - 1
        others = sum(abs(c) * self.start ** (i - degree) for i, c in enumerate(self.poly[:-1]))
        return abs(self.poly[-1]) - others

    def _least(self) -> float:
        degree = len(self.poly) - 1
        log_least = degree * math.log(self.start)
        return self._lead() * math.exp(min(log_least, 600.0))

    def rate(self) -> Rate:
        """A bound on |f|."""
        if not self.poly:
            return self.rest
        degree = len(self.poly) - 1
        size = sum(abs(c) * self.start ** (i - degree) for i, c in enumerate(self.poly))
        return Rate(k=float(degree), c=math.log(size)).plus(self.rest, self.start)

    @property
    def is_sharp(self) -> bool:
        """Whether |f| truly grows like `rate`."""
        if self.sharp or self.rest == NOTHING:
            return self.sharp
        if (self.low > 0.0 or self.high < 0.0) and self.rate().order <= (0.0, 0.0, 0.0):
            return True
        return bool(self.poly) and (0.0, 0.0, len(self.poly) - 1.0) > self.rest.order

    def _made(
        self, rate: Rate, low: float = -math.inf, high: float = math.inf, sharp: bool = False
    ) -> Growth:
        return Growth((), rate, low, high, self.start, sharp)

    def constant(self, value: Any) -> Growth:
        """A number."""
        return Growth((float(value),), NOTHING, 0.0, 0.0, self.start)

    def _is_number(self) -> bool:
        return self.rest == NOTHING and len(self.poly) <= 1

    def add(self, other: Any) -> Growth:
        other = self._same(other)
        longest = max(len(self.poly), len(other.poly))
        padded = (g.poly + (0.0,) * (longest - len(g.poly)) for g in (self, other))
        poly = tuple(x + y for x, y in zip(*padded, strict=True))
        rest = self.rest.plus(other.rest, self.start)
        return Growth(
            poly, rest, self.low + other.low, self.high + other.high, self.start,
            _sum_is_sharp(self, other),
        )  # fmt: skip

    def mul(self, other: Any) -> Growth:
        other = self._same(other)
        low, high = _product(self, other)
        sharp = self.is_sharp and other.is_sharp
        if len(self.poly) + len(other.poly) > MOST_TERMS:
            return self._made(self.rate().times(other.rate()), low, high, sharp)
        poly = [0.0] * max(len(self.poly) + len(other.poly) - 1, 0)
        for i, x in enumerate(self.poly):
            for j, y in enumerate(other.poly):
                poly[i + j] += x * y
        mixed = self.rate().times(other.rest), self.rest.times(other.rate())
        return Growth(
            tuple(poly), mixed[0].plus(mixed[1], self.start), low, high, self.start, sharp
        )

    def reciprocal(self) -> Growth:
        if self._is_number():
            return self.constant(1.0 / self.low)
        low, high = (1.0 / self.high, 1.0 / self.low) if self.low * self.high > 0 else (0.0, 0.0)
        if self.rest == NOTHING and self._lead() > 0.0:
            rate = Rate(k=1.0 - len(self.poly), c=-math.log(self._lead()))
            return self._made(rate, low, high, True)
        if self.low * self.high <= 0.0:
            raise TypeError("may be zero")
        return self._made(Rate(c=-math.log(min(abs(self.low), abs(self.high)))), low, high)

    def power(self, other: Any) -> Growth:
        other = self._same(other)
        if not other._is_number():
            return self.log().mul(other).exp()
        n = other.low
        if n < 0.0:
            return self.power(-n).reciprocal()
        whole = n == round(n)
        if whole and self.rest == NOTHING and n * (len(self.poly) - 1) < MOST_TERMS and n < 200:
            half = self.power(n // 2) if n > 1 else self.constant(1.0)
            return half.mul(half).mul(self) if n % 2 else half.mul(half) if n else half
        if self.low < 0.0 and not whole:
            raise TypeError("no real power of a negative number")
        ends = _power(self.low, n), _power(self.high, n)
        if self.low < 0.0 and n % 2 == 0:
            ends = (0.0 if self.high > 0.0 else min(ends)), max(ends)
        return self._made(self.rate().to_the(n), *ends, self.is_sharp)

    def exp(self) -> Growth:
        low, high = _exp(self.low), _exp(self.high)
        choices = [Rate(c=self.high)] if self.high < math.inf else []
        exact, rest = self.rest == NOTHING, self.rest
        if len(self.poly) <= 3 and (exact or (rest.a <= 0.0 and rest.b <= 0.0 and rest.k <= 2.0)):
            p = self.poly + (0.0,) * (3 - len(self.poly))
            more = [0.0, 0.0, 0.0]
            if not exact:
                place = max(math.ceil(rest.k), 0)
                more[place] = _exp(rest.c) * self.start ** (rest.k - place)
            rate = Rate(p[2] + more[2], p[1] + more[1], 0.0, p[0] + more[0])
            choices.append(rate)
            if min(choices) == rate:
                return self._made(rate, low, high, exact or rest.k <= 0.0)
        if choices:
            return self._made(min(choices), low, high)
        return self._made(BEYOND, low, high, self.is_sharp and self.low > 0.0)

    def log(self) -> Growth:
        if not self.low > 0.0:
            raise TypeError("may be no number")
        if self._is_number():
            return self.constant(math.log(self.low))
        a, b, k, c = self.rate()
        if math.isinf(a):
            raise TypeError("grows too fast")
        found = Rate(c=math.log(max(abs(math.log(self.low)), abs(c), 1e-300)))
        root = math.sqrt(self.start)
        for size, power in ((k * math.log(self.start) / root, 0.5), (b, 1.0), (a, 2.0)):
            if size > 0.0:
                found = found.plus(Rate(k=power, c=math.log(size)), self.start)
        high = math.log(self.high) if self.high < math.inf else math.inf
        return self._made(found, math.log(self.low), high)

    def sqrt(self) -> Growth:
        return self.power(0.5)

    def sin(self) -> Growth:
        return self._made(Rate(), -1.0, 1.0)

    cos = sin

    def tanh(self) -> Growth:
        return self._made(Rate(), math.tanh(self.low), math.tanh(self.high))

    def sigmoid(self) -> Growth:
        return self.mul(0.5).tanh().add(1.0).mul(0.5)

    def abs(self) -> Growth:
        if self.low >= 0.0:
            return self
        if self.high <= 0.0:
            return self.neg()
        return self._made(self.rate(), 0.0, max(-self.low, self.high), self.is_sharp)

    def relu(self) -> Growth:
        if self.low >= 0.0:
            return self
        if self.high <= 0.0:
            return self.constant(0.0)
        return self._made(self.rate(), 0.0, self.high)

    def softplus(self) -> Growth:
        above = self._made(Rate(c=math.log(math.log(2.0))), 0.0, math.log(2.0))
        return self.relu().add(above)

    def step(self) -> Growth:
        if self.low > 0.0 or self.high <= 0.0:
            return self.constant(float(self.low > 0.0))
        return self._made(Rate(), 0.0, 1.0)

    def sign(self) -> Growth:
        return self.step().sub(self.neg().step())


def _log_of_one_plus_exp(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _exp(x: float) -> float:
    return math.exp(x) if x < 700.0 else math.inf


def _power(x: float, n: float) -> float:
    with suppress(OverflowError):
        return math.pow(x, n)
    return math.copysign(math.inf, x) if n % 2 else math.inf


def _product(one: Growth, other: Growth) -> tuple[float, float]:
    """The interval of a product; 0 times infinity is taken for 0, as bounds are at the ends."""
    pairs = itertools.product((one.low, one.high), (other.low, other.high))
    ends = [0.0 if 0.0 in pair else math.prod(pair) for pair in pairs]
    return min(ends), max(ends)


def _sum_is_sharp(one: Growth, other: Growth) -> bool:
    """One rules, or both have the same sign."""
    less, more = sorted((one, other), key=lambda g: g.rate().order)
    same = min(one.low, other.low) >= 0.0 or max(one.high, other.high) <= 0.0
    return more.is_sharp and (same or more.rate().order > less.rate().order)
