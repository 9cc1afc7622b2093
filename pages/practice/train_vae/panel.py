"""Transport, words and pictures of the training page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from pages.practice.train_vae import album
from pages.practice.train_vae import look_back as looking_back
from pages.practice.train_vae import noise as noise_figures
from pages.practice.train_vae.controls import USUAL_RATE
from pages.ui.digits import strips_html
from pages.ui.live import Picture, live_figure
from pages.ui.runs import curves as training_figures
from pages.ui.runs import reports, visitor
from pages.ui.runs.curves import kl_bars, latent_map
from vae_core.runs.jobs import Jobs
from vae_core.runs.standing import RunView
from vae_core.training.config import TrainConfig
from vae_core.vae.data import DataError

MAP_TAKEAWAY = "Each point is a held-out digit at the μ that the encoder predicts for it."


def transport(view: RunView | None, config: TrainConfig) -> None:
    """Start, pause, stop and reset, and how far the run is."""
    state = view.state if view else "none"
    goes_on = state in ("paused", "stopped", "interrupted", "failed")
    with st.container(key="transport", horizontal=True, vertical_alignment="center"):
        if goes_on:
            st.button("Go on", key="go", type="primary", on_click=visitor.act, args=(Jobs.resume,))
        else:
            st.button(
                "Start",
                key="start",
                type="primary",
                disabled=state in ("queued", "running"),
                on_click=visitor.start,
                args=(config,),
            )
        for label, action, able in (
            ("Pause", Jobs.pause, state in ("queued", "running")),
            ("Stop", Jobs.stop, state in ("queued", "running", "paused")),
        ):
            st.button(
                label,
                key=label.lower(),
                disabled=not able,
                on_click=visitor.act,
                args=(action,),
            )
        st.button("Reset", key="reset", disabled=view is None, on_click=visitor.forget)


def progress(view: RunView | None) -> None:
    """How far the run is, in words and as a bar."""
    if view is not None:
        st.progress(view.fraction, reports.status(view))


def ending(view: RunView | None) -> None:
    """How a run ended, where that was not as planned, and the way on; then what else to tell."""
    if view is not None and view.state == "diverged":
        st.error(view.message)
        usual = replace(view.settings, learning_rate=TrainConfig().learning_rate)
        st.button(
            f"{reports.way_back(view)}, at learning rate {USUAL_RATE}",
            key="mend",
            on_click=visitor.mend,
            args=(usual,),
        )
    elif view is not None and view.message:
        st.info(view.message)
    for text in visitor.notices(view):
        st.warning(text)


def curves(view: RunView | None, config: TrainConfig, words: Mapping[str, str]) -> None:
    """The bound and its terms along the run, beside the recorded runs."""
    live_figure(
        "curves",
        Picture(
            figure=training_figures.curves(
                reports.drawn_curves(view),
                reports.planned_epochs(view, config),
                reports.marks(view),
            ),
            takeaway=reports.takeaway(view, words),
            tex=reports.tex(reports.last_bound(view)),
            table=reports.table(view),
            height=340,
        ),
    )


def pictures(view: RunView | None, config: TrainConfig) -> None:
    """Reconstructions and samples of the latest look, and the latent map where z is a plane.

    Before a run there are those of the model that it would start from.
    """
    try:
        views = view.views if view else None
        views = views or reports.untrained(config)
    except DataError as problem:
        st.error(str(problem))
        return
    st.html(strips_html(reports.strips(views, view.config if view else config)))
    if views.latent_means is not None:
        live_figure(
            "latent_map",
            Picture(
                figure=latent_map(views.latent_means, views.labels),
                takeaway=MAP_TAKEAWAY,
                height=240,
            ),
        )
    elif view is not None and view.kl_per_dimension is not None:
        live_figure(
            "kl_bars",
            Picture(
                figure=kl_bars(view.kl_per_dimension),
                takeaway=reports.used_dimensions(view.kl_per_dimension),
                height=170,
            ),
        )


def noise(view: RunView | None, config: TrainConfig, words: str) -> None:
    """How noisy each estimator's gradient is at the run's weights, once that was measured."""
    looks = view.looks if view else ()
    if noise_figures.measured(looks):
        live_figure(
            "noise",
            Picture(
                figure=noise_figures.curves(looks, reports.planned_epochs(view, config)),
                takeaway=noise_figures.takeaway(looks, words),
                table=noise_figures.table(looks),
                height=260,
            ),
        )


def look_back(view: RunView | None, words: str) -> None:
    """The pictures of a run look by look, also while it goes on."""
    shown = looking_back.present(view)
    if shown:
        live_figure("look_back", album.picture(shown, words))
