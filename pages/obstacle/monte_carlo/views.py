"""The four views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from pages.obstacle.monte_carlo import average, bias, error, weights, weights_drawn
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport
from vae_core.families.cube import grid_value, measured_errors, wave, wave_mean
from vae_core.families.monte_carlo import (
    log_mean_of_squares,
    running,
    squared_over,
    weigh,
    weighted_variance,
)

SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
DRAWN = Param(
    "n", "draws K", positions=tuple(range(1, average.MOST + 1)), default=100, format="d", colour="z"
)
DIM = Param(
    "dim",
    "dimensions D",
    positions=tuple(range(1, error.MOST_DIMS + 1)),
    default=10,
    format="d",
    colour="z",
    help="z is uniform on the cube of so many dimensions.",
)
BUDGET = Param(
    "budget",
    "evaluations K",
    positions=tuple(float(f"{10**power:.2g}") for power in np.linspace(1, 5, 101)),
    default=error.MOST_BUDGET,
    format=",d",
    help="How often f is evaluated, by draws or by the grid.",
)
SAMPLES = Param(
    "k",
    "draws K",
    positions=tuple(int(k) for k in bias.ALONG),
    default=4,
    format="d",
    help="How many draws one estimate averages over.",
)
MU = Param(
    "mu",
    "mean μ",
    -1,
    5,
    0.1,
    default=3,
    colour="mu",
    help="Of the proposal q, whose bell can be dragged, too.",
)
SIGMA = Param("sigma", "deviation σ", 0.4, 2.5, 0.05, default=1, colour="sigma")
WEIGHED = Param(
    "weighed",
    "draws K",
    positions=(10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, weights.MOST),
    default=100,
    format="d",
)


def _average(lesson: Lesson, of: str) -> Picture:
    return Picture(
        frame=average.frame,
        figure=partial(average.draw, cost=of),
        frames_js="monte_carlo",
        constants=average.constants,
        steady=True,
        params=(SEED,),
        transport=Transport(DRAWN, seconds=8, buttons=(("draw 1", 1), ("draw 100", 100))),
        extra={"cost": of},
        takeaway=lesson.text("takeaway_average"),
        tex=lesson.text("formula_average"),
        table={
            "integral": "{exact:.5f}",
            "mean of the draws": "{mean:.5f}",
            "its standard error": "{error:.5f}",
            "newest draw z": "{z:.4f}",
            "what it says, f(z)": "{value:.4f}",
        },
        presets=(
            Preset(lesson.text("try_one"), {"n": 1}),
            Preset(lesson.text("try_chance"), {"f": "above", "n": 20}),
            Preset(lesson.text("try_error"), {"view": "error"}),
        ),
        source=(average.draws, running),
        height=370,
    )


def _error(lesson: Lesson, _of: str) -> Picture:
    return Picture(
        frame=error.frame,
        figure=error.draw,
        steady=True,
        params=(DIM, BUDGET, SEED),
        takeaway="{told}",
        tex=lesson.text("formula_error"),
        table={
            "integral over the cube": "{exact:.6f}",
            "deviation of f(z)": "{deviation:.4f}",
            "error of K draws": "{by_draws:.3g}",
            "slope of the measured dots": "{slope:.3f}",
            "points an axis": "{points:d}",
            "points of that grid": "{cells:,d}",
            "error of the grid": "{by_grid:.3g}",
        },
        presets=(
            Preset(lesson.text("try_line"), {"view": "error", "dim": 1, "budget": 100}),
            Preset(lesson.text("try_four"), {"view": "error", "dim": 4}),
            Preset(lesson.text("try_twenty"), {"view": "error", "dim": 20}),
        ),
        source=(wave, wave_mean, measured_errors, grid_value),
        height=370,
    )


def _bias(lesson: Lesson, _of: str) -> Picture:
    return Picture(
        frame=bias.frame,
        figure=bias.draw,
        steady=True,
        params=(SAMPLES, SEED),
        takeaway=lesson.text("takeaway_bias"),
        tex=lesson.text("formula_bias"),
        table={
            "mean of K draws, truth 1, average": "{measured_mean:.4f}",
            "first draw alone, truth 1, average": "{measured_first:.4f}",
            "log of the mean, truth 0, average": "{measured:.4f}",
            "bias of the log, exactly": "{bias:.4f}",
            "−1/K": "{rule:.4f}",
            "spread of the log": "{spread_log:.4f}",
            "spread of the mean": "{spread:.4f}",
        },
        presets=(
            Preset(lesson.text("try_single"), {"view": "bias", "k": 1}),
            Preset(lesson.text("try_settled"), {"view": "bias", "k": bias.MOST}),
        ),
        source=(bias.estimates, log_mean_of_squares),
        height=390,
    )


def _weights(lesson: Lesson, of: str) -> Picture:
    stay = {"view": "weights", "of": of}
    return Picture(
        frame=weights.frame,
        figure=partial(weights_drawn.draw, of=of),
        steady=True,
        params=(MU, SIGMA, WEIGHED, SEED),
        handles=(Handle("q(z)", "mu", body=True),),
        hint=lesson.text("hint"),
        extra={"of": of},
        takeaway="{told}",
        tex=lesson.text("formula_weights"),
        table={
            "truth": "{truth:.6f}",
            "plain draws": "{plain:.6f} ± {plain_error:.6f}",
            "weighted": "{weighted:.6f} ± {weighted_error:.6f}",
            "self-normalized": "{normalized:.6f} ± {normalized_error:.6f}",
            "exact ± of plain draws": "{plain_deviation:.6f}",
            "exact ± of weighted draws": "{deviation}",
            "a weighted draw is worth so many plain ones": "{gain}",
            "effective sample size": "{effective:.2f}",
            "its share of K in the long run, 1/E[w²]": "{even}",
            "share of the largest weight": "{largest:.3f}",
        },
        presets=(
            Preset(lesson.text("try_plain"), {**stay, "of": "rare", "mu": 0}),
            Preset(lesson.text("try_eaten"), {**stay, "of": "square"}),
            Preset(lesson.text("try_narrow"), {**stay, "of": "square", "mu": 0, "sigma": 0.4}),
            Preset(lesson.text("try_wide"), {**stay, "of": "square", "mu": 0, "sigma": 1.5}),
        ),
        source=(weigh, squared_over, weighted_variance),
        height=400,
    )


class View(NamedTuple):
    """A way to look at estimates.

    Attributes:
        title: what the picker calls it.
        build: its picture, for what the second picker says.
        control, label, options: the second picker's name, label and titles by name, if it has one.
    """

    title: str
    build: Callable[[Lesson, str], Picture]
    control: str = ""
    label: str = ""
    options: dict[str, str] = {}  # noqa: RUF012 - a default that nothing writes to


VIEWS: dict[str, View] = {
    "average": View(
        "Average", _average, "f", "f(z)", {name: cost.title for name, cost in average.COSTS.items()}
    ),
    "error": View("Error", _error),
    "bias": View("Bias", _bias),
    "weights": View(
        "Weights", _weights, "of", "Estimate", {n: a.title for n, a in weights.ASKED.items()}
    ),
}
