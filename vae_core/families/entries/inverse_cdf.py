"""Families whose CDF can be inverted: z = F^-1(u), with u uniform between 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, distributions

from vae_core.families.entries.noise import LOC, PAPER, SCALE, UNIFORM
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Tails

RATE = replace(SCALE, symbol=r"\lambda")


@family(
    title="Exponential",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Exponential,
    formula=r"-\ln(1 - u) / \lambda",
    torch="Exponential(rate).rsample()",
    tails=lambda rate: Tails(right=rate, square=0.0),
    rate=RATE,
)
@dataclass(frozen=True)
class Exponential(Distribution):
    """Density rate exp(-rate z) for z > 0, with mean 1 / rate."""

    rate: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = -log(1 - u) / rate."""
        return -torch.log1p(-eps) / self.rate


@family(
    title="Cauchy",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Cauchy,
    formula=r"\mu + \sigma \tan\bigl(\pi(u - \tfrac12)\bigr)",
    torch="Cauchy(loc, scale).rsample()",
    tails=lambda loc, scale: Tails(1.0, 0.0, 0.0, 0.0),
    loc=replace(LOC, words="a number, its median"),
    scale=SCALE,
)
@dataclass(frozen=True)
class Cauchy(Distribution):
    """A bell with tails like 1 / z^2, so heavy that it has no mean."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + scale tan(pi (u - 1/2))."""
        return self.loc + self.scale * torch.tan(math.pi * (eps - 0.5))


@family(
    title="Gumbel",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Gumbel,
    formula=r"\mu - \sigma \ln(-\ln u)",
    torch="Gumbel(loc, scale).rsample()",
    tails=lambda loc, scale: Tails(right=1.0 / scale, square=0.0),
    loc=replace(LOC, words="a number, its mode"),
    scale=SCALE,
)
@dataclass(frozen=True)
class Gumbel(Distribution):
    """The law of the largest of many: CDF exp(-exp(-(z - loc) / scale))."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc - scale log(-log u)."""
        return self.loc - self.scale * (-eps.log()).log()
