"""Gradients without a path: Bonnet's and Price's identities, their noise, and tilted posteriors."""

import streamlit as st

from pages.beyond.stochastic_backprop.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import predict

GUESSES = ("none", "half", "same", "more")

with page_layout("stochastic_backprop") as lesson:
    predict(
        "price_of_a_square",
        question=lesson.text("predict"),
        options={name: lesson.text(f"predict_{name}") for name in GUESSES},
        answer="none",
        explanations={name: lesson.text(f"why_{name}") for name in GUESSES},
    )
    with st.container(horizontal=True):
        titles = {name: view.title for name, view in VIEWS.items()}
        name = controls.choice("view", "Look at", titles)
        chosen = VIEWS[name].pick()
    live_figure(f"backprop_{name}", VIEWS[name].build(lesson, chosen))
    lesson(name)
    lesson("questions")
    with st.expander("Derivation"):
        lesson(f"derivation_{name}")
    lesson("source")
