"""What a visitor takes away from the training page: files of a run, and links to it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from pages.ui import training_room
from vae_core.config import TrainConfig
from vae_core.exports import checkpoint_file, curves_csv, script
from vae_core.runs import RunView

TOKEN = "run"  # noqa: S105 - the token's name in the address, not a token


def files(view: RunView | None, config: TrainConfig) -> None:
    """Buttons for a run's checkpoint, curves and script; each is made when it is pressed.

    Before a run there is the script of the one that the controls describe.
    """
    with st.container(key="take_away", horizontal=True):
        for label, name, mime, make in _files(view, config):
            st.download_button(
                label,
                make or "",
                file_name=name,
                mime=mime,
                key=f"take:{name}",
                on_click="ignore",
                disabled=make is None,
            )


def _files(
    view: RunView | None, config: TrainConfig
) -> list[tuple[str, str, str, Callable[[], bytes | str] | None]]:
    token = view.token if view else ""
    plan = view.config if view else config
    snapshot = view is not None and training_room.has_snapshot(view)
    return [
        (
            "Checkpoint (safetensors)",
            "vae.safetensors",
            "application/octet-stream",
            (lambda: _checkpoint(token)) if snapshot else None,
        ),
        (
            "Curves (CSV)",
            "curves.csv",
            "text/csv",
            (lambda: _curves(token)) if view and view.history else None,
        ),
        ("Script (Python)", "repeat_this_run.py", "text/x-python", lambda: script(plan)),
    ]


def _checkpoint(token: str) -> bytes:
    view, checkpoint = training_room.jobs().look(token), training_room.jobs().checkpoint(token)
    return checkpoint_file(checkpoint, view.config) if view and checkpoint else b""


def _curves(token: str) -> str:
    view = training_room.jobs().look(token)
    return curves_csv(view.history) if view else ""


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
