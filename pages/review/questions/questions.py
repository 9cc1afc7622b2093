"""What do people ask? Each question with an exact answer, and the state that shows it."""

from itertools import groupby

import streamlit as st

from pages.review.questions import search
from pages.review.questions.asked import Asked, all_asked
from pages.ui import controls
from pages.ui.layout import lesson_link, page_layout
from pages.ui.lesson import Lesson

FEW = 3


def answer(one: Asked) -> None:
    """What is exactly true, and where it is seen."""
    st.markdown(one.text)
    for link in one.links:
        lesson_link(link)


def alone(one: Asked, count: int) -> None:
    """A question that the address asks for, and the way to all of them."""
    st.query_params["ask"] = one.name  # a link within a page leaves the address to the page
    with st.container(key="asked"):
        st.subheader(one.question, anchor=False)
        answer(one)
    everything(count)


def everything(count: int) -> None:
    """The way to all questions."""
    st.button(
        f"All {count} questions",
        key="everything",
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=controls.show_state,
        args=({},),
    )


def listed(lesson: Lesson, asked: dict[str, Asked]) -> None:
    """All questions in their order, or those that are looked for."""
    with st.container(key="looking", horizontal=True, vertical_alignment="bottom"):
        query = search.field()
        chapters = {one.chapter.key: one.chapter.title for one in asked.values()}
        chapter = controls.choice("chapter", "Shown in", {"all": "all chapters", **chapters})
    found = search.found(asked, query, chapter)
    if 0 < len(found) < len(asked):
        st.caption(f"{len(found)} of {len(asked)} questions")
    if not found:
        st.info(lesson.text("nothing"))
        everything(len(asked))
    opened = bool(query.strip()) and len(found) <= FEW
    kind = "found" if opened else "ask"  # one that is shown already does not open by itself
    for heading, group in groupby(found.values(), lambda one: one.chapter.title):
        st.subheader(heading, anchor=False)
        with st.container(gap="xsmall"):
            for one in group:
                with st.expander(one.question, expanded=opened, key=f"{kind}_{one.name}"):
                    answer(one)
                    lesson_link(one.itself, ":material/link:")
    lesson("source")


with page_layout("questions") as lesson:
    asked = all_asked(lesson)
    name, fit = controls.read("ask", "", controls.one_of(asked))
    if not fit:
        controls.note("question")
    if name:
        alone(asked[name], len(asked))
    else:
        listed(lesson, asked)
