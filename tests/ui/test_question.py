"""Predict, then reveal: what may be asked, and in a browser what becomes of an answer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.ui import question as asking
from tests.conftest import Opener

QUESTION = {
    "question": "Which?",
    "options": {"a": "This", "b": "That"},
    "answer": "a",
    "explanations": {"a": "Because.", "b": "Not so."},
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": "c"}, "is none of"),
        ({"options": {"a": "This"}}, "2 to 4 options"),
        ({"explanations": {"a": "Because."}}, "do not match"),
        ({"factor": 0.5}, "factor must lie between"),
        ({"factor": 2000.0}, "factor must lie between"),
    ],
)
def test_a_question_that_does_not_fit_together_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        asking.predict("test", **{**QUESTION, **change})


def test_factors_are_evenly_spread_in_the_logarithm():
    positions = asking.factor_positions(1000.0)
    assert positions[:7] == [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0]
    assert positions[-1] == 1000.0
    ratios = [b / a for a, b in pairwise(positions)]
    assert min(ratios) > 1.3
    assert max(ratios) < 1.7


def question(page: Page) -> Locator:
    """The first question of a page."""
    return page.locator(".ttn-predict").first


@pytest.mark.browser
def test_a_wrong_answer_is_explained_and_the_score_survives_f5(open_page: Opener) -> None:
    watched = open_page("/race")
    page, asked = watched.page, question(watched.page)
    reveal = asked.get_by_role("button", name="Reveal")
    expect(reveal).to_be_disabled()
    address = page.url
    asked.get_by_text("About one in ten").click()
    reveal.click()
    expect(asked.locator(".ttn-why")).to_contain_text("Not quite. That would be so if")
    expect(asked.locator(".ttn-why")).to_contain_text("The answer: About every other one")
    expect(asked.locator(".ttn-score")).to_contain_text("0 of 1")
    assert page.url == address
    asked.get_by_role("button", name="Try again").click()
    asked.get_by_text("About every other one").click()
    reveal.click()
    expect(asked.locator(".ttn-verdict")).to_contain_text("Right.")
    expect(asked.locator(".ttn-score")).to_contain_text("0 of 1")
    page.reload()
    page.wait_for_selector(".ttn-predict")
    expect(asked).to_contain_text("You said: About one in ten")
    expect(asked.locator(".ttn-score")).to_contain_text("0 of 1")
    asked.get_by_role("button", name="Forget").click()
    expect(reveal).to_be_disabled()
    expect(asked.locator(".ttn-score")).to_be_hidden()


@pytest.mark.browser
@pytest.mark.parametrize("width", [pytest.param(1280, marks=pytest.mark.exhaustive), 390])
def test_a_keyboard_is_enough_and_targets_are_large(width: int, open_page: Opener) -> None:
    page = open_page("/race", width=width).page
    asked = question(page)
    if width < 640:  # one line until it is opened
        asked.get_by_role("button", name="Predict").focus()
        page.keyboard.press("Enter")
        expect(asked.locator("input[type=radio]").first).to_be_focused()
    for target in asked.locator(".ttn-option, button:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    asked.locator("input[type=radio]").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(asked.locator(".ttn-verdict")).to_be_focused()
    expect(asked.locator(".ttn-score")).to_contain_text("1 of 1")


@pytest.mark.browser
@pytest.mark.parametrize("way", ["Reveal", pytest.param("Skip", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize(
    "address", ["/race", pytest.param("/race?present=1", marks=pytest.mark.exhaustive)]
)
def test_what_gives_the_answer_away_is_covered(way: str, address: str, open_page: Opener) -> None:
    page = open_page(address).page
    asked, answer = question(page), page.get_by_text("54 diverged").first
    page.locator(".st-key-covered_fates .js-plotly-plot").first.wait_for(state="attached")
    expect(answer).to_be_hidden()
    told = page.locator(".st-key-covered_fates").aria_snapshot()
    assert "diverged" not in told
    if way == "Reveal":
        asked.locator("input[type=radio]").first.check()
    asked.get_by_role("button", name=way).click()
    expect(answer).to_be_visible()
    expect(asked.get_by_role("button", name="Skip")).to_have_count(0)
