"""The two pictures of the race: one race step by step, and how many races end."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pages.estimators.race import fates, picture, ways
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport
from vae_core.lab import PROBLEMS
from vae_core.lab.race import race, run

SLIDERS = (
    Param("rate", "learning rate", positions=ways.RATES, default=0.1, format="g"),
    Param("k", "samples K a step", positions=ways.SAMPLES, default=1, format="d"),
    Param("mu", "start μ", positions=ways.STARTS_MU, default=2, colour="mu", format="g"),
    Param("sigma", "start σ", positions=ways.STARTS_SIGMA, default=1, colour="sigma", format="g"),
    Param("seed", "seed", kind="seed", maximum=999_999, default=3),
)
TIME = Transport(
    Param("n", "step", positions=ways.KNOTS, default=ways.STEPS, format="d"), seconds=6
)

SINE: dict[str, Any] = {"problem": "sine", "mu": -1, "sigma": 2, "rate": 0.2}
WILD = ways.setting(**SINE, k=1, seed=3)


def one_race(lesson: Lesson, problem: str, names: tuple[str, ...], against: str) -> Picture:
    """Paths over the map and losses, as far as the race has come."""
    return Picture(
        frame=picture.frame,
        figure=partial(picture.figure, names=names, problem=problem, against=against),
        params=SLIDERS,
        transport=TIME,
        extra={"problem": problem, "names": names, "against": against},
        takeaway="{verdict}",
        tex=lesson.text("formula_elbo" if PROBLEMS[problem].elbo else "formula"),
        table=picture.table(names),
        presets=(
            Preset(lesson.text("try_calm"), {"rate": 0.05, "k": 20}),
            Preset(lesson.text("try_fast"), {"rate": 0.5}),
            Preset(lesson.text("try_step"), {"problem": "step", "mu": 1, "k": 5, "rate": 0.5}),
            Preset(lesson.text("try_sine", lost=fates.fates("pathwise", WILD).diverged), SINE),
            Preset(lesson.text("try_elbo"), {"problem": "gaussian_elbo", "mu": -2, "k": 5}),
            Preset(lesson.text("try_valleys"), {"problem": "double_well", "mu": 0, "rate": 0.02}),
        ),
        source=(race, run),
        height=360,
    )


def many_races(problem: str, names: tuple[str, ...], values: Mapping[str, Any]) -> Picture:
    """How a hundred races from where the sliders stand end, for each estimator."""
    at = ways.setting(problem, **{slider.key: values[slider.key] for slider in SLIDERS})
    counted = {name: fates.fates(name, at) for name in names}
    return Picture(
        frame=fates.frame,
        figure=partial(fates.draw, names=names, at=at),
        extra={"names": names, "at": at},
        takeaway=fates.takeaway(counted),
        table=fates.table(counted),
        height=fates.height(len(names)),
    )
