"""The map: what q predicts in the plane of the two features, and how sure it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.beyond.doubly_stochastic.climbed import KNOTS, two, way
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from vae_core.lab.doubly_stochastic.bell import Bell, held_out, predicted

SIDE, COLUMNS = 4.0, 41
LOW = -2.5
ALONG = np.linspace(-SIDE, SIDE, COLUMNS)
LEVELS = {"10 %": 0.1, "50 %": 0.5, "90 %": 0.9}
# A case that nobody has seen: cells that are small as a rule, and the largest ones are not.
ASKED = (-3.0, 0.5)


@lru_cache(maxsize=1)
def _places() -> torch.Tensor:
    """All places of the map with the constant, columns of x one after another: (C * C, 3)."""
    x, y = np.meshgrid(ALONG, ALONG, indexing="ij")
    places = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], axis=1)
    return torch.from_numpy(places)


def chance(q: Bell) -> np.ndarray:
    """Probability of malignant at all places, (COLUMNS, COLUMNS), rows along the first feature."""
    found: np.ndarray = predicted(q, _places()).numpy().reshape(COLUMNS, COLUMNS)
    return found


def level(found: np.ndarray, height: float) -> np.ndarray:
    """In each column the second feature where the probability first passes `height`, or NaN."""
    above = found >= height
    first = above.argmax(axis=1)
    line = np.full(COLUMNS, np.nan)
    for column in np.flatnonzero(above.any(axis=1) & ~above[:, 0]):
        low, high = found[column, first[column] - 1 : first[column] + 1]
        share = (height - low) / (high - low)
        line[column] = ALONG[first[column] - 1] + share * (ALONG[1] - ALONG[0])
    return line


def frame(t: int, batch: int, seed: int, shape: str, noise: str) -> Frame:
    """The map after t steps; arguments as in `plane.frame`."""
    q, cases = way(shape, noise, batch, seed).bells[KNOTS.index(t)], two()
    found = chance(q)
    lines = {name: {"x": ALONG, "y": level(found, height)} for name, height in LEVELS.items()}
    point = torch.tensor([[*ASKED, 1.0]], dtype=torch.float64)
    sure = float(predicted(q, point)[0])
    plain = float(torch.sigmoid(point @ q.loc)[0])
    traces: dict[str, dict[str, Any]] = {
        **lines,
        "asked words": {
            "x": [ASKED[0]],
            "y": [ASKED[1] + 0.3],
            "text": [f"{100.0 * sure:.0f} % malignant"],
        },
    }
    numbers = {
        "sure": 100.0 * sure,
        "plain": 100.0 * plain,
        "held": held_out(q, cases.held_x, cases.held_sign),
        "right": 100.0 * float((cases.held_sign * (cases.held_x @ q.loc) > 0).double().mean()),
    }
    return Frame(traces, numbers)


def draw(now: Frame) -> go.Figure:
    """The cases held out as dots, the three lines, and the place that is asked about."""
    fig, at, cases = go.Figure(), now.traces, two()
    for name, sign, colour, symbol in (
        ("benign", -1.0, "accent", "circle"),
        ("malignant", 1.0, "bad", "diamond"),
    ):
        chosen = cases.held_x[cases.held_sign == sign].numpy()
        dots = {"x": chosen[:, 0], "y": chosen[:, 1]}
        hover = f"{name}: mean radius %{{x:.1f}}, worst radius %{{y:.1f}}"
        add_dots(fig, name, dots, theme.var(colour, 0.75), 7, hover, symbol=symbol)
        fig.data[-1].showlegend = True
    for name in LEVELS:
        dash = "solid" if name == "50 %" else "dot"
        add_line(fig, name, at[name], theme.var("mu"), width=2, dash=dash)
        fig.data[-1].update(showlegend=True, name=name)
    asked = {"x": [ASKED[0]], "y": [ASKED[1]]}
    add_dots(fig, "asked", asked, theme.var("ink"), 13, symbol="x-thin-open")
    add_words(fig, "asked words", at["asked words"], theme.var("ink"), 14, "top right")
    fig.update_xaxes(title="mean radius, in deviations", range=[-SIDE, SIDE], zeroline=False)
    fig.update_yaxes(title="worst radius, in deviations", range=[LOW, SIDE], zeroline=False)
    legend = {"orientation": "h", "x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"}
    return fig.update_layout(uirevision="map", legend=legend)
