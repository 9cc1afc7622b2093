"""Strips and tiles of digits."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from pages.ui import theme
from vae_core.vae.data import SIDE

INK = ((0.0, theme.var("panel")), (1.0, theme.var("ink")))
HIDDEN_AXIS = {"visible": False, "fixedrange": True}
ENLARGE = 3
MAP_RADIUS = 4.0
# One colour for each digit, of middle lightness so that it reads on either background. The number
# at the middle of each cloud says the same without colour.
DIGITS = (
    "#4477aa", "#ee6677", "#228833", "#b8860b", "#3aa6c4",
    "#aa3377", "#888888", "#e07b39", "#7d6bc4", "#5f9e6e",
)  # fmt: skip

Floats = NDArray[np.floating]


def tile(
    fig: go.Figure,
    name: str,
    z: Floats,
    left: float = 0.0,
    top: float = 1.0,
    size: float = 1.0,
    **axes: Any,
) -> None:
    """Add a picture (784,) as a square with its upper left corner at (left, top).

    A heatmap given in columns, so that its `z` can be painted under the finger.
    """
    steps = (np.arange(SIDE) + 0.5) * size / SIDE
    fig.add_heatmap(
        name=name,
        x=np.tile(left + steps, SIDE),
        y=np.repeat(top - steps, SIDE),
        z=z,
        zmin=0,
        zmax=1,
        colorscale=INK,
        showscale=False,
        hoverinfo="skip",
        **axes,
    )


def caption(fig: go.Figure, text: str, x: float, y: float, **more: Any) -> None:
    """A few words beneath or beside a tile, centred, in the figure's coordinates."""
    placed: dict[str, Any] = {"x": x, "y": y, "text": text, "showarrow": False} | more
    fig.add_annotation(**{"font": {"color": theme.var("muted"), "size": 13}, **placed})


def dress(
    fig: go.Figure,
    across: tuple[float, float],
    up: tuple[float, float],
    uirevision: str,
    narrow_height: int,
) -> go.Figure:
    """A figure of tiles without axes, its ends across and up given; as high where it is narrow."""
    square = {"constrain": "domain", **HIDDEN_AXIS}
    fig.update_xaxes(range=across, **square)
    fig.update_yaxes(range=up, scaleanchor="x", **square)
    fig.update_layout(
        uirevision=uirevision,
        showlegend=False,
        hovermode=False,
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        meta={"narrow": {"height": narrow_height}},
    )
    return fig


class Strip(NamedTuple):
    """A row of digits and what is told of it.

    Attributes:
        label: what stands above it.
        colour: name of its colour in the theme.
        words: the same for those who do not see it.
        images: grey values in [0, 1], (N, 784).
    """

    label: str
    colour: str
    words: str
    images: Floats


def originals(images: Floats) -> Strip:
    """The ten held-out digits that others are compared to."""
    return Strip("x, ten held-out digits", "x", "Ten held-out digits, 0 to 9.", images)


def side_by_side(images: Floats) -> Floats:
    """Digits (N, 784) as one picture, (28, 28 N)."""
    row: Floats = images.reshape(-1, SIDE, SIDE).transpose(1, 0, 2).reshape(SIDE, -1)
    return row


def strip_url(images: Floats) -> str:
    """A row of digits (N, 784), grey values in [0, 1], as the address of a PNG: ink is opacity.

    The colour comes from the page, so the digits follow the theme; each pixel is drawn as a sharp
    square of `ENLARGE` by `ENLARGE`.
    """
    ink = (np.clip(np.nan_to_num(side_by_side(images)), 0.0, 1.0) * 255).round().astype(np.uint8)
    ink = ink.repeat(ENLARGE, axis=0).repeat(ENLARGE, axis=1)
    picture = Image.fromarray(np.stack([np.zeros_like(ink), ink], axis=-1), "LA")
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


STYLE = (
    "<style>.ttn-strips{margin:0;display:grid;gap:.15rem}"
    ".ttn-strips figcaption{font-size:.85rem;color:var(--ttn-muted);margin-top:.5rem}"
    "</style>"
)


def strips_html(strips: Sequence[Strip]) -> str:
    """Rows of digits with their labels, as HTML with a text alternative for each row."""
    rows = []
    for label, colour, words, images in strips:
        mask = f"url({strip_url(images)}) left center / contain no-repeat"
        style = f"background:{theme.var(colour)};mask:{mask};aspect-ratio:{len(images)}/1"
        rows.append(
            f"<figcaption>{escape(label)}</figcaption>"
            f'<div role="img" aria-label="{escape(words)}" style="{style}"></div>'
        )
    return f'{STYLE}<figure class="ttn-strips">{"".join(rows)}</figure>'
