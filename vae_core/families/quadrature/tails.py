"""What a Gaussian integral leaves out beyond its ends, bounded; and whether it is finite at all."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor

from vae_core.families.quadrature.growth import NOTHING, Growth

DEVIATIONS = 13.5  # how far out at least
NEGLIGIBLE = -90.0  # logarithm of what may be left out, in units of the integral of one
FIRST_START, WIDENING, MOST_WIDENINGS = 10.0, 1.25, 160
BARELY = 1e-15  # relative; nearer than this to the edge of being finite, nobody can tell


class InfiniteExpectationError(ValueError):
    """The cost grows at least as fast as the Gaussian falls."""


class UncertainError(ValueError):
    """No bound is known."""


class Tail(NamedTuple):
    """Ends in units of sigma around mu, and bounds on what E[|f| (1 + eps^2)] has beyond them."""

    left: float
    right: float
    beyond: float


@functools.lru_cache(maxsize=4096)
def _growth(f: Callable[[Any], Any], side: float, widening: int) -> Growth | None:
    start = FIRST_START * WIDENING**widening
    try:
        found = f(Growth((0.0, side), NOTHING, -math.inf, math.inf, start))
    except (TypeError, AttributeError, OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, Growth) else None


def tails(f: Callable[[Tensor], Tensor], loc: float, scale: float) -> Tail:
    """Ends beyond which next to nothing is left, and how much that is at most.

    Raises:
        InfiniteExpectationError: nothing is small enough, however far out.
        UncertainError: the cost's growth is not understood.
    """
    right, beyond_right = _tail(f, 1.0, loc, scale)
    left, beyond_left = _tail(f, -1.0, loc, scale)
    return Tail((-left - loc) / scale, (right - loc) / scale, beyond_left + beyond_right)


def _tail(
    f: Callable[[Tensor], Tensor], side: float, loc: float, scale: float
) -> tuple[float, float]:
    """The end x = |z| on one side, and the bound beyond it."""
    wanted = max(side * loc + DEVIATIONS * scale, FIRST_START)
    first = math.ceil(math.log(wanted / FIRST_START) / math.log(WIDENING))
    for widening in range(first, first + MOST_WIDENINGS):
        growth = _growth(f, side, widening)
        if growth is None:
            continue
        left_out = _left_out(growth, side, loc, scale)
        if left_out < NEGLIGIBLE:
            return growth.start, math.exp(left_out)
    raise UncertainError


def _left_out(growth: Growth, side: float, loc: float, scale: float) -> float:
    """Log of a bound on the integral of |f| (1 + eps^2) q from `start` on; infinite if unknown."""
    start, (a, b, k, c) = growth.start, growth.rate()
    if a == -math.inf:
        return -math.inf
    fall = 0.5 / scale**2
    if a >= fall * (1.0 - BARELY):
        refuse(growth, a)
        return math.inf
    # 1 + eps^2 <= x^2 times this, and the Gaussian's own polynomial goes to the exponent.
    squares = (1.0 + abs(loc) / start) ** 2 / scale**2 + 1.0 / start**2
    bend, slope, power = a - fall, b + side * loc / scale**2, max(k, 0.0) + 2.0
    height = c + min(k, 0.0) * math.log(start) + math.log(squares)
    height += power * math.log(start) + b * start + a * start**2
    height -= 0.5 * ((side * start - loc) / scale) ** 2 + math.log(scale * math.sqrt(2.0 * math.pi))
    steepness = power / start + slope + 2.0 * bend * start
    return height - math.log(-steepness) if steepness < 0.0 else math.inf


def refuse(growth: Growth, a: float) -> None:
    """Raise where f is known to grow so fast, not only bounded by what does."""
    if not growth.is_sharp:
        return
    if 0.0 < a < math.inf:
        limit = math.sqrt(0.5 / a)
        floor = math.floor(limit * 10.0 ** (3 - math.floor(math.log10(limit))))
        shown = floor / 10.0 ** (3 - math.floor(math.log10(limit)))
        remedy = f"Keep sigma below {shown:.4g}, or change the cost."
    else:
        remedy = "That is so for every sigma: change the cost."
    raise InfiniteExpectationError(
        "The expectation of this cost does not settle to a number, it is infinite: far out the "
        f"cost grows as fast as the Gaussian falls, or faster. {remedy}"
    )
