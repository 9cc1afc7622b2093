"""Curves and the names beside them."""

from __future__ import annotations

import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.live import Frame
from vae_core.estimators import ESTIMATORS
from vae_core.lab.experiment import NORMAL


def revision(problem: str, parameter: str, family: str, *more: object) -> str:
    """What a zoom belongs to."""
    words = (problem, parameter, *more, *(() if family == NORMAL else (family,)))
    return " ".join(map(str, words))


def label_names(fig: go.Figure, names: tuple[str, ...]) -> None:
    """The estimators' titles in their colours, in the upper right corner."""
    for row, name in enumerate(names):
        fig.add_annotation(
            x=0.99,
            y=0.99 - 0.08 * row,
            xref="paper",
            yref="paper",
            xanchor="right",
            yanchor="top",
            text=f"<b>{ESTIMATORS[name].title}</b>",
            showarrow=False,
            font={"color": theme.estimator_var(name), "size": 14},
            bgcolor=theme.var("paper", 0.85),
        )


def draw_curve(fig: go.Figure, now: Frame, name: str, hover: str) -> None:
    """An estimator's curve and, on it, the dot where the sliders stand."""
    colour, title = theme.estimator_var(name), ESTIMATORS[name].title
    fig.add_scatter(
        name=name,
        **now.traces[name],
        mode="lines",
        line={"color": colour, "width": 3, "simplify": False},
        hovertemplate=f"<b>{title}</b><br>{hover}<extra></extra>",
    )
    fig.add_scatter(
        name=f"{name} here",
        **now.traces[f"{name} here"],
        mode="markers",
        marker={"color": colour, "size": 13, "line": {"color": theme.var("paper"), "width": 2}},
        hoverinfo="skip",
    )
