"""The noise of two estimates of the gradient in sigma: along the path, and by the curvature.

At the left single estimates of both on the same draws, less what they estimate, in units of the
path's deviation, so that they can be compared wherever the sliders stand; at the right the exact
variances over sigma and, where the sliders stand, the measured ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pages.beyond.stochastic_backprop.panels import RIM, axis, moving, words
from pages.ui import theme
from pages.ui.live import Frame
from pages.ui.live.marks import add_dots, add_line, bar_centres
from pages.ui.numbers import short
from vae_core.estimators import ESTIMATORS
from vae_core.lab import find_problem
from vae_core.lab.experiment import Experiment, estimates

NAMES = ("pathwise", "second_order")
DRAWS, BINS, WINDOW = 2_000, 61, 5.0
SIGMA = np.geomspace(0.1, 2.0, 45)
HALVINGS = 30
ROUNDING = 1e-20


@dataclass(frozen=True)
class Cost:
    """An f of the picker.

    Attributes:
        title: what the picker calls it.
        problem: its name in the lab.
        powers: of ten, between which variances are shown.
    """

    title: str
    problem: str
    powers: tuple[float, float]


COSTS = {
    "wave": Cost("sin ωz", "sine", (-7, 4)),
    "square": Cost("z²", "square", (-2, 3)),
    "wells": Cost("(z² − 1)²", "double_well", (-4, 6)),
    "rising": Cost("exp(z/2)", "exp", (-8, 2)),
}


def knobs_of(cost: str, omega: float) -> dict[str, float]:
    """The lab's settings of a cost: a wave has a frequency."""
    return {"omega": omega} if cost == "wave" else {}


def exact(cost: str, name: str, mu: float, sigma: float, omega: float) -> float:
    """The variance of one estimate of the gradient in sigma, in closed form."""
    knobs = knobs_of(cost, omega)
    planned = Experiment(COSTS[cost].problem, name, mu, float(sigma), knobs=knobs)
    return max(planned.exact_variance("scale") or 0.0, 0.0)


class Excess(NamedTuple):
    """What the path's variance is above the curvature's, in its three parts.

    Attributes:
        slope: E[f'^2].
        curvature: sigma^2 E[f''^2].
        cross: 2 sigma^2 E[f' f'''], which alone may be negative.
    """

    slope: float
    curvature: float
    cross: float


def excess(cost: str, mu: float, sigma: float, omega: float) -> Excess:
    """By Stein's lemma from moments of f' and eps: E[f'^2 eps^2] and sigma E[f''] = E[f' eps]."""
    moments = find_problem(COSTS[cost].problem).moments
    if moments is None:
        raise ValueError(f"{cost} has no closed forms")
    m = moments(1, **knobs_of(cost, omega))[0]
    slope = m.squared_slope(0, mu, sigma)
    curvature = sigma**2 * m.curvature_variance(mu, sigma) + m.slope(1, mu, sigma) ** 2
    return Excess(slope, curvature, m.squared_slope(2, mu, sigma) - slope - 2.0 * curvature)


@lru_cache(maxsize=512)
def curve(cost: str, name: str, mu: float, omega: float) -> np.ndarray:
    """The exact variance over `SIGMA`; not a number where it is zero, which has no logarithm."""
    found = np.array([exact(cost, name, mu, sigma, omega) for sigma in SIGMA.tolist()])
    return np.where(found > ROUNDING, found, np.nan)


@lru_cache(maxsize=512)
def crossings(cost: str, mu: float, omega: float) -> tuple[float, ...]:
    """The sigmas of the slider's range where neither is quieter, ascending."""

    def ahead(sigma: float) -> float:
        return sum(excess(cost, mu, sigma, omega))

    path, second = (np.nan_to_num(curve(cost, name, mu, omega)) for name in NAMES)
    sides = np.sign(path - second)
    found = []
    for i in np.flatnonzero(sides[1:] * sides[:-1] < 0):
        low, high = SIGMA[i], SIGMA[i + 1]
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if np.sign(ahead(middle)) == sides[i] else (low, middle)
        found.append(float(low))
    return tuple(found)


def frame(mu: float, sigma: float, seed: int, cost: str, omega: float = 3.0) -> Frame:
    """Single estimates of both, and where their variances stand.

    Args:
        mu, sigma: of the bell.
        seed: of the draws, the same for both.
        cost: a name of `COSTS`.
        omega: the frequency of a wave.
    """
    traces: dict[str, Mapping[str, np.ndarray]] = {}
    numbers: dict[str, float | str] = dict(excess(cost, mu, sigma, omega)._asdict())
    unit = math.sqrt(exact(cost, "pathwise", mu, sigma, omega))
    for name in NAMES:
        planned = Experiment(
            COSTS[cost].problem, name, mu, sigma, 1, 1, DRAWS, seed, knobs_of(cost, omega)
        )
        single = estimates(planned).gradient["scale"]
        truth = float(planned.exact().gradient["scale"][0])
        traces |= _histogram(name, (single - truth) / unit)
        traces[f"{name} over sigma"] = {"x": SIGMA, "y": curve(cost, name, mu, omega)}
        known, measured = exact(cost, name, mu, sigma, omega), float(single.var(ddof=1))
        for which, value in (("here", known), ("measured", measured)):
            shown = value if value > ROUNDING else np.nan
            traces[f"{name} {which}"] = {"x": np.array([sigma]), "y": np.array([shown])}
            numbers[f"{which}_{name}"] = short(value if value > ROUNDING else 0.0)
        numbers["exact"] = truth
    return Frame(traces, numbers | {"verdict": verdict(cost, mu, sigma, omega)})


def _histogram(name: str, off: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Counts relative to the highest, and a word on how many lie outside the window."""
    edges = np.linspace(-WINDOW, WINDOW, BINS + 1)
    counts, _ = np.histogram(off, edges)
    outside = 100.0 * float((np.abs(off) > WINDOW).mean())
    told = f"{outside:.0f} % outside" if outside >= 1.0 else ""
    corner = {"x": np.array([WINDOW]), "y": np.array([1.0]), "text": np.array([told])}
    heights = counts / max(counts.max(), 1)
    return {
        name: {"x": bar_centres(-WINDOW, WINDOW, BINS), "y": heights},
        f"{name} outside": corner,
    }


def verdict(cost: str, mu: float, sigma: float, omega: float) -> str:
    """Who is quieter here, how much, and where that changes."""
    path, second = (exact(cost, name, mu, sigma, omega) for name in NAMES)
    if second <= ROUNDING:
        return "The curvature is the same at every z, so its estimate has no noise at all."
    best, ratio = ("curvature", path / second) if path > second else ("path", second / path)
    told = f"Here the {best} is quieter by a factor of {short(ratio)}"
    places = crossings(cost, mu, omega)
    if not places:
        return f"{told}, and it is so at every σ of the slider."
    changes = " and ".join(short(place) for place in places)
    return f"{told}; at this μ they change places at σ = {changes}."


def draw(now: Frame, cost: str) -> go.Figure:
    """Two histograms at the left, one above the other; the variances over sigma at the right."""
    fig = go.Figure()
    for name, panel in zip(NAMES, ("", "2"), strict=True):
        _bars(fig, now, name, panel)
    for name in NAMES:
        shade, title = theme.estimator_var(name), ESTIMATORS[name].title
        over, here, measured = (
            now.traces[f"{name} {w}"] for w in ("over sigma", "here", "measured")
        )
        hover = f"<b>{title}</b><br>variance %{{y:.3g}} at σ = %{{x:.2f}}"
        right = axis("3")
        add_line(fig, f"{name} over sigma", over, shade, width=3, hover=hover, **right)
        add_dots(fig, f"{name} here", here, shade, 12, edge=RIM, **right)
        hover = f"<b>{title}</b><br>measured: %{{y:.3g}}"
        open_rim: dict[str, Any] = {"symbol": "diamond-open", "edge": 2, **right}
        add_dots(fig, f"{name} measured", measured, shade, 15, hover, **open_rim)
    words(fig, "lines: exact, ◇: measured", theme.var("muted"), "3")
    _axes(fig, cost)
    return fig


def _bars(fig: go.Figure, now: Frame, name: str, panel: str) -> None:
    shade = theme.estimator_var(name)
    fig.add_bar(
        name=name,
        x=now.traces[name]["x"],
        y=now.traces[name]["y"],
        marker={"color": shade, "line": {"width": 0}},
        hovertemplate="off by around %{x:.2g}<extra></extra>",
        **axis(panel),
    )
    truth = {"x": np.array([0.0, 0.0]), "y": np.array([0.0, 1.0])}
    ink = theme.var("ink")
    add_line(fig, f"truth {panel}", truth, ink, dash="dash", width=1.5, **axis(panel))
    moving(fig, f"{name} outside", now.traces[f"{name} outside"], shade, panel, "middle left")
    words(
        fig, {"pathwise": "Path: f′(z) ε", "second_order": "Curvature: σ f″(z)"}[name], shade, panel
    )


def _axes(fig: go.Figure, cost: str) -> None:
    plain = {"zeroline": False, "showgrid": False}
    span = {"domain": [0, 0.46], "range": [-WINDOW, WINDOW], **plain}
    bars = {"range": [0, 1.28], "visible": False, **plain}
    fig.update_layout(
        xaxis={"anchor": "y", "showticklabels": False, **span},
        yaxis={"domain": [0.54, 1], "anchor": "x", **bars},
        xaxis2={"anchor": "y2", "title": OFF, **span},
        yaxis2={"domain": [0, 0.46], "anchor": "x2", **bars},
        xaxis3={
            "domain": [0.58, 1],
            "anchor": "y3",
            "title": "σ",
            "type": "log",
            "range": [-1.02, 0.33],
            "tickvals": [0.1, 0.2, 0.5, 1, 2],
        },
        yaxis3={
            "anchor": "x3",
            "title": "variance of one estimate",
            "type": "log",
            "range": list(COSTS[cost].powers),
            "dtick": 2,
            "exponentformat": "power",
        },
        bargap=0,
        uirevision=f"variance {cost}",
        hovermode="closest",
        showlegend=False,
        meta={"narrow": NARROW},
    )


OFF = "an estimate less the exact gradient in σ, in deviations of the path’s"
NARROW = {
    "xaxis.domain": [0, 1],
    "xaxis2.domain": [0, 1],
    "yaxis.domain": [0.8, 1],
    "yaxis2.domain": [0.57, 0.77],
    "xaxis3.domain": [0.08, 1],
    "yaxis3.domain": [0, 0.42],
    "height": 560,
}
