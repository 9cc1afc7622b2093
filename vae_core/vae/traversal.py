"""Walks through a trained VAE's latent space: the manifold of its pictures, and straight paths."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.vae.model import VAE


def shares(side: int) -> Tensor:
    """Middles of `side` equal parts of (0, 1): (side,) float64."""
    return (torch.arange(side, dtype=torch.float64) + 0.5) / side


def quantiles(u: Tensor) -> Tensor:
    """The inverse of the normal distribution function, elementwise: where the prior has mass u."""
    found: Tensor = torch.special.ndtri(u)
    return found


@torch.no_grad()
def manifold(model: VAE, side: int) -> Tensor:
    """What a two-dimensional z decodes to, evenly over the prior's mass: (side, side, 784).

    Kingma & Welling 2014, figure 4: the unit square through the inverse Gaussian CDF. The first
    axis is z_2, from low to high, the second z_1.
    """
    line = quantiles(shares(side)).float()
    second, first = torch.meshgrid(line, line, indexing="ij")
    return model.mean_of_x(torch.stack((first, second), dim=-1))


@torch.no_grad()
def straight_path(model: VAE, start: Tensor, end: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Two ways from one image to another, both straight: in latent space and in pixels.

    Args:
        model: a trained VAE.
        start, end: images in [0, 1], (784,).
        t: (T,) from 0 (start) to 1 (end).

    Returns:
        The decoder's mean of x at (1 - t) mu(start) + t mu(end), and (1 - t) start + t end; each
        (T, 784).

    Raises:
        ValueError: q is no Gaussian, so there is nothing between two z.
    """
    part = t.unsqueeze(-1)
    mu = model.gaussian_q(torch.stack((start, end))).loc
    latent = model.mean_of_x((1.0 - part) * mu[0] + part * mu[1])
    return latent, (1.0 - part) * start + part * end


@torch.no_grad()
def change_by_reconstruction(model: VAE, x: Tensor) -> Tensor:
    """How much images (B, 784) change on their way to the likeliest z and back: (B,).

    The root of the mean square over the pixels: small for what the model takes for a digit, large
    for what it cannot draw.
    """
    back = model.mean_of_x(model.encoder(x).mode)
    return (back - x).square().mean(-1).sqrt()
