"""Families in which z = loc + scale eps: noise of a standard law, moved and stretched.

The Normal, which is the first of them, stands in `normal`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from vae_core.families.entries.composition import StudentT
from vae_core.families.entries.noise import (
    LOC,
    PAPER,
    SCALE,
    STANDARD_LAPLACE,
    STANDARD_LOGISTIC,
    STANDARD_TRIANGULAR,
    UNIFORM,
)
from vae_core.families.family import Distribution, family, sum_dimensions
from vae_core.families.parts import Noise, Parameter, Tails

FREEDOM = 5.0
"""Degrees of freedom of the noise behind `Elliptical`."""


@family(
    title="Laplace",
    source=PAPER,
    path="location-scale",
    noise=STANDARD_LAPLACE,
    law=distributions.Laplace,
    formula=r"\mu + \sigma\varepsilon",
    torch="Laplace(loc, scale).rsample()",
    tails=lambda loc, scale: Tails(right=1.0 / scale, left=1.0 / scale, square=0.0),
    loc=LOC,
    scale=SCALE,
)
@dataclass(frozen=True)
class Laplace(Distribution):
    """Density exp(-|z - loc| / scale) / (2 scale)."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + scale eps."""
        return self.loc + self.scale * eps


@family(
    title="Logistic",
    source=PAPER,
    path="location-scale",
    noise=STANDARD_LOGISTIC,
    formula=r"\mu + \sigma\varepsilon",
    torch="TransformedDistribution("
    "Uniform(0, 1), [SigmoidTransform().inv, AffineTransform(loc, scale)]).rsample()",
    tails=lambda loc, scale: Tails(right=1.0 / scale, left=1.0 / scale, square=0.0),
    also="By the inverse CDF: the noise itself is ln(u / (1 - u)), with u uniform.",
    loc=LOC,
    scale=SCALE,
)
@dataclass(frozen=True)
class Logistic(Distribution):
    """CDF sigmoid((z - loc) / scale)."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + scale eps."""
        return self.loc + self.scale * eps

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats, summed over D: (K, B)."""
        y = (z - self.loc) / self.scale
        sides = torch.nn.functional.logsigmoid(y) + torch.nn.functional.logsigmoid(-y)
        return sum_dimensions(sides - self.scale.log())

    def cdf(self, z: Tensor) -> Tensor:
        """sigmoid((z - loc) / scale): (K, B, D)."""
        return ((z - self.loc) / self.scale).sigmoid()


@family(
    title="Uniform",
    source=PAPER,
    path="location-scale",
    noise=UNIFORM,
    law=distributions.Uniform,
    formula="a + (b - a)\\,u",
    torch="Uniform(low, high).rsample()",
    rising=("low", "high"),
    low=replace(LOC, default=-1.0, high=-0.1, symbol="a", moves_support=True),
    high=replace(LOC, default=1.0, low=0.1, symbol="b", moves_support=True),
)
@dataclass(frozen=True)
class Uniform(Distribution):
    """Each z between low and high is as likely as any other."""

    low: Tensor
    high: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = low + (high - low) u."""
        return self.low + (self.high - self.low) * eps


@family(
    title="Triangular",
    source=PAPER,
    path="location-scale",
    noise=STANDARD_TRIANGULAR,
    formula=r"\mu + \sigma\varepsilon",
    remark="Its density is zero where it ends: the score has the right mean there, and an infinite "
    "variance. A peak that moves between fixed ends is no location-scale family.",
    loc=replace(LOC, moves_support=True),
    scale=replace(SCALE, words="a positive number, half its width", moves_support=True),
)
@dataclass(frozen=True)
class Triangular(Distribution):
    """Density (1 - |y|) / scale with y = (z - loc) / scale between -1 and 1."""

    loc: Tensor
    scale: Tensor

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + scale eps."""
        return self.loc + self.scale * eps

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats, summed over D: (K, B)."""
        y = ((z - self.loc) / self.scale).abs().clamp_max(1.0)
        return sum_dimensions(torch.log1p(-y) - self.scale.log())

    def cdf(self, z: Tensor) -> Tensor:
        """1/2 + y - y |y| / 2: (K, B, D)."""
        y = ((z - self.loc) / self.scale).clamp(-1.0, 1.0)
        return 0.5 + y - 0.5 * y * y.abs()

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From loc - scale to loc + scale."""
        return self.expand(self.loc - self.scale), self.expand(self.loc + self.scale)


def spherical(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """Normal vectors, each divided by one length: sqrt(chi-squared / df), with df `FREEDOM`."""
    normals = torch.randn(shape, generator=gen, dtype=dtype)
    more = torch.randn((*shape[:-1], int(FREEDOM)), generator=gen, dtype=dtype)
    return normals / more.square().mean(-1, keepdim=True).sqrt()


@family(
    title="Elliptical",
    source=PAPER,
    path="location-scale",
    noise=Noise(f"spherical Student's t, {FREEDOM:g} degrees of freedom", spherical, operator.neg),
    formula=r"\mu + L\varepsilon",
    tails=lambda **_: Tails(FREEDOM, 0.0, 0.0, 0.0),
    remark="Elliptical is not one family but a kind: any noise whose density depends on its length "
    f"alone makes one. Here the noise is a Student's t with {FREEDOM:g} degrees of freedom.",
    vector=True,
    loc=Parameter(constraints.real_vector, "numbers", (0.0, 0.0), -3.0, 3.0, r"\mu"),
    scale_tril=Parameter(
        constraints.lower_cholesky,
        "a lower triangle with a positive diagonal",
        ((1.0, 0.0), (0.6, 0.8)),
        symbol="L",
    ),
)
@dataclass(frozen=True)
class Elliptical(Distribution):
    """z = loc + L eps with a full lower triangle L, (B, D, D), and noise that knows no direction.

    Here the noise is a Student's t of D dimensions, so z is a multivariate t with shape L L^T.
    """

    loc: Tensor
    scale_tril: Tensor

    @property
    def shape(self) -> torch.Size:
        """That of loc, (B, D)."""
        return self.loc.shape

    def transform(self, eps: Tensor) -> Tensor:
        """z = loc + L eps."""
        return self.loc + (self.scale_tril @ eps.unsqueeze(-1)).squeeze(-1)

    @property
    def first(self) -> Distribution:
        """A Student's t: of its scale only the corner of L is seen."""
        loc, scale = self.loc[..., :1], self.scale_tril[..., 0, :1]
        return StudentT(torch.full_like(loc, FREEDOM), loc, scale)

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-density in nats: (K, B)."""
        off = (z - self.loc).unsqueeze(-1)
        square = (
            torch.linalg.solve_triangular(self.scale_tril, off, upper=False).square().sum((-2, -1))
        )
        half, d = (FREEDOM + z.shape[-1]) / 2, z.shape[-1]
        known = math.lgamma(half) - math.lgamma(FREEDOM / 2) - d / 2 * math.log(FREEDOM * math.pi)
        volume = self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return known - volume - half * torch.log1p(square / FREEDOM)
