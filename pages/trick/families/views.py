"""The three views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pages.trick.families import average, cdf, move, rows
from pages.trick.families import member as m
from pages.trick.families.sliders import params, slots
from pages.trick.families.window import window
from pages.ui import controls, theme
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport
from vae_core.families import FAMILIES

SAMPLES = Param(
    "n",
    "samples",
    positions=(1, 2, 3, 5, 8, 12, 20, 30, 50, 100, 200),
    default=30,
    colour="z",
    format="d",
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
TIME = Transport(Param("t", "time on the way", 0, 1, 0.02, default=1, colour="z"), seconds=3)
HEIGHT = Param("u", "height u", 0.02, 0.98, 0.02, default=0.7, colour="eps")
STARTS, PARTS = (0.8, 0.66), 50


def grain(family: str) -> tuple[Param, ...]:
    """Sliders of the first two numbers of the noise."""
    return tuple(_grain(family, i) for i in range(min(m.behind(family), 2)))


def _grain(family: str, which: int) -> Param:
    low, high = m.reach(family, which)
    step = (high - low) / PARTS
    walk = [round(low + k * step, 6) for k in range(PARTS + 1)]
    middle = float(m.middle(family).reshape(-1)[which])
    uniform = (low, high) == (0.0, 1.0)
    start = middle if which else low + STARTS[not uniform] * (high - low)
    letter = "u" if uniform else "ε"
    if uniform:  # whose ends may have no quantile
        walk = walk[1:-1]
    return Param(
        "eps_2" if which else "eps",
        f"one noise {letter}" + ("₁₂"[which] if m.behind(family) > 1 else ""),
        positions=tuple(walk),
        default=min(walk, key=lambda p: abs(p - start)),
        colour="eps",
    )


def present(family: str) -> m.Values:
    """Where the sliders of the parameters stand in the address."""
    return tuple(
        float(controls.read(param.key, param.default, param.parse)[0]) for param in params(family)
    )


def code(family: str, name: str) -> Callable[..., Any]:
    """One of the methods of a family's entry."""
    found: Callable[..., Any] = getattr(FAMILIES[family].make, name)
    return found


def _sentences(lesson: Lesson, view: str, cases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(lesson.text(f"{view}_{case}") for case in cases)


def _move(lesson: Lesson, family: str, by: str, _cost: str) -> Picture:
    entry, kind = FAMILIES[family], move.kind(family)
    formula, comma, rest = entry.formula.partition(r",\quad")
    symbol = next(slot.symbol for slot in slots(family) if slot.key == by)
    return Picture(
        frame=move.frame,
        figure=rows.draw,
        steady=True,
        params=(*params(family), *grain(family), SAMPLES, SEED),
        transport=TIME,
        handles=(Handle("one ε", "eps"),),
        extra={
            "family": family,
            "by": by,
            "window": window(family, present(family)),
            "sentences": _sentences(lesson, "move", (*move.KINDS, "out")),
        },
        takeaway="{told}",
        hint=lesson.text("hint_move"),
        tex=lesson.text(
            "formula_move",
            formula=theme.colour_tex(formula or r"T(\varepsilon; \theta)"),
            rest=theme.colour_tex(comma + rest),
            symbol=symbol,
        ),
        table={
            "z of the chosen noise": "{z_told}",
            f"∂z/∂{theme.plain(symbol)}, the noise held": "{slope_told}",
            "mean of the samples" + (", first number" if kind == "vector" else ""): "{mean:.4f}",
            "samples out of sight": "{out:.0f}",
        },
        presets=_presets(lesson),
        source=(code(family, "transform"), m.slopes),
        height=390,
    )


def step(family: str, by: str) -> Param:
    """The slider of the step of a parameter."""
    one = move.nudge(family, by)
    letter = next(slot.letter for slot in slots(family) if slot.key == by)
    walk = tuple(round(one * k / 2.0, 6) for k in range(1, 11))
    return Param("h", f"step h of {letter}", positions=walk, default=walk[1], format=".3g")


def _cdf(lesson: Lesson, family: str, by: str, _cost: str) -> Picture:
    entry = FAMILIES[family]
    symbol = next(slot.symbol for slot in slots(family) if slot.key == by)
    smooth, jump = (lesson.text(f"formula_{n}", symbol=symbol) for n in ("cdf", "jump"))
    return Picture(
        frame=cdf.frame,
        figure=cdf.draw,
        steady=True,
        params=(*params(family), HEIGHT, step(family, by)),
        handles=(Handle("z", "u", axis="y"),),
        extra={
            "family": family,
            "by": by,
            "window": window(family, present(family)),
            "sentences": _sentences(lesson, "cdf", cdf.KINDS),
        },
        takeaway="{told}",
        hint=lesson.text("hint_cdf"),
        tex=jump if entry.discrete else smooth,
        table={
            "z at height u": "{z:.4f}",
            "z at that height after the step": "{moved:.4f}",
            "moved, per unit": "{ratio:.6f}",
            "fall of F at z": "{fell:.6f}",
            "q(z)": "{q:.6f}",
            "−(∂F/∂θ) / q": "{slope:.6f}",
            "∂z/∂θ along the registry's own path": "{path}",
        },
        presets=_presets(lesson),
        source=(cdf.implicit, code(family, "cdf")),
        height=370,
    )


def _average(lesson: Lesson, family: str, _by: str, cost: str) -> Picture:
    seed = controls.read("seed", SEED.default, SEED.parse)[0]
    return Picture(
        frame=average.frame,
        figure=average.draw,
        steady=True,
        params=(*params(family), SEED),
        extra={
            "family": family,
            "cost": cost,
            "sides": average.limits(family, present(family), cost, int(seed)),
            "sentences": _sentences(lesson, "average", average.KINDS),
        },
        takeaway="{told}",
        tex=lesson.text("formula_average", f=average.tex(family, cost)),
        table={
            "E[f(z)]": "{exact}",
            "means of the three runs": "{mean_1:.4f}, {mean_2:.4f}, {mean_3:.4f}",
            "E|z|ʳ is finite for r below": "{order}",
        },
        presets=_presets(lesson),
        source=(average.running, m.average),
        height=340,
    )


def _presets(lesson: Lesson) -> tuple[Preset, ...]:
    states: dict[str, dict[str, Any]] = {
        "gamma": {"family": "gamma", "view": "cdf", "by": "concentration", "u": 0.3},
        "poisson": {"family": "poisson", "view": "cdf"},
        "cauchy": {"family": "cauchy", "view": "average"},
        "calm": {"family": "cauchy", "view": "average", "f": "tanh"},
        "uniform": {"family": "uniform", "by": "high"},
        "dirichlet": {"family": "dirichlet", "concentration_1": 0.5},
    }
    return tuple(Preset(lesson.text(f"try_{name}"), state) for name, state in states.items())


class View(NamedTuple):
    """A way to look at a family: what the picker calls it, and its picture."""

    title: str
    build: Callable[[Lesson, str, str, str], Picture]


VIEWS: Mapping[str, View] = {
    "move": View("The move", _move),
    "cdf": View("At one height", _cdf),
    "average": View("The average", _average),
}


def views_of(family: str) -> dict[str, str]:
    """The views' titles; of a vector there is no CDF to look at."""
    vector = FAMILIES[family].vector
    return {n: view.title for n, view in VIEWS.items() if not (vector and n == "cdf")}
