"""A run seen again, look by look: what its model made of ten digits, and of ten draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pages.ui import theme
from pages.ui.inside_digits import HIDDEN_AXIS
from pages.ui.live_figure import Frame, Param, Transport
from vae_core.data import SIDE
from vae_core.looks import Look
from vae_core.runs import RunView

DIGITS = 10
# Height of each strip's lower edge, and the symbol in whose colour it is drawn.
STRIPS = {"originals": (3.2, "x"), "reconstructions": (1.6, "theta"), "samples": (0.0, "z")}
TITLES = {"originals": "x", "reconstructions": "reconstructions", "samples": "samples"}


@dataclass(frozen=True)
class Album:
    """A run's looks; the same album for the same run at the same step."""

    token: str
    step: int
    looks: tuple[Look, ...] = field(compare=False, repr=False)


def album(view: RunView | None) -> Album | None:
    """What there is to look back on once a run rests; None with fewer than two looks."""
    if view is None or view.state in ("queued", "running") or len(view.looks) < 2:
        return None
    return Album(view.token, view.looks[-1].step, view.looks)


def transport(shown: Album) -> Transport:
    """The bar that walks through the looks; it starts at the last."""
    last = len(shown.looks) - 1
    places = tuple(float(place) for place in range(last + 1))
    return Transport(Param("look", "look", positions=places, default=last, format="d"), seconds=6)


def frame(look: int, shown: Album) -> Frame:
    """The strips of one look."""
    seen = shown.looks[int(look)]
    traces: dict[str, dict[str, Any]] = {
        name: {"z": _columns(getattr(seen.views, name))} for name in ("reconstructions", "samples")
    }
    return Frame(traces, {"step": float(seen.step), "epoch": seen.epoch})


def draw(now: Frame, shown: Album) -> go.Figure:
    """Three strips of ten digits: x, its reconstructions, samples."""
    fig = go.Figure()
    pictures = {"originals": _columns(shown.looks[0].views.originals)}
    pictures |= {name: arrays["z"] for name, arrays in now.traces.items()}
    across = (np.arange(SIDE * DIGITS) + 0.5) / SIDE
    down = 1.0 - (np.arange(SIDE) + 0.5) / SIDE
    for name, (low, colour) in STRIPS.items():
        fig.add_heatmap(
            name=name,
            x=np.tile(across, SIDE),
            y=np.repeat(low + down, SIDE * DIGITS),
            z=pictures[name],
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
