"""A thousand images: one pass of the encoder against gradient steps for each, measured live."""

from __future__ import annotations

import streamlit as st

from pages.goal.amortized import count
from pages.goal.amortized.image import model
from pages.ui.lesson import Lesson
from pages.ui.live import Picture, live_figure
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.posterior.amortize import Comparison, compare

IMAGES, CHUNK = 1000, 10
FOUND, RUNNING = "amortized_found", "amortized_running"


def show(lesson: Lesson) -> None:
    """The measurement with its buttons; it goes on a few images at a time while it is watched."""
    running = st.session_state.get(RUNNING, False)
    st.fragment(_stage, run_every=0.2 if running else None)(lesson, running)


def _stage(lesson: Lesson, running: bool) -> None:
    found = st.session_state.get(FOUND, Comparison())
    if st.session_state.get(RUNNING):
        found = advance(found)
        _set(len(found.gaps) < IMAGES, found)
    if st.session_state.get(RUNNING, False) != running:
        st.rerun()
    _buttons(found)
    st.progress(len(found.gaps) / IMAGES, f"{len(found.gaps)} of {IMAGES:,} held-out images")
    begun, told = lesson.text("takeaway_none"), lesson.text("takeaway_thousand")
    live_figure(
        "thousand",
        Picture(
            figure=count.draw(found),
            takeaway=told.format(**count.words(found)) if found.gaps else begun,
            tex=lesson.text("formula_thousand"),
            source=(compare,),
            height=300,
        ),
    )


def _buttons(found: Comparison) -> None:
    done, running = len(found.gaps), bool(st.session_state.get(RUNNING))
    with st.container(horizontal=True):
        if running:
            st.button("Stop", on_click=_set, args=(False, found))
        elif done < IMAGES:
            st.button(
                "Go on" if done else "Start", type="primary", on_click=_set, args=(True, found)
            )
        if done and not running:
            st.button("Begin again", on_click=_set, args=(False, Comparison()))


def _set(running: bool, found: Comparison) -> None:
    st.session_state[RUNNING] = running
    st.session_state[FOUND] = found


def advance(found: Comparison) -> Comparison:
    """The next few images. Raises DataError, CheckpointError."""
    done = len(found.gaps)
    images = load_mnist().test_images[done : min(done + CHUNK, IMAGES)]
    return compare(model(), as_unit(images), found)
