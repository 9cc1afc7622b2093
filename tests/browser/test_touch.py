"""Fingers on a figure: a swipe scrolls the page, two enlarge it, and the axes stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page

from tests.conftest import Opener
from tests.support.each_page import each_figure
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

FIGURES = [
    ("/location_scale", "transform"),
    ("/monte_carlo", "monte_carlo_average"),
    ("/gradient_variance", "variance_histogram"),
    ("/race", "race"),
]
STEPS = 10
RANGES = """Object.entries(gd._fullLayout).filter(([name]) => /^[xy]axis/.test(name))
  .map(([name, axis]) => [name, ...axis.range].join()).join(';')"""
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"
# What the grip at a point of the screen moves.
GRIPPED = "([x, y]) => document.elementFromPoint(x, y).closest('.ttn-grip').dataset.param"


@dataclass
class Fingers:
    """One finger or two on a phone's screen, as the browser's own input sees them."""

    page: Page
    wire: CDPSession = field(init=False)

    def __post_init__(self) -> None:
        self.wire = self.page.context.new_cdp_session(self.page)

    def draw(self, *ways: Sequence[tuple[float, float]]) -> None:
        """Put a finger down at each way's start and take it to the way's end."""
        for step in range(STEPS + 1):
            points = [
                {
                    "x": x0 + (x1 - x0) * step / STEPS,
                    "y": y0 + (y1 - y0) * step / STEPS,
                    "id": finger,
                }
                for finger, ((x0, y0), (x1, y1)) in enumerate(ways)
            ]
            kind = "touchMove" if step else "touchStart"
            self.wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            self.page.wait_for_timeout(20)
        self.wire.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        self.page.wait_for_timeout(500)

    def swipe_up(self, x: float, y: float) -> None:
        """Swipe by 150 pixels."""
        self.draw(((x, y), (x, y - 150)))

    def spread(self, x: float, y: float) -> None:
        """Two fingers part from 40 to 160 pixels."""
        self.draw(((x - 20, y), (x - 80, y)), ((x + 20, y), (x + 80, y)))


def on_a_phone(open_page: Opener, path: str, key: str) -> LivePage:
    page = open_page(path, width=390, has_touch=True, is_mobile=True).page
    live = LivePage(page, key).ready()
    page.wait_for_timeout(1500)
    return live


def plot_box(live: LivePage) -> Any:
    return live.root.locator(".nsewdrag").first.bounding_box()


@pytest.mark.parametrize(("path", "key"), each_figure(FIGURES, now=0))
def test_a_swipe_over_a_figure_scrolls_the_page_and_two_fingers_enlarge_it(
    open_page: Opener, path: str, key: str
) -> None:
    live = on_a_phone(open_page, path, key)
    page, fingers, stood = live.page, Fingers(live.page), live.plotly(RANGES)
    for part_x, part_y in ((0.5, 0.3), (0.03, 0.5), (0.97, 0.98), (0.5, 1.05)):  # edges, and below
        page.evaluate(f"{SCROLLED} = 0")
        box = plot_box(live)
        x, y = box["x"] + part_x * box["width"], box["y"] + part_y * box["height"]
        fingers.swipe_up(x, y)
        assert page.evaluate(SCROLLED) > 80
    page.evaluate(f"{SCROLLED} = 0")
    box = plot_box(live)
    fingers.spread(box["x"] + 0.5 * box["width"], box["y"] + 0.25 * box["height"])
    assert page.evaluate("visualViewport.scale") > 1.2
    assert live.plotly(RANGES) == stood


@pytest.mark.exhaustive
def test_a_grip_that_moves_sideways_leaves_the_scroll_alone(open_page: Opener) -> None:
    live = on_a_phone(open_page, "/location_scale", "transform")
    page, fingers = live.page, Fingers(live.page)
    box = live.root.locator('.ttn-grip[data-param="mu"]').bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    slider = live.slider(page.evaluate(GRIPPED, [x, y]))
    before = slider.input_value()
    fingers.swipe_up(x, y)
    assert page.evaluate(SCROLLED) > 80
    assert slider.input_value() == before
    page.evaluate(f"{SCROLLED} = 0")
    fingers.draw(((x, y), (x + 60, y)))
    assert slider.input_value() != before
    assert page.evaluate(SCROLLED) == 0
