"""The quantile of any law from its CDF, and how it moves: implicit reparameterization.

F(z; theta) = u at a fixed height u gives dz/dtheta = -(dF/dtheta) / q (Figurnov et al. 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS, ROUNDS = 65, 10


def quantile(cdf: Callable[[Tensor], Tensor], u: float, low: float, high: float) -> float:
    """The least z with F(z) >= u between two ends, by grids that grow finer, to 64^-10 of it.

    Args:
        cdf: F, rising, of shape (N,) for places of that shape.
        u: the height, between F(low) and F(high).
        low, high: the ends.

    >>> round(quantile(torch.special.ndtr, 0.975, -9.0, 9.0), 9)
    1.959963985
    """
    for _ in range(ROUNDS):
        grid = torch.linspace(low, high, POINTS, dtype=torch.float64)
        first = int((cdf(grid) < u).sum())
        if not 0 < first < POINTS:
            return high if first else low
        low, high = grid[first - 1].item(), grid[first].item()
    return high


def implicit_slope(
    cdf: Callable[[float], float], density: float, at: float, step: float = 1e-4
) -> float:
    """-(dF/dtheta) / q at a place, the derivative by central differences of fourth order.

    Args:
        cdf: theta -> F(z; theta) at that place.
        density: q(z) there.
        at: theta.
        step: of theta.

    >>> from math import exp
    >>> u = lambda rate: 1.0 - exp(-rate * 2.0)  # an Exponential at z = 2: dz/drate = -z / rate
    >>> round(implicit_slope(u, 0.5 * exp(-1.0), 0.5), 9)
    -4.0
    """
    return -difference(cdf, at, step) / density


def difference(f: Callable[[float], float], at: float, step: float) -> float:
    """The derivative of f at a place, by central differences of fourth order."""
    near = f(at + step) - f(at - step)
    far = f(at + 2.0 * step) - f(at - 2.0 * step)
    return (8.0 * near - far) / (12.0 * step)
