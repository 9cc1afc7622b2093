"""Error against the number of evaluations, on logarithmic axes: draws beside a grid.

The error of an average of K draws falls with slope -1/2, whatever the dimension D; that of the
midpoint rule on a grid of n^D = K points with slope -2/D.
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
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import RAISED, number, short
from vae_core.families.cube import (
    affordable_grid,
    grid_error,
    measured_errors,
    wave_deviation,
    wave_mean,
)

MOST_DIMS, MOST_BUDGET, END = 20, 100_000, 1_000_000
SAMPLES, POOL = (1, 4, 16, 64, 256, 1024, 4096), 4096 * 64
PER_AXIS = np.unique(np.geomspace(1, 2000, 34).round().astype(int))
LEAST, TOP, FARTHEST = 1e-6, 3.0, 1e9


@lru_cache(maxsize=16)
def _measured(seed: int) -> np.ndarray:
    """Errors of many averages, for each D and K: (MOST_DIMS, len(SAMPLES))."""
    generator = torch.Generator().manual_seed(seed)
    found: np.ndarray = measured_errors(SAMPLES, MOST_DIMS, POOL, generator).numpy()
    return found


@lru_cache(maxsize=MOST_DIMS)
def _grid(dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Points in all and errors of grids; missing where there are far more than the axis shows."""
    counts = np.array([float(n) ** dim for n in PER_AXIS.tolist()])
    errors = np.array([grid_error(n, dim) for n in PER_AXIS.tolist()])
    counts[counts > FARTHEST] = np.nan
    return counts, np.maximum(errors, 1e-12)  # where rounding is all that is left


def frame(dim: int, budget: int, seed: int) -> Frame:
    """Both errors in a cube of some dimensions.

    Args:
        dim: dimensions D of the cube.
        budget: evaluations K that are paid for.
        seed: seed of the draws behind the measured errors.
    """
    deviation, measured = wave_deviation(dim), _measured(seed)[dim - 1]
    points, (counts, errors) = affordable_grid(budget, dim), _grid(dim)
    by_draws, by_grid = deviation / math.sqrt(budget), grid_error(points, dim)
    slope = fitted_slope(measured)
    traces: dict[str, dict[str, Any]] = {
        "expected": {
            "x": [1, END],
            "y": [deviation, deviation / math.sqrt(END)],
        },
        "grid": {"x": counts, "y": errors},
        "measured": {"x": SAMPLES, "y": measured},
        "budget": {"x": [budget, budget], "y": [LEAST / 10, 2 * TOP]},
        "draws here": {"x": [budget], "y": [by_draws]},
        "grid here": {"x": [float(points**dim)], "y": [by_grid]},
        "draws words": {"x": [1.3], "y": [7e-6], "text": ["draws: slope −1/2 for every D"]},
        "grid words": {"x": [1.3], "y": [2.2e-6], "text": [f"grid: slope −2/D = {_slope(dim)}"]},
    }
    numbers: dict[str, float | str] = {
        "exact": wave_mean(dim),
        "deviation": deviation,
        "by_draws": by_draws,
        "by_grid": by_grid,
        "slope": slope,
        "points": float(points),
        "cells": float(points**dim),
        "told": told(dim, budget, points, by_draws, by_grid),
    }
    return Frame(traces, numbers)


def fitted_slope(measured: np.ndarray) -> float:
    """Slope of a line through the measured errors, each weighed by how many averages it is of."""
    trust = np.sqrt(POOL / np.array(SAMPLES))
    return float(np.polyfit(np.log(SAMPLES), np.log(measured), 1, w=trust)[0])


def _slope(dim: int) -> str:
    return number(-2.0 / dim, 0 if dim < 3 else 2)


def told(dim: int, k: int, points: int, by_draws: float, by_grid: float) -> str:
    """Who is closer, in a sentence or two; both errors differ by more than the words' rounding."""
    axes = "one dimension" if dim == 1 else f"{dim} dimensions"
    grid = f"a grid affords {points:,} {'point' if points == 1 else 'points'} an axis and is off by"
    words = (
        f"With {k:,} evaluations in {axes}, draws are off by about {short(by_draws, 2)}; "
        f"{grid} {short(by_grid, 2)}."
    )
    ten = f"Ten points an axis take 10{str(dim).translate(RAISED)} evaluations."
    return f"{words} {ten}" if dim > 1 else words


def draw(now: Frame) -> go.Figure:
    """Lines for what is known, dots for what was measured and for each grid there is."""
    fig, at = go.Figure(), now.traces
    green, blue = theme.var("z"), theme.var("accent")
    add_line(fig, "budget", at["budget"], theme.var("muted"), width=1.5, dash="dot")
    add_line(fig, "expected", at["expected"], green, width=2)
    hover = "averages of %{x} draws:<br>measured error %{y:.2g}"
    add_dots(fig, "measured", at["measured"], green, 9, hover)
    add_line(fig, "grid line", at["grid"], blue, width=1.5)
    fig.data[-1].name = "grid"
    fig.data[-1].update(
        mode="lines+markers",
        marker={"color": blue, "size": 8, "symbol": "square"},
        hoverinfo=None,
        hovertemplate="a grid of %{x:,.0f} points:<br>off by %{y:.2g}<extra></extra>",
    )
    ink = theme.var("ink")
    add_dots(fig, "draws here", at["draws here"], ink, 15, symbol="circle-open")
    add_dots(fig, "grid here", at["grid here"], ink, 15, symbol="square-open")
    add_words(fig, "draws words", at["draws words"], green, 14)
    add_words(fig, "grid words", at["grid words"], blue, 14)
    ends = [-0.1, math.log10(END) + 0.1]
    ticks = {"type": "log", "dtick": 1, "exponentformat": "power"}
    fig.update_xaxes(title="evaluations of f: K", range=ends, **ticks)
    span = [math.log10(LEAST), math.log10(TOP)]
    fig.update_yaxes(title="error", range=span, **ticks)
    fig.update_layout(uirevision="error", showlegend=False)
    return fig


def shares() -> dict[str, str]:
    """What is left of an error, in percent, after so many times as many draws."""
    return {
        name: f"{100 / math.sqrt(k):.0f}" for name, k in (("two", 2), ("four", 4), ("eight", 8))
    }
