"""An integral as an average: draws on the curve of f, and the running mean of what they say.

On the left f over the bell q = N(0, 1), and the draws, each at the height that it says. On the
right the mean of all so far within two standard errors, which draws towards the integral.
`assets/frames/monte_carlo.js` picks the same draws in the browser, where each K has its picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import CLEAR, add_dots, add_line, add_words
from vae_core.families import Normal
from vae_core.families.monte_carlo import Running, beyond, running

MOST, SHOWN, STOPS, SIDE = 1000, 100, 70, 3.3
GRID = np.linspace(-SIDE, SIDE, 161)
NARROW = {
    "height": 480,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.66, 1.0),
    "yaxis2.domain": (0.52, 0.64),
    "xaxis2.domain": (0.0, 1.0),
    "yaxis3.domain": (0.0, 0.36),
}


class Cost(NamedTuple):
    """A function f with its name, E_q[f(z)] for q = N(0, 1), and the windows it is shown in."""

    title: str
    f: Callable[[Tensor], Tensor]
    exact: float
    window: tuple[float, float]
    means: tuple[float, float]


COSTS = {
    "square": Cost("z²", torch.square, 1.0, (-0.6, 9.5), (0.0, 2.2)),
    "cosine": Cost(
        "cos 2z", lambda z: torch.cos(2.0 * z), math.exp(-2.0), (-1.2, 1.2), (-0.5, 0.8)
    ),
    "above": Cost(
        "1 if z > 1, else 0", beyond(1.0).f, beyond(1.0).mean, (-0.12, 1.15), (-0.06, 0.5)
    ),
}


def _standard() -> Normal:
    """q = N(0, 1), float64."""
    return Normal(*(torch.tensor([[value]], dtype=torch.float64) for value in (0.0, 1.0)))


@lru_cache(maxsize=32)
def draws(seed: int) -> Tensor:
    """MOST draws from q, (MOST,)."""
    q = _standard()
    return q.transform(q.base(MOST, torch.Generator().manual_seed(seed))).flatten()


@lru_cache(maxsize=64)
def _said(seed: int, cost: str) -> tuple[Tensor, Running]:
    """What each draw says of the integral, and the means of what they say."""
    values = COSTS[cost].f(draws(seed))
    return values, running(values)


def constants(seed: int, cost: str, **_others: float) -> dict[str, object]:
    """What the browser needs to pick a frame by itself."""
    values, (mean, error) = _said(seed, cost)
    return {
        "z": draws(seed).numpy(),
        "value": values.numpy(),
        "mean": mean.numpy(),
        "error": error.numpy(),
        "stops": _stops().astype(float),
        "shown": SHOWN,
        "exact": COSTS[cost].exact,
    }


@lru_cache(maxsize=1)
def _stops() -> np.ndarray:
    """Where the running mean is drawn, evenly along its logarithmic axis."""
    return np.unique(np.geomspace(1, MOST, STOPS).round().astype(int))


def frame(n: int, seed: int, cost: str) -> Frame:
    """The first n draws and the means of the first 1, 2, ... n.

    Args:
        n: how many draws, up to MOST; the newest SHOWN of them are seen.
        seed: seed of the draws.
        cost: name of f.
    """
    z, (values, means) = draws(seed), _said(seed, cost)
    slots = np.arange(SHOWN)
    newest = slots + (n - 1 - slots) // SHOWN * SHOWN  # each draw keeps its place until a newer one
    seen = np.where(newest >= 0, newest, 0)
    empty = np.where(newest >= 0, 0.0, np.nan)
    x, y = z.numpy()[seen] + empty, values.numpy()[seen] + empty
    stops = np.minimum(_stops(), n)
    mean, error = (each.numpy()[stops - 1] for each in means)
    now, spread = float(means.mean[n - 1]), float(means.error[n - 1])
    traces: dict[str, dict[str, Any]] = {
        "draws": {"x": x, "y": y},
        "rug": {"x": x, "y": empty},
        "newest": {"x": [float(z[n - 1])], "y": [float(values[n - 1])]},
        "below": {"x": stops, "y": mean - 2.0 * error},
        "band": {"x": stops, "y": mean + 2.0 * error},
        "mean": {"x": stops, "y": mean},
        "tip": {"x": [n], "y": [now]},
    }
    numbers: dict[str, float | str] = {
        "mean": now,
        "error": spread if n > 1 else "?",  # one draw shows no spread
        "exact": COSTS[cost].exact,
        "z": float(z[n - 1]),
        "value": float(values[n - 1]),
    }
    return Frame(traces, numbers)


def draw(now: Frame, cost: str) -> go.Figure:
    """f above the bell on the left, the running mean on the right; stacked where it is narrow."""
    fig, at, of = go.Figure(), now.traces, COSTS[cost]
    z = torch.from_numpy(GRID)
    density = _standard().log_prob(z[:, None, None]).exp().flatten().numpy()
    ink, green = theme.var("ink"), theme.var("z")
    add_line(fig, "f(z)", {"x": GRID, "y": of.f(z).numpy()}, ink)
    level = {"x": [-SIDE, SIDE], "y": [of.exact, of.exact]}
    add_line(fig, "height of the integral", level, ink, width=1.5, dash="dash")
    hover = "a draw: z = %{x:.2f},<br>it says f(z) = %{y:.2f}"
    add_dots(fig, "draws", at["draws"], green, 7, hover)
    add_dots(fig, "newest", at["newest"], ink, 15, symbol="circle-open")
    below: dict[str, Any] = {"xaxis": "x", "yaxis": "y2"}
    add_line(fig, "q(z)", {"x": GRID, "y": density}, green, fill=theme.var("z", 0.16), **below)
    add_dots(fig, "rug", at["rug"], green, 9, symbol="line-ns", **below)
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y3"}
    add_line(fig, "below", at["below"], CLEAR, width=0, **right)
    fill = theme.var("z", 0.2)
    add_line(fig, "band", at["band"], CLEAR, width=0, fill=fill, to="tonexty", **right)
    truth = {"x": [1, MOST], "y": [of.exact, of.exact]}
    add_line(fig, "integral", truth, ink, width=2, dash="dash", **right)
    add_line(fig, "mean", at["mean"], green, width=3, **right)
    add_dots(fig, "tip", at["tip"], green, 11, "%{x} draws average %{y:.3f}", **right)
    words = {"x": [1.1], "y": [of.exact], "text": [f"integral {of.exact:.3f}"]}
    add_words(fig, "integral words", words, ink, place="top right", **right)
    _dress(fig, of)
    return fig


def _dress(fig: go.Figure, of: Cost) -> None:
    quiet: Mapping[str, object] = {"zeroline": False, "showgrid": False}
    fig.update_layout(
        xaxis={"domain": (0, 0.46), "range": [-SIDE, SIDE], "anchor": "y2", "title": "z", **quiet},
        yaxis={"domain": (0.34, 1.0), "range": of.window, "title": f"f = {of.title}", **quiet},
        yaxis2={
            "domain": (0.0, 0.28),
            "range": (-0.06, 0.45),
            "tickvals": (0.0, 0.2, 0.4),
            "title": "q",
            **quiet,
        },
        xaxis2={
            "domain": (0.6, 1.0),
            "type": "log",
            "range": [-0.08, math.log10(MOST) + 0.08],
            "dtick": 1,
            "anchor": "y3",
            "title": "draws K",
        },
        yaxis3={
            "domain": (0.0, 1.0),
            "range": of.means,
            "anchor": "x2",
            "title": "mean of f so far",
            "zeroline": False,
        },
        uirevision=f"average {of.title}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
