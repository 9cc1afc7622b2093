"""Lesson text: Markdown files in `assets/lessons`, one a page, in sections headed `## name`.

A section may hold `{{name}}` where a page puts a number or a word. Symbols in its formulas get
their colours here, so the text itself stays plain Markdown with plain TeX.

A list of things, such as letters or papers, has a section for each: a `###` heading, text, and at
its end a list, of facts and of links such as `[what it shows](location_scale?mu=2)`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from urllib.parse import parse_qsl

import streamlit as st

from pages.ui import theme

FOLDER = Path(__file__).parents[2] / "assets" / "lessons"

_HEADING = re.compile(r"^## +(\w+) *$", re.MULTILINE)
_TEX = re.compile(r"(?<!\\)(\$\$?)(.+?)(?<!\\)\1", re.DOTALL)
_BLANK = re.compile(r"\{\{(\w+)\}\}")
_ENTRY = re.compile(
    r"### +(?P<title>[^\n]+)\n+(?P<text>.*?)\n*(?P<items>(^- [^\n]+\n?)*)\Z",
    re.DOTALL | re.MULTILINE,
)
_LINK = re.compile(r"\[(?P<label>[^\]]+)\]\((?P<page>\w+)(\?(?P<query>\S+))?\)")


@dataclass(frozen=True)
class Link:
    """A link of a lesson to a page, in the state that its query tells."""

    label: str
    page: str
    query: dict[str, str]


@dataclass(frozen=True)
class Entry:
    """One of a list of things: its heading, its text, and the items of the list at its end."""

    title: str
    text: str
    items: tuple[str, ...]

    @property
    def links(self) -> tuple[Link, ...]:
        """Its links, in order."""
        found = (match for item in self.items for match in _LINK.finditer(item))
        return tuple(Link(m["label"], m["page"], dict(parse_qsl(m["query"] or ""))) for m in found)

    def fact(self, name: str) -> str | None:
        """What stands behind `name:` in its list, None where nothing does."""
        begin = f"{name}: "
        return next((item[len(begin) :] for item in self.items if item.startswith(begin)), None)


@dataclass(frozen=True)
class Lesson:
    """The text of one page; calling it with a section's name shows that section."""

    page: str

    def __call__(self, section: str, **values: object) -> None:
        """Show a section as Markdown, its `{{name}}` blanks filled from `values`."""
        st.markdown(self.text(section, **values))

    def text(self, section: str, **values: object) -> str:
        """Markdown of a section, formulas coloured and blanks filled.

        Raises:
            KeyError: If the page has no such section, or a blank has no value.
        """
        if section not in self.sections:
            raise KeyError(f"{self.page}.md has no section '## {section}'")
        return colour_markdown(fill(self.sections[section], values))

    def entries(self, kind: str, **values: object) -> dict[str, Entry]:
        """The sections `kind_name`, by name, in the file's order.

        Raises:
            ValueError: If one of them has no heading, or no text.
        """
        begin = f"{kind}_"
        names = [name[len(begin) :] for name in self.sections if name.startswith(begin)]
        return {name: read_entry(self.text(begin + name, **values)) for name in names}

    @cached_property
    def sections(self) -> dict[str, str]:
        """All sections by name, as they stand in the file now: an edited text shows at once."""
        return read_sections(self.page)


def read_sections(page: str) -> dict[str, str]:
    """Sections of a page's lesson file, by name, in the file's order.

    Raises:
        ValueError: If two sections have the same name.
    """
    path = FOLDER / f"{page}.md"
    return dict(_read_sections(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=128)
def _read_sections(path: Path, _changed_ns: int) -> dict[str, str]:
    _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name} has two sections of the same name: {names}")
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}


def read_entry(section: str) -> Entry:
    """A section as one of a list of things.

    Raises:
        ValueError: If it has no heading, or no text.
    """
    found = _ENTRY.match(section)
    if found is None or not found["text"]:
        raise ValueError(f"no '### heading' with a text below it: {section[:60]!r}")
    items = (line[2:].strip() for line in found["items"].splitlines())
    return Entry(found["title"].strip(), found["text"].strip(), tuple(items))


def fill(text: str, values: dict[str, object]) -> str:
    """`text` with each `{{name}}` replaced by its value.

    Raises:
        KeyError: If a blank has no value.
    """
    return _BLANK.sub(lambda match: str(values[match[1]]), text)


def colour_markdown(markdown: str) -> str:
    """Markdown with the symbols in its `$...$` and `$$...$$` formulas coloured."""
    return _TEX.sub(lambda m: f"{m[1]}{theme.colour_tex(m[2])}{m[1]}", markdown)
