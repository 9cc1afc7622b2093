"""The views of the page: for each its own pickers, and the picture they give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from pages.goal.kl_divergence import beliefs, descent, dimensions, picture
from pages.goal.kl_divergence.beliefs import DRAWS
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport
from vae_core.families.divergence import bell_to_bell, descend, divergences, running_mean, slopes
from vae_core.vae.priors import kl_per_dimension

Columns = Sequence[DeltaGenerator]
Chosen = dict[str, Any]

MU = Param("mu", "q's mean μ", -3, 3, 0.1, default=1.5, colour="mu")
SIGMA = Param("sigma", "q's deviation σ", 0.4, 2, 0.05, default=0.7, colour="sigma")
CENTRE = Param("centre", "p's centre m", -3, 3, 0.1, default=-0.5, colour="theta")
WIDTH = Param("width", "p's width s", 0.4, 2, 0.05, default=1.5, colour="theta")
HILL = Param("width", "width s of the hills", 0.4, 1.5, 0.05, default=0.6, colour="theta")
GAP = Param("gap", "gap between the hills", 0, 6, 0.2, default=4, colour="theta")
SHARE = Param(
    "share",
    "share of the left hill",
    0.1,
    0.9,
    0.05,
    default=0.5,
    colour="theta",
    help="How much of p's mass the left hill has.",
)
START = Param("mu", "q starts at μ", -3, 3, 0.2, default=0.8, colour="mu")
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
DRAWN = Transport(
    Param("n", "draws", positions=DRAWS, default=100, format="d"),
    seconds=6,
    buttons=(("draw 1", 1), ("draw 100", 100)),
)
STEP = Transport(Param("t", "step", 0, descent.STEPS, 1, default=0, format="d"), seconds=5)
RANK = Param(
    "rank",
    "dimension, by its cost",
    1,
    dimensions.LATENT,
    1,
    default=1,
    colour="z",
    format="d",
)
Q_GRIPS = (Handle("q", "mu", body=True), Handle("q flank", "sigma", gain=(-1.0, 1.0)))
SHADES = {"plain": "as they are", "lifted": "lifted above zero"}
WAYS = {"reverse": "KL(q‖p): q draws", "forward": "KL(p‖q): p draws"}
DIGITS = {str(digit): f"a {digit}" if digit != 8 else "an 8" for digit in range(10)}


def _pick_shade(columns: Columns) -> Chosen:
    with columns[0]:
        return {"shade": controls.choice("shade", "Integrands", SHADES)}


def _pick_way(columns: Columns) -> Chosen:
    with columns[0]:
        return {"way": controls.choice("way", "q goes down", WAYS)}


def _pick_image(columns: Columns) -> Chosen:
    with columns[0]:
        digit = int(controls.choice("digit", "Test digit", DIGITS, "4"))
    with columns[1]:
        which = controls.number("specimen", "Which of them", 1, dimensions.SPECIMENS, 2)
    return {"digit": digit, "specimen": int(which)}


def _pair(lesson: Lesson, view: str, chosen: Chosen) -> Picture:
    """What the two views of a q against a p have in common."""
    chosen = {"view": view, **chosen}
    numbers = {
        "KL(q‖p), exact": "{reverse:.4f} nats",
        "KL(q‖p), over draws from q": "{estimate_reverse} nats",
        "KL(p‖q), exact": "{forward:.4f} nats",
        "KL(p‖q), over draws from p": "{estimate_forward} nats",
        "what the exact ones are off by, at most": "{error:.0e} nats",
    }
    return Picture(
        frame=picture.frame,
        figure=partial(picture.draw, **chosen),
        steady=True,
        transport=DRAWN,
        extra=chosen,
        takeaway=lesson.text("takeaway"),
        hint=lesson.text(f"hint_{view}"),
        tex=lesson.text(f"formula_{view}"),
        table=numbers,
        height=405,
    )


def _bells(lesson: Lesson, chosen: Chosen) -> Picture:
    shared = _pair(lesson, "bells", chosen)
    return Picture(
        **vars(shared)
        | {
            "params": (MU, SIGMA, CENTRE, WIDTH, SEED),
            "handles": (
                Handle("p", "centre", body=True),
                Handle("p flank", "width", gain=(-1.0, 1.0)),
                *Q_GRIPS,
            ),
            "presets": (
                Preset(lesson.text("try_narrow"), {"mu": 0, "centre": 0, "sigma": 0.4}),
                Preset(lesson.text("try_alike"), {"mu": 1, "sigma": 1, "centre": -1, "width": 1}),
                Preset(lesson.text("try_lifted"), {"shade": "lifted"}),
            ),
            "source": (bell_to_bell, running_mean),
        }
    )


def _hills(lesson: Lesson, chosen: Chosen) -> Picture:
    shared, stay = _pair(lesson, "hills", chosen), {"view": "hills"}
    return Picture(
        **vars(shared)
        | {
            "params": (MU, SIGMA, GAP, SHARE, HILL, SEED),
            "handles": (Handle("p tops", "gap", gain=(-2.0, 2.0)), *Q_GRIPS),
            "presets": (
                Preset(lesson.text("try_on_hill"), stay | {"mu": 2, "sigma": 0.6}),
                Preset(lesson.text("try_over_both"), stay | {"mu": 0, "sigma": 2}),
                Preset(lesson.text("try_one_hill"), stay | {"gap": 0, "mu": 0, "sigma": 0.6}),
            ),
            "source": (divergences, running_mean),
        }
    )


def _best(lesson: Lesson, chosen: Chosen) -> Picture:
    stay: dict[str, object] = {"view": "best", "way": chosen["way"]}
    return Picture(
        frame=descent.frame,
        figure=partial(descent.draw, **chosen),
        steady=True,
        params=(START, GAP, SHARE),
        transport=STEP,
        handles=(Handle("start", "mu", body=True),),
        extra=chosen,
        takeaway=lesson.text("takeaway_best"),
        hint=lesson.text("hint_best"),
        tex=lesson.text("formula_best", rate=descent.RATE),
        table={
            "μ of q": "{mu_q:.4f}",
            "σ of q": "{sigma_q:.4f}",
            "the KL that is descended": "{kl:.4f} nats",
            "the other direction": "{other:.4f} nats",
            "what both are off by, at most": "{error:.0e} nats",
        },
        presets=(
            Preset(lesson.text("try_end"), stay | {"t": descent.STEPS}),
            Preset(lesson.text("try_left"), stay | {"mu": -0.8}),
            Preset(lesson.text("try_lesser"), stay | {"share": 0.8, "mu": 1.6}),
        ),
        source=(descend, slopes),
        height=400,
    )


def _vae(lesson: Lesson, chosen: Chosen) -> Picture:
    return Picture(
        frame=dimensions.frame,
        figure=partial(dimensions.draw, **chosen),
        steady=True,
        params=(RANK,),
        extra=chosen,
        takeaway=lesson.text("takeaway_vae", latent=dimensions.LATENT),
        tex=lesson.text("formula_vae"),
        table={
            "dimension": "{place:d}",
            "μ": "{mu_d:.4f}",
            "σ": "{sigma_d:.4f}",
            "½μ²": "{moved:.4f} nats",
            "½(σ² − 1 − log σ²)": "{spread:.4f} nats",
            "½μ², all dimensions": "{moved_all:.3f} nats",
            "½(σ² − 1 − log σ²), all dimensions": "{spread_all:.3f} nats",
            "KL, all dimensions": "{total:.3f} nats",
        },
        presets=(
            Preset(lesson.text("try_last"), {"view": "vae", "rank": dimensions.LATENT}),
            Preset(lesson.text("try_digit"), {"view": "vae", "digit": 1, "specimen": 1}),
        ),
        source=(kl_per_dimension,),
        height=380,
    )


@dataclass(frozen=True)
class View:
    """A way to look at the KL.

    Attributes:
        title: what the picker calls it.
        pick: its own pickers, in columns of the page.
        build: the picture of it. Raises CheckpointError and DataError.
    """

    title: str
    pick: Callable[[Columns], Chosen]
    build: Callable[[Lesson, Chosen], Picture]


VIEWS: dict[str, View] = {
    "bells": View("Bell against bell", _pick_shade, _bells),
    "hills": View("Bell against two hills", _pick_shade, _hills),
    "best": View("Find the best q", _pick_way, _best),
    "vae": View("The VAE's terms", _pick_image, _vae),
}


SAID = {"start": f"{descent.START:g}", "width": descent.WIDTH, "latent": dimensions.LATENT}
"""What the words below a figure say of it."""


def detour() -> dict[str, str]:
    """Three bells of width one, a step apart: the way over the middle, and the straight one."""
    first, middle, last = (beliefs.bell(float(at), 1.0) for at in range(3))
    steps = (float(bell_to_bell(*pair)) for pair in ((first, middle), (middle, last)))
    one, two = steps
    straight = float(bell_to_bell(first, last))
    return {
        "one": f"{one:g}",
        "two": f"{two:g}",
        "over": f"{one + two:g}",
        "direct": f"{straight:g}",
    }
