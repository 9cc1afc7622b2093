"""A decoder curve that a hand can bend: a small network through given points."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import torch

from vae_core.lab.latent.model import LatentModel

STEEPNESS = 3.0  # through points on a line the curve is then all but straight


def knots(count: int, spacing: float = 1.0) -> tuple[float, ...]:
    """Where in z the points lie: evenly, with 0 in the middle."""
    return tuple(spacing * (k - (count - 1) / 2.0) for k in range(count))


@dataclass(frozen=True)
class BentCurve(LatentModel):
    """A decoder with one hidden layer of sigmoid units, so weighted that it meets its points.

    There is a unit between every two knots, and a bias. Beyond the outermost knots the curve soon
    levels out.

    Args:
        heights: (P,) the curve at the knots, P at least 2.
        spacing: from one knot to the next.

    Raises:
        ValueError: there are fewer than two heights.

    >>> curve = BentCurve(noise=0.5, heights=(-1.0, 2.0, 0.5))
    >>> z = torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
    >>> [round(x, 6) for x in curve.decode(z).tolist()]
    [-1.0, 2.0, 0.5]
    """

    heights: tuple[float, ...] = (-1.0, 1.0)
    spacing: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.heights) < 2:
            raise ValueError("A bent curve needs two points at least.")

    def decode(self, z: Any) -> Any:
        """The bias and the weighted units."""
        bias, *weights = _weights(self.heights)
        mean = z * 0.0 + bias
        for place, weight in zip(_units(len(self.heights)), weights, strict=True):
            mean = mean + weight * torch.sigmoid((z * (1.0 / self.spacing) - place) * STEEPNESS)
        return mean


def _units(points: int) -> list[float]:
    """Where the units switch, with knots one apart."""
    return [(a + b) / 2.0 for a, b in zip(knots(points)[:-1], knots(points)[1:], strict=True)]


@functools.lru_cache(maxsize=2048)
def _weights(heights: tuple[float, ...]) -> tuple[float, ...]:
    """Bias and weights: one linear equation for each point."""
    rows = [
        [
            1.0,
            *(1.0 / (1.0 + math.exp((place - knot) * STEEPNESS)) for place in _units(len(heights))),
        ]
        for knot in knots(len(heights))
    ]
    right = torch.tensor(heights, dtype=torch.float64)
    found: list[float] = torch.linalg.solve(torch.tensor(rows, dtype=torch.float64), right).tolist()
    return tuple(found)
