"""Cover a part of a digit, and let the model complete it, step by step of its Markov chain."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import plotly.graph_objects as go
import torch

from pages.practice.inside_vae.models import held_out, wide
from pages.ui import theme
from pages.ui.digits import Floats, caption, dress, tile
from pages.ui.live import Frame
from vae_core.vae.completion import complete, visible_pixels
from vae_core.vae.data import SIDE

STEPS, CHAINS = 30, 5
WHOLE = 6.0
SMALL = 2.9
# Where the pictures stand, wide and narrow: the original, and the chains, the first of them large.
PLACES = {"original": (0.0, 6.0), "chain 0": (6.6, 6.0)}
SMALL_PLACES = {
    f"chain {i + 1}": (13.2 + 3.1 * (i % 2), 6.0 - 3.1 * (i // 2)) for i in range(CHAINS - 1)
}


@lru_cache(maxsize=8)
def completions(side: str, digit: int, specimen: int, seed: int) -> np.ndarray:
    """All chains at all steps, for every number of hidden lines: (STEPS + 1, 29, CHAINS, 784)."""
    visible = torch.stack([visible_pixels(side, lines) for lines in range(SIDE + 1)])
    gen = torch.Generator().manual_seed(seed)
    x = held_out(digit, specimen)
    return complete(wide(), x, visible, STEPS, CHAINS, gen).half().numpy()


def frame(t: int, lines: int, seed: int, side: str, digit: int, specimen: int) -> Frame:
    """The chains' pictures after t steps with `lines` rows or columns hidden."""
    pictures = completions(side, digit, specimen, seed)[t, lines].astype(np.float32)
    hidden = (~visible_pixels(side, lines)).numpy()
    x = held_out(digit, specimen).numpy()
    traces: dict[str, dict[str, Floats]] = {
        f"chain {i}": {"z": picture} for i, picture in enumerate(pictures)
    }
    traces |= {f"cover {name}": _cover(side, lines, *PLACES[name]) for name in PLACES}
    missed = np.sqrt(np.square(pictures - x)[:, hidden].mean(1)) if lines else np.zeros(CHAINS)
    share = float(hidden.mean())
    return Frame(traces, {"miss": float(missed[0]), "share": share, "verdict": _verdict(t, lines)})


def _verdict(t: int, lines: int) -> str:
    if lines == 0:
        return "Nothing is hidden, so nothing needs to be completed"
    if lines == SIDE:
        return "All is hidden: the chains dream, each of another digit"
    if t == 0:
        return "At the start the hidden pixels are noise"
    return "What is visible stays, the rest comes from the decoder"


def _cover(side: str, lines: int, left: float, top: float) -> dict[str, Floats]:
    """The outline of the hidden part of a large picture; nothing where nothing is hidden."""
    if lines == 0:
        return {"x": np.full(5, np.nan), "y": np.full(5, np.nan)}
    part = WHOLE * lines / SIDE
    x0, x1, y0, y1 = left, left + WHOLE, top - WHOLE, top
    ends = {
        "left": (x0, x0 + part, y0, y1),
        "right": (x1 - part, x1, y0, y1),
        "top": (x0, x1, y1 - part, y1),
        "bottom": (x0, x1, y0, y0 + part),
    }
    x0, x1, y0, y1 = ends[side]
    return {"x": np.array([x0, x1, x1, x0, x0]), "y": np.array([y0, y0, y1, y1, y0])}


def draw(now: Frame, digit: int, specimen: int) -> go.Figure:
    """The original, one chain large, four more small."""
    fig = go.Figure()
    tile(fig, "original", held_out(digit, specimen).numpy(), *PLACES["original"], size=WHOLE)
    tile(fig, "chain 0", now.traces["chain 0"]["z"], *PLACES["chain 0"], size=WHOLE)
    for name, place in SMALL_PLACES.items():
        tile(fig, name, now.traces[name]["z"], *place, size=SMALL)
    for name in PLACES:
        _outline(fig, now, f"cover {name}")
    caption(fig, "x, a held-out digit; outlined: hidden", 3.0, -0.45)
    caption(fig, "<b>completed</b>", 9.6, -0.45, font={"color": theme.var("theta"), "size": 15})
    caption(fig, "other chains", 16.2, -0.45)
    return dress(fig, (-0.1, 19.3), (-0.8, 6.1), "cover", 400)


def draw_narrow(now: Frame, digit: int, specimen: int) -> go.Figure:
    """The same for a phone: the other chains in a row below the large pictures."""
    fig = go.Figure()
    tile(fig, "original", held_out(digit, specimen).numpy(), *PLACES["original"], size=WHOLE)
    tile(fig, "chain 0", now.traces["chain 0"]["z"], *PLACES["chain 0"], size=WHOLE)
    for place, name in enumerate(SMALL_PLACES):
        tile(fig, name, now.traces[name]["z"], 0.1 + 3.2 * place, -1.6, size=2.9)
    for name in PLACES:
        _outline(fig, now, f"cover {name}")
    caption(fig, "x; outlined: hidden", 3.0, -0.6)
    caption(fig, "<b>completed</b>", 9.6, -0.6, font={"color": theme.var("theta"), "size": 15})
    caption(fig, "other chains", 6.3, -5.1)
    return dress(fig, (-0.1, 12.7), (-5.6, 6.1), "cover", 400)


def _outline(fig: go.Figure, now: Frame, name: str) -> None:
    line = {"color": theme.var("accent"), "width": 2, "dash": "dot", "simplify": False}
    fig.add_scatter(name=name, **now.traces[name], mode="lines", line=line, hoverinfo="skip")
