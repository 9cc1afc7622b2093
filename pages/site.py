"""Navigation: the chapters and their pages, and the style that all of them share."""

import streamlit as st

from pages.ui import frame

ABOUT = (
    f"**{frame.NAME}** shows how a gradient gets through a random variable. "
    "Handwritten digits: MNIST, by Yann LeCun, Corinna Cortes and Christopher Burges, CC BY-SA 3.0."
)

st.set_page_config(
    page_title=frame.NAME,
    page_icon=str(frame.ICON),
    layout="wide",
    menu_items={"About": ABOUT},
)
frame.style_page()
page = st.navigation(
    {
        chapter: [
            st.Page(
                frame.PAGES / page.file,
                title=page.title,
                url_path=page.address,
                default=page.key == "start",
            )
            for page in pages
        ]
        for chapter, pages in frame.CHAPTERS.items()
    },
    position="top",
)
frame.way_home()
page.run()
