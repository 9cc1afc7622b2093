"""What does the trick buy a VAE? One trains live, with the estimator of your choice."""

import streamlit as st

from pages.practice.train_vae import controls as training_controls
from pages.practice.train_vae import panel, take_away, tilted
from pages.ui import controls
from pages.ui.layout import page_layout
from pages.ui.runs import visitor
from pages.ui.runs.reports import epoch_steps

with page_layout("train_vae") as lesson:
    words = {
        "none": lesson.text("takeaway_none"),
        "run": lesson.text("takeaway_run"),
        "run_binary": lesson.text("takeaway_run_binary"),
    }
    presets: dict[str, dict[str, object]] = {
        lesson.text("try_score", steps=epoch_steps()): {"estimator": "score"},
        lesson.text("try_loo"): {"estimator": "score_loo", "samples": 4},
        lesson.text("try_fast"): {"batch": 200, "lr": 0.01, "epochs": 5},
        lesson.text("try_plane"): {"latent": 2, "epochs": 5},
        lesson.text("try_tilt"): {"latent": 5, "posterior": "full", "epochs": 5},
        lesson.text("try_coins"): {
            "posterior": "bernoulli",
            "estimator": "disarm",
            "targets": "binary",
        },
        lesson.text("try_blow_up"): {"lr": 1000},
    }
    active = visitor.is_active(visitor.present_run())

    def stage() -> None:
        """Controls, curves and pictures; follows the run by itself while one is under way."""
        head, body, below = st.container(), st.container(), st.container()
        widths = [3.3, 4.3, 4.4]
        choose, act, progress = head.columns(widths, vertical_alignment="bottom", gap="medium")
        with choose:
            estimator = training_controls.estimator_control()
        with below:
            config = training_controls.config_controls(estimator)
            with st.expander("What to watch for"):
                lesson("watch")
        view = visitor.present_run()
        if visitor.is_active(view) != active:
            st.rerun()
        visitor.apply_settings(view, config.settings)
        with act:
            panel.transport(view, config)
        with progress:
            panel.progress(view)
        with head:
            panel.ending(view)
        left, right = body.columns([3, 2], gap="medium")
        with left:
            panel.curves(view, config, words)
        with right:
            panel.pictures(view, config)
        noisy, back = st.columns([3, 2], gap="medium")
        with noisy:
            panel.noise(view, config, lesson.text("noise"))
        with back:
            panel.look_back(view, lesson.text("look_back"))
        with st.expander("Take it away"):
            take_away.files(view, config)
            lesson("take_away")
            take_away.links(view)

    st.fragment(stage, run_every=1.0 if active else None)()
    controls.presets(presets)
    lesson("questions")
    lesson("tilted", **tilted.told())
    with st.expander("Derivation"):
        lesson("derivation")
    lesson("source")
