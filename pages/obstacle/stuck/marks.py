"""Lines, filled halves, words and dots, as the three views of the page draw them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    dash: str = "solid",
    **axes: Any,
) -> None:
    """A curve, filled down to the axis where a fill is given."""
    area = {"fill": "tozeroy", "fillcolor": fill} if fill else {}
    line = {"color": colour, "width": width, "simplify": False, "dash": dash}
    common = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], line=line, **common, **area, **axes)


def add_halves(
    fig: go.Figure, name: str, now: Mapping[str, Mapping[str, Any]], **axes: Any
) -> None:
    """What has a negative half and a positive one: `name` and `name, negative` among the traces."""
    for half, colour in ((f"{name}, negative", "bad"), (name, "mu")):
        fill = theme.var(colour, 0.3)
        add_line(fig, half, now[half], theme.var(colour), width=2, fill=fill, **axes)


def add_words(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    size: float = 14,
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
    hover: str,
    **axes: Any,
) -> None:
    """Dots whose label says what the number is."""
    outline = {"color": theme.var("paper"), "width": 1 if size > 8 else 0.5}
    marker = {"color": colour, "size": size, "line": outline}
    common = {"mode": "markers", "showlegend": False, "hovertemplate": hover + "<extra></extra>"}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], marker=marker, **common, **axes)
