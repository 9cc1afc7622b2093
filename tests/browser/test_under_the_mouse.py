"""Under the mouse: what a number is stands beside it, and tools lie over nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import Opener
from tests.support.each_page import each_figure
from tests.support.live_page import LivePage
from tests.ui.test_theme import contrast

pytestmark = pytest.mark.browser

LEGIBLE = 4.5
LARGEST = 20
FIGURES = [
    ("/location_scale", "transform"),
    ("/gradient_variance", "variance_histogram"),
    ("/gradient_variance?view=mean", "variance_mean"),
    ("/gradient_variance?view=against", "variance_against"),
    ("/gradient_variance?view=parts", "variance_parts"),
    ("/elbo_gap", "gap"),
    ("/latent_variables", "latent_hand"),
    ("/kl_divergence?shade=lifted", "kl_bells"),
    ("/kl_divergence?view=hills&mu=-1", "kl_hills"),
    ("/kl_divergence?view=best&t=9", "kl_best"),
    ("/kl_divergence?view=vae", "kl_vae"),
    ("/race", "race"),
    ("/compare_runs", "comparison"),
    ("/train_vae", "curves"),
    ("/stuck?view=support", "stuck_support"),
    ("/stuck?view=ways", "stuck_ways"),
    ("/monte_carlo", "monte_carlo_average"),
    ("/monte_carlo?view=error", "monte_carlo_error"),
    ("/monte_carlo?view=bias", "monte_carlo_bias"),
    ("/monte_carlo?view=weights", "monte_carlo_weights"),
    ("/lotus", "lotus_grains"),
    ("/lotus?view=bars", "lotus_bars"),
]
WITHOUT_LABELS = [("/inside_vae?view=map", "inside_map"), ("/inside_vae?view=gap", "inside_gap")]
# What stands beside the middle point of each trace that answers to the mouse.
HOVER = """async (gd) => {
  const found = [];
  for (const [curveNumber, trace] of gd._fullData.entries()) {
    if (trace.hoverinfo === 'skip' || trace.visible !== true) continue;
    const { x } = trace;
    const middle = Math.floor((x.length - 1) / 2);
    const pointNumber = trace.type === 'contour' ? [24, 24] : middle;
    const subplot = (trace.xaxis ?? 'x') + (trace.yaxis ?? 'y');
    Plotly.Fx.hover(gd, [{ curveNumber, pointNumber }], subplot);
    await new Promise((done) => setTimeout(done, 150));
    for (const label of document.querySelectorAll('.hoverlayer .hovertext')) {
      const box = label.getBoundingClientRect();
      found.push({
        trace: trace.name,
        text: label.textContent,
        paper: getComputedStyle(label.querySelector('path')).fill,
        inks: Array.from(label.querySelectorAll('text'), (text) => getComputedStyle(text).fill),
        inside: box.left >= 0 && box.right <= innerWidth,
      });
    }
    Plotly.Fx.unhover(gd);
  }
  return found;
}"""
# Boxes of the tools, and of every word and grip in the figure: left, top, right, bottom.
BOXES = """(root) => {
  const box = (node) => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    return [left, top, right, bottom];
  };
  const words = root.querySelectorAll('.main-svg text, .ttn-grip');
  return {
    tools: Array.from(root.querySelectorAll('.modebar-btn'), box),
    looks: Array.from(root.querySelectorAll('.modebar-btn .icon path'),
      (node) => getComputedStyle(node).fill),
    ground: getComputedStyle(root.querySelector('.modebar-group')).backgroundColor,
    plots: Array.from(root.querySelectorAll('.cartesianlayer .bg, .nsewdrag'), box),
    words: Array.from(words, box).filter(([left, top, right, bottom]) =>
      right > left && bottom > top),
  };
}"""


def hexed(colour: str) -> str:
    """A colour as the browser writes it, in hexadecimal."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def overlap(one: list[float], other: list[float]) -> bool:
    """Whether two boxes have more than an edge in common."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0.5 and down > 0.5


def assert_labels_say_what_the_number_is(live: LivePage) -> None:
    """Words and a number in each label, in view, and legible."""
    labels: list[dict[str, Any]] = live.root.locator(".ttn-plot").evaluate(HOVER)
    assert labels
    for label in labels:
        assert re.search(r"[a-zA-Z]{3,}", label["text"]), label
        assert re.search(r"\d", label["text"]), label
        assert label["inside"], label
        for ink in label["inks"]:
            assert contrast(hexed(ink), hexed(label["paper"])) >= LEGIBLE, label


def assert_tools_lie_over_nothing(live: LivePage) -> None:
    """Small tools on no ground of their own, beside the picture."""
    plot = live.root.locator(".ttn-plot")
    plot.hover(position={"x": 8, "y": 8})
    live.page.wait_for_timeout(500)
    boxes = plot.locator("xpath=..").evaluate(BOXES)
    assert boxes["tools"]
    assert boxes["ground"] == "rgba(0, 0, 0, 0)"
    for left, top, right, bottom in boxes["tools"]:
        assert right - left <= LARGEST + 8
        assert bottom - top <= LARGEST + 8
    for tool in boxes["tools"]:
        for thing in [*boxes["words"], *boxes["plots"]]:
            assert not overlap(tool, thing), (tool, thing)


def opened(open_page: Opener, path: str, key: str) -> LivePage:
    """A figure at rest."""
    live = LivePage(open_page(path).page, key).ready()
    live.page.wait_for_timeout(1500)
    return live


@pytest.mark.parametrize(("path", "key"), each_figure(FIGURES, now=1))
def test_labels_say_what_the_number_is_and_tools_lie_over_nothing(
    open_page: Opener, path: str, key: str
) -> None:
    live = opened(open_page, path, key)
    assert_labels_say_what_the_number_is(live)
    assert_tools_lie_over_nothing(live)
    live.page.emulate_media(color_scheme="dark")
    live.page.wait_for_timeout(1000)
    assert_labels_say_what_the_number_is(live)


@pytest.mark.parametrize(("path", "key"), each_figure(WITHOUT_LABELS, now=0))
def test_tools_lie_over_nothing(open_page: Opener, path: str, key: str) -> None:
    assert_tools_lie_over_nothing(opened(open_page, path, key))
