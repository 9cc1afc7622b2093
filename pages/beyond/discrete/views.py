"""The four views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pages.beyond.discrete import rows, simplex, steps, temperature
from pages.beyond.discrete.costs import COSTS, LOGITS
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset
from vae_core.estimators import ESTIMATORS
from vae_core.estimators.discrete import rebar, straight_through
from vae_core.families.entries.categorical import Categories
from vae_core.families.entries.discrete import BernoulliByLogit
from vae_core.lab.exact.coin import law

ETA = Param(
    "eta",
    "logit η",
    *LOGITS,
    0.2,
    default=-1.0,
    format=".1f",
    help="log p / (1 - p): the parameter that the gradient is taken in.",
)
LAST = Param(
    "eta",
    "logit η₂",
    *LOGITS,
    0.2,
    default=-1.0,
    format=".1f",
    help="Of the last of three categories; η₀ is 0 and η₁ is 1.",
)
DRAWS = Param(
    "k", "draws K", positions=(1, 2, 3, 5, 10, 20, 50, steps.MOST), default=20, format="d"
)
TAU = Param(
    "tau",
    "temperature τ",
    positions=(0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
    default=0.5,
    format=".2f",
    help="Low: the relaxed z is nearly z. High: it hardly leaves the middle.",
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)


def _steps(lesson: Lesson, of: str) -> Picture:
    return Picture(
        frame=steps.frame,
        figure=partial(steps.draw, cost=of),
        steady=True,
        params=(ETA, DRAWS, SEED),
        extra={"cost": of},
        takeaway=lesson.text("takeaway_steps"),
        tex=lesson.text("formula_steps"),
        table={
            "p": "{p:.5f}",
            "f(0) and f(1)": "{low:.4f} and {high:.4f}",
            "E[f]": "{exact:.5f}",
            "its slope in η": "{slope:.5f}",
            "draws with z = 1": "{ones:d}",
            "their average of f": "{average:.5f}",
            "where the next of them jumps": "{next}",
        },
        presets=(
            Preset(lesson.text("try_one"), {"k": 1, "eta": 0}),
            Preset(lesson.text("try_many"), {"k": steps.MOST}),
            Preset(lesson.text("try_rows"), {"view": "rows"}),
        ),
        source=(BernoulliByLogit.transform,),
        height=360,
    )


def _rows(lesson: Lesson, of: str) -> Picture:
    measured = {
        f"{ESTIMATORS[name].title}: mean, spread, measured mean": (
            f"{{{name}_mean:.5f}}, {{{name}_spread:.5f}}, {{{name}_measured:.5f}}"
        )
        for name in rows.NAMES
    }
    return Picture(
        frame=rows.frame,
        figure=partial(rows.draw, cost=of),
        steady=True,
        params=(ETA, TAU, SEED),
        extra={"cost": of},
        takeaway="{told}",
        tex=lesson.text("formula_rows"),
        table={"gradient": "{gradient:.5f}", **measured},
        presets=(
            Preset(lesson.text("try_line"), {"view": "rows", "cost": "line"}),
            Preset(lesson.text("try_sign"), {"view": "rows", "cost": "sine", "eta": 0.2}),
            Preset(
                lesson.text("try_control"), {"view": "rows", "cost": "exp", "eta": 0.4, "tau": 5}
            ),
        ),
        source=[ESTIMATORS[name].function for name in rows.NAMES],
        height=470,
    )


def _temperature(lesson: Lesson, of: str) -> Picture:
    stay = {"view": "temperature"}
    titles = {name: ESTIMATORS[name].title for name in temperature.NAMES}
    return Picture(
        frame=temperature.frame,
        figure=partial(temperature.draw, cost=of),
        steady=True,
        params=(TAU, ETA),
        extra={"cost": of},
        takeaway=lesson.text("takeaway_temperature"),
        tex=lesson.text("formula_temperature"),
        table={
            f"{title}: bias, deviation": f"{{{name}_bias:.5f}}, {{{name}_spread:.5f}}"
            for name, title in titles.items()
        },
        presets=(
            Preset(lesson.text("try_cold"), {**stay, "tau": 0.05}),
            Preset(lesson.text("try_hot"), {**stay, "cost": "exp", "eta": 0.4, "tau": 5}),
        ),
        source=(law, rebar, straight_through),
        height=400,
    )


def _simplex(lesson: Lesson, of: str) -> Picture:
    stay = {"view": "simplex"}
    return Picture(
        frame=simplex.frame,
        figure=partial(simplex.draw, cost=of),
        steady=True,
        params=(TAU, LAST, SEED),
        extra={"cost": of},
        takeaway=lesson.text("takeaway_simplex"),
        tex=lesson.text("formula_simplex"),
        table={
            "gradient in η₀, η₁, η₂": "{gradient0:.4f}, {gradient1:.4f}, {gradient2:.4f}",
            "chance of 0, 1, 2": "{chance0:.4f}, {chance1:.4f}, {chance2:.4f}",
            "drawn": "{drawn0:.4f}, {drawn1:.4f}, {drawn2:.4f}",
        }
        | {
            f"{ESTIMATORS[name].title}: measured means": ", ".join(
                f"{{{name}_mean{i}:.4f}}" for i in range(3)
            )
            for name in simplex.NAMES
        },
        presets=(
            Preset(lesson.text("try_corners"), {**stay, "tau": 0.05}),
            Preset(lesson.text("try_middle"), {**stay, "tau": 5}),
            Preset(lesson.text("try_order"), {**stay, "cost": "line"}),
        ),
        source=(Categories.perturbed, Categories.relax),
        height=470,
    )


class View(NamedTuple):
    """A way to look at a coin's gradient: its title, and its picture for a cost."""

    title: str
    build: Callable[[Lesson, str], Picture]


VIEWS: dict[str, View] = {
    "steps": View("Why there is no path", _steps),
    "rows": View("Estimators", _rows),
    "temperature": View("Temperature", _temperature),
    "simplex": View("Three categories", _simplex),
}
TITLES = {name: cost.title for name, cost in COSTS.items()}
