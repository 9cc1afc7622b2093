"""The two views of the ELBO: its symbols one by one, and the steps that lead to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pages.goal.elbo import network, steps, symbols
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport, live_figure
from pages.ui.numbers import number
from pages.ui.question import predict
from vae_core.vae.objective import anatomy
from vae_core.vae.posterior import rewritten

CONVENTIONS = {"weights": "weights of the networks", "density": "parameters of the densities"}
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
SYMBOL = Param("symbol", "symbol", 1, symbols.COUNT, 1, default=symbols.Q, format="d")
STEP = Param("step", "step", 1, steps.COUNT, 1, default=2, format="d")


@dataclass(frozen=True)
class View:
    """A view: its title, its own pickers, and what shows it for an image."""

    title: str
    show: Callable[..., None]
    pick: Callable[[], dict[str, Any]] = dict


def _pick_convention() -> dict[str, Any]:
    return {"convention": controls.choice("convention", "θ and ϕ are the", CONVENTIONS)}


def _symbols(lesson: Lesson, digit: int, convention: str) -> None:
    sentences = tuple(lesson.text(name) for name in symbols.sections(convention))
    live_figure(
        "symbols",
        Picture(
            frame=symbols.frame,
            figure=network.diagram(convention),
            params=(SEED,),
            transport=Transport(SYMBOL, seconds=60),
            extra={"digit": digit, "sentences": sentences},
            takeaway="{told}",
            hint=lesson.text("hint"),
            tex=lesson.text("formula"),
            table=symbols.TABLE,
            presets=(
                Preset(lesson.text("try_phi"), {"symbol": 4, "convention": "density"}),
                Preset(lesson.text("try_p"), {"symbol": 7}),
                Preset(lesson.text("try_log"), {"symbol": 9}),
                Preset(lesson.text("try_joint"), {"symbol": 12}),
            ),
            source=(anatomy,),
        ),
    )


def _steps(lesson: Lesson, digit: int) -> None:
    found = steps.solved(digit)
    predict(
        "what_jensen_loses",
        question=lesson.text("predict_question"),
        options={name: lesson.text(f"predict_{name}") for name in steps.GUESSES},
        answer="posterior",
        explanations={
            "posterior": lesson.text("why_posterior"),
            "prior": lesson.text("why_prior", kl=number(found.kl), gap=number(steps.gap(found))),
            "entropy": lesson.text("why_entropy", entropy=number(found.entropy)),
            "nothing": lesson.text("why_nothing"),
        },
    )
    sentences = tuple(lesson.text(f"step_{step}") for step in range(1, steps.COUNT + 1))
    live_figure(
        "steps",
        Picture(
            frame=steps.frame,
            figure=partial(steps.draw, digit=digit),
            transport=Transport(STEP, seconds=25),
            extra={"digit": digit, "sentences": sentences},
            takeaway="{told}",
            tex=lesson.text("formula_steps"),
            table=steps.TABLE,
            presets=(
                Preset(lesson.text("try_jensen"), {"view": "steps", "step": 3}),
                Preset(lesson.text("try_far"), {"view": "steps", "step": 3, "digit": 7}),
                Preset(lesson.text("try_end"), {"view": "steps", "step": 5}),
            ),
            source=(rewritten,),
            height=360,
        ),
    )


VIEWS = {
    "symbols": View("the symbols", _symbols, _pick_convention),
    "steps": View("where it comes from", _steps),
}
