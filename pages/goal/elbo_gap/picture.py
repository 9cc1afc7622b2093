"""The picture of the gap: the posterior beside q over z, and two bars of nats."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.goal.elbo_gap.bars import FOOT, HEAD, LYING
from pages.goal.elbo_gap.scene import GRID, SIDE
from pages.ui import theme
from pages.ui.live import Frame

TALLEST = 1.75
CLEAR = "rgba(0,0,0,0)"
STILL: dict[str, Any] = {"zeroline": False, "showgrid": False}
NATS: dict[str, Any] = {"title": "nats", "dtick": 2, **STILL}
BLANK: dict[str, Any] = {"title": "", "showticklabels": False, **STILL}
COLOURS = {"log p(x)": "theta", "ELBO": "mu", "KL": "bad"}
# Where the words stand by their points: beside columns, and along bars that lie.
STANDING_WORDS = {
    "log p(x) words": "top center",
    "ELBO words": "bottom center",
    "KL words": "middle center",
    "best bell words": "middle right",
}
LYING_WORDS = {
    "log p(x) words": "middle right",
    "ELBO words": "middle right",
    "KL words": "middle center",
    "KL words beyond": "middle right",
    "best bell words": "bottom center",
}


def draw(now: Frame) -> go.Figure:
    """Densities at the left, columns at the right."""
    fig = _densities(now, [0, 0.62], [0, 1])
    _bars(fig, now, STANDING_WORDS)
    fig.update_layout(
        xaxis2={"range": [-0.1, 2.75], "domain": [0.72, 1], "anchor": "y2", **BLANK},
        yaxis2={"range": [FOOT, HEAD], "anchor": "x2", **NATS},
    )
    return fig


def draw_narrow(now: Frame) -> go.Figure:
    """The same for a phone: the bars lie below the densities."""
    fig = _densities(now, [0, 1], [0.47, 1])
    _bars(fig, now, LYING_WORDS, LYING)
    fig.update_layout(
        xaxis2={"range": [FOOT, HEAD + 0.6], "domain": [0, 1], "anchor": "y2", **NATS},
        yaxis2={"range": [-2.95, 0.1], "domain": [0, 0.29], "anchor": "x2", **BLANK},
    )
    return fig


def _densities(now: Frame, across: list[float], up: list[float]) -> go.Figure:
    """Prior, posterior and q over z, and the grips of the sliders' bell."""
    fig, at = go.Figure(), now.traces
    prior = {"x": GRID, "y": np.exp(-0.5 * GRID**2) / np.sqrt(2.0 * np.pi)}
    _line(fig, "prior p(z)", prior, "muted", dash="dot", width=1.5)
    _line(fig, "posterior p(z|x)", at["posterior p(z|x)"], "theta", fill=0.16)
    _line(fig, "start", at["start"], "mu", dash="dash", width=1.5, legend=False)
    _line(fig, "bell q(z)", at["bell q(z)"], "mu", fill=0.14)
    outline = {"color": theme.var("paper"), "width": 1.5}
    fig.add_scatter(
        name="flank",
        **at["flank"],
        mode="markers",
        marker={"color": theme.var("sigma"), "size": 12, "symbol": "diamond", "line": outline},
        hovertemplate="one σ beside μ: z = %{x:.2f}<extra></extra>",
        showlegend=False,
    )
    fig.update_xaxes(title="latent z", range=[-SIDE, SIDE], domain=across, dtick=1, **STILL)
    fig.update_yaxes(title="density", range=[0, TALLEST], domain=up, dtick=0.5, **STILL)
    legend = {"x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
    fig.update_layout(uirevision="gap", hovermode="closest", legend=legend)
    return fig


def _line(
    fig: go.Figure,
    name: str,
    at: Any,
    colour: str,
    *,
    fill: float = 0.0,
    dash: str = "solid",
    width: float = 2.5,
    legend: bool = True,
) -> None:
    area = {"fill": "tozeroy", "fillcolor": theme.var(colour, fill)} if fill else {}
    line = {"color": theme.var(colour), "width": width, "dash": dash, "simplify": False}
    fig.add_scatter(
        name=name, **at, mode="lines", line=line, hoverinfo="skip", showlegend=legend, **area
    )


def _bars(fig: go.Figure, now: Frame, words: dict[str, str], names: str = "") -> None:
    """The bars, the line where log p(x) is, the mark of the best bell, and the words."""
    common: dict[str, Any] = {
        "xaxis": "x2",
        "yaxis": "y2",
        "showlegend": False,
        "hoverinfo": "skip",
    }
    at = {name: now.traces[name + names] for name in (*COLOURS, "ceiling", "best bell", *words)}
    for name, colour in COLOURS.items():
        area = {"fill": "toself", "fillcolor": theme.var(colour, 0.3)}
        line = {"color": CLEAR, "width": 0, "simplify": False}
        fig.add_scatter(name=name + names, **at[name], mode="lines", line=line, **area, **common)
    for name, colour in (("ceiling", "theta"), ("best bell", "muted")):
        line = {"color": theme.var(colour), "width": 2.5, "simplify": False}
        fig.add_scatter(name=name + names, **at[name], mode="lines", line=line, **common)
    for name, place in words.items():
        shade = theme.var("muted" if name.startswith("best") else "ink")
        fig.add_scatter(
            name=name + names,
            **at[name],
            mode="text",
            textposition=place,
            textfont={"color": shade, "size": 14},
            **common,
        )
