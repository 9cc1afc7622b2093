"""How importance weights are drawn: densities, weights, estimates and shares."""

from __future__ import annotations

import math
from typing import Any

import plotly.graph_objects as go

from pages.obstacle.monte_carlo.weights import (
    ASKED,
    BELL,
    CEILING,
    FLOOR,
    ROWS,
    SIDE,
    Asked,
    standard_heights,
)
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import short

NAMES = {"plain": "plain draws", "weighted": "weighted", "normalized": "self-normalized"}
COLOURS = {"plain": "accent", "weighted": "z", "normalized": "muted"}
QUIET = {"zeroline": False, "showgrid": False}
NARROW = {
    "height": 560,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.82, 1.0),
    "yaxis2.domain": (0.55, 0.79),
    "xaxis2.domain": (0.27, 1.0),
    "yaxis3.domain": (0.22, 0.41),
    "xaxis3.domain": (0.0, 1.0),
    "yaxis4.domain": (0.0, 0.1),
}


def draw(now: Frame, of: str) -> go.Figure:
    """Densities, weights, estimates and shares."""
    fig, at, asked = go.Figure(), now.traces, ASKED[of]
    blue, green = theme.var("accent"), theme.var("z")
    if of == "rare":
        band = {"x": [3.0, SIDE], "y": [1.05, 1.05]}
        add_line(fig, "beyond 3", band, "rgba(0,0,0,0)", width=0, fill=theme.var("muted", 0.15))
    target = {"x": BELL, "y": standard_heights()}
    add_line(fig, "p(z)", target, blue, fill=theme.var("accent", 0.14))
    add_line(fig, "q(z)", at["q(z)"], green, fill=theme.var("z", 0.16))
    hover = "a draw from q: z = %{x:.2f}"
    add_dots(fig, "draws", at["draws"], green, 6, hover)
    for text, x, colour in (("target p", -SIDE + 0.2, blue), ("proposal q", -SIDE + 2.6, green)):
        add_words(fig, text, {"x": [x], "y": [0.93], "text": [text]}, colour, 14)
    lower: dict[str, Any] = {"xaxis": "x", "yaxis": "y2"}
    ink = theme.var("muted")
    one = {"x": [-SIDE, SIDE], "y": [1, 1]}
    add_line(fig, "weight one", one, theme.var("grid"), width=1.5, **lower)
    add_line(fig, "weight curve", at["weight curve"], ink, width=1.5, **lower)
    add_line(fig, "stems", at["stems"], theme.var("z", 0.6), width=2, **lower)
    hover = "the draw z = %{x:.2f}<br>has the weight %{y:.3g}"
    add_dots(fig, "weights", at["weights"], green, 7, hover, **lower)
    _draw_estimates(fig, now, asked)
    _draw_shares(fig, now)
    _dress(fig, asked)
    return fig


def _draw_estimates(fig: go.Figure, now: Frame, asked: Asked) -> None:
    at, axes = now.traces, dict[str, Any](xaxis="x2", yaxis="y3")
    truth = {"x": [asked.integrand.mean] * 2, "y": [-0.6, 2.6]}
    add_line(fig, "truth", truth, theme.var("ink"), width=2, dash="dash", **axes)
    for name, title in NAMES.items():
        colour = theme.var(COLOURS[name])
        add_line(fig, f"{name} error", at[f"{name} error"], colour, width=5, **axes)
        words = at[f"{name} beyond"]
        add_words(fig, f"{name} beyond", words, colour, 15, "middle center", **axes)
        hover = f"<b>{title}</b><br>say %{{x:.{asked.digits}f}}"
        add_dots(fig, f"{name} mean", at[f"{name} mean"], colour, 11, hover, **axes)


def _draw_shares(fig: go.Figure, now: Frame) -> None:
    at, axes = now.traces, dict[str, Any](xaxis="x3", yaxis="y4")
    for name, x, alpha in (("all", [1.0], 0.2), ("largest", at["largest"]["x"], 0.9)):
        told = {"hovertemplate": "the largest weight's share: %{x:.2f}<extra></extra>"}
        fig.add_bar(
            name=name,
            x=x,
            y=[0],
            orientation="h",
            width=0.9,
            marker={"color": theme.var("z", alpha), "line": {"width": 0}},
            **(told if name == "largest" else {"hoverinfo": "skip"}),
            **axes,
        )
    add_dots(fig, "cuts", at["cuts"], theme.var("paper"), 16, symbol="line-ns", **axes)
    words = at["largest words"]
    add_words(fig, "largest words", words, theme.var("z"), 13, "middle right", **axes)


def _dress(fig: go.Figure, asked: Asked) -> None:
    _dress_left(fig)
    fig.update_layout(
        xaxis2={
            "domain": (0.72, 1.0),
            "range": asked.window,
            "anchor": "y3",
            "title": f"{asked.title}: truth (dashed), estimates",
            "nticks": 4,
            "zeroline": False,
        },
        yaxis3={
            "domain": (0.46, 1.0),
            "range": (-0.6, 2.6),
            "tickvals": list(ROWS.values()),
            "ticktext": list(NAMES.values()),
            "anchor": "x2",
            **QUIET,
        },
        xaxis3={"domain": (0.62, 1.0), "range": (0, 1), "anchor": "y4", "visible": False},
        yaxis4={"domain": (0.02, 0.2), "range": (-0.5, 1.4), "anchor": "x3", "visible": False},
        barmode="overlay",
        uirevision=f"weights {asked.title}",
        showlegend=False,
        meta={"narrow": NARROW},
    )


def _dress_left(fig: go.Figure) -> None:
    across = {"domain": (0, 0.54), "range": [-SIDE, SIDE], "anchor": "y2", "title": "z"}
    up = {"domain": (0.6, 1.0), "range": (-0.03, 1.05), "title": "density", "nticks": 3}
    marks = [1e-4, 1e-2, 1.0, 1e2, 1e4]
    weight = {
        "domain": (0.0, 0.53),
        "range": [math.log10(FLOOR), math.log10(CEILING)],
        "title": "weight p/q",
        "tickvals": marks,
        "ticktext": [short(mark) for mark in marks],
        "type": "log",
    }
    for axis, looks in (("xaxis", across), ("yaxis", up), ("yaxis2", weight)):
        fig.update_layout({axis: {**looks, **QUIET}})
