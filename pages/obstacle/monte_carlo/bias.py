"""Unbiased against consistent: three estimates from the same draws, many times over.

On the left a histogram for each, of how far it is from its truth: the mean of K squares, which is
both; the first square alone, unbiased at every K and never settling; the log of the mean, which
settles and is biased. On the right the bias of the log and the spread, against K.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words, bar_centres, bar_heights
from pages.ui.numbers import number, short
from vae_core.families.monte_carlo import Law, log_mean_of_squares, mean_of_squares

MOST, REPLICATES = 200, 4000
WINDOW, BINS, ROW = (-3.0, 3.0), 60, 1.7
MEASURED_AT = (1, 2, 4, 8, 16, 32, 64)
ALONG = np.unique(np.geomspace(1, MOST, 40).round().astype(int))
LEAST, TOP = 0.0027, 4.0
ROWS = {
    "mean": ("mean of K draws", "z"),
    "first": ("first draw alone", "muted"),
    "log": ("log of the mean", "accent"),
}
FEET = {name: ROW * (len(ROWS) - 1 - row) for row, name in enumerate(ROWS)}
NARROW = {
    "height": 520,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.5, 1.0),
    "xaxis2.domain": (0.0, 1.0),
    "yaxis2.domain": (0.0, 0.34),
}


@lru_cache(maxsize=8)
def means(seed: int) -> np.ndarray:
    """The mean of the first 1, 2, ... MOST squares, over and over: (REPLICATES, MOST)."""
    generator = torch.Generator().manual_seed(seed)
    eps = torch.randn(REPLICATES, MOST, generator=generator, dtype=torch.float64)
    found: np.ndarray = (eps.square().cumsum(1) / torch.arange(1, MOST + 1)).numpy()
    found.setflags(write=False)
    return found


def estimates(k: int, seed: int) -> dict[str, np.ndarray]:
    """How far each of REPLICATES estimates is from its truth: E[z^2] = 1, or its log, 0."""
    found = means(seed)
    return {
        "mean": found[:, k - 1] - 1.0,
        "first": found[:, 0] - 1.0,
        "log": np.log(found[:, k - 1]),
    }


def laws(k: int) -> dict[str, Law]:
    """Bias and spread of each, exactly."""
    mean, first = mean_of_squares(k), mean_of_squares(1)
    centred = {
        name: law._replace(mean=law.mean - 1.0) for name, law in (("mean", mean), ("first", first))
    }
    return {**centred, "log": log_mean_of_squares(k)}


def frame(k: int, seed: int) -> Frame:
    """The three histograms at K draws an estimate.

    Args:
        k: draws behind one estimate.
        seed: seed of all draws.
    """
    exact, traces = laws(k), dict[str, dict[str, Any]]()
    for name, found in estimates(k, seed).items():
        foot, average = FEET[name], float(found.mean())
        error = float(found.std(ddof=1)) / math.sqrt(REPLICATES)
        traces[name] = {"x": bar_centres(*WINDOW, BINS), "y": bar_heights(found, *WINDOW, BINS)}
        traces[f"{name} average"] = {"x": [average], "y": [foot - 0.13]}
        ends = [average - 2.0 * error, average + 2.0 * error]
        traces[f"{name} error"] = {"x": ends, "y": [foot - 0.13] * 2}
        bias, spread = exact[name]
        words = f"<b>{ROWS[name][0]}</b>: bias {number(bias, 3)}, spread {number(spread)}"
        traces[f"{name} words"] = {"x": [WINDOW[0]], "y": [foot + 1.2], "text": [words]}
    bias, spread = exact["log"]
    traces["bias here"] = {"x": [k], "y": [-bias]}
    traces["spread here"] = {"x": [k], "y": [exact["mean"].deviation]}
    traces["measured bias"] = _measured(seed)
    numbers: dict[str, float | str] = {
        "bias": bias,
        "spread_log": spread,
        "spread": exact["mean"].deviation,
        "measured": float(traces["log average"]["x"][0]),
        "measured_mean": float(traces["mean average"]["x"][0]) + 1.0,
        "measured_first": float(traces["first average"]["x"][0]) + 1.0,
        "rule": -1.0 / k,
        "ratio": short(-bias / spread, 2),
    }
    return Frame(traces, numbers)


@lru_cache(maxsize=8)
def _measured(seed: int) -> dict[str, Any]:
    """How far the logs fall short on average, where that is more than their noise."""
    found = means(seed)
    return {"x": MEASURED_AT, "y": [-float(np.log(found[:, k - 1]).mean()) for k in MEASURED_AT]}


def draw(now: Frame) -> go.Figure:
    """Histograms on the left, bias and spread against K on the right."""
    fig, at = go.Figure(), now.traces
    for name, (title, colour) in ROWS.items():
        _draw_row(fig, now, name, title, colour)
    heights = [y for foot in FEET.values() for y in (foot - 0.28, foot + 1.05, math.nan)]
    truth = {"x": [0.0] * len(heights), "y": heights}
    add_line(fig, "truth", truth, theme.var("ink"), width=2, dash="dash")
    right: dict[str, Any] = {"xaxis": "x2", "yaxis": "y2"}
    green, blue = theme.var("z"), theme.var("accent")
    counts = [int(k) for k in ALONG]
    spreads = {"x": ALONG, "y": [mean_of_squares(k).deviation for k in counts]}
    biases = {"x": ALONG, "y": [-log_mean_of_squares(k).mean for k in counts]}
    add_line(fig, "spread line", spreads, green, width=2, **right)
    add_line(fig, "bias line", biases, blue, width=2, **right)
    hover = "log of the mean of %{x} draws:<br>measured %{y:.3f} too low"
    add_dots(fig, "measured bias", at["measured bias"], blue, 9, hover, **right)
    ink = theme.var("ink")
    for name in ("bias here", "spread here"):
        add_dots(fig, name, at[name], ink, 15, symbol="circle-open", **right)
    for text, y, colour in (
        ("spread: slope −1/2", 0.0085, green),
        ("bias of the log: slope −1", 0.0041, blue),
    ):
        add_words(fig, text, {"x": [1.1], "y": [y], "text": [text]}, colour, 13, **right)
    _dress(fig)
    return fig


def _draw_row(fig: go.Figure, now: Frame, name: str, title: str, colour: str) -> None:
    at, foot = now.traces, FEET[name]
    fig.add_bar(
        name=name,
        **at[name],
        base=foot,
        marker={"color": theme.var(colour, 0.5), "line": {"width": 0}},
        hovertemplate=f"<b>{title}</b><br>estimates off by about %{{x:.2f}}<extra></extra>",
    )
    shade = theme.var(colour)
    add_line(fig, f"{name} error", at[f"{name} error"], shade, width=5)
    hover = f"<b>{title}</b><br>on average off by %{{x:.3f}}"
    add_dots(fig, f"{name} average", at[f"{name} average"], shade, 11, hover)
    add_words(fig, f"{name} words", at[f"{name} words"], shade, 13)


def _dress(fig: go.Figure) -> None:
    ticks = {"type": "log", "exponentformat": "none"}
    fig.update_layout(
        xaxis={
            "domain": (0.0, 0.54),
            "range": WINDOW,
            "title": "estimate less truth (outermost bars: all beyond)",
            "zeroline": False,
        },
        yaxis={
            "range": (-0.32, ROW * len(ROWS) - 0.3),
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
        },
        xaxis2={
            "domain": (0.68, 1.0),
            "range": [-0.1, math.log10(MOST) + 0.12],
            "tickvals": [1, 10, 100],
            "anchor": "y2",
            "title": "draws K",
            **ticks,
        },
        yaxis2={
            "range": [math.log10(LEAST), math.log10(TOP)],
            "tickvals": [0.01, 0.1, 1],
            "anchor": "x2",
            "title": "size",
            **ticks,
        },
        bargap=0,
        barmode="overlay",
        uirevision="bias",
        showlegend=False,
        meta={"narrow": NARROW},
    )
