"""The frame that every page shares: the list of chapters, a page's head and its way on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.ui import assets, controls, theme
from pages.ui.lesson import Lesson

NAME = "Through the Noise"
PAGES = Path(__file__).parents[1]
ICON = assets.FOLDER / "icon.svg"


@dataclass(frozen=True)
class PageInfo:
    """One page: its key (lesson file and address), its file in `pages`, its name in the menu."""

    key: str
    file: str
    title: str

    @property
    def address(self) -> str:
        """Path of the page in the address bar, without the leading slash."""
        return "" if self.key == "start" else self.key


CHAPTERS: dict[str, tuple[PageInfo, ...]] = {
    "The goal": (PageInfo("start", "goal/start.py", "Start"),),
    "The trick": (
        PageInfo("location_scale", "trick/location_scale.py", "The location-scale transform"),
    ),
    "Estimators": (
        PageInfo("gradient_variance", "estimators/gradient_variance.py", "Gradient variance"),
        PageInfo("race", "estimators/race.py", "The race"),
    ),
    "In practice": (
        PageInfo("one_step", "practice/one_step.py", "One training step, slowed down"),
        PageInfo("train_vae", "practice/train_vae.py", "Train a VAE"),
        PageInfo("compare_runs", "practice/compare_runs.py", "Compare runs"),
        PageInfo("inside_vae", "practice/inside_vae.py", "Inside the trained VAE"),
    ),
}
ALL_PAGES: tuple[PageInfo, ...] = tuple(page for group in CHAPTERS.values() for page in group)


def page_info(key: str) -> PageInfo:
    """The page of that key.

    Raises:
        KeyError: If there is none.
    """
    found = {page.key: page for page in ALL_PAGES}
    return found[key]


def neighbours(key: str) -> tuple[PageInfo | None, PageInfo | None]:
    """The pages before and after the page of that key, None at either end."""
    at = ALL_PAGES.index(page_info(key))
    before = ALL_PAGES[at - 1] if at > 0 else None
    after = ALL_PAGES[at + 1] if at + 1 < len(ALL_PAGES) else None
    return before, after


def page_link(page: PageInfo, label: str | None = None, icon: str | None = None) -> None:
    """A link to another page."""
    st.page_link(str(PAGES / page.file), label=label or page.title, icon=icon)


def way_home() -> None:
    """The name of the app, on every page, as the link to its start."""
    with st.container(key="way_home"):
        page_link(page_info("start"), label=NAME)


@contextmanager
def page_frame(key: str) -> Iterator[Lesson]:
    """A page's head before, and its way on after, what the `with` block shows.

    The head is the question that the page answers and one sentence: the sections `question` and
    `sentence` of its lesson file. What is yielded shows the other sections.
    """
    lesson = Lesson(key)
    with st.container(key="page_head"):
        st.title(lesson.text("question"), anchor=False)
        st.markdown(lesson.text("sentence"))
    yield lesson
    _way_on(key)


def _way_on(key: str) -> None:
    before, after = neighbours(key)
    with st.container(key="way_on", horizontal=True, horizontal_alignment="distribute"):
        if before:
            page_link(before, icon=":material/arrow_back:")
        if after:
            page_link(after, label=f"Next: {after.title}", icon=":material/arrow_forward:")


def style_page() -> None:
    """Add the theme's colours and the shared style sheets; once in each script run."""
    names = ["style.css", "present.css"] if controls.presenting() else ["style.css"]
    sheets = [assets.load(assets.FOLDER / name).content.decode() for name in names]
    st.html(f"<style>{theme.css()}\n{''.join(sheets)}</style>")
