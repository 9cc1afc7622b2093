"""Does the noise matter for learning? A race of estimators on the same noise."""

import streamlit as st

from pages.ui import controls, fate_figures
from pages.ui import race_figures as picture
from pages.ui.fate_figures import fates
from pages.ui.frame import page_frame
from pages.ui.live_figure import Param, Preset, Transport, live_figure
from pages.ui.predict import predict
from vae_core.estimators import ESTIMATORS
from vae_core.problems import PROBLEMS
from vae_core.race import race, run

SLIDERS = (
    Param("rate", "learning rate", positions=picture.RATES, default=0.1, format="g"),
    Param("k", "samples K a step", positions=picture.SAMPLES, default=1, format="d"),
    Param("mu", "start μ", positions=picture.STARTS_MU, default=2, colour="mu", format="g"),
    Param(
        "sigma", "start σ", positions=picture.STARTS_SIGMA, default=1, colour="sigma", format="g"
    ),
    Param("seed", "seed", kind="seed", maximum=999_999, default=3),
)
TIME = Transport(
    Param("n", "step", positions=picture.KNOTS, default=picture.STEPS, format="d"), seconds=6
)
DEFAULT = ["pathwise", "score", "score_loo", "naive"]
# The question is about the settings that the page starts with.
LOST = fates("score", "square", 2.0, 1.0, 0.1, 1, 3).diverged

with page_frame("race") as lesson:
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
            "lost": lesson.text("why_lost", lost=LOST),
        },
    )
    pickers, figure_place = st.columns([3, 3, 4]), st.container()
    with pickers[0]:
        titles = {name: entry.title for name, entry in PROBLEMS.items()}
        problem = controls.choice("problem", "Cost f(z)", titles)
    with pickers[1]:
        against = controls.choice("against", "Loss against", picture.AGAINST)
    rules = {name: rule.title for name, rule in ESTIMATORS.items()}
    chosen = controls.multichoice("estimators", "Estimators", rules, DEFAULT)
    names = tuple(chosen[: picture.MOST_RUNNERS]) or tuple(DEFAULT)
    if len(chosen) > picture.MOST_RUNNERS:
        st.caption(lesson.text("too_many", most=picture.MOST_RUNNERS))
    with figure_place:
        live = live_figure(
            "race",
            frame=picture.frame,
            figure=lambda now: picture.figure(now, names, problem, against),
            params=SLIDERS,
            transport=TIME,
            extra={"problem": problem, "names": names, "against": against},
            takeaway="{verdict}",
            formula=lesson.text("formula_elbo" if PROBLEMS[problem].elbo else "formula"),
            table=picture.table(names),
            presets=(
                Preset(lesson.text("try_calm"), {"rate": 0.05, "k": 20}),
                Preset(lesson.text("try_fast"), {"rate": 0.5}),
                Preset(lesson.text("try_step"), {"problem": "step", "mu": 1, "k": 5, "rate": 0.5}),
                Preset(
                    lesson.text("try_sine"), {"problem": "sine", "mu": -1, "sigma": 2, "rate": 0.2}
                ),
                Preset(lesson.text("try_elbo"), {"problem": "gaussian_elbo", "mu": -2, "k": 5}),
                Preset(
                    lesson.text("try_valleys"), {"problem": "double_well", "mu": 0, "rate": 0.02}
                ),
            ),
            source=(race, run),
            height=360,
        )
    for name in names:
        if objection := PROBLEMS[problem].objection(ESTIMATORS[name]):
            st.caption(f"**{rules[name]}.** {objection}")
    lesson("luck")
    setting = {name: live.values[name] for name in ("mu", "sigma", "rate", "k", "seed")}
    counted = {name: fate_figures.fates(name, problem, **setting) for name in names}
    live_figure(
        "fates",
        figure=fate_figures.figure(counted),
        takeaway=fate_figures.takeaway(counted),
        table=fate_figures.table(counted),
        height=fate_figures.height(len(names)),
    )
    with st.expander("What is descended, and how"):
        lesson("derivation")
    lesson("source")
