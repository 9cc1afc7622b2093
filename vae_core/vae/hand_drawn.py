"""A hand-drawn digit, put where MNIST puts its digits.

LeCun et al. 1998, as they describe their database: scaled into a box of 20 by 20 pixels with its
proportions kept, grey from the averaging, and moved so that its centre of mass is the centre of
the 28 by 28 picture.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.vae.data import PIXELS, SIDE

BOX = 20.0


def as_mnist(cells: Tensor) -> Tensor:
    """Inked cells (28, 28), bool or ink in [0, 1], to grey values as MNIST's, (784,) float64.

    Every new pixel is the mean of the area that it covers in the drawing. An empty drawing stays
    empty. Where the centre of mass would push the box out of the picture, the box goes first.
    """
    ink = cells.double().view(SIDE, SIDE)
    rows, columns = (ink.sum(axis).nonzero()[:, 0] for axis in (1, 0))
    if not len(rows):
        return torch.zeros(PIXELS, dtype=torch.float64)
    box = [(float(each[0]), float(each[-1]) + 1.0) for each in (rows, columns)]
    scale = BOX / max(high - low for low, high in box)
    middles = torch.arange(SIDE, dtype=torch.float64) + 0.5
    weights = []
    for axis, (low, high) in zip((1, 0), box, strict=True):
        centre = float((ink.sum(axis) * middles).sum() / ink.sum())
        ends = SIDE / 2 + scale * (low - centre), SIDE / 2 + scale * (high - centre)
        shift = max(0.0, -ends[0]) - max(0.0, ends[1] - SIDE)
        weights.append(_overlaps(centre, scale, shift))
    return (weights[0] @ ink @ weights[1].T).reshape(-1)


def _overlaps(centre: float, scale: float, shift: float) -> Tensor:
    """Share of each new pixel (rows) that each old cell (columns) covers: (28, 28)."""
    edges = torch.arange(SIDE + 1, dtype=torch.float64)
    back = (edges - shift - SIDE / 2) / scale + centre
    low, high = back[:-1, None], back[1:, None]
    overlap = torch.minimum(high, edges[None, 1:]) - torch.maximum(low, edges[None, :-1])
    return overlap.clamp_min(0.0) * scale
