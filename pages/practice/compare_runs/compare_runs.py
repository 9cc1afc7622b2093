"""Step for step, second for second: runs that differ in their estimator alone."""

import streamlit as st

from pages.practice.compare_runs import curves, runners
from pages.ui import controls
from pages.ui.digits import strips_html
from pages.ui.layout import page_layout
from pages.ui.lesson import Lesson
from pages.ui.live import live_figure
from vae_core.training.checkpoint import CheckpointError
from vae_core.training.config import TrainConfig
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import DataError


def beginning(lesson: Lesson, config: TrainConfig) -> None:
    """Before there is a run: where all of them start, and what a long one comes to."""
    try:
        st.html(strips_html(curves.start_and_end(config)))
        lesson("empty", epochs=f"{load_pretrained(curves.LONG_RUN).config.epochs:g}")
    except (CheckpointError, DataError) as problem:
        st.error(str(problem))


with page_layout("compare_runs") as lesson:
    words = {
        "none": lesson.text("takeaway_none", runs=curves.recorded_runs()),
        "one": lesson.text("takeaway_one"),
        "some": lesson.text("takeaway_some"),
    }
    presets: dict[str, dict[str, object]] = {
        lesson.text("try_three"): {},
        lesson.text("try_samples"): {"runners": "score-1,score-4,score-16"},
        lesson.text("try_baseline"): {"runners": "score-4,score_loo-4"},
        lesson.text("try_seconds"): {
            "runners": "pathwise-1,pathwise-4,pathwise-16",
            "against": "seconds",
        },
    }
    active = any(view.active for view in runners.present())

    def stage() -> None:
        """The runs as they stand; follows them by itself while one is under way."""
        head, body, below = st.container(), st.container(), st.container()
        with below:
            configs, too_many = runners.plan()
            if too_many:
                st.caption(lesson.text("too_many", most=runners.MOST))
        views = runners.present()
        under_way = any(view.active for view in views)
        if under_way != active:
            st.rerun()
        with head.container(key="transport", horizontal=True, vertical_alignment="bottom"):
            st.button(
                "Start all",
                key="start",
                type="primary",
                disabled=under_way,
                on_click=runners.start,
                args=(configs,),
            )
            st.button("Stop", key="stop", disabled=not under_way, on_click=runners.stop)
            st.button("Reset", key="reset", disabled=not views, on_click=runners.forget)
            against = controls.choice("against", "Against", runners.AGAINST)
        for text in runners.notices():
            head.warning(text)
        left, right = body.columns([3, 2], gap="medium")
        with left:
            live_figure("comparison", curves.picture(views, against, words))
        with right:
            if rows := curves.strips(views):
                st.html(strips_html(rows))
            elif configs:
                beginning(lesson, configs[0])
            for view in views:
                if view.state != "finished":
                    st.caption(curves.status(view))

    st.fragment(stage, run_every=1.0 if active else None)()
    controls.presets(presets)
    lesson("fair")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
