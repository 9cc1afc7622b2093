"""Two ways out, side by side, in three steps: what is drawn from, times what is averaged.

In each column the upper curve times the lower one, integrated, is the same number at every step.
At step 1 both are stuck alike: the upper curve is dq/dmu, from which nothing can be drawn. At step
2 the upper curve is a density again, q(z) on the left and p(eps) on the right. At step 3 it is
drawn from, and a strip at the bottom shows the averages beside the truth and the naive estimator.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

from pages.obstacle.stuck.cost import base_noise, bell, draws, naive, square
from pages.obstacle.stuck.halves import add_halves
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, add_words
from pages.ui.numbers import number
from vae_core.families.leibniz import (
    by_change_of_variables,
    by_log_derivative,
    density_slopes,
    through_density,
)

STUCK, REWRITTEN, DRAWN = 1, 2, 3
MOST_SHOWN = 35
LEFT, RIGHT = np.linspace(-3.6, 0.0, 19), np.linspace(0.0, 3.6, 19)
GRID = np.concatenate([LEFT, RIGHT[1:]])
SIDE, EDGE = 6.0, -5.8
DENSITY, COST, REACH = (-0.3, 0.66), (-14.0, 26.0), 8.0
WAYS = {"score": ("score", "x", "y", "y2"), "path": ("pathwise", "x2", "y3", "y4")}
TITLES = {"score": "Log-derivative", "path": "Change of variables"}
STRIP = {"score": 2.0, "path": 1.0, "naive": 0.0}
HEADS = {
    "score": (
        "∂q/∂μ: half of it negative",
        "q(z): a density",
        "q(z): draw z from it",
    ),
    "path": (
        "∂q/∂μ: half of it negative",
        "p(ε): a density without μ",
        "p(ε): draw ε from it",
    ),
}
FACTORS = {
    "score": ("times z²", "times z² ∂log q/∂μ", "average z² ∂log q/∂μ"),
    "path": ("times z²", "times ∂(μ + ε)²/∂μ", "average ∂(μ + ε)²/∂μ"),
}


@lru_cache(maxsize=1)
def _shapes() -> dict[str, np.ndarray]:
    """The bell over the grid, and both halves of its derivative; they move with mu as they are."""
    q = bell(0.0)
    at = {name: torch.from_numpy(each)[:, None, None] for name, each in _grids().items()}
    slopes = {name: density_slopes(q, e)["loc"].flatten().numpy() for name, e in at.items()}
    return {"bell": q.log_prob(at["all"]).exp().flatten().numpy(), **slopes}


def _grids() -> dict[str, np.ndarray]:
    return {"all": GRID, "negative": LEFT, "positive": RIGHT}


def frame(mu: float, k: int, seed: int, step: int, sentences: tuple[str, ...]) -> Frame:
    """Both ways at a step.

    Args:
        mu: mean of q = N(mu, 1).
        k: K, how many draws are averaged.
        seed: seed of the base noise, one for both ways.
        step: 1 stuck, 2 rewritten, 3 drawn.
        sentences: what is said at each step, with blanks for the numbers.
    """
    traces: dict[str, dict[str, Any]] = {}
    for way in WAYS:
        traces |= _columns(way, mu, k, seed, step)
    numbers = _numbers(mu, k, seed)
    traces |= _strip(numbers, step)
    told = sentences[step - 1].format(**{name: number(n) for name, n in numbers.items()}, k=k)
    return Frame(traces, {**numbers, "told": told})


def _columns(way: str, mu: float, k: int, seed: int, step: int) -> dict[str, dict[str, Any]]:
    """The upper and the lower curve of a way, and the draws."""
    shapes, moved = _shapes(), step > STUCK and way == "path"
    centre = 0.0 if moved else mu
    stuck, drawn = step == STUCK, step == DRAWN
    slopes, density = (1.0, math.nan) if stuck else (math.nan, 1.0)
    x = centre + GRID
    weight = (mu + GRID) ** 2 if stuck else _weight(way, mu)
    shown = min(k, MOST_SHOWN)
    at = centre + base_noise(seed)[:shown]
    said = draws(WAYS[way][0], mu, seed)[:shown]
    gap = np.full(shown, np.nan)
    at, said = (each if drawn else gap for each in (at, said))
    foot = np.where(np.isnan(at), np.nan, 0.0)
    return {
        f"{way} slope, negative": {"x": centre + LEFT, "y": slopes * shapes["negative"]},
        f"{way} slope": {"x": centre + RIGHT, "y": slopes * shapes["positive"]},
        f"{way} bell": {"x": x, "y": density * shapes["bell"]},
        f"{way} factor": {"x": x, "y": weight},
        f"{way} draws": {"x": at, "y": foot},
        f"{way} says": {"x": at, "y": said},
        f"{way} head": {"x": [EDGE], "y": [0.54], "text": [HEADS[way][step - 1]]},
        f"{way} words": {"x": [EDGE], "y": [COST[1]], "text": [FACTORS[way][step - 1]]},
    }


def _weight(way: str, mu: float) -> np.ndarray:
    """What is averaged, over the grid: f times the score, or the slope of f along the path."""
    q = bell(mu)
    z = q.transform(torch.from_numpy(GRID)[:, None, None])
    if way == "score":
        weight: np.ndarray = (square(z) * q.scores(z)["loc"].squeeze(-1)).flatten().numpy()
        return weight
    z.requires_grad_()
    slope: np.ndarray = torch.autograd.grad(square(z).sum(), z)[0].flatten().numpy()
    return slope


def _strip(numbers: dict[str, float], step: int) -> dict[str, dict[str, Any]]:
    """The averages with two standard errors, once there are draws; the truth from the start."""
    found: dict[str, dict[str, Any]] = {}
    for way in WAYS:
        mean, error = numbers[way], numbers[f"{way}_error"]
        if step < DRAWN:
            mean = error = math.nan
        row = STRIP[way]
        beyond = "◀" if mean < -REACH else "▶" if mean > REACH else ""
        end = math.copysign(0.97 * REACH, mean)
        found[f"{way} mean"] = {"x": [mean], "y": [row]}
        found[f"{way} beyond"] = {"x": [end], "y": [row], "text": [beyond]}
        found[f"{way} error"] = {"x": [mean - 2 * error, mean + 2 * error], "y": [row, row]}
    found["naive mean"] = {"x": [numbers["naive"]], "y": [STRIP["naive"]]}
    found["truth"] = {"x": [numbers["truth"]] * 2, "y": [-0.6, 2.6]}
    return found


@lru_cache(maxsize=4096)
def _exact(mu: float) -> dict[str, float]:
    """The same integral, written in three ways, by quadrature."""
    q = bell(mu)
    return {
        "truth": 2.0 * mu,
        "stuck": through_density(square, q)["loc"].total,
        "integral_score": by_log_derivative(square, q)["loc"],
        "integral_path": by_change_of_variables(square, q)["loc"],
        "naive": naive(mu, 0.0),
    }


def _numbers(mu: float, k: int, seed: int) -> dict[str, float]:
    found = dict(_exact(mu))
    for way, (rule, *_axes) in WAYS.items():
        said = draws(rule, mu, seed)[:k]
        found[way] = float(said.mean())
        found[f"{way}_error"] = float(said.std(ddof=1)) / math.sqrt(k)
    return found


def draw(now: Frame) -> go.Figure:
    """Two columns over a strip."""
    return _draw(now, 14, ("z", "z; ε once it is rewritten"))


def draw_narrow(now: Frame) -> go.Figure:
    """The same in small letters."""
    return _draw(now, 11, ("z", "z, then ε"))


def _draw(now: Frame, letters: float, titles: tuple[str, str]) -> go.Figure:
    fig, at = go.Figure(), now.traces
    for way, (rule, x, upper, lower) in WAYS.items():
        _draw_way(fig, now, way, letters)
        fig.add_annotation(
            x=0.0 if way == "score" else 0.56,
            y=1.0,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            text=f"<b>{TITLES[way]}</b>",
            showarrow=False,
            font={"color": theme.estimator_var(rule), "size": letters + 1},
        )
        axes: dict[str, Any] = {"xaxis": x, "yaxis": upper}
        add_words(fig, f"{way} head", at[f"{way} head"], theme.var("ink"), letters, **axes)
        axes["yaxis"] = lower
        words = at[f"{way} words"]
        ink = theme.var("ink")
        add_words(fig, f"{way} words", words, ink, letters, "top right", cliponaxis=False, **axes)
    _draw_strip(fig, now)
    _dress(fig, titles)
    return fig


def _draw_way(fig: go.Figure, now: Frame, way: str, letters: float) -> None:
    rule, x, upper, lower = WAYS[way]
    at, colour = now.traces, theme.estimator_var(rule)
    symbol = "z" if way == "score" else "eps"
    above: dict[str, Any] = {"xaxis": x, "yaxis": upper}
    below: dict[str, Any] = {"xaxis": x, "yaxis": lower}
    add_halves(fig, f"{way} slope", at, **above)
    bell_name, fill = f"{way} bell", theme.var(symbol, 0.16)
    add_line(fig, bell_name, at[bell_name], theme.var(symbol), fill=fill, **above)
    letter = "z" if way == "score" else "ε"
    hover = f"a draw: {letter} = %{{x:.2f}}"
    add_dots(fig, f"{way} draws", at[f"{way} draws"], theme.var(symbol), 6, hover, **above)
    add_line(fig, f"{way} factor", at[f"{way} factor"], theme.var("ink"), width=1.5, **below)
    hover = "this draw says %{y:.2f}"
    add_dots(fig, f"{way} says", at[f"{way} says"], colour, 6, hover, **below)


def _draw_strip(fig: go.Figure, now: Frame) -> None:
    at, axes = now.traces, dict[str, Any](xaxis="x3", yaxis="y5")
    add_line(fig, "truth", at["truth"], theme.var("ink"), width=2, dash="dash", **axes)
    for way, (rule, *_axes) in WAYS.items():
        colour = theme.estimator_var(rule)
        add_line(fig, f"{way} error", at[f"{way} error"], colour, width=5, **axes)
        words = at[f"{way} beyond"]
        add_words(fig, f"{way} beyond", words, theme.var("ink"), 15, "middle center", **axes)
        hover = f"<b>{TITLES[way]}</b><br>the draws average %{{x:.3f}}"
        add_dots(fig, f"{way} mean", at[f"{way} mean"], colour, 11, hover, **axes)
    hover = "<b>Naive</b><br>reports %{x:.2f}"
    colour = theme.estimator_var("naive")
    add_dots(fig, "naive mean", at["naive mean"], colour, 11, hover, **axes)


def _dress(fig: go.Figure, titles: tuple[str, str]) -> None:
    quiet = {"zeroline": True, "showgrid": False, "nticks": 3}
    sides = {"xaxis": ((0.0, 0.44), "y2"), "xaxis2": ((0.56, 1.0), "y4")}
    for (axis, (domain, anchor)), title in zip(sides.items(), titles, strict=True):
        common = {"range": [-SIDE, SIDE], "zeroline": False, "showgrid": False}
        fig.update_layout({axis: {"domain": domain, "anchor": anchor, "title": title, **common}})
    for axis, x, up, span, title in (
        ("yaxis", "x", (0.74, 1.0), DENSITY, "density"),
        ("yaxis2", "x", (0.35, 0.64), COST, "times"),
        ("yaxis3", "x2", (0.74, 1.0), DENSITY, ""),
        ("yaxis4", "x2", (0.35, 0.64), COST, ""),
    ):
        fig.update_layout(
            {axis: {"domain": up, "range": span, "anchor": x, "title": title, **quiet}}
        )
    fig.update_layout(
        xaxis3={
            "domain": (0.0, 1.0),
            "range": [-REACH, REACH],
            "anchor": "y5",
            "title": "the slope in μ: truth (dashed) and averages",
            "zeroline": False,
        },
        yaxis5={
            "domain": (0.0, 0.17),
            "range": [-0.6, 2.6],
            "anchor": "x3",
            "tickvals": list(STRIP.values()),
            "ticktext": ["REINFORCE", "Reparam.", "naive"],
            "zeroline": False,
            "showgrid": False,
        },
        uirevision="ways",
        showlegend=False,
    )
