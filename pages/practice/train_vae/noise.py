"""How noisy each estimator's gradient is along a run: signal over noise, in the encoder weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from pages.ui import theme
from vae_core.estimators import ESTIMATORS
from vae_core.runs.looks import Look
from vae_core.training.gradient_noise import GradientNoise

DECADES = (-4.0, 1.0)


def ratio(noise: GradientNoise) -> float | None:
    """Length of the mean gradient over one estimate's standard deviation.

    None where the mean drowns in the noise of its own measurement.
    """
    if noise.signal <= 0.0 or noise.variance <= 0.0:
        return None
    return math.sqrt(noise.signal / noise.variance)


def measured(looks: Sequence[Look]) -> list[tuple[float, Mapping[str, GradientNoise]]]:
    """Epoch and noise of each look at which the gradients were measured."""
    return [(look.epoch, look.gradient_noise) for look in looks if look.gradient_noise]


def curves(looks: Sequence[Look], planned_epochs: float) -> go.Figure:
    """Signal over noise of each estimator's gradient against the epoch; a log axis."""
    found = measured(looks)
    names = dict.fromkeys(name for _, noise in found for name in noise)
    traces = [
        go.Scatter(
            x=[epoch for epoch, noise in found if name in noise],
            y=[ratio(noise[name]) for _, noise in found if name in noise],
            name=ESTIMATORS[name].title,
            mode="lines+markers",
            line={"color": theme.estimator_var(name), "width": 2},
            hovertemplate=f"<b>{ESTIMATORS[name].title}</b><br>signal / noise %{{y:.2g}}<br>"
            "after %{x:.2f} epochs<extra></extra>",
        )
        for name in names
    ]
    even = {"type": "line", "x0": 0, "x1": 1, "xref": "x domain", "y0": 1.0, "y1": 1.0, "yref": "y"}
    layout = {
        "shapes": [even | {"line": {"color": theme.var("muted"), "dash": "dash", "width": 1}}],
        "xaxis": {"title": {"text": "epochs"}, "range": [0, planned_epochs], "minallowed": 0},
        "yaxis": {
            "title": {"text": "signal / noise"},
            "type": "log",
            "range": DECADES,
            "dtick": 1,
            "exponentformat": "power",
        },
        "uirevision": "noise",
        "showlegend": True,
        "margin": {"l": 64, "r": 12, "t": 24, "b": 44},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
    }
    return go.Figure(traces, layout)  # in one go: plotly checks each update anew


def takeaway(looks: Sequence[Look], words: str) -> str:
    """The latest ratios in one line; `words` has a place {ratios} for them."""
    found = measured(looks)
    if not found:
        return ""
    parts = []
    for name, noise in found[-1][1].items():
        value = ratio(noise)
        told = f"{value:.2g}" if value is not None else "too small to measure"
        parts.append(f"{ESTIMATORS[name].title} {told}")
    return words.format(ratios=", ".join(parts))


def table(looks: Sequence[Look]) -> dict[str, list[str]] | None:
    """Signal (squared length) and variance at the latest measurement."""
    found = measured(looks)
    if not found:
        return None
    noise = found[-1][1]
    return {
        "estimator": [ESTIMATORS[name].title for name in noise],
        "squared length of the gradient": [f"{each.signal:.3g}" for each in noise.values()],
        "variance of one estimate": [f"{each.variance:.3g}" for each in noise.values()],
    }
