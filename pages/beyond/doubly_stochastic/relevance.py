"""All thirty features: their weights under one prior for all, and under relevance determination."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line
from vae_core.lab.doubly_stochastic.bell import bound, held_out
from vae_core.lab.doubly_stochastic.cases import FEATURES, load
from vae_core.lab.doubly_stochastic.climb import Plan, climb

STEPS, LOOKS, RATE = 1_000, 40, 0.1
KNOTS = tuple(range(0, STEPS + 1, LOOKS))
# Of a prior that has shrunk onto 0, the deviation is below this.
PRUNED = 0.2
LEFT, RIGHT = -3.4, 4.2
ROWS = np.arange(len(FEATURES), dtype=float)
SHIFT = 0.18
KINDS = {"fixed": 1.0, "ard": None}


class Way(NamedTuple):
    """A climb at the KNOTS: 30 weights and deviations; the bound and held-out log p in nats."""

    loc: np.ndarray
    deviation: np.ndarray
    bounds: np.ndarray
    held: np.ndarray


@lru_cache(maxsize=8)
def way(kind: str, seed: int) -> Way:
    """A climb with a diagonal q and noise in each case."""
    plan, cases = Plan("diagonal", "cases", KINDS[kind], 64, 1, STEPS, None, RATE, seed), load()
    bells = [at.q for at in climb(plan, cases, LOOKS)]
    return Way(
        np.array([q.loc[:-1].numpy() for q in bells]),
        np.array([q.variance[:-1].sqrt().numpy() for q in bells]),
        np.array([float(bound(q, plan.prior, cases.x, cases.sign)) for q in bells]),
        np.array([held_out(q, cases.held_x, cases.held_sign) for q in bells]),
    )


def frame(t: int, seed: int) -> Frame:
    """All weights after t steps.

    Args:
        t: steps, one of KNOTS.
        seed: of the order of the cases and of the noise.
    """
    at, ard, fixed = KNOTS.index(t), way("ard", seed), way("fixed", seed)
    gone = np.hypot(ard.loc[at], ard.deviation[at]) < PRUNED
    traces: dict[str, dict[str, Any]] = {}
    for name, found, shift in (("fixed", fixed, -SHIFT), ("kept", ard, SHIFT)):
        traces[f"{name} bars"] = _bars(found.loc[at], found.deviation[at], ROWS + shift)
    traces["fixed"] = {"x": _within(fixed.loc[at]), "y": ROWS - SHIFT}
    traces["kept"] = {"x": _within(np.where(gone, np.nan, ard.loc[at])), "y": ROWS + SHIFT}
    traces["gone"] = {"x": np.where(gone, ard.loc[at], np.nan), "y": ROWS + SHIFT}
    numbers = {
        "pruned": float(gone.sum()),
        "bound": ard.bounds[at],
        "bound_fixed": fixed.bounds[at],
        "held": ard.held[at],
        "held_fixed": fixed.held[at],
    }
    return Frame(traces, numbers)


def _within(x: np.ndarray) -> np.ndarray:
    inside: np.ndarray = np.clip(x, LEFT, RIGHT)
    return inside


def _bars(loc: np.ndarray, deviation: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
    """A stroke of one deviation each way for each weight, as one line with gaps."""
    ends = np.stack([_within(loc - deviation), _within(loc + deviation), np.full_like(loc, np.nan)])
    return {"x": ends.T.ravel(), "y": np.repeat(rows, 3)}


def draw(now: Frame) -> go.Figure:
    """A row for each feature."""
    fig, at = go.Figure(), now.traces
    muted, mu, ink = theme.var("muted"), theme.var("mu"), theme.var("ink")
    add_line(fig, "fixed bars", at["fixed bars"], theme.var("muted", 0.6), width=1.5)
    add_line(fig, "kept bars", at["kept bars"], theme.var("mu", 0.7), width=2)
    told = "<br>weight %{x:.2f}"
    for name, colour, words, symbol in (
        ("fixed", muted, "one prior for all", "circle"),
        ("kept", mu, "a prior for each", "diamond"),
        ("gone", ink, "pruned", "circle-open"),
    ):
        add_dots(fig, name, at[name], colour, 8, words + told, symbol=symbol)
    fig.update_xaxes(title="weight, with one deviation each way", range=[LEFT, RIGHT], dtick=1)
    fig.update_yaxes(
        range=[len(FEATURES) - 0.4, -0.6],
        tickvals=ROWS,
        ticktext=FEATURES,
        showgrid=False,
        zeroline=False,
        tickfont={"size": 12},
    )
    return fig.update_layout(uirevision="relevance", showlegend=False)
