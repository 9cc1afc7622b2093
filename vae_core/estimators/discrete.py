"""Estimators of E_q[f(z)]'s gradient for a z that jumps; see `registry` for their contract.

A coin's z is 1 where a uniform number u lies below its probability p, and a category is where
logits plus Gumbel noise are greatest. Neither moves with the parameters, so nothing is passed back
through it; but the exact gradient is a sum over few values, which all of these can be held to.

Below p is the probability of a one, and the parameter is its logit, of which p' = p (1 - p).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.estimators.registry import Cost, estimator, with_gradient_of, with_score
from vae_core.estimators.slopes import cost_and_slope
from vae_core.families import Coin, Relaxable, sum_dimensions

COIN, FEW = ("bernoulli",), ("bernoulli", "categorical")
TEMPERATURES = (0.05, 10.0)


@estimator(
    title="Straight-through",
    summary="Takes the slope of f at z, as if z moved with its own mean.",
    source="Bengio et al. 2013",
    formula=r"f'(z)\,\nabla\mathbb{E}[z]",
    unbiased=False,
    needs_smooth_cost=True,
    families=FEW,
    trains_vae=True,
)
def straight_through(cost: Cost, q: Relaxable, k: int, gen: torch.Generator) -> Tensor:
    """f'(z) times the gradient of E[z], for a coin p (1 - p): the slope stands for the jump.

    Bengio et al. 2013, in the variant with the slope of the sigmoid. It is right where f is a
    straight line, and for a coin where the slopes at 0 and 1 average to f(1) - f(0).
    """
    z = q.transform(q.base(k, gen)).detach()
    return cost(z + (q.mean - q.mean.detach()))


@estimator(
    title="Gumbel-softmax",
    summary="Follows a relaxed z that moves between the values; right for another cost's mean.",
    source="Maddison et al. 2017; Jang et al. 2017",
    formula=r"\nabla f(z_\tau)",
    unbiased=False,
    needs_smooth_cost=True,
    families=FEW,
    trains_vae=True,
    evaluations=lambda k, d: 2 * k,
    temperature=TEMPERATURES,
)
def gumbel_softmax(
    cost: Cost, q: Relaxable, k: int, gen: torch.Generator, *, temperature: float = 0.5
) -> Tensor:
    """The path of f at the relaxed z: unbiased for E[f(z_tau)], which is not E[f(z)].

    For a coin z_tau = 1 / (1 + exp(-(logit + logistic noise) / tau)), the binary concrete variable
    (Maddison et al. 2017, appendix B). z, where the value is taken, is its rounding.
    """
    eps = q.base(k, gen)
    relaxed = q.relax(q.perturbed(eps), temperature)
    _, slope = cost_and_slope(cost, relaxed)
    return with_gradient_of(cost(q.transform(eps).detach()), sum_dimensions(slope * relaxed))


@estimator(
    title="Straight-through Gumbel",
    summary="Takes the slope of f at z, as if z moved like the relaxed z of the same noise.",
    source="Jang et al. 2017",
    formula=r"f'(z)\,\nabla z_\tau",
    unbiased=False,
    needs_smooth_cost=True,
    families=FEW,
    trains_vae=True,
    temperature=TEMPERATURES,
)
def straight_through_gumbel(
    cost: Cost, q: Relaxable, k: int, gen: torch.Generator, *, temperature: float = 0.5
) -> Tensor:
    """f'(z) times the gradient of the relaxed z: hard on the way there, soft on the way back.

    Jang et al. 2017, section 2.2.
    """
    eps = q.base(k, gen)
    relaxed = q.relax(q.perturbed(eps), temperature)
    return cost(q.transform(eps).detach() + (relaxed - relaxed.detach()))


@estimator(
    title="REBAR",
    summary="Weighs by the score what a relaxed z leaves of f(z), and adds the rest by its path.",
    source="Tucker et al. 2017",
    formula=r"\bigl(f(z) - f(\tilde{z}_\tau)\bigr)\nabla\log q(z)"
    r" + \nabla f(z_\tau) - \nabla f(\tilde{z}_\tau)",
    needs_smooth_cost=True,
    families=FEW,
    trains_vae=True,
    evaluations=lambda k, d: 3 * k,
    temperature=TEMPERATURES,
)
def rebar(
    cost: Cost, q: Relaxable, k: int, gen: torch.Generator, *, temperature: float = 0.5
) -> Tensor:
    """Score function with a relaxed cost as control variate, at full strength: eta = 1.

    Tucker et al. 2017, section 3: x is the perturbed number that z rounds, x~ is drawn again from
    its law given z, and f(z~_tau) is like f(z) while the path knows its mean's gradient.
    """
    eps = q.base(k, gen)
    z = q.transform(eps).detach()
    free = q.relax(q.perturbed(eps), temperature)
    held = q.relax(q.perturbed_given(z, q.base(k, gen)), temperature)
    _, free_slope = cost_and_slope(cost, free)
    control, held_slope = cost_and_slope(cost, held)
    f = cost(z)
    path = sum_dimensions(free_slope * free - held_slope * held)
    return with_gradient_of(with_score(f, q, z, weight=f - control), path)


@estimator(
    title="ARM",
    summary="Weighs u by the difference of f at z and at the z of the mirrored u.",
    source="Yin & Zhou 2019",
    formula=r"\bigl(f(z') - f(z)\bigr)\bigl(u - \tfrac12\bigr)",
    families=COIN,
    trains_vae=True,
    evaluations=lambda k, d: 2 * k,
)
def arm(cost: Cost, q: Coin, k: int, gen: torch.Generator) -> Tensor:
    """Augment, REINFORCE, merge: f at 1[u > 1 - p] less f at 1[u < p], times u - 1/2.

    Yin & Zhou 2019, theorem 1. In more dimensions all are mirrored together.
    """
    u = q.base(k, gen)
    z, mirrored = q.transform(u).detach(), q.transform(1.0 - u).detach()
    f = cost(z)
    with torch.no_grad():
        weight = (cost(mirrored) - f).unsqueeze(-1) * (u - 0.5)
    return with_gradient_of(f, sum_dimensions(q.log_odds * weight))


@estimator(
    title="DisARM",
    summary="ARM without the noise of u: the mean of its estimate, given both z.",
    source="Dong et al. 2020",
    formula=r"\tfrac12\bigl(f(z) - f(z')\bigr)(z - z')\max(p, 1 - p)",
    families=COIN,
    trains_vae=True,
    evaluations=lambda k, d: 2 * k,
)
def disarm(cost: Cost, q: Coin, k: int, gen: torch.Generator) -> Tensor:
    """Half of f(z) - f(z'), times z - z' and the greater of p and 1 - p; z' of the mirrored u.

    Dong et al. 2020, section 3: E[u - 1/2 | z, z'] takes the place of u - 1/2.
    """
    u = q.base(k, gen)
    z, mirrored = q.transform(u).detach(), q.transform(1.0 - u).detach()
    f = cost(z)
    with torch.no_grad():
        likelier = q.log_odds.abs().sigmoid()
        weight = 0.5 * (f - cost(mirrored)).unsqueeze(-1) * (z - mirrored) * likelier
    return with_gradient_of(f, sum_dimensions(q.log_odds * weight))
