"""The picture of blind guesses: the share that explains, two images, and ten runs."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from pages.goal.latent_variables.blind import DEEPEST, sizes, stops, total
from pages.ui import theme
from pages.ui.live import Frame

TOP = 12.0
RAREST = -14.0  # power of ten
RARE = (0, -3, -6, -9, -12)
CLEAR = "rgba(0,0,0,0)"
STILL: dict[str, Any] = {"zeroline": False, "showgrid": False}
RIGHT: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
BLANK: dict[str, Any] = {"visible": False, "fixedrange": True}


def draw(now: Frame) -> go.Figure:
    """Shares at the left, runs at the right, two pictures between."""
    across = {"x": [0.0, 0.34], "x2": [0.6, 1.0], "x3": [0.385, 0.515], "x4": [0.385, 0.515]}
    up = {"y": [0.0, 1.0], "y2": [0.0, 1.0], "y3": [0.54, 0.92], "y4": [0.02, 0.4]}
    return _draw(now, across, up)


def draw_narrow(now: Frame) -> go.Figure:
    """The runs below, for a phone."""
    across = {"x": [0.0, 0.66], "x2": [0.0, 1.0], "x3": [0.74, 1.0], "x4": [0.74, 1.0]}
    up = {"y": [0.58, 1.0], "y2": [0.0, 0.4], "y3": [0.83, 0.97], "y4": [0.58, 0.72]}
    return _draw(now, across, up)


def _draw(now: Frame, across: dict[str, list[float]], up: dict[str, list[float]]) -> go.Figure:
    fig = go.Figure()
    _left(fig, now)
    _right(fig, now)
    _pictures(fig, now)
    _dress(fig, across, up)
    return fig


def _left(fig: go.Figure, now: Frame) -> None:
    """The shares: measured, counted, the chosen one ringed."""
    at, z, ink = now.traces, theme.var("z"), theme.var("ink")
    line = {"color": theme.var("z", 0.5), "width": 1.5, "simplify": False}
    fig.add_scatter(
        name="shares",
        **at["shares"],
        mode="markers+lines",
        marker={"color": z, "size": 9},
        line=line,
        hovertemplate="D = %{x}: one draw in %{text} explains it<extra></extra>",
    )
    line = {"color": z, "width": 2, "simplify": False}
    fig.add_scatter(name="errors", **at["errors"], mode="lines", line=line, hoverinfo="skip")
    cross = {"color": ink, "size": 12, "symbol": "cross-thin-open", "line": {"width": 2}}
    fig.add_scatter(
        name="counted",
        **at["counted"],
        mode="markers",
        marker=cross,
        hovertemplate=f"D = %{{x}}: %{{text}} of {total():,} draws explained it<extra></extra>",
    )
    ring = {"color": CLEAR, "size": 17, "line": {"color": ink, "width": 2}}
    fig.add_scatter(name="chosen", **at["chosen"], mode="markers", marker=ring, hoverinfo="skip")
    fig.add_scatter(
        name="words",
        **at["words"],
        mode="text",
        textposition="middle left",
        textfont={"color": ink, "size": 14},
        hoverinfo="skip",
    )


def _right(fig: go.Figure, now: Frame) -> None:
    """The runs, and where log p(x) is."""
    at, thin = now.traces, {"color": theme.var("theta", 0.6), "width": 1.5, "simplify": False}
    for name in (name for name in at if name.startswith("run ")):
        fig.add_scatter(name=name, **at[name], mode="lines", line=thin, hoverinfo="skip", **RIGHT)
    fig.add_scatter(
        name="log p(x)",
        x=[1, stops()[-1]],
        y=[0, 0],
        mode="lines",
        line={"color": theme.var("x"), "width": 2.5, "dash": "dash"},
        hoverinfo="skip",
        **RIGHT,
    )
    fig.add_scatter(
        name="ends",
        **at["ends"],
        mode="markers",
        marker={"color": theme.var("theta"), "size": 8, "line": {"width": 0}},
        hovertemplate="a run after %{x:,} draws: %{y:.2f} nats above log p(x)<extra></extra>",
        **RIGHT,
    )


def _pictures(fig: go.Figure, now: Frame) -> None:
    """The image, and the best that the draws have found."""
    ramp = [[0.0, theme.var("panel")], [1.0, theme.var("ink")]]
    for name, axes, title in (("image", "3", "x"), ("best", "4", f"best of {total():,}")):
        fig.add_heatmap(
            name=name,
            **now.traces[name],
            zmin=0,
            zmax=1,
            colorscale=ramp,
            showscale=False,
            hoverinfo="skip",
            xaxis=f"x{axes}",
            yaxis=f"y{axes}",
        )
        fig.add_annotation(
            text=title,
            x=0.5,
            y=1.0,
            xref=f"x{axes} domain",
            yref=f"y{axes} domain",
            yanchor="bottom",
            showarrow=False,
            font={"color": theme.var("muted"), "size": 13},
        )


def _dress(fig: go.Figure, across: dict[str, list[float]], up: dict[str, list[float]]) -> None:
    """Titles, ranges and places of all axes."""
    fig.update_layout(
        xaxis={"title": "latent size D", "range": [0, 21.3], "tickvals": list(sizes()), **STILL},
        yaxis={
            "title": "share that explains x",
            "range": [RAREST, 0.7],
            "tickvals": list(RARE),
            "ticktext": ["1", *(f"10<sup>{power}</sup>" for power in RARE[1:])],
            "zeroline": False,
        },
        xaxis2={
            "title": "draws of the prior",
            "type": "log",
            "range": [-0.1, math.log10(stops()[-1]) + 0.1],
            "anchor": "y2",
            "dtick": 1,
            "showgrid": False,
        },
        yaxis2={
            "title": "nats above log p(x)",
            "range": [DEEPEST, TOP],
            "anchor": "x2",
            "zeroline": False,
        },
        xaxis3={"anchor": "y3", **BLANK},
        yaxis3={"anchor": "x3", "scaleanchor": "x3", **BLANK},
        xaxis4={"anchor": "y4", **BLANK},
        yaxis4={"anchor": "x4", "scaleanchor": "x4", **BLANK},
        uirevision="blind",
        showlegend=False,
        hovermode="closest",
    )
    for name, domain in (across | up).items():
        fig.update_layout({f"{name[0]}axis{name[1:]}": {"domain": domain}})
