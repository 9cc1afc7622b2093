"""A run seen again, look by look, at rest or while it goes on: whose album, and its pictures."""

from __future__ import annotations

import json
from collections.abc import Collection

import streamlit as st

from pages.practice.train_vae.album import LOOK, Album, album, frame_of
from pages.ui import controls
from pages.ui.live.lookahead import pack
from pages.ui.runs import visitor
from vae_core.runs.standing import RunView

_STOOD = "looking_back:stood"


def present(view: RunView | None) -> Album | None:
    """The album for the visitor who is here.

    The look that they stand at stays in it when the run thins its looks, so that the picture does
    not jump. A place in another run, or beyond the end of this one, is forgotten.
    """
    if view is None:
        return None
    token, kept = st.session_state.get(_STOOD, (view.token, None))
    if token != view.token:
        kept = None
        controls.write({LOOK: None})
    shown = album(view, kept)
    if shown is not None:
        step, _ = controls.read(LOOK, None, float)
        if step is not None and step > shown.looks[-1].step:
            step = None
            controls.write({LOOK: None})
        kept = None if step is None else shown.at(step)
    st.session_state[_STOOD] = (view.token, kept)
    return shown


def packed(token: str, names: Collection[str]) -> bytes | None:
    """Frames of a run's looks for the browser, as JSON: `names`, and what `pack` makes of them.

    None without the token of a run; looks that it has given up are left out.
    """
    view = visitor.look(token)
    if view is None:
        return None
    found = [look for look in view.looks if look.name in names]
    ahead = pack([frame_of(look) for look in found], whole=True) if found else None
    return json.dumps({"names": [look.name for look in found], "ahead": ahead}).encode()
