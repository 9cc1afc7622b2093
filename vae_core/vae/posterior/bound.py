"""The ELBO under a Gaussian q where z is a plane, with nothing sampled; and its derivation."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI, Normal
from vae_core.families.quadrature import hermite_rule
from vae_core.vae.model import VAE
from vae_core.vae.objective import bernoulli_log_prob, kl_to_standard_normal
from vae_core.vae.posterior.grid import grid_posterior

NODES = 16


class Rule(NamedTuple):
    """An even grid in eps: how far its points are apart, and how far out they reach."""

    spacing: float
    reach: float


FINE, FAR = Rule(0.25, 6.2), Rule(0.25, 15.0)
QUICK = Rule(0.5, 4.0)
"""For what must answer under the finger: 0.05 nats off for a narrow q, one for a wide one."""


def exact_elbo(model: VAE, x: Tensor, q: Normal, nodes: int = NODES) -> Tensor:
    """The ELBO of images (..., 784) under q with loc and scale (..., 2), nothing sampled: (...).

    E_q[log p(x|z)] by a product of two Gauss-Hermite rules, differentiable in loc and scale; the
    KL to the prior is exact.
    """
    points, weights = (each.to(x.dtype) for each in hermite_rule(nodes))
    eps = torch.cartesian_prod(points, points)
    weight = torch.outer(weights, weights).flatten()
    z = q.loc.unsqueeze(-2) + q.scale.unsqueeze(-2) * eps
    log_prob = bernoulli_log_prob(x.unsqueeze(-2), model.decoder(z))
    value: Tensor = (weight * log_prob).sum(-1)
    return value - kl_to_standard_normal(q)


@torch.no_grad()
def measured_elbo(model: VAE, x: Tensor, q: Normal, rule: Rule = FINE) -> tuple[float, float]:
    """The same bound of one image on two even grids in eps, one between the other.

    Returns:
        The bound, and how far the two are apart, in nats.

    A decoder with ReLUs has creases, which Gauss's rule takes badly and an even grid well. Each
    grid is a rule of its own; the bound is their mean, and the error what they are apart.
    """
    found = []
    for offset in (0.0, 0.5):
        eps, weight = _even_grid(offset, rule)
        log_prob = bernoulli_log_prob(x, model.decoder(q.loc + q.scale * eps.to(x.dtype)))
        found.append(float((weight * log_prob.double()).sum()))
    return sum(found) / 2.0 - float(kl_to_standard_normal(q)), abs(found[0] - found[1])


@functools.cache
def _even_grid(offset: float, rule: Rule) -> tuple[Tensor, Tensor]:
    """Points eps in the plane (N, 2), and their weights (N,)."""
    spacing, reach = rule
    count = math.ceil(reach / spacing)
    line = spacing * (torch.arange(-count, count + 1, dtype=torch.float64) + offset)
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
    truth, q = grid_posterior(model, x), model.diagonal_q(x)
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
