"""The views into the trained VAE: for each its pickers, and what the live figure needs for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from streamlit.delta_generator import DeltaGenerator

from pages.practice.inside_vae import cover, gap, maps, path
from pages.practice.inside_vae.models import PLANE, SPECIMENS, WIDE
from pages.practice.inside_vae.sheet import sketch
from pages.ui import controls
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport, live_figure
from pages.ui.numbers import number
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.completion import PARTS, complete
from vae_core.vae.data import SIDE
from vae_core.vae.model import Decoder
from vae_core.vae.posterior import STEPS, exact_elbo, grid_posterior, refine
from vae_core.vae.traversal import manifold, straight_path

DIGITS = {str(digit): f"a {digit}" if digit != 8 else "an 8" for digit in range(10)}
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)

Columns = Sequence[DeltaGenerator]
Chosen = dict[str, Any]


def _none(_columns: Columns) -> Chosen:
    """A view without pickers of its own."""
    return {}


def pick_image(columns: Columns) -> Chosen:
    """Which held-out image is looked at."""
    with columns[0]:
        digit = int(controls.choice("digit", "Held-out digit", DIGITS, "4"))
    with columns[1]:
        specimen = int(controls.number("specimen", "Which of them", 1, SPECIMENS, 2))
    return {"digit": digit, "specimen": specimen}


def _pick_ends(columns: Columns) -> Chosen:
    with columns[0]:
        start = int(controls.choice("from", "From", DIGITS, "2"))
    with columns[1]:
        end = int(controls.choice("to", "To", DIGITS, "0"))
    with columns[2]:
        specimen = int(controls.number("specimen", "Which of them", 1, SPECIMENS, 2))
    return {"ends": (start, specimen, end, specimen)}


def _pick_cover(columns: Columns) -> Chosen:
    chosen = pick_image(columns)
    with columns[2]:
        return chosen | {"side": controls.choice("side", "Hide the", PARTS, "top")}


def _pick_noise(columns: Columns) -> Chosen:
    chosen = pick_image(columns)
    with columns[2]:
        return chosen | {"seed": controls.seed(label="Seed of the ten ε")}


def _map(lesson: Lesson, _chosen: Chosen) -> Picture:
    along: dict[str, Any] = {"minimum": -4, "maximum": 4, "step": 0.02, "colour": "z"}
    return Picture(
        frame=maps.map_frame,
        figure=maps.draw_map,
        frames_js="latent_map",
        constants=maps.map_constants,
        params=(
            Param("z1", "latent z₁", default=0.5, **along),
            Param("z2", "latent z₂", default=-0.4, **along),
        ),
        handles=(Handle("point", "z1", other="z2"),),
        takeaway=lesson.text("takeaway_map"),
        hint=lesson.text("hint_map"),
        table={"z": "({z1:.2f}, {z2:.2f})", "nearest held-out digit": "{digit:d}"}
        | {"its distance": "{away:.3f}"},
        presets=[
            Preset(lesson.text("try_between"), {"z1": -0.6, "z2": 1.8}),
            Preset(lesson.text("try_far"), {"z1": 3.9, "z2": -3.9}),
        ],
        source=(maps.decoded, Decoder.forward),
        height=430,
    )


def _manifold(lesson: Lesson, _chosen: Chosen) -> Picture:
    places = maps.positions()
    common: dict[str, Any] = {"positions": places, "colour": "z", "format": ".3f"}
    return Picture(
        frame=maps.manifold_frame,
        figure=maps.draw_manifold,
        frames_js="manifold",
        constants=maps.manifold_constants,
        params=(
            Param("u1", "share u₁", default=0.525, **common),
            Param("u2", "share u₂", default=0.525, **common),
        ),
        handles=(Handle("point", "u1", other="u2"),),
        takeaway=lesson.text("takeaway_manifold"),
        hint=lesson.text("hint_map"),
        tex=lesson.text("formula_manifold"),
        table={"u": "({u1:.3f}, {u2:.3f})", "z": "({z1:.4f}, {z2:.4f})"},
        presets=[
            Preset(lesson.text("try_rim"), {"view": "manifold", "u1": 0.975, "u2": 0.025}),
        ],
        source=(manifold,),
        height=440,
    )


def _path(lesson: Lesson, chosen: Chosen) -> Picture:
    t = Param("t", "way t", 0, 1, 1 / (path.POSITIONS - 1), default=0.5, colour="z")
    return Picture(
        frame=path.frame,
        figure=partial(path.draw, **chosen),
        narrow=partial(path.draw_narrow, **chosen),
        steady=True,
        transport=Transport(t, seconds=4),
        extra=chosen,
        takeaway=lesson.text("takeaway_path"),
        tex=lesson.text("formula_path"),
        table={
            "t": "{t:.3f}",
            "latent picture, change when redrawn": "{change_latent:.4f}",
            "pixel mix, change when redrawn": "{change_pixels:.4f}",
        },
        presets=[
            Preset(lesson.text("try_same"), {"view": "path", "from": 1, "to": 1, "specimen": 3}),
            Preset(lesson.text("try_nine"), {"view": "path", "from": 4, "to": 9, "t": 0.5}),
        ],
        source=(straight_path,),
        height=400,
    )


def _cover(lesson: Lesson, chosen: Chosen) -> Picture:
    image = {name: chosen[name] for name in ("digit", "specimen")}
    lines = Param("lines", "hidden lines", 0, SIDE, 1, default=14, colour="x", format="d")
    t = Param("t", "step of the chain", 0, cover.STEPS, 1, default=12, format="d")
    return Picture(
        frame=cover.frame,
        figure=partial(cover.draw, **image),
        narrow=partial(cover.draw_narrow, **image),
        steady=True,
        params=(lines, SEED),
        transport=Transport(t, seconds=6),
        extra=chosen,
        takeaway=lesson.text("takeaway_cover"),
        table={
            "hidden share of the pixels": "{share:.1%}",
            "error of the first chain (rms over hidden pixels)": "{miss:.4f}",
        },
        presets=[
            Preset(lesson.text("try_noise"), {"view": "cover", "t": 0}),
            Preset(lesson.text("try_dream"), {"view": "cover", "lines": 28}),
            Preset(
                lesson.text("try_ambiguous"),
                {"view": "cover", "digit": 3, "specimen": 1, "side": "left", "lines": 15},
            ),
        ],
        source=(complete,),
        height=330,
    )


def _gap(lesson: Lesson, chosen: Chosen) -> Picture:
    t = Param("t", "gradient steps", 0, STEPS, 1, default=0, colour="mu", format="d")
    return Picture(
        frame=gap.frame,
        figure=partial(gap.draw, **chosen),
        steady=True,
        transport=Transport(t, seconds=5),
        extra=chosen,
        takeaway=lesson.text("takeaway_gap"),
        tex=lesson.text("formula_gap"),
        table={
            "log p(x), by the grid": "{evidence:.2f} nats",
            "ELBO of this q": "{bound:.2f} nats",
            "amortization gap that is left": "{amortization:.2f} nats",
            "approximation gap": "{approximation:.2f} nats",
            "error of these four, by two rules each": "{error:.1g} nats",
            "μ": "({mu_1:.3f}, {mu_2:.3f})",
            "σ": "({sigma_1:.4f}, {sigma_2:.4f})",
        },
        presets=[
            Preset(lesson.text("try_refined"), {"view": "gap", "t": STEPS}),
            Preset(lesson.text("try_lost"), {"view": "gap", "digit": 4, "specimen": 6}),
            Preset(
                lesson.text("try_modes"), {"view": "gap", "digit": 8, "specimen": 3, "t": STEPS}
            ),
        ],
        source=(grid_posterior, exact_elbo, refine),
        height=400,
    )


def bounds() -> dict[str, str]:
    """The held-out ELBO of both models, in words. Raises CheckpointError."""
    found = {"plane": load_pretrained(PLANE), "wide": load_pretrained(WIDE)}
    return {name: number(each.bound.elbo, 1) for name, each in found.items()}


def ahead() -> dict[str, str]:
    """By how much the larger model's bound is better, in whole nats. Raises CheckpointError."""
    found = load_pretrained(WIDE).bound.elbo - load_pretrained(PLANE).bound.elbo
    return {"ahead": number(found, 0)}


@dataclass(frozen=True)
class View:
    """A way to look inside.

    Attributes:
        title: what the picker calls it.
        pick: its own pickers, in columns of the page.
        build: the picture of it; None for the sheet to draw on, which is none.
    """

    title: str
    pick: Callable[[Columns], Chosen]
    build: Callable[[Lesson, Chosen], Picture] | None = None

    def show(self, name: str, lesson: Lesson, chosen: Chosen) -> None:
        """The figure, or the sheet. Raises CheckpointError and DataError."""
        if self.build is None:
            sketch(**chosen)
        else:
            live_figure(f"inside_{name}", self.build(lesson, chosen))


VIEWS: dict[str, View] = {
    "map": View("Latent map", _none, _map),
    "manifold": View("Manifold of digits", _none, _manifold),
    "path": View("From digit to digit", _pick_ends, _path),
    "cover": View("Cover a part", _pick_cover, _cover),
    "gap": View("How good is the encoder?", pick_image, _gap),
    "draw": View("Draw your own", _pick_noise),
}
