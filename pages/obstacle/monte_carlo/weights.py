"""Importance weights: draws from a proposal q that count as draws from the target p = N(0, 1).

On the left both densities and the weight of each draw; on the right what plain and weighted draws
say, each within two standard errors, and below how the weights share the whole among them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from pages.obstacle.monte_carlo.marks import add_dots, add_line, add_words
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import short
from vae_core.families import Normal
from vae_core.families.monte_carlo import (
    SQUARE,
    Integrand,
    beyond,
    squared_over,
    weigh,
    weighted_variance,
)

MOST, STEMS, CUTS, SIDE = 1000, 30, 20, 6.5
FLOOR, CEILING = 1e-4, 1e4
BELL = np.linspace(-3.5, 3.5, 41)
PLACES = np.linspace(-SIDE, SIDE, 49)
ROWS = {"plain": 2.0, "weighted": 1.0, "normalized": 0.0}
NAMES = {"plain": "plain draws", "weighted": "weighted", "normalized": "self-normalized"}
COLOURS = {"plain": "accent", "weighted": "z", "normalized": "muted"}
NARROW = {
    "height": 560,
    "xaxis.domain": (0.0, 1.0),
    "yaxis.domain": (0.82, 1.0),
    "yaxis2.domain": (0.55, 0.79),
    "xaxis2.domain": (0.27, 1.0),
    "yaxis3.domain": (0.22, 0.41),
    "xaxis3.domain": (0.0, 1.0),
    "yaxis4.domain": (0.0, 0.1),
}


class Asked(NamedTuple):
    """What is estimated: its name, the integrand, the window of its estimates, and its digits."""

    title: str
    integrand: Integrand
    window: tuple[float, float]
    digits: int


ASKED = {
    "rare": Asked("P(z > 3)", beyond(3.0), (-0.001, 0.006), 5),
    "square": Asked("E[z²]", SQUARE, (-0.3, 2.5), 3),
}


def _bell(mu: float, sigma: float) -> Normal:
    return Normal(*(torch.tensor([[value]], dtype=torch.float64) for value in (mu, sigma)))


def log_density(q: Normal, z: Tensor) -> Tensor:
    """log q(z) at (K,) places."""
    return q.log_prob(z[:, None, None]).flatten()


@lru_cache(maxsize=32)
def base_noise(seed: int) -> Tensor:
    """The eps behind the draws: z = eps from p, z = mu + sigma eps from q, (MOST,)."""
    return _bell(0.0, 1.0).base(MOST, torch.Generator().manual_seed(seed)).flatten()


@lru_cache(maxsize=1)
def _target() -> Normal:
    return _bell(0.0, 1.0)


def frame(mu: float, sigma: float, weighed: int, seed: int, of: str) -> Frame:
    """The first K draws from q, with their weights.

    Args:
        mu, sigma: mean and deviation of the proposal q.
        weighed: K, how many draws are weighed.
        seed: seed of the noise behind them.
        of: name of what is estimated.
    """
    q, eps, asked = _bell(mu, sigma), base_noise(seed)[:weighed], ASKED[of]
    z = mu + sigma * eps
    log_w = log_density(_target(), z) - log_density(q, z)
    found = weigh(log_w, asked.integrand.f(z))
    plain = asked.integrand.f(eps)
    said = {
        "plain": (plain.mean().item(), plain.std().item() / math.sqrt(weighed)),
        "weighted": (found.estimate, found.error),
        "normalized": (found.normalized, found.normalized_error),
    }
    place = mu + sigma * BELL
    traces: dict[str, dict[str, Any]] = {
        "q(z)": {"x": place, "y": _height() / sigma},
        "weight curve": {"x": PLACES, "y": _clipped(_curve(q))},
        **_stems(z[:STEMS].numpy(), log_w[:STEMS].exp().numpy()),
        **_shares(torch.softmax(log_w, 0).numpy()),
    }
    for name, (mean, error) in said.items():
        traces |= _row(name, mean, error, asked.window)
    numbers = _numbers(asked, mu, sigma, weighed)
    numbers |= {name: mean for name, (mean, _) in said.items()}
    numbers |= {f"{name}_error": error for name, (_, error) in said.items()}
    numbers |= {"effective": found.effective, "largest": found.largest}
    numbers["told"] = told(asked, numbers, weighed)
    return Frame(traces, numbers)


@lru_cache(maxsize=1)
def _height() -> np.ndarray:
    """A bell's heights over BELL, where its deviation is one."""
    heights: np.ndarray = log_density(_target(), torch.from_numpy(BELL)).exp().numpy()
    return heights


def _curve(q: Normal) -> np.ndarray:
    """p / q over the window."""
    z = torch.from_numpy(PLACES)
    ratio: np.ndarray = (log_density(_target(), z) - log_density(q, z)).exp().numpy()
    return ratio


def _clipped(weights: np.ndarray) -> np.ndarray:
    """Weights as far as the axis shows them, missing beyond."""
    return np.where((weights >= FLOOR / 10) & (weights <= CEILING * 10), weights, np.nan)


def _stems(z: np.ndarray, weights: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    gap = np.full(z.size, np.nan)
    foot, top = np.full(z.size, FLOOR), np.clip(weights, FLOOR, CEILING)
    return {
        "stems": {
            "x": np.column_stack([z, z, gap]).ravel(),
            "y": np.column_stack([foot, top, gap]).ravel(),
        },
        "weights": {"x": z, "y": weights},
        "draws": {"x": z, "y": np.zeros(z.size)},
    }


def _shares(shares: np.ndarray) -> dict[str, dict[str, Any]]:
    """The whole, cut by the largest shares one after the other."""
    ends = np.cumsum(np.sort(shares)[::-1])
    cuts = np.full(CUTS, np.nan)
    cuts[: min(CUTS, ends.size)] = ends[:CUTS]
    words = f"largest weight: {100 * ends[0]:.0f} % of the sum"
    return {
        "largest": {"x": [ends[0]], "y": [0]},
        "cuts": {"x": cuts, "y": np.zeros(CUTS)},
        "largest words": {"x": [0.0], "y": [0.95], "text": [words]},
    }


def _row(
    name: str, mean: float, error: float, window: tuple[float, float]
) -> dict[str, dict[str, Any]]:
    """An estimate with two standard errors on each side; at the edge an arrow if it is beyond."""
    low, high = window
    row, beyond_edge = ROWS[name], "◀" if mean < low else "▶" if mean > high else ""
    end = low + 0.02 * (high - low) if mean < low else high - 0.02 * (high - low)
    return {
        f"{name} error": {"x": [mean - 2 * error, mean + 2 * error], "y": [row, row]},
        f"{name} mean": {"x": [mean], "y": [row]},
        f"{name} beyond": {"x": [end], "y": [row], "text": [beyond_edge]},
    }


def _numbers(asked: Asked, mu: float, sigma: float, k: int) -> dict[str, float | str]:
    """What is exactly true of such draws, whatever came."""
    known = asked.integrand
    plain, weighted = known.square - known.mean**2, weighted_variance(known, mu, sigma)
    tilted = squared_over(mu, sigma)
    finite = math.isfinite(weighted) and tilted is not None
    return {
        "truth": known.mean,
        "plain_deviation": math.sqrt(plain / k),
        "deviation": short(math.sqrt(weighted / k)) if finite else "infinite",
        "gain": short(plain / weighted, 2) if finite and weighted > 0 else "none",
        "worth": short(k * plain / weighted, 2) if finite and weighted > 0 else "none",
        "even": short(math.exp(-tilted.log_mass)) if tilted else "0",
        "finite": float(finite),
    }


def told(asked: Asked, numbers: dict[str, float | str], k: int) -> str:
    """What weighing brings here, in words."""
    estimate, error, truth = (
        f"{float(numbers[name]):.{asked.digits}f}"
        for name in ("weighted", "weighted_error", "truth")
    )
    said = f"{k} weighted draws say {asked.title} = {estimate} ± {error}; it is {truth}."
    held = f"the largest weight holds {100 * float(numbers['largest']):.0f} %"
    count = f"Effective sample size {float(numbers['effective']):.1f} of {k}: {held}."
    if not numbers["finite"]:
        return f"{said} q is too narrow: w f has infinite variance, so trust no ±. {count}"
    return f"{said} By their exact variance they are worth {numbers['worth']} plain draws. {count}"


def draw(now: Frame, of: str) -> go.Figure:
    """Densities, weights, estimates and shares."""
    fig, at, asked = go.Figure(), now.traces, ASKED[of]
    blue, green = theme.var("accent"), theme.var("z")
    if of == "rare":
        band = {"x": [3.0, SIDE], "y": [1.05, 1.05]}
        add_line(fig, "beyond 3", band, "rgba(0,0,0,0)", width=0, fill=theme.var("muted", 0.15))
    target = {"x": BELL, "y": _height()}
    add_line(fig, "p(z)", target, blue, fill=theme.var("accent", 0.14))
    add_line(fig, "q(z)", at["q(z)"], green, fill=theme.var("z", 0.16))
    hover = "a draw from q: z = %{x:.2f}"
    add_dots(fig, "draws", at["draws"], green, 6, hover)
    for text, x, colour in (("target p", -SIDE + 0.2, blue), ("proposal q", -SIDE + 2.6, green)):
        add_words(fig, text, {"x": [x], "y": [0.93], "text": [text]}, colour, 14)
    lower: dict[str, Any] = {"xaxis": "x", "yaxis": "y2"}
    ink = theme.var("muted")
    one = {"x": [-SIDE, SIDE], "y": [1, 1]}
    add_line(fig, "weight one", one, theme.var("grid"), width=1.5, **lower)
    add_line(fig, "weight curve", at["weight curve"], ink, width=1.5, **lower)
    add_line(fig, "stems", at["stems"], theme.var("z", 0.6), width=2, **lower)
    hover = "the draw z = %{x:.2f}<br>has the weight %{y:.3g}"
    add_dots(fig, "weights", at["weights"], green, 7, hover, **lower)
    _draw_estimates(fig, now, asked)
    _draw_shares(fig, now)
    _dress(fig, asked)
    return fig


def _draw_estimates(fig: go.Figure, now: Frame, asked: Asked) -> None:
    at, axes = now.traces, dict[str, Any](xaxis="x2", yaxis="y3")
    truth = {"x": [asked.integrand.mean] * 2, "y": [-0.6, 2.6]}
    add_line(fig, "truth", truth, theme.var("ink"), width=2, dash="dash", **axes)
    for name, title in NAMES.items():
        colour = theme.var(COLOURS[name])
        add_line(fig, f"{name} error", at[f"{name} error"], colour, width=5, **axes)
        words = at[f"{name} beyond"]
        add_words(fig, f"{name} beyond", words, colour, 15, "middle center", **axes)
        hover = f"<b>{title}</b><br>say %{{x:.{asked.digits}f}}"
        add_dots(fig, f"{name} mean", at[f"{name} mean"], colour, 11, hover, **axes)


def _draw_shares(fig: go.Figure, now: Frame) -> None:
    at, axes = now.traces, dict[str, Any](xaxis="x3", yaxis="y4")
    for name, x, alpha in (("all", [1.0], 0.2), ("largest", at["largest"]["x"], 0.9)):
        told = {"hovertemplate": "the largest weight's share: %{x:.2f}<extra></extra>"}
        fig.add_bar(
            name=name,
            x=x,
            y=[0],
            orientation="h",
            width=0.9,
            marker={"color": theme.var("z", alpha), "line": {"width": 0}},
            **(told if name == "largest" else {"hoverinfo": "skip"}),
            **axes,
        )
    add_dots(fig, "cuts", at["cuts"], theme.var("paper"), 16, symbol="line-ns", **axes)
    words = at["largest words"]
    add_words(fig, "largest words", words, theme.var("z"), 13, "middle right", **axes)


def _dress(fig: go.Figure, asked: Asked) -> None:
    quiet = {"zeroline": False, "showgrid": False}
    marks = [1e-4, 1e-2, 1.0, 1e2, 1e4]
    ticks = {"tickvals": marks, "ticktext": [short(mark) for mark in marks], "type": "log"}
    fig.update_layout(
        xaxis={"domain": (0, 0.54), "range": [-SIDE, SIDE], "anchor": "y2", "title": "z", **quiet},
        yaxis={
            "domain": (0.6, 1.0),
            "range": (-0.03, 1.05),
            "title": "density",
            "nticks": 3,
            **quiet,
        },
        yaxis2={
            "domain": (0.0, 0.53),
            "range": [math.log10(FLOOR), math.log10(CEILING)],
            "title": "weight p/q",
            **ticks,
            **quiet,
        },
        xaxis2={
            "domain": (0.72, 1.0),
            "range": asked.window,
            "anchor": "y3",
            "title": f"{asked.title}: truth (dashed), estimates",
            "nticks": 4,
            "zeroline": False,
        },
        yaxis3={
            "domain": (0.46, 1.0),
            "range": (-0.6, 2.6),
            "tickvals": list(ROWS.values()),
            "ticktext": list(NAMES.values()),
            "anchor": "x2",
            **quiet,
        },
        xaxis3={"domain": (0.62, 1.0), "range": (0, 1), "anchor": "y4", "visible": False},
        yaxis4={"domain": (0.02, 0.2), "range": (-0.5, 1.4), "anchor": "x3", "visible": False},
        barmode="overlay",
        uirevision=f"weights {asked.title}",
        showlegend=False,
        meta={"narrow": NARROW},
    )
