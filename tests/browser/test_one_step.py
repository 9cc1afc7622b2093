"""The slowed-down step in a browser: each stage's numbers come without asking the server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pages.practice.one_step import frames, picture
from pages.practice.one_step.picture import DECODE, STAGES
from pages.ui.lesson import Lesson
from tests.conftest import Opener
from tests.support import diagrams
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

# The words that are seen and turn with the stage, by their state.
TEXTS = """(plot) => {
  const found = { on: [], lit: [] };
  for (const node of plot.querySelectorAll('.ttn-words text')) {
    const seen = node.checkVisibility({ visibilityProperty: true });
    if (seen && node.dataset.state) found[node.dataset.state].push(node.textContent);
  }
  return found;
}"""
PICTURES = """(plot) => Array.from(plot.querySelectorAll('image')).filter((node) =>
  node.href.baseVal.startsWith('data:image/png')).length"""


def told(stage: int, back: str, estimator: str) -> tuple[str, dict[str, set[str]]]:
    """What the page should say at a stage, and the words that rest, and that are lit."""
    sentences = tuple(Lesson("one_step").text(name) for name in frames.sections(back))
    frame = frames.frame(stage, 0, estimator, 0, 1, sentences)
    words: dict[str, set[str]] = {"on": set(), "lit": set(), "off": set()}
    for line in diagrams.lines(picture.diagram(path=back == "path")):
        text = diagrams.filled(line.words.split("\t")[-1], frame.numbers)
        words[diagrams.state(line, stage)] |= set(text.split("\n"))
    return str(frame.numbers["told"]), words


def show(live: LivePage, stage: int, back: str, estimator: str, left_out: str = "") -> None:
    """Wait until the page says and draws what it should at a stage."""
    sentence, words = told(stage, back, estimator)
    expect(live.root.locator(".ttn-takeaway")).to_have_text(sentence)
    drawn = live.root.locator(".ttn-plot").evaluate(TEXTS)
    assert set(drawn["lit"]) == words["lit"]
    assert set(drawn["on"]) == words["on"] - {left_out}


@pytest.mark.parametrize(
    ("back", "estimator"),
    [("path", "pathwise"), pytest.param("score", "score", marks=pytest.mark.exhaustive)],
)
def test_the_keyboard_steps_through_every_stage(
    back: str, estimator: str, open_page: Opener
) -> None:
    page = open_page(f"/one_step?stage=1&updates=0&estimator={estimator}").page
    live = LivePage(page, "step").ready()
    expect(live.root.locator(".ttn-takeaway")).to_contain_text("Take image 1")
    page.wait_for_timeout(1500)  # every stage has been sent by now
    assert live.root.locator(".ttn-plot").evaluate(PICTURES) == 2
    live.root.locator(".ttn-stage").focus()
    for stage in range(2, STAGES + 1):
        page.keyboard.press("ArrowRight")
        show(live, stage, back, estimator)
    page.keyboard.press("Home")
    show(live, 1, back, estimator)
    page.keyboard.press("End")
    show(live, STAGES, back, estimator)
    live.wait_for(stage=STAGES)
    assert "stage=" not in page.url
    sentence, _ = told(STAGES, back, estimator)
    expect(live.root.locator(".ttn-stage")).to_have_attribute("aria-label", f"Figure. {sentence}")


@pytest.mark.exhaustive
def test_a_held_scrubber_asks_nothing_until_it_is_let_go(open_page: Opener) -> None:
    page = open_page("/one_step?stage=1&updates=0").page
    live = LivePage(page, "step").ready()
    page.wait_for_timeout(1500)
    scrubber = live.root.locator(".ttn-scrub input")
    scrubber.scroll_into_view_if_needed()
    box = scrubber.bounding_box()
    assert box
    before, middle = live.settled, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 10, middle)
    page.mouse.down()
    for stage in (4, 8, DECODE):
        part = (stage - 1) / (STAGES - 1)
        page.mouse.move(box["x"] + 10 + part * (box["width"] - 20), middle, steps=4)
        show(live, stage, "path", "pathwise")
    page.wait_for_timeout(1000)  # longer than what follows a release
    assert live.settled == before
    page.mouse.up()
    live.wait_for(stage=DECODE)
    assert f"stage={DECODE}" in page.url


def test_on_a_phone_it_runs_downwards_and_tells_the_same(open_page: Opener) -> None:
    page = open_page("/one_step?stage=8&updates=0", width=390).page
    live = LivePage(page, "step").ready()
    show(live, 8, "path", "pathwise", left_out="the KL looks at μ and σ alone")
    plot = live.root.locator(".ttn-plot").bounding_box()
    assert plot
    assert plot["height"] > 1.5 * plot["width"]


@pytest.mark.exhaustive
def test_a_preset_shows_the_other_way_back(open_page: Opener) -> None:
    page = open_page("/one_step?updates=0").page
    live = LivePage(page, "step").ready()
    page.get_by_role("link", name="by REINFORCE").click()
    expect(live.root.locator(".ttn-takeaway")).to_contain_text("Only a number gets past z")
    live.wait_for(stage=8)
    assert "estimator=score" in page.url
    assert "updates=" not in page.url
