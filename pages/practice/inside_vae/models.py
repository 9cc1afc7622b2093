"""What the views into the trained VAE share: models, held-out digits, tiles of a picture."""

from __future__ import annotations

from functools import lru_cache

import torch

from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.model import VAE

PLANE, WIDE = "latent2", "latent20"
SPECIMENS = 20


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
