"""Lesson text: how it is read, and that what pages ask for exists."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from pages import contents
from pages.ui import lesson

KEYS = [page.key for page in contents.ALL_PAGES]


def asked_for(path: Path) -> set[str]:
    """Sections that a page names outright: `lesson("a")` and `lesson.text("a")`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"lesson", "lesson.text"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


@pytest.mark.parametrize("page", contents.ALL_PAGES, ids=KEYS)
def test_no_section_is_asked_for_in_vain(page: contents.PageInfo) -> None:
    sections = set(lesson.read_sections(page.key))
    assert asked_for(contents.PAGES / page.file) | {"question", "sentence"} <= sections
    assert ("teaser" in sections) == (page.key != "start")


def test_every_lesson_file_belongs_to_a_page() -> None:
    assert {path.stem for path in lesson.FOLDER.glob("*.md")} == set(KEYS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of lessons to try things on."""
    monkeypatch.setattr(lesson, "FOLDER", tmp_path)
    return tmp_path


def test_sections_are_read_in_order(folder: Path) -> None:
    (folder / "p.md").write_text("preface\n\n## one\n\nA\n\n### kept\n\n## two\nB\n")
    assert lesson.read_sections("p") == {"one": "A\n\n### kept", "two": "B"}


def test_two_sections_of_one_name_are_an_error(folder: Path) -> None:
    (folder / "p.md").write_text("## one\nA\n## one\nB\n")
    with pytest.raises(ValueError, match="same name"):
        lesson.read_sections("p")


def test_a_missing_section_is_an_error(folder: Path) -> None:
    (folder / "p.md").write_text("## one\nA\n")
    with pytest.raises(KeyError, match="no section '## two'"):
        lesson.Lesson("p").text("two")


def test_blanks_are_filled(folder: Path) -> None:
    (folder / "p.md").write_text("## one\n{{n}} draws of $z$ at \\$5\n")
    assert lesson.Lesson("p").text("one", n=3).startswith("3 draws of ${\\textcolor{")
    with pytest.raises(KeyError, match="n"):
        lesson.Lesson("p").text("one")


def test_only_formulas_are_coloured() -> None:
    text = lesson.colour_markdown(r"Call it z: $z$, $$\mu$$ and x.")
    assert text.startswith("Call it z: ${")
    assert text.endswith("$$ and x.")
    assert text.count("textcolor") == 2
