"""The race in a browser: it plays, its paths grow, and what diverged has a way back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Opener

pytestmark = pytest.mark.browser

# Points of all lines that are drawn on the map.
DRAWN = """() => Array.from(
    document.querySelectorAll('.ttn-plot')[0].querySelectorAll('.subplot.xy .js-line'),
    (path) => path.getAttribute('d').split('L').length).reduce((a, b) => a + b)"""


def wait_for_race(page: Page) -> None:
    """Wait until the figure is drawn and has come to rest."""
    page.wait_for_selector(".ttn-plot .js-line", state="attached", timeout=60_000)
    expect(page.locator(".ttn-takeaway").first).to_contain_text("Exact loss after")


def test_the_race_plays_and_its_paths_grow(open_page: Opener) -> None:
    watched = open_page("/race?n=0&estimators=score_loo&k=5")
    page = watched.page
    wait_for_race(page)
    page.get_by_role("button", name="Play").first.click()
    takeaway = page.locator(".ttn-takeaway").first
    expect(takeaway).to_contain_text(re.compile(r"after ([2-9]|1\d) steps"), timeout=30_000)
    early = page.evaluate(DRAWN)
    expect(takeaway).to_contain_text("after 120 steps", timeout=30_000)
    assert page.evaluate(DRAWN) > early
    watched.settle()
    assert "n=" not in page.url


@pytest.mark.exhaustive
def test_what_diverged_is_said_and_one_click_leads_back(open_page: Opener) -> None:
    watched = open_page("/race")
    page = watched.page
    wait_for_race(page)
    expect(page.locator(".ttn-takeaway").first).to_contain_text("REINFORCE diverged after step 13")
    expect(page.locator(".ttn-plot").first).to_contain_text("diverged")
    page.get_by_text("Back to calm water").click()
    takeaway = page.locator(".ttn-takeaway").first
    expect(takeaway).not_to_contain_text("diverged", timeout=60_000)
    watched.settle()
    assert "k=20" in page.url
