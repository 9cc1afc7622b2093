"""One draw, two gradients: what each of the same samples says by its slope, and by its score.

On top stands the cost over the density q(z). Below it the reparameterized samples are pushed along
the slope of f, each arrow a gradient. At the bottom the very same samples stay where they are and
get a weight, f(z) times the score: a stem each.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.estimators.gradient_variance.drawn_from import bulk, letter, stretch
from pages.estimators.gradient_variance.draws import (
    ANY,
    Knobs,
    Setting,
    noise_and_draws,
    reference,
    setting,
)
from pages.estimators.gradient_variance.marks import revision
from pages.ui import theme
from pages.ui.live import Frame
from vae_core.families import Normal
from vae_core.lab import find_problem
from vae_core.lab.experiment import NORMAL

MOST = 100
POINTS, NORMALS_WIDTH = 181, 12.0
SCORE_ROW, PATH_ROW, COST_FOOT, COST_BODY = 0.0, 1.7, 2.5, 1.0
FAN, JUMP, NEARLY_ALL = 0.28, 0.4, 0.99
ARROW, STEM = 1.2, 0.35
LOWEST, HIGHEST = -0.6, 1.05


@lru_cache(maxsize=64)
def grid(problem: str, family: str = NORMAL) -> np.ndarray:
    """Where z is shown, (POINTS,)."""
    return np.linspace(*stretch(problem, family), POINTS)


@lru_cache(maxsize=64)
def cost_curve(problem: str, knobs: Knobs, family: str = NORMAL) -> np.ndarray:
    """The cost over the window, its heights scaled to the upper row; an ELBO's at its prior."""
    at = grid(problem, family)
    z = torch.from_numpy(at)[:, None]
    standard = Normal(torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    f = find_problem(problem).cost(standard, **dict(knobs))(z[:, None]).flatten().numpy()
    first, last = bulk(problem, family)
    inner = f[(first <= at) & (at <= last) & np.isfinite(f)]
    low, high = float(inner.min()), float(inner.max())
    share = (f - low) / (high - low)
    jumps = np.abs(np.diff(share, prepend=share[0])) > JUMP
    shown = (share >= -0.15) & (share <= 1.2) & ~jumps
    return np.where(shown, COST_FOOT + COST_BODY * share, np.nan)


def duel(n: int, problem: str, parameter: str, family: str = NORMAL, **sliders: float) -> Frame:
    """The first n draws, one sample each in one dimension, and both gradients of each.

    Args:
        n: how many draws are shown, at most MOST.
        problem: name of the cost.
        parameter: "loc" for the gradient in mu, "scale" for the one in sigma; or another family's.
        family: what z is drawn from; one that has a path and a score.
        sliders: mu and sigma or the family's own, seed, the problem's settings: see `setting`.
    """
    at = setting(problem, parameter, sliders, family)
    shown, places = min(n, MOST), grid(problem, family)
    noise, z = (each[:shown] for each in noise_and_draws(at, MOST))
    by_path, by_score = (at.gradients(name, MOST)[:shown] for name in ("pathwise", "score"))
    unit = reference(problem, parameter, family).deviation
    push = ARROW * (places[-1] - places[0]) / NORMALS_WIDTH
    heights = cost_curve(problem, at.knobs, family)
    traces = {
        "f(z)": {"x": places, "y": heights},
        "q(z)": {"x": places, "y": COST_FOOT + _density(at, places)},
        "on the cost": {"x": z, "y": np.interp(z, places, heights)},
        **_arrows(z, push * by_path / unit),
        **_stems(z, STEM * by_score / unit),
        "newest": {"x": np.full(3, z[-1]), "y": np.array([PATH_ROW, SCORE_ROW, COST_FOOT])},
    }
    told: dict[str, float | str] = {
        "z": float(z[-1]),
        "by_path": float(by_path[-1]),
        "by_score": float(by_score[-1]),
        "mean_path": float(by_path.mean()),
        "mean_score": float(by_score.mean()),
        "exact": at.exact(),
        "shown": float(shown),
    }
    if noise.ndim == 1:
        told["eps"] = float(noise[-1])
    if family != NORMAL:
        told["beyond"] = "" if places[0] <= z[-1] <= places[-1] else ", beyond the picture's edge"
    return Frame(traces, told)


def _density(at: Setting, places: np.ndarray) -> np.ndarray:
    """The density of q, its peak half the height of the row; what is endless ends there."""
    if at.family == NORMAL:
        bell: np.ndarray = np.exp(-0.5 * ((places - at.loc) / at.scale) ** 2)
        return 0.5 * COST_BODY * bell
    q = at.experiment(ANY).distribution(1).detach()
    z = torch.from_numpy(places)[:, None, None]
    shape: np.ndarray = np.exp(q.log_prob(z).flatten().numpy())
    peak = np.quantile(shape[np.isfinite(shape)], NEARLY_ALL)
    shape = np.minimum(shape / peak, 1.0)
    return 0.5 * COST_BODY * shape


def _arrows(z: np.ndarray, push: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """An arrow a sample, fanned out so that they stay apart; the last one in the middle."""
    end, gap = z + push, np.full(z.size, np.nan)
    row = PATH_ROW + FAN * (np.arange(z.size) * 0.618 % 1.0 * 2.0 - 1.0)
    row[-1] = PATH_ROW
    return {
        "pushes": {
            "x": np.column_stack([z, end, gap]).ravel(),
            "y": np.column_stack([row, row, gap]).ravel(),
        },
        "pushed": {"x": z, "y": row},
        "heads right": {"x": np.where(push >= 0, end, np.nan), "y": row},
        "heads left": {"x": np.where(push < 0, end, np.nan), "y": row},
    }


def _stems(z: np.ndarray, weight: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """A stem a sample; one that leaves its row is cut there, and has no head."""
    gap, foot = np.full(z.size, np.nan), np.full(z.size, SCORE_ROW)
    end = np.clip(foot + weight, LOWEST, HIGHEST)
    return {
        "stems": {
            "x": np.column_stack([z, z, gap]).ravel(),
            "y": np.column_stack([foot, end, gap]).ravel(),
        },
        "weighed": {"x": z, "y": foot},
        "weights": {"x": z, "y": np.where(end == foot + weight, end, np.nan)},
    }


def draw_duel(now: Frame, problem: str, parameter: str, family: str = NORMAL) -> go.Figure:
    """Three rows over one axis: the cost and q, the pushes, the weights."""
    fig = go.Figure()
    at, path, score = now.traces, theme.estimator_var("pathwise"), theme.estimator_var("score")
    low, high = stretch(problem, family)
    floor = {"x": [low, high], "y": [COST_FOOT, COST_FOOT]}
    _lines(fig, "floor", floor, theme.var("grid"), 1)
    _lines(fig, "q(z)", at["q(z)"], theme.var("z"), 2, fill=theme.var("z", 0.14))
    _lines(fig, "f(z)", at["f(z)"], theme.var("ink"), 2.5)
    _dots(fig, "on the cost", at["on the cost"], theme.var("z"), 7)
    for row in (PATH_ROW, SCORE_ROW):
        ends = {"x": [low, high], "y": [row, row]}
        _lines(fig, f"row {row}", ends, theme.var("grid"), 1)
    _lines(fig, "pushes", at["pushes"], path, 2.5)
    _dots(fig, "pushed", at["pushed"], theme.var("z"), 7)
    _dots(fig, "heads right", at["heads right"], path, 10, "triangle-right")
    _dots(fig, "heads left", at["heads left"], path, 10, "triangle-left")
    _lines(fig, "stems", at["stems"], score, 2.5)
    _dots(fig, "weighed", at["weighed"], theme.var("z"), 7)
    _dots(fig, "weights", at["weights"], score, 8, "square")
    _dots(fig, "newest", at["newest"], theme.var("ink"), 15, "circle-open")
    target, shape = letter(parameter, family), "bell" if family == NORMAL else "density"
    for y, text, colour in (
        (COST_FOOT + 1.3 * COST_BODY, f"the cost f(z), and the {shape} q(z)", theme.var("ink")),
        (PATH_ROW + 0.5, f"Reparameterization pushes each: f′(z) ∂z/∂{target}", path),
        (SCORE_ROW + 1.0, f"REINFORCE weighs each: f(z) ∂log q/∂{target}", score),
    ):
        _label(fig, low, y, text, colour)
    fig.update_xaxes(title="z", range=[low, high], zeroline=False)
    fig.update_yaxes(
        range=[LOWEST - 0.1, 4.0], showticklabels=False, showgrid=False, zeroline=False
    )
    fig.update_layout(uirevision=revision(problem, parameter, family), showlegend=False)
    return fig


def _lines(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    width: float,
    fill: str | None = None,
) -> None:
    line = {"color": colour, "width": width, "simplify": False}
    area = {"fill": "toself", "fillcolor": fill} if fill else {}
    fig.add_scatter(name=name, **at, mode="lines", line=line, hoverinfo="skip", **area)


def _dots(
    fig: go.Figure,
    name: str,
    at: Mapping[str, Any],
    colour: str,
    size: float,
    symbol: str = "circle",
) -> None:
    marker = {"color": colour, "size": size, "symbol": symbol}
    fig.add_scatter(name=name, **at, mode="markers", marker=marker, hoverinfo="skip")


def _label(fig: go.Figure, x: float, y: float, text: str, colour: str) -> None:
    fig.add_annotation(
        x=x,
        y=y,
        text=f"<b>{text}</b>",
        showarrow=False,
        xanchor="left",
        font={"color": colour, "size": 14},
    )
