"""Why a coin has no path: z is a step in u whose edge moves, and an average of steps is a stair.

On the left z over the uniform number u behind it, 1 below p and 0 above, with the draws on it. On
the right E[f] over the logit, smooth, and the average over the same draws, a stair: where it has a
slope, the slope is 0.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.beyond.discrete.costs import COSTS, GRID, LOGITS, Cost, expected
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import number
from vae_core.families import FAMILIES, Distribution

MOST = 100
NARROW = {
    "height": 520,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.68, 1.0),
    "xaxis2.domain": (0.0, 1.0),
    "yaxis2.domain": (0.0, 0.5),
}
REACH = 1.0


def coin(logit: float) -> Distribution:
    """The Bernoulli with this logit, float64."""
    return FAMILIES["bernoulli"](logit=torch.tensor([[logit]], dtype=torch.float64))


@lru_cache(maxsize=32)
def noise(seed: int) -> torch.Tensor:
    """MOST uniform numbers u, (MOST, 1, 1): the base noise of any coin."""
    return coin(0.0).base(MOST, torch.Generator().manual_seed(seed))


def frame(eta: float, k: int, seed: int, cost: str) -> Frame:
    """The step and the stair.

    Args:
        eta: the logit.
        k: how many draws.
        seed: of the draws.
        cost: name of f.
    """
    of, u = COSTS[cost], noise(seed)[:k]
    toss = of.toss(eta)
    p, (low, high) = toss.chances[1], of.ends
    z = coin(eta).transform(u)
    edges = np.sort(u.logit().flatten().numpy())
    average = float(of.f(z).mean())
    truth = low + (high - low) * p
    beyond = edges[(edges > eta) & (edges < LOGITS[1])]
    traces: dict[str, dict[str, Any]] = {
        "step": {"x": [0.0, p, p, 1.0], "y": [1.0, 1.0, 0.0, 0.0]},
        "edge": {"x": [p], "y": [-0.22], "text": [f"p = {p:.3f}"]},
        "draws": {"x": u.flatten().numpy(), "y": z.flatten().numpy()},
        "stair": _stair(edges, of),
        "slope": {
            "x": [eta - REACH, eta + REACH],
            "y": [truth - REACH * toss.gradient, truth + REACH * toss.gradient],
        },
        "here": {"x": [eta], "y": [truth]},
        "stair here": {"x": [eta], "y": [average]},
    }
    numbers: dict[str, float | str] = {
        "p": p,
        "slope": toss.gradient,
        "exact": truth,
        "average": average,
        "ones": int(z.sum()),
        "next": f"at η = {number(float(beyond[0]))}" if len(beyond) else "beyond the slider",
        "these": "single draw" if k == 1 else f"average of the {k} draws",
        "low": low,
        "high": high,
    }
    return Frame(traces, numbers)


def _stair(edges: np.ndarray, of: Cost) -> dict[str, np.ndarray]:
    """The average of f over the draws, at each logit: it jumps where the logit passes an edge."""
    low, high = of.ends
    inside = np.clip(edges, *LOGITS)
    x = np.concatenate(([LOGITS[0]], np.repeat(inside, 2), [LOGITS[1]]))
    share = np.repeat(np.arange(len(edges) + 1) / len(edges), 2)
    return {"x": x, "y": low + (high - low) * share}


def draw(now: Frame, cost: str) -> go.Figure:
    """z over u on the left, E[f] over the logit on the right."""
    fig, at = go.Figure(), now.traces
    green, ink, amber = theme.var("z"), theme.var("ink"), theme.var("eps")
    add_line(fig, "step", at["step"], green, width=3)
    add_dots(fig, "draws", at["draws"], amber, 9, "a draw: u = %{x:.3f},<br>so z = %{y}")
    add_words(fig, "edge", at["edge"], ink, 14, "middle center")
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
    add_line(fig, "E[f]", {"x": GRID, "y": expected(cost)}, ink, **right)
    add_line(fig, "stair", at["stair"], green, width=2, **right)
    add_line(fig, "slope", at["slope"], theme.var("accent"), width=5, **right)
    add_dots(fig, "here", at["here"], ink, 11, "E[f] = %{y:.4f}", **right)
    hover = "the draws average %{y:.4f},<br>and stand still"
    add_dots(fig, "stair here", at["stair here"], green, 11, hover, **right)
    _dress(fig, COSTS[cost])
    return fig


def _dress(fig: go.Figure, of: Cost) -> None:
    low, high = of.means
    for text, y, colour in (
        ("<b>E[f]</b>, its slope", high - 0.06 * (high - low), "accent"),
        ("<b>average of the draws</b>", high - 0.15 * (high - low), "z"),
    ):
        at = {"x": [LOGITS[0] + 0.2], "y": [y], "text": [text]}
        add_words(fig, text, at, theme.var(colour), xaxis="x2", yaxis="y2")
    fig.update_layout(
        xaxis={
            "domain": (0.0, 0.42),
            "range": (-0.03, 1.03),
            "title": "u, uniform",
            "zeroline": False,
            "showgrid": False,
        },
        yaxis={
            "range": (-0.4, 1.3),
            "tickvals": [0, 1],
            "title": "z = 1 if u < p, else 0",
            "zeroline": False,
        },
        xaxis2={"domain": (0.56, 1.0), "range": LOGITS, "anchor": "y2", "title": "logit η"},
        yaxis2={"range": of.means, "anchor": "x2", "title": f"mean of f = {of.title}"},
        uirevision=f"steps {of.title}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
    fig.update_layout(xaxis2_zeroline=False, yaxis2_zeroline=False)
