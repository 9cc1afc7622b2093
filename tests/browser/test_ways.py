"""A quiet mark for pages that were seen, and the way back to where one left, in the browser."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from pages import contents
from tests.browser.test_pages import sideways
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

MOST_STOPS = 150
MARK = "(node) => getComputedStyle(node, '::after').content"


def marked(page: Page, selector: str) -> bool:
    """Whether a link bears the mark of a seen page."""
    return "\u2713" in str(page.locator(selector).first.evaluate(MARK))


def test_start_marks_what_was_seen_and_leads_back_to_where_one_left(open_page: Opener) -> None:
    watched = open_page("/location_scale?sigma=0.4")
    page = watched.page
    live = LivePage(page, "transform").ready()
    live.slider("mu").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**/location_scale?*mu=1.6*")
    page.locator(".st-key-way_home a").click()
    page.wait_for_url(re.compile(r"/$"))
    line = page.locator(".ttn-resume")
    expect(line).to_contain_text(f"1 of {len(contents.ALL_PAGES) - 1} pages seen")
    listed = ".st-key-where_to_go a[href='{}'] p"
    assert marked(page, listed.format("location_scale"))
    assert not marked(page, listed.format("race"))
    page.get_by_text("The trick", exact=True).first.click()
    menu = "[data-testid=stTopNavDropdownLink][href$='/{}'] p"
    page.locator(menu.format("lotus")).wait_for()
    assert marked(page, menu.format("location_scale"))
    assert not marked(page, menu.format("lotus"))
    page.keyboard.press("Escape")
    page.reload()
    line.get_by_role("link", name=contents.page_info("location_scale").title).click()
    page.wait_for_url(re.compile(r"/location_scale\?.*mu=1\.6"))
    assert "sigma=0.4" in page.url
    page.locator(".st-key-way_home a").click()
    page.wait_for_url(re.compile(r"/$"))
    line.get_by_role("button", name="Forget").click()
    expect(line).to_be_hidden()
    assert not marked(page, listed.format("location_scale"))
    assert json.loads(page.evaluate("localStorage.getItem('ttn-way')")) == {
        "seen": [],
        "last": None,
    }


@pytest.mark.exhaustive
def test_who_comes_first_sees_no_line_and_no_gap(open_page: Opener) -> None:
    page = open_page("/", width=390).page
    LivePage(page, "passage").ready()
    expect(page.locator(".ttn-resume")).to_be_hidden()
    top = "(node) => node.getBoundingClientRect().top"
    before = page.locator(".ttn-plot").first.evaluate(top)
    page.goto(page.url + "race")
    page.wait_for_selector(".ttn-live[data-settled]")
    page.goto(page.url.replace("race", ""))
    expect(page.locator(".ttn-resume")).to_be_visible()
    LivePage(page, "passage").ready()
    after = page.locator(".ttn-plot").first.evaluate(top)
    assert before < after < 500


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "stored",
    ["no json", "[]", "null", '{"seen": 3, "last": {"page": "javascript:alert(1)", "query": ""}}'],
)
def test_a_store_that_was_tampered_with_is_no_visit(stored: str, open_page: Opener) -> None:
    page = open_page("/").page
    page.evaluate("(stored) => localStorage.setItem('ttn-way', stored)", stored)
    page.reload()
    LivePage(page, "passage").ready()
    assert page.locator(".ttn-resume a").count() == 0


@pytest.mark.exhaustive
def test_a_lesson_on_the_projector_stays_there(open_page: Opener) -> None:
    page = open_page("/?present=1").page
    page.get_by_text("A lesson of 50 minutes").click()
    page.get_by_role("link", name="The stuck gradient").click()
    page.wait_for_url("**/stuck?present=1")
    expect(page.locator(".stAppHeader")).to_be_hidden()
    page.wait_for_selector(".ttn-live[data-settled]")
    # At home it is resumed without the large type.
    page.goto(page.url.replace("stuck?present=1", ""))
    link = page.locator(".ttn-resume a")
    expect(link).to_have_attribute("href", "./stuck")


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_whole_way_through_by_keyboard_on_a_phone(scheme: str, open_page: Opener) -> None:
    watched = open_page("/", width=390, scheme=scheme)
    page = watched.page
    for before, after in pairwise(contents.ALL_PAGES):
        link = page.locator(".st-key-way_on a", has_text=f"Next: {after.title}")
        expect(link).to_be_attached()
        page.locator(".st-key-way_home a").focus()  # from the first of the page to its last
        for _ in range(MOST_STOPS):
            page.keyboard.press("Tab")
            if link.evaluate("(node) => node === document.activeElement"):
                break
        else:
            pytest.fail(f"from {before.key} no key leads on")
        assert not sideways(page), before.key
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(rf"/{after.address}(\?|$)"))
        watched.settle()
        expect(page.locator("h1")).to_have_count(1)
    page.locator(".st-key-way_home a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/$"))
    count = len(contents.ALL_PAGES) - 1
    expect(page.locator(".ttn-resume")).to_contain_text(f"{count} of {count} pages seen")
