"""Lines, words and dots of a live figure, each a trace by its name; ellipses and bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui import theme

CLEAR = "rgba(0,0,0,0)"


def add_line(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    *,
    width: float = 2.5,
    fill: str = "",
    to: str = "tozeroy",
    dash: str = "solid",
    hover: str = "",
    **axes: Any,
) -> None:
    """A curve, filled where a fill is given: down to the axis, or `to` the trace before it.

    Its label says what the number is; there is none where none is given.
    """
    area = {"fill": to, "fillcolor": fill} if fill else {}
    line = {"color": colour, "width": width, "simplify": False, "dash": dash}
    common = {"mode": "lines", "showlegend": False, **_told(hover)}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], line=line, **common, **area, **axes)


def add_words(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    size: float = 13,
    place: str = "middle right",
    **axes: Any,
) -> None:
    """Text in the picture, which may change from frame to frame."""
    common = {"mode": "text", "hoverinfo": "skip", "showlegend": False, "textposition": place}
    fig.add_scatter(name=name, **at, textfont={"color": colour, "size": size}, **common, **axes)


def add_dots(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    size: float,
    hover: str = "",
    *,
    symbol: str = "circle",
    edge: float | None = None,
    **axes: Any,
) -> None:
    """Dots whose label says what the number is; without a label where none is given.

    A closed one has an edge in the paper's colour, by its size where no width is given; another
    one consists of its edge.
    """
    closed = "open" not in symbol and "line" not in symbol
    if edge is None and "open" not in symbol:
        edge = 1.5 if "line" in symbol else 1 if size > 8 else 0.5
    marker: dict[str, Any] = {"color": colour, "size": size, "symbol": symbol}
    if edge is not None:
        marker["line"] = {"color": theme.var("paper") if closed else colour, "width": edge}
    common = {"mode": "markers", "showlegend": False, **_told(hover)}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], marker=marker, **common, **axes)


def _told(hover: str) -> dict[str, str]:
    return {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}


def ellipse(
    centre: Sequence[float] | np.ndarray, factor: np.ndarray, points: int = 73
) -> dict[str, np.ndarray]:
    """One deviation around a bell in the plane, of covariance L L^T; L is the factor, (2, 2)."""
    around = np.linspace(0.0, 2.0 * np.pi, points)
    x, y = np.asarray(centre)[:, None] + factor @ np.stack((np.cos(around), np.sin(around)))
    return {"x": x, "y": y}


def bar_centres(low: float, high: float, bins: int) -> np.ndarray:
    """The middles of so many bins, (bins,)."""
    edges = np.linspace(low, high, bins + 1)
    return ((edges[1:] + edges[:-1]) / 2.0).round(12)  # the middle one is 0 where that is meant


def bar_heights(found: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """Counts in the bins, the fullest one being 1; what lies outside goes to the outermost."""
    places = np.clip((found - low) / (high - low) * bins, 0, bins - 1).astype(int)
    counts = np.bincount(places, minlength=bins)
    heights: np.ndarray = counts / counts.max()
    return heights
