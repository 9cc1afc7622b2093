"""What has the VAE learnt? Two trained models, to walk about in."""

import streamlit as st

from pages.practice.inside_vae.views import VIEWS, ahead, bounds
from pages.ui import controls
from pages.ui.layout import page_layout
from vae_core.training.checkpoint import CheckpointError
from vae_core.vae.data import DataError

with page_layout("inside_vae") as lesson:
    columns = st.columns([4, 2, 2, 2], vertical_alignment="bottom")
    with columns[0]:
        titles = {name: view.title for name, view in VIEWS.items()}
        name = controls.choice("view", "Look at", titles)
    chosen = VIEWS[name].pick(columns[1:])
    try:
        VIEWS[name].show(name, lesson, chosen)
        lesson(name)
        lesson("models", **bounds())
        lesson("questions", **ahead())
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))
    lesson("source")
