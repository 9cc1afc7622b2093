"""A part that cannot load says so in words and numbers, and loads at the next try."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect

from tests.conftest import Opener
from tests.support.each_page import each_figure
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

PAGE = "/location_scale?mu=1.5"
# What does not arrive, and whether the figure's own program does.
BLOCKED = {
    "plotly": ("**/assets/plotly.min.js*", True),
    "KaTeX": ("**/static/js/katex.*.js", True),
    "its frames": ("**/assets/frames/*.js*", True),
    "its program": ("**/assets/live/figure.js*", False),
    "a part of its program": ("**/assets/live/state.js*", False),
}


@pytest.mark.parametrize("blocked", each_figure([(name,) for name in BLOCKED], now=1))
def test_a_figure_that_cannot_load_says_so_and_tries_again(blocked: str, open_page: Opener) -> None:
    pattern, has_program = BLOCKED[blocked]
    watched = open_page("/")
    page = watched.page
    page.route(pattern, lambda route: route.abort())
    watched.visit(PAGE)
    place = page.locator(".st-key-transform")
    apology = place.get_by_role("alert")
    expect(apology).to_contain_text("could not be loaded")
    takeaway = place.locator(".ttn-takeaway") if has_program else apology
    expect(takeaway).to_contain_text("lands at z = 2.10")
    numbers = place.locator("table") if has_program else apology
    expect(numbers).to_contain_text("0.0968")
    expect(place.locator(".ttn-plot .main-svg")).to_have_count(0)
    apology.get_by_role("button", name="Try again").click()
    expect(apology).to_contain_text("could not be loaded")
    page.unroute(pattern)
    with suppress(TooLate):  # the first try may still have been under way, and come through
        apology.get_by_role("button", name="Try again").click(timeout=3_000)
    live = LivePage(page, "transform").ready()
    assert live.values["mu"] == 1.5
    expect(apology).to_have_count(0)
    expect(place.locator(".ttn-plot .main-svg")).not_to_have_count(0)
    live.grab("mu")
    page.mouse.up()


@pytest.mark.exhaustive
def test_a_sheet_without_its_model_says_so_and_tries_again(open_page: Opener) -> None:
    watched = open_page("/")
    page = watched.page
    page.route("**/assets/pretrained/*", lambda route: route.abort())
    watched.visit("/inside_vae?view=draw")
    sheet = page.locator(".ttn-sketch")
    expect(sheet.get_by_role("alert")).to_contain_text("could not be loaded")
    page.unroute("**/assets/pretrained/*")
    sheet.get_by_role("button", name="Try again").click()
    expect(sheet.locator(".ttn-takeaway")).to_contain_text("ELBO")
    expect(sheet.get_by_role("alert")).to_have_count(0)


@pytest.mark.exhaustive
def test_a_question_without_its_program_can_still_be_read(open_page: Opener) -> None:
    watched = open_page("/")
    page = watched.page
    page.route("**/assets/question/question.js*", lambda route: route.abort())
    watched.visit("/gradient_variance")
    apology = page.locator('[class*="st-key-predict_"]').get_by_role("alert")
    expect(apology).to_contain_text("?")
    page.unroute("**/assets/question/question.js*")
    apology.get_by_role("button", name="Try again").click()
    expect(page.locator(".ttn-predict")).to_be_visible()
