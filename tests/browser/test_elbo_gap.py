"""A bell that is dragged until the bound touches, and one that climbs by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def test_the_bell_is_dragged_until_the_bound_touches(open_page: Opener) -> None:
    """Also on a phone, where the bars lie; its numbers follow the hand."""
    for width in (1280, 390):
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
        words = live.root.locator(".ttn-takeaway")
        expect(words).to_have_text(re.compile("the bound touches"))
        expect(live.root.locator(".ttn-plot text", has_text="KL 0.00").first).to_be_visible()
        live.page.mouse.up()
        live.wait_for(mu=1.6)
        live.page.context.close()


def test_the_bell_climbs_onto_one_hill(open_page: Opener) -> None:
    live = LivePage(open_page("/elbo_gap?model=hills").page, "gap").ready()
    live.page.wait_for_timeout(1000)
    live.root.get_by_role("combobox", name="Speed").select_option("4")
    live.root.get_by_role("button", name="Play").click()
    expect(live.root.locator(".ttn-takeaway")).to_have_text(re.compile("No bell comes closer"))
    live.wait_for(t=40)
