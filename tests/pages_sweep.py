"""Runs the pages without a browser, and turns each of their widgets to its ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from pages.ui import frame
from pages.ui.lesson import Lesson

SITE = Path(__file__).parents[1] / "pages" / "site.py"
SECONDS = 60


@dataclass(frozen=True)
class Setting:
    """One widget, and a value to set it to."""

    kind: str
    key: str
    value: Any

    def __str__(self) -> str:
        """What is set to what."""
        return f"{self.kind} {self.key} = {self.value}"

    def apply(self, app: AppTest) -> AppTest:
        """The page after the widget was set and the script has run."""
        widget = next(widget for widget in app.get(self.kind) if widget.key == self.key)
        widget.set_value(self.value)
        return app.run()


def open_page(page: frame.PageInfo, **query: str) -> AppTest:
    """A page as a visitor with this address finds it."""
    app = AppTest.from_file(str(SITE), default_timeout=SECONDS)
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(page.file).run()


def settings(app: AppTest) -> Iterator[Setting]:
    """Every way to set one widget of a page to an end or to one of its options."""
    for kind, ends in ENDS.items():
        for widget in app.get(kind):
            for end in ends(widget):
                yield Setting(kind, widget.key, end)


def _two_ends(widget: Any) -> list[Any]:
    return [end for end in (widget.min, widget.max) if end is not None]


def _each_option(widget: Any) -> list[Any]:
    return list(widget.options)


def _all_or_none(widget: Any) -> list[Any]:
    return [[], list(widget.options)]


def _flipped(widget: Any) -> list[Any]:
    return [not widget.value]


ENDS: dict[str, Callable[[Any], list[Any]]] = {
    "selectbox": _each_option,
    "radio": _each_option,
    "select_slider": _each_option,
    "button_group": _each_option,
    "multiselect": _all_or_none,
    "slider": _two_ends,
    "number_input": _two_ends,
    "checkbox": _flipped,
    "toggle": _flipped,
    "button": _flipped,
}


@cache
def shown_sections(key: str) -> set[str]:
    """Sections that a page shows at its start and at each setting of each widget."""
    original = Lesson.text
    seen: set[str] = set()

    def noted(self: Lesson, section: str, **values: object) -> str:
        seen.add(section)
        return original(self, section, **values)

    Lesson.text = noted  # type: ignore[method-assign]
    try:
        page = frame.page_info(key)
        for setting in settings(open_page(page)):
            setting.apply(open_page(page))
    finally:
        Lesson.text = original  # type: ignore[method-assign]
    return seen
