"""The picture of a run seen again: what its model made of ten digits, and of ten draws.

A look is addressed by its step, so it keeps its place when others come or go. The browser fetches
the pictures when a hand comes near the bar, each once (see `look_back.packed`): to send them along
whenever the page is drawn anew would be a megabyte a second.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import numpy as np
import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.digits import HIDDEN_AXIS, side_by_side
from pages.ui.live import Frame, Param, Picture, Transport
from pages.ui.live.lookahead import grey_bytes
from vae_core.runs.looks import Look
from vae_core.runs.standing import RunView
from vae_core.vae.data import SIDE

DIGITS = 10
LOOK = "look"
# Height of each strip's lower edge, and the symbol in whose colour it is drawn.
STRIPS = {"originals": (3.2, "x"), "reconstructions": (1.6, "theta"), "samples": (0.0, "z")}
TITLES = {"originals": "x", "reconstructions": "reconstructions", "samples": "samples"}


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


def picture(shown: Album, words: str) -> Picture:
    """The strips of a look, with the bar below them; `words` are the takeaway."""
    return Picture(
        frame=frame,
        figure=lambda now: draw(now, shown),
        transport=transport(shown),
        extra={"shown": shown},
        takeaway=words,
        height=250,
    )


def transport(shown: Album) -> Transport:
    """The bar that walks through the looks; whoever stands at the last goes along with the run."""
    steps = tuple(float(look.step) for look in shown.looks)
    param = Param(LOOK, "step", positions=steps, default=steps[-1], format=",d", names=shown.names)
    return Transport(param, seconds=6, fetched=f"./looks?{urlencode({'run': shown.token})}")


def frame(look: float, shown: Album) -> Frame:
    """The strips of the look at a step."""
    return frame_of(shown.at(look))


def frame_of(seen: Look) -> Frame:
    """The strips of a look."""
    traces: dict[str, dict[str, Any]] = {
        name: {"z": _strip(getattr(seen.views, name))} for name in ("reconstructions", "samples")
    }
    return Frame(traces, {"step": float(seen.step), "epoch": seen.epoch})


def draw(now: Frame, shown: Album) -> go.Figure:
    """Three strips of ten digits: x, its reconstructions, samples.

    Each is a heatmap whose `meta.picture` the browser unfolds: see `assets/live/image.js`.
    """
    fig = go.Figure()
    pictures = {"originals": _strip(shown.looks[0].views.originals)}
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


def _strip(pictures: np.ndarray) -> np.ndarray:
    """Ten digits (10, 784) side by side, row of pixels by row: (7840,)."""
    return side_by_side(pictures).reshape(-1)
