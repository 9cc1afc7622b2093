"""Every page in Firefox and in WebKitGTK: its figure is drawn and follows its slider, no error.

What a page shows is tested in Chromium; here only that another browser shows it, too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pages import contents
from tests.support.each_page import PAGES, has_figure
from tests.support.other_browsers import OtherBrowser, firefox, webkit
from tests.support.patience import patiently

BROWSERS = {"firefox": firefox, "webkit": webkit}
pytestmark = pytest.mark.browsers

# Pages whose figures have no slider before a visitor has done something else.
WITHOUT_SLIDER = {"train_vae", "compare_runs"}

AT_REST = """() => !document.querySelector('.stApp[data-test-script-state="running"]')
  && document.querySelectorAll(".st-key-way_on").length"""
STANDS = f"""() => ({AT_REST})() && document.querySelectorAll(".ttn-live[data-settled]").length"""
# What no one has caught, what the server could not do, and what could not be loaded.
ERRORS = """() => [...window.complaints, ...Array.from(document.querySelectorAll(
  '[data-testid^="stException"], [data-testid=stAlertContentError], [class*=ttn-] [role=alert]'),
  (node) => node.textContent)]"""
CONTROLS = (".ttn-slider input[type=range]", ".ttn-scrub input")
# The first figure with such a control, and that in the focus; false where there is none.
TAKE = """(selector) => {
  window.control = Array.from(document.querySelectorAll(selector))
    .find((range) => range.closest("[data-settled]") && range.checkVisibility());
  window.figure = window.control?.closest(".ttn-live");
  window.control?.focus();
  return Boolean(window.control);
}"""
LOOK = """() => [figure.querySelector(".ttn-plot").innerHTML, figure.dataset.settled]"""
PAINTED = """() => Array.from(document.querySelectorAll(
  ".ttn-plot .trace path, .ttn-plot image, .ttn-diagram path"))
  .map((node) => node.getBoundingClientRect()).some(({ width, height }) => width + height > 20)"""
AT_ITS_END = "() => Number(control.value) >= Number(control.max)"


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in BROWSERS],
)
def other(request: pytest.FixtureRequest) -> Iterator[OtherBrowser]:
    """One of the browsers; where it is missing the test fails, it is never skipped."""
    with BROWSERS[request.param]() as browser:
        yield browser


@PAGES
def test_a_page_is_drawn_and_follows_its_sliders(
    page: contents.PageInfo, other: OtherBrowser, server: str
) -> None:
    other.open(f"{server}/{page.address}")
    other.wait_for(STANDS if has_figure(page) else AT_REST)
    if has_figure(page):
        other.wait_for(PAINTED)
    slides = has_figure(page) and page.key not in WITHOUT_SLIDER
    if slides:
        other.wait_for(TAKE, ", ".join(CONTROLS))
    taken = [control for control in CONTROLS if moves_the_picture(other, control)]
    assert bool(taken) == slides
    other.wait_for(STANDS if has_figure(page) else AT_REST)
    assert other.run(ERRORS) == []


def moves_the_picture(browser: OtherBrowser, control: str) -> bool:
    """Move the first of such controls by a key, and wait for its picture; False for none."""
    if not browser.run(TAKE, control):
        return False
    before = patiently(lambda: at_rest(browser), of="a picture at rest")
    browser.press("ArrowLeft" if browser.run(AT_ITS_END) else "ArrowRight")
    patiently(lambda: both_differ(before, browser.run(LOOK)), of=f"what {control} shows and tells")
    return True


def at_rest(browser: OtherBrowser) -> list[str] | None:
    """What is drawn and told, None while it moves."""
    before = browser.run(LOOK)
    time.sleep(0.3)
    now: list[str] = browser.run(LOOK)
    return now if now == before else None


def both_differ(before: list[str], now: list[str]) -> bool:
    """Whether something else is drawn and something else is told."""
    return all(old != new for old, new in zip(before, now, strict=True))
