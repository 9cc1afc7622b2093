"""The true posterior p(z|x) of one image where z is a plane, and how far q(z|x) is from it.

In two dimensions nothing needs to be sampled: p(x, z) on a grid gives log p(x) and p(z|x), and
products of Gauss-Hermite rules give the ELBO. The distance between the two is the inference gap,

    log p(x) - ELBO(x, q) = KL(q(z|x) || p(z|x)),

and it has two parts (Cremer, Li & Duvenaud 2018, "Inference Suboptimality in Variational
Autoencoders"): what the encoder loses against the best Gaussian for this image (the
amortization gap), and what even the best Gaussian loses (the approximation gap). The best one is
looked for by gradient steps on mu and log sigma of this one image (Kim et al. 2018; Marino et al.
2018). All numbers are nats per image.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI, Normal
from vae_core.families.quadrature import hermite_rule
from vae_core.vae.model import VAE
from vae_core.vae.objective import bernoulli_log_prob, kl_to_standard_normal

REACH, COARSE, FINE = 6.0, 121, 121
DEEP = 16.0
NODES = 16  # of the search; what is shown is measured on finer grids
SPACING, ROUND, FAR = 0.25, 6.2, 15.0
STEPS, LONGEST, HALVINGS = 40, 0.4, 12
CHUNK = 4096


@dataclass(frozen=True)
class GridPosterior:
    """p(z|x) of one image on a rectangular grid.

    Attributes:
        first, second: (G,) the values of z_1 and z_2.
        density: (G, G), rows along z_2; it sums to one over the cells.
        log_evidence: log p(x) in nats.
        error: how far log p(x) on this grid is from that on the grid between its points.
    """

    first: Tensor
    second: Tensor
    density: Tensor
    log_evidence: float
    error: float

    @property
    def cell(self) -> float:
        """Area of one cell."""
        return float((self.first[1] - self.first[0]) * (self.second[1] - self.second[0]))

    def mass_above(self) -> Tensor:
        """For each cell the mass of all cells at least as dense, 0 to 1: (G, G).

        Where it equals 0.39 and 0.86 runs the smallest region that holds as much mass as a
        Gaussian has within one and two deviations of its mean in the plane.
        """
        ordered, order = self.density.flatten().sort(descending=True)
        ranks = torch.empty_like(ordered)
        ranks[order] = ordered.cumsum(0) * self.cell
        return ranks.view_as(self.density)


def log_joint(model: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) = log p(x|z) + log p(z) of one image (784,) at latents (N, D): (N,)."""
    parts = [bernoulli_log_prob(x, model.decoder(each)) for each in z.split(CHUNK)]
    prior = -0.5 * z.square().sum(-1) - z.shape[-1] * LOG_SQRT_2PI
    return torch.cat(parts) + prior


@torch.no_grad()
def grid_posterior(model: VAE, x: Tensor, fine: int = FINE) -> GridPosterior:
    """p(z|x) by the rule of rectangles: on a coarse grid first, then on a fine one around the mass.

    log p(x) is taken from two such grids, one between the points of the other.

    Args:
        model: a VAE whose z has two dimensions.
        x: one image in [0, 1], (784,).
        fine: G, odd, so that the middle is a point.

    Raises:
        ValueError: z has another number of dimensions, or G is even.
    """
    if model.encoder(x.unsqueeze(0)).loc.shape[-1] != 2:
        raise ValueError("The true posterior is put on a grid where z has two dimensions only.")
    if fine % 2 == 0:
        raise ValueError(f"The grid needs an odd number of points along each axis, not {fine}.")
    line = torch.linspace(-REACH, REACH, COARSE)
    rough = log_joint(model, x, _points(line, line))
    seen = _points(line, line)[rough > rough.max() - DEEP]
    margin = 2.0 * (line[1] - line[0])
    low, high = seen.amin(0) - margin, seen.amax(0) + margin
    first, second = (torch.linspace(float(low[d]), float(high[d]), fine) for d in (0, 1))
    log_density = log_joint(model, x, _points(first, second)).double().view(fine, fine)
    cell = float((first[1] - first[0]) * (second[1] - second[0]))
    here = log_density.logsumexp((0, 1))
    between = (axis + 0.5 * (axis[1] - axis[0]) for axis in (first, second))
    there = log_joint(model, x, _points(*between)).double().logsumexp(0)
    log_evidence = float(torch.logaddexp(here, there)) - math.log(2.0) + math.log(cell)
    density = (log_density - here).exp() / cell
    return GridPosterior(first, second, density, log_evidence, abs(float(here - there)))


def _points(first: Tensor, second: Tensor) -> Tensor:
    """All pairs, (N, 2), z_1 running fastest."""
    rows, columns = torch.meshgrid(second, first, indexing="ij")
    return torch.stack((columns, rows), dim=-1).view(-1, 2)


def exact_elbo(model: VAE, x: Tensor, q: Normal, nodes: int = NODES) -> Tensor:
    """The ELBO of one image (784,) under q with loc and scale (2,), nothing sampled: a scalar.

    E_q[log p(x|z)] by a product of two Gauss-Hermite rules, differentiable in loc and scale; the
    KL to the prior is exact.
    """
    points, weights = (each.to(x.dtype) for each in hermite_rule(nodes))
    eps = torch.cartesian_prod(points, points)
    weight = torch.outer(weights, weights).flatten()
    z = q.loc + q.scale * eps
    value: Tensor = (weight * bernoulli_log_prob(x, model.decoder(z))).sum()
    return value - kl_to_standard_normal(q)


@torch.no_grad()
def measured_elbo(model: VAE, x: Tensor, q: Normal) -> tuple[float, float]:
    """The same bound on two even grids in eps, one between the other: (nats, error in nats).

    A decoder with ReLUs has creases, which Gauss's rule takes badly and an even grid well. Each
    grid is a rule of its own; the bound is their mean, and the error what they are apart.
    """
    found = []
    for offset in (0.0, 0.5):
        eps, weight = _even_grid(offset, ROUND)
        log_prob = bernoulli_log_prob(x, model.decoder(q.loc + q.scale * eps.to(x.dtype)))
        found.append(float((weight * log_prob.double()).sum()))
    return sum(found) / 2.0 - float(kl_to_standard_normal(q)), abs(found[0] - found[1])


@functools.cache
def _even_grid(offset: float, reach: float) -> tuple[Tensor, Tensor]:
    """Points eps in the plane (N, 2) within `reach` deviations, and their weights (N,)."""
    count = math.ceil(reach / SPACING)
    line = SPACING * (torch.arange(-count, count + 1, dtype=torch.float64) + offset)
    eps = torch.cartesian_prod(line, line)
    eps = eps[eps.square().sum(-1) < reach**2]
    weight = torch.exp(-0.5 * eps.square().sum(-1))
    return eps, weight / weight.sum()


@dataclass(frozen=True)
class Rewritten:
    """log p(x) of one image and what the derivation of the ELBO makes of it, in nats.

    Each is an integral of its own, so that an equals sign between two of them can be checked.

    Attributes:
        log_evidence: log p(x), over the plane of z.
        reweighted: log E_q[p(x, z) / q(z|x)], over q's noise.
        bound: E_q[log(p(x, z) / q(z|x))], over q's noise.
        joint, entropy: E_q[log p(x, z)] over q's noise, and -E_q[log q(z|x)] in closed form.
        reconstruction, kl: E_q[log p(x|z)] over q's noise, and KL(q(z|x) || p(z)) in closed form.
        error: how far two grids are apart at most.
    """

    log_evidence: float
    reweighted: float
    bound: float
    joint: float
    entropy: float
    reconstruction: float
    kl: float
    error: float


@torch.no_grad()
def rewritten(model: VAE, x: Tensor) -> Rewritten:
    """The derivation of the ELBO (Kingma & Welling 2014, section 2.2) for one image (784,).

    Args:
        model: a VAE whose z has two dimensions, with a standard normal prior.
    """
    truth, q = grid_posterior(model, x), model.encoder(x)
    grids = [_over_noise(model, x, q, offset) for offset in (0.0, 0.5)]
    mean = [sum(pair) / 2.0 for pair in zip(*grids, strict=True)]
    apart = max(abs(one - other) for one, other in zip(*grids, strict=True))
    entropy = float(q.scale.log().sum()) + len(q.scale) * (0.5 + LOG_SQRT_2PI)
    reweighted, bound, joint, reconstruction = mean
    kl, error = float(kl_to_standard_normal(q)), max(apart, truth.error)
    return Rewritten(
        truth.log_evidence, reweighted, bound, joint, entropy, reconstruction, kl, error
    )


def _over_noise(model: VAE, x: Tensor, q: Normal, offset: float) -> list[float]:
    """log E_q[w] and E_q of log w, log p(x, z) and log p(x|z), w = p(x, z) / q; by one even grid.

    The first reaches far beyond q: where w is large, q may be small.
    """
    eps, weight = _even_grid(offset, FAR)
    z = q.loc + q.scale * eps.to(x.dtype)
    likelihood = bernoulli_log_prob(x, model.decoder(z)).double()
    joint = likelihood + model.prior.log_prob(z).double()
    log_weight = joint - q.log_prob(z).double()
    means = (float((weight * each).sum()) for each in (log_weight, joint, likelihood))
    return [float((weight.log() + log_weight).logsumexp(0)), *means]


@dataclass(frozen=True)
class Refinement:
    """The way from the encoder's q to the best Gaussian for one image.

    Attributes:
        loc, scale: (S + 1, 2), the encoder's own first.
        elbo: (S + 1,) in nats, measured apart from the search.
        error: how far the two rules that measured it are apart at most, in nats.
    """

    loc: Tensor
    scale: Tensor
    elbo: Tensor
    error: float


def refine(model: VAE, x: Tensor, steps: int = STEPS) -> Refinement:
    """Raise the ELBO of one image (784,) by gradient steps on mu and log sigma; the weights stay.

    The gradient is exact up to quadrature, so the way is the same every time. It is the natural
    one: sigma^2 times the gradient in mu, half the one in log sigma (the Fisher information of a
    Gaussian is 1 / sigma^2 and 2). A step that would lower the bound is halved until it does not,
    so the bound never falls by more than the search's own rule is off.
    """
    with torch.no_grad():
        start = model.encoder(x.unsqueeze(0))
    mu, log_sigma, rate = start.loc[0].clone(), start.scale[0].log(), LONGEST
    way = [(mu, log_sigma, exact_elbo(model, x, Normal(mu, log_sigma.exp())))]
    for _ in range(steps):
        if rate == 0.0:  # no step rose any more: there it stays
            way.append(way[-1])
            continue
        by_mu, by_log_sigma = _slopes(model, x, mu, log_sigma)
        along = (log_sigma * 2.0).exp() * by_mu, 0.5 * by_log_sigma
        bound = way[-1][2]
        for _ in range(HALVINGS):
            trial = mu + rate * along[0], log_sigma + (rate * along[1]).clamp(-1.0, 1.0)
            found = exact_elbo(model, x, Normal(trial[0], trial[1].exp()))
            if found >= bound:
                mu, log_sigma, bound = *trial, found
                break
            rate /= 2.0
        else:
            rate = 0.0
        rate = min(LONGEST, 1.5 * rate)
        way.append((mu, log_sigma, bound))
    locs, log_scales = (torch.stack([place[n] for place in way]) for n in (0, 1))
    return _measured(model, x, locs, log_scales.exp())


def _measured(model: VAE, x: Tensor, locs: Tensor, scales: Tensor) -> Refinement:
    """The bound at each place of the way, (S + 1, 2) each; places that stay are measured once."""
    found: list[tuple[float, float]] = []
    for t in range(len(locs)):
        stays = (
            t > 0 and torch.equal(locs[t], locs[t - 1]) and torch.equal(scales[t], scales[t - 1])
        )
        found.append(found[-1] if stays else measured_elbo(model, x, Normal(locs[t], scales[t])))
    bounds, errors = zip(*found, strict=True)
    return Refinement(locs, scales, torch.tensor(bounds, dtype=torch.float64), max(errors))


def _slopes(model: VAE, x: Tensor, mu: Tensor, log_sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient of the exact ELBO in mu and log sigma, (2,) each."""
    leaves = [each.detach().requires_grad_() for each in (mu, log_sigma)]
    bound = exact_elbo(model, x, Normal(leaves[0], leaves[1].exp()))
    by_mu, by_log_sigma = torch.autograd.grad(bound, leaves)
    return by_mu, by_log_sigma
