"""Why is REINFORCE so noisy? Gradient estimators side by side, on the same noise."""

from dataclasses import replace

import streamlit as st

from pages.estimators.gradient_variance import drawn_from, draws, own_cost
from pages.estimators.gradient_variance.sweep import lines
from pages.estimators.gradient_variance.views import VIEWS, Chosen, presets
from pages.estimators.gradient_variance.who_wins import COMPARE
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import live_figure
from pages.ui.question import covered, predict
from vae_core.estimators import ESTIMATORS, taking
from vae_core.families import FAMILIES
from vae_core.lab.doubly_stochastic.minibatch import DATA
from vae_core.lab.experiment import NORMAL

# The question is about sin(3z) at mu = 0, sigma = 1, where both variances have closed forms.
FAST_SINE = draws.Setting("sine", (("omega", 3.0),), "loc", 0.0, 1.0)
PATH_OVER_SCORE = FAST_SINE.variance("pathwise", 2) / FAST_SINE.variance("score", 2)

with page_layout("gradient_variance") as lesson:
    predict(
        "variance_sine",
        question=lesson.text("predict"),
        options={
            "path": "Reparameterization",
            "score": "REINFORCE",
            "same": "Both alike, as their means agree",
        },
        answer="score",
        explanations={
            "path": lesson.text("predict_path"),
            "score": lesson.text("predict_score"),
            "same": lesson.text("predict_same"),
        },
        factor=PATH_OVER_SCORE,
        factor_question=lesson.text("predict_factor"),
        covers="better",
    )
    widths = [3, 3, 2, 2, *([2] if controls.stated("view") == "against" else []), 3]
    columns, notes = st.columns(widths, vertical_alignment="bottom"), st.container()
    with columns[1]:
        views = {name: view.title for name, view in VIEWS.items()}
        view = controls.choice("view", "Look at", views)
    with columns[0]:
        problem = own_cost.cost_picker(VIEWS[view].starts_with)
    along, compare, family = "sigma", "samples", NORMAL
    with columns[3]:
        if VIEWS[view].any_family:
            family = controls.choice("family", "z is drawn from", drawn_from.titles())
            if why := VIEWS[view].instead(family):
                notes.warning(why)
                family = NORMAL
        elif why := drawn_from.normal_alone(VIEWS[view].alone, controls.stated("family")):
            notes.caption(why)
        if view == "map":
            compare = controls.choice("compare", "Compare at", COMPARE)
    problem = own_cost.that_exists(problem, family)
    with columns[-2]:
        if view == "against":
            along = controls.choice(drawn_from.along(family), "Against", lines(problem, family))
    with columns[2]:
        parameter = controls.choice(*drawn_from.gradients(family))
    with columns[-1], controls.folded("Estimators", "names", notes=notes):
        titles = {name: rule.title for name, rule in taking(NORMAL).items()}
        names = controls.multichoice("names", "Estimators", titles, ["pathwise", "score"])
    taken, left_out = drawn_from.split(tuple(names) or ("pathwise",), family)
    for remark in left_out:
        notes.caption(remark)
    chosen = Chosen(problem, taken, parameter, along, compare, family)
    picture = replace(
        VIEWS[view].build(chosen),
        presets=presets(lesson, view, chosen),
        source=[ESTIMATORS[name].function for name in chosen.names],
    )
    live = live_figure(f"variance_{view}", picture)
    if compare == "cost":
        lesson("cost")
    if VIEWS[view].own_cost:
        lesson("parts_cost", points=DATA)
    else:
        at = draws.setting(chosen.problem, parameter, live.values, family)
        for remark in draws.remarks(at, chosen.names):
            st.caption(remark)
        if family != NORMAL:
            lesson("drawn_from", family=FAMILIES[family].title)
            for remark in drawn_from.cut(problem, family):
                st.caption(remark)
        lesson("table", times=f"{draws.TABLE_DRAWS:,}", known=at.experiment(draws.ANY).variance_is)
        st.table(draws.variance_table(at, chosen.names), border="horizontal")
    lesson("questions", **draws.harmful_baseline())
    with covered("better"):
        lesson("question_better")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
