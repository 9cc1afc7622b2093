"""What have you understood? Questions of every chapter, the same for all who have the address."""

import streamlit as st

from pages.review.quiz import board, items
from pages.review.quiz.selection import chosen_by_controls
from pages.ui.layout import page_layout

with page_layout("quiz") as lesson:
    place = st.container()
    chosen = chosen_by_controls(lesson)
    with place:
        board.show(chosen.items, chosen.seed, items.chapters())
    lesson("kept")
    with st.expander("For a class"):
        lesson("teacher")
