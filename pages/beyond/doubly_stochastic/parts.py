"""The variance of one gradient, split between the minibatch and the noise, against B."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from pages.beyond.doubly_stochastic.climbed import best, two
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from vae_core.lab.doubly_stochastic.cases import TRAINED_ON
from vae_core.lab.doubly_stochastic.shares import Spread, spread

ALONG = np.unique(np.geomspace(1, TRAINED_ON, 60).round().astype(int))
LOW, HIGH = 0.2, 1e5
COLOURS = {"minibatch": "x", "weights": "eps", "cases": "z"}
SAID = {
    "minibatch": "minibatch",
    "weights": "noise, one draw for all",
    "cases": "noise, one for each case",
}


@lru_cache(maxsize=1)
def known() -> Spread:
    """At the best full bell of the two features."""
    cases = two()
    return spread(best("full")[0], cases.x, cases.sign)


def parts(batch: int, k: int) -> dict[str, float]:
    """The three variances at B cases and K draws."""
    by_weights, by_cases = (known().shares(noise, batch, k) for noise in ("weights", "cases"))
    return {
        "minibatch": by_weights.minibatch,
        "weights": by_weights.noise,
        "cases": by_cases.noise,
    }


def frame(b: int, k: int) -> Frame:
    """Lines over all B at this K, and the values at this B.

    Args:
        b: cases B.
        k: draws behind one gradient.
    """
    along = [parts(int(each), k) for each in ALONG]
    here = parts(b, k)
    traces = {
        name: {"x": ALONG, "y": np.array([_seen(each[name]) for each in along])} for name in here
    }
    traces |= {
        f"{name} here": {"x": np.array([b]), "y": np.array([_seen(here[name])])} for name in here
    }
    traces["cut"] = {"x": np.array([b, b]), "y": np.array([LOW, HIGH])}
    numbers = {
        **here,
        "together": 100.0 * here["weights"] / (here["weights"] + here["minibatch"]),
        "alone": 100.0 * here["cases"] / (here["cases"] + here["minibatch"]),
        "error": known().together_error / k,
    }
    return Frame(traces, numbers)


def _seen(value: float) -> float:
    """What a logarithmic axis can show: nothing below its foot, where B is N."""
    return value if value > LOW / 10.0 else math.nan


def draw(now: Frame) -> go.Figure:
    """Three lines, and a dot on each at the slider's B."""
    fig, at = go.Figure(), now.traces
    add_line(fig, "cut", at["cut"], theme.var("muted"), width=1.5, dash="dot")
    for row, (name, colour) in enumerate(COLOURS.items()):
        shade = theme.var(colour)
        add_line(fig, name, at[name], shade)
        hover = f"{SAID[name]}:<br>variance %{{y:.3g}} at B = %{{x}}"
        add_dots(fig, f"{name} here", at[f"{name} here"], shade, 10, hover)
        words = {"x": [1.15], "y": [LOW * 3.6 * 2.4 ** (1 - row)], "text": [SAID[name]]}
        add_words(fig, f"{name} words", words, shade, 14)
    ticks = {"type": "log", "exponentformat": "power"}
    fig.update_xaxes(title="cases in a minibatch: B", range=[-0.03, 2.65], dtick=1, **ticks)
    ends = [math.log10(LOW), math.log10(HIGH)]
    fig.update_yaxes(title="variance of the gradient", range=ends, dtick=1, **ticks)
    return fig.update_layout(uirevision="parts", showlegend=False)
