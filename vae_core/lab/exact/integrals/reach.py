"""Whether E[f] exists: how fast a cost grows, against how fast a family's density falls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from vae_core.estimators.slopes import derivative
from vae_core.families.parts import Tails
from vae_core.families.quadrature.growth import NOTHING, Growth

Cost = Callable[[Any], Any]

# From how far out a bound on the cost is looked for; where its size is read off if there is none.
UNKNOWN = "It is not known whether E[f] exists."
STARTS = (1e1, 1e3, 1e6, 1e12)
FAR, FARTHER, POINTS = 1e6, 1e8, 257


class Grows(NamedTuple):
    """f grows on one side no faster than |z|^power exp(rate |z| + square z^2).

    Attributes:
        sure: whether it does grow so fast, and is not only bounded by what does.
    """

    power: float = 0.0
    rate: float = 0.0
    square: float = 0.0
    sure: bool = True

    def times(self, factor: float, more: float = 0.0) -> Grows:
        """f to a power, times |z|^more."""
        return Grows(
            factor * self.power + more, factor * self.rate, factor * self.square, self.sure
        )


Sides = tuple[Grows | None, Grows | None]


def growth(f: Cost, side: float) -> Grows:
    """How fast f grows to the right (1) or to the left (-1)."""
    bounds = [found for start in STARTS if (found := _bound(f, side, start)) is not None]
    if not bounds:
        return _measured(f, side)
    best = next((each for each in bounds if each.is_sharp), bounds[-1])
    a, b, k, _ = best.rate()
    if a == -math.inf:
        return Grows()
    return Grows(k, b, a, best.is_sharp)


def _bound(f: Cost, side: float, start: float) -> Growth | None:
    try:
        found = f(Growth((0.0, side), NOTHING, -math.inf, math.inf, start))
    except (TypeError, AttributeError, OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, Growth) else None


def slope_growth(f: Cost, side: float) -> Grows:
    """How fast the slope of f grows: like f itself where that swings, slower by 1/z elsewhere."""

    def slope(z: Tensor) -> Tensor:
        z = z.detach().requires_grad_()
        return derivative(f(z), z)

    own = growth(f, side)
    if own.rate or own.square:
        return own
    return _measured(slope, side)._replace(sure=True)


def _measured(f: Cost, side: float) -> Grows:
    """A power of |z|, read off between two places far out; endless where f overflows there."""
    places = [
        side * torch.linspace(0.5 * place, place, POINTS, dtype=torch.float64)[:, None]
        for place in (FAR, FARTHER)
    ]
    costs = torch.stack([f(z).flatten() for z in places])
    least, most = costs.abs().amax(1).sort().values.tolist()
    if not math.isfinite(most):
        return Grows(math.inf, sure=False)
    if least == 0.0:
        return Grows(-math.inf if most == 0.0 else 0.0)
    first, second = costs.abs().amax(1).tolist()
    one_sign = bool((costs > 0.0).all() or (costs < 0.0).all())
    return Grows(round(math.log(second / first) / math.log(FARTHER / FAR), 3), sure=one_sign)


def objection(tails: Tails, left: Grows | None, right: Grows | None) -> str | None:
    """Why E[f] is not known to be finite, in a sentence; None where it is.

    Args:
        tails: of the family's member.
        left, right: how f grows on the sides that z reaches without end; None where it has one.
    """
    for grows, side in ((left, "left"), (right, "right")):
        if grows is None:
            continue
        if grows.power == math.inf:
            return f"To the {side} f grows beyond all numbers, or is none. {UNKNOWN}"
        falls = grows.rate < 0.0 or grows.square < 0.0
        rates = {side: max(grows.rate, 0.0), "square": max(grows.square, 0.0)}
        found = tails.objection(power=0.0 if falls else max(grows.power, 0.0), **rates)
        if found is not None:
            return found if grows.sure else f"{found} That bounds f only. {UNKNOWN}"
    return None


def growth_of_scores(scores: dict[str, Tensor], z: Tensor) -> dict[str, float]:
    """The power of |z| that each derivative of log q follows between two places far out."""
    decades = math.log((z[1] / z[0]).item())
    powers = {}
    for name, found in scores.items():
        first, second = found.flatten().abs().tolist()
        settled = first > 0.0 and second > 0.0 and math.isfinite(first + second)
        powers[name] = round(math.log(second / first) / decades) if settled else 0.0
    return powers
