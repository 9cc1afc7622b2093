"""Letters and papers in a browser: a letter in its colour, and links that lead where they say."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pages import contents
from pages.ui import theme
from pages.ui.lesson import Lesson
from tests.browser.test_pages import rgb
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

PAPERS = Lesson("symbols").entries("paper")


def test_a_letter_has_its_colour_and_a_paper_leads_to_what_was_taken(open_page: Opener) -> None:
    page = open_page("/symbols", width=390, scheme="dark").page
    for name in theme.SYMBOLS:
        letter = page.locator(f".st-key-letter_{name} .katex-html [style*=color]").last
        expect(letter).to_have_css("color", rgb(theme.SYMBOLS[name].dark))
    page.locator("label", has_text="the papers").click()
    expect(page.get_by_text(PAPERS["williams_1992"].title.split(",")[0]).first).to_be_visible()
    assert "view=papers" in page.url
    page.get_by_role("link", name="A bound that moves").click()
    page.wait_for_url("**/stuck?view=support")
    live = LivePage(page, "stuck_support").ready()
    expect(live.root.locator(".ttn-takeaway")).to_contain_text("the boundary term is real")
    page.go_back()
    expect(page.get_by_role("link", name="A bound that moves")).to_be_visible()
    before, _ = contents.neighbours("symbols")
    assert before
    page.locator(".st-key-way_on a").first.click()
    page.wait_for_url(f"**/{before.address}*")


@pytest.mark.exhaustive
@pytest.mark.parametrize("view", ["letters", "papers"])
def test_every_letters_and_papers_link_is_there(view: str, open_page: Opener) -> None:
    page = open_page(f"/symbols?view={view}").page
    entries = Lesson("symbols").entries(view.removesuffix("s")).values()
    links = [link.label for entry in entries for link in entry.links]
    shown = page.locator(".stMain .stPageLink a:not(.st-key-way_on a, .st-key-way_home a) p")
    expect(shown).to_have_text(links)
