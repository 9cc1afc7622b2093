"""Complete an image of which a part is hidden.

The Markov chain of Rezende, Mohamed & Wierstra 2014 ("missing data imputation"): encode the present
picture, draw z, decode it, keep what is visible and take the hidden pixels from the decoder, and
again. Where q(z|x) is the true posterior, the chain's stationary distribution is
p(hidden | visible); with an approximate one it comes near.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.vae.data import SIDE
from vae_core.vae.model import VAE

PARTS = ("left", "right", "top", "bottom")


def visible_pixels(part: str, lines: int) -> Tensor:
    """Which pixels stay visible when `lines` rows or columns of one side are hidden: (784,) bool.

    Raises:
        ValueError: an unknown side, or more lines than the image has.
    """
    if part not in PARTS:
        raise ValueError(f"The hidden part must be one of {', '.join(PARTS)}, not {part!r}.")
    if not 0 <= lines <= SIDE:
        raise ValueError(f"An image has {SIDE} rows and columns; {lines} cannot be hidden.")
    along = torch.arange(SIDE)
    shown = along >= lines if part in ("left", "top") else along < SIDE - lines
    square = shown.expand(SIDE, SIDE)
    return (square if part in ("left", "right") else square.T).reshape(-1)


@torch.no_grad()
def complete(
    model: VAE, x: Tensor, visible: Tensor, steps: int, chains: int, gen: torch.Generator
) -> Tensor:
    """Run chains from pictures whose hidden pixels are noise.

    The hidden pixels become the decoder's mean of x, as in all pictures here; the paper tosses a
    coin for each pixel.

    Args:
        model: a trained VAE.
        x: one image in [0, 1], (784,); what is hidden in it is never looked at.
        visible: (V, 784) bool, V ways to hide a part. All of them share the same noise.
        steps: S, how many times a picture goes through the VAE.
        chains: C, chains that differ in their noise.
        gen: decides the first hidden pixels and every z.

    Returns:
        (S + 1, V, C, 784): the pictures, the ones before the first step included; visible pixels
        are those of x in all of them.
    """
    shown = visible.unsqueeze(1)
    present = torch.where(shown, x, torch.rand((chains, x.shape[-1]), generator=gen, dtype=x.dtype))
    seen = [present]
    for _ in range(steps):
        q = model.encoder(present)
        eps = q.family.noise.draw((chains, q.shape[-1]), gen, x.dtype)
        z = q.transform(eps.expand(q.shape).unsqueeze(0))[0]
        present = torch.where(shown, x, model.mean_of_x(z))
        seen.append(present)
    return torch.stack(seen)
