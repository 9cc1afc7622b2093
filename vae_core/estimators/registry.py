"""Gradient estimators of E_q[f(z)] with respect to the parameters of q.

One contract for all of them. An estimator takes

    cost: f, maps samples (K, B, D) to costs (K, B)
    q:    the distribution, a member of a family, with parameters that broadcast to (B, D)
    k:    K, the number of samples behind one estimate
    gen:  the random generator

and returns a tensor (K, B) whose *value* is the cost at the drawn samples and whose *autograd
gradient*, averaged over K, is the estimate. The value is the true cost whichever estimator made
the gradient, so one function serves the lab, a race of optimizers and a VAE. Parameters inside
the cost itself (a decoder's weights) receive their ordinary gradient from every estimator.

A new estimator is one function with one registration; the shell, the pages and the tests find it
in `ESTIMATORS`. Overview of the field: Mohamed et al. 2020, "Monte Carlo Gradient Estimation in
Machine Learning".

>>> from vae_core.families import Normal
>>> loc = torch.tensor([[2.0]], requires_grad=True)
>>> q = Normal(loc, scale=torch.tensor([[1.0]]))
>>> values = ESTIMATORS["pathwise"](lambda z: 3.0 * z.sum(-1), q, 4, torch.Generator())
>>> values.shape
torch.Size([4, 1])
>>> torch.autograd.grad(values.mean(0).sum(), loc)
(tensor([[3.]]),)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
from torch import Tensor

from vae_core.families import FAMILIES, Distribution, Family, sum_dimensions

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
        needs_smooth_slope: whether it differentiates f twice, and so is wrong where f has a kink.
        needs_elbo: whether it is made for an f that ends in -log q(z), as an ELBO's cost does;
            elsewhere it is right too, and quieter or noisier.
        needs_path: whether it follows z along its parameters, and so needs a family whose z moves.
        uses_score: whether it weighs by the score, which does not see a support that moves.
        families: names of the only families whose z it takes; none where it takes any.
        min_samples: the fewest samples K that one estimate needs.
        evaluations: number of cost evaluations behind one estimate, from (K, D).
        trains_vae: whether its cost is affordable and its gradient useful for a VAE whose z it
            takes.
        source: the paper.
        formula: one sample's estimate in LaTeX.
        knobs: its own settings and their defaults, read off the function's keywords.
        limits: the least and the greatest value of those that a shell or a page may set.
    """

    name: str
    function: Function
    title: str
    summary: str
    unbiased: bool
    needs_smooth_cost: bool
    needs_smooth_slope: bool
    needs_elbo: bool
    needs_path: bool
    uses_score: bool
    families: tuple[str, ...]
    min_samples: int
    evaluations: Callable[[int, int], int]
    trains_vae: bool
    source: str
    formula: str
    knobs: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]]

    @property
    def needs(self) -> str:
        """The kind of z that it needs, such as "a Bernoulli z"."""
        if self.families:
            return f"a {' or '.join(FAMILIES[name].title for name in self.families)} z"
        return "a z that moves with the parameters" if self.needs_path else "any z"

    def settings(self, **given: float) -> dict[str, float]:
        """All knobs that can be set, with their values. Raises ValueError for an impossible one."""
        for name, value in given.items():
            low, high = self.limits[name]
            if not low <= value <= high:
                raise ValueError(
                    f"{name} of {self.title} must lie between {low:g} and {high:g}, "
                    f"and is {value:g}."
                )
        return {name: given.get(name, self.knobs[name]) for name in self.limits}

    def __call__(
        self, cost: Cost, q: Distribution, k: int, gen: torch.Generator, **knobs: float
    ) -> Tensor:
        """Estimate from k samples: (K, B).

        Raises:
            ValueError: when k is below `min_samples`, or q of a family that it does not take.
        """
        refusal = self.refusal(q.family, [n for n, p in q.parameters.items() if p.requires_grad])
        if refusal:
            raise ValueError(refusal)
        if k < self.min_samples:
            raise ValueError(
                f"{self.title} needs at least {self.min_samples} samples, and got {k}."
            )
        return self.function(cost, q, k, gen, **knobs)

    def refusal(self, family: Family, wanted: Collection[str] | None = None) -> str | None:
        """Why it does not take this family, in one sentence; None where it does.

        Args:
            family: an entry of `FAMILIES`.
            wanted: names of the parameters whose gradient is wanted; None for all.
        """
        if self.families and family.name not in self.families:
            return f"{self.title} needs {self.needs}; this one is {family.title}."
        if self.needs_path and family.path == "none":
            return f"{self.title} needs {self.needs}: {family.title} has none."
        parameters = family.parameters if wanted is None else wanted
        moving = " and ".join(n for n in parameters if family.parameters[n].moves_support)
        if self.uses_score and moving:
            return (
                f"{self.title} weighs by the score, which does not see the support move: that of "
                f"{family.title} moves with {moving}."
            )
        return None


ESTIMATORS: dict[str, Estimator] = {}


def taking(family: str) -> dict[str, Estimator]:
    """The estimators, by name, that take a family, whichever parameter the gradient is in."""
    found = FAMILIES[family]
    return {name: each for name, each in ESTIMATORS.items() if not each.refusal(found)}


def estimator(
    *,
    title: str,
    summary: str,
    source: str,
    unbiased: bool = True,
    needs_smooth_cost: bool = False,
    needs_smooth_slope: bool = False,
    needs_elbo: bool = False,
    needs_path: bool = False,
    uses_score: bool = False,
    families: tuple[str, ...] = (),
    min_samples: int = 1,
    evaluations: Callable[[int, int], int] = lambda k, d: k,
    trains_vae: bool = False,
    formula: str = "",
    **limits: tuple[float, float],
) -> Callable[[Function], Function]:
    """Register the decorated function under its own name; see `Estimator` for the fields."""

    def register(function: Function) -> Function:
        ESTIMATORS[function.__name__] = Estimator(
            *(function.__name__, function, title, summary),
            unbiased=unbiased,
            needs_smooth_cost=needs_smooth_cost,
            needs_smooth_slope=needs_smooth_slope,
            needs_elbo=needs_elbo,
            needs_path=needs_path,
            uses_score=uses_score,
            families=families,
            min_samples=min_samples,
            evaluations=evaluations,
            trains_vae=trains_vae,
            source=source,
            formula=formula,
            knobs=_keywords(function),
            limits=limits,
        )
        return function

    return register


def _keywords(function: Function) -> dict[str, float]:
    """The settings that a function takes by name, with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def with_gradient_of(value: Tensor, surrogate: Tensor) -> Tensor:
    """The value of the first, the gradients of both: value + (surrogate - its constant)."""
    return value + (surrogate - surrogate.detach())


def with_gradients(value: Tensor, q: Distribution, gradients: Mapping[str, Tensor]) -> Tensor:
    """The value, plus given gradients in q's parameters, by name, constants: (K, B, D) each."""
    parts = (p * gradients[name] for name, p in q.parameters.items() if name in gradients)
    return with_gradient_of(value, reduce(add, (sum_dimensions(p.flatten(2)) for p in parts)))


def with_score(value: Tensor, q: Distribution, z: Tensor, weight: Tensor) -> Tensor:
    """The value, plus weight times the score of q at the fixed samples z; both (K, B)."""
    weight = weight.detach()
    if any(p.dim() >= z.dim() for p in q.parameters.values()):
        # A matrix for each image: the scores of all samples, (K, B, D, D), may be very large.
        return with_gradient_of(value, weight * q.log_prob(z.detach()))
    scores = q.detach().scores(z)
    return with_gradients(value, q, {name: of_each(weight, s) * s for name, s in scores.items()})


def of_each(weight: Tensor, score: Tensor) -> Tensor:
    """A number for each sample, (K, B), so that it multiplies a score, (K, B, D) or more axes."""
    return weight[(..., *(None,) * (score.dim() - weight.dim()))]
