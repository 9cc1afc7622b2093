"""Through the density: q, its derivative with the negative half, and the integrand that is stuck.

Three rows over one axis. On top the density q(z); below it dq/dmu, which is negative on one side
of mu and sums to zero; at the bottom f dq/dmu, whose signed area is the derivative that is sought,
and q df/dmu, the product rule's other term, which is all that draws from q see.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.obstacle.stuck.cost import bell, cost_with, naive, square
from pages.obstacle.stuck.halves import add_halves
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_line, add_words
from pages.ui.numbers import number
from vae_core.families.leibniz import density_slopes, through_cost, through_density

# From the mean, in deviations: the negative half of dq/dmu, and the positive one.
LEFT, RIGHT = np.linspace(-3.6, 0.0, 37), np.linspace(0.0, 3.6, 37)
SIDE, EDGE = 6.0, -5.85
ROWS = (("y", (0.73, 1.0)), ("y2", (0.42, 0.7)), ("y3", (0.0, 0.38)))
TICKS = {"y": (0.0, 0.2, 0.4), "y2": (-0.2, 0.0, 0.2), "y3": (-2.0, 0.0, 2.0)}
RANGES = {"y": (0.0, 0.62), "y2": (-0.28, 0.42), "y3": (-3.2, 4.6)}
WORDS = {"y": 0.53, "y2": 0.34, "y3": 3.8}


@lru_cache(maxsize=2)
def _shape(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Heights of q and of dq/dmu over a half: they move with mu and keep their form."""
    e = torch.from_numpy((LEFT, RIGHT)[side])[:, None, None]
    q = bell(0.0)
    return q.log_prob(e).exp().flatten().numpy(), density_slopes(q, e)["loc"].flatten().numpy()


def frame(mu: float, c: float) -> Frame:
    """The rows at a mean, for the cost f(z) = z^2 + c mu.

    Args:
        mu: mean of q = N(mu, 1).
        c: how much of the cost knows mu itself.
    """
    traces: dict[str, dict[str, Any]] = {}
    for side, (e, tail) in enumerate(((LEFT, ", negative"), (RIGHT, ""))):
        density, slope = _shape(side)
        z = mu + e
        f = z**2 + c * mu
        traces |= {
            f"q{tail}": {"x": z, "y": density},
            f"∂q/∂μ{tail}": {"x": z, "y": slope},
            f"f ∂q/∂μ{tail}": {"x": z, "y": f * slope},
            f"q ∂f/∂μ{tail}": {"x": z, "y": c * density},
        }
    numbers = _numbers(mu, c)
    slopes, stuck = (_sum(numbers, name) for name in ("slope", "stuck"))
    traces |= {
        "q words": _words("y", "q(z), the density: all above zero, area 1"),
        "∂q/∂μ words": _words("y2", f"∂q/∂μ: area {slopes}"),
        "f ∂q/∂μ words": _words("y3", f"f ∂q/∂μ: area {stuck}"),
        "q ∂f/∂μ words": {
            "x": [EDGE],
            "y": [-2.5],
            "text": [f"q ∂f/∂μ: area {number(numbers['seen'])}"],
        },
    }
    return Frame(traces, numbers)


@lru_cache(maxsize=4096)
def _numbers(mu: float, c: float) -> dict[str, float]:
    """Areas by quadrature, and what they should come to by hand."""
    q, cost = bell(mu), cost_with(c)
    stuck = through_density(lambda z: cost(z, q), q)
    slope = through_density(lambda z: torch.ones_like(z[..., 0]), q)["loc"]
    return {
        "slope_negative": slope.negative,
        "slope_positive": slope.positive,
        "slope": slope.total,
        "stuck_negative": stuck["loc"].negative,
        "stuck_positive": stuck["loc"].positive,
        "stuck": stuck["loc"].total,
        "seen": through_cost(cost, q)["loc"],
        "truth": 2.0 * mu + c,
        "naive": naive(mu, c),
        "by_sigma": through_density(square, q)["scale"].total,
    }


def _sum(numbers: dict[str, float], name: str) -> str:
    """Both halves and their sum, as the picture writes them."""
    negative, positive = numbers[f"{name}_negative"], numbers[f"{name}_positive"]
    sign = "+" if positive >= 0 else "−"
    total = number(numbers[name])
    return f"{number(negative)} {sign} {number(abs(positive))} = {total}"


def _words(row: str, text: str) -> dict[str, Any]:
    return {"x": [EDGE], "y": [WORDS[row]], "text": [text]}


def draw(now: Frame) -> go.Figure:
    """The three rows; halves of dq/dmu keep their colours from row to row."""
    fig, at = go.Figure(), now.traces
    for tail in (", negative", ""):
        fill = theme.var("z", 0.16)
        add_line(fig, f"q{tail}", at[f"q{tail}"], theme.var("z"), fill=fill, yaxis="y")
    add_halves(fig, "∂q/∂μ", at, yaxis="y2")
    for tail in (", negative", ""):
        name, fill = f"q ∂f/∂μ{tail}", theme.var("z", 0.3)
        add_line(fig, name, at[name], theme.var("z"), width=2, fill=fill, yaxis="y3")
    add_halves(fig, "f ∂q/∂μ", at, yaxis="y3")
    for name, row, colour in (
        ("q", "y", "z"),
        ("∂q/∂μ", "y2", "ink"),
        ("f ∂q/∂μ", "y3", "ink"),
        ("q ∂f/∂μ", "y3", "z"),
    ):
        add_words(fig, f"{name} words", at[f"{name} words"], theme.var(colour), 14, yaxis=row)
    titles = {"y": "q", "y2": "∂q/∂μ", "y3": "f ∂q/∂μ"}
    for row, domain in ROWS:
        axis = {
            "domain": domain,
            "range": RANGES[row],
            "title": {"text": titles[row]},
            "tickvals": TICKS[row],
        }
        fig.update_layout({row.replace("y", "yaxis"): {**axis, "showgrid": False}})
    fig.update_xaxes(title="z", range=[-SIDE, SIDE], anchor="y3", zeroline=False, showgrid=False)
    fig.update_layout(uirevision="density", showlegend=False)
    return fig
