"""What a visitor takes away from the training page: files of a run, and links to it."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from pages.practice.train_vae.exports import checkpoint_file, curves_csv, script
from pages.ui.runs import visitor
from vae_core.runs.standing import RunView
from vae_core.training.config import TrainConfig

CHECKPOINT, CURVES = "vae.safetensors", "curves.csv"
LABELS = {CHECKPOINT: "Checkpoint (safetensors)", CURVES: "Curves (CSV)"}
TOKEN = "run"  # noqa: S105 - the token's name in the address, not a token


def files(view: RunView | None, config: TrainConfig) -> None:
    """Ways to a run's checkpoint, curves and script.

    The first two are made when they are asked for, by a route of the server: Streamlit's own
    deferred files are deleted at the end of whichever script run comes first, and here every
    visitor's page runs once a second. Before a run there is the script that the controls describe.
    """
    with st.container(key="take_away", horizontal=True):
        ready = {
            CHECKPOINT: view is not None and view.snapshot > 0,
            CURVES: view is not None and bool(view.history),
        }
        for name, label in LABELS.items():
            query = urlencode({TOKEN: view.token}) if view else ""
            st.link_button(label, f"take/{name}?{query}", disabled=not ready[name])
        st.download_button(
            "Script (Python)",
            script(view.config if view else config),
            file_name="repeat_this_run.py",
            mime="text/x-python",
            key="take_script",
            on_click="ignore",
        )


def file(name: str, token: str) -> tuple[bytes, str] | None:
    """What the server answers for a file of a run: its content and media type; None if gone."""
    view = visitor.look(token)
    if view is None:
        return None
    if name == CHECKPOINT and view.checkpoint is not None:
        return checkpoint_file(view.checkpoint, view.config), "application/octet-stream"
    if name == CURVES and view.history:
        return curves_csv(view.history).encode(), "text/csv; charset=utf-8"
    return None


def links(view: RunView | None) -> None:
    """The link to the controls as they stand; the run's own only for whoever asks for it."""
    st.caption("Link to these controls, without the run:")
    st.code(address(with_run=False), language=None, wrap_lines=True)
    if view is None:
        return
    with st.popover("Link to the run itself"):
        st.markdown(
            "This link opens the run on another device. **Whoever has it can also change, pause, "
            "stop and reset the run**, so give it only to those who may."
        )
        st.code(address(with_run=True), language=None, wrap_lines=True)


def address(*, with_run: bool) -> str:
    """The page's address with its controls, with the run's token or without it."""
    stated = {name: st.query_params.get_all(name) for name in st.query_params}
    if not with_run:
        stated.pop(TOKEN, None)
    query = urlencode(stated, doseq=True)
    here = st.context.url or ""
    return f"{here}?{query}" if query else here
