"""What a picture shows at one setting of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """What a picture shows at one setting of its parameters.

    Args:
        traces: For each trace that moves, by the trace's name, its arrays `x`, `y` and `text`, each
            of shape (points,); or the grey values `z` in [0, 1] of a picture, a heatmap given in
            columns. What stands still along every axis is best left to the figure.
        numbers: The numbers that formula, takeaway and table speak of; a word may stand for one.
    """

    traces: Mapping[str, Mapping[str, Any]]
    numbers: Mapping[str, float | str]


FrameFunction = Callable[..., Frame]
