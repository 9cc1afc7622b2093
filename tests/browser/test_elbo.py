"""The notation decoder in a browser: every symbol by mouse, keyboard and finger."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from pages.goal.elbo import network, symbols
from pages.ui.lesson import Lesson
from tests.conftest import Opener
from tests.support import diagrams
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

LESSON = Lesson("elbo")
ALL = range(1, symbols.COUNT + 1)
LIT = """(plot) => Array.from(plot.querySelectorAll('.ttn-code[data-state=lit]'))
  .map((node) => node.textContent)"""


def told(symbol: int, convention: str = "weights") -> str:
    sentences = tuple(LESSON.text(name) for name in symbols.sections(convention))
    return str(symbols.frame(symbol, 0, 3, sentences).numbers["told"])


def pick(live: LivePage, symbol: int) -> Locator:
    return live.root.locator(f".ttn-pick.ttn-at-{symbol}").first


def expect_symbol(live: LivePage, symbol: int, convention: str = "weights") -> None:
    """The sentence, the formula, the picture and the code all speak of this symbol."""
    expect(live.root.locator(".ttn-takeaway")).to_have_text(told(symbol, convention))
    expect(pick(live, symbol)).to_have_attribute("aria-checked", "true")
    assert live.root.locator('.ttn-pick[aria-checked="true"]').count() >= 1
    drawn = network.diagram(convention)
    for node in drawn.nodes:
        if node.name != "code" and node.lit:
            state = "lit" if symbol in node.lit else "on"
            shown = live.root.locator(f'.ttn-node[data-name="{node.name}"]')
            expect(shown).to_have_attribute("data-state", state)
    lines = [line.words for line in diagrams.lines(drawn) if line.words in network.code()]
    lit = [words for words in lines if words.startswith(network.LINES[symbol])]
    assert live.root.locator(".ttn-plot").evaluate(LIT) == lit


@pytest.mark.exhaustive
def test_every_symbol_by_mouse(open_page: Opener) -> None:
    page = open_page("/elbo").page
    live = LivePage(page, "symbols").ready()
    page.wait_for_timeout(1000)  # all symbols have been sent by now
    for symbol in ALL:
        box = pick(live, symbol).bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect_symbol(live, symbol)
    live.wait_for(symbol=symbols.COUNT)
    assert f"symbol={symbols.COUNT}" in page.url


def test_every_symbol_by_keyboard(open_page: Opener) -> None:
    page = open_page("/elbo?symbol=1").page
    live = LivePage(page, "symbols").ready()
    page.wait_for_timeout(1000)
    chosen = live.root.locator('.ttn-pick[tabindex="0"]')
    expect(chosen).to_have_count(1)
    chosen.focus()
    count = live.root.locator(".ttn-pick").count()
    seen = set()
    for _ in range(count):
        page.keyboard.press("ArrowRight")
        place = page.evaluate("document.activeElement.className.match(/ttn-at-(\\d+)/)[1]")
        seen.add(int(place))
        expect(live.root.locator(".ttn-takeaway")).to_have_text(told(int(place)))
    assert seen == set(ALL)
    live.wait_for(symbol=1)  # round once, and the focus is still in the formula
    assert page.evaluate("document.activeElement.getAttribute('role')") == "radio"


@pytest.mark.exhaustive
def test_a_finger_beside_a_symbol_means_it(open_page: Opener) -> None:
    page = open_page("/elbo", width=390, has_touch=True).page
    live = LivePage(page, "symbols").ready()
    page.wait_for_timeout(1000)
    for symbol in (symbols.PHI, symbols.KL, symbols.PRIOR):
        box = live.root.locator(f".ttn-pick.ttn-at-{symbol}").last.bounding_box()
        assert box
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] + 6)
        expect_symbol(live, symbol)


# What the lecture's viewers asked, by a link, and what answers it there.
ASKED = {
    "Should the first term not be the negative reconstruction error?": (
        "symbol=9",
        "Its negative is what programs call the reconstruction error",
    ),
    "x, or mu and sigma of x?": ("symbol=7", "The decoder gives its parameters, not x itself"),
    "Can p(x|z) have the mean and deviation of the latent space?": (
        "symbol=7",
        "are not the μ and σ of z",
    ),
    "How do log p(x|z) and log p(z) make one joint?": ("symbol=12", "one density of the pair"),
    "Is p(x, z) the joint or the likelihood?": ("symbol=12", "one density of the pair, the joint"),
    "phi, of the network?": ("symbol=4", "weights of the encoder: 315,604 numbers"),
    "phi, of the density?": (
        "symbol=4&convention=density",
        "parameters of the density q(z|x): here μ = (",
    ),
    "theta, of the density?": ("symbol=8&convention=density", "784 probabilities of ink"),
}


def answers(page: Page) -> str:
    return page.locator(".ttn-takeaway").inner_text()


@pytest.mark.exhaustive
def test_what_viewers_asked_is_answered_where_the_link_leads(open_page: Opener) -> None:
    watched = open_page("/elbo")
    for question, (query, words) in ASKED.items():
        watched.visit(f"/elbo?{query}")
        LivePage(watched.page, "symbols").ready()
        assert words in answers(watched.page), question


def test_the_derivation_goes_by_its_lines(open_page: Opener) -> None:
    page = open_page("/elbo?view=steps&step=1").page
    live = LivePage(page, "steps").ready()
    page.wait_for_timeout(1000)
    for step, words in (
        (3, "Jensen's inequality"),
        (5, "the form that is trained"),
        (1, "log p(x)"),
    ):
        pick(live, step).click()
        expect(live.root.locator(".ttn-takeaway")).to_contain_text(words)
    live.wait_for(step=1)
