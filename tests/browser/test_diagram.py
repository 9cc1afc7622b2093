"""Diagrams in a browser: words keep to their boxes, stages light, things explain themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pages.goal.start import picture as start
from pages.practice.one_step import picture as step
from pages.ui import theme
from pages.ui.live import Diagram, Edge, Form, Line, Node, payload
from tests.browser.test_live import rgb_of
from tests.conftest import Opener
from tests.support.live_page import LivePage

pytestmark = pytest.mark.browser

# For each thing: its box, the boxes of its words, and the size of these, in units of the diagram.
MEASURE = """(svg) => Array.from(svg.querySelectorAll('.ttn-node'), (node) => {
  const part = (box) => [box.x, box.y, box.x + box.width, box.y + box.height];
  const words = Array.from(node.querySelectorAll('text'));
  return { name: node.dataset.name, words: words.map((text) => part(text.getBBox())),
    text: words.map((text) => text.textContent).join(' '),
    size: Math.min(...words.map((text) => parseFloat(text.style.fontSize))) };
})"""
DRAW = """async ([told, names]) => {
  const { DiagramView } = await import('/assets/live/diagram.js');
  document.querySelector('.drawn-here')?.remove();
  const root = document.createElement('div');
  root.className = 'drawn-here';
  document.querySelector('h1').after(root);
  window.said = [];
  const view = new DiagramView(root, (words) => window.said.push(words));
  await view.draw(told, false, [0, 0, 0]);
  view.set(names);
  window.view = view;
}"""


def measured(live: LivePage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.root.locator(".ttn-diagram").evaluate(MEASURE)
    return found


def laid_out(live: LivePage, diagram: Diagram) -> dict[str, Any]:
    form = live.root.locator(".ttn-diagram").get_attribute("data-form")
    laid = diagram.wide if form == "wide" else diagram.narrow
    return dict(diagram.boxes(laid))


def keep_to_their_boxes(things: list[dict[str, Any]], boxes: dict[str, Any]) -> None:
    for thing in things:
        x, y, width, height = boxes[thing["name"]]
        for left, top, right, bottom in thing["words"]:
            assert left >= x - width / 2 - 2, thing
            assert right <= x + width / 2 + 2, thing
            assert top >= y - height / 2 - 4, thing
            assert bottom <= y + height / 2 + 4, thing


def at_widths(live: LivePage, *widths: int) -> Iterator[None]:
    """The same visit on screens of several widths."""
    for width in widths:
        live.page.set_viewport_size({"width": width, "height": 800})
        live.page.wait_for_timeout(700)
        yield


@pytest.mark.parametrize(
    "view", ["reparameterize", pytest.param("sample", marks=pytest.mark.exhaustive)]
)
def test_the_words_of_start_keep_to_their_boxes(view: str, open_page: Opener) -> None:
    query = f"/?view={view}&mu=-3&sigma=2" + ("&eps=-3" if view == "reparameterize" else "")
    live = LivePage(open_page(query).page, "passage").ready()
    for _ in at_widths(live, 1280, 390, 320):
        boxes = laid_out(live, start.diagram(outside=view == "reparameterize"))
        keep_to_their_boxes(measured(live), boxes)


@pytest.mark.parametrize(
    "estimator", ["pathwise", pytest.param("score", marks=pytest.mark.exhaustive)]
)
def test_the_words_of_the_step_keep_to_their_boxes(estimator: str, open_page: Opener) -> None:
    live = LivePage(open_page(f"/one_step?updates=0&estimator={estimator}").page, "step").ready()
    for _ in at_widths(live, 1280, 390):
        things = measured(live)
        keep_to_their_boxes(things, laid_out(live, step.diagram(path=estimator == "pathwise")))
        assert min(thing["size"] for thing in things if thing["words"]) > 11


def grid(rows: int, columns: int) -> Diagram:
    """A graph of many things, each with a sentence in it, and one that must be set smaller."""
    nodes = [
        Node(f"{i} {j}", (i, j), "log p(x|z) of the mean", about=f"thing {i} {j}")
        for i in range(columns)
        for j in range(rows)
    ]
    long = Line("a long explanation that has no room at all at the usual size of letters, so small")
    nodes[-1] = Node(nodes[-1].name, nodes[-1].at, (long,))
    edges = [Edge(f"{i} {j}", f"{i + 1} {j}") for i in range(columns - 1) for j in range(rows)]
    form = Form(
        size=(140 * columns, 80 * rows),
        along=[140 * i + 70 for i in range(columns)],
        across=[80 * j + 40 for j in range(rows)],
    )
    return Diagram(nodes, edges, form, form, stage="stage")


def draw(page: Page, diagram: Diagram, **names: float) -> None:
    told = json.loads(payload.diagram_json(diagram, None))["diagram"]
    page.evaluate(DRAW, [told, names])


@pytest.mark.exhaustive
def test_dozens_of_things_wrap_their_words_and_explain_themselves(open_page: Opener) -> None:
    page = open_page("/").page
    LivePage(page, "passage").ready()
    diagram = grid(6, 8)
    draw(page, diagram, stage=1)
    svg = page.locator(".drawn-here .ttn-diagram")
    things = svg.evaluate(MEASURE)
    assert len(things) == 48
    assert all(len(thing["words"]) == 2 for thing in things[:-1])
    assert things[-1]["size"] < things[0]["size"]
    keep_to_their_boxes(things, dict(diagram.boxes(diagram.wide)))
    expect(svg).to_have_attribute("role", "group")
    first = svg.locator(".ttn-node").first
    first.focus()
    assert page.evaluate("window.said") == ["thing 0 0"]
    page.keyboard.press("Tab")
    second = svg.locator(".ttn-node").nth(1)
    assert second.evaluate("(node) => node === document.activeElement")
    assert page.evaluate("window.said") == ["thing 0 0", "", "thing 0 1"]
    expect(second).to_have_attribute("aria-label", "log p(x|z) of the mean: thing 0 1")
    assert (
        second.evaluate(
            "(node) => getComputedStyle(node.querySelector('.ttn-outline')).strokeWidth"
        )
        == "4px"
    )


def test_a_stage_lights_its_parts_and_hides_what_comes_later(open_page: Opener) -> None:
    page = open_page("/").page
    LivePage(page, "passage").ready()
    late = Line("total\t{sum:.1f}", shown=(2, 3), lit=(2,))
    form = Form(size=(300, 100), along=(70, 230), across=(50, 90))
    nodes = (Node("a", (0, 0), "a", lit=(1,)), Node("b", (1, 0), (late,)))
    diagram = Diagram(nodes, (Edge("a", "b", lit=(2,)),), form, form, stage="stage")
    seen = (
        "(svg) => Array.from(svg.querySelectorAll('text')).map((text) => [text.textContent,"
        " text.checkVisibility({ visibilityProperty: true }), getComputedStyle(text).fontWeight])"
    )
    wanted = {1: [["a", True, "400"], ["total", True, "400"], ["7.5", False, "400"]]}
    wanted[2] = [["a", True, "400"], ["total", True, "400"], ["7.5", True, "700"]]
    wanted[3] = [["a", True, "400"], ["total", True, "400"], ["7.5", True, "400"]]
    draw(page, diagram, stage=1, sum=7.5)
    svg = page.locator(".drawn-here .ttn-diagram")
    for stage, words in wanted.items():
        page.evaluate("(stage) => view.set({ stage, sum: 7.5 })", stage)
        assert svg.evaluate(seen) == words
        lit = svg.locator("[data-state=lit]").evaluate_all("(all) => all.map((n) => n.tagName)")
        assert lit == {1: ["g"], 2: ["g", "text"], 3: []}[stage]


@pytest.mark.parametrize("scheme", [pytest.param("light", marks=pytest.mark.exhaustive), "dark"])
def test_a_diagram_can_be_saved(open_page: Opener, scheme: str) -> None:
    watched = open_page("/one_step?updates=0", scheme=scheme)
    live = LivePage(watched.page, "step").ready()
    with live.page.expect_download() as told:
        live.root.get_by_role("button", name="Save the picture").click()
    assert told.value.suggested_filename == "step.png"
    image = Image.open(told.value.path()).convert("RGB")
    box = live.root.locator(".ttn-diagram").bounding_box()
    assert box
    assert image.size == pytest.approx((2 * box["width"], 2 * box["height"]), abs=2)
    colours = {colour for _, colour in image.getcolors(2**24) or ()}
    paper, mu, accent = (
        rgb_of(getattr(pair, scheme))
        for pair in (theme.ROLES["paper"], theme.SYMBOLS["mu"], theme.ROLES["accent"])
    )
    assert image.getpixel((2, 2)) == paper
    assert {paper, mu, accent} <= colours
    x, y = (round(2 * box["width"] * at / 980) for at in (50, 120))
    digit = image.crop((x - 60, y - 60, x + 60, y + 60))
    assert len(digit.getcolors(2**24) or ()) > 10


def test_a_page_of_diagrams_does_without_plotly(open_page: Opener) -> None:
    watched = open_page("/one_step?updates=0")
    LivePage(watched.page, "step").ready()
    assert not any("plotly" in url for url in watched.requests)
