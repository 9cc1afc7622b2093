"""The views of the page: for each its own picker, and the picture it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pages.beyond.stochastic_backprop import identities, shapes, structure, variance
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset
from vae_core.estimators import ESTIMATORS
from vae_core.estimators.second_order import bent
from vae_core.lab.exact import structured

MU = Param("mu", "mean μ", -2, 2, 0.1, default=0.4, colour="mu")
SIGMA = Param("sigma", "deviation σ", 0.1, 1.2, 0.05, default=0.5, colour="sigma")
WIDE = Param("sigma", "deviation σ", 0.1, 2, 0.05, default=0.5, colour="sigma")
STEP = Param(
    "h",
    "step h",
    positions=(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    default=0.3,
    help="The chord goes from μ − h to μ + h, and from C − hC to C + hC.",
)
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
OMEGA = Param("omega", "frequency ω", 0.5, 6, 0.25, default=3)
TILT = Param("tilt", "tilt", -0.95, 0.95, 0.05, default=0.7, help="1 or −1: the most there can be.")
DIM = Param("dim", "dimensions D", 2, 8, 1, default=4, format="d")
LENGTH = Param("length", "length of z₁", 0.4, 1.6, 0.1, default=1)


def _identities(lesson: Lesson, chosen: str) -> Picture:
    kinked = shapes.SHAPES[chosen].kink is not None
    stay: dict[str, object] = {"view": "identities"}
    return Picture(
        frame=identities.frame,
        figure=partial(identities.draw, shape=chosen),
        steady=True,
        params=(MU, SIGMA, STEP),
        handles=(
            Handle("bell", "mu", body=True),
            Handle("flanks", "sigma", gain=(-1.0, 1.0)),
        ),
        extra={"shape": chosen},
        takeaway=lesson.text("takeaway_kink" if kinked else "takeaway"),
        hint=lesson.text("hint"),
        tex=lesson.text("formula_kink" if kinked else "formula_identities"),
        table={
            "E[f]": "{value:.5f}",
            "E[f′]": "{bonnet:.5f}",
            "difference of E[f] in μ": "{by_mu:.5f}",
            "E[f″]": "{second:.5f}",
            "E[f″]/2": "{price:.5f}",
            "difference of E[f] in C": "{by_c:.5f}",
            "C = σ²": "{c:.4f}",
        },
        presets=(
            Preset(lesson.text("try_chord"), stay | {"h": 0.01}),
            Preset(lesson.text("try_wide"), stay | {"sigma": 1.2}),
            Preset(lesson.text("try_kink"), stay | {"f": "kink", "mu": 0, "h": 0.05}),
        ),
        source=(bent, shapes.sides),
        height=405,
    )


def _variance(lesson: Lesson, chosen: str) -> Picture:
    wave = (OMEGA,) if chosen == "wave" else ()
    stay: dict[str, object] = {"view": "variance"}
    return Picture(
        frame=variance.frame,
        figure=partial(variance.draw, cost=chosen),
        steady=True,
        params=(MU, WIDE, *wave, SEED),
        extra={"cost": chosen},
        takeaway=lesson.text("takeaway_variance"),
        tex=lesson.text("formula_variance"),
        table={
            "exact gradient in σ": "{exact:.4f}",
            "path: exact variance": "{here_pathwise}",
            f"path: measured, {variance.DRAWS:,} draws": "{measured_pathwise}",
            "curvature: exact variance": "{here_second_order}",
            f"curvature: measured, {variance.DRAWS:,} draws": "{measured_second_order}",
        },
        presets=(
            Preset(lesson.text("try_loud"), stay | {"sigma": 1, "omega": 6}),
            Preset(lesson.text("try_square"), stay | {"cost": "square"}),
            Preset(lesson.text("try_rising"), stay | {"cost": "rising", "sigma": 2}),
        ),
        source=[ESTIMATORS[name].function for name in variance.NAMES],
        height=400,
    )


def _structure(lesson: Lesson, chosen: str) -> Picture:
    stay: dict[str, object] = {"view": "structure"}
    rows = {"KL left over": "kl_{}:.4f", "numbers in C": "numbers_{}:.0f"}
    rows |= {"products in a draw": "products_{}:.0f"}
    table = {
        f"{title}, {each.title}": "{" + text.format(name) + "}"
        for title, text in rows.items()
        for name, each in structured.STRUCTURES.items()
    }
    return Picture(
        frame=structure.frame,
        figure=partial(structure.draw, kind=chosen),
        steady=True,
        params=(TILT, DIM, LENGTH),
        extra={"kind": chosen},
        takeaway=lesson.text("takeaway_structure"),
        tex=lesson.text("formula_structure"),
        table=table | {"ρ": "{rho:.4f}", "z₁ alone: p's deviation": "{own:.4f}",
                       "z₁ alone: the diagonal's": "{alone:.4f}"},
        presets=(
            Preset(lesson.text("try_opposed"), stay | {"tilt": -0.7}),
            Preset(lesson.text("try_chain"), stay | {"kind": "chain", "tilt": 0.9, "dim": 8}),
            Preset(lesson.text("try_two"), stay | {"dim": 2, "tilt": 0.9}),
        ),
        source=(structured.fit_in_precision, structured.draw_in_precision),
        height=400,
    )  # fmt: skip


@dataclass(frozen=True)
class View:
    """A way to look at it.

    Attributes:
        title: what the picker calls it.
        picker: name and label of its own picker, and its options.
        build: the picture of a choice.
    """

    title: str
    picker: tuple[str, str, dict[str, str]]
    build: Callable[[Lesson, str], Picture]

    def pick(self) -> str:
        """What its own picker says."""
        return controls.choice(*self.picker)


VIEWS: dict[str, View] = {
    "identities": View(
        "Two identities",
        ("f", "Cost f", {name: each.title for name, each in shapes.SHAPES.items()}),
        _identities,
    ),
    "variance": View(
        "How noisy?",
        ("cost", "Cost f", {name: each.title for name, each in variance.COSTS.items()}),
        _variance,
    ),
    "structure": View("Tilted posteriors", ("kind", "Tilted by", structure.KINDS), _structure),
}
