"""Learns, or predicts? One image's mu and sigma by hand, by gradient steps, and in one pass."""

import streamlit as st

from pages.goal.amortized.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.question import predict
from vae_core.training.checkpoint import CheckpointError
from vae_core.vae.data import DataError

GUESSES = ("learns", "predicts", "stores")

with page_layout("amortized") as lesson:
    predict(
        "learns_or_predicts",
        question=lesson.text("predict_question"),
        options={name: lesson.text(f"predict_{name}") for name in GUESSES},
        answer="predicts",
        explanations={name: lesson.text(f"why_{name}") for name in GUESSES},
    )
    with st.container(horizontal=True):
        titles = {name: each.title for name, each in VIEWS.items()}
        view = controls.choice("view", "Find μ and σ", titles)
        chosen = VIEWS[view].pick()
    try:
        VIEWS[view].show(lesson, **chosen)
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
