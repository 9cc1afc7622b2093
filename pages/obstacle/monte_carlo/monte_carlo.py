"""What is an estimate? An integral as an average of draws, its error, its bias, its weights."""

import streamlit as st

from pages.obstacle.monte_carlo import bias, error, weights
from pages.obstacle.monte_carlo.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict

LEFT = error.shares()
BLANKS = {
    "averages": error.POOL // error.SAMPLES[-1],
    "replicates": f"{bias.REPLICATES:,}",
    "stems": weights.STEMS,
}

with page_layout("monte_carlo") as lesson:
    predict(
        "monte_carlo_halve",
        question=lesson.text("predict"),
        options={
            "two": "2 times",
            "four": "4 times",
            "eight": "8 times",
            "dimensions": "It depends on the dimension",
        },
        answer="four",
        explanations={
            "two": lesson.text("why_two", **LEFT),
            "four": lesson.text("why_four", **LEFT),
            "eight": lesson.text("why_eight", **LEFT),
            "dimensions": lesson.text("why_dimensions"),
        },
        covers="law",
    )
    columns = st.columns([3, 2], vertical_alignment="bottom")
    with columns[0]:
        titles = {name: view.title for name, view in VIEWS.items()}
        name = controls.choice("view", "Look at", titles, horizontal=True)
    view, of = VIEWS[name], ""
    if view.control:
        with columns[1]:
            of = controls.choice(view.control, view.label, view.options)
    live_figure(f"monte_carlo_{name}", view.build(lesson, of))
    lesson(name, **BLANKS)
    with covered("law"):
        lesson("law")
        with st.expander("Derivation"):
            lesson("derivation")
    lesson("source")
