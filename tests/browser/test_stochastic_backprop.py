"""Gradients without a path under a real hand: the bell is dragged, and sliders go to their ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def test_the_bell_is_dragged_and_the_slopes_follow(open_page: Opener) -> None:
    page = open_page("/stochastic_backprop?f=wells&mu=-0.5").page
    live = LivePage(page, "backprop_identities").ready()
    page.wait_for_timeout(800)
    words = live.root.locator(".ttn-takeaway")
    said = words.inner_text()
    box = live.root.locator(".ttn-grip").first.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    page.mouse.up()
    live.wait_for_change("mu", -0.5)
    assert live.values["mu"] > -0.3
    expect(words).not_to_have_text(said)
