"""The latent map and the manifold: a point moves over the plane, and the decoded digit follows.

`assets/frames/latent_map.js` and `manifold.js` compute the same frames in the browser, with the
same weights; a browser test holds them against these.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.practice.inside_vae.models import PLANE, plane
from pages.ui import assets, theme
from pages.ui.digits import DIGITS, HIDDEN_AXIS, INK, MAP_RADIUS, Floats, tile
from pages.ui.live import Frame
from vae_core.vae.data import SIDE, as_unit, load_mnist
from vae_core.vae.traversal import manifold, quantiles

POINTS = 1500
CELLS = 20
PARTS = 200
LOWEST = 5
ROOM = 0.55


@lru_cache(maxsize=1)
def means() -> tuple[Floats, Floats, Floats]:
    """z_1 and z_2 of mu for the first held-out images, and their digits; (POINTS,) each."""
    data = load_mnist()
    with torch.no_grad():
        mu = plane().encoder(as_unit(data.test_images[:POINTS])).loc.double().numpy()
    return mu[:, 0], mu[:, 1], data.test_labels[:POINTS].double().numpy()


def decoded(z1: float, z2: float) -> Floats:
    """The mean of x at a point of the plane, (784,)."""
    with torch.no_grad():
        picture: Floats = plane().mean_of_x(torch.tensor([z1, z2])).numpy()
    return picture


def weights(**_values: float) -> dict[str, Any]:
    """Where the browser finds the model."""
    return {"weights": assets.url(f"pretrained/{PLANE}.safetensors")}


def map_constants(**_values: float) -> dict[str, Any]:
    """What the browser needs for frames of the map: the model, the held-out mu and their digits."""
    first, second, digits = means()
    return weights() | {"first": first, "second": second, "digits": digits}


def map_frame(z1: float, z2: float) -> Frame:
    """The digit that the decoder draws at z, and the held-out digit whose mu is nearest."""
    first, second, digits = means()
    distance = np.hypot(first - z1, second - z2)
    nearest = int(distance.argmin())
    traces = {
        "point": {"x": np.array([z1]), "y": np.array([z2])},
        "digit": {"z": decoded(z1, z2)},
    }
    return Frame(traces, {"digit": float(digits[nearest]), "away": float(distance[nearest])})


def draw_map(now: Frame) -> go.Figure:
    """The map with its point at the left, the decoded digit at the right."""
    fig = go.Figure()
    first, second, digits = means()
    for digit, colour in enumerate(DIGITS):
        own = digits == digit
        fig.add_scatter(
            name=f"mu of a {digit}",
            x=first[own].round(3),
            y=second[own].round(3),
            mode="markers",
            marker={"size": 4, "opacity": 0.65, "color": colour},
            hoverinfo="skip",
        )
    centres = apart(
        np.array([[np.median(axis[digits == d]) for axis in (first, second)] for d in range(10)])
    )
    fig.add_scatter(
        name="names",
        x=centres[:, 0],
        y=centres[:, 1],
        text=[f"<b>{digit}</b>" for digit in range(10)],
        mode="text",
        textfont={"size": 20, "color": theme.var("ink")},
        hoverinfo="skip",
    )
    _point(fig, now, symbol="circle", size=18)
    ends = [-MAP_RADIUS, MAP_RADIUS]
    fig.update_xaxes(title="z₁", range=ends, dtick=1)
    fig.update_yaxes(title="z₂", range=ends, dtick=1)
    return _beside(fig, now, "map")


def apart(places: Floats, least: float = ROOM) -> Floats:
    """The same places (N, 2), those too close to each other moved apart, to be legible."""
    moved = places.astype(float)
    for _ in range(200):
        between = moved[:, None] - moved[None]
        distance = np.hypot(*between.transpose(2, 0, 1)) + np.eye(len(moved)) * 1e9
        push = np.clip(least - distance, 0.0, None) / distance
        moved = moved + 0.3 * (push[:, :, None] * between).sum(1)
    return moved


def _point(fig: go.Figure, now: Frame, symbol: str, size: int) -> None:
    """The point that is dragged."""
    edge = {"color": theme.var("paper"), "width": 2}
    marker = {"size": size, "symbol": symbol, "color": theme.var("z"), "line": edge}
    if symbol.endswith("open"):
        marker["line"] = {"color": theme.var("z"), "width": 4}
    fig.add_scatter(
        name="point", **now.traces["point"], mode="markers", marker=marker, hoverinfo="skip"
    )


def _beside(fig: go.Figure, now: Frame, name: str) -> go.Figure:
    """The plane at the left, the decoded digit large at the right; on a phone one below another."""
    tile(fig, "digit", now.traces["digit"]["z"], xaxis="x2", yaxis="y2")
    square: dict[str, Any] = {"constrain": "domain", "constraintoward": "center"}
    fig.update_layout(
        xaxis={"domain": [0, 0.56], **square},
        yaxis={"scaleanchor": "x", **square},
        xaxis2={"domain": [0.64, 1], "range": [0, 1], "anchor": "y2", **HIDDEN_AXIS, **square},
        yaxis2={
            "domain": [0, 1],
            "range": [0, 1],
            "anchor": "x2",
            "scaleanchor": "x2",
            **HIDDEN_AXIS,
            **square,
        },
        uirevision=name,
        showlegend=False,
        hovermode=False,
        margin={"t": 10},
        meta={
            "narrow": {
                "xaxis.domain": [0, 1],
                "yaxis.domain": [0.42, 1],
                "xaxis2.domain": [0.2, 0.8],
                "yaxis2.domain": [0, 0.34],
                "height": 620,
            }
        },
    )
    return fig


@lru_cache(maxsize=1)
def positions() -> tuple[float, ...]:
    """The shares of the prior's mass that the sliders of the manifold stop at."""
    inside = range(LOWEST, PARTS - LOWEST + 1)
    return tuple(round(i / PARTS, 10) for i in inside)


@lru_cache(maxsize=1)
def _quantiles() -> dict[float, float]:
    found = quantiles(torch.tensor(positions(), dtype=torch.float64))
    return dict(zip(positions(), found.tolist(), strict=True))


def manifold_constants(**_values: float) -> dict[str, Any]:
    """What the browser needs for frames of the manifold: the model, the positions, their z."""
    table = _quantiles()
    return weights() | {"shares": np.array(list(table)), "quantiles": np.array([*table.values()])}


def manifold_frame(u1: float, u2: float) -> Frame:
    """The digit at the point that has shares u_1 and u_2 of the prior's mass below it."""
    z1, z2 = _quantiles()[u1], _quantiles()[u2]
    traces = {
        "point": {"x": np.array([u1]), "y": np.array([u2])},
        "digit": {"z": decoded(z1, z2)},
    }
    return Frame(traces, {"z1": z1, "z2": z2})


@lru_cache(maxsize=1)
def mosaic() -> np.ndarray:
    """CELLS x CELLS digits as one picture, its first row at the bottom; bytes, 0 to 255."""
    rows = manifold(plane(), CELLS).view(CELLS, CELLS, SIDE, SIDE).flip(0)
    whole = rows.permute(0, 2, 1, 3).reshape(CELLS * SIDE, CELLS * SIDE)
    greys: np.ndarray = (whole.flip(0) * 255).round().byte().numpy()
    return greys


def draw_manifold(now: Frame) -> go.Figure:
    """The unit square of digits with its point at the left, the decoded digit at the right."""
    fig = go.Figure()
    count = CELLS * SIDE
    fig.add_heatmap(
        name="manifold",
        x0=0.5 / count,
        dx=1 / count,
        y0=0.5 / count,
        dy=1 / count,
        z=mosaic(),
        zmin=0,
        zmax=255,
        colorscale=INK,
        showscale=False,
        hoverinfo="skip",
    )
    _point(fig, now, symbol="square-open", size=22)
    fig.update_xaxes(title="share of the prior's mass left of z₁", range=[0, 1], dtick=0.25)
    fig.update_yaxes(title="share below z₂", range=[0, 1], dtick=0.25)
    return _beside(fig, now, "manifold")
