"""Every page runs, as it starts and with each of its widgets at its ends."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pages.ui import frame
from pages.ui.lesson import read_sections
from pages.ui.variance_views import VIEWS
from tests import pages_sweep


def strings(path: Path) -> set[str]:
    """All string constants in a Python file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {node.value for node in nodes if isinstance(node.value, str)}


KEYS = [page.key for page in frame.ALL_PAGES]
# Both tests that need a page's sweep run in one process, so that it is done once.
each_swept = pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=pytest.mark.xdist_group(f"sweep {p.key}")) for p in frame.ALL_PAGES],
    ids=KEYS,
)
each_page = pytest.mark.parametrize("page", frame.ALL_PAGES, ids=KEYS)


@each_page
def test_page_opens(page: frame.PageInfo) -> None:
    app = pages_sweep.open_page(page)
    assert pages_sweep.faults(app) == []
    assert len(app.title) == 1
    assert app.title[0].value.endswith("?")


@pytest.mark.slow
@each_swept
def test_every_widget_at_its_ends(page: frame.PageInfo) -> None:
    assert pages_sweep.sweep(page.key).faults == {}


@pytest.mark.slow
@each_swept
def test_every_lesson_section_is_shown(page: frame.PageInfo) -> None:
    named = strings(frame.PAGES / page.file)
    for section in read_sections(page.key):
        shown = section in named or section in pages_sweep.sweep(page.key).sections
        assert shown, f"nothing shows {section!r}"


def test_the_site_knows_every_page_file() -> None:
    chapters = [folder for folder in frame.PAGES.iterdir() if folder.is_dir()]
    files = {
        path.relative_to(frame.PAGES).as_posix()
        for folder in chapters
        if folder.name not in {"ui", "__pycache__"}
        for path in folder.glob("*.py")
    }
    assert files == {page.file for page in frame.ALL_PAGES}


def test_the_way_leads_through_all_pages() -> None:
    before, after = frame.neighbours("start")
    assert before is None
    walked = ["start"]
    while after is not None:
        walked.append(after.key)
        before, after = frame.neighbours(after.key)
        assert before is not None
        assert before.key == walked[-2]
    assert walked == KEYS


@each_page
def test_pages_are_short(page: frame.PageInfo) -> None:
    assert len((frame.PAGES / page.file).read_text(encoding="utf-8").splitlines()) < 100


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("problem", ["sine", "quadratic_bowl", "own"])
def test_every_view_of_the_lab_opens_with_every_kind_of_cost(view: str, problem: str) -> None:
    """A cost with a setting, one whose dimensions differ, and the learner's own."""
    query = {"view": view, "problem": problem, "along": "dim"}
    app = pages_sweep.open_page(frame.page_info("gradient_variance"), **query)
    assert pages_sweep.faults(app) == []
