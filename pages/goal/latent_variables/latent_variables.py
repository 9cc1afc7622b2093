"""What is hidden in a picture? A latent variable model in the hand, and why p(x) is hard."""

import streamlit as st

from pages.goal.latent_variables.told import of_a_million, of_the_trained_curve
from pages.goal.latent_variables.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict
from vae_core.training.checkpoint import CheckpointError
from vae_core.vae.data import DataError

with page_layout("latent_variables") as lesson:
    try:
        counted = of_a_million()
        names = ("thousands", "dozens", "none")
        predict(
            "prior_draws_explain",
            question=lesson.text("predict", **counted),
            options={name: lesson.text(f"predict_{name}") for name in names},
            answer="none",
            explanations={name: lesson.text(f"why_{name}", **counted) for name in names},
            covers="hard",
        )
        titles = {name: view.title for name, view in VIEWS.items()}
        view = controls.choice("view", "Look at", titles, horizontal=True)
        with covered("hard") if view == "hard" else st.container():
            live_figure(f"latent_{view}", VIEWS[view].build(lesson))
            lesson(view, **counted, **of_the_trained_curve())
        lesson("questions")
        with st.expander("Derivation"):
            lesson("derivation")
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))
    lesson("source")
