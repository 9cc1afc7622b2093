"""The picker of the graph: a preset, or the learner's own, written or built node by node."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.beyond.stochastic_graphs.measured import Question, switchable, trouble
from pages.ui import controls
from pages.ui.lesson import Lesson
from vae_core.lab.graphs import edit, parse_graph
from vae_core.lab.graphs.presets import PRESETS

OWN, FIRST = "own", "chain"
TITLES = {name: preset.title for name, preset in PRESETS.items()} | {OWN: "Your own"}
LONGEST = 2_000
NEW = "a new node"
TEXT = "text"


def graph_text(name: str, lesson: Lesson) -> str:
    """The text of the chosen graph; an own one that fails gives way to the first preset."""
    if name != OWN:
        return PRESETS[name].text
    start = PRESETS[FIRST].text
    text, fit = controls.read(TEXT, start, _lines, LONGEST)
    if not fit:
        controls.note("your graph")
    if not controls.hidden(TEXT):
        _written(text, lesson)
        _built(text, lesson)
    problem = trouble(Question(text, _paths(text), every_cost=False))
    if problem:
        instead = PRESETS[FIRST].title.lower()
        st.warning(f"{problem} Until it is mended, the page shows the graph “{instead}”.")
        return start
    return text


def _lines(text: str) -> str:
    """In the address a semicolon ends a line."""
    return "\n".join(line.strip() for line in text.split(";"))


def _paths(text: str) -> tuple[str, ...]:
    """Names of the random nodes that the text itself takes by their paths."""
    try:
        graph = parse_graph(text)
    except ValueError:
        return ()
    return tuple(name for name in switchable(graph) if not graph.by_name[name].scored)


def _written(text: str, lesson: Lesson) -> None:
    """The whole text, to be typed."""
    key = f"control:{TEXT}"
    st.session_state[key] = text
    height = 34 + 25 * max(5, text.count("\n") + 2)
    st.text_area(
        "Your graph, a node on each line",
        key=key,
        height=height,
        max_chars=LONGEST,
        help=lesson.text("language"),
        on_change=lambda: _keep(str(st.session_state[key])),
    )


def _keep(text: str) -> None:
    """Put a text into the address."""
    joined = "; ".join(line.strip() for line in text.splitlines() if line.strip())
    controls.write({TEXT: None if _lines(joined) == PRESETS[FIRST].text else joined})


def _built(text: str, lesson: Lesson) -> None:
    """The same, a node and an arrow at a time."""
    have = edit.lines(text)
    with st.expander("Build it node by node"):
        st.markdown(lesson.text("build"))
        chosen = st.selectbox("Node", [NEW, *have], key="graph_node")
        kind, content = edit.parts(have[chosen]) if chosen in have else ("normal", "0, 1")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = chosen
            if chosen == NEW:
                name = st.text_input("Name", _free(have), max_chars=20, key=f"name:{len(have)}")
            kinds = list(edit.KINDS)
            kind = st.selectbox(
                "Kind",
                kinds,
                kinds.index(kind) if kind in kinds else 0,
                format_func=edit.KINDS.__getitem__,
                key=f"kind:{chosen}:{kind}",
            )
            content = st.text_input(
                "Its formula, or its family's parameters",
                content,
                max_chars=200,
                key=f"content:{chosen}:{content}",
            )
        with st.container(horizontal=True):
            _button("Place it", lambda: edit.placed(text, name, kind, content))
            if chosen in have:
                _button("Remove it", lambda: edit.without(text, chosen))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            start = st.selectbox("An arrow from", list(have), key="graph_from")
            end = st.selectbox("to", list(have), index=len(have) - 1 if have else 0, key="graph_to")
            if start and end:
                _button("Connect", lambda: edit.connected(text, start, end))
        if problem := st.session_state.pop("graph_problem", ""):
            st.warning(problem)


def _button(label: str, change: Callable[[], str]) -> None:
    """A button that changes the text; or says why it cannot."""

    def press() -> None:
        try:
            _keep(change())
        except ValueError as problem:
            st.session_state["graph_problem"] = str(problem)

    st.button(label, on_click=press)


def _free(have: dict[str, str]) -> str:
    """A name that no node has yet."""
    return next(f"x{i}" for i in range(1, len(have) + 2) if f"x{i}" not in have)
