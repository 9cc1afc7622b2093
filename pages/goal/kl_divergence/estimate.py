"""An estimate of a divergence that settles: the running mean over draws, beside the exact value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from pages.goal.kl_divergence import rows
from pages.goal.kl_divergence.beliefs import DRAWS
from pages.goal.kl_divergence.rows import P, Q
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import number
from vae_core.families.divergence import running_mean

NAMES = {"reverse": "KL(q‖p)", "forward": "KL(p‖q)"}
COLOURS = {"reverse": Q, "forward": P}
PANELS = {"reverse": "4", "forward": "5"}
MOST_SEEN = 2.15  # times the exact value
SAME = 5e-4  # what three decimals do not show


def estimate(
    name: str, ratios: Tensor, kl: float, n: int
) -> tuple[dict[str, dict[str, Any]], dict[str, float | str]]:
    """The running mean over the first n draws, as a multiple of the exact value, and its words."""
    mean, error = (each.numpy() for each in running_mean(ratios[:n]))
    stops = np.array([stop for stop in DRAWS if stop <= n])
    y = np.full(len(DRAWS), np.nan)
    if kl > SAME:
        y[: stops.size] = mean[stops - 1] / kl
    seen = np.where((y >= 0.0) & (y <= MOST_SEEN), y, np.nan)
    last, off = float(mean[-1]), float(error[-1])
    told = in_words(last, off)
    drawn = "1 draw" if n == 1 else f"{n:,} draws"
    text = [f"<b>{NAMES[name]} = {number(kl, 3)}</b>", f"{drawn}: {told}"]
    bounds = (
        np.clip((last + np.array([-2.0, 2.0]) * off) / kl, 0.0, MOST_SEEN) if kl > SAME else y[:2]
    )
    here = seen[stops.size - 1 : stops.size]
    traces: dict[str, dict[str, Any]] = {
        f"{name} mean": {"y": seen},
        f"{name} error": {"x": np.full(2, n), "y": bounds},
        f"{name} here": {"x": np.array([n]), "y": here},
        f"{name} words": {"x": [1.0, 1.0], "y": [2.9, 2.45], "text": text},
    }
    return traces, {f"estimate_{name}": told}


def in_words(mean: float, error: float) -> str:
    """An estimate with as many decimals as its standard error has sense in."""
    if not math.isfinite(error):
        return number(mean, 2)
    digits = min(3, max(1, 1 - math.floor(math.log10(error)))) if error > 0.0 else 2
    return f"{number(mean, digits)} ± {number(error, digits)}"


def panel(fig: go.Figure, now: Frame, name: str) -> None:
    """The running mean as a multiple of the exact value, which is the dashed line."""
    row, colour, at = PANELS[name], COLOURS[name], now.traces
    ends = {"x": np.array([1, DRAWS[-1]]), "y": np.ones(2)}
    rows.curve(fig, f"{name} exact", ends, "ink", row=row, width=1.5, dash="dash")
    path = {"x": np.array(DRAWS), **at[f"{name} mean"]}
    hover = "after %{x} draws the estimate is<br>%{y:.2f} times the exact value"
    rows.curve(fig, f"{name} mean", path, colour, hover, row=row)
    rows.curve(fig, f"{name} error", at[f"{name} error"], colour, row=row, width=3)
    rows.dots(fig, f"{name} here", at[f"{name} here"], colour, 8, row=row)
    rows.words(fig, f"{name} words", at[f"{name} words"], colour, colour, row=row, side="right")
    fig.update_layout(
        {
            f"xaxis{row}": {
                "domain": rows.RIGHT,
                "anchor": f"y{row}",
                "type": "log",
                "range": [-0.06, 3.06],
                "tickvals": [1, 10, 100, 1000],
                "ticktext": ["1", "10", "100", "1000"],
                "title": "draws" if name == "forward" else None,
            },
            f"yaxis{row}": {
                "domain": [0.56, 1.0] if name == "reverse" else [0.0, 0.44],
                "anchor": f"x{row}",
                "range": [0, 3.1],
                "tickvals": [0, 1, 2],
                "ticktext": ["0", "exact", "2×"],
                "zeroline": False,
                "gridcolor": theme.var("grid"),
            },
        }
    )
