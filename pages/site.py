"""Navigation: the chapters and their pages, and the style that all of them share."""

import streamlit as st

from pages import contents
from pages.ui import controls, layout
from pages.ui.live.ahead.turns import TURNS

ABOUT = (
    f"**{layout.NAME}** shows how a gradient gets through a random variable. "
    "Handwritten digits: MNIST, by Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0."
)

st.set_page_config(
    page_title=layout.NAME,
    page_icon=str(layout.ICON),
    layout="wide",
    menu_items={"About": ABOUT},
)
layout.style_page()
page = st.navigation(
    {
        chapter: [layout.navigable(page) for page in pages]
        for chapter, pages in contents.CHAPTERS.items()
    },
    position="top",
)
controls.arrive()
layout.way_home()
with TURNS.answering():
    page.run()
