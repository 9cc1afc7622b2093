"""The encoder's q(z|x) beside the true posterior of one image, and the gap between them."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.practice.inside_vae.models import held_out, plane
from pages.ui import theme
from pages.ui.digits import HIDDEN_AXIS, Floats, tile
from pages.ui.live import Frame
from pages.ui.live.marks import ellipse
from vae_core.vae.posterior import STEPS, GridPosterior, Refinement, grid_posterior, refine

RADII = (1.0, 2.0)
FAINTEST = 0.999


@lru_cache(maxsize=64)
def solved(digit: int, specimen: int) -> tuple[GridPosterior, Refinement]:
    """The true posterior of a held-out image, and the way to the best Gaussian."""
    x = held_out(digit, specimen)
    return grid_posterior(plane(), x), refine(plane(), x)


def frame(t: int, digit: int, specimen: int) -> Frame:
    """q after t gradient steps on its own mu and log sigma, and what is left of the gap.

    Args:
        t: steps of refinement; 0 is the encoder's own answer.
        digit, specimen: the held-out image.
    """
    truth, way = solved(digit, specimen)
    loc, scale = way.loc[t].numpy(), way.scale[t].numpy()
    bound, best = float(way.elbo[t]), float(way.elbo.max())
    traces: dict[str, dict[str, Any]] = {
        f"q {radius:g}": ellipse(loc, np.diag(radius * scale)) for radius in RADII
    }
    traces["mu"] = {"x": loc[:1], "y": loc[1:]}
    traces["bound here"] = {"x": np.array([t]), "y": np.array([bound])}
    numbers = {
        "evidence": truth.log_evidence,
        "bound": bound,
        "gap": truth.log_evidence - bound,
        "amortization": best - bound,
        "approximation": truth.log_evidence - best,
        "error": truth.error + way.error,
        "mu_1": float(loc[0]),
        "mu_2": float(loc[1]),
        "sigma_1": float(scale[0]),
        "sigma_2": float(scale[1]),
    }
    return Frame(traces, numbers)


def mass(radius: float) -> float:
    """Mass of a Gaussian in the plane within `radius` deviations of its mean."""
    return 1.0 - math.exp(-0.5 * radius * radius)


def draw(now: Frame, digit: int, specimen: int) -> go.Figure:
    """Posterior and q in the plane at the left, the bound along the steps at the right."""
    truth, way = solved(digit, specimen)
    fig = go.Figure()
    _true_posterior(fig, truth)
    _gaussian(fig, now)
    _bound(fig, now, truth, way)
    tile(fig, "x", held_out(digit, specimen).numpy(), xaxis="x3", yaxis="y3")
    fig.update_layout(
        uirevision=f"gap {digit} {specimen}",
        hovermode=False,
        legend={"x": 0, "y": 1.0, "xanchor": "left", "yanchor": "bottom"},
        meta={
            "narrow": {
                "xaxis.domain": [0, 1],
                "yaxis.domain": [0.46, 0.86],
                "xaxis2.domain": [0.05, 1],
                "yaxis2.domain": [0, 0.36],
                "xaxis3.domain": [0.8, 1],
                "yaxis3.domain": [0.89, 1],
                "height": 680,
            }
        },
    )
    _axes(fig, *_window(truth, way))
    return fig


def _true_posterior(fig: go.Figure, truth: GridPosterior) -> None:
    """Its density, and the regions that hold as much mass as one and two deviations of q."""
    axes = {"x": truth.first.numpy(), "y": truth.second.numpy()}
    density = truth.density / truth.density.max()
    shades = ((0.0, theme.var("theta", 0)), (1.0, theme.var("theta", 0.75)))
    common: dict[str, Any] = {"showscale": False, "hoverinfo": "skip"}
    fig.add_heatmap(
        name="density",
        **axes,
        z=_short(density.numpy()),
        colorscale=shades,
        zsmooth="best",
        **common,
    )
    ranks = truth.mass_above().numpy()
    for radius in RADII:
        level = mass(radius)
        fig.add_contour(
            name="true posterior p(z|x)" if radius == RADII[0] else "its wider region",
            **axes,
            z=_short(ranks),
            autocontour=False,
            contours={"start": level, "end": level, "size": 1, "coloring": "none"},
            line={"color": theme.var("theta"), "width": 2.5},
            legendgroup="truth",
            showlegend=radius == RADII[0],
            **common,
        )


def _short(values: NDArray[np.float64]) -> Floats:
    return values.astype(np.float32)


def _gaussian(fig: go.Figure, now: Frame) -> None:
    for radius in RADII:
        fig.add_scatter(
            name=f"q {radius:g}",
            **now.traces[f"q {radius:g}"],
            mode="lines",
            line={"color": theme.var("mu"), "width": 2.5, "dash": "dash", "simplify": False},
            showlegend=False,
        )
    marker = {"size": 11, "color": theme.var("mu"), "symbol": "x"}
    fig.add_scatter(name="mu", **now.traces["mu"], mode="markers", marker=marker, showlegend=False)
    fig.add_scatter(
        name="q(z|x), one and two σ",
        x=[None],
        y=[None],
        mode="lines",
        line={"color": theme.var("mu"), "width": 2.5, "dash": "dash"},
    )


def _bound(fig: go.Figure, now: Frame, truth: GridPosterior, way: Refinement) -> None:
    axes: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2", "showlegend": False}
    steps = np.arange(STEPS + 1)
    for name, height, colour, dash in (
        ("log p(x)", truth.log_evidence, "theta", "solid"),
        ("best", float(way.elbo.max()), "muted", "dot"),
    ):
        line = {"color": theme.var(colour), "width": 2, "dash": dash}
        fig.add_scatter(
            name=name, x=steps[[0, -1]], y=[height] * 2, mode="lines", line=line, **axes
        )
    line = {"color": theme.var("mu"), "width": 2.5, "simplify": False}
    fig.add_scatter(name="ELBO", x=steps, y=way.elbo.numpy(), mode="lines", line=line, **axes)
    edge = {"color": theme.var("paper"), "width": 1.5}
    marker = {"size": 14, "color": theme.var("mu"), "line": edge}
    fig.add_scatter(
        name="bound here", **now.traces["bound here"], mode="markers", marker=marker, **axes
    )
    for text, height, colour, side in (
        ("log p(x)", truth.log_evidence, "theta", "bottom"),
        ("ELBO of the best Gaussian found", float(way.elbo.max()), "muted", "top"),
    ):
        fig.add_annotation(
            x=STEPS,
            y=height,
            xref="x2",
            yref="y2",
            text=f"<b>{text}</b>",
            xanchor="right",
            yanchor=side,
            showarrow=False,
            font={"color": theme.var(colour), "size": 13},
        )


def _window(truth: GridPosterior, way: Refinement) -> tuple[list[float], list[float], list[float]]:
    """What the axes show: the mass of both distributions, and the bound with room for words."""
    seen = truth.mass_above().numpy() < FAINTEST
    ends = []
    for axis, along, d in ((truth.first, 0, 0), (truth.second, 1, 1)):
        inside = axis.numpy()[seen.any(along)]
        wide_open = 2.4 * way.scale[:, d]
        low = min(float(inside.min()), float((way.loc[:, d] - wide_open).min()))
        high = max(float(inside.max()), float((way.loc[:, d] + wide_open).max()))
        ends.append([low, high])
    low, high = float(way.elbo.min()), truth.log_evidence
    room = 0.14 * (high - low)
    return ends[0], ends[1], [low - room, high + 1.4 * room]


def _axes(fig: go.Figure, first: list[float], second: list[float], bound: list[float]) -> None:
    fig.update_layout(
        xaxis={"title": "z₁", "domain": [0, 0.52], "range": first, "showgrid": False},
        yaxis={"title": "z₂", "range": second, "scaleanchor": "x", "showgrid": False},
        xaxis2={
            "title": "gradient steps on μ and log σ of this image",
            "domain": [0.62, 1],
            "range": [-1, STEPS + 1],
            "anchor": "y2",
        },
        yaxis2={"title": "nats", "range": bound, "anchor": "x2"},
        xaxis3={"domain": [0.42, 0.52], "range": [0, 1], "anchor": "y3", **HIDDEN_AXIS},
        yaxis3={
            "domain": [0.8, 1],
            "range": [0, 1],
            "anchor": "x3",
            "scaleanchor": "x3",
            **HIDDEN_AXIS,
        },
    )
