"""The Normal family, diagonal: the entry that the VAE and the lab stand on.

`Gaussian` is what it has in common with Gaussians whose dimensions depend on each other.
"""

from __future__ import annotations

import math
import operator
from abc import abstractmethod
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, distributions

from vae_core.families.entries.noise import LOC, PAPER, SCALE
from vae_core.families.family import Distribution, family, sum_dimensions
from vae_core.families.parts import Noise, Tails

LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
STANDARD_NORMAL = Noise(
    "standard normal",
    lambda shape, gen, dtype: torch.randn(shape, generator=gen, dtype=dtype),
    operator.neg,
    lambda eps: (-0.5 * eps * eps - LOG_SQRT_2PI).exp(),
)


@dataclass(frozen=True)
class Gaussian(Distribution):
    """N(loc, L L^T) with a lower triangle L, however it is written; z = loc + L eps.

    Dimension by dimension: given z_1 ... z_{d-1}, z_d is Gaussian, and L_dd is its deviation. So
    the logs of L's diagonal sum to half of the covariance's log-determinant.

    Args:
        loc: mean mu, (B, D).
    """

    loc: Tensor

    @property
    def mode(self) -> Tensor:
        """The likeliest z: loc."""
        return self.loc

    @property
    @abstractmethod
    def variance(self) -> Tensor:
        """The variance of each z_d, the covariance's diagonal: (B, D)."""

    @property
    @abstractmethod
    def conditional_scale(self) -> Tensor:
        """The deviation of each z_d given those before it, L's diagonal: (B, D)."""

    @property
    @abstractmethod
    def lower_triangle(self) -> Tensor:
        """L, (B, D, D)."""

    @abstractmethod
    def inverse(self, z: Tensor) -> Tensor:
        """Find the base noise that gives z: L^-1 (z - loc), (K, B, D)."""

    @abstractmethod
    def seen_from(self, p: Normal) -> Self:
        """The same in coordinates in which a diagonal p, (D,), is N(0, I)."""

    def log_prob_of_noise(self, eps: Tensor) -> Tensor:
        """log q(z_d | z_1 ... z_{d-1}) at the z of base noise, in nats: (K, B, D)."""
        return -0.5 * eps.square() - self.conditional_scale.log() - LOG_SQRT_2PI

    def log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """log q(z_d | z_1 ... z_{d-1}), which sums to log q(z), in nats: (K, B, D)."""
        return self.log_prob_of_noise(self.inverse(z))

    def log_prob(self, z: Tensor) -> Tensor:
        """Joint log-density log q(z) in nats: (K, B)."""
        return sum_dimensions(self.log_prob_per_dimension(z))


@family(
    title="Normal",
    source=PAPER,
    path="location-scale",
    noise=STANDARD_NORMAL,
    law=distributions.Normal,
    formula=r"\mu + \sigma\varepsilon",
    torch="Normal(loc, scale).rsample()",
    tails=lambda loc, scale: Tails(square=0.5 / scale**2),
    loc=LOC,
    scale=SCALE,
)
@dataclass(frozen=True)
class Normal(Gaussian):
    """Diagonal Gaussian q(z) = N(loc, scale^2), with z = loc + scale * eps and eps ~ N(0, 1).

    Source: Kingma & Welling 2014, section 2.4 (location-scale families).

    Args:
        loc: mean mu, broadcastable to (B, D).
        scale: standard deviation sigma > 0, broadcastable to (B, D).

    >>> q = Normal(loc=torch.tensor([[2.0]]), scale=torch.tensor([[0.5]]))
    >>> q.transform(torch.tensor([[[0.0]], [[1.0]]])).flatten()
    tensor([2.0000, 2.5000])
    >>> q.base(3, torch.Generator().manual_seed(0)).shape
    torch.Size([3, 1, 1])
    >>> {name: s.item() for name, s in q.scores(torch.tensor([[[3.0]]])).items()}
    {'loc': 4.0, 'scale': 6.0}
    """

    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """Move base noise to the latent: z = loc + scale * eps, (K, B, D)."""
        if len(eps) == 1:  # without a K to broadcast over, backward has nothing to sum over
            return (self.loc + self.scale * eps[0]).unsqueeze(0)
        return self.loc + self.scale * eps

    def inverse(self, z: Tensor) -> Tensor:
        """Find the base noise that gives z: eps = (z - loc) / scale, (K, B, D)."""
        return (z - self.loc) / self.scale

    @property
    def variance(self) -> Tensor:
        """The square of scale."""
        return self.scale.square()

    @property
    def conditional_scale(self) -> Tensor:
        """Just scale: no dimension tells anything of another."""
        return self.scale

    @property
    def lower_triangle(self) -> Tensor:
        """Scale on the diagonal, and zeros."""
        return torch.diag_embed(self.scale)

    def seen_from(self, p: Normal) -> Normal:
        """The same in coordinates in which p is N(0, I)."""
        return Normal((self.loc - p.loc) / p.scale, self.scale / p.scale)

    def log_prob(self, z: Tensor) -> Tensor:
        """Joint log-density log q(z) in nats, summed over D: (K, B)."""
        eps = self.inverse(z)
        return sum_dimensions(-0.5 * eps * eps - self.scale.log() - LOG_SQRT_2PI)

    def scores(self, z: Tensor) -> dict[str, Tensor]:
        """Derivatives of log q(z_d) in loc_d and in scale_d, each (K, B, D)."""
        eps = self.inverse(z)
        return {"loc": eps / self.scale, "scale": (eps * eps - 1.0) / self.scale}
