"""Reparameterizable families: base noise, transform, inverse and log-density.

A family turns noise that knows no parameters into a sample that does: eps ~ p(eps), z = T(eps).
Shapes: K samples, B batch, D latent size. Parameters broadcast to (B, D), samples are (K, B, D).
Randomness is an argument: the same generator state gives the same noise whatever the parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


def sum_dimensions(terms: Tensor) -> Tensor:
    """Sum over the last axis, D; of a single dimension it is a view, and costs nothing."""
    return terms.squeeze(-1) if terms.shape[-1] == 1 else terms.sum(-1)


@dataclass(frozen=True)
class Normal:
    """Diagonal Gaussian q(z) = N(loc, scale^2), with z = loc + scale * eps and eps ~ N(0, 1).

    Source: Kingma & Welling 2014, section 2.4 (location-scale families).

    Args:
        loc: mean mu, broadcastable to (B, D).
        scale: standard deviation sigma > 0, broadcastable to (B, D).
    """

    loc: Tensor
    scale: Tensor

    @property
    def shape(self) -> torch.Size:
        """The shape (B, D) that both parameters broadcast to."""
        return torch.Size(np.broadcast_shapes(self.loc.shape, self.scale.shape))

    def base(self, k: int, gen: torch.Generator) -> Tensor:
        """Draw k samples of the base noise eps: (K, B, D)."""
        return torch.randn((k, *self.shape), generator=gen, dtype=self.loc.dtype)

    def transform(self, eps: Tensor) -> Tensor:
        """Move base noise to the latent: z = loc + scale * eps, (K, B, D)."""
        if len(eps) == 1:  # without a K to broadcast over, backward has nothing to sum over
            return (self.loc + self.scale * eps[0]).unsqueeze(0)
        return self.loc + self.scale * eps

    def inverse(self, z: Tensor) -> Tensor:
        """Find the base noise that gives z: eps = (z - loc) / scale, (K, B, D)."""
        return (z - self.loc) / self.scale

    def log_prob(self, z: Tensor) -> Tensor:
        """Joint log-density log q(z) in nats, summed over D: (K, B)."""
        eps = self.inverse(z)
        return sum_dimensions(-0.5 * eps * eps - self.scale.log() - LOG_SQRT_2PI)

    def scores(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Derivatives of log q(z_d) in loc_d and in scale_d, each (K, B, D)."""
        eps = self.inverse(z)
        return eps / self.scale, (eps * eps - 1.0) / self.scale

    def detach(self) -> Normal:
        """The same distribution with its parameters held constant."""
        return Normal(self.loc.detach(), self.scale.detach())
