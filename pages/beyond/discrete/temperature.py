"""Bias against variance over the temperature: what a relaxed z costs, and what it brings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.beyond.discrete.costs import COSTS
from pages.beyond.discrete.rows import exact
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.estimators.discrete import TEMPERATURES

NAMES = ("gumbel_softmax", "straight_through_gumbel", "straight_through", "rebar", "score")
DASHES = {"straight_through": "dash", "score": "dot", "straight_through_gumbel": "dashdot"}
PLACES = {
    "gumbel_softmax": (0.0, 1.0),
    "straight_through_gumbel": (0.44, 1.0),
    "straight_through": (0.0, 0.0),
    "rebar": (0.44, 0.0),
    "score": (0.7, 0.0),
}
ALONG = tuple(float(f"{tau:.3g}") for tau in np.geomspace(*TEMPERATURES, 19))
NARROW = {
    "height": 640,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.52, 0.88),
    "xaxis2.domain": (0.0, 1.0),
    "yaxis2.domain": (0.0, 0.36),
    "yaxis3.domain": (0.92, 1.0),
}


@lru_cache(maxsize=256)
def curves(cost: str, eta: float) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Bias and deviation of each estimator at each temperature of ALONG."""
    gradient, found = COSTS[cost].toss(eta).gradient, {}
    for name in NAMES:
        moved = "temperature" in ESTIMATORS[name].limits
        laws = np.array([exact(name, cost, eta, tau) for tau in (ALONG if moved else ALONG[:1])])
        laws = np.broadcast_to(laws, (len(ALONG), 2))
        found[name] = laws[:, 0] - gradient, np.sqrt(np.maximum(laws[:, 1], 1e-20))
    return found


def frame(eta: float, tau: float, cost: str) -> Frame:
    """Bias and deviation over the temperature, and where it stands.

    Args:
        eta: the logit.
        tau: the temperature.
        cost: name of f.
    """
    gradient = COSTS[cost].toss(eta).gradient
    traces: dict[str, dict[str, object]] = {}
    numbers: dict[str, float | str] = {"gradient": gradient}
    for name, (bias, deviation) in curves(cost, eta).items():
        here = exact(name, cost, eta, tau)
        off, spread = here.mean - gradient, max(here.variance, 1e-20) ** 0.5
        off = 0.0 if ESTIMATORS[name].unbiased else off  # less the last digits of an integral
        traces[f"{name} bias"] = {"x": ALONG, "y": bias}
        traces[f"{name} spread"] = {"x": ALONG, "y": deviation}
        traces[f"{name} bias here"] = {"x": [tau], "y": [off]}
        traces[f"{name} spread here"] = {"x": [tau], "y": [spread]}
        numbers |= {f"{name}_bias": off, f"{name}_spread": spread}
    relaxed = numbers["gumbel_softmax_bias"], numbers["gumbel_softmax_spread"]
    numbers["bias"], numbers["spread"] = (short(float(each), 2) for each in relaxed)
    numbers["rebar"] = short(float(numbers["rebar_spread"]), 2)
    numbers["score"] = short(float(numbers["score_spread"]), 2)
    return Frame(traces, numbers)


def draw(now: Frame, cost: str) -> go.Figure:
    """Bias on the left, deviation on the right, both over the temperature."""
    fig, at, of = go.Figure(), now.traces, COSTS[cost]
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
    for side, axes in (("bias", {}), ("spread", right)):
        for name in NAMES:
            colour, dash = theme.estimator_var(name), DASHES.get(name, "solid")
            add_line(fig, f"{name} {side}", at[f"{name} {side}"], colour, dash=dash, **axes)
        for name in NAMES:
            hover = f"<b>{ESTIMATORS[name].title}</b><br>{side} %{{y:.3g}} at τ = %{{x:.2g}}"
            trace = f"{name} {side} here"
            add_dots(fig, trace, at[trace], theme.estimator_var(name), 11, hover, **axes)
    for name, (x, y) in PLACES.items():
        words = {"x": [x], "y": [y], "text": [f"<b>{ESTIMATORS[name].title}</b>"]}
        colour = theme.estimator_var(name)
        add_words(fig, f"{name} name", words, colour, xaxis="x3", yaxis="y3")
    _dress(fig, of.title, of.bias, of.spreads)
    return fig


def _dress(
    fig: go.Figure, title: str, bias: tuple[float, float], spreads: tuple[float, float]
) -> None:
    low, high = np.log10(TEMPERATURES)
    across = {
        "type": "log",
        "range": (low - 0.05, high + 0.05),
        "tickvals": [0.1, 1, 10],
        "title": "temperature τ",
    }
    fig.update_layout(
        xaxis={**across, "domain": (0.0, 0.46)},
        yaxis={"domain": (0.0, 0.84), "range": bias, "title": "bias"},
        xaxis3={"domain": (0.0, 1.0), "range": (0, 1), "anchor": "y3", "visible": False},
        yaxis3={"domain": (0.89, 1.0), "range": (-0.7, 1.6), "anchor": "x3", "visible": False},
        xaxis2={**across, "domain": (0.58, 1.0), "anchor": "y2"},
        yaxis2={
            "type": "log",
            "domain": (0.0, 0.84),
            "range": spreads,
            "anchor": "x2",
            "title": "deviation of one estimate",
            "tickvals": [0.01, 0.1, 1, 10],
        },
        uirevision=f"temperature {title}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
