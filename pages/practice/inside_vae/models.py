"""What the views into the trained VAE share: models, held-out digits, tiles of a picture."""

from __future__ import annotations

from functools import lru_cache

import torch

from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import held_out_digit
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
    """An image of `held_out_digit`, kept. Raises DataError."""
    return held_out_digit(digit, specimen)
