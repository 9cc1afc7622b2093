"""What does the trick buy a VAE? One trains live, with the estimator of your choice."""

import streamlit as st

from pages.ui import (
    controls,
    take_away,
    training_controls,
    training_figures,
    training_panel,
    training_room,
    training_views,
)
from pages.ui.frame import page_frame
from pages.ui.live_figure import live_figure

with page_frame("train_vae") as lesson:
    words = {"none": lesson.text("takeaway_none"), "run": lesson.text("takeaway_run")}
    presets: dict[str, dict[str, object]] = {
        lesson.text("try_score"): {"estimator": "score"},
        lesson.text("try_loo"): {"estimator": "score_loo", "samples": 4},
        lesson.text("try_plane"): {"latent": 2, "epochs": 5},
        lesson.text("try_blow_up"): {"lr": 1000},
    }
    active = training_room.is_active(training_room.present_run())

    def stage() -> None:
        """Controls, curves and pictures; follows the run by itself while one is under way."""
        head, body, below = st.container(), st.container(), st.container()
        widths = [3.3, 4.3, 4.4]
        choose, act, progress = head.columns(widths, vertical_alignment="bottom", gap="medium")
        with choose:
            estimator = training_controls.estimator_control()
        with below:
            config = training_controls.config_controls(estimator)
        view = training_room.present_run()
        if training_room.is_active(view) != active:
            st.rerun()
        training_room.apply_settings(view, config.settings)
        with act:
            training_panel.transport(view, config)
        with progress:
            training_panel.progress(view)
        with head:
            training_panel.ending(view)
        left, right = body.columns([3, 2], gap="medium")
        with left:
            live_figure(
                "curves",
                figure=training_figures.curves(
                    training_views.lines(view),
                    training_views.planned_epochs(view, config),
                    training_views.marks(view),
                ),
                takeaway=training_views.takeaway(view, words),
                formula=training_views.formula(training_views.last_bound(view)),
                table=training_views.table(view),
                height=340,
            )
        with right:
            training_panel.pictures(view, config)
        with st.expander("Take it away"):
            take_away.files(view, config)
            lesson("take_away")
            take_away.links(view)

    st.fragment(stage, run_every=1.0 if active else None)()
    st.markdown("**What to try**")
    for label, values in presets.items():
        controls.preset(label, values)
    lesson("watch")
    lesson("questions")
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
