"""Every displayed formula stands in `formulas.toml`, below the test that holds it.

A formula is what stands in `$$...$$`, in a section called formula, or in `$...$` with a relation in
it; and what the registry of estimators writes. Text that is only a letter's value is none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pages import contents
from pages.ui import lesson
from tests.conftest import ROOT
from vae_core.estimators.registry import ESTIMATORS

LIST: dict[str, list[str]] = tomllib.loads(
    (Path(__file__).parent / "formulas.toml").read_text(encoding="utf-8")
)
LISTED = {each for formulas in LIST.values() for each in formulas}
BLOCK = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$])\$([^$]+)\$")
RELATION = re.compile(r"=|\\leq?\b|\\geq?\b|\\approx|\\propto|\\sim\b|<|>")
CHOSEN = re.compile(r"\\pick\{\d+\}\{[^{}]*\}|\\part\{\d+\}")  # what can be tapped, and its name
A_VALUE = re.compile(r"\\?\w+ (=|\\in) (-?[\d.]+|\{\{\w+\}\})")


def displayed(page: str) -> Iterator[str]:
    """The formulas of a page's lesson, on one line each."""
    for name, text in lesson.read_sections(page).items():
        if name.startswith("formula") and "$" not in text:
            yield " ".join(CHOSEN.sub("", text).split())
        inline = INLINE.findall(BLOCK.sub("", text))
        related = (found for found in inline if RELATION.search(found))
        for formula in (*BLOCK.findall(text), *related):
            written = " ".join(formula.split())
            if not A_VALUE.fullmatch(written):
                yield written


def all_displayed() -> set[str]:
    """All of them, each below its page."""
    found = {f"{page.key}: {each}" for page in contents.ALL_PAGES for each in displayed(page.key)}
    return found | {f"estimators: {each.formula}" for each in ESTIMATORS.values() if each.formula}


def test_every_displayed_formula_is_on_the_list() -> None:
    assert not all_displayed() - LISTED, "put it into formulas.toml, below the test that holds it"


def test_nothing_is_on_the_list_that_no_page_shows() -> None:
    assert not LISTED - all_displayed()


def test_a_formula_that_a_lesson_gains_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    old = lesson.read_sections
    gained = r"So $\sigma^2 \le 0$, as $$\mu < \mu$$ shows, with $\mu = {{mu}}$."
    monkeypatch.setattr(lesson, "read_sections", lambda page: {**old(page), "gained": gained})
    new = {r"start: \sigma^2 \le 0", r"start: \mu < \mu"}
    assert {each for each in all_displayed() - LISTED if each.startswith("start")} == new


@pytest.mark.parametrize("test", LIST)
def test_what_holds_it_is_there(test: str) -> None:
    path, name = test.split("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^def {name}\(", source, re.MULTILINE), f"{path} has no {name}"
    assert LIST[test]
