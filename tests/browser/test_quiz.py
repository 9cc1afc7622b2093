"""The quiz in a browser: answers stay there, links open what they speak of, keys are enough."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from pages.review.quiz import items as reading
from pages.review.quiz.choose import choose
from pages.review.quiz.items import Item
from tests.browser.test_access import grave
from tests.browser.test_pages import sideways
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

TRICK = "/quiz?chapter=trick&seed=7"


COUNT_SENT = """() => {
  window.sent = 0;
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) { window.sent += 1; send.call(this, data); };
}"""


def expected(seed: int = 7, chapter: str = "trick") -> list[Item]:
    """The questions that the address makes, as Python knows them."""
    return choose(reading.read(chapter), seed)


def card(page: Page) -> Locator:
    """The quiz, at rest."""
    found = page.locator(".ttn-quiz[data-settled]")
    found.wait_for()
    return found


def answer(quiz: Locator, item: Item, right: bool = True) -> None:
    """Choose the right option, or the first wrong one, and check it."""
    place = next(i for i, option in enumerate(item.options) if option.right == right)
    quiz.locator("input[type=radio]").nth(place).check()
    quiz.get_by_role("button", name="Check").click()


@pytest.mark.exhaustive
def test_answers_are_explained_kept_and_told_to_nobody(open_page: Opener) -> None:
    watched = open_page(TRICK)
    page, quiz = watched.page, card(watched.page)
    first, second, *rest = expected()
    heard: list[str] = []
    page.on("websocket", lambda socket: heard.append(socket.url))
    page.on("request", lambda request: heard.append(request.url))
    page.evaluate(COUNT_SENT)
    address = page.url
    expect(quiz).to_contain_text(f"Question 1 of {len(rest) + 2}")
    answer(quiz, first, right=False)
    wrong = next(option for option in first.options if not option.right)
    expect(quiz.locator(".ttn-verdict")).to_be_focused()
    expect(quiz.locator(".ttn-verdict")).to_contain_text("Not quite. " + wrong.why.split("**")[1])
    expect(quiz.get_by_role("link", name=wrong.label).first).to_be_visible()
    quiz.get_by_role("button", name="Try again").click()
    answer(quiz, first)
    expect(quiz.locator(".ttn-verdict")).to_contain_text("Right.")
    quiz.get_by_role("button", name="Next question").click()
    expect(quiz.locator(".ttn-question")).to_be_focused()
    answer(quiz, second)
    page.wait_for_timeout(300)
    assert page.url == address
    assert heard == []
    assert page.evaluate("window.sent") == 0
    page.reload()
    expect(card(page)).to_contain_text("Question 2 of")
    expect(quiz).to_contain_text("your choice, the answer")
    quiz.get_by_role("button", name="Overview").click()
    expect(quiz).to_contain_text(f"2 of {len(rest) + 2} answered, 1 right at first")
    quiz.get_by_role("button", name="Start again").click()
    expect(quiz.get_by_role("button", name="Check")).to_be_disabled()
    expect(quiz).to_contain_text("Question 1 of")
    assert "choice" not in page.evaluate("localStorage.getItem('ttn-quiz')")


def test_a_wrong_answer_leads_to_the_state_that_shows_it_and_back(open_page: Opener) -> None:
    page = open_page("/quiz?chapter=goal&seed=7").page
    quiz = card(page)
    names = [item.name for item in expected(7, "goal")]
    at = names.index("kl_to_prior")
    item = expected(7, "goal")[at]
    quiz.get_by_role("button", name="Overview").click()
    quiz.locator(".ttn-row").nth(at).click()
    place = [option.name for option in item.options].index("reversed")
    quiz.locator("input[type=radio]").nth(place).check()
    quiz.get_by_role("button", name="Check").click()
    expect(quiz.locator(".ttn-verdict")).to_contain_text("The other direction.")
    value = item.options[place].text
    quiz.get_by_role("link", name="Both directions side by side").click()
    page.wait_for_url(re.compile(r"kl_divergence\?mu="))
    live = LivePage(page, "kl_bells").ready()
    said = live.root.locator(".ttn-takeaway").inner_text()
    forward = re.search(r"for p by (\d+\.\d+)", said)
    assert forward
    assert f"{float(forward[1]):.2f}" == value
    page.go_back()
    expect(card(page)).to_contain_text(f"Question {at + 1} of")
    expect(quiz).to_contain_text("your choice")


@pytest.mark.exhaustive
@pytest.mark.parametrize("width", [1280, 390])
def test_a_keyboard_is_enough_and_nothing_is_too_small(width: int, open_page: Opener) -> None:
    page = open_page(TRICK, width=width).page
    quiz = card(page)
    for target in quiz.locator(".ttn-option, button:visible").all():
        box = target.bounding_box()
        assert box
        assert box["height"] >= 44
    first = expected()[0]
    place = next(i for i, option in enumerate(first.options) if option.right)
    quiz.locator("input[type=radio]").first.focus()
    page.keyboard.press("Space")
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(quiz.locator(".ttn-verdict")).to_be_focused()
    expect(quiz.locator(".ttn-verdict")).to_contain_text("Right.")
    for _ in range(3):
        page.keyboard.press("Tab")
        if quiz.get_by_role("button", name="Next question").evaluate(
            "(node) => node === document.activeElement"
        ):
            break
    page.keyboard.press("Enter")
    expect(quiz).to_contain_text("Question 2 of")
    assert not sideways(page)


@pytest.mark.exhaustive
def test_every_question_and_its_answers_fit_a_phone(open_page: Opener) -> None:
    page = open_page("/quiz?seed=3", width=390).page
    quiz = card(page)
    items = choose(reading.read_all(), 3)
    for number, item in enumerate(items):
        expect(quiz).to_contain_text(f"Question {number + 1} of {len(items)}")
        answer(quiz, item, right=False)
        assert not sideways(page), item.name
        if number + 1 < len(items):
            quiz.get_by_role("button", name="Next question").click()
    quiz.get_by_role("button", name="Overview").click()
    expect(quiz).to_contain_text(f"{len(items)} of {len(items)} answered, 0 right at first")
    found = Axe().run(page, context=".ttn-quiz").response["violations"]
    assert [each["id"] for each in found if each["impact"] in {"serious", "critical"}] == []


@pytest.mark.exhaustive
def test_a_class_sees_letters_and_keys_turn_the_questions(open_page: Opener) -> None:
    page = open_page(f"{TRICK}&present=1").page
    quiz = card(page)
    first = expected()[0]
    letters = quiz.locator(".ttn-letter")
    assert letters.all_inner_texts() == list("ABCD"[: len(first.options)])
    quiz.get_by_role("button", name="Show the answer").click()
    expect(quiz.locator(".ttn-verdict")).to_contain_text("The answer.")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    expect(quiz).to_contain_text("Question 2 of")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowLeft")
    expect(quiz).to_contain_text("Question 1 of")
    quiz.get_by_role("button", name="Overview").click()
    expect(quiz).to_contain_text("none answered yet")  # what is shown is not counted
    for scheme in ("dark", "light"):
        assert grave(page, scheme) == []


@pytest.mark.exhaustive
def test_without_its_program_the_first_question_can_be_read(open_page: Opener) -> None:
    watched = open_page("/")
    page = watched.page
    page.route("**/assets/question/quiz.js*", lambda route: route.abort())
    watched.visit(TRICK)
    apology = page.get_by_role("alert")
    expect(apology).to_contain_text(expected()[0].question)
    page.unroute("**/assets/question/quiz.js*")
    apology.get_by_role("button", name="Try again").click()
    expect(card(page)).to_contain_text("Question 1 of")


@pytest.mark.exhaustive
def test_who_comes_back_without_a_seed_finds_the_quiz_that_was_begun(open_page: Opener) -> None:
    page = open_page("/quiz?seed=41").page
    answer(card(page), choose(reading.read_all(), 41)[0])
    page.goto(page.url.split("?")[0])
    page.wait_for_url(re.compile(r"seed=\d+"))
    link = card(page).get_by_role("link", name="Go on with quiz 41")
    link.click()
    page.wait_for_url("**/quiz?seed=41")
    expect(card(page)).to_contain_text("your choice")
