"""Gradient estimators of E_q[f(z)] with respect to the parameters of q.

One contract for all of them. An estimator takes

    cost: f, maps samples (K, B, D) to costs (K, B)
    q:    the distribution, with parameters that broadcast to (B, D)
    k:    K, the number of samples behind one estimate
    gen:  the random generator

and returns a tensor (K, B) whose *value* is the cost at the drawn samples and whose *autograd
gradient*, averaged over K, is the estimate. The value is the true cost whichever estimator made
the gradient, so one function serves the lab, a race of optimizers and a VAE. Parameters inside
the cost itself (a decoder's weights) receive their ordinary gradient from every estimator.

A new estimator is one function with one registration; the shell, the pages and the tests find it
in `ESTIMATORS`. Overview of the field: Mohamed et al. 2020, "Monte Carlo Gradient Estimation in
Machine Learning".
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import Normal

Cost = Callable[[Tensor], Tensor]
Function = Callable[..., Tensor]


@dataclass(frozen=True)
class Estimator:
    """One entry of the registry: the function, and what a learner or a test must know of it.

    Attributes:
        title: the name that a page shows.
        summary: one sentence on how it works.
        unbiased: whether its mean is the gradient, for every cost that it allows.
        needs_smooth_cost: whether it differentiates f, and so is wrong where f jumps.
        min_samples: the fewest samples K that one estimate needs.
        evaluations: number of cost evaluations behind one estimate, from (K, D).
        trains_vae: whether its cost is affordable and its gradient useful for a VAE.
        source: the paper.
        knobs: its own settings and their defaults, read off the function's keywords.
    """

    name: str
    function: Function
    title: str
    summary: str
    unbiased: bool
    needs_smooth_cost: bool
    min_samples: int
    evaluations: Callable[[int, int], int]
    trains_vae: bool
    source: str
    knobs: Mapping[str, float]

    def __call__(
        self, cost: Cost, q: Normal, k: int, gen: torch.Generator, **knobs: float
    ) -> Tensor:
        """Estimate from k samples: (K, B). Raises ValueError when k is below `min_samples`."""
        if k < self.min_samples:
            raise ValueError(
                f"{self.title} needs at least {self.min_samples} samples, and got {k}."
            )
        return self.function(cost, q, k, gen, **knobs)


ESTIMATORS: dict[str, Estimator] = {}


def estimator(
    *,
    title: str,
    summary: str,
    source: str,
    unbiased: bool = True,
    needs_smooth_cost: bool = False,
    min_samples: int = 1,
    evaluations: Callable[[int, int], int] = lambda k, d: k,
    trains_vae: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated function under its own name; see `Estimator` for the fields."""

    def register(function: Function) -> Function:
        parameters = inspect.signature(function).parameters.values()
        ESTIMATORS[function.__name__] = Estimator(
            name=function.__name__,
            function=function,
            title=title,
            summary=summary,
            unbiased=unbiased,
            needs_smooth_cost=needs_smooth_cost,
            min_samples=min_samples,
            evaluations=evaluations,
            trains_vae=trains_vae,
            source=source,
            knobs={p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY},
        )
        return function

    return register


def with_gradient_of(value: Tensor, surrogate: Tensor) -> Tensor:
    """The value of the first, the gradients of both: value + (surrogate - its constant)."""
    return value + (surrogate - surrogate.detach())


@estimator(
    title="Reparameterization",
    summary="Writes z = mu + sigma eps and follows the slope of f along that path.",
    source="Kingma & Welling 2014; Rezende et al. 2014; Titsias & Lázaro-Gredilla 2014",
    needs_smooth_cost=True,
    trains_vae=True,
)
def pathwise(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Differentiate through the sample: grad f(mu + sigma eps)."""
    return cost(q.transform(q.base(k, gen)))


@estimator(
    title="REINFORCE",
    summary="Leaves the samples where they are and weighs each by f(z) times its score.",
    source="Williams 1992; Glynn 1990",
    trains_vae=True,
)
def score(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Score function: f(z) grad log q(z), with z a constant."""
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)
    return with_gradient_of(f, f.detach() * q.log_prob(z))


@estimator(
    title="REINFORCE, leave-one-out",
    summary="Takes from each f(z) the mean of the other samples' costs before weighing it.",
    source="Kool et al. 2019; Mnih & Rezende 2016",
    min_samples=2,
    trains_vae=True,
)
def score_loo(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Score function with a baseline that never sees its own sample, so it stays unbiased."""
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)
    others = (f.sum(0) - f) / (k - 1)
    return with_gradient_of(f, (f - others).detach() * q.log_prob(z))


@estimator(
    title="Measure-valued",
    summary="Takes the difference of f at two coupled samples, one from each side of dq.",
    source="Pflug 1989; Mohamed et al. 2020, section 6",
    evaluations=lambda k, d: k * (1 + 4 * d),
)
def measure_valued(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Weak derivatives, coupled: dq/dparameter = c (q_plus - q_minus), a coordinate at a time.

    For mu: z = mu +- sigma w, w Rayleigh, c = 1 / (sigma sqrt(2 pi)). For sigma: a double-sided
    Maxwell m against the Gaussian u m, u uniform, c = 1 / sigma. Coupling draws both sides from
    the same w, or the same m, and leaves the other coordinates alone.
    """
    eps = q.base(k, gen)
    z = q.transform(eps).detach()
    normals = torch.randn((3, *eps.shape), generator=gen, dtype=eps.dtype)
    uniform = torch.rand(eps.shape, generator=gen, dtype=eps.dtype)
    rayleigh = normals[:2].square().sum(0).sqrt()
    maxwell = normals.square().sum(0).sqrt() * eps.sign()
    frozen = q.detach()

    def difference(plus: Tensor, minus: Tensor) -> Tensor:
        """f with coordinate d from plus, less f with it from minus, for each d: (K, B, D)."""
        with torch.no_grad():
            sides = [
                cost(substitute_coordinates(z, frozen.transform(side))) for side in (plus, minus)
            ]
        by_coordinate = (sides[0] - sides[1]).view(k, z.shape[-1], -1)
        return by_coordinate.transpose(1, 2)

    by_loc = difference(rayleigh, -rayleigh) / (frozen.scale * math.sqrt(2.0 * math.pi))
    by_scale = difference(maxwell, uniform * maxwell) / frozen.scale
    return with_gradient_of(cost(z), (q.loc * by_loc + q.scale * by_scale).sum(-1))


def substitute_coordinates(z: Tensor, replacement: Tensor) -> Tensor:
    """D copies of each sample, the d-th with coordinate d replaced: (K, B, D) -> (K * D, B, D)."""
    own = torch.eye(z.shape[-1], dtype=torch.bool).unsqueeze(1)
    return torch.where(own, replacement.unsqueeze(1), z.unsqueeze(1)).flatten(0, 1)


@estimator(
    title="Naive",
    summary="Differentiates f at a sample that it takes for a constant: the path is cut.",
    source="The mistake that the reparameterization trick repairs",
    unbiased=False,
)
def naive(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Deliberately wrong: z does not depend on mu or sigma any more, so nothing flows back."""
    return cost(q.transform(q.base(k, gen)).detach())
