"""A bell in the plane of z, its bound as a score, and what the encoder predicts for this image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.goal.amortized.image import SPECIMEN, Solved, model, solved
from pages.ui import theme
from pages.ui.digits import HIDDEN_AXIS, tile
from pages.ui.live import Frame
from pages.ui.live.marks import ellipse
from pages.ui.numbers import number
from vae_core.families import Normal
from vae_core.vae.data import held_out_digit
from vae_core.vae.posterior import QUICK, GridPosterior, measured_elbo

RADII = (1.0, 2.0)
REACH = 4.4
LEAST_GAP, MOST_GAP = 0.03, 3000.0
YOURS, PREDICTED, BEST = 2, 1, 0  # rows of the score


def by_hand(mu1: float, mu2: float, sigma1: float, sigma2: float, digit: int) -> Frame:
    """The bell where the hand has it.

    Args:
        mu1, mu2, sigma1, sigma2: Its mean and deviation.
        digit: Which image.
    """
    q = Normal(torch.tensor([float(mu1), mu2]), torch.tensor([float(sigma1), sigma2]))
    return _at(q, digit)


def by_steps(t: int, digit: int) -> Frame:
    """The bell after t gradient steps from the prior.

    Args:
        t: 0 to STEPS.
        digit: Which image.
    """
    way = solved(digit).way
    return _at(Normal(way.loc[t], way.scale[t]), digit)


def _at(q: Normal, digit: int) -> Frame:
    found = solved(digit)
    bound, error = measured_elbo(model(), held_out_digit(digit, SPECIMEN), q, QUICK)
    (first, second), (wide, high) = q.loc.tolist(), q.scale.tolist()
    gap = found.truth.log_evidence - bound
    with torch.no_grad():
        decoded = model().mean_of_x(q.loc).numpy().round(3)
    mean = {"x": np.array([first]), "y": np.array([second])}
    traces: dict[str, dict[str, Any]] = {
        "mean": mean,
        "mean, enlarged": mean,
        "decoded": {"z": decoded},
        "score": {"x": np.array([_place(gap)]), "y": np.array([YOURS])},
    }
    for radius in RADII:
        for name in (f"q {radius:g}", f"q {radius:g}, enlarged"):
            traces[name] = _ellipse((first, second), (wide, high), radius)
    digits = 2 if error < 0.005 else 1 if error < 0.05 else 0
    return Frame(
        traces,
        {
            "evidence": found.truth.log_evidence,
            "bound": bound,
            "bound_text": number(bound, digits),
            "gap_text": number(max(gap, 0.0), digits),
            "encoder": found.bound,
            "encoder_gap": found.encoder_gap,
            "best": found.best_bound,
            "best_gap": found.best_gap,
            **_written("own", q),
            **_written("encoder", found.encoder),
        },
    )


def _written(whose: str, q: Normal) -> dict[str, str]:
    """μ and σ as they are written: "(0.64, −0.14)"."""
    texts = {
        "mu": [number(v) for v in q.loc.tolist()],
        "sigma": [f"{v:.3f}" for v in q.scale.tolist()],
    }
    return {f"{whose}_{name}": f"({', '.join(values)})" for name, values in texts.items()}


def _ellipse(middle: tuple[float, float], scale: tuple[float, float], radius: float) -> Any:
    return ellipse(middle, np.diag(radius * np.array(scale)), points=49)


def _place(gap: float) -> float:
    """Where a gap stands on the axis of the score, which is logarithmic."""
    return math.log10(min(max(gap, LEAST_GAP), MOST_GAP))


def draw(now: Frame, digit: int) -> go.Figure:
    """The plane, a part of it enlarged, the image and the decoded mean, and the score."""
    found, fig = solved(digit), go.Figure()
    for axes, suffix in (({}, ""), ({"xaxis": "x2", "yaxis": "y2"}, ", enlarged")):
        _posterior(fig, found.truth, suffix, axes)
        _bells(fig, now, found, suffix, axes)
    _score(fig, now, found)
    square: dict[str, Any] = {"xaxis": "x4", "yaxis": "y4"}
    tile(fig, "x", held_out_digit(digit, SPECIMEN).numpy(), **square)
    tile(fig, "decoded", now.traces["decoded"]["z"], left=1.15, **square)
    for text, middle in (("x", 0.5), ("decoded μ", 1.65)):
        label = {"text": text, "showarrow": False, "yanchor": "bottom"}
        fig.add_annotation(x=middle, y=1.02, xref="x4", yref="y4", font={"size": 13}, **label)
    fig.update_layout(uirevision=f"amortized {digit}", hovermode=False, meta={"narrow": NARROW})
    _axes(fig, *_enlarged(found))
    return fig


def _posterior(fig: go.Figure, truth: GridPosterior, suffix: str, axes: dict[str, str]) -> None:
    """The regions that hold as much mass as one and two deviations of a bell."""
    ranks = truth.mass_above().numpy().astype(np.float32)
    for radius in RADII:
        level = 1.0 - math.exp(-0.5 * radius * radius)
        name = f"p(z|x) {radius:g}{suffix}"
        fig.add_contour(
            name=name,
            x=truth.first.numpy(),
            y=truth.second.numpy(),
            z=ranks,
            autocontour=False,
            contours={"start": level, "end": level, "size": 1, "coloring": "none"},
            line={"color": theme.var("theta"), "width": 2},
            showscale=False,
            showlegend=False,
            hoverinfo="skip",
            **axes,
        )


def _bells(fig: go.Figure, now: Frame, found: Solved, suffix: str, axes: dict[str, str]) -> None:
    q = found.encoder
    middle, scale = (q.loc[0].item(), q.loc[1].item()), (q.scale[0].item(), q.scale[1].item())
    for radius in RADII:
        predicted = {"color": theme.var("phi"), "width": 2, "dash": "dot"}
        _line(fig, f"encoder {radius:g}{suffix}", _ellipse(middle, scale, radius), predicted, axes)
        yours = {"color": theme.var("mu"), "width": 2.5, "simplify": False}
        name = f"q {radius:g}{suffix}"
        _line(fig, name, now.traces[name], yours, axes)
    marker = {
        "size": 13,
        "color": theme.var("mu"),
        "line": {"color": theme.var("paper"), "width": 1.5},
    }
    name = f"mean{suffix}"
    fig.add_scatter(
        name=name, **now.traces[name], mode="markers", marker=marker, showlegend=False, **axes
    )


def _line(
    fig: go.Figure, name: str, at: Mapping[str, Any], line: dict[str, Any], axes: dict[str, str]
) -> None:
    fig.add_scatter(name=name, **at, mode="lines", line=line, showlegend=False, **axes)


def _score(fig: go.Figure, now: Frame, found: Solved) -> None:
    """How many nats each bell's bound lies below log p(x)."""
    axes = {"xaxis": "x3", "yaxis": "y3"}
    rows = (
        ("predicted", found.encoder_gap, PREDICTED, "phi"),
        ("best", found.best_gap, BEST, "theta"),
    )
    common: dict[str, Any] = {"mode": "markers", "showlegend": False, **axes}
    for name, gap, row, colour in rows:
        marker = {"size": 13, "color": theme.var(colour)}
        fig.add_scatter(name=name, x=[_place(gap)], y=[row], marker=marker, **common)
    marker = {"size": 15, "color": theme.var("mu")}
    fig.add_scatter(name="score", **now.traces["score"], marker=marker, **common)


def _enlarged(found: Solved) -> tuple[list[float], list[float]]:
    """What the second window shows: the encoder's bell and the best one."""
    places = torch.stack((found.encoder.loc, found.best.loc))
    middle = places.mean(0)
    half = float((places - middle).abs().max()) + 4.0 * float(found.encoder.scale.max())
    ends = [[float(middle[d]) - half, float(middle[d]) + half] for d in (0, 1)]
    return ends[0], ends[1]


NARROW = {
    "xaxis.domain": [0, 1],
    "yaxis.domain": [0.62, 1],
    "xaxis2.domain": [0, 0.46],
    "yaxis2.domain": [0.3, 0.53],
    "xaxis4.domain": [0.54, 1],
    "yaxis4.domain": [0.3, 0.5],
    "xaxis3.domain": [0.2, 1],
    "yaxis3.domain": [0, 0.2],
    "height": 760,
}


def _axes(fig: go.Figure, first: list[float], second: list[float]) -> None:
    plane: dict[str, Any] = {"range": [-REACH, REACH], "showgrid": False, "zeroline": False}
    fig.update_layout(
        xaxis={"title": "z₁", "domain": [0, 0.33], "constrain": "domain", **plane},
        yaxis={"title": "z₂", "scaleanchor": "x", **plane},
        xaxis2={"title": "z₁, enlarged", "domain": [0.4, 0.62], "anchor": "y2", "range": first},
        yaxis2={"anchor": "x2", "scaleanchor": "x2", "range": second},
        xaxis4={"domain": [0.72, 1], "anchor": "y4", "range": [0, 2.15], **HIDDEN_AXIS},
        yaxis4={"domain": [0.56, 1], "anchor": "x4", "range": [0, 1.2], **HIDDEN_AXIS},
    )
    fig.update_layout(yaxis4={"scaleanchor": "x4"}, **SCORE)


TICKS = (0.1, 1, 10, 100, 1000)
SCORE: dict[str, Any] = {
    "xaxis3": {
        "title": "nats below log p(x)",
        "domain": [0.74, 1],
        "anchor": "y3",
        "range": [math.log10(LEAST_GAP) - 0.3, math.log10(MOST_GAP)],
        "tickvals": [math.log10(tick) for tick in TICKS],
        "ticktext": [f"{tick:g}" for tick in TICKS],
    },
    "yaxis3": {
        "domain": [0, 0.42],
        "anchor": "x3",
        "range": [-0.6, 2.6],
        "tickvals": [YOURS, PREDICTED, BEST],
        "ticktext": ["yours", "encoder", "best bell"],
        "showgrid": False,
    },
}
