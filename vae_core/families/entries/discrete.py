"""Families of whole numbers: z jumps or stands still as the parameters move, and has no path."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from vae_core.families.entries.noise import UNIFORM
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Parameter, Tails

WILLIAMS = "Williams 1992"


@family(
    title="Bernoulli",
    source=WILLIAMS,
    path="none",
    noise=UNIFORM,
    law=distributions.Bernoulli,
    formula=r"1 \text{ if } u < p, \text{ else } 0",
    reason="With u held fixed, z stands still as p moves, and jumps from 0 to 1 where p passes u: "
    "its derivative is 0 almost everywhere. The score function needs none.",
    discrete=True,
    probs=Parameter(
        constraints.interval(1e-6, 1.0 - 1e-6),
        "a probability, neither 0 nor 1",
        0.3,
        0.05,
        0.95,
        "p",
    ),
)
@dataclass(frozen=True)
class Bernoulli(Distribution):
    """1 with probability probs, else 0."""

    probs: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = 1 where u < probs, else 0."""
        return (eps < self.probs).to(eps.dtype)

    def cdf(self, z: Tensor) -> Tensor:
        """0 below 0, 1 - probs below 1, then 1: (K, B, D)."""
        return (z >= 0.0) * (1.0 - self.probs) + (z >= 1.0) * self.probs

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From 0 to 1."""
        return self.expand(0.0), self.expand(1.0)


@family(
    title="Poisson",
    source=WILLIAMS,
    path="none",
    noise=UNIFORM,
    law=distributions.Poisson,
    formula=r"\min\{k : F_\lambda(k) \ge u\}",
    tails=lambda rate: Tails(square=0.0),
    reason="With u held fixed, z stands still as the rate moves, and jumps by 1 where F passes u: "
    "its derivative is 0 almost everywhere. The score function needs none.",
    discrete=True,
    rate=Parameter(
        constraints.interval(1e-6, 1e6), "a positive number up to a million", 3.0, 0.2, 20.0
    ),
)
@dataclass(frozen=True)
class Poisson(Distribution):
    """How many events there are where `rate` are expected."""

    rate: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """The least k with F(k) >= u, by halving."""
        rate = self.rate.detach()
        below = -torch.ones_like(eps)
        above = (rate + 10.0 * rate.sqrt() + 60.0).ceil().expand(eps.shape)
        while ((above - below) > 1.0).any():
            middle = ((below + above) / 2.0).floor()
            enough = torch.special.gammaincc((middle + 1.0).clamp_min(0.5), rate) >= eps
            enough &= middle > below
            below, above = below.where(enough, middle), middle.where(enough, above)
        return above

    def cdf(self, z: Tensor) -> Tensor:
        """P(Z <= z): (K, B, D)."""
        upper = torch.special.gammaincc((z + 1.0).floor().clamp_min(0.5), self.rate)
        return torch.where(z >= 0.0, upper, 0.0)
