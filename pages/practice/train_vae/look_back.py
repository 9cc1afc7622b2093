"""A run seen again, look by look: what its model made of ten digits, and of ten draws.

It can be looked through while it goes on. A look is addressed by its step, so it keeps its place
when others come or go. The browser fetches the pictures when a hand comes near the bar, each once
(`packed` answers): to send them along whenever the page is drawn anew would be a megabyte a second.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from pages.ui import controls, theme
from pages.ui.digits import HIDDEN_AXIS
from pages.ui.live import Frame, Param, Transport
from pages.ui.live.lookahead import grey_bytes, pack
from pages.ui.runs import visitor
from vae_core.runs.looks import Look
from vae_core.runs.standing import RunView
from vae_core.vae.data import SIDE

DIGITS = 10
LOOK = "look"
# Height of each strip's lower edge, and the symbol in whose colour it is drawn.
STRIPS = {"originals": (3.2, "x"), "reconstructions": (1.6, "theta"), "samples": (0.0, "z")}
TITLES = {"originals": "x", "reconstructions": "reconstructions", "samples": "samples"}

_STOOD = "looking_back:stood"


@dataclass(frozen=True)
class Album:
    """A run's looks, the oldest first; the same album for the same looks of the same run."""

    token: str
    names: tuple[str, ...]
    looks: tuple[Look, ...] = field(compare=False, repr=False)

    def at(self, step: float) -> Look:
        """The look nearest to a step."""
        return min(self.looks, key=lambda look: abs(look.step - step))


def album(view: RunView | None, kept: Look | None = None) -> Album | None:
    """What there is to look back on; None with fewer than two looks.

    Args:
        view: the run.
        kept: a look that stays among the others though the run gave it up.
    """
    if view is None or len(view.looks) < 2:
        return None
    looks = {look.step: look for look in view.looks}
    if kept and kept.step < view.looks[-1].step:
        looks.setdefault(kept.step, kept)
    ordered = tuple(looks[step] for step in sorted(looks))
    return Album(view.token, tuple(look.name for look in ordered), ordered)


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


def transport(shown: Album) -> Transport:
    """The bar that walks through the looks; whoever stands at the last goes along with the run."""
    steps = tuple(float(look.step) for look in shown.looks)
    param = Param(LOOK, "step", positions=steps, default=steps[-1], format=",d", names=shown.names)
    return Transport(param, seconds=6, fetched=f"./looks?{urlencode({'run': shown.token})}")


def packed(token: str, names: Collection[str]) -> bytes | None:
    """Frames of a run's looks for the browser, as JSON: `names`, and what `pack` makes of them.

    None without the token of a run; looks that it has given up are left out.
    """
    view = visitor.jobs().look(token)
    if view is None:
        return None
    found = [look for look in view.looks if look.name in names]
    ahead = pack([_frame(look) for look in found], whole=True) if found else None
    return json.dumps({"names": [look.name for look in found], "ahead": ahead}).encode()


def frame(look: float, shown: Album) -> Frame:
    """The strips of the look at a step."""
    return _frame(shown.at(look))


def _frame(seen: Look) -> Frame:
    traces: dict[str, dict[str, Any]] = {
        name: {"z": _columns(getattr(seen.views, name))} for name in ("reconstructions", "samples")
    }
    return Frame(traces, {"step": float(seen.step), "epoch": seen.epoch})


def draw(now: Frame, shown: Album) -> go.Figure:
    """Three strips of ten digits: x, its reconstructions, samples.

    Each is a heatmap whose `meta.picture` the browser unfolds: see `assets/live/image.js`.
    """
    fig = go.Figure()
    pictures = {"originals": _columns(shown.looks[0].views.originals)}
    pictures |= {name: arrays["z"] for name, arrays in now.traces.items()}
    for name, (low, colour) in STRIPS.items():
        greys = base64.b64encode(zlib.compress(grey_bytes(pictures[name]).tobytes())).decode()
        place = {"columns": SIDE * DIGITS, "left": 0.0, "top": low + 1.0, "size": 1.0 / SIDE}
        fig.add_heatmap(
            name=name,
            meta={"picture": {**place, "greys": greys}},
            zmin=0,
            zmax=1,
            colorscale=((0.0, theme.var("paper")), (1.0, theme.var(colour))),
            showscale=False,
            hoverinfo="skip",
        )
        fig.add_annotation(
            x=0, y=low + 1.02, text=TITLES[name], showarrow=False, xanchor="left", yanchor="bottom",
            font={"color": theme.var(colour), "size": 12},
        )  # fmt: skip
    fig.update_xaxes(range=[0, DIGITS], constrain="domain", **HIDDEN_AXIS)
    fig.update_yaxes(range=[0, 4.8], scaleanchor="x", constrain="domain", **HIDDEN_AXIS)
    fig.update_layout(
        uirevision="back",
        showlegend=False,
        hovermode=False,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
    )
    return fig


def _columns(pictures: np.ndarray) -> np.ndarray:
    """Ten digits (10, 784) side by side, row of pixels by row: (7840,)."""
    rows: np.ndarray = pictures.reshape(-1, SIDE, SIDE).transpose(1, 0, 2)
    return rows.reshape(-1)
