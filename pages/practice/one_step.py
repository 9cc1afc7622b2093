"""What happens in one training step? A real one, a sub-operation at a time."""

from functools import partial

import streamlit as st

from pages.ui import controls, step_frames
from pages.ui import step_figures as picture
from pages.ui.frame import page_frame
from pages.ui.live import live_figure
from pages.ui.live.figure import Param, Preset, Transport
from pages.ui.step_places import STAGES
from vae_core.estimators import ESTIMATORS
from vae_core.training.one_step import one_step
from vae_core.vae.objective import elbo

SEED = Param("seed", "seed", kind="seed", maximum=999_999, default=0)
STAGE = Param("stage", "stage", 1, STAGES, 1, default=STAGES, format="d")

with page_frame("one_step") as lesson:
    with st.container(horizontal=True):
        estimator = controls.choice("estimator", "Gradient by", step_frames.TITLES)
        updates = int(controls.choice("updates", "Updates made before", step_frames.UPDATES, "100"))
        image = int(controls.choice("image", "Follow", step_frames.IMAGES))
    path = ESTIMATORS[estimator].needs_smooth_cost
    back = "path" if path else "score"
    sentences = tuple(lesson.text(section) for section in step_frames.sections(back))
    seed, _ = controls.read(SEED.key, SEED.default, SEED.parse)
    with st.spinner(lesson.text("wait")):
        problem = step_frames.problem(estimator, updates, int(seed))
    if problem:
        st.warning(problem)
    else:
        live_figure(
            "step",
            frame=step_frames.frame,
            figure=partial(picture.draw, path=path),
            narrow=partial(picture.draw, path=path, narrow=True),
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
            formula=lesson.text(f"formula_{back}"),
            table=step_frames.table(path=path),
            presets=(
                Preset(lesson.text("try_trick"), {"stage": 4}),
                Preset(lesson.text("try_score"), {"estimator": "score", "stage": 8}),
                Preset(lesson.text("try_fresh"), {"updates": 0, "stage": 2}),
            ),
            source=(one_step, elbo, ESTIMATORS[estimator].function),
            steady=True,
        )
        lesson("compare")
        st.table(step_frames.comparison(updates, int(seed)), border="horizontal")
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
