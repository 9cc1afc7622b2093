"""The three views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pages.obstacle.stuck import density, support, ways
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport
from vae_core.estimators import ESTIMATORS
from vae_core.families.leibniz import (
    by_change_of_variables,
    by_log_derivative,
    density_slopes,
    moving_support,
    through_cost,
    through_density,
)

MU = Param("mu", "mean μ", -2, 2, 0.05, default=1.5, colour="mu", help="The bell's middle.")
IN_COST = Param(
    "c",
    "c, μ in the cost",
    0,
    2,
    0.05,
    default=0,
    help="The cost is z² + c μ: how much of it knows μ itself.",
)
THETA = Param("theta", "end θ", 0.5, support.MOST_THETA, 0.025, default=2, colour="theta")
STEP_H = Param("h", "step h of θ", 0.02, support.MOST_STEP, 0.02, default=0.4)
DRAWS = Param(
    "k",
    "samples K",
    positions=(5, 10, 20, 30, 50, 100, 200, 300, 500, 1000),
    default=100,
    format="d",
    help="How many draws are averaged.",
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
STEP = Param("step", "step", ways.STUCK, ways.DRAWN, 1, default=ways.DRAWN, format="d")


def _density(lesson: Lesson) -> Picture:
    return Picture(
        frame=density.frame,
        figure=density.draw,
        steady=True,
        params=(MU, IN_COST),
        takeaway=lesson.text("takeaway_density"),
        tex=lesson.text("formula_density"),
        table={
            "area of ∂q/∂μ, its halves": "{slope_negative:.4f} and {slope_positive:.4f}",
            "area of f ∂q/∂μ, its halves": "{stuck_negative:.4f} and {stuck_positive:.4f}",
            "area of f ∂q/∂μ": "{stuck:.4f}",
            "area of q ∂f/∂μ": "{seen:.4f}",
            "truth, 2μ + c": "{truth:.4f}",
            "naive estimator": "{naive:.4f}",
            "area of z² ∂q/∂σ, truth 2σ = 2": "{by_sigma:.4f}",
        },
        presets=(
            Preset(lesson.text("try_zero"), {"mu": 0}),
            Preset(lesson.text("try_toll"), {"c": 1}),
            Preset(lesson.text("try_support"), {"view": "support"}),
        ),
        source=(density_slopes, through_density, through_cost),
        height=370,
    )


def _support(lesson: Lesson) -> Picture:
    return Picture(
        frame=support.frame,
        figure=support.draw,
        narrow=support.draw_narrow,
        steady=True,
        params=(THETA, STEP_H),
        takeaway=lesson.text("takeaway_support"),
        tex=lesson.text("formula_support"),
        table={
            "E[z²] = θ²/3": "{mean:.4f}",
            "E[z²] at θ + h": "{mean_after:.4f}",
            "lost inside, per unit of θ": "{step_inside:.4f}, and {interior:.4f} as h goes to zero",
            "gained at the end, per unit": "{step_gained:.4f}, and {boundary:.4f}",
            "both": "{step_both:.4f}, and {truth:.4f}",
            "REINFORCE averages to": "{score:.4f}",
            "z = θ u averages to": "{path:.4f}",
            "naive estimator": "{naive:.4f}",
        },
        presets=(
            Preset(lesson.text("try_small"), {"view": "support", "h": 0.02}),
            Preset(lesson.text("try_far"), {"view": "support", "theta": 3}),
        ),
        source=(moving_support,),
        height=330,
    )


def _ways(lesson: Lesson) -> Picture:
    sentences = tuple(lesson.text(f"step_{step}") for step in range(ways.STUCK, ways.DRAWN + 1))
    return Picture(
        frame=ways.frame,
        figure=ways.draw,
        narrow=ways.draw_narrow,
        steady=True,
        params=(MU, DRAWS, SEED),
        transport=Transport(STEP, seconds=6),
        extra={"sentences": sentences},
        takeaway="{told}",
        tex=lesson.text("formula_ways"),
        table={
            "truth, 2μ": "{truth:.4f}",
            "∫ z² ∂q/∂μ dz": "{stuck:.4f}",
            "E[z² ∂log q/∂μ]": "{integral_score:.4f}",
            "E[2(μ + ε)]": "{integral_path:.4f}",
            "mean of K draws, log-derivative": "{score:.4f} ± {score_error:.4f}",
            "mean of K draws, change of variables": "{path:.4f} ± {path_error:.4f}",
            "naive estimator": "{naive:.4f}",
        },
        presets=(
            Preset(lesson.text("try_stuck"), {"view": "ways", "step": 1}),
            Preset(lesson.text("try_many"), {"view": "ways", "k": 1000}),
            Preset(lesson.text("try_few"), {"view": "ways", "k": 5}),
        ),
        source=(
            by_log_derivative,
            by_change_of_variables,
            *(ESTIMATORS[name].function for name in ("score", "pathwise", "naive")),
        ),
        height=370,
    )


class View(NamedTuple):
    """A way to look at the obstacle: what the picker calls it, and its picture."""

    title: str
    build: Callable[[Lesson], Picture]


VIEWS: dict[str, View] = {
    "density": View("Density", _density),
    "support": View("Moving support", _support),
    "ways": View("Two ways out", _ways),
}
