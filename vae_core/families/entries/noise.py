"""Base noises, and what parameters may be: words that many entries use."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import constraints

from vae_core.families.parts import Noise, Parameter

PAPER = "Kingma & Welling 2014, section 2.4"

LOC = Parameter(constraints.real, "a number", 0.0, -3.0, 3.0, r"\mu")
SCALE = Parameter(constraints.positive, "a positive number", 1.0, 0.1, 3.0, r"\sigma")
RATE = Parameter(constraints.positive, "a positive number", 1.0, 0.1, 3.0, r"\lambda")
# Beyond these the search for a quantile, and the series in its derivative, would go on too long.
SHAPE = Parameter(
    constraints.interval(1e-3, 1e4), "a number from 0.001 to 10,000", 2.0, 0.5, 10.0, r"\alpha"
)
FREEDOM = Parameter(
    constraints.interval(0.1, 1e4), "a number from 0.1 to 10,000", 4.0, 1.0, 20.0, r"\nu"
)


def uniform(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """Numbers between 0 and 1, and neither: the ends may have no quantile."""
    half = torch.finfo(dtype).eps / 2
    return torch.rand(shape, generator=gen, dtype=dtype).clamp(half, 1.0 - half)


def laplace(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """The difference of two exponentials; here a uniform number through the inverse CDF."""
    off = uniform(shape, gen, dtype) - 0.5
    return -off.sign() * torch.log1p(-2.0 * off.abs())


def logistic(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """log(u / (1 - u))."""
    return uniform(shape, gen, dtype).logit()


def triangular(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """The sum of two uniform numbers, less 1: between -1 and 1, most often near 0."""
    return uniform((2, *shape), gen, dtype).sum(0) - 1.0


UNIFORM = Noise("uniform", uniform, lambda u: 1.0 - u, torch.ones_like, 0.0, 1.0)
STANDARD_LAPLACE = Noise(
    "standard Laplace", laplace, operator.neg, lambda eps: 0.5 * (-eps.abs()).exp()
)
STANDARD_LOGISTIC = Noise(
    "standard logistic", logistic, operator.neg, lambda eps: eps.sigmoid() * (-eps).sigmoid()
)
STANDARD_TRIANGULAR = Noise(
    "triangular between -1 and 1",
    triangular,
    operator.neg,
    lambda eps: (1.0 - eps.abs()).clamp_min(0.0),
    -1.0,
    1.0,
)


def beside(*noises: Noise) -> Noise:
    """Several numbers behind each z, one of each noise, along a last axis: (K, B, D, M)."""

    def draw(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
        return torch.stack([noise.draw(shape, gen, dtype) for noise in noises], -1)

    def mirror(eps: Tensor) -> Tensor:
        pairs = zip(noises, eps.unbind(-1), strict=True)
        return torch.stack([noise.mirror(each) for noise, each in pairs], -1)

    return Noise(" and ".join(noise.title for noise in noises), draw, mirror)
