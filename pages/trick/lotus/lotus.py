"""May I average over eps instead? The law of the unconscious statistician, drawn by hand."""

import streamlit as st

from pages.trick.lotus.shape import BENT, TURNING, WEIGHTS, means
from pages.trick.lotus.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.numbers import number
from pages.ui.question import covered, predict


def both(heights: tuple[float, ...]) -> dict[str, str]:
    """The average of z², about which the question is, over eps and over z."""
    found = means(heights, "square")
    return {"eps": number(found.over_eps, 3), "z": number(found.over_z, 3)}


with page_layout("lotus") as lesson:
    predict(
        "lotus_may_i",
        question=lesson.text("predict"),
        options={name: lesson.text(f"predict_{name}") for name in ("line", "inverse", "always")},
        answer="always",
        explanations={
            "line": lesson.text("why_line", **both(BENT)),
            "inverse": lesson.text("why_inverse", **both(TURNING)),
            "always": lesson.text("why_always"),
        },
        covers="answers",
    )
    left, right = st.columns(2)
    with left:
        titles = {name: view.title for name, view in VIEWS.items()}
        view = controls.choice("view", "Look at", titles, horizontal=True)
    weight = "square"
    if view == "grains":
        with right:
            costs = {name: each.title for name, each in WEIGHTS.items()}
            weight = controls.choice("f", "Each grain weighs f(z) =", costs)
    live_figure(f"lotus_{view}", VIEWS[view].build(lesson, weight))
    lesson(view)
    with covered("answers"):
        lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    with st.expander("The name"):
        lesson("name")
    lesson("source")
