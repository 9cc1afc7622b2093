"""Two kinds of chance: a regression whose gradient is noisy by its data and by its draws."""

import streamlit as st

from pages.beyond.doubly_stochastic import climbed
from pages.beyond.doubly_stochastic.relevance import PRUNED
from pages.beyond.doubly_stochastic.views import NOISES, SHAPES, VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict

ANSWERS = ("near", "far", "nowhere")

with page_layout("doubly_stochastic") as lesson:
    asked = climbed.one_case()
    predict(
        "doubly_stochastic_single",
        question=lesson.text("predict", **asked),
        options={name: lesson.text(f"predict_{name}") for name in ANSWERS},
        answer="near",
        explanations={name: lesson.text(f"why_{name}", **asked) for name in ANSWERS},
        covers="shares",
    )
    columns = st.columns(3, vertical_alignment="bottom")
    with columns[0]:
        titles = {name: view.title for name, view in VIEWS.items()}
        name = controls.choice("view", "Look at", titles)
    shape, noise = "diagonal", "weights"
    if VIEWS[name].chosen:
        with columns[1]:
            shape = controls.choice("shape", "Covariance of q", SHAPES)
        with columns[2]:
            noise = controls.choice("noise", "Noise", NOISES)
    cases = climbed.two()
    told = {"cases": len(cases.x), "held": len(cases.held_x), "pruned": PRUNED}
    live_figure(f"doubly_stochastic_{name}", VIEWS[name].build(lesson, shape, noise))
    lesson(name, **told)
    with covered("shares"):
        lesson("shares", **asked)
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
