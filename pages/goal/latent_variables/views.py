"""The three views of the page: for each its picture, with sliders and words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from pages.goal.latent_variables import blind, blind_picture, picture, scene, told
from pages.ui.lesson import Lesson
from pages.ui.live import Handle, Param, Picture, Preset, Transport
from vae_core.lab.latent import BentCurve, draw, marginal, posterior_on_grid
from vae_core.vae.posterior import explained, from_the_prior

HEIGHTS = (-1.0, 1.5, -0.5, 2.0)
SHAPES = {"line": (-1.5, -0.5, 0.5, 1.5), "fold": (2.0, -1.0, -1.0, 2.0)}
POINTS = tuple(
    Param(
        f"h{k + 1}",
        f"point at {knot:g}".replace("-", "\N{MINUS SIGN}"),
        -2.5,
        2.5,
        0.125,
        default=HEIGHTS[k],
        colour="theta",
        kind="handle",
    )
    for k, knot in enumerate(scene.KNOTS)
)
NOISE = Param("noise", "noise of x", 0.3, 1.2, 0.02, default=0.4, colour="theta")
X = Param("x", "seen x", -3, 3, 0.05, default=1, colour="x", help="What was seen.")
SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
COUNTS = (
    *range(11),
    *range(20, 101, 10),
    *range(200, 1001, 100),
    *range(1500, scene.MOST_DRAWS + 1, 500),
)
DRAWS = Transport(
    Param("n", "draws", positions=COUNTS, default=200, colour="z", format="d"),
    seconds=6,
    buttons=(("draw 1", 1), ("draw 100", 100)),
)
SEEN = Handle("seen", "x", axis="y")


def _hand(lesson: Lesson) -> Picture:
    return Picture(
        frame=scene.bent,
        figure=partial(picture.draw, points=scene.POINTS),
        narrow=partial(picture.draw_narrow, points=scene.POINTS),
        steady=True,
        params=(X, NOISE, *POINTS, SEED),
        transport=DRAWS,
        handles=(
            SEEN,
            *(Handle(f"point {k + 1}", f"h{k + 1}", axis="y") for k in range(scene.POINTS)),
        ),
        takeaway=lesson.text("takeaway"),
        hint=lesson.text("hint"),
        tex=lesson.text("formula"),
        table=_table(),
        presets=(
            Preset(lesson.text("try_line"), _bend("line") | {"x": 1}),
            Preset(lesson.text("try_fold"), _bend("fold") | {"x": 1, "n": 1000}),
            Preset(lesson.text("try_trained"), {"view": "trained", "n": 1000}),
            Preset(lesson.text("try_hard"), {"view": "hard"}),
        ),
        source=(draw, BentCurve.decode, marginal, posterior_on_grid),
        height=400,
    )


def _bend(shape: str) -> dict[str, object]:
    return {f"h{k + 1}": height for k, height in enumerate(SHAPES[shape])}


def _table() -> dict[str, str]:
    return {
        "p(x)": "{p_x:.5g}",
        "log p(x)": "{log_p:.5f} nats, two grids differ by {error:.0e}",
        "draws within 0.15 of x": "{near:.0f}",
        "so p(x) is about": "{counted:.4f} ± {counted_error:.4f}",
        "hills of p(z|x)": "{hills}",
        "highest p(z|x)": "{posterior:.4f}, at z = {z_top:.3f}",
    }


def _trained(lesson: Lesson) -> Picture:
    return Picture(
        frame=scene.trained,
        figure=partial(picture.draw, points=0),
        narrow=partial(picture.draw_narrow, points=0),
        steady=True,
        params=(X, NOISE, SEED),
        transport=DRAWS,
        handles=(SEEN,),
        takeaway=lesson.text("takeaway"),
        hint=lesson.text("hint_trained"),
        tex=lesson.text("formula"),
        table=_table(),
        presets=(
            Preset(lesson.text("try_little"), {"view": "trained", "x": -1.5}),
            Preset(lesson.text("try_much"), {"view": "trained", "x": 1.5}),
        ),
        source=(scene.Ink.decode, marginal, posterior_on_grid),
        height=400,
    )


def _hard(lesson: Lesson) -> Picture:
    stops = blind.stops()
    size = Param(
        "d", "latent size D", positions=tuple(blind.sizes()), default=20, colour="z", format="d"
    )
    digit = Param("digit", "digit", 0, 9, 1, default=4, colour="x", format="d")
    n = Param("n", "draws", positions=stops, default=stops[-1], format="d")
    return Picture(
        frame=blind.frame,
        figure=blind_picture.draw,
        narrow=blind_picture.draw_narrow,
        steady=True,
        params=(size, digit),
        transport=Transport(n, seconds=5),
        takeaway=lesson.text("takeaway_hard"),
        tex=lesson.text("formula_hard"),
        table={
            "log p(x), importance sampling": "{log_p:.2f} ± {log_p_error:.2f} nats",
            "draws of the posterior that it is worth": "{effective:,.0f}",
            "a z explains x from log p(x|z) =": "{threshold:.2f} nats on",
            "share of the prior that does": "1 in {one_in}",
            "−log of that share": "{rarity:.2f} ± {share_error:.2f} nats",
            "KL(p(z|x) ‖ p(z))": "{kl:.2f} nats",
            f"counted among {blind.total():,} draws": "{count:.0f}; expected {expected}",
            "draws to meet one, nine times in ten": "{needed}",
            "mean of the ten runs, less log p(x)": "{mean_run:.2f} nats",
            "highest log p(x|z) of all draws": "{best_log:.2f} nats",
        },
        presets=(
            Preset(lesson.text("try_two", **told.of_a_million()), {"view": "hard", "d": 2}),
            Preset(lesson.text("try_five"), {"view": "hard", "d": 5}),
            Preset(lesson.text("try_one"), {"view": "hard", "digit": 1}),
        ),
        source=(from_the_prior, explained),
        height=400,
    )


class View(NamedTuple):
    """A way to look at what is hidden: what the picker calls it, and its picture."""

    title: str
    build: Callable[[Lesson], Picture]


VIEWS: dict[str, View] = {
    "hand": View("By hand", _hand),
    "trained": View("A trained VAE", _trained),
    "hard": View("Why it is hard", _hard),
}
