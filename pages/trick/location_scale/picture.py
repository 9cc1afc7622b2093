"""The picture of the location-scale transform: base samples fall onto z = mu + sigma * eps.

Two rows share one axis. Above stands the base density p(eps); below lands q(z). Between them, at
time t from 0 to 1, the bell and its samples are on their way: a point eps is at (1 - t) eps + t z,
so the bell is that of Normal(t mu, 1 - t + t sigma), and its foot sinks from the upper row to the
lower. Its gradient, t in mu and t eps in sigma, grows into 1 and eps on the way.
`assets/frames/location_scale.js` computes the same frame in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.ui import theme
from pages.ui.live import Frame
from vae_core.families import Normal

MOST_SAMPLES = 200
MOST_ARROWS = 8
UPPER_ROW = 1.1
MOVING = "q(z)"
ARROWS = {"mu": "∂z/∂μ = 1", "sigma": "∂z/∂σ = ε"}
ARROW_ROWS = {"mu": -0.09, "sigma": -0.28}
LANES = 4
LANE = 0.04
NUDGE = 0.5
SLICE_WIDTH = 0.4
GRID = np.linspace(-4.0, 4.0, 121)
SLICE_GRID = np.linspace(-0.5, 0.5, 13) * SLICE_WIDTH


def normal(mean: float, scale: float) -> Normal:
    """Normal(mean, scale^2) in one dimension, float64."""
    mean_and_scale = (torch.tensor([[value]], dtype=torch.float64) for value in (mean, scale))
    return Normal(*mean_and_scale)


@lru_cache(maxsize=32)
def base_samples(seed: int) -> np.ndarray:
    """The base noise of a seed: eps ~ N(0, 1), shape (MOST_SAMPLES,)."""
    generator = torch.Generator().manual_seed(seed)
    eps = normal(0.0, 1.0).base(MOST_SAMPLES, generator).flatten().numpy()
    eps.setflags(write=False)
    return eps


def transform(q: Normal, eps: np.ndarray) -> np.ndarray:
    """z = loc + scale * eps for a one-dimensional q; shape of eps."""
    return q.transform(torch.from_numpy(eps.copy())[:, None, None]).flatten().numpy()


def density(q: Normal, z: np.ndarray) -> np.ndarray:
    """q(z) for a one-dimensional q; shape of z."""
    return q.log_prob(torch.from_numpy(z.copy())[:, None, None]).exp().flatten().numpy()


def constants(seed: int, **_others: float) -> dict[str, np.ndarray]:
    """What the browser needs to compute frames by itself: the base noise and the grids."""
    return {"base": base_samples(seed), "grid": GRID, "slice": SLICE_GRID}


def frame(mu: float, sigma: float, eps: float, n: int, seed: int, t: float) -> Frame:
    """The picture at time t of the way from eps to z = mu + sigma * eps.

    Args:
        mu, sigma: Mean and standard deviation of q(z), sigma > 0.
        eps: Centre of the slice that is followed.
        n: How many base samples are shown, at most MOST_SAMPLES.
        seed: Seed of the base samples.
        t: Time from 0 (all at eps) to 1 (all at z).
    """
    q, p, moving = normal(mu, sigma), normal(0.0, 1.0), normal(t * mu, 1.0 - t + t * sigma)
    foot = UPPER_ROW * (1.0 - t)
    base = base_samples(seed)[:n]
    landed, underway = transform(q, base), transform(moving, base)
    bell = transform(moving, GRID)
    cut = transform(moving, eps + SLICE_GRID)
    probe = transform(moving, np.array([eps]))
    flank = transform(moving, np.array([-1.0, 1.0]))
    traces = {
        "paths": _paths(base, underway, foot),
        "base samples": {"x": base, "y": np.full(n, UPPER_ROW)},
        "samples": {"x": underway, "y": np.full(n, foot)},
        "foot": {"x": bell[[0, -1]], "y": np.full(2, foot)},
        MOVING: {"x": bell, "y": foot + density(moving, bell)},
        "slice foot": {"x": cut, "y": np.full(cut.size, foot)},
        "slice": {"x": cut, "y": foot + density(moving, cut)},
        "base slice foot": {"x": eps + SLICE_GRID, "y": np.full(cut.size, UPPER_ROW)},
        "base slice": {"x": eps + SLICE_GRID, "y": UPPER_ROW + density(p, eps + SLICE_GRID)},
        "one eps": {"x": np.array([eps]), "y": np.array([UPPER_ROW])},
        "its z": {"x": probe, "y": np.array([foot])},
        "flank": {"x": flank, "y": foot + density(moving, flank)},
        **_arrows("mu", underway[:MOST_ARROWS], t * np.ones(min(n, MOST_ARROWS)), foot),
        **_arrows("sigma", underway[:MOST_ARROWS], t * base[:MOST_ARROWS], foot),
    }
    return Frame(
        traces, {**_slice_numbers(q, p, eps), **_sample_numbers(landed), **_grips(moving, t)}
    )


def _paths(base: np.ndarray, underway: np.ndarray, foot: float) -> dict[str, np.ndarray]:
    gap = np.full(base.size, np.nan)
    x = np.column_stack([base, underway, gap]).ravel()
    y = np.column_stack([np.full(base.size, UPPER_ROW), np.full(base.size, foot), gap]).ravel()
    return {"x": x, "y": y}


def _arrows(
    name: str, start: np.ndarray, slope: np.ndarray, foot: float
) -> dict[str, dict[str, np.ndarray]]:
    """Arrows from the samples `start`: how far each moves if the parameter grows by NUDGE."""
    end = start + NUDGE * slope
    gap = np.full(start.size, np.nan)
    row = foot + ARROW_ROWS[name] - LANE * (np.arange(start.size) % LANES)
    shafts = {
        "x": np.column_stack([start, end, gap]).ravel(),
        "y": np.column_stack([row, row, gap]).ravel(),
    }
    return {
        ARROWS[name]: shafts,
        f"{name} up": {"x": np.where(slope >= 0, end, np.nan), "y": row},
        f"{name} down": {"x": np.where(slope < 0, end, np.nan), "y": row},
    }


def _slice_numbers(q: Normal, p: Normal, eps: float) -> dict[str, float]:
    z = transform(q, np.array([eps]))
    height_p, height_q = float(density(p, np.array([eps]))[0]), float(density(q, z)[0])
    width = float(q.scale) * SLICE_WIDTH
    edges = torch.tensor([eps - SLICE_WIDTH / 2, eps + SLICE_WIDTH / 2], dtype=torch.float64)
    base, landed = (
        torch.special.ndtr(edges),
        torch.special.ndtr((q.transform(edges) - q.loc) / q.scale),
    )
    return {
        "z": float(z[0]),
        "p": height_p,
        "q": height_q,
        "deps": SLICE_WIDTH,
        "dz": width,
        "area_eps": float(base[1] - base[0]),
        "area_z": float(landed.flatten()[1] - landed.flatten()[0]),
    }


def _sample_numbers(landed: np.ndarray) -> dict[str, float]:
    return {"sample_mean": float(landed.mean()), "sample_deviation": float(landed.std())}


def _grips(moving: Normal, t: float) -> dict[str, float]:
    """How much a parameter changes when the part that stands for it is dragged by one unit."""
    gain = 1.0 / t if t > 0 else 0.0
    return {
        "grip_mu": gain,
        "grip_right": gain,
        "grip_left": -gain,
        "grip_z": 1.0 / float(moving.scale),
    }


def figure(now: Frame) -> go.Figure:
    """The two rows, the bell on its way, samples, paths, a slice, and the gradient arrows."""
    at = now.traces
    clear, upper = "rgba(0,0,0,0)", {"x": GRID, "y": UPPER_ROW + density(normal(0.0, 1.0), GRID)}
    fig = go.Figure()
    _line(fig, "paths", at["paths"], theme.var("z", 0.35), width=1)
    _line(fig, "upper row", {"x": [-8, 8], "y": [UPPER_ROW] * 2}, theme.var("grid"), width=1)
    _line(fig, "p(ε)", upper, theme.var("eps"), legend=True)
    _line(fig, "base slice foot", at["base slice foot"], clear)
    _line(fig, "base slice", at["base slice"], clear, fill=theme.var("eps", 0.55))
    _line(fig, "foot", at["foot"], clear)
    _line(fig, MOVING, at[MOVING], theme.var("z"), fill=theme.var("z", 0.14), legend=True)
    _line(fig, "slice foot", at["slice foot"], clear)
    _line(fig, "slice", at["slice"], clear, fill=theme.var("z", 0.6))
    _dots(fig, "base samples", at["base samples"], "eps", 6, "noise ε = ")
    _dots(fig, "samples", at["samples"], "z", 7, "sample z = ")
    for name in ARROWS:
        _draw_arrows(fig, at, name)
    _dots(fig, "flank", at["flank"], "sigma", 12, "one σ beside μ: z = ", symbol="diamond")
    _dots(fig, "one eps", at["one eps"], "eps", 14, "the one noise ε = ")
    _dots(fig, "its z", at["its z"], "z", 14, "its sample z = ")
    return _dress(fig)


def _line(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    *,
    fill: str | None = None,
    width: float = 2.5,
    legend: bool = False,
) -> None:
    area = {"fill": "tonexty", "fillcolor": fill} if fill else {}
    line = {"color": colour, "width": width, "simplify": False}
    common = {"mode": "lines", "hoverinfo": "skip", "showlegend": legend}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], line=line, **common, **area)


def _dots(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    size: int,
    words: str,
    symbol: str = "circle",
) -> None:
    outline = {"color": theme.var("paper"), "width": 1.5 if size > 10 else 0.5}
    marker = {"color": theme.var(colour), "size": size, "symbol": symbol, "line": outline}
    hover = words + "%{x:.2f}<extra></extra>"
    common = {"mode": "markers", "showlegend": False, "hovertemplate": hover}
    fig.add_scatter(name=name, x=at["x"], y=at["y"], marker=marker, **common)


def _draw_arrows(fig: go.Figure, at: Mapping[str, Mapping[str, Any]], name: str) -> None:
    common: dict[str, Any] = {"legendgroup": name, "hoverinfo": "skip"}
    shafts, line = at[ARROWS[name]], {"color": theme.var(name), "width": 2, "simplify": False}
    fig.add_scatter(
        name=ARROWS[name], x=shafts["x"], y=shafts["y"], mode="lines", line=line, **common
    )
    for way, symbol in (("up", "triangle-right"), ("down", "triangle-left")):
        heads = at[f"{name} {way}"]
        marker = {"color": theme.var(name), "size": 9, "symbol": symbol}
        common |= {"mode": "markers", "showlegend": False}
        fig.add_scatter(name=f"{name} {way}", x=heads["x"], y=heads["y"], marker=marker, **common)


def _dress(fig: go.Figure) -> go.Figure:
    heights = [0.0, 0.4, 0.8]
    ticks = [*heights, UPPER_ROW, UPPER_ROW + 0.4]
    labels = [*(f"{height:g}" for height in heights), "0", "0.4"]
    axis = {"zeroline": False, "showgrid": False}
    fig.update_xaxes(title="ε (upper row), z (lower row)", range=[-8, 8], dtick=2, **axis)
    fig.update_yaxes(title="density", range=[-0.46, 1.6], tickvals=ticks, ticktext=labels, **axis)
    fig.update_layout(uirevision="transform", hovermode="closest")
    return fig
