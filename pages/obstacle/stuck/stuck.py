"""Why does the gradient get stuck? The obstacle itself, on E[z^2], checked by hand."""

import streamlit as st

from pages.obstacle.stuck import graph
from pages.obstacle.stuck.cost import base_noise
from pages.obstacle.stuck.views import MU, VIEWS
from pages.obstacle.stuck.ways import MOST_SHOWN
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import Picture, live_figure
from pages.ui.numbers import number
from pages.ui.question import covered, predict

# The question is about the mean that the page starts with.
ASKED = {"mu": f"{MU.default:g}", "truth": number(2 * MU.default)}
ANSWERED = graph.record("path", MU.default).gradient

with page_layout("stuck") as lesson:
    predict(
        "stuck_report",
        question=lesson.text("predict", **ASKED),
        options={
            "exact": lesson.text("predict_exact", **ASKED),
            "noisy": lesson.text("predict_noisy", **ASKED),
            "none": lesson.text("predict_none"),
        },
        answer="none",
        explanations={
            "exact": lesson.text("why_exact", z=number(MU.default + base_noise(0)[0]), **ASKED),
            "noisy": lesson.text("why_noisy", path=number(ANSWERED[0] if ANSWERED else None)),
            "none": lesson.text("why_none"),
        },
        covers="graph",
    )
    titles = {name: view.title for name, view in VIEWS.items()}
    name = controls.choice("view", "Look at", titles, horizontal=True)
    live = live_figure(f"stuck_{name}", VIEWS[name].build(lesson))
    lesson(name, shown=MOST_SHOWN)
    with covered("graph"):
        lesson("graph")
        mean = float(live.values.get("mu", MU.default))
        records = {way: graph.record(way, mean) for way in graph.WAYS}
        arrived = {way: graph.written(found.gradient) for way, found in records.items()}
        live_figure(
            "stuck_graph",
            Picture(
                figure=graph.diagram(records),
                takeaway=lesson.text("graph_takeaway", **arrived),
                source=graph.SOURCE,
            ),
        )
        lesson("graph_error", error=records["sample"].error)
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
