"""What happens in one training step? A real one, a sub-operation at a time."""

import streamlit as st

from pages.practice.one_step import frames, picture
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.live import Param, Picture, Preset, Transport, live_figure
from vae_core.estimators import ESTIMATORS
from vae_core.training.one_step import one_step
from vae_core.vae.objective import elbo

SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
STAGE = Param("stage", "stage", 1, picture.STAGES, 1, default=picture.STAGES, format="d")

with page_layout("one_step") as lesson:
    with st.container(horizontal=True):
        estimator = controls.choice("estimator", "Gradient by", frames.TITLES)
        updates = int(controls.choice("updates", "Updates made before", frames.UPDATES, "100"))
        image = int(controls.choice("image", "Follow", frames.IMAGES))
    path = ESTIMATORS[estimator].needs_smooth_cost
    back = "path" if path else "score"
    sentences = tuple(lesson.text(section) for section in frames.sections(back))
    seed, _ = controls.read(SEED.key, SEED.default, SEED.parse)
    with st.spinner(lesson.text("wait")):
        problem = frames.problem(estimator, updates, int(seed))
    if problem:
        st.warning(problem)
    else:
        live_figure(
            "step",
            Picture(
                frame=frames.frame,
                figure=picture.diagram(path=path),
                params=(SEED,),
                transport=Transport(STAGE, seconds=40),
                extra={
                    "estimator": estimator,
                    "updates": updates,
                    "image": image,
                    "sentences": sentences,
                },
                takeaway="{told}",
                hint=lesson.text("hint"),
                tex=lesson.text(f"formula_{back}"),
                table=frames.table(path=path),
                presets=(
                    Preset(lesson.text("try_trick"), {"stage": 4}),
                    Preset(lesson.text("try_score"), {"estimator": "score", "stage": 8}),
                    Preset(lesson.text("try_fresh"), {"updates": 0, "stage": 2}),
                ),
                source=(one_step, elbo, ESTIMATORS[estimator].function),
            ),
        )
        lesson("compare")
        st.table(frames.comparison(updates, int(seed)), border="horizontal")
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
