"""Three panels that share their axes: g in the middle, p(eps) below it, q(z) turned at its side.

A grain, or a bar, goes up from the lower panel to the curve and from there to the right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.trick.lotus.shape import KEYS, KNOTS
from pages.ui import theme
from pages.ui.live.marks import add_dots, add_line
from vae_core.families.drawn import Drawn, base_density

EPS_END, Z_END = 3.0, 3.5
EPS = np.linspace(-EPS_END, EPS_END, 49)
P, P_TOP, Q_TOP = base_density(EPS), 0.9, 1.0
BEYOND = 2.0  # what leaves a panel is drawn up to here
HAIR = 1e-6
EDGE = 1.5  # of the dots that are followed
MOST_REACHING = 4  # a curve through five heights comes to the same z at most so often
FAR = np.array([-5.0, -4.2, -3.7, -3.3, 3.3, 3.7, 4.2, 5.0])  # out of sight over eps, not over z
BELOW: dict[str, Any] = {"xaxis": "x", "yaxis": "y2"}
MIDDLE: dict[str, Any] = {"xaxis": "x", "yaxis": "y"}
BESIDE: dict[str, Any] = {"xaxis": "x2", "yaxis": "y"}

Arrays = Mapping[str, Mapping[str, Any]]


def curve(g: Drawn) -> dict[str, dict[str, Any]]:
    """The curve, and a handle at each of its heights."""
    handles = {
        key: {"x": [knot], "y": [height]}
        for key, knot, height in zip(KEYS, KNOTS, g.heights, strict=True)
    }
    return {"g": {"x": EPS, "y": g(EPS)}, **handles}


def places(g: Drawn, breaks: Sequence[float] = ()) -> np.ndarray:
    """Where q is drawn: at g of evenly spread eps, thus close where q is high; beside turns, too.

    Args:
        g: the function that moves the noise.
        breaks: the z at which what is drawn jumps.
    """
    jumps, ends = np.array([*g.heights, *breaks]), (-Z_END, Z_END)
    found: np.ndarray = np.concatenate([g(EPS), g(FAR), jumps - HAIR, jumps + HAIR, ends])
    return np.sort(found.clip(*ends))


def noise_places(g: Drawn, breaks: Sequence[float]) -> np.ndarray:
    """The same over eps: always so many for a number of breaks."""
    jumps = np.full((len(breaks), MOST_REACHING), np.nan)
    for i, stretch in enumerate(g.stretches):
        jumps[:, i] = g.inverse(np.array(breaks), stretch)
    jumps = np.nan_to_num(jumps, nan=EPS_END).ravel()
    found: np.ndarray = np.concatenate([EPS, jumps - HAIR, jumps + HAIR])
    return np.sort(found.clip(-EPS_END, EPS_END))


def add_curve(fig: go.Figure, at: Arrays) -> None:
    """Draw the curve."""
    add_line(fig, "g", at["g"], theme.var("phi"), width=3, **MIDDLE)


def add_handles(fig: go.Figure, at: Arrays) -> None:
    """Draw its handles, above what lies on it."""
    for key in KEYS:
        hover = "drag: g(%{x}) = %{y:.1f}, a height ϕ"
        add_dots(
            fig, key, at[key], theme.var("phi"), 13, hover, symbol="diamond", edge=EDGE, **MIDDLE
        )


def _title(text: str, colour: str) -> dict[str, Any]:
    return {"text": text, "font": {"color": theme.var(colour)}}


def dress(fig: go.Figure, side: float, uirevision: str) -> None:
    """The axes; the middle panel ends at `side` of the width."""
    quiet = {"zeroline": False, "showgrid": False}
    fig.update_layout(
        xaxis={
            "domain": (0.0, side),
            "range": [-EPS_END, EPS_END],
            "title": _title("ε", "eps"),
            "anchor": "y2",
            "dtick": 1,
            **quiet,
        },
        yaxis={
            "domain": (0.36, 1.0),
            "range": [-Z_END, Z_END],
            "title": _title("z = g(ε)", "phi"),
            "tickvals": [-2, 0, 2],
            **quiet,
            "showgrid": True,
        },
        yaxis2={
            "domain": (0.0, 0.31),
            "range": [-0.08, P_TOP],
            "title": _title("p(ε)", "eps"),
            "anchor": "x",
            "tickvals": [0.0, 0.4, 0.8],
            **quiet,
        },
        xaxis2={
            "domain": (side + 0.03, 1.0),
            "range": [-0.05, Q_TOP],
            "title": _title("q(z)", "z"),
            "anchor": "y",
            "tickvals": [0.0, 0.5, 1.0],
            **quiet,
        },
        uirevision=uirevision,
        showlegend=False,
    )
