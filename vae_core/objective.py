"""What a VAE maximizes: the evidence lower bound, its two terms, and the bound from many samples.

Everything is in nats and per image: sums over pixels and latent dimensions, no mean over the
minibatch. Kingma & Welling 2014, section 2.2: log p(x) >= ELBO = E_q[log p(x|z)] - KL(q || p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_core.estimators import Estimator
from vae_core.families import Normal
from vae_core.model import VAE


@dataclass(frozen=True)
class Terms:
    """The bound and its two terms, each (B,): elbo = reconstruction - kl.

    `reconstruction` is E_q[log p(x|z)], at most 0 for a Bernoulli decoder and the better the
    larger: the *negative* of what many programs call the reconstruction error.
    """

    elbo: Tensor
    reconstruction: Tensor
    kl: Tensor


def kl_per_dimension(q: Normal) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each latent dimension: (B, D).

    Kingma & Welling 2014, appendix B: (mu^2 + sigma^2 - 1) / 2 - log sigma.
    """
    return 0.5 * (q.loc.square() + q.scale.square() - 1.0) - q.scale.log()


def kl_to_standard_normal(q: Normal) -> Tensor:
    """KL(q || N(0, I)), summed over the latent dimensions: (B,)."""
    return kl_per_dimension(q).sum(-1)


def bernoulli_log_prob(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|z) of independent Bernoulli pixels, summed over pixels: (..., 784) -> (...).

    x log pi + (1 - x) log(1 - pi), pi = sigmoid(logits), stable for logits of any size. Grey
    targets in [0, 1] are allowed; the number is then not the log of a normalized density.
    """
    misses = F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none")
    return -misses.sum(-1)


def elbo(x: Tensor, model: VAE, estimator: Estimator, k: int, gen: torch.Generator) -> Terms:
    """The ELBO of each image, with the estimator's gradient in the encoder weights phi.

    The values are the true terms at the drawn samples whichever estimator is used. Decoder
    weights theta get their ordinary gradient; the KL is exact and needs no estimator.

    Args:
        x: images in [0, 1], (B, 784).
        estimator: an entry of `vae_core.estimators.ESTIMATORS`.
        k: K samples of z for each image, averaged.

    Raises:
        ValueError: k is below the estimator's `min_samples`.
    """
    q = model.encoder(x)
    reconstruction = estimator(lambda z: bernoulli_log_prob(x, model.decoder(z)), q, k, gen).mean(0)
    kl = kl_to_standard_normal(q)
    return Terms(reconstruction - kl, reconstruction, kl)


def iwae_bound(x: Tensor, model: VAE, k: int, gen: torch.Generator) -> Tensor:
    """The importance-weighted bound log 1/K sum_k p(x, z_k) / q(z_k|x), per image: (B,).

    Burda et al. 2016, equation 8. K = 1 is one draw of the ELBO; with growing K it rises to
    log p(x). Gradients follow the reparameterized path.
    """
    q = model.encoder(x)
    z = q.transform(q.base(k, gen))
    prior = Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale))
    log_weights = bernoulli_log_prob(x, model.decoder(z)) + prior.log_prob(z) - q.log_prob(z)
    bound: Tensor = log_weights.logsumexp(0) - math.log(k)
    return bound


@dataclass(frozen=True)
class GradientNoise:
    """Signal and noise of an estimator's gradient in the encoder weights phi.

    Attributes:
        signal: squared length of the gradient's mean, less the share that noise adds to it.
        variance: of one estimate, summed over all encoder weights.
    """

    signal: float
    variance: float


def gradient_noise(
    x: Tensor, model: VAE, estimator: Estimator, k: int, repeats: int, gen: torch.Generator
) -> GradientNoise:
    """Measure an estimator's gradient of the mean ELBO on one minibatch and the present weights.

    Args:
        x: images in [0, 1], (B, 784).
        repeats: independent estimates, at least 2.
    """
    weights = list(model.encoder.parameters())
    mean = [torch.zeros_like(w) for w in weights]
    squares = 0.0
    for count in range(1, repeats + 1):
        draw = torch.autograd.grad(elbo(x, model, estimator, k, gen).elbo.mean(), weights)
        shifts = [g - m for g, m in zip(draw, mean, strict=True)]
        mean = [m + shift / count for m, shift in zip(mean, shifts, strict=True)]
        squares += sum(float(s.square().sum()) for s in shifts) * (1.0 - 1.0 / count)
    variance = squares / (repeats - 1)
    length = sum(float(m.square().sum()) for m in mean)
    return GradientNoise(length - variance / repeats, variance)
