"""The two views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pages.trick.lotus import bars, grains
from pages.trick.lotus.shape import (
    BENT,
    FALLING,
    FLAT,
    KEYS,
    KINDS,
    KNOTS,
    LINE,
    MOST_GRAINS,
    TURNING,
)
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset
from pages.ui.numbers import number
from vae_core.families.drawn import Drawn
from vae_core.families.transforms import image_mass, over_noise, over_samples

HEIGHTS = tuple(
    Param(
        key,
        f"ϕ{'₁₂₃₄₅'[i]} = g({number(knot, 0)})",
        -2.5,
        2.5,
        0.1,
        default=height,
        colour="phi",
        format=".1f",
        help=f"The height of g at ε = {number(knot, 0)}.",
    )
    for i, (key, knot, height) in enumerate(zip(KEYS, KNOTS, BENT, strict=True))
)
DRAG = tuple(Handle(key, key, axis="y") for key in KEYS)
GRAINS = Param(
    "k",
    "grains K",
    positions=(10, 20, 40, 70, 100, 200, 400, 700, MOST_GRAINS),
    default=200,
    format="d",
    help="How many grains are weighed; the first thirty are drawn.",
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
EPS = Param("eps", "one ε", -2.5, 2.5, 0.05, default=-0.7, colour="eps", help="Its bar is chosen.")


def phi(heights: tuple[float, ...]) -> dict[str, float]:
    """A shape of g as a state of the page."""
    return dict(zip(KEYS, heights, strict=True))


def _sentences(lesson: Lesson, view: str, cases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(lesson.text(f"{view}_{case}") for case in cases)


def _grains(lesson: Lesson, weight: str) -> Picture:
    start: dict[str, object] = {} if weight == "square" else {"f": weight}
    return Picture(
        frame=grains.frame,
        figure=grains.draw,
        narrow=grains.draw_narrow,
        steady=True,
        params=(*HEIGHTS, GRAINS, SEED),
        handles=DRAG,
        extra={"weight": weight, "sentences": _sentences(lesson, "grains", KINDS)},
        takeaway="{told}",
        hint=lesson.text("hint_grains"),
        tex=lesson.text("formula_grains"),
        table={
            "average over ε, by quadrature": "{over_eps:.6f}",
            "average over z, by quadrature": "{over_z:.6f}",
            "of it from the fullest branch alone": "{one_branch:.6f}",
            "sand in that branch": "{mass:.2f} %",
            "sand on single values of z": "{atoms:.2f} %",
            "average of the K grains": "{grains:.6f}",
        },
        presets=(
            Preset(lesson.text("try_turn"), {**start, **phi(TURNING)}),
            Preset(lesson.text("try_flat"), {**start, **phi(FLAT)}),
            Preset(lesson.text("try_chance"), {"f": "above"}),
            Preset(lesson.text("try_bars"), {"view": "bars"}),
        ),
        source=(over_noise, over_samples),
        height=400,
    )


def _bars(lesson: Lesson, _weight: str) -> Picture:
    view: dict[str, object] = {"view": "bars"}
    return Picture(
        frame=bars.frame,
        figure=bars.draw,
        narrow=bars.draw_narrow,
        steady=True,
        params=(EPS, *HEIGHTS),
        handles=(*DRAG, Handle("one ε", "eps")),
        extra={"sentences": _sentences(lesson, "bars", bars.CASES)},
        takeaway="{told}",
        hint=lesson.text("hint_bars"),
        tex=lesson.text("formula_bars"),
        table={
            "z = g(ε)": "{z:.4f}",
            "g′(ε), the stretch": "{slope:.4f}",
            "least and greatest |g′|": "{least:.4f} and {most:.4f}",
            "p(ε)": "{p:.4f}",
            "q(z), all branches": "{q:.4f}",
            "width of the bar and of its image": "{deps:.2f} and {dz:.4f}",
            "area over the bar": "{area_eps:.4f}",
            "area over its image": "{area_z:.4f}",
        },
        presets=(
            Preset(lesson.text("try_line"), {**view, **phi(LINE)}),
            Preset(lesson.text("try_falling"), {**view, **phi(FALLING)}),
            Preset(lesson.text("try_branches"), {**view, **phi(TURNING), "eps": 0.6}),
        ),
        source=(Drawn.share, Drawn.density, image_mass),
        height=400,
    )


class View(NamedTuple):
    """A way to look at the law: what the picker calls it, and its picture."""

    title: str
    build: Callable[[Lesson, str], Picture]


VIEWS: Mapping[str, View] = {
    "grains": View("The same grains", _grains),
    "bars": View("Bars that stretch", _bars),
}
