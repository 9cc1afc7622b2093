"""Where does the trick end? A coin has no path; what estimators do instead, and what it costs."""

import streamlit as st

from pages.beyond.discrete import binary_vae, rows, simplex
from pages.beyond.discrete.kinds import kinds
from pages.beyond.discrete.views import TITLES, VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict

with page_layout("discrete") as lesson:
    predict(
        "discrete_slope",
        question=lesson.text("predict"),
        options={
            "jump": lesson.text("predict_jump"),
            "zero": lesson.text("predict_zero"),
            "slope": lesson.text("predict_slope"),
        },
        answer="zero",
        explanations={
            "jump": lesson.text("why_jump"),
            "zero": lesson.text("why_zero"),
            "slope": lesson.text("why_slope"),
        },
        covers="ways",
    )
    columns = st.columns(2)
    with columns[0]:
        titles = {name: view.title for name, view in VIEWS.items()}
        view = controls.choice("view", "Look at", titles)
    with columns[1]:
        cost = controls.choice("cost", "Cost f(z)", TITLES)
    live_figure(f"discrete_{view}", VIEWS[view].build(lesson, cost))
    lesson(view, replicates=f"{rows.REPLICATES:,}", measured=f"{simplex.REPLICATES:,}")
    with covered("ways"):
        lesson("ways")
        with st.expander("Which estimator takes which z?"):
            lesson("kinds")
            st.table(kinds(), border="horizontal")
        lesson("categories")
        with st.expander("Derivation"):
            lesson("derivation")
    lesson("binary_vae", **binary_vae.told())
    st.table(binary_vae.table(), border="horizontal")
    lesson("binary_vae_says", **binary_vae.told())
    lesson("source")
