"""What to try looks one way: as links below a live figure, and as buttons below trainings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Opener
from tests.support.each_page import each_figure

pytestmark = pytest.mark.browser

PLACES = [
    ("/train_vae", 1280),
    ("/compare_runs", 390),
    ("/train_vae", 390),
    ("/compare_runs", 1280),
]
HEAD = ".ttn-presets h3, .st-key-presets h3"
LINKS = ".ttn-presets a, .st-key-presets button p"
LOOK = """(nodes) => nodes.slice(0, 2).map((node) => {
  const style = getComputedStyle(node);
  return ['fontSize', 'fontWeight', 'lineHeight', 'color', 'textDecorationLine', 'fontFamily']
    .map((name) => style[name]).join(' ');
})"""
# Where words begin, by the range of the words themselves.
LEFT = """(node) => {
  const range = document.createRange();
  range.selectNodeContents(node);
  const main = document.querySelector('[data-testid=stMainBlockContainer]');
  const box = range.getBoundingClientRect();
  return [box.left - main.getBoundingClientRect().left, box.top];
}"""


def look(open_page: Opener, address: str, width: int) -> tuple[list[str], list[float]]:
    """The style of heading and links, and where the words begin: from the left, and row by row."""
    page = open_page(address, width=width).page
    head, links = page.locator(HEAD).first, page.locator(LINKS)
    links.first.wait_for()
    page.wait_for_timeout(1000)
    style = [*head.evaluate_all(LOOK), *links.evaluate_all(LOOK)]
    places: list[Any] = [node.evaluate(LEFT) for node in (head, links.first)]
    (left, top), (inset, below) = places
    return style, [left, inset, below - top]


@pytest.mark.parametrize(("address", "width"), each_figure(PLACES, now=1))
def test_what_to_try_looks_one_way(open_page: Opener, address: str, width: int) -> None:
    style, places = look(open_page, address, width)
    wanted, there = look(open_page, "/race", width)
    assert style == wanted
    assert places == pytest.approx(there, abs=6)
