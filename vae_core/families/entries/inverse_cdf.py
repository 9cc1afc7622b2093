"""Families whose CDF can be inverted: z = F^-1(u), with u uniform between 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from vae_core.families.entries.noise import LOC, PAPER, RATE, SCALE, UNIFORM
from vae_core.families.entries.special.gamma import log_gamma_quantile
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Parameter, Tails


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


@family(
    title="Rayleigh",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=lambda scale, **checks: distributions.Weibull(2**0.5 * scale, 2.0, **checks),
    formula=r"\sigma \sqrt{-2 \ln(1 - u)}",
    torch="Weibull(2**0.5 * scale, 2.0).rsample()",
    tails=lambda scale: Tails(square=0.5 / scale**2),
    also="The length of a vector of two independent normal numbers.",
    scale=SCALE,
)
@dataclass(frozen=True)
class Rayleigh(Distribution):
    """Density z / scale^2 exp(-z^2 / (2 scale^2)) for z > 0."""

    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = scale sqrt(-2 log(1 - u))."""
        return self.scale * (-2.0 * torch.log1p(-eps)).sqrt()


@family(
    title="Pareto",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Pareto,
    formula=r"\sigma\,(1 - u)^{-1/\alpha}",
    torch="Pareto(scale, alpha).rsample()",
    tails=lambda scale, alpha: Tails(alpha, right=0.0, square=0.0),
    scale=replace(SCALE, words="a positive number, the least z", moves_support=True),
    alpha=replace(SCALE, default=3.0, low=0.3, high=6.0, symbol=r"\alpha"),
)
@dataclass(frozen=True)
class Pareto(Distribution):
    """P(Z > z) = (scale / z)^alpha for z > scale: a power, and a tail as heavy as one likes."""

    scale: Tensor
    alpha: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = scale (1 - u)^(-1 / alpha)."""
        return self.scale * (-torch.log1p(-eps) / self.alpha).exp()


@family(
    title="Weibull",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Weibull,
    formula=r"\sigma\,\bigl(-\ln(1 - u)\bigr)^{1/k}",
    torch="Weibull(scale, concentration).rsample()",
    tails=lambda scale, concentration: Tails(
        right=power_rate(1.0, scale, concentration), square=power_rate(2.0, scale, concentration)
    ),
    scale=SCALE,
    concentration=replace(SCALE, default=1.5, low=0.5, high=5.0, symbol="k"),
)
@dataclass(frozen=True)
class Weibull(Distribution):
    """P(Z > z) = exp(-(z / scale)^concentration): an Exponential raised to a power."""

    scale: Tensor
    concentration: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = scale (-log(1 - u))^(1 / concentration)."""
        return self.scale * (-torch.log1p(-eps)) ** (1.0 / self.concentration)


def power_rate(power: float, scale: float, concentration: float) -> float:
    """The c below which exp(c z^power) has a mean where P(Z > z) = exp(-(z / scale)^k)."""
    if concentration == power:
        return float(scale**-power)
    return math.inf if concentration > power else 0.0


@family(
    title="Reciprocal",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    formula=r"a\,(b / a)^u",
    torch="Uniform(low.log(), high.log()).rsample().exp()",
    also="A uniform number, exponentiated: its logarithm is spread evenly.",
    rising=("low", "high"),
    low=replace(SCALE, default=0.5, low=0.1, high=1.0, symbol="a", moves_support=True),
    high=replace(SCALE, default=3.0, low=1.5, high=10.0, symbol="b", moves_support=True),
)
@dataclass(frozen=True)
class Reciprocal(Distribution):
    """Density proportional to 1 / z between low and high: log-uniform."""

    low: Tensor
    high: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = low (high / low)^u."""
        return self.low * (self.high / self.low) ** eps

    def log_prob(self, z: Tensor) -> Tensor:
        """-log z - log log(high / low), in nats, summed over D: (K, B)."""
        terms = -z.clamp_min(self.low).log() - (self.high / self.low).log().log()
        return self.sum_inside(terms, z)

    def cdf(self, z: Tensor) -> Tensor:
        """log(z / low) / log(high / low): (K, B, D)."""
        return (z.clamp(self.low, self.high) / self.low).log() / (self.high / self.low).log()

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From low to high."""
        return self.expand(self.low), self.expand(self.high)


@family(
    title="Gompertz",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    formula=r"\ln\bigl(1 - \ln(1 - u) / \eta\bigr) / b",
    concentration=replace(SCALE, low=0.05, symbol=r"\eta"),
    rate=replace(RATE, symbol="b"),
)
@dataclass(frozen=True)
class Gompertz(Distribution):
    """P(Z > z) = exp(-concentration (exp(rate z) - 1)) for z > 0: a risk that grows with age."""

    concentration: Tensor
    rate: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = log(1 - log(1 - u) / concentration) / rate."""
        return torch.log1p(-torch.log1p(-eps) / self.concentration) / self.rate

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats, summed over D: (K, B)."""
        grown = self.rate * z.clamp_min(0.0)
        terms = (self.rate * self.concentration).log() + grown
        return self.sum_inside(terms - self.concentration * grown.expm1(), z)

    def cdf(self, z: Tensor) -> Tensor:
        """1 - exp(-concentration (exp(rate z) - 1)): (K, B, D)."""
        return -(-self.concentration * (self.rate * z.clamp_min(0.0)).expm1()).expm1()

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """Positive numbers."""
        return self.expand(0.0), self.expand(math.inf)


@family(
    title="Erlang",
    source=PAPER,
    path="inverse CDF",
    noise=UNIFORM,
    law=distributions.Gamma,
    formula=r"F_k^{-1}(u) / \lambda",
    torch="Gamma(concentration, rate).rsample()",
    tails=lambda concentration, rate: Tails(right=rate, square=0.0),
    also="A sum of as many exponentials as the concentration says.",
    remark="The paper lists it among the CDFs that can be inverted. For one exponential that is a "
    "formula; for more it is a number that is searched for, as here.",
    concentration=Parameter(
        constraints.integer_interval(1, 10_000),
        "a whole number from 1 to 10,000",
        3.0,
        1.0,
        10.0,
        "k",
    ),
    rate=RATE,
)
@dataclass(frozen=True)
class Erlang(Distribution):
    """The waiting time for the k-th event, a Gamma whose shape is a whole number."""

    concentration: Tensor
    rate: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = F^-1(u) / rate, with F the CDF for rate 1."""
        return log_gamma_quantile(eps, self.concentration.detach()).exp() / self.rate
