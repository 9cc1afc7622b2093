"""A bell that is dragged until the bound touches."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.exhaustive)])
def test_the_bell_is_dragged_until_the_bound_touches(width: int, open_page: Opener) -> None:
    """Beside columns, and above bars that lie; their numbers follow the hand."""
    live = LivePage(open_page("/elbo_gap?sigma=0.6", width=width).page, "gap").ready()
    live.page.wait_for_timeout(1000)
    grip = live.root.locator('.ttn-grip[data-param="mu"]')
    grip.scroll_into_view_if_needed()
    box = grip.bounding_box()
    unit = live.plotly("gd._fullLayout.xaxis._length / 6.8")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x + 0.8 * unit, y, steps=6)
    expect(live.root.locator(".ttn-takeaway")).to_have_text(re.compile("the bound touches"))
    expect(live.root.locator(".ttn-plot text", has_text="KL 0.00").first).to_be_visible()
    live.page.mouse.up()
    live.wait_for(mu=1.6)
