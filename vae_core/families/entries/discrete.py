"""Families of whole numbers: z jumps or stands still as the parameters move, and has no path.

Where z has few values there is a relaxation: numbers that move with the parameters, of which z is
a rounding, squeezed between the values by a softmax. It is not z, and estimators say what they use
it for.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, distributions
from torch.distributions import constraints
from torch.nn import functional

from vae_core.families.entries.noise import UNIFORM
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Parameter, Tails

WILLIAMS = "Williams 1992"
STILL = (
    "With u held fixed, z stands still as {} moves, and jumps {}: its derivative is 0 almost "
    "everywhere. The score function needs none."
)
# Beyond these the probability of the rarer value is lost in the rounding of the other's.
LOGIT = Parameter(
    constraints.interval(-30.0, 30.0), "a number from -30 to 30", 0.0, -4.0, 4.0, r"\eta"
)


class Relaxable(Distribution):
    """A z of few whole numbers, with what estimators need to loosen it.

    The perturbed numbers x move with the parameters, base noise held fixed, and z is where they
    are greatest; `relax` squeezes them between the values of z, the more so the lower the
    temperature (Maddison et al. 2017, Jang et al. 2017).
    """

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """E[z], which moves smoothly with the parameters: (B, D)."""

    @abstractmethod
    def perturbed(self, eps: Tensor) -> Tensor:
        """x of the base noise, (K, B, D) or with one number for each value of z on a last axis."""

    @abstractmethod
    def perturbed_given(self, z: Tensor, eps: Tensor) -> Tensor:
        """x drawn from its law given the z that it rounds to, from other base noise.

        Tucker et al. 2017, appendix C: the noise held fixed, it moves with the parameters.
        """

    @abstractmethod
    def relax(self, perturbed: Tensor, temperature: float) -> Tensor:
        """The relaxed z, between its least and greatest value: (K, B, D)."""


class Coin(Relaxable):
    """What a Bernoulli can by either parameter."""

    @property
    @abstractmethod
    def log_odds(self) -> Tensor:
        """The logit of p, log p / (1 - p): (B, D)."""

    @property
    def mean(self) -> Tensor:
        """p."""
        return self.log_odds.sigmoid()

    @property
    def mode(self) -> Tensor:
        """The likelier value, 1 where p is above 1/2: (B, D)."""
        return (self.log_odds > 0.0).to(self.log_odds.dtype)

    def perturbed(self, eps: Tensor) -> Tensor:
        """x = logit p - logit u, which is above 0 where u < p."""
        return self.log_odds - eps.logit()

    def perturbed_given(self, z: Tensor, eps: Tensor) -> Tensor:
        """The same with u drawn from below p where z is 1, from above where it is 0."""
        odds, logit = eps.logit(), self.log_odds
        above = functional.softplus(functional.softplus(logit) - odds)
        below = -functional.softplus(functional.softplus(-logit) + odds)
        return torch.where(z > 0.5, above, below)

    def relax(self, perturbed: Tensor, temperature: float) -> Tensor:
        """1 / (1 + exp(-x / temperature)): the binary concrete variable."""
        return (perturbed / temperature).sigmoid()

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From 0 to 1."""
        return self.expand(0.0), self.expand(1.0)


@family(
    title="Bernoulli",
    source=WILLIAMS,
    path="none",
    noise=UNIFORM,
    law=distributions.Bernoulli,
    formula=r"1 \text{ if } u < p, \text{ else } 0",
    reason=STILL.format("p", "from 0 to 1 where p passes u"),
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
class Bernoulli(Coin):
    """1 with probability probs, else 0."""

    probs: Tensor

    @property
    def log_odds(self) -> Tensor:
        """The logit of p."""
        return self.probs.logit()

    def transform(self, eps: Tensor) -> Tensor:
        """z = 1 where u < probs, else 0."""
        return (eps < self.probs).to(eps.dtype)

    def cdf(self, z: Tensor) -> Tensor:
        """0 below 0, 1 - probs below 1, then 1: (K, B, D)."""
        return (z >= 0.0) * (1.0 - self.probs) + (z >= 1.0) * self.probs


@family(
    again="bernoulli",
    title="Bernoulli",
    source=WILLIAMS,
    path="none",
    noise=UNIFORM,
    law=lambda logit, **words: distributions.Bernoulli(logits=logit, **words),
    formula=r"1 \text{ if } \ln\frac{u}{1 - u} < \eta, \text{ else } 0",
    reason=STILL.format("its logit", "from 0 to 1 where p passes u"),
    discrete=True,
    logit=LOGIT,
)
@dataclass(frozen=True)
class BernoulliByLogit(Coin):
    """1 with probability p = 1 / (1 + exp(-logit)), else 0."""

    logit: Tensor

    @property
    def log_odds(self) -> Tensor:
        """The parameter itself."""
        return self.logit

    def transform(self, eps: Tensor) -> Tensor:
        """z = 1 where u < p."""
        return (eps < self.mean).to(eps.dtype)

    def cdf(self, z: Tensor) -> Tensor:
        """0 below 0, 1 - p below 1, then 1: (K, B, D)."""
        return (z >= 0.0) * (-self.logit).sigmoid() + (z >= 1.0) * self.mean


@family(
    title="Poisson",
    source=WILLIAMS,
    path="none",
    noise=UNIFORM,
    law=distributions.Poisson,
    formula=r"\min\{k : F_\lambda(k) \ge u\}",
    tails=lambda rate: Tails(square=0.0),
    reason=STILL.format("the rate", "by 1 where F passes u"),
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
