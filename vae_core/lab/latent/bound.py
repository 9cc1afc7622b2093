"""The ELBO of a bell q(z), its parts, and how far q is from the posterior.

log p(x) = ELBO(q) + KL(q || p(z|x)) for every q. Both sides are computed on their own, so that the
sum is a check: the KL comes from a rule of its own, and never from a difference of the others.

Source: Jordan et al. 1999, section 6; Kingma & Welling 2014, equations 1 to 3.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI
from vae_core.families.quadrature import ROUNDING
from vae_core.lab.latent.model import Bell, LatentModel

REACH, STEP = 10.0, 0.125


class Elbo(NamedTuple):
    """The bound and its parts, in nats, and which way it rises.

    Attributes:
        reconstruction: E_q[log p(x|z)].
        log_prior: E_q[log p(z)].
        entropy: -E_q[log q(z)].
        error: how far the sum may be off.
        by_loc, by_log_scale: derivatives of the sum in mu and in log sigma.
    """

    reconstruction: float
    log_prior: float
    entropy: float
    error: float
    by_loc: float
    by_log_scale: float

    @property
    def value(self) -> float:
        """ELBO = E_q[log p(x, z)] + entropy."""
        return self.log_joint + self.entropy

    @property
    def log_joint(self) -> float:
        """E_q[log p(x, z)]."""
        return self.reconstruction + self.log_prior

    @property
    def kl_to_prior(self) -> float:
        """KL(q || p(z)), at least 0; ELBO = reconstruction - this."""
        return max(0.0, -self.entropy - self.log_prior)  # rounding may leave a tiny minus


class Divergence(NamedTuple):
    """KL(q || p(z|x)) in nats, at least 0, and how far it may be off."""

    value: float
    error: float


def elbo(model: LatentModel, x: float, q: Bell) -> Elbo:
    """The ELBO of q at x. Only the reconstruction needs an integral; the rest is in closed form.

    >>> from vae_core.lab.latent import ConjugateGaussian
    >>> model = ConjugateGaussian(noise=0.75)
    >>> round(elbo(model, 2.5, model.posterior_bell(2.5)).value, 4)  # log p(x) itself
    -3.1421
    """
    off = model.misfit(x, q)
    half = 0.5 / model.noise**2
    reconstruction = -off.value * half - math.log(model.noise) - LOG_SQRT_2PI
    log_prior = -0.5 * (q.loc**2 + q.scale**2) - LOG_SQRT_2PI
    size = abs(reconstruction) + abs(log_prior) + abs(q.entropy)
    return Elbo(
        reconstruction,
        log_prior,
        q.entropy,
        error=off.error * half + 8.0 * ROUNDING * size,
        by_loc=-off.loc * half - q.loc,
        by_log_scale=1.0 - q.scale * (off.scale * half + q.scale),
    )


@functools.cache
def _even_grid() -> tuple[Tensor, Tensor]:
    """An even grid of eps, (N,), and weights of E over N(0, 1), with every step and every other."""
    count = round(REACH / STEP)
    eps = STEP * torch.arange(-count, count + 1, dtype=torch.float64)
    fine = STEP * torch.exp(-0.5 * eps * eps - LOG_SQRT_2PI)
    coarse = 2.0 * fine
    coarse[1::2] = 0.0
    return eps, torch.stack((fine, coarse))


def kl_to_posterior(model: LatentModel, x: float, q: Bell) -> Divergence:
    """KL(q || p(z|x)): the integral of q log(q / posterior) over a grid of ten deviations of q.

    Of two bells it has a closed form. Raises ValueError where the evidence cannot be told.
    """
    posterior = model.posterior_bell(x)
    if posterior is not None:
        return _between_bells(q, posterior)
    eps, weights = _even_grid()
    z = q.loc + q.scale * eps
    ratio = q.log_density(z) - model.log_posterior(x, z)
    fine, coarse = (weights @ ratio).tolist()
    rounding = 8.0 * ROUNDING * float(weights[0] @ ratio.abs())
    return Divergence(max(0.0, fine), abs(fine - coarse) + rounding + model.evidence(x).error)


def _between_bells(q: Bell, p: Bell) -> Divergence:
    """KL between two Gaussians (Kingma & Welling 2014, appendix B)."""
    ratio = q.scale / p.scale
    off = (q.loc - p.loc) / p.scale
    value = 0.5 * (ratio * ratio + off * off - 1.0) - math.log(ratio)
    return Divergence(max(0.0, value), 8.0 * ROUNDING * (1.0 + ratio * ratio + off * off))
