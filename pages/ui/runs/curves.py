"""Pictures of a training: curves of the bound and its terms, the latent map, strips of digits."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from pages.ui import theme
from pages.ui.digits import DIGITS, MAP_RADIUS

MOST_POINTS = 300
LEAST_KL = 0.05

Floats = NDArray[np.floating]

TERMS = ("elbo", "reconstruction", "kl")
ROWS = {
    "elbo": ("ELBO", (-220.0, -80.0), 20.0),
    "reconstruction": ("recon.", (-220.0, -60.0), 40.0),
    "kl": ("KL", (0.0, 30.0), 10.0),
}
HOVER = {"elbo": "ELBO", "reconstruction": "reconstruction", "kl": "KL"}


@dataclass(frozen=True)
class Curve:
    """One quantity along a run: where it was measured, and its three terms, (N,) each."""

    epochs: Floats
    elbo: Floats
    reconstruction: Floats
    kl: Floats


@dataclass(frozen=True)
class DrawnCurve:
    """A curve and how it is drawn; the colour is a token of the theme.

    `beside` writes the name at the line's end and not into the legend: "above" or "below" it.
    """

    name: str
    curve: Curve
    colour: str
    dash: str = "solid"
    width: float = 2.0
    beside: str = ""
    label_colour: str = ""


@dataclass(frozen=True)
class Mark:
    """A change of settings while the run went on: when, and what it was."""

    epoch: float
    text: str


def curves(
    runs: Sequence[DrawnCurve],
    planned_epochs: float,
    marks: Sequence[Mark] = (),
) -> go.Figure:
    """ELBO, reconstruction and KL over the epochs, in nats per image.

    Args:
        runs: the lines, each drawn in all three rows.
        planned_epochs: right end of the axis.
        marks: where settings changed.
    """
    layout = copy.deepcopy(_three_rows())
    traces, names = [], []
    for row, term in enumerate(TERMS, start=1):
        number = row if row > 1 else ""
        traces += [_trace(line, term, f"x{number}", f"y{number}") for line in runs]
        title, usual, step = ROWS[term]
        seen = np.concatenate([[usual[0]], *(getattr(line.curve, term) for line in runs)])
        layout[f"xaxis{number}"] |= {"range": [0, planned_epochs], "minallowed": 0}
        layout[f"yaxis{number}"] |= {
            "title": {"text": title},
            "nticks": 4,
            "range": span(seen, usual, step),
        }
    layout["xaxis3"]["title"] = {"text": "epochs · all curves in nats per image"}
    for line in runs:
        if line.beside and len(line.curve.epochs):
            names.append(_name_beside(line, planned_epochs))
    layout |= {
        "annotations": names + [_note(mark) for mark in marks],
        "shapes": [_rule(mark) for mark in marks],
        "uirevision": "curves",
        "margin": {"l": 64, "r": 12, "t": 24, "b": 44},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"},
    }
    return go.Figure(traces, layout)  # in one go: plotly checks each update anew


@cache
def _three_rows() -> dict[str, Any]:
    """Axes one below the other, with the same epochs."""
    rows = make_subplots(
        rows=3, shared_xaxes=True, row_heights=[0.52, 0.24, 0.24], vertical_spacing=0.05
    )
    layout: dict[str, Any] = rows.to_dict()["layout"]
    del layout["template"]
    return layout


def _rule(mark: Mark) -> dict[str, Any]:
    """A line through all three rows."""
    return {
        "type": "line",
        "x0": mark.epoch,
        "x1": mark.epoch,
        "xref": "x",
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": theme.var("muted"), "dash": "dash", "width": 1},
    }


def _note(mark: Mark) -> dict[str, Any]:
    """What the settings became, at the top of the line."""
    return {
        "x": mark.epoch,
        "y": 1,
        "yref": "y domain",
        "text": mark.text,
        "showarrow": False,
        "xanchor": "left",
        "yanchor": "top",
        "font": {"size": 11, "color": theme.var("muted")},
    }


def _trace(line: DrawnCurve, term: str, x_axis: str, y_axis: str) -> dict[str, Any]:
    epochs, values = thinned(line.curve.epochs, getattr(line.curve, term))
    return {
        "type": "scatter",
        "x": epochs,
        "y": values,
        "xaxis": x_axis,
        "yaxis": y_axis,
        "name": line.name,
        "legendgroup": line.name,
        "showlegend": term == "elbo" and not line.beside,
        "mode": "lines",
        "line": {"color": line.colour, "dash": line.dash, "width": line.width},
        "hovertemplate": f"<b>{line.name}</b><br>"
        f"{HOVER[term]} %{{y:.1f}} nats per image<br>after %{{x:.2f}} epochs<extra></extra>",
    }


def _name_beside(line: DrawnCurve, planned_epochs: float) -> dict[str, Any]:
    """The name at the line's end, clear of the line, on the side where there is room for it."""
    end = line.curve.epochs[-1]
    above = line.beside == "above"
    return {
        "x": float(end),
        "y": float(line.curve.elbo[-1]),
        "text": line.name,
        "showarrow": False,
        "xanchor": "left" if end < planned_epochs / 2 else "right",
        "yanchor": "bottom" if above else "top",
        "yshift": 1 if above else -9,
        "xref": "x",
        "yref": "y",
        "font": {"color": line.label_colour or line.colour, "size": 12},
    }


def thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """At most `MOST_POINTS` points of a line, evenly spaced, the last one always among them."""
    if len(x) <= MOST_POINTS:
        return x, y
    kept = np.linspace(0, len(x) - 1, MOST_POINTS).round().astype(int)
    return x[kept], y[kept]


def span(values: Floats, usual: tuple[float, float], step: float) -> tuple[float, float]:
    """The usual range of an axis, widened in whole steps where values lie outside it.

    The few worst values of a run that jumps about may leave the picture.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return usual
    low, high = np.quantile(finite, [0.02, 0.98] if len(finite) > 20 else [0.0, 1.0])
    return (
        min(usual[0], math.floor(low / step) * step),
        max(usual[1], math.ceil(high / step) * step),
    )


def latent_map(means: Floats, labels: NDArray[np.integer]) -> go.Figure:
    """Held-out images at their mu, coloured and named by digit: means (M, 2), labels (M,)."""
    figure = go.Figure()
    for digit in np.unique(labels):
        own = means[labels == digit]
        figure.add_trace(
            go.Scatter(
                x=own[:, 0].round(3),
                y=own[:, 1].round(3),
                mode="markers",
                name=str(digit),
                marker={"size": 4, "opacity": 0.65, "color": DIGITS[digit]},
                hovertemplate=f"μ of a {digit}: (%{{x:.2f}}, %{{y:.2f}})<extra></extra>",
            )
        )
    centres = {int(d): np.median(means[labels == d], axis=0) for d in np.unique(labels)}
    figure.add_trace(
        go.Scatter(
            x=[float(c[0]) for c in centres.values()],
            y=[float(c[1]) for c in centres.values()],
            text=[f"<b>{digit}</b>" for digit in centres],
            mode="text",
            textfont={"size": 18, "color": theme.var("ink")},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    radius = max(MAP_RADIUS, math.ceil(float(np.abs(means).max()))) if len(means) else MAP_RADIUS
    figure.update_xaxes(title="μ₁", range=[-radius, radius])
    figure.update_yaxes(title="μ₂", range=[-radius, radius], scaleanchor="x")
    figure.update_layout(
        uirevision="map", showlegend=False, margin={"l": 46, "r": 8, "t": 8, "b": 42}
    )
    return figure


def kl_bars(kl: Floats) -> go.Figure:
    """KL of each latent dimension, (D,), the largest first; the unused ones are grey."""
    ordered = np.sort(kl)[::-1]
    figure = go.Figure(
        go.Bar(
            x=np.arange(1, len(kl) + 1),
            y=ordered.round(3),
            marker={"color": [theme.var("z" if used(v) else "muted") for v in ordered]},
            hovertemplate="KL of this dimension: %{y:.2f} nats<extra></extra>",
        )
    )
    figure.update_xaxes(title="latent dimensions, sorted", showticklabels=False)
    figure.update_yaxes(title="KL (nats)", range=[0, max(3.0, math.ceil(float(ordered[0])))])
    figure.update_layout(
        uirevision="kl", showlegend=False, margin={"l": 46, "r": 8, "t": 8, "b": 30}
    )
    return figure


def used(kl: float) -> bool:
    """Whether a latent dimension tells anything about x: below this its q(z|x) is the prior."""
    return kl > LEAST_KL
