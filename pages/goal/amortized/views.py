"""Three ways to a μ and a σ: by hand, by gradient steps, and a thousand times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pages.goal.amortized import image, picture, thousand
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport, live_figure
from vae_core.vae.model import Encoder
from vae_core.vae.posterior import climb, measured_elbo

DIGITS = [str(digit) for digit in range(10)]
SIGMAS = tuple(round(0.02 * 1.1**i, 3) for i in range(42))
T = Param("t", "gradient steps", 0, image.STEPS, 1, default=3, colour="mu", format="d")
TABLE = {
    "log p(x)": "{evidence:.2f}",
    "ELBO of your bell": "{bound_text}",
    "ELBO of the encoder's": "{encoder:.2f}",
    "ELBO of the best bell found": "{best:.2f}",
    "μ, yours": "{own_mu}",
    "σ, yours": "{own_sigma}",
    "μ, the encoder's": "{encoder_mu}",
    "σ, the encoder's": "{encoder_sigma}",
}


@dataclass(frozen=True)
class View:
    """A way to find them: its title, what shows it, and its own pickers."""

    title: str
    show: Callable[..., None]
    pick: Callable[[], dict[str, Any]] = dict


def _pick_digit() -> dict[str, Any]:
    return {"digit": int(controls.choice("digit", "Held-out image of a", DIGITS, "3"))}


def _params() -> tuple[Param, ...]:
    common: dict[str, Any] = {"positions": SIGMAS, "default": SIGMAS[-1], "colour": "sigma"}
    return (
        Param("mu1", "mean μ₁", -3.5, 3.5, 0.07, default=0, colour="mu"),
        Param("mu2", "mean μ₂", -3.5, 3.5, 0.07, default=0, colour="mu"),
        Param("sigma1", "deviation σ₁", format=".3f", **common),
        Param("sigma2", "deviation σ₂", format=".3f", **common),
    )


def _hand(lesson: Lesson, digit: int) -> None:
    near = image.near_encoder(digit)
    live_figure(
        "hand",
        Picture(
            frame=picture.by_hand,
            figure=partial(picture.draw, digit=digit),
            steady=True,
            params=_params(),
            handles=(Handle("mean", "mu1", other="mu2"),),
            extra={"digit": digit},
            takeaway=lesson.text("takeaway_hand"),
            hint=lesson.text("hint"),
            tex=lesson.text("formula_hand"),
            table=TABLE,
            presets=(
                Preset(lesson.text("try_encoder"), {"digit": digit, **near}),
                Preset(lesson.text("try_wide"), {"digit": digit, **near, "sigma1": 0.5}),
            ),
            source=(measured_elbo,),
            height=330,
        ),
    )


def _steps(lesson: Lesson, digit: int) -> None:
    live_figure(
        "steps",
        Picture(
            frame=picture.by_steps,
            figure=partial(picture.draw, digit=digit),
            steady=True,
            transport=Transport(T, seconds=6),
            extra={"digit": digit},
            takeaway=lesson.text("takeaway_steps"),
            tex=lesson.text("formula_steps"),
            table=TABLE,
            presets=(
                Preset(lesson.text("try_start"), {"view": "steps", "digit": digit, "t": 0}),
                Preset(lesson.text("try_end"), {"view": "steps", "digit": digit, "t": image.STEPS}),
                Preset(lesson.text("try_lost"), {"view": "steps", "digit": 8, "t": image.STEPS}),
            ),
            source=(climb, Encoder.forward),
            height=330,
        ),
    )


VIEWS = {
    "hand": View("by hand", _hand, _pick_digit),
    "steps": View("by gradient steps", _steps, _pick_digit),
    "thousand": View("for a thousand images", thousand.show),
}
