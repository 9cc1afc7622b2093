"""The KL of a VAE: what an encoder's q costs against N(0, 1), one term for each dimension of z."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch

from pages.goal.kl_divergence import beliefs, rows
from pages.goal.kl_divergence.rows import P, Q
from pages.ui import theme
from pages.ui.digits import HIDDEN_AXIS, tile
from pages.ui.live import Frame
from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.priors import kl_per_dimension

MODEL, SPECIMENS = "latent20", 20
LATENT = 20
REACH, HIGHEST = 4.0, 3.4
STEPS = np.linspace(-4.0, 4.0, 81)  # over a bell, in its widths


class Terms(NamedTuple):
    """What the encoder predicts for an image, the costliest dimension first, (LATENT,) each.

    Attributes:
        place: the dimension's number, from 1.
        loc, scale: mu and sigma.
        moved: its mean's part of the KL, mu^2 / 2.
        spread: its width's part, (sigma^2 - 1 - log sigma^2) / 2.
    """

    place: np.ndarray
    loc: np.ndarray
    scale: np.ndarray
    moved: np.ndarray
    spread: np.ndarray


@lru_cache(maxsize=256)
def image(digit: int, specimen: int) -> torch.Tensor:
    """An image of `held_out_digit`, kept. Raises DataError."""
    return held_out_digit(digit, specimen)


@lru_cache(maxsize=64)
def terms(digit: int, specimen: int) -> Terms:
    """The KL of each dimension in its two parts. Raises DataError and CheckpointError."""
    with torch.no_grad():
        q = load_pretrained(MODEL).model.diagonal_q(image(digit, specimen)[None])
    q = Normal(q.loc.double(), q.scale.double())
    each = kl_per_dimension(q)[0]
    order = each.argsort(descending=True)
    loc, scale = q.loc[0][order], q.scale[0][order]
    moved = 0.5 * loc.square()
    found = (order + 1, loc, scale, moved, each[order] - moved)
    return Terms(*(part.numpy() for part in found))


def frame(rank: int, digit: int, specimen: int) -> Frame:
    """One dimension's bell beside the prior, and its term.

    Args:
        rank: which dimension, counted from the costliest.
        digit, specimen: the image.
    """
    found, at = terms(digit, specimen), rank - 1
    loc, scale = float(found.loc[at]), float(found.scale[at])
    each = found.moved + found.spread
    traces = {
        "q": {"x": loc + scale * STEPS, "y": _bell(STEPS) / scale},
        "here": {"x": np.array([rank]), "y": each[at : at + 1]},
    }
    numbers = {
        "place": float(found.place[at]),
        "mu_d": loc,
        "sigma_d": scale,
        "moved": float(found.moved[at]),
        "spread": float(found.spread[at]),
        "term": float(each[at]),
        "total": float(each.sum()),
        "moved_all": float(found.moved.sum()),
        "spread_all": float(found.spread.sum()),
    }
    return Frame(traces, numbers)


def _bell(z: np.ndarray) -> np.ndarray:
    """The density of N(0, 1)."""
    return beliefs.log_density(beliefs.bell(0.0, 1.0), torch.from_numpy(z)).exp().numpy()


def draw(now: Frame, digit: int, specimen: int) -> go.Figure:
    """The chosen bell and the prior at the left; at the right a bar for each dimension."""
    fig = go.Figure()
    prior = {"x": REACH / 4.0 * STEPS, "y": _bell(REACH / 4.0 * STEPS)}
    for name, at, colour in (("q", now.traces["q"], Q), ("p", prior, P)):
        hover = f"density {name}(z) = %{{y:.3f}}<br>at z = %{{x:.2f}}"
        rows.curve(fig, name, at, colour, hover)
    _note(fig, "q(z) of this dimension", Q, 0.0, 1.0)
    _note(fig, "p(z) = N(0, 1)", P, 0.0, 0.92)
    most = _bars(fig, terms(digit, specimen))
    rows.dots(fig, "here", now.traces["here"], "ink", 13, row="2", symbol="triangle-down")
    tile(fig, "x", image(digit, specimen).numpy(), xaxis="x3", yaxis="y3")
    plain = {"zeroline": False, "showgrid": False}
    fig.update_layout(
        xaxis={"title": "z", "domain": [0, 0.46], "range": [-REACH, REACH], **plain},
        yaxis={"title": "density", "range": [0, HIGHEST], "dtick": 1, **plain},
        xaxis2={
            "title": "dimensions of z, the costliest first",
            "domain": [0.64, 1],
            "range": [0.3, LATENT + 0.7],
            "tickvals": [1, 5, 10, 15, 20],
            "anchor": "y2",
        },
        yaxis2={"title": "nats", "range": [0, 1.35 * most], "dtick": 1, "anchor": "x2"},
        xaxis3={"domain": [0.47, 0.56], "range": [0, 1], "anchor": "y3", **HIDDEN_AXIS},
        yaxis3={
            "domain": [0.75, 1],
            "range": [0, 1],
            "anchor": "x3",
            "scaleanchor": "x3",
            **HIDDEN_AXIS,
        },
        barmode="stack",
        bargap=0.25,
        uirevision=f"vae {digit} {specimen}",
        hovermode="closest",
        showlegend=False,
        meta={"narrow": NARROW},
    )
    return fig


NARROW = {
    "xaxis.domain": [0, 0.78],
    "yaxis.domain": [0.52, 1],
    "xaxis2.domain": [0.05, 1],
    "yaxis2.domain": [0, 0.38],
    "xaxis3.domain": [0.8, 1],
    "yaxis3.domain": [0.85, 1],
    "height": 520,
}


def _bars(fig: go.Figure, found: Terms) -> float:
    """Both parts of each term, one upon the other, and their names; how high the highest is."""
    parts = (
        ("moved", found.moved, "mu", "½μ²: its place", "for where the bell stands"),
        ("spread", found.spread, "sigma", "½(σ² − 1 − log σ²): its width", "for its width"),
    )
    for line, (name, height, colour, text, means) in enumerate(parts):
        fig.add_bar(
            name=name,
            x=np.arange(1, LATENT + 1),
            y=height,
            marker={"color": theme.var(colour, 0.75), "line": {"width": 0}},
            customdata=found.place,
            hovertemplate=f"dimension %{{customdata}}:<br>%{{y:.3f}} nats {means}<extra></extra>",
            xaxis="x2",
            yaxis="y2",
        )
        _note(fig, text, colour, 1.0, 1.0 - 0.09 * line, "2")
    return float((found.moved + found.spread).max())


def _note(fig: go.Figure, text: str, colour: str, x: float, y: float, panel: str = "") -> None:
    """What a colour means, at a corner of a panel."""
    side = "left" if x == 0.0 else "right"
    fig.add_annotation(
        x=x,
        y=y,
        xref=f"x{panel} domain",
        yref=f"y{panel} domain",
        text=f"<b>{text}</b>",
        xanchor=side,
        xshift=6 if side == "left" else 0,
        yanchor="top",
        showarrow=False,
        font={"color": theme.var(colour)},
    )
