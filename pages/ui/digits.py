"""Strips and tiles of digits."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image

from pages.ui import theme
from vae_core.vae.data import SIDE

INK = ((0.0, theme.var("panel")), (1.0, theme.var("ink")))
HIDDEN_AXIS = {"visible": False, "fixedrange": True}
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


ENLARGE = 3
MAP_RADIUS = 4.0


# One colour for each digit, of middle lightness so that it reads on either background. The number
# at the middle of each cloud says the same without colour.
DIGITS = (
    "#4477aa", "#ee6677", "#228833", "#b8860b", "#3aa6c4",
    "#aa3377", "#888888", "#e07b39", "#7d6bc4", "#5f9e6e",
)  # fmt: skip


def strip_url(images: Floats) -> str:
    """A row of digits (N, 784), grey values in [0, 1], as the address of a PNG: ink is opacity.

    The colour comes from the page, so the digits follow the theme; each pixel is drawn as a sharp
    square of `ENLARGE` by `ENLARGE`.
    """
    row = images.reshape(-1, SIDE, SIDE).transpose(1, 0, 2).reshape(SIDE, -1)
    ink = (np.clip(np.nan_to_num(row), 0.0, 1.0) * 255).round().astype(np.uint8)
    ink = ink.repeat(ENLARGE, axis=0).repeat(ENLARGE, axis=1)
    picture = Image.fromarray(np.stack([np.zeros_like(ink), ink], axis=-1), "LA")
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def strips_html(strips: Sequence[tuple[str, str, str, Floats]]) -> str:
    """Rows of digits with their labels, as HTML with a text alternative for each row.

    Args:
        strips: label, name of its colour in the theme, text alternative, images (N, 784).
    """
    rows = []
    for label, colour, words, images in strips:
        mask = f"url({strip_url(images)}) left center / contain no-repeat"
        style = f"background:{theme.var(colour)};mask:{mask};aspect-ratio:{len(images)}/1"
        rows.append(
            f"<figcaption>{escape(label)}</figcaption>"
            f'<div role="img" aria-label="{escape(words)}" style="{style}"></div>'
        )
    return f'<figure class="ttn-strips">{"".join(rows)}</figure>'


STYLE = (
    "<style>.ttn-strips{margin:0;display:grid;gap:.15rem}"
    ".ttn-strips figcaption{font-size:.85rem;color:var(--ttn-muted);margin-top:.5rem}"
    "</style>"
)
