"""For which distributions does the trick work? Every family of the registry, one at a time."""

import streamlit as st

from pages.trick.families import average, cdf, gallery, move
from pages.trick.families.gallery import about, average_exists, ends_move, fit_to_family, vector
from pages.trick.families.sliders import movable, slots
from pages.trick.families.views import VIEWS, views_of
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.numbers import number
from pages.ui.question import covered, predict

START = "exponential"
ASKED = {"gamma": (2.0, 1.0), "cauchy": (0.0, 1.0)}

with page_layout("families") as lesson:
    predict(
        "families_which",
        question=lesson.text("predict"),
        options={name: lesson.text(f"predict_{name}") for name in ("scale", "two", "all")},
        answer="two",
        explanations={
            "scale": lesson.text("why_scale"),
            "two": lesson.text(
                "why_two",
                slope=number(cdf.implicit("gamma", ASKED["gamma"], "concentration", 2.0), 3),
            ),
            "all": lesson.text("why_all"),
        },
        covers="answers",
    )
    left, middle, right = st.columns([2, 1, 1])
    with left:
        family = controls.choice("family", "Family", gallery.titles(), START)
    fit_to_family(family)
    with middle:
        view = controls.choice("view", "Look at", views_of(family))
    cost, by = "z", next(iter(movable(family)))
    with right:
        if view == "average":
            cost = controls.choice("f", "Average of f(z) =", average.TITLES)
        elif len(movable(family)) > 1:
            by = controls.choice("by", "What moves", movable(family))
    live = live_figure(f"families_{view}", VIEWS[view].build(lesson, family, by, cost))
    lesson(f"view_{view}")
    at = tuple(float(live.values[slot.key]) for slot in slots(family))
    with covered("answers"):
        about(lesson, family)
        average_exists(lesson, family, at)
        ends_move(lesson, family, at, blind="ends", calm="ends_calm")
        if move.kind(family) == "pair":
            lesson("pair")
        if move.kind(family) == "vector":
            vector(lesson, family)
        lesson("gallery")
        st.html(gallery.html(family))
    with st.expander("Derivation"):
        lesson("derivation")
    with st.expander("Topic models"):
        lesson("topic_models")
    lesson("source")
