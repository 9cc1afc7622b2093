"""How low does the bound lie? A model whose log p(x) is known, and a bell q to drag."""

import streamlit as st

from pages.goal.elbo_gap import picture, scene, told
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import Handle, Param, Picture, Preset, Transport, live_figure
from pages.ui.question import covered, predict
from vae_core.lab.latent import elbo, kl_to_posterior

TITLES = {"bell": "x = z + noise", "hills": "x = z² + noise"}
PARAMS = (
    Param("mu", "mean μ", -2.5, 2.5, 0.05, default=0.8, colour="mu"),
    Param("sigma", "deviation σ", 0.24, 1.5, 0.02, default=0.8, colour="sigma"),
    Param("x", "data x", -1, 3, 0.05, default=2.5, colour="x", help="What was seen."),
)
CLIMB = Transport(
    Param("t", "steps up the ELBO", 0, scene.STEPS, 1, default=0, colour="mu", format="d"),
    seconds=4,
)
HANDLES = (Handle("start", "mu", body=True), Handle("flank", "sigma", gain=(-1.0, 1.0)))

with page_layout("elbo_gap") as lesson:
    names = ("touches", "below", "either")
    predict(
        "gap_at_the_prior",
        question=lesson.text("predict"),
        options={name: lesson.text(f"predict_{name}") for name in names},
        answer="below",
        explanations={name: lesson.text(f"why_{name}", **told.at_the_prior()) for name in names},
        covers="two",
    )
    with st.columns([1, 2])[0]:
        model = controls.choice("model", "Model, z ~ N(0, 1)", TITLES)
    live_figure(
        "gap",
        Picture(
            frame=scene.frame,
            figure=picture.draw,
            narrow=picture.draw_narrow,
            steady=True,
            params=PARAMS,
            transport=CLIMB,
            handles=HANDLES,
            extra={"model": model},
            takeaway=lesson.text("takeaway"),
            hint=lesson.text("hint"),
            tex=lesson.text("formula"),
            table={
                "log p(x)": "{evidence:.4f} nats",
                "ELBO": "{bound:.4f} nats",
                "KL(q ‖ p(z|x)), computed on its own": "{gap:.4f} nats",
                "error of these three together, at most": "{error:.0e} nats",
                "E[log p(x|z)] over q": "{reconstruction:.4f} nats",
                "KL(q ‖ p(z))": "{kl_prior:.4f} nats",
                "E[log p(x, z)] over q": "{joint:.4f} nats",
                "entropy of q": "{entropy:.4f} nats",
                "q": "μ = {mu_q:.3f}, σ = {sigma_q:.3f}",
                "best bell": "μ = {best_mu:.3f}, σ = {best_sigma:.3f}",
                "KL that it leaves": "{left:.4f} nats",
            },
            presets=(
                Preset(lesson.text("try_touch"), {"mu": 1.6, "sigma": 0.6}),
                Preset(lesson.text("try_prior"), {"mu": 0, "sigma": 1}),
                Preset(lesson.text("try_hills"), {"model": "hills", "t": scene.STEPS}),
                Preset(lesson.text("try_middle"), {"model": "hills", "mu": 0.1, "t": scene.STEPS}),
            ),
            source=(elbo, kl_to_posterior),
            height=375,
        ),
    )
    lesson(f"model_{model}", **told.about(model))
    lesson("questions")
    with covered("two"):
        lesson("question_two", **told.at_the_prior())
    with st.expander("Derivation"):
        lesson("derivation", rate=scene.RATE)
    lesson("source")
