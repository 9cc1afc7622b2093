"""Where each page's figure stands: on a phone's first screen, and large before a class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from pages import contents
from pages.ui import lesson
from tests.browser.test_pages import sideways
from tests.conftest import Opener, running_server
from tests.support.each_page import each_page, has_figure

pytestmark = pytest.mark.browser

FOLD = 500
HALF = 540
LONGEST_LINE = 48
SMALLEST = 20
# Every text that is seen and set smaller than this, but the indices of formulas: [size, text].
SMALL = """(smallest) => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    const style = getComputedStyle(node);
    const seen = node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!seen || node.closest('.katex, script, style') || style.fontFamily.includes('Material')) {
      continue;
    }
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width < 3 || box.height < 3) continue;
    const drawn = node.closest('svg') && node.getScreenCTM
      ? Math.hypot(node.getScreenCTM().a, node.getScreenCTM().b) : 1;
    const size = parseFloat(style.fontSize) * drawn;
    if (size < smallest) found.push([size, walk.currentNode.textContent]);
  }
  return found;
}"""
# The top of what a page shows first, from the page's own top.
TOP = """(node) => node.getBoundingClientRect().top
  + document.querySelector('[data-testid=stMain]').scrollTop"""
# The lines of each formula, as what is written on them.
LINES = """() => Array.from(document.querySelectorAll('.ttn-formula .katex-html'), (formula) => {
  const lines = [];
  let edge = Infinity;
  for (const piece of formula.querySelectorAll(':scope > .base')) {
    const { left, right } = piece.getBoundingClientRect();
    if (left < edge - 1) lines.push('');
    lines[lines.length - 1] += piece.textContent.trim();
    edge = right;
  }
  return lines;
})"""
# A quiz's questions, drawn anew at each visit, are of any length: its controls stand below them.
WORDS = {"quiz": ".ttn-quiz .ttn-question"}
HANGING = ("=", "≈", "←", "≤", "≥", "∼")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with runs of its own: beside another one it would say so above the figure."""
    with running_server(TTN_RUNS=str(tmp_path_factory.mktemp("runs"))) as address:
        yield address


def first_words(page: Page, key: str) -> Any:
    """What a page of words alone shows first below its head."""
    first = page.locator(WORDS.get(key, "[data-testid=stWidgetLabel]")).first
    page.locator(".st-key-way_on").wait_for()
    first.wait_for()
    page.wait_for_timeout(1000)  # the larger type comes with the style
    return first


def first_figure(page: Page) -> Any:
    """The plot or diagram that a page shows first, once it is drawn."""
    page.locator(".ttn-live[data-settled]").first.wait_for()
    page.wait_for_timeout(400)
    return page.locator(".ttn-plot").first


@each_page("gradient_variance")
def test_on_a_phone_the_figure_begins_on_the_first_screen(
    page: contents.PageInfo, open_page: Opener, alone: str
) -> None:
    shown = open_page(f"/{page.address}", width=390, has_touch=True, server=alone).page
    first = first_figure(shown) if has_figure(page) else first_words(shown, page.key)
    assert first.evaluate(TOP) < FOLD
    assert not sideways(shown)


@each_page("location_scale")
def test_before_a_class_the_figure_has_half_of_the_height(
    page: contents.PageInfo, browser: Browser, server: str
) -> None:
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    shown = context.new_page()
    shown.goto(f"{server}/{page.address}?present=1")
    if has_figure(page):
        box = first_figure(shown).bounding_box()
        assert box
        assert box["height"] >= HALF
    else:
        expect(first_words(shown, page.key)).to_be_visible()
    assert shown.evaluate("document.documentElement.scrollWidth") <= 1920
    assert shown.evaluate(SMALL, SMALLEST - 0.05) == []
    context.close()


def test_before_a_class_keys_turn_pages_play_and_fold_the_question(open_page: Opener) -> None:
    page = open_page("/gradient_variance?present=1&view=mean").page
    first_figure(page)
    expect(page.get_by_text("Keys:")).to_be_visible()
    question = page.locator(".ttn-predict form")
    page.keyboard.press("q")
    expect(question).to_be_hidden()
    page.keyboard.press("q")
    expect(question).to_be_visible()
    page.keyboard.press("q")
    page.locator(".ttn-predict .ttn-opener").click()
    expect(question).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    scrub = page.locator(".ttn-scrub input")
    before = scrub.input_value()
    page.keyboard.press("ArrowLeft")
    expect(scrub).not_to_have_value(before)
    page.keyboard.press(".")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    page.keyboard.press("PageDown")
    page.wait_for_url("**/race?*present=1*")
    expect(page.locator("h1")).to_have_text(lesson.read_sections("race")["question"])
    expect(page.locator(".st-key-way_on a").first).to_contain_text("Gradient variance")
    first_figure(page)
    page.keyboard.press("PageUp")
    page.wait_for_url("**/gradient_variance?*present=1*")


@pytest.mark.exhaustive
def test_without_a_class_keys_do_what_they_do_everywhere(open_page: Opener) -> None:
    page = open_page("/gradient_variance").page
    first_figure(page)
    for key in ("q", "PageDown", "."):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    expect(page.locator(".ttn-predict form")).to_be_visible()
    assert page.url.endswith("/gradient_variance")


def test_on_a_phone_the_prediction_is_one_line_until_it_is_opened(open_page: Opener) -> None:
    page = open_page("/gradient_variance", width=390, has_touch=True).page
    question = page.locator(".ttn-predict")
    opener = question.get_by_role("button", name="Predict")
    expect(opener).to_be_visible()
    box = question.bounding_box()
    assert box
    assert box["height"] <= LONGEST_LINE
    reveal = question.get_by_role("button", name="Reveal")
    expect(reveal).to_be_hidden()
    opener.tap()
    expect(opener).to_be_hidden()
    question.get_by_role("radio", name="REINFORCE").check()
    reveal.tap()
    expect(question.locator(".ttn-verdict")).to_be_visible()


def test_on_a_phone_pickers_stand_two_in_a_row(open_page: Opener) -> None:
    page = open_page("/gradient_variance", width=390, has_touch=True).page
    first_figure(page)
    boxes: list[Any] = [box.bounding_box() for box in page.locator(".stSelectbox").all()]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert boxes[1]["x"] + boxes[1]["width"] <= 390
    assert boxes[1]["y"] + boxes[1]["height"] <= boxes[2]["y"]
    assert boxes[2]["y"] == boxes[3]["y"]
    fold = page.get_by_role("button", name="Estimators").bounding_box()
    assert fold
    assert 0 <= fold["y"] - boxes[3]["y"] - boxes[3]["height"] <= 16


@each_page("monte_carlo")
def test_on_a_phone_a_formula_breaks_before_a_relation_and_not_after_it(
    open_page: Opener, page: contents.PageInfo
) -> None:
    shown = open_page(f"/{page.address}", width=390, has_touch=True).page
    if not has_figure(page):
        expect(first_words(shown, page.key)).to_be_visible()
        assert shown.locator(".ttn-formula").count() == 0
        return
    first_figure(shown)
    formulas = shown.evaluate(LINES)
    assert not [line for lines in formulas for line in lines if line.endswith(HANGING)]
    if page.key in {"location_scale", "monte_carlo"}:
        assert len(formulas[0]) > 1
