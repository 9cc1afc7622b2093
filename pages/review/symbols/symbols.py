"""What is each letter, and whose is each step? The letters, and the papers."""

import streamlit as st

from pages.ui import controls
from pages.ui.layout import lesson_links, page_layout
from pages.ui.lesson import Lesson

VIEWS = {"letters": "the letters", "papers": "the papers"}
FACTS = ("Shape", "Unit")
SIGN = 104


def letters(lesson: Lesson) -> None:
    """A row for each letter: what it is, its shape, its unit, and where it is met."""
    for name, letter in lesson.entries("letter").items():
        with st.container(horizontal=True):
            st.container(key=f"letter_{name}", width=SIGN).markdown(letter.title)
            with st.container(gap="xxsmall"):
                st.markdown(letter.text)
                facts = ((name, letter.fact(name)) for name in FACTS)
                st.caption(" · ".join(f"{name}: {fact}" for name, fact in facts if fact))
                lesson_links(letter, "Met first:")


def papers(lesson: Lesson) -> None:
    """Each paper, what was taken from it, and where that is seen."""
    for paper in lesson.entries("paper").values():
        with st.container(gap="xxsmall"):
            st.markdown(f"**{paper.title}**")
            st.markdown(paper.text)
            lesson_links(paper)


with page_layout("symbols") as lesson:
    view = controls.choice("view", "Look at", VIEWS, horizontal=True)
    lesson(view)
    if view == "letters":
        letters(lesson)
    else:
        papers(lesson)
