"""An integral over a cube of D dimensions: by draws, and by a grid with the same effort.

z is uniform on [0, 1]^D and f(z) = cos(WAVES S) with S = sum_d (z_d - 1/2) / sqrt(D), a wave whose
spread hardly depends on D. The integral, the variance of f and the value of the midpoint rule on a
product grid all stand in closed form, so that a grid of 10^20 points needs no 10^20 evaluations.
The midpoint rule's error goes as n^-2 in the n points an axis, as K^(-2/D) in all K = n^D of them
(Davis and Rabinowitz, Methods of Numerical Integration, 1984, chapters 2 and 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

WAVES = 4.0


def wave(z: Tensor) -> Tensor:
    """The integrand at points of the cube: (..., D) to (...)."""
    return _along((z - 0.5).sum(-1), z.shape[-1])


def _along(total: Tensor, dim: int) -> Tensor:
    """The integrand where the coordinates, less 1/2 each, sum to a total."""
    return torch.cos(total * (WAVES / math.sqrt(dim)))


def _mean_cosine(waves: float, dim: int) -> float:
    """E[cos(waves S)]: coordinates are independent, and each gives sin(h) / h."""
    half = waves / (2.0 * math.sqrt(dim))
    return (math.sin(half) / half) ** dim


def wave_mean(dim: int) -> float:
    """The integral of f over the cube.

    >>> round(wave_mean(1), 6), round(math.sin(2) / 2, 6)
    (0.454649, 0.454649)
    """
    return _mean_cosine(WAVES, dim)


def wave_deviation(dim: int) -> float:
    """Standard deviation of f(z), from cos^2(a) = (1 + cos(2a)) / 2."""
    square = 0.5 + 0.5 * _mean_cosine(2.0 * WAVES, dim)
    return math.sqrt(square - wave_mean(dim) ** 2)


def grid_value(points: int, dim: int) -> float:
    """What the midpoint rule makes of the integral, with so many points an axis.

    The rule averages f over a grid of points^dim cells' middles. Along each axis that is a
    geometric sum, which gives sin(h) / (n sin(h / n)).
    """
    half = WAVES / (2.0 * math.sqrt(dim))
    return float((math.sin(half) / (points * math.sin(half / points))) ** dim)


def grid_error(points: int, dim: int) -> float:
    """How far the midpoint rule is off.

    >>> grid_error(10, 10) < grid_error(9, 10) < 0.01
    True
    """
    return abs(grid_value(points, dim) - wave_mean(dim))


def affordable_grid(evaluations: int, dim: int) -> int:
    """Most points an axis that a grid of at most so many points can have.

    >>> affordable_grid(1_000_000, 6), affordable_grid(1_000_000, 10)
    (10, 3)
    """
    points = max(round(math.exp(math.log(evaluations) / dim)), 1)
    while points**dim > evaluations:
        points -= 1
    while (points + 1) ** dim <= evaluations:
        points += 1
    return points


def measured_errors(
    samples: Sequence[int], most_dims: int, pool: int, generator: torch.Generator
) -> Tensor:
    """Root mean square error of averages of f over draws, for each D and each K.

    A pool of draws is cut into pool / K averages. A cube of D dimensions takes the first D
    coordinates of each draw, so the averages of different D and K lean on the same draws.

    Args:
        samples: each K, a divisor of the pool.
        most_dims: D goes from 1 to this.
        pool: how many draws there are in all.

    Returns:
        (most_dims, len(samples)), float64.

    Raises:
        ValueError: If a K does not divide the pool.
    """
    if any(pool % count for count in samples):
        raise ValueError(f"each of {list(samples)} must divide the pool of {pool}.")
    total = torch.zeros(pool, dtype=torch.float64)
    found = torch.empty(most_dims, len(samples), dtype=torch.float64)
    for dim in range(1, most_dims + 1):
        total += torch.rand(pool, generator=generator, dtype=torch.float64) - 0.5
        off = _along(total, dim) - wave_mean(dim)
        for at, count in enumerate(samples):
            found[dim - 1, at] = off.reshape(-1, count).mean(1).square().mean().sqrt()
    return found
