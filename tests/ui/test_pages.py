"""Every page runs, as it starts and with each of its widgets at its ends."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from pages import contents
from pages.estimators.gradient_variance.views import VIEWS
from pages.ui.lesson import Lesson, read_sections
from tests.conftest import ROOT
from tests.support import pages_sweep
from tests.support.each_page import PAGES


def strings(path: Path) -> set[str]:
    """All string constants in a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


KEYS = [page.key for page in contents.ALL_PAGES]
# Both tests that need a page's sweep run in one process, so that it is done once.
each_swept = pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=pytest.mark.xdist_group(f"sweep {p.key}")) for p in contents.ALL_PAGES],
    ids=KEYS,
)


@PAGES
def test_page_opens(page: contents.PageInfo) -> None:
    app = pages_sweep.open_page(page)
    assert pages_sweep.faults(app) == []
    assert len(app.title) == 1
    assert app.title[0].value.endswith("?")


@pytest.mark.slow
@each_swept
def test_every_widget_at_its_ends(page: contents.PageInfo) -> None:
    assert pages_sweep.sweep(page.key).faults == {}


@pytest.mark.slow
@each_swept
def test_every_lesson_section_is_shown(page: contents.PageInfo) -> None:
    named = strings(contents.PAGES / page.file)
    start = pages_sweep.open_page(contents.page_info("start"))
    for section in read_sections(page.key):
        if section == "teaser":  # Start shows it
            text = Lesson(page.key).text(section)
            assert text in [element.value for element in start.markdown]
            continue
        shown = section in named or section in pages_sweep.sweep(page.key).sections
        assert shown, f"nothing shows {section!r}"


def test_the_site_knows_every_page_file() -> None:
    files = {
        path.relative_to(contents.PAGES).as_posix()
        for path in contents.PAGES.glob("*/*/*.py")
        if path.stem == path.parent.name
    }
    assert files == {page.file for page in contents.ALL_PAGES}


def test_the_way_leads_through_all_pages() -> None:
    before, after = contents.neighbours("start")
    assert before is None
    walked = ["start"]
    while after is not None:
        walked.append(after.key)
        before, after = contents.neighbours(after.key)
        assert before is not None
        assert before.key == walked[-2]
    assert walked == KEYS


@PAGES
def test_pages_are_short(page: contents.PageInfo) -> None:
    assert len((contents.PAGES / page.file).read_text(encoding="utf-8").splitlines()) < 100


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("problem", ["sine", "quadratic_bowl", "own"])
def test_every_view_of_the_lab_opens_with_every_kind_of_cost(view: str, problem: str) -> None:
    """A cost with a setting, one whose dimensions differ, and the learner's own."""
    query = {"view": view, "problem": problem, "along": "dim"}
    app = pages_sweep.open_page(contents.page_info("gradient_variance"), **query)
    assert pages_sweep.faults(app) == []


def test_what_plotly_looks_into_is_whole_before_a_page_draws() -> None:
    """Two visitors who came first at once would meet half of it, and one of them a failed page."""
    asked = "import sys, pages.ui.layout; print('pandas' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == "True\n"
