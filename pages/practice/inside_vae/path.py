"""From one digit to another: straight through the latent space, and straight through the pixels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import torch

from pages.practice.inside_vae.models import held_out, wide
from pages.ui import theme
from pages.ui.digits import Floats, caption, dress, tile
from pages.ui.live import Frame
from vae_core.vae.traversal import change_by_reconstruction, straight_path

POSITIONS = 41
STOPS = 9
LARGE = 2.3
ROWS = {"latent": 4.9, "pixels": 2.4}
NARROW_ROWS = {"latent": 9.3, "pixels": 7.0}
# Below the strips, on a wide screen and on a narrow one.
MARKS = {
    "here": np.array([top - 1.98 for top in ROWS.values()]),
    "here below": np.array([top - 1.2 for top in NARROW_ROWS.values()]),
}
WAYS = {"latent": ("through latent space", "z"), "pixels": ("straight mix of pixels", "x")}

Ends = tuple[int, int, int, int]


@lru_cache(maxsize=32)
def path(ends: Ends) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """The pictures of both ways, (POSITIONS, 784), and how much each changes when redrawn.

    Args:
        ends: digit and specimen of the start, digit and specimen of the end.
    """
    start, end = held_out(*ends[:2]), held_out(*ends[2:])
    t = torch.linspace(0.0, 1.0, POSITIONS)
    found = dict(zip(WAYS, straight_path(wide(), start, end, t), strict=True))
    changes = {name: change_by_reconstruction(wide(), x).numpy() for name, x in found.items()}
    return {name: x.numpy() for name, x in found.items()}, changes


def frame(t: float, ends: Ends) -> Frame:
    """Both pictures at t, 0 to 1, and the marks on the strips."""
    pictures, changes = path(ends)
    at = round(t * (POSITIONS - 1))
    traces = {name: {"z": pictures[name][at]} for name in WAYS}
    along = np.full(2, 0.5 + t * (STOPS - 1))
    traces |= {name: {"x": along, "y": heights} for name, heights in MARKS.items()}
    return Frame(traces, {f"change_{name}": float(changes[name][at]) for name in WAYS})


def draw(now: Frame, ends: Ends) -> go.Figure:
    """Two strips, the present pictures large at their right."""
    fig = go.Figure()
    for name, top in ROWS.items():
        tile(fig, name, now.traces[name]["z"], left=STOPS + 0.6, top=top, size=LARGE)
        _strip(fig, name, ends, top - 0.8)
        _title(fig, name, top - 0.38)
    _marks(fig, now, "here")
    return dress(fig, (0, STOPS + 0.6 + LARGE), (0, 5.0), "path", 420)


def draw_narrow(now: Frame, ends: Ends) -> go.Figure:
    """The same for a phone: strips across the screen, large pictures below them."""
    fig = go.Figure()
    for left, (name, top) in zip((0.1, 4.7), NARROW_ROWS.items(), strict=True):
        _strip(fig, name, ends, top)
        _title(fig, name, top + 0.35)
        tile(fig, name, now.traces[name]["z"], left=left, top=4.9, size=4.2)
        caption(fig, WAYS[name][0], left + 2.1, 0.35)
    _marks(fig, now, "here below")
    return dress(fig, (0, STOPS), (0, 10.0), "path", 420)


def _strip(fig: go.Figure, name: str, ends: Ends, top: float) -> None:
    """Nine stops of a way side by side, each a tile of size one."""
    chosen = np.linspace(0, POSITIONS - 1, STOPS).round().astype(int)
    for place, picture in enumerate(path(ends)[0][name][chosen]):
        tile(fig, f"{name} {place}", picture, left=place + 0.03, top=top, size=0.94)


def _marks(fig: go.Figure, now: Frame, name: str) -> None:
    marker = {"symbol": "triangle-up", "size": 14, "color": theme.var("accent")}
    fig.add_scatter(name=name, **now.traces[name], mode="markers", marker=marker, hoverinfo="skip")


def _title(fig: go.Figure, name: str, y: float) -> None:
    title, colour = WAYS[name]
    font = {"color": theme.var(colour), "size": 15}
    caption(fig, f"<b>{title}</b>", 0, y, xanchor="left", font=font)
