"""The KL's page under a real hand: beliefs that are dragged, and the walk to the best q."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def drag(live: LivePage, grip: Locator, across: float) -> None:
    """Take hold of the middle of a grip and move it by so many pixels."""
    box = grip.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    live.page.mouse.move(x, y)
    live.page.mouse.down()
    live.page.mouse.move(x + across, y, steps=6)
    live.page.mouse.up()


@pytest.mark.exhaustive
def test_hills_are_drawn_apart_and_the_bell_is_moved(open_page: Opener) -> None:
    page = open_page("/kl_divergence?view=hills&mu=-0.5&gap=3").page
    live = LivePage(page, "kl_hills").ready()
    page.wait_for_timeout(800)
    words = live.root.locator(".ttn-takeaway")
    said = words.inner_text()
    grips = live.root.locator(".ttn-grip")
    drag(live, grips.nth(1), 60)  # the right hill's top, to the right
    live.wait_for_change("gap", 3)
    assert live.values["gap"] > 3
    expect(words).not_to_have_text(said)
    drag(live, grips.nth(2), 80)  # the bell's body
    live.wait_for_change("mu", -0.5)
    assert live.values["mu"] > 0


def test_each_direction_walks_to_another_bell(open_page: Opener) -> None:
    watched = open_page("/kl_divergence?view=best")
    page = watched.page
    for way, key, end in (("reverse", "KL(p‖q): p draws", "μ = 1.99"), ("forward", "", "σ = 2.0")):
        live = LivePage(page, "kl_best").ready()
        live.root.locator(".ttn-stage").focus()
        page.keyboard.press("End")
        expect(live.root.locator(".ttn-takeaway")).to_contain_text(end)
        if way == "reverse":
            watched.settle()
            page.get_by_role("combobox", name="q goes down").click()
            page.get_by_role("option", name=key).click()
            expect(live.root.locator(".ttn-takeaway")).to_contain_text("KL(p‖q) =")
