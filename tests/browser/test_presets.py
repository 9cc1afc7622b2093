"""What to try looks one way: as links below a live figure, and as buttons below trainings."""

from __future__ import annotations

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
# Where words begin, by the range of the words themselves; all at one moment, as the page may move.
PLACES_OF = """([head, links]) => {
  const main = document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect();
  const [first, below] = [head, links].map((query) => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector(query));
    return range.getBoundingClientRect();
  });
  return [first.left - main.left, below.left - main.left, below.top - first.top];
}"""


def look(open_page: Opener, address: str, width: int) -> tuple[list[str], list[float]]:
    """The style of heading and links, and where the words begin: from the left, and row by row."""
    page = open_page(address, width=width).page
    head, links = page.locator(HEAD).first, page.locator(LINKS)
    links.first.wait_for()
    page.wait_for_timeout(1000)
    style = [*head.evaluate_all(LOOK), *links.evaluate_all(LOOK)]
    places: list[float] = page.evaluate(PLACES_OF, [HEAD, LINKS])
    return style, places


@pytest.mark.parametrize(("address", "width"), each_figure(PLACES, now=0))
def test_what_to_try_looks_one_way(open_page: Opener, address: str, width: int) -> None:
    style, places = look(open_page, address, width)
    wanted, there = look(open_page, "/race", width)
    assert style == wanted
    assert places == pytest.approx(there, abs=6)
