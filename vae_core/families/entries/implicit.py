"""Families without a formula for z: its path is that of the quantile, dz = -dF / q.

Source of implicit reparameterization: Figurnov et al. 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, distributions

from vae_core.families.entries.noise import LOC, PAPER, RATE, SHAPE, UNIFORM
from vae_core.families.entries.special import von_mises
from vae_core.families.entries.special.gamma import log_gamma_quantile
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Tails

FIGURNOV = "Figurnov et al. 2018"


@family(
    title="Gamma",
    source=f"{PAPER}; {FIGURNOV}",
    path="implicit",
    noise=UNIFORM,
    law=distributions.Gamma,
    formula=r"F_\alpha^{-1}(u) / \lambda",
    torch="Gamma(concentration, rate).rsample()",
    tails=lambda concentration, rate: Tails(right=rate, square=0.0),
    also="For a whole concentration a composition: a sum of that many exponentials.",
    remark="The paper lists it as a sum of exponentials, which it is for whole shapes only.",
    concentration=replace(SHAPE, low=0.2),
    rate=RATE,
)
@dataclass(frozen=True)
class Gamma(Distribution):
    """Density proportional to z^(concentration - 1) exp(-rate z) for z > 0."""

    concentration: Tensor
    rate: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = F^-1(u) / rate, with F the CDF for rate 1; no less than the least number."""
        z = log_gamma_quantile(eps, self.concentration).exp() / self.rate
        return z.clamp_min(torch.finfo(eps.dtype).tiny)


@family(
    title="von Mises",
    source=FIGURNOV,
    path="implicit",
    noise=UNIFORM,
    formula=r"\mu + F_\kappa^{-1}(u)",
    remark="Not in the paper's list. Torch samples it by rejection, without a gradient. On the "
    "circle nothing moves with the location; on the line the cut at mu + pi does.",
    loc=replace(LOC, words="a number, an angle", moves_support=True),
    concentration=replace(SHAPE, low=0.1, high=20.0, symbol=r"\kappa"),
)
@dataclass(frozen=True)
class VonMises(Distribution):
    """An angle between loc - pi and loc + pi, density proportional to exp(kappa cos(z - loc))."""

    loc: Tensor
    concentration: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + F^-1(u), with F the CDF around 0."""
        return self.loc + von_mises.von_mises_quantile(eps, self.concentration)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats, summed over D: (K, B)."""
        return self.sum_inside(von_mises.log_density(z - self.loc, self.concentration), z)

    def cdf(self, z: Tensor) -> Tensor:
        """P(Z <= z): (K, B, D)."""
        w = (z - self.loc).clamp(-math.pi, math.pi)
        return von_mises.von_mises_cdf(w, self.concentration)

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From loc - pi to loc + pi."""
        return self.expand(self.loc - math.pi), self.expand(self.loc + math.pi)
