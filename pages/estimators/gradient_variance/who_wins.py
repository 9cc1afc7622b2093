"""Who wins where: the plane of mu and sigma in the colours of the least noisy estimator."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from pages.estimators.gradient_variance.draws import Setting, setting
from pages.estimators.gradient_variance.marks import label_names
from pages.estimators.gradient_variance.sweep import one_variance
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.lab import find_problem

MAP_MU = np.linspace(-3.0, 3.0, 31)
MAP_SIGMA = np.geomspace(0.1, 3.0, 21)
COMPARE = {"samples": "equal K", "cost": "equal cost"}


def common_samples(samples: int, names: tuple[str, ...]) -> int:
    """The K at which all of them can be compared: the slider's, or the fewest that all allow."""
    return max(samples, *(ESTIMATORS[name].min_samples for name in names))


def price(at: Setting, name: str, names: tuple[str, ...], compare: str) -> float:
    """What an estimator is judged by.

    Args:
        at: where.
        name: the estimator.
        names: all that are compared.
        compare: "samples" for the variance at a K that all share; "cost" for the variance times
            the evaluations of f behind one estimate, which averaging estimates leaves as it is.
    """
    if compare == "samples":
        return one_variance(replace(at, samples=common_samples(at.samples, names)), name)
    rule = ESTIMATORS[name]
    return one_variance(at, name) * rule.evaluations(max(at.samples, rule.min_samples), at.dim)


@lru_cache(maxsize=32)
def winners(at: Setting, names: tuple[str, ...], compare: str = "samples") -> np.ndarray:
    """Place in `names` of the lowest price among those allowed, (sigma, mu); NaN if none is."""
    allowed = [name for name in names if find_problem(at.problem).allows(ESTIMATORS[name])]
    if not allowed:
        return np.full((MAP_SIGMA.size, MAP_MU.size), np.nan)
    places = np.array([names.index(name) for name in allowed], dtype=float)
    grid = np.array(
        [
            [
                [
                    price(replace(at, loc=float(mu), scale=float(s)), name, names, compare)
                    for name in allowed
                ]
                for mu in MAP_MU
            ]
            for s in MAP_SIGMA
        ]
    )
    best: np.ndarray = places[grid.argmin(axis=2)]
    return best


def standing(
    problem: str, names: tuple[str, ...], parameter: str, compare: str, **sliders: float
) -> Frame:
    """Where the sliders stand on the map, and who has the lowest price there.

    Arguments as for `histograms`, and `compare` as for `price`.
    """
    at = setting(problem, parameter, sliders)
    everyone = {name: price(at, name, names, compare) for name in names}
    found = {n: v for n, v in everyone.items() if find_problem(problem).allows(ESTIMATORS[n])}
    told: dict[str, float | str] = {f"var_{name}": short(v) for name, v in everyone.items()}
    told |= {"samples": at.samples, "dim": at.dim, "seed": at.seed, **dict(at.knobs)}
    terms = {
        "samples": f"has the lowest variance at K = {common_samples(at.samples, names)} for all",
        "cost": "wins at equal cost, by variance times evaluations of f",
    }
    told["verdict"] = _standing(found, terms[compare])
    return Frame({"here": {"x": np.array([at.loc]), "y": np.array([at.scale])}}, told)


def _standing(found: dict[str, float], terms: str) -> str:
    """The winner and the one after it, with their prices, in a sentence."""
    if not found:
        return "None of the chosen estimators is right for this cost."
    best, *others = sorted(found, key=lambda name: found[name])
    told = f"Here {ESTIMATORS[best].title} {terms}: {short(found[best])}"
    if others:
        told += f", against {short(found[others[0]])} for {ESTIMATORS[others[0]].title}"
    return f"{told}."


def _setting_of_frame(now: Frame, problem: str, parameter: str) -> Setting:
    """K, D, the seed and the problem's settings, which a frame of the map carries along."""
    told = {name: float(n) for name, n in now.numbers.items() if not isinstance(n, str)}
    knobs = tuple((name, told[name]) for name in sorted(find_problem(problem).knobs))
    samples, dim, seed = (int(told[name]) for name in ("samples", "dim", "seed"))
    return Setting(problem, knobs, parameter, samples=samples, dim=dim, seed=seed)


def _draw_winners(fig: go.Figure, at: Setting, names: tuple[str, ...], compare: str) -> None:
    """The plane in the colours of those who have the lowest price."""
    count = len(names)
    bands = []
    for i, name in enumerate(names):
        colour = theme.estimator_var(name, 0.6)
        bands += [[i / count, colour], [(i + 1) / count, colour]]
    fig.add_heatmap(
        name="winner",
        x=MAP_MU,
        y=MAP_SIGMA,
        z=winners(at, names, compare),
        zmin=-0.5,
        zmax=count - 0.5,
        colorscale=bands,
        showscale=False,
        hoverinfo="skip",
    )


def draw_map(
    now: Frame, problem: str, names: tuple[str, ...], parameter: str, compare: str
) -> go.Figure:
    """The plane of mu and sigma in the winners' colours, for the frame's K, D and settings."""
    fig = go.Figure()
    _draw_winners(fig, _setting_of_frame(now, problem, parameter), names, compare)
    marker = {
        "color": theme.var("paper"),
        "size": 16,
        "symbol": "circle",
        "line": {"color": theme.var("ink"), "width": 3},
    }
    fig.add_scatter(
        name="here", **now.traces["here"], mode="markers", marker=marker, hoverinfo="skip"
    )
    fig.update_xaxes(title="mean μ", range=[-3, 3])
    fig.update_yaxes(
        title="deviation σ",
        type="log",
        range=[-1, math.log10(3.0)],
        tickvals=[0.1, 0.3, 1, 3],
        ticktext=["0.1", "0.3", "1", "3"],
    )
    label_names(fig, names)
    fig.update_layout(uirevision=f"{problem} {parameter}", showlegend=False)
    return fig
