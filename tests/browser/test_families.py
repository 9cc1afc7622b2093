"""Families in the browser: one is chosen, moved, and looked at from the gallery."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser


def test_a_gamma_moves_at_one_height_and_a_poisson_jumps(open_page: Opener) -> None:
    page = open_page("/families?family=gamma&view=cdf&rate=2&u=0.3").page
    live = LivePage(page, "families_cdf").ready()
    said = live.root.locator(".ttn-takeaway")
    expect(said).to_contain_text("At height 0.30, z = 0.55")  # half of what it is at rate 1
    before = live.shown()
    live.slider("concentration").press("ArrowRight")
    live.until_shown_differs_from(before)
    live.wait_for_change("concentration", 2)
    picker = page.get_by_role("combobox", name="Family")
    picker.click()
    picker.press_sequentially("Poisson")
    page.get_by_role("option", name="Poisson").click()
    expect(said).to_contain_text(re.compile("z stands still|z jumped"))
    assert "concentration" not in page.url
    assert "family=poisson" in page.url
    expect(page.get_by_text("no usable value")).to_have_count(0)


@pytest.mark.exhaustive
def test_the_gallery_leads_to_a_family_and_the_grains_fly(open_page: Opener) -> None:
    page = open_page("/families").page
    LivePage(page, "families_move").ready()
    page.get_by_role("button", name="Skip").click()
    page.locator('.ttn-gallery a[href="?family=weibull"]').click()
    expect(page.locator(".ttn-gallery a[aria-current]")).to_have_text("Weibull")
    live = LivePage(page, "families_move").ready()
    before = live.shown()
    live.root.get_by_role("button", name="Play").click()
    live.until_shown_differs_from(before)
