"""Does the noise matter for learning? A race of estimators on the same noise."""

import streamlit as st

from pages.estimators.race import views
from pages.estimators.race.fates import fates
from pages.estimators.race.picture import AGAINST
from pages.estimators.race.ways import setting
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict
from vae_core.estimators import ESTIMATORS, taking
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import MAX_LOC, MAX_SCALE, MIN_SCALE, NORMAL

MOST_RUNNERS = 4
DEFAULT = ["pathwise", "score", "score_loo", "naive"]
# The question is about the settings that the page starts with.
START = setting("square", mu=2, sigma=1, rate=0.1, k=1, seed=3)
LOST = {"lost": fates("score", START).diverged, "path": fates("pathwise", START).diverged or "none"}

with page_layout("race") as lesson:
    predict(
        "race_divergence",
        question=lesson.text("predict_question"),
        options={
            "same": lesson.text("predict_same"),
            "slow": lesson.text("predict_slow"),
            "lost": lesson.text("predict_lost"),
        },
        answer="lost",
        explanations={
            "same": lesson.text("why_same"),
            "slow": lesson.text("why_slow"),
            "lost": lesson.text("why_lost", **LOST),
        },
        covers="fates",
    )
    pickers, figure_place = st.columns([3, 3, 4]), st.container()
    with pickers[0]:
        titles = {name: entry.title for name, entry in PROBLEMS.items()}
        problem = controls.choice("problem", "Cost f(z)", titles)
    with pickers[1]:
        against = controls.choice("against", "Loss against", AGAINST)
    rules = {name: rule.title for name, rule in taking(NORMAL).items()}
    chosen = controls.multichoice("estimators", "Estimators", rules, DEFAULT)
    names = tuple(chosen[:MOST_RUNNERS]) or tuple(DEFAULT)
    if len(chosen) > MOST_RUNNERS:
        st.caption(lesson.text("too_many", most=MOST_RUNNERS))
    with figure_place:
        live = live_figure("race", views.one_race(lesson, problem, names, against))
    for name in names:
        if objection := PROBLEMS[problem].objection(ESTIMATORS[name]):
            st.caption(f"**{rules[name]}.** {objection}")
    lesson("luck")
    with covered("fates"):
        live_figure("fates", views.many_races(problem, names, live.values))
    with st.expander("What is descended, and how"):
        lesson(
            "derivation", most_mu=f"{MAX_LOC:g}", least_sigma=MIN_SCALE, most_sigma=f"{MAX_SCALE:g}"
        )
    lesson("source")
