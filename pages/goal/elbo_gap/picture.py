"""The picture of the gap: the posterior beside q over z, and two columns of nats."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.goal.elbo_gap.scene import FOOT, GRID, HEAD, SIDE
from pages.ui import theme
from pages.ui.live import Frame

TALLEST = 1.75
CLEAR = "rgba(0,0,0,0)"
# The parts of the second column and of the first, with their colours and their labels' places.
COLUMNS = {
    "log p(x)": ("theta", 0.3, "top center"),
    "ELBO": ("mu", 0.3, "bottom center"),
    "KL": ("bad", 0.3, "middle center"),
}
NARROW = {
    "xaxis.domain": [0, 1],
    "yaxis.domain": [0.55, 1],
    "xaxis2.domain": [0.05, 1],
    "yaxis2.domain": [0, 0.43],
    "height": 600,
}


def draw(now: Frame) -> go.Figure:
    """Densities at the left, bars at the right; on a phone the bars stand below."""
    fig = go.Figure()
    _densities(fig, now)
    _bars(fig, now)
    still: dict[str, Any] = {"zeroline": False, "showgrid": False}
    fig.update_xaxes(title="latent z", range=[-SIDE, SIDE], domain=[0, 0.62], dtick=1, **still)
    fig.update_yaxes(title="density", range=[0, TALLEST], **still)
    fig.update_layout(
        uirevision="gap",
        hovermode="closest",
        xaxis2={
            "range": [-0.1, 2.75],
            "domain": [0.72, 1],
            "showticklabels": False,
            "anchor": "y2",
            "title": "",
            **still,
        },
        yaxis2={"title": "nats", "range": [FOOT, HEAD], "dtick": 2, "anchor": "x2", **still},
        legend={"x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"},
        meta={"narrow": NARROW},
    )
    return fig


def _densities(fig: go.Figure, now: Frame) -> None:
    at = now.traces
    prior = {"x": GRID, "y": np.exp(-0.5 * GRID**2) / np.sqrt(2.0 * np.pi)}
    _line(fig, "prior p(z)", prior, "muted", dash="dot", width=1.5)
    _line(fig, "posterior p(z|x)", at["posterior p(z|x)"], "theta", fill=0.16)
    _line(fig, "start", at["start"], "mu", dash="dash", width=1.5, legend=False)
    _line(fig, "bell q(z)", at["bell q(z)"], "mu", fill=0.14)
    marker = {
        "color": theme.var("sigma"),
        "size": 12,
        "symbol": "diamond",
        "line": {"color": theme.var("paper"), "width": 1.5},
    }
    hover = "one σ beside μ: z = %{x:.2f}<extra></extra>"
    fig.add_scatter(
        name="flank", **at["flank"], mode="markers", marker=marker, hovertemplate=hover,
        showlegend=False,
    )  # fmt: skip


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


def _bars(fig: go.Figure, now: Frame) -> None:
    at = now.traces
    axes: dict[str, Any] = {
        "xaxis": "x2",
        "yaxis": "y2",
        "showlegend": False,
        "hoverinfo": "skip",
    }
    for name, (colour, alpha, _) in COLUMNS.items():
        area = {"fill": "toself", "fillcolor": theme.var(colour, alpha)}
        line = {"color": CLEAR, "width": 0, "simplify": False}
        fig.add_scatter(name=name, **at[name], mode="lines", line=line, **area, **axes)
    for name, colour, dash in (("best bell", "muted", "dot"), ("ceiling", "theta", "solid")):
        line = {"color": theme.var(colour), "width": 2.5, "dash": dash, "simplify": False}
        fig.add_scatter(name=name, **at[name], mode="lines", line=line, **axes)
    for name, (_, _, place) in COLUMNS.items():
        _letters(fig, now, f"{name} words", "ink", place, axes)
    _letters(fig, now, "best bell words", "muted", "middle right", axes)


def _letters(
    fig: go.Figure, now: Frame, name: str, colour: str, place: str, axes: dict[str, Any]
) -> None:
    font = {"color": theme.var(colour), "size": 14}
    fig.add_scatter(
        name=name, **now.traces[name], mode="text", textposition=place, textfont=font, **axes
    )
