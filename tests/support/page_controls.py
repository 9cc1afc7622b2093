"""Finds the controls of a page by what it reads from its address, and other values for each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from streamlit.testing.v1 import AppTest

from pages import contents
from pages.ui import controls
from pages.ui.controls import widgets
from pages.ui.live import Param
from tests.support import pages_sweep

GUESSES = ("z^2 + z", "1", "0", "2")
# The name of a run is no control: one that nobody holds is taken out of the address again.
TOKENS = {"run", "runs"}


@dataclass(frozen=True)
class Found:
    """A control as a page reads it.

    Attributes:
        default: its value without an address.
        parse: from the address to a value.
        value: what was read last.
        fit: whether the address was fit to be read.
    """

    default: Any
    parse: Callable[[str], Any]
    value: Any
    fit: bool

    def other(self) -> str | None:
        """A text for the address that is not the default; None if none is known."""
        for text in (*self._known(), *GUESSES):
            try:
                if self.parse(text) != self.default:
                    return text
            except (ValueError, OverflowError):
                continue
        return None

    def _known(self) -> list[str]:
        """A slider's positions, a choice's options or a number's end, the last one first."""
        param = getattr(self.parse, "__self__", None)
        if isinstance(param, Param):
            return [controls.number_text(position) for position in reversed(param.positions)]
        bounds = (
            inspect.getclosurevars(self.parse).nonlocals if inspect.isfunction(self.parse) else {}
        )
        if "maximum" in bounds:
            return [controls.number_text(bounds["maximum"])]
        return list(reversed(list(bounds.get("options", []))))


def read_page(page: contents.PageInfo, **query: str) -> tuple[AppTest, dict[str, Found]]:
    """A page at an address, and every control that it read."""
    found: dict[str, Found] = {}
    original = controls.read

    def noted(
        name: str, default: Any, parse: Callable[[str], Any], *longest: int
    ) -> tuple[Any, bool]:
        value, fit = original(name, default, parse, *longest)
        if name not in TOKENS:
            found[name] = Found(default, parse, value, fit)
        return value, fit

    readers = (controls, widgets)  # each has the name of its own
    for module in readers:
        module.read = noted
    try:
        return pages_sweep.open_page(page, **query), found
    finally:
        for module in readers:
            module.read = original


def moved(page: contents.PageInfo) -> dict[str, str]:
    """An address that sets every control of a page to another value than its default.

    A control may bring others with it; these are then set too. So is one that got another default
    or other ends by it.
    """
    query: dict[str, str] = {}
    while True:
        _, found = read_page(page, **query)
        fresh = {
            name: each.other()
            for name, each in found.items()
            if name not in query or not each.fit or each.value == each.default
        }
        assert None not in fresh.values(), f"no other value is known for one of {fresh}"
        if not fresh:
            return query
        query |= fresh
