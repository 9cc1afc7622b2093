"""The picture of a latent variable model: a curve, the prior below it, and p(x) beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.goal.latent_variables.scene import DENSEST_X, DENSEST_Z, SIDE, WINDOW
from pages.ui import theme
from pages.ui.live import Frame

CLEAR = "rgba(0,0,0,0)"
STILL: dict[str, Any] = {"zeroline": False, "showgrid": False}
BELOW: dict[str, Any] = {"yaxis": "y2"}
BESIDE: dict[str, Any] = {"xaxis": "x2"}
PRIOR_AT = np.linspace(-SIDE, SIDE, 69)


def draw(now: Frame, points: int, across: float = 0.68) -> go.Figure:
    """The curve over z, p(z) and p(z|x) below, p(x) and the histogram at its right.

    Args:
        points: How many points of the curve can be gripped.
        across: The share of the width that the curve takes.
    """
    fig, at = go.Figure(), now.traces
    _areas(fig, now)
    _line(fig, "level", at["level"], "x", width=1.5, dash="dash")
    _line(fig, "level right", at["level right"], "x", width=1.5, dash="dash", **BESIDE)
    _line(fig, "curve", at["curve"], "theta", width=3)
    _line(fig, "way", at["way"], "z", width=2)
    prior = {"x": PRIOR_AT, "y": np.exp(-0.5 * PRIOR_AT**2) / np.sqrt(2.0 * np.pi)}
    _line(fig, "prior p(z)", prior, "z", **BELOW)
    _line(fig, "p(x)", at["p(x)"], "x", width=3, **BESIDE)
    _dots(fig, "dots", at["dots"], "z", 5, "a draw: z = %{x:.2f}, x = %{y:.2f}")
    _dots(fig, "its z", at["its z"], "z", 10, "the newest z = %{x:.2f}", cliponaxis=False, **BELOW)
    _dots(fig, "its mean", at["its mean"], "theta", 9, "the mean of x there: %{y:.2f}")
    _dots(fig, "its x", at["its x"], "x", 10, "the newest x = %{y:.2f}")
    for name in (f"point {k + 1}" for k in range(points)):
        _dots(fig, name, at[name], "theta", 15, "the curve at z = %{x:.1f}: %{y:.2f}")
    _dots(fig, "seen", at["seen"], "x", 15, "seen x = %{y:.2f}", symbol="diamond")
    _dots(
        fig, "p(x) there", at["p(x) there"], "x", 11, "density at this x: p(x) = %{x:.3f}", **BESIDE
    )
    _words(fig, at["peak"])
    _dress(fig, across)
    return fig


def draw_narrow(now: Frame, points: int) -> go.Figure:
    """The same for a phone."""
    return draw(now, points, across=0.62)


def _areas(fig: go.Figure, now: Frame) -> None:
    """The band of p(x|z), the posterior, and the bars."""
    at = now.traces
    common: dict[str, Any] = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    line = {"color": CLEAR, "width": 0, "simplify": False}
    band = {"fill": "toself", "fillcolor": theme.var("theta", 0.18)}
    fig.add_scatter(name="band", **at["band"], line=line, **band, **common)
    fill = {"fill": "tozeroy", "fillcolor": theme.var("theta", 0.3)}
    edge = {"color": theme.var("theta"), "width": 2.5, "simplify": False}
    fig.add_scatter(name="posterior", **at["posterior"], line=edge, **fill, **common, **BELOW)
    fig.add_bar(
        name="histogram",
        **at["histogram"],
        orientation="h",
        marker={"color": theme.var("z", 0.5), "line": {"width": 0}},
        hovertemplate="draws with x near %{y:.1f}: density %{x:.2f}<extra></extra>",
        showlegend=False,
        **BESIDE,
    )


def _line(
    fig: go.Figure,
    name: str,
    at: Any,
    colour: str,
    *,
    width: float = 2.5,
    dash: str = "solid",
    **axes: Any,
) -> None:
    line = {"color": theme.var(colour), "width": width, "dash": dash, "simplify": False}
    common = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    fig.add_scatter(name=name, **at, line=line, **common, **axes)


def _dots(
    fig: go.Figure,
    name: str,
    at: Any,
    colour: str,
    size: int,
    hover: str,
    symbol: str = "circle",
    **others: Any,
) -> None:
    outline = {"color": theme.var("paper"), "width": 1.5 if size > 8 else 0.5}
    marker = {"color": theme.var(colour), "size": size, "symbol": symbol, "line": outline}
    common = {"mode": "markers", "showlegend": False, "hovertemplate": hover + "<extra></extra>"}
    fig.add_scatter(name=name, **at, marker=marker, **common, **others)


def _words(fig: go.Figure, peak: Any) -> None:
    """What is cut off, and the names of the curves."""
    common: dict[str, Any] = {"mode": "text", "hoverinfo": "skip", "showlegend": False}
    font = {"color": theme.var("theta"), "size": 13}
    fig.add_scatter(name="peak", **peak, textfont=font, **common, **BELOW)
    names: tuple[tuple[str, str, float, float, str, dict[str, Any]], ...] = (
        ("name of the curve", "mean of x given z", -SIDE + 0.1, WINDOW - 0.5, "theta", {}),
        ("name of the prior", "prior p(z)", SIDE - 0.1, DENSEST_Z + 0.35, "z", BELOW),
        (
            "name of the posterior",
            "posterior p(z|x)",
            -SIDE + 0.1,
            DENSEST_Z + 0.35,
            "theta",
            BELOW,
        ),
        ("name of p(x)", "p(x)", DENSEST_X - 0.03, WINDOW - 0.5, "x", BESIDE),
    )
    for name, text, x, y, colour, axes in names:
        place = "middle right" if x < 0 else "middle left"
        fig.add_scatter(
            name=name,
            x=[x],
            y=[y],
            text=[text],
            textposition=place,
            textfont={"color": theme.var(colour), "size": 14},
            **common,
            **axes,
        )


def _dress(fig: go.Figure, across: float) -> None:
    wide, high = [0.0, across], [0.36, 1.0]
    fig.update_layout(
        xaxis={
            "title": "latent z",
            "range": [-SIDE, SIDE],
            "domain": wide,
            "dtick": 1,
            "anchor": "y2",
            **STILL,
        },
        yaxis={"title": "data x", "range": [-WINDOW, WINDOW], "domain": high, "dtick": 2, **STILL},
        yaxis2={
            "title": "density",
            "range": [0, DENSEST_Z + 0.7],
            "domain": [0.0, 0.3],
            "anchor": "x",
            "tickvals": [0, 1, 2],
            **STILL,
        },
        xaxis2={
            "title": "density",
            "range": [0, DENSEST_X],
            "domain": [across + 0.03, 1.0],
            "anchor": "y",
            "dtick": 0.4,
            **STILL,
        },
        uirevision="latent",
        hovermode="closest",
        bargap=0,
        showlegend=False,
    )
