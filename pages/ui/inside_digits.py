"""What the views into the trained VAE share: models, held-out digits, tiles of a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch
from numpy.typing import NDArray

from pages.ui import theme
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import SIDE, as_unit, load_mnist
from vae_core.vae.model import VAE

PLANE, WIDE = "latent2", "latent20"
SPECIMENS = 20
INK = ((0.0, theme.var("panel")), (1.0, theme.var("ink")))
HIDDEN_AXIS = {"visible": False, "fixedrange": True}

Floats = NDArray[np.floating]


def plane() -> VAE:
    """The trained model whose z has two dimensions. Raises CheckpointError."""
    return load_pretrained(PLANE).model


def wide() -> VAE:
    """The trained model whose z has twenty dimensions. Raises CheckpointError."""
    return load_pretrained(WIDE).model


@lru_cache(maxsize=256)
def held_out(digit: int, specimen: int) -> torch.Tensor:
    """The `specimen`-th (from 1) held-out image of a digit: grey values in [0, 1], (784,).

    Raises:
        DataError: there are no usable images.
    """
    data = load_mnist()
    places = (data.test_labels == digit).nonzero()[:, 0]
    return as_unit(data.test_images[places[specimen - 1]])


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
