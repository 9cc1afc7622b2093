"""The picture follows the hand: between two positions it moves, at rest it is Python's own."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import numpy as np
import pytest

from tests.browser.test_live import numbers_in
from tests.conftest import Opener
from tests.support.each_page import each_figure
from tests.support.live_page import READ_SHOWN, LivePage

pytestmark = pytest.mark.browser

PLACES = 10
FAR = 5_000.0  # pixels
FIGURES = [
    ("/location_scale", "transform", "mu"),
    ("/location_scale", "transform", "n"),
    ("/gradient_variance", "variance_histogram", "mu"),
    ("/gradient_variance?view=against", "variance_against", "sigma"),
    ("/inside_vae", "inside_map", "z1"),
    ("/inside_vae?view=manifold", "inside_manifold", "u1"),
    ("/inside_vae?view=path", "inside_path", "playback"),
    ("/inside_vae?view=cover", "inside_cover", "lines"),
    ("/inside_vae?view=gap", "inside_gap", "playback"),
    ("/gradient_variance?view=mean", "variance_mean", "mu"),
    ("/gradient_variance?view=parts", "variance_parts", "spread"),
    ("/race", "race", "mu"),
    ("/race", "race", "playback"),
    ("/kl_divergence", "kl_bells", "mu"),
    ("/kl_divergence?view=hills", "kl_hills", "gap"),
    ("/kl_divergence?view=best", "kl_best", "playback"),
    ("/kl_divergence?view=vae", "kl_vae", "rank"),
    ("/elbo?view=steps", "steps", "playback"),
    ("/elbo_gap", "gap", "mu"),
    ("/elbo_gap?model=hills", "gap", "x"),
    ("/amortized", "hand", "mu1"),
    ("/amortized", "hand", "sigma2"),
    ("/amortized?view=steps", "steps", "playback"),
    ("/stuck", "stuck_density", "mu"),
    ("/stuck?view=support", "stuck_support", "theta"),
    ("/stuck?view=ways&step=3", "stuck_ways", "mu"),
    ("/latent_variables", "latent_hand", "x"),
    ("/latent_variables", "latent_hand", "playback"),
    ("/latent_variables?view=trained", "latent_trained", "x"),
    ("/latent_variables?view=hard", "latent_hard", "playback"),
    ("/monte_carlo", "monte_carlo_average", "playback"),
    ("/monte_carlo?view=error", "monte_carlo_error", "budget"),
    ("/monte_carlo?view=weights", "monte_carlo_weights", "mu"),
    ("/lotus", "lotus_grains", "phi3"),
    ("/lotus?view=bars", "lotus_bars", "eps"),
]
# What stands when plotly is about to draw, and what it then draws.
COMPARE = """(plot) => {
  const react = Plotly.react;
  const shown = READ_SHOWN;
  window.pairs = [];
  Plotly.react = async (...all) => {
    const painted = shown(plot);
    await react(...all);
    window.pairs.push(Object.assign([painted, shown(plot)], { at: performance.now() }));
  };
}""".replace("READ_SHOWN", READ_SHOWN)

AT_REST = "() => performance.now() - window.pairs.at(-1).at > 400"

BARS = """(plot) => Array.from(plot.querySelectorAll('.bars .point path'),
  (bar) => bar.getAttribute('d')).join('|')"""


def opened(open_page: Opener, path: str, key: str, **options: str) -> LivePage:
    live = LivePage(open_page(path, **options).page, key)
    live.root.and_(live.page.locator("[data-settled]")).wait_for(state="attached")
    if live.root.is_hidden():  # it would give the answer to a question away
        live.page.get_by_role("button", name="Skip").click()
    return live.ready_to_move()


@pytest.mark.parametrize(("path", "key", "param"), each_figure(FIGURES, now=0))
def test_where_the_hand_stops_the_picture_is_pythons(
    open_page: Opener, path: str, key: str, param: str
) -> None:
    live = opened(open_page, path, key)
    live.root.locator(".ttn-plot").evaluate(COMPARE)
    for part in random.Random(0).sample(range(5, 95), PLACES):
        done = live.ready_to_move().page.evaluate("window.pairs.length")
        left, width, middle = live.grab(param)
        live.page.mouse.move(left + part / 100 * width, middle, steps=4)
        live.page.mouse.up()
        live.page.wait_for_function("(done) => window.pairs.length > done", arg=done)
        live.page.wait_for_function(AT_REST)  # plotly may have drawn during the drag, too
        painted, drawn = live.page.evaluate("window.pairs.at(-1)")
        assert in_sight(painted) == pytest.approx(in_sight(drawn), abs=0.11)


def in_sight(paths: str) -> list[float]:
    """All numbers but those of corners far off: there plotly cuts a line, and nobody sees it."""
    corner = re.compile(r"[ML](-?[\d.]+),(-?[\d.]+)")
    return numbers_in(
        corner.sub(lambda m: m[0] if max(abs(float(n)) for n in m.groups()) < FAR else "", paths)
    )


def test_between_two_positions_the_picture_moves_and_the_numbers_do_not(open_page: Opener) -> None:
    live = opened(open_page, "/gradient_variance", "variance_histogram")
    left, width, middle = live.grab("sigma")
    seen = []
    for step in np.linspace(0.5, 0.515, 7):
        live.page.mouse.move(left + step * width, middle)
        live.page.wait_for_timeout(100)
        number = live.root.locator(".ttn-slider output").nth(1).inner_text()
        bars = live.root.locator(".ttn-plot").evaluate(BARS)
        seen.append((number, live.shown() + bars))
    live.page.mouse.up()
    moved = [a[0] == b[0] and a[1] != b[1] for a, b in pairwise(seen)]
    assert sum(moved) >= 3
    allowed = {f"{0.1 + 0.05 * i:.2f}" for i in range(59)}
    assert {number for number, _ in seen} <= allowed


@pytest.mark.exhaustive
def test_with_reduced_motion_it_jumps(open_page: Opener) -> None:
    live = opened(open_page, "/location_scale", "transform", reduced_motion="reduce")
    left, width, middle = live.grab("mu")
    pictures = set()
    for step in np.linspace(0.5, 0.53, 12):
        live.page.mouse.move(left + step * width, middle)
        live.page.wait_for_timeout(60)
        pictures.add(live.shown())
    live.page.mouse.up()
    assert 2 <= len(pictures) <= 5
