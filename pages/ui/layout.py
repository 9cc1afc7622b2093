"""The layout that every page shares: its head, its way on, and the style."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.contents import PAGES, PageInfo, neighbours, page_info
from pages.ui import assets, controls, theme
from pages.ui.lesson import Entry, Lesson, Link

# Streamlit loads it at its first need, and plotly looks into it as soon as it is seen, even where
# another visitor's page has half loaded it. Here each script run waits until it is whole.
importlib.import_module("pandas")

NAME = "Through the Noise"
ICON = assets.FOLDER / "icon.svg"
_visit = st.components.v2.component("ttn_visit", js=assets.START, isolate_styles=False)
# As `assets/shared/presenter.js` hears them.
KEYS = (
    "Keys: **→** and **←** step, **P** plays, **Q** folds the question away, **Page Down** and "
    "**Page Up** turn the page. A presenter's remote turns it by its arrows and plays by its dot."
)


def page_link(
    page: PageInfo,
    label: str | None = None,
    icon: str | None = None,
    query: Mapping[str, str] | None = None,
) -> None:
    """A link to another page, in the state that the query tells."""
    state = dict(query) if query else None
    st.page_link(_page(page), label=label or page.title, icon=icon, query_params=state)


def navigable(page: PageInfo) -> StreamlitPage:
    """A page for Streamlit's menu, which notes in it whether it is the one to run."""
    return copy.copy(_page(page))


@cache
def _page(page: PageInfo) -> StreamlitPage:
    """Streamlit looks for a page's script in the file system; once is enough."""
    file, start = PAGES / page.file, page.key == "start"
    return st.Page(file, title=page.title, url_path=page.address, default=start)


def lesson_link(link: Link, icon: str = ":material/visibility:") -> None:
    """A link that stands in a lesson. Raises KeyError if there is no such page."""
    page_link(page_info(link.page), link.label, icon, link.query)


def way_home() -> None:
    """The name of the app, on every page, as the link to its start."""
    with st.container(key="way_home"):
        page_link(page_info("start"), label=NAME)


def lesson_links(entry: Entry, label: str = "") -> None:
    """All links of one of a list of things, beside each other where there is room."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if label:
            st.caption(label, width="content")
        for link in entry.links:
            lesson_link(link)


@contextmanager
def page_layout(key: str) -> Iterator[Lesson]:
    """A page's head before, and its way on after, what the `with` block shows.

    The head is the question that the page answers and one sentence: the sections `question` and
    `sentence` of its lesson file. What is yielded shows the other sections.
    """
    lesson = Lesson(key)
    _note_visit(page_info(key))
    with st.container(key="page_head"):
        st.title(lesson.text("question"), anchor=False)
        st.markdown(lesson.text("sentence"))
    yield lesson
    _way_on(key)


def _note_visit(page: PageInfo) -> None:
    """Let the browser keep that this page was seen, and in which state; nothing of it is sent."""
    with st.container(key="visit"):
        data = {"script": assets.url("way/visit.js"), "page": page.key, "address": page.address}
        _visit(key=f"visit_{page.key}", data=data)


def _way_on(key: str) -> None:
    before, after = neighbours(key)
    with st.container(key="way_on", horizontal=True, horizontal_alignment="distribute"):
        if before:
            page_link(before, icon=":material/arrow_back:")
        if after:
            page_link(after, label=f"Next: {after.title}", icon=":material/arrow_forward:")
    if controls.presenting():
        st.markdown(KEYS)


def style_page() -> None:
    """Add the theme's colours and the shared style sheets; once in each script run."""
    controls.arrive()
    names = ["style.css", "present.css"] if controls.presenting() else ["style.css"]
    sheets = [assets.load(assets.FOLDER / name).content.decode() for name in names]
    st.html(f"<style>{theme.css()}\n{''.join(sheets)}</style>")
