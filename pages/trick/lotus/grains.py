"""The same grains in two piles: over eps, where they fell, and over z, where g carried them.

Each grain weighs f(z), in either pile. The outlines are p(eps) and q(z); the bars are the weighed
grains, so a pile's bars sum up to the grains' average; the filled curve is f times the density, so
its area is the average itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.trick.lotus.panels import (
    BELOW,
    BESIDE,
    BEYOND,
    EPS,
    EPS_END,
    MIDDLE,
    Q_TOP,
    Z_END,
    P,
    add_curve,
    add_handles,
    curve,
    dress,
    noise_places,
    places,
)
from pages.trick.lotus.shape import (
    KEYS,
    KINDS,
    WEIGHTS,
    Weight,
    drawn,
    grains,
    kind,
    means,
    told,
    turns,
)
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import number
from vae_core.families.drawn import Drawn, base_density

MOST_SHOWN = 30
BIN = 0.5
EPS_BINS = np.arange(-EPS_END, EPS_END + BIN / 2, BIN)
Z_BINS = np.arange(-Z_END, Z_END + BIN / 2, BIN)


def frame(k: int, seed: int, weight: str, sentences: tuple[str, ...], **phi: float) -> Frame:
    """Both piles.

    Args:
        k: K, how many grains.
        seed: their seed.
        weight: name of f in `WEIGHTS`.
        sentences: what is said of g, in the order of `KINDS`.
        phi: the heights of g, by `KEYS`.
    """
    heights = tuple(float(phi[key]) for key in KEYS)
    g, (_title, f, breaks) = drawn(heights), WEIGHTS[weight]
    eps = grains(seed)[:k]
    z = g(eps)
    found, weighed = means(heights, weight), f(z)
    below = noise_places(g, breaks)
    shown = slice(min(k, MOST_SHOWN))
    foot = np.full(eps[shown].size, -0.04)
    (left, up), (low, across) = _steps(EPS_BINS, eps, weighed), _steps(Z_BINS, z, weighed)
    traces: dict[str, dict[str, Any]] = {
        **curve(g),
        **_beside(g, WEIGHTS[weight], found.branch),
        "grains": {"x": eps[shown], "y": z[shown]},
        "grains over ε": {"x": eps[shown], "y": foot},
        "grains over z": {"x": 0.5 * foot, "y": z[shown]},
        "f p": {"x": below, "y": f(g(below)) * base_density(below)},
        "weighed over ε": {"x": left, "y": up},
        "weighed over z": {"x": across, "y": low},
    }
    numbers: dict[str, float | str] = {
        "over_eps": found.over_eps,
        "over_z": found.over_z,
        "one_branch": found.one_branch,
        "grains": float(weighed.mean()),
        "mass": 100 * found.mass,
        "atoms": 100 * found.atoms,
        "turns": turns(g),
    }
    whole = {"k": k, "mass": 100 * found.mass, "atoms": 100 * found.atoms}
    words = {name: number(value, 0) for name, value in whole.items()}
    numbers["told"] = told(sentences[KINDS.index(kind(g))], numbers | words)
    return Frame(traces, numbers)


def _beside(g: Drawn, weight: Weight, branch: int) -> dict[str, dict[str, Any]]:
    """The density of z and its product with f; what one branch alone would be."""
    at = places(g, weight.breaks)
    shares = [g.share(at, stretch) for stretch in g.stretches]
    q = np.minimum(np.sum(shares, axis=0), BEYOND)
    word = "one branch" if len(shares) > 1 else ""
    return {
        "q(z)": {"x": q, "y": at},
        "f q": {"x": np.minimum(weight.f(at) * q, BEYOND), "y": at},
        "one branch": {"x": _one_branch(shares, branch), "y": at},
        "one branch words": {"x": [0.98 * Q_TOP], "y": [-0.9 * Z_END], "text": [word]},
    }


def _one_branch(shares: list[np.ndarray], branch: int) -> np.ndarray:
    """What p / |g'| from one inverse alone would be; nothing where that is right."""
    if len(shares) == 1:
        return np.full(shares[0].size, np.nan)
    one: np.ndarray = np.minimum(shares[branch], BEYOND)
    return one


def _steps(edges: np.ndarray, at: np.ndarray, weighed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outline of bars whose areas sum up to the average, but for grains out of sight."""
    sums, _edges = np.histogram(at, edges, weights=weighed)
    heights = sums / (at.size * np.diff(edges))
    return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])


def draw(now: Frame) -> go.Figure:
    """Both piles around g."""
    return _draw(now, 0.66)


def draw_narrow(now: Frame) -> go.Figure:
    """The same, with more room for the pile over z."""
    return _draw(now, 0.6)


def _draw(now: Frame, side: float) -> go.Figure:
    fig, at = go.Figure(), now.traces
    accent, area, clear = theme.var("accent"), theme.var("accent", 0.3), theme.var("accent", 0.45)
    bars = theme.var("accent", 0.25)
    add_line(fig, "weighed over ε", at["weighed over ε"], clear, width=1, fill=bars, **BELOW)
    add_line(fig, "f p", at["f p"], accent, width=2, fill=area, **BELOW)
    add_line(fig, "p(ε)", {"x": EPS, "y": P}, theme.var("eps"), **BELOW)
    beside: dict[str, Any] = {"to": "tozerox", **BESIDE}
    add_line(fig, "weighed over z", at["weighed over z"], clear, width=1, fill=bars, **beside)
    add_line(fig, "f q", at["f q"], accent, width=2, fill=area, **beside)
    add_line(fig, "q(z)", at["q(z)"], theme.var("z"), **BESIDE)
    branch = at["one branch"]
    add_line(fig, "one branch", branch, theme.var("bad"), width=2, dash="dash", **BESIDE)
    add_curve(fig, at)
    hover = "the grain ε = %{x:.2f} lands at z = %{y:.2f}"
    add_dots(fig, "grains", at["grains"], theme.var("ink"), 7, hover, **MIDDLE)
    hover = "a grain: ε = %{x:.2f}"
    add_dots(fig, "grains over ε", at["grains over ε"], theme.var("eps"), 6, hover, **BELOW)
    hover = "a grain: z = %{y:.2f}"
    add_dots(fig, "grains over z", at["grains over z"], theme.var("z"), 6, hover, **BESIDE)
    add_handles(fig, at)
    words = {"x": [-0.97 * EPS_END], "y": [0.68], "text": ["weighed by f"]}
    add_words(fig, "weighed below", words, accent, 12, "middle right", **BELOW)
    words = {"x": [0.98 * Q_TOP], "y": [0.9 * Z_END], "text": ["weighed by f"]}
    add_words(fig, "weighed beside", words, accent, 12, "middle left", **BESIDE)
    words = dict(at["one branch words"])
    add_words(fig, "one branch words", words, theme.var("bad"), 12, "middle left", **BESIDE)
    dress(fig, side, "grains")
    return fig
