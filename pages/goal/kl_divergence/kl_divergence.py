"""How far apart are two beliefs? Both directions of the KL divergence, and what each prefers."""

import streamlit as st

from pages.goal.kl_divergence.views import SAID, VIEWS, detour
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict
from vae_core.training.checkpoint import CheckpointError
from vae_core.vae.data import DataError

with page_layout("kl_divergence") as lesson:
    predict(
        "kl_one_hill",
        question=lesson.text("predict"),
        options={
            "reverse": lesson.text("predict_reverse"),
            "forward": lesson.text("predict_forward"),
            "both": lesson.text("predict_both"),
            "neither": lesson.text("predict_neither"),
        },
        answer="reverse",
        explanations={
            "reverse": lesson.text("why_reverse"),
            "forward": lesson.text("why_forward"),
            "both": lesson.text("why_both"),
            "neither": lesson.text("why_neither"),
        },
        covers="hill",
    )
    columns = st.columns([4, 4, 2], vertical_alignment="bottom")
    with columns[0]:
        titles = {name: view.title for name, view in VIEWS.items()}
        name = controls.choice("view", "Look at", titles)
    chosen = VIEWS[name].pick(columns[1:])
    try:
        live_figure(f"kl_{name}", VIEWS[name].build(lesson, chosen))
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))
    lesson(name, **SAID)
    lesson("questions", **detour())
    with covered("hill"):
        lesson("question_hill")
        with st.expander("Derivation of the best bell"):
            lesson("derivation_best")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
