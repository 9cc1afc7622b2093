"""A curve that is bent by hand, and draws at the touch of a button."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.exhaustive)])
def test_a_point_is_dragged_and_a_hundred_are_drawn(width: int, open_page: Opener) -> None:
    """The histogram and the sentence follow both."""
    live = LivePage(open_page("/latent_variables?n=0", width=width).page, "latent_hand").ready()
    takeaway = live.root.locator(".ttn-takeaway")
    expect(takeaway).to_contain_text("nothing is drawn yet")
    live.root.get_by_role("button", name="draw 100", exact=True).click()
    live.wait_for(n=100)
    expect(takeaway).to_contain_text("From 100 draws")
    live.page.wait_for_timeout(600)
    grip = live.root.locator('.ttn-grip[data-param="h4"]')
    grip.evaluate("node => node.scrollIntoView({ block: 'center' })")
    live.page.wait_for_timeout(300)
    box = grip.bounding_box()
    unit = live.plotly("gd._fullLayout.yaxis._length / 9")
    before = takeaway.inner_text()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x, y + 2.0 * unit, steps=6)
    expect(takeaway).not_to_have_text(before)
    live.page.mouse.up()
    live.wait_for(h4=0.0)
