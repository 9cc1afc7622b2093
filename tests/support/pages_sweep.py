"""Runs the pages without a browser, and turns each of their widgets to its ends."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from streamlit.testing.v1 import AppTest

from pages import contents
from pages.ui.lesson import Lesson
from tests.support.small_jobs import small_jobs

SITE = Path(__file__).parents[2] / "pages" / "site.py"
SECONDS = 60
MANY = 20


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
        self.find(app).set_value(self.value)
        return app.run()

    def possible(self, app: AppTest) -> bool:
        """Whether the widget is there and may be used."""
        widget = self.find(app)
        return widget is not None and not widget.disabled

    def find(self, app: AppTest) -> Any:
        """The widget on the page, None if it is not there."""
        return next((w for w in app.get(self.kind) if self.key in {w.key, w.label}), None)


def open_page(page: contents.PageInfo, **query: str) -> AppTest:
    """A page as a visitor with this address finds it."""
    app = AppTest.from_file(str(SITE), default_timeout=SECONDS)
    for name, value in query.items():
        app.query_params[name] = value
    return app.switch_page(page.file).run()


def settings(app: AppTest) -> Iterator[Setting]:
    """Every way to set one widget of a page to an end or to one of its options."""
    for kind, ends in ENDS.items():
        for widget in app.get(kind):
            for end in [] if widget.disabled else ends(widget):
                yield Setting(kind, widget.key or widget.label, end)


def _two_ends(widget: Any) -> list[Any]:
    return [end for end in (widget.min, widget.max) if end is not None]


def _each_option(widget: Any) -> list[Any]:
    """All of them; of very many, such as the families, one in five, and the rest in their tests."""
    return list(widget.options)[:: 5 if len(widget.options) > MANY else 1]


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


@dataclass(frozen=True)
class Sweep:
    """What a page showed while each of its widgets was turned to each of its ends.

    Attributes:
        sections: lesson sections that were shown.
        faults: what went wrong, by the setting at which it did.
    """

    sections: set[str]
    faults: dict[str, list[str]]


@cache
def sweep(key: str) -> Sweep:
    """Turn every widget of a page to its ends, one at a time, the others as they start."""
    page = contents.page_info(key)
    folder = TemporaryDirectory(ignore_cleanup_errors=True)
    with _noting_sections() as seen, folder as runs, small_jobs(Path(runs)):
        app = open_page(page)
        found = {"at the start": faults(app)}
        for setting in list(settings(app)):
            if not setting.possible(app):
                app = open_page(page)
            app, found[str(setting)] = _try(setting, app, page)
    return Sweep(seen, {setting: wrong for setting, wrong in found.items() if wrong})


def _try(setting: Setting, app: AppTest, page: contents.PageInfo) -> tuple[AppTest, list[str]]:
    """The faults at a setting, and a page whose next run has the widget back as it was."""
    widget = setting.find(app)
    before = widget.value
    wrong = faults(setting.apply(app))
    after = setting.find(app)
    if wrong or after is None or after.disabled or setting.kind == "button":
        return open_page(page), wrong
    after.set_value(before)
    return app, wrong


def faults(app: AppTest) -> list[str]:
    """Exceptions that a page shows, and numbers on it that are none."""
    texts = [str(element.value) for element in (*app.markdown, *app.caption, *app.title)]
    bad = [text for text in texts if re.search(r"\b(nan|NaN|Traceback)\b", text)]
    return [str(error.value) for error in app.exception] + bad


@contextmanager
def _noting_sections() -> Iterator[set[str]]:
    original = Lesson.text
    seen: set[str] = set()

    def noted(self: Lesson, section: str, **values: object) -> str:
        seen.add(section)
        return original(self, section, **values)

    Lesson.text = noted  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Lesson.text = original  # type: ignore[method-assign]
