"""Families whose z is made of other families' z: exponentiated, added, divided.

Most are made of Gammas, whose own quantile has no formula: see `implicit`. Gammas are taken in
logarithms here, since those of small shapes underflow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from vae_core.families.entries.noise import FREEDOM, LOC, PAPER, SCALE, SHAPE, UNIFORM, beside
from vae_core.families.entries.normal import STANDARD_NORMAL
from vae_core.families.entries.special.beta import beta_cdf
from vae_core.families.entries.special.gamma import log_gamma_quantile
from vae_core.families.family import Distribution, family
from vae_core.families.parts import Parameter, Tails

WHOLE = (
    "The Gammas behind it are sums of exponentials for whole shapes only; for others their path is "
    "implicit."
)


@family(
    title="Log-Normal",
    source=PAPER,
    path="composition",
    noise=STANDARD_NORMAL,
    law=distributions.LogNormal,
    formula=r"e^{\mu + \sigma\varepsilon}",
    torch="LogNormal(loc, scale).rsample()",
    tails=lambda loc, scale: Tails(right=0.0, square=0.0),
    loc=replace(LOC, words="a number, the mean of log z"),
    scale=replace(SCALE, words="a positive number, the deviation of log z", default=0.5, high=2.0),
)
@dataclass(frozen=True)
class LogNormal(Distribution):
    """A Normal, exponentiated."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = exp(loc + scale eps)."""
        return (self.loc + self.scale * eps).exp()


@family(
    title="Chi-squared",
    source=PAPER,
    path="composition",
    noise=UNIFORM,
    law=distributions.Chi2,
    formula=r"2\,F_{\nu/2}^{-1}(u)",
    torch="Chi2(df).rsample()",
    tails=lambda df: Tails(right=0.5, square=0.0),
    also="A sum of as many squared normal numbers as df says, where that is whole.",
    remark="It is a Gamma of shape df / 2, doubled: for odd df no sum of exponentials.",
    df=replace(FREEDOM, default=3.0),
)
@dataclass(frozen=True)
class ChiSquared(Distribution):
    """Twice a Gamma of shape df / 2."""

    df: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = 2 G with G a Gamma of shape df / 2; no less than the least number."""
        z = 2.0 * log_gamma_quantile(eps, self.df / 2.0).exp()
        return z.clamp_min(torch.finfo(eps.dtype).tiny)


@family(
    title="Beta",
    source=PAPER,
    path="composition",
    noise=beside(UNIFORM, UNIFORM),
    law=distributions.Beta,
    formula=r"\frac{G_1}{G_1 + G_2},\quad G_1 = F_\alpha^{-1}(u_1),\quad G_2 = F_\beta^{-1}(u_2)",
    torch="Beta(concentration1, concentration0).rsample()",
    remark=WHOLE,
    concentration1=SHAPE,
    concentration0=replace(SHAPE, symbol=r"\beta"),
)
@dataclass(frozen=True)
class Beta(Distribution):
    """One Gamma's share of the sum of two: between 0 and 1."""

    concentration1: Tensor
    concentration0: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = G1 / (G1 + G2), kept from the ends, where rounding would put it."""
        one = log_gamma_quantile(eps[..., 0], self.concentration1)
        two = log_gamma_quantile(eps[..., 1], self.concentration0)
        ends = torch.finfo(eps.dtype)
        return (one - two).sigmoid().clamp(ends.tiny, 1.0 - ends.eps / 2)

    def cdf(self, z: Tensor) -> Tensor:
        """The regularized incomplete beta function: (K, B, D)."""
        z = z.clamp(0.0, 1.0)
        return beta_cdf(self.concentration1, self.concentration0, z, 1.0 - z)


@family(
    title="F",
    source=PAPER,
    path="composition",
    noise=beside(UNIFORM, UNIFORM),
    law=distributions.FisherSnedecor,
    formula=r"\frac{G_1 / \nu_1}{G_2 / \nu_2},"
    r"\quad G_1 = F_{\nu_1/2}^{-1}(u_1),\quad G_2 = F_{\nu_2/2}^{-1}(u_2)",
    torch="FisherSnedecor(df1, df2).rsample()",
    tails=lambda df1, df2: Tails(df2 / 2, right=0.0, square=0.0),
    remark=WHOLE,
    df1=replace(FREEDOM, symbol=r"\nu_1"),
    df2=replace(FREEDOM, default=10.0, symbol=r"\nu_2"),
)
@dataclass(frozen=True)
class F(Distribution):
    """The ratio of two chi-squared numbers, each divided by its degrees of freedom."""

    df1: Tensor
    df2: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = (G1 / df1) / (G2 / df2) with Gammas of shapes df1 / 2 and df2 / 2."""
        above = log_gamma_quantile(eps[..., 0], self.df1 / 2.0)
        below = log_gamma_quantile(eps[..., 1], self.df2 / 2.0)
        return (above - below).exp() * self.df2 / self.df1

    def cdf(self, z: Tensor) -> Tensor:
        """That of a Beta at df1 z / (df1 z + df2): (K, B, D)."""
        ratio = self.df1 / self.df2 * z.clamp_min(0.0)
        ends = 1.0 / (1.0 + ratio)
        return beta_cdf(self.df1 / 2.0, self.df2 / 2.0, 1.0 / (1.0 + 1.0 / ratio), ends)


@family(
    title="Student's t",
    source=PAPER,
    path="composition",
    noise=beside(STANDARD_NORMAL, UNIFORM),
    law=distributions.StudentT,
    formula=r"\mu + \sigma\,\varepsilon \sqrt{\frac{\nu}{2 G}},\quad G = F_{\nu/2}^{-1}(u)",
    torch="StudentT(df, loc, scale).rsample()",
    tails=lambda df, loc, scale: Tails(df, 0.0, 0.0, 0.0),
    also="Location-scale in its location and scale: the rest is the noise of a standard t.",
    remark="The paper lists it as location-scale, which leaves the degrees of freedom out: in them "
    "the path goes through a Gamma.",
    df=FREEDOM,
    loc=LOC,
    scale=SCALE,
)
@dataclass(frozen=True)
class StudentT(Distribution):
    """A Normal over the root of a Gamma: tails like |z|^-(df + 1)."""

    df: Tensor
    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + scale eps sqrt(df / (2 G)) with G a Gamma of shape df / 2."""
        half = self.df / 2.0
        spread = (half.log() - log_gamma_quantile(eps[..., 1], half)) / 2.0
        return self.loc + self.scale * eps[..., 0] * spread.exp()

    def cdf(self, z: Tensor) -> Tensor:
        """Half of a Beta's at df / (df + y^2), y = (z - loc) / scale: (K, B, D)."""
        y = (z - self.loc) / self.scale
        square = y * y / self.df
        half = torch.full_like(self.df, 0.5)
        tail = beta_cdf(self.df / 2.0, half, 1.0 / (1.0 + square), 1.0 / (1.0 + 1.0 / square)) / 2
        return torch.where(y > 0.0, 1.0 - tail, tail)


@family(
    title="Dirichlet",
    source=PAPER,
    path="composition",
    noise=UNIFORM,
    law=distributions.Dirichlet,
    formula=r"\frac{G_d}{\sum_i G_i},\quad G_i = F_{\alpha_i}^{-1}(u_i)",
    torch="Dirichlet(concentration).rsample()",
    remark="The paper calls it a weighted sum of Gammas; it is Gammas, each divided by their sum. "
    + WHOLE,
    vector=True,
    concentration=Parameter(
        constraints.independent(SHAPE.constraint, 1),
        "numbers from 0.001 to 10,000",
        (1.0, 2.0, 3.0),
        0.5,
        10.0,
        r"\alpha",
    ),
)
@dataclass(frozen=True)
class Dirichlet(Distribution):
    """D shares of a whole, (K, B, D), which add up to 1."""

    concentration: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """Gammas, each divided by their sum."""
        shares = log_gamma_quantile(eps, self.concentration).softmax(-1)
        return shares.clamp_min(torch.finfo(eps.dtype).tiny)

    @property
    def first(self) -> Distribution:
        """A Beta: one share against the rest."""
        own, rest = self.concentration[..., :1], self.concentration[..., 1:]
        return Beta(own, rest.sum(-1, keepdim=True))

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From 0 to 1, each share."""
        return self.expand(0.0), self.expand(1.0)
