"""Estimators of E_q[f(z)]'s gradient for a continuous z; see `registry` for their contract."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.estimators.registry import (
    Cost,
    estimator,
    of_each,
    with_gradient_of,
    with_gradients,
    with_score,
)
from vae_core.families import Distribution, Normal

MOST_COPIED = 2**21
"""Numbers in the copies that `cost_by_coordinate` makes at once: 16 MB in float64."""


@estimator(
    title="Reparameterization",
    summary="Writes z = mu + sigma eps and follows the slope of f along that path.",
    source="Kingma & Welling 2014; Rezende et al. 2014; Titsias & Lázaro-Gredilla 2014",
    formula=r"\nabla f(\mu + \sigma\varepsilon)",
    needs_smooth_cost=True,
    needs_path=True,
    trains_vae=True,
)
def pathwise(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Differentiate through the sample: grad f(mu + sigma eps)."""
    return cost(q.transform(q.base(k, gen)))


@estimator(
    title="REINFORCE",
    summary="Leaves the samples where they are and weighs each by f(z) times its score.",
    source="Williams 1992; Glynn 1990",
    formula=r"f(z)\,\nabla\log q(z)",
    trains_vae=True,
    uses_score=True,
)
def score(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Score function: f(z) grad log q(z), with z a constant."""
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)
    return with_score(f, q, z, weight=f)


@estimator(
    title="REINFORCE, leave-one-out",
    summary="Takes from each f(z) the mean of the other samples' costs before weighing it.",
    source="Kool et al. 2019; Mnih & Rezende 2016",
    formula=r"\bigl(f(z_k) - \bar{f}_{\setminus k}\bigr)\,\nabla\log q(z_k)",
    min_samples=2,
    trains_vae=True,
    uses_score=True,
)
def score_loo(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Score function with a baseline that never sees its own sample, so it stays unbiased."""
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)
    others = (f.sum(0) - f) / (k - 1)
    return with_score(f, q, z, weight=f - others)


@estimator(
    title="REINFORCE, optimal baseline",
    summary="Takes from f(z) the constant that would make the variance least, for each parameter.",
    source="Weaver & Tao 2001; Mohamed et al. 2020, section 7.4",
    formula=r"\bigl(f(z_k) - b_{\setminus k}\bigr)\,\nabla\log q(z_k)",
    min_samples=2,
    uses_score=True,
)
def score_baseline(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Baseline E[f s^2] / E[s^2], s the score, from the other samples: it never sees its own."""
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)

    def estimate(score: Tensor) -> Tensor:
        weight, square = of_each(f.detach(), score), score * score
        others = (weight * square).sum(0) - weight * square
        rest = square.sum(0) - square
        others = (others / rest).where(rest > 0.0, 0.0)  # a whole z may have a score of zero
        return (weight - others) * score

    scores = q.detach().scores(z)
    return with_gradients(f, q, {name: estimate(s) for name, s in scores.items()})


@estimator(
    title="VarGrad",
    summary="Descends the variance of log p - log q over the samples; for ELBOs.",
    source="Richter et al. 2020",
    formula=r"\bigl(f(z_k) - \bar{f}\bigr)\,\nabla\log q(z_k)\,\tfrac{K}{K-1}",
    min_samples=2,
    needs_elbo=True,
    uses_score=True,
)
def vargrad(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Covariance of cost and score, less the gradient of the -log q that an ELBO ends in.

    That gradient has mean zero, so the estimate is right for any cost; there it is quieter, while
    on a cost without a -log q it may be either.
    """
    z = q.transform(q.base(k, gen)).detach()
    f = cost(z)
    centred = (f - f.mean(0)) * (k / (k - 1))
    return with_score(f, q, z, weight=centred + 1.0)


@estimator(
    title="Reparameterization, antithetic",
    summary="Draws eps and -eps together, so that what is odd in the slope cancels.",
    source="Hammersley & Morton 1956",
    formula=r"\tfrac12\nabla\bigl[f(\mu + \sigma\varepsilon) + f(\mu - \sigma\varepsilon)\bigr]",
    min_samples=2,
    needs_smooth_cost=True,
    needs_path=True,
)
def pathwise_antithetic(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Differentiate through mirrored samples; an odd K leaves the last one unpaired."""
    half = q.base(k, gen)[: (k + 1) // 2]
    return cost(q.transform(torch.cat((half, q.family.noise.mirror(half)))[:k]))


@estimator(
    title="Sticking the landing",
    summary="Reparameterizes and drops the score of log q, which has mean zero; for ELBOs.",
    source="Roeder et al. 2017",
    formula=r"\nabla f(\mu + \sigma\varepsilon) + \nabla\log q(z)",
    needs_smooth_cost=True,
    needs_path=True,
    needs_elbo=True,
    uses_score=True,
)
def stl(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Path derivative: adding log q at the fixed sample cancels the score inside an ELBO's cost.

    The added score has mean zero, so the estimate is right for any smooth cost, if not quieter.
    """
    z = q.transform(q.base(k, gen))
    return with_gradient_of(cost(z), q.log_prob(z.detach()))


@estimator(
    title="Measure-valued, coupled",
    summary="Takes the difference of f at two samples from the two sides of dq, drawn together.",
    source="Pflug 1989; Mohamed et al. 2020, section 6",
    formula=r"c\,\bigl(f(z^{+}) - f(z^{-})\bigr)",
    families=("normal",),
    evaluations=lambda k, d: k * (1 + 4 * d),
)
def measure_valued(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Weak derivatives; both sides move one Rayleigh, or one Maxwell, variable."""
    eps = q.base(k, gen)
    rayleigh, maxwell, uniform = weak_noise(eps, gen)
    return weak_derivative(cost, q, eps, (rayleigh, -rayleigh), (maxwell, uniform * maxwell))


@estimator(
    title="Measure-valued, uncoupled",
    summary="The same difference of f at two samples, drawn apart.",
    source="Pflug 1989; Mohamed et al. 2020, section 6",
    formula=r"c\,\bigl(f(z^{+}) - f(\tilde{z}^{-})\bigr)",
    families=("normal",),
    evaluations=lambda k, d: k * (1 + 4 * d),
)
def measure_valued_uncoupled(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Weak derivatives with independent sides: right, and in sigma mostly noisier."""
    eps = q.base(k, gen)
    rayleigh, maxwell, _ = weak_noise(eps, gen)
    other_rayleigh, other_maxwell, uniform = weak_noise(eps, gen)
    by_loc, by_scale = (rayleigh, -other_rayleigh), (maxwell, uniform * other_maxwell)
    return weak_derivative(cost, q, eps, by_loc, by_scale)


def weak_noise(eps: Tensor, gen: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Rayleigh, double-sided Maxwell and uniform noise, each of the shape of eps."""
    normals = torch.randn((3, *eps.shape), generator=gen, dtype=eps.dtype)
    uniform, coin = torch.rand((2, *eps.shape), generator=gen, dtype=eps.dtype)
    rayleigh = normals[:2].square().sum(0).sqrt()
    maxwell = normals.square().sum(0).sqrt() * (coin - 0.5).sign()
    return rayleigh, maxwell, uniform


def weak_derivative(
    cost: Cost,
    q: Normal,
    eps: Tensor,
    by_loc: tuple[Tensor, Tensor],
    by_scale: tuple[Tensor, Tensor],
) -> Tensor:
    """The derivative of q as a difference of two densities, a coordinate at a time: (K, B).

    In mu the sides are mu +- sigma w, with w Rayleigh, times 1 / (sigma sqrt(2 pi)). In sigma
    they are a double-sided Maxwell and a Gaussian, which is a uniform times a Maxwell, times
    1 / sigma. Each side comes as its noise, (K, B, D).
    """
    frozen = q.detach()
    z = frozen.transform(eps)

    def difference(sides: tuple[Tensor, Tensor]) -> Tensor:
        plus, minus = (cost_by_coordinate(cost, z, frozen.transform(side)) for side in sides)
        return (plus - minus) / frozen.scale

    half_density = difference(by_loc) / math.sqrt(2.0 * math.pi)
    return with_gradients(cost(z), q, {"loc": half_density, "scale": difference(by_scale)})


@estimator(
    title="Finite difference",
    summary="Moves the parameter by +-h on the same noise; off by a term of order h^2.",
    source="Glasserman 2003 (common random numbers)",
    formula=r"\frac{f(z_{+h}) - f(z_{-h})}{2h}",
    unbiased=False,
    families=("normal",),
    evaluations=lambda k, d: k * (1 + 4 * d),
)
def finite_difference(
    cost: Cost, q: Normal, k: int, gen: torch.Generator, *, h: float = 0.1
) -> Tensor:
    """Central difference in one parameter of one coordinate at a time."""
    eps = q.base(k, gen)
    z = q.transform(eps).detach()

    def difference(shift: Tensor) -> Tensor:
        plus, minus = (cost_by_coordinate(cost, z, z + side * shift) for side in (1.0, -1.0))
        return (plus - minus) / (2.0 * h)

    shifts = {"loc": torch.full_like(z, h), "scale": h * eps}
    return with_gradients(cost(z), q, {name: difference(s) for name, s in shifts.items()})


def cost_by_coordinate(cost: Cost, z: Tensor, replacement: Tensor) -> Tensor:
    """f at z with one coordinate replaced, for each coordinate in turn: (K, B, D).

    There are D copies of each sample; they are made for some of the K samples at a time.
    """
    k, batch, d = z.shape
    own = torch.eye(d, dtype=torch.bool).unsqueeze(1)
    portion = max(1, MOST_COPIED // (batch * d * d))
    # Made first: small results between large copies would keep the memory from being used again.
    found = z.new_empty((k, d, batch))
    with torch.no_grad():
        for start in range(0, k, portion):
            some = slice(start, start + portion)
            copies = torch.where(own, replacement[some].unsqueeze(1), z[some].unsqueeze(1))
            found[some] = cost(copies.flatten(0, 1)).view(-1, d, batch)
    return found.transpose(1, 2)


@estimator(
    title="Naive",
    summary="Differentiates f at a sample that it takes for a constant: the path is cut.",
    source="The mistake that the reparameterization trick repairs",
    formula=r"\nabla f(\text{a constant})",
    unbiased=False,
)
def naive(cost: Cost, q: Distribution, k: int, gen: torch.Generator) -> Tensor:
    """Deliberately wrong: z does not depend on mu or sigma any more, so nothing flows back."""
    return cost(q.transform(q.base(k, gen)).detach())
