"""Variance as a function: against K, D, a parameter of q or a setting of the problem."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from pages.estimators.gradient_variance import drawn_from
from pages.estimators.gradient_variance.draws import (
    FEWEST_DRAWS,
    Setting,
    reference,
    setting,
)
from pages.estimators.gradient_variance.marks import draw_curve, label_names, revision
from pages.ui.live import Frame
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import find_problem
from vae_core.lab.experiment import NORMAL

WHOLE = (1, 2, 3, 5, 10, 20)
SIGMAS = tuple(np.geomspace(0.1, 3.0, 15).round(3).tolist())
ALONG = {"samples": "samples K", "sigma": "deviation σ", "dim": "dimensions D"}
SWEEP_DRAWS = 2 * FEWEST_DRAWS
KNOB_POINTS, THIRD = 15, 3
INFINITE = "infinite"
DECADES_DOWN, DECADES_UP = 4, 4


def lines(problem: str, family: str = NORMAL) -> dict[str, str]:
    """What can run along x, with its label: the family's parameters, K, D and the settings."""
    own = ALONG
    if family != NORMAL:
        parameters = {
            drawn_from.key(family, name): drawn_from.label(name, family)
            for name in FAMILIES[family].parameters
        }
        own = {"samples": ALONG["samples"], **parameters, "dim": ALONG["dim"]}
    return own | {name: knob.label for name, knob in find_problem(problem).knobs.items()}


def positions(problem: str, along: str, family: str = NORMAL) -> tuple[float, ...]:
    """Where the variance is computed: whole numbers, or points evenly spaced in the logarithm."""
    name = drawn_from.parameter_of(along, family)
    if name:  # some of the slider's positions, both ends among them
        walk = drawn_from.walk(problem, family, name)
        return tuple(sorted({*walk[::THIRD], walk[-1]}))
    if along == "sigma":
        return SIGMAS
    if along in ALONG:
        return WHOLE
    knob = find_problem(problem).knobs[along]
    space = np.geomspace if knob.minimum > 0 else np.linspace
    return tuple(space(knob.minimum, knob.maximum, KNOB_POINTS).tolist())


def moved(at: Setting, along: str, value: float) -> Setting:
    """The setting with one of its coordinates replaced."""
    if along == "samples":
        return replace(at, samples=int(value))
    if along == "dim":
        return replace(at, dim=int(value))
    if along == "sigma":
        return replace(at, scale=value)
    if name := drawn_from.parameter_of(along, at.family):
        numbers = {**dict(at.numbers), name: value}
        return replace(at, numbers=tuple(numbers.items()))
    return replace(at, knobs=tuple(sorted({**dict(at.knobs), along: value}.items())))


@lru_cache(maxsize=4096)
def one_variance(at: Setting, name: str) -> float:
    """Closed form, or measured from a few hundred estimates; K as many as the estimator needs."""
    return at.variance(name, SWEEP_DRAWS)


def against(
    problem: str,
    names: tuple[str, ...],
    parameter: str,
    along: str,
    family: str = NORMAL,
    **sliders: float,
) -> Frame:
    """A curve of the variance for each estimator, and where the sliders stand on it.

    Args:
        along: what runs along x, one of `lines`.
        problem, names, parameter, family, sliders: as for `histograms`; the slider that runs along
            x only sets the marker.
    """
    at, here = setting(problem, parameter, sliders, family), sliders[along]
    walk = positions(problem, along, family)
    traces: dict[str, dict[str, np.ndarray]] = {}
    told: dict[str, float | str] = {"here": float(here)}
    for name in names:
        heights = np.array([one_variance(moved(at, along, x), name) for x in walk])
        too_few = along == "samples" and np.array(walk) < ESTIMATORS[name].min_samples
        heights[(heights <= 0.0) | np.isinf(heights) | too_few] = np.nan
        traces[name] = {"x": np.array(walk), "y": heights}
        present = one_variance(at, name)
        traces[f"{name} here"] = {
            "x": np.array([here]),
            "y": np.array([present if 0.0 < present < math.inf else np.nan]),
        }
        told[f"var_{name}"] = size(present)
    endless = [ESTIMATORS[n].title for n in names if told[f"var_{n}"] == INFINITE]
    last = f" Here {' and '.join(endless)} has none: it is infinite." if endless else ""
    told["verdict"] = _slopes(traces, names, lines(problem, family)[along]) + last
    return Frame(traces, told)


def _slopes(traces: dict[str, dict[str, np.ndarray]], names: tuple[str, ...], label: str) -> str:
    """By what factor each variance changes from the left end to the right."""
    words = []
    for name in names:
        heights = traces[name]["y"]
        known = heights[np.isfinite(heights)]
        if known.size > 1:
            title = ESTIMATORS[name].title
            words.append(f"{title} from {short(known[0])} to {short(known[-1])}")
    if not words:
        return f"Along {label}, there is no variance to draw."
    return f"Along {label}, the variance goes: " + "; ".join(words) + "."


def size(variance: float) -> str:
    """A variance as people write it; it may be infinite."""
    return INFINITE if variance == math.inf else short(variance)


def draw_against(
    now: Frame,
    names: tuple[str, ...],
    problem: str,
    parameter: str,
    along: str,
    family: str = NORMAL,
) -> go.Figure:
    """Log-log curves (linear in x for a setting that can be negative), dots where we stand."""
    fig = go.Figure()
    title = lines(problem, family)[along]
    for name in names:
        draw_curve(fig, now, name, f"variance %{{y:.3g}}<br>at {title} %{{x:.3g}}")
    walk = positions(problem, along, family)
    if walk[0] > 0:
        axis = {"type": "log", "range": [math.log10(walk[0]) - 0.05, math.log10(walk[-1]) + 0.05]}
        if along in ("samples", "dim"):
            axis |= {"tickvals": walk, "ticktext": [f"{x:g}" for x in walk]}
    else:
        axis = {"range": [walk[0], walk[-1]]}
    middle = 2.0 * math.log10(reference(problem, parameter, family).deviation)
    fig.update_xaxes(title=title, **axis)
    fig.update_yaxes(
        title=f"variance of one estimate, ∂/∂{drawn_from.letter(parameter, family)}",
        type="log",
        range=[math.floor(middle - DECADES_DOWN), math.ceil(middle + DECADES_UP)],
        dtick=2,
        exponentformat="power",
    )
    label_names(fig, names)
    fig.update_layout(uirevision=revision(problem, parameter, family, along), showlegend=False)
    return fig
