"""What does each symbol say? The ELBO of one image, and where it comes from."""

import streamlit as st

from pages.goal.elbo.views import VIEWS
from pages.ui import controls
from pages.ui.layout import page_layout
from vae_core.training.checkpoint import CheckpointError
from vae_core.vae.data import DataError

DIGITS = [str(digit) for digit in range(10)]

with page_layout("elbo") as lesson:
    with st.container(horizontal=True):
        view = controls.choice(
            "view", "Look at", {name: each.title for name, each in VIEWS.items()}
        )
        digit = int(controls.choice("digit", "Image of a", DIGITS, "3"))
        more = VIEWS[view].pick()
    try:
        VIEWS[view].show(lesson, digit, **more)
        lesson(f"{view}_questions")
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
