"""The four views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pages.beyond.doubly_stochastic import chances, climbed, parts, plane, relevance
from pages.ui.lesson import Lesson
from pages.ui.live import Param, Picture, Preset, Transport
from vae_core.lab.doubly_stochastic.bell import log_likelihood, predicted
from vae_core.lab.doubly_stochastic.climb import less_divergence
from vae_core.lab.doubly_stochastic.gradient import by_cases, by_weights

BATCH = Param(
    "batch",
    "minibatch B",
    positions=climbed.BATCHES,
    default=32,
    colour="x",
    format="d",
    help="How many of the cases one step looks at.",
)
ANY_BATCH = Param(
    "b",
    "minibatch B",
    positions=tuple(int(each) for each in parts.ALONG),
    default=32,
    colour="x",
    format="d",
    help="How many of the cases one gradient looks at.",
)
DRAWS = Param(
    "k", "draws K", positions=(1, 2, 3, 5, 10, 20, 50, 100), default=1, colour="eps", format="d"
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
SHAPES = {"diagonal": "Diagonal", "full": "Full"}
NOISES = {"weights": "One draw of the weights", "cases": "One for each case"}


def _transport(knots: tuple[int, ...]) -> Transport:
    """The steps of a climb, from the start; shown at its end."""
    return Transport(
        Param("t", "steps", positions=knots, default=knots[-1], colour="mu", format="d"), seconds=6
    )


def _plane(lesson: Lesson, shape: str, noise: str) -> Picture:
    return Picture(
        frame=plane.frame,
        figure=plane.draw,
        narrow=plane.draw_narrow,
        steady=True,
        params=(BATCH, SEED),
        transport=_transport(climbed.KNOTS),
        extra={"shape": shape, "noise": noise},
        takeaway=lesson.text("takeaway_climb"),
        tex=lesson.text("formula_climb"),
        table={
            "bound": "{bound:.3f} nats",
            "best bound of this shape": "{best:.3f} nats",
            "log p(y)": "{evidence:.3f} nats",
            "mean of q": "{mu_first:.3f} and {mu_second:.3f}",
            "deviations of q, of the posterior's": "{first:.0f} % and {second:.0f} %",
            "effective share of the draws behind the posterior": "{even:.0f} %",
        },
        presets=(
            Preset(lesson.text("try_full"), {"shape": "full"}),
            Preset(lesson.text("try_single"), {"batch": 1}),
            Preset(lesson.text("try_map"), {"view": "map", "shape": "full"}),
        ),
        source=(by_weights, by_cases, less_divergence, log_likelihood),
        height=370,
    )


def _map(lesson: Lesson, shape: str, noise: str) -> Picture:
    return Picture(
        frame=chances.frame,
        figure=chances.draw,
        steady=True,
        params=(BATCH, SEED),
        transport=_transport(climbed.KNOTS),
        extra={"shape": shape, "noise": noise},
        takeaway=lesson.text("takeaway_map"),
        tex=lesson.text("formula_map"),
        table={
            "at the cross, averaged over q": "{sure:.2f} %",
            "at the cross, by the mean of q alone": "{plain:.2f} %",
            "held-out log p per case": "{held:.4f} nats",
            "held-out cases on the right side": "{right:.1f} %",
        },
        presets=(
            Preset(lesson.text("try_diagonal"), {"view": "map", "shape": "diagonal"}),
            Preset(lesson.text("try_wide"), {"view": "map", "shape": "full"}),
        ),
        source=(predicted,),
        height=420,
    )


def _parts(lesson: Lesson, _shape: str, _noise: str) -> Picture:
    return Picture(
        frame=parts.frame,
        figure=parts.draw,
        steady=True,
        params=(ANY_BATCH, DRAWS),
        takeaway=lesson.text("takeaway_parts"),
        tex=lesson.text("formula_parts"),
        table={
            "of the minibatch": "{minibatch:.4g}",
            "of the noise, one draw for all": "{weights:.4g} ± {error:.1g}",
            "of the noise, one for each case": "{cases:.4g}",
        },
        presets=(
            Preset(lesson.text("try_whole"), {"view": "parts", "b": 398}),
            Preset(lesson.text("try_draws"), {"view": "parts", "b": 128, "k": 10}),
        ),
        source=(by_weights, by_cases),
        height=370,
    )


def _relevance(lesson: Lesson, _shape: str, _noise: str) -> Picture:
    return Picture(
        frame=relevance.frame,
        figure=relevance.draw,
        steady=True,
        params=(SEED,),
        transport=_transport(relevance.KNOTS),
        takeaway=lesson.text("takeaway_relevance"),
        tex=lesson.text("formula_relevance"),
        table={
            "weights pruned": "{pruned:d} of 30",
            "bound, a prior for each": "{bound:.2f} nats",
            "bound, one prior for all": "{bound_fixed:.2f} nats",
            "held-out log p per case, a prior for each": "{held:.4f} nats",
            "held-out log p per case, one prior for all": "{held_fixed:.4f} nats",
        },
        presets=(Preset(lesson.text("try_begin"), {"view": "relevance", "t": 80}),),
        source=(less_divergence,),
        height=640,
    )


class View(NamedTuple):
    """A way to look at the regression: its name, its picture, and whether q can be chosen."""

    title: str
    build: Callable[[Lesson, str, str], Picture]
    chosen: bool = False


VIEWS = {
    "climb": View("Climb", _plane, chosen=True),
    "map": View("Map", _map, chosen=True),
    "parts": View("Variance", _parts),
    "relevance": View("Relevance", _relevance),
}
