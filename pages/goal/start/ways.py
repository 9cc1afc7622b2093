"""Ways through the pages: where one left, and three tours whose text a teacher can edit.

A tour is a section of the lesson: a paragraph, then a numbered list of lines such as
`1. [label](page?state), 5 min. What to do.`.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

import streamlit as st

from pages import contents
from pages.ui import assets, controls
from pages.ui.lesson import Lesson

WAYS = {
    "way_story": "The story in an hour",
    "way_lab": "The lab at once",
    "way_class": "A lesson of 50 minutes",
}
_STOP = re.compile(r"^\d+\. \[([^\]]+)\]\((\w+)(\?[^)\s]+)?\), (\d+) min\. (.+)$")
_resume = st.components.v2.component("ttn_resume", js=assets.START, isolate_styles=False)


class Stop(NamedTuple):
    """One line of a tour: a page and its state, how many minutes, and what to do or to ask."""

    label: str
    page: str
    query: str
    minutes: int
    text: str


def resume(lesson: Lesson) -> None:
    """In the browser: a link to where one left, and how many pages were seen."""
    pages = [
        {"key": page.key, "title": page.title, "address": page.address}
        for page in contents.ALL_PAGES
    ]
    words = {name: lesson.text(f"resume_{name}") for name in ("note", "forget")}
    _resume(key="resume", data={"script": assets.url("way/resume.js"), "pages": pages, **words})


def show(lesson: Lesson) -> None:
    """The three tours, folded."""
    with st.container(key="ways", gap="small"):
        for name, title in WAYS.items():
            paragraph, stops = parse(lesson.text(name))
            with st.expander(title):
                st.markdown(paragraph)
                st.html(_listed(stops))


def parse(text: str) -> tuple[str, list[Stop]]:
    """The paragraph of a tour, and its stops.

    Raises:
        ValueError: If a line of the list is not written as one.
    """
    paragraph, _, rest = text.partition("\n\n")
    stops = []
    for line in filter(None, rest.splitlines()):
        found = _STOP.match(line)
        if not found:
            raise ValueError(f"this is no stop of a tour: {line!r}")
        label, page, query, minutes, told = found.groups()
        stops.append(Stop(label, page, query or "", int(minutes), told))
    return paragraph, stops


def _listed(stops: list[Stop]) -> str:
    lines = []
    for stop in stops:
        address = contents.page_info(stop.page).address + stop.query
        if controls.presenting():
            address += ("&" if stop.query else "?") + "present=1"
        link = f'<a href="./{html.escape(address)}">{html.escape(stop.label)}</a>'
        told = f"<small>{stop.minutes} min</small> {html.escape(stop.text)}"
        lines.append(f"<li>{link} {told}</li>")
    return f'<ol class="ttn-way">{"".join(lines)}</ol>'
