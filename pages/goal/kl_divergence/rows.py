"""What the page's figures are made of: rows over z at the left, panels at the right, words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.goal.kl_divergence.beliefs import REACH, Z
from pages.ui import theme

Arrays = Mapping[str, Any]
Q, P = "mu", "theta"  # whose colours the two beliefs have
LEFT, RIGHT = [0.0, 0.61], [0.7, 1.0]
DENSITY = [-0.17, 1.08]
LOW, TOP = -0.5, 2.5  # where an integrand is seen
SIDE = -REACH + 0.15


def axis(row: str) -> dict[str, str]:
    """The pair of axes of a row or a panel: "" is the first, "2" the second."""
    return {"xaxis": f"x{row}", "yaxis": f"y{row}"}


def curve(
    fig: go.Figure,
    name: str,
    at: Arrays,
    colour: str,
    hover: str = "",
    *,
    row: str = "",
    fill: bool = False,
    **line: Any,
) -> None:
    """A line over z, or the area between it and zero."""
    area = {"fill": "tozeroy", "fillcolor": theme.var(colour, 0.3)} if fill else {}
    told = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    shape = {"color": theme.var(colour), "width": 2.5, "simplify": False, **line}
    fig.add_scatter(
        name=name,
        x=at.get("x", Z),
        y=at["y"],
        mode="lines",
        line=shape,
        **axis(row),
        **area,
        **told,
    )


def dots(
    fig: go.Figure,
    name: str,
    at: Arrays,
    colour: str,
    size: float,
    hover: str = "",
    *,
    row: str = "",
    symbol: str = "circle",
) -> None:
    """Points; large ones have a rim."""
    rim = {"color": theme.var("paper"), "width": 1.5 if size > 8 else 0}
    marker = {"color": theme.var(colour), "size": size, "symbol": symbol, "line": rim}
    told = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    fig.add_scatter(
        name=name, x=at["x"], y=at["y"], mode="markers", marker=marker, **axis(row), **told
    )


def words(fig: go.Figure, name: str, at: Arrays, *colours: str, row: str, side: str) -> None:
    """Words that move or change, each in its colour."""
    fig.add_scatter(
        name=name,
        x=at["x"],
        y=at["y"],
        text=at["text"],
        mode="text",
        textposition=f"middle {side}",
        textfont={"color": [theme.var(colour) for colour in colours]},
        hoverinfo="skip",
        cliponaxis=False,
        **axis(row),
    )


def label(fig: go.Figure, text: str, colour: str, height: float, row: str = "") -> None:
    """What a curve is, at the left end of its row."""
    fig.add_annotation(
        x=SIDE,
        y=height,
        xref=f"x{row}",
        yref=f"y{row}",
        text=f"<b>{text}</b>",
        xanchor="left",
        yanchor="top",
        showarrow=False,
        font={"color": theme.var(colour)},
        bgcolor=theme.var("paper", 0.85),
    )


def over_z(
    fig: go.Figure, row: str, domain: list[float], span: list[float], ticks: list[float]
) -> None:
    """A row over z; the lowest one tells z."""
    last = domain[0] == 0.0
    common: dict[str, Any] = {"zeroline": False, "showgrid": False}
    x = {
        "domain": LEFT,
        "range": [-REACH, REACH],
        "anchor": f"y{row}",
        "showticklabels": last,
        "dtick": 2,
        "title": "z" if last else None,
        **({"matches": "x"} if row else {}),
    }
    y = {"domain": domain, "range": span, "anchor": f"x{row}", "tickvals": ticks}
    fig.update_layout({f"xaxis{row}": {**common, **x}, f"yaxis{row}": {**common, **y}})
    line = {"color": theme.var("muted"), "width": 1}
    fig.add_shape(
        type="line", x0=-REACH, x1=REACH, y0=0, y1=0, line=line, xref=f"x{row}", yref=f"y{row}"
    )


def pale_below_zero(fig: go.Figure, row: str) -> None:
    """What counts as negative is seen as through paper."""
    fig.add_shape(
        type="rect",
        x0=-REACH,
        x1=REACH,
        y0=LOW,
        y1=0,
        xref=f"x{row}",
        yref=f"y{row}",
        fillcolor=theme.var("paper", 0.6),
        line={"width": 0},
        layer="above",
    )


def peak(y: np.ndarray) -> Arrays:
    """Where an integrand leaves the picture: beside it, how far up it goes."""
    at = int(y.argmax())
    if y[at] <= TOP:
        return {"x": [SIDE], "y": [TOP], "text": [""]}
    beyond = np.flatnonzero(y > TOP - 0.6)
    right, left = float(Z[beyond[-1]]) + 0.1, float(Z[beyond[0]]) - 2.9
    x = right if right < REACH - 2.8 else left
    return {"x": [x], "y": [TOP - 0.25], "text": [f"▲ up to {y[at]:.3g}"]}
