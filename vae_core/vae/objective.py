"""What a VAE maximizes: the evidence lower bound, its two terms, and the bound from many samples.

Everything is in nats and per image: sums over pixels and latent dimensions, no mean over the
minibatch. Kingma & Welling 2014, section 2.2: log p(x) >= ELBO = E_q[log p(x|z)] - KL(q || p).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.estimators import Estimator, with_gradient_of
from vae_core.families import Distribution, Gaussian, Normal
from vae_core.vae.likelihoods import bernoulli_log_prob as bernoulli_log_prob
from vae_core.vae.model import VAE
from vae_core.vae.priors import kl_per_dimension as kl_per_dimension


@dataclass(frozen=True)
class Terms:
    """The bound and its two terms, each (B,): elbo = reconstruction - kl in value.

    `reconstruction` is E_q[log p(x|z)], at most 0 for a Bernoulli decoder and the better the
    larger: the *negative* of what many programs call the reconstruction error.

    The gradient to train with is that of `elbo`. The other two are for reading only.
    """

    elbo: Tensor
    reconstruction: Tensor
    kl: Tensor


def kl_to_standard_normal(q: Gaussian) -> Tensor:
    """KL(q || N(0, I)), summed over the latent dimensions: (B,)."""
    return kl_per_dimension(q).sum(-1)


def elbo(
    x: Tensor,
    model: VAE,
    estimator: Estimator,
    k: int,
    gen: torch.Generator,
    beta: float = 1.0,
) -> Terms:
    """The ELBO of each image, with the estimator's gradient in the encoder weights phi.

    The values are the true terms at the drawn samples, whichever estimator is used and whatever
    beta is. The gradient of the ELBO is that of reconstruction - beta KL (Higgins et al. 2017).
    Decoder weights theta and the prior's weights get their ordinary gradient.

    Where the prior allows it, the KL is exact and needs no estimator. A mixture has no closed form
    for it: then log q(z|x) - log p(z) at the drawn samples, whose mean is the KL, stands inside
    the cost of the estimator. It does so too where the estimator supposes a cost that ends in
    -log q(z). Such a KL is noisy, and may be negative at some images.

    Args:
        x: images in [0, 1], (B, 784).
        estimator: an entry of `vae_core.estimators.ESTIMATORS`.
        k: K samples of z for each image, averaged.
        beta: weight of the KL in the gradient, at least 0.

    Raises:
        ValueError: k is below the estimator's `min_samples`.
    """
    q = model.encoder(x)
    each = None if estimator.needs_elbo else model.prior.kl_per_dimension(q)
    if each is None:
        return _sampled_terms(x, q, model, estimator, k, gen, beta)
    costs = estimator(lambda z: model.log_prob_x(x, z), q, k, gen)
    reconstruction = costs.mean(0) if k > 1 else costs.squeeze(0)
    kl = each.sum(-1)
    bound = reconstruction - kl
    if beta != 1.0:
        bound = with_gradient_of(bound.detach(), reconstruction - beta * kl)
    return Terms(bound, reconstruction, kl)


def _sampled_terms(
    x: Tensor,
    q: Distribution,
    model: VAE,
    estimator: Estimator,
    k: int,
    gen: torch.Generator,
    beta: float,
) -> Terms:
    """The terms where the KL too is sampled: log p(x|z) - beta (log q - log p) is the cost."""
    drawn: list[tuple[Tensor, Tensor]] = []

    def cost(z: Tensor) -> Tensor:
        fit, gap = model.log_prob_x(x, z), q.log_prob(z) - model.log_prior(z)
        if torch.is_grad_enabled() or not drawn:  # costs without gradients are for differences
            drawn.append((fit.detach().mean(0), gap.detach().mean(0)))
        return fit - beta * gap

    objective = estimator(cost, q, k, gen).mean(0)
    reconstruction, kl = drawn[-1]
    return Terms(with_gradient_of(reconstruction - kl, objective), reconstruction, kl)


@dataclass(frozen=True)
class Anatomy:
    """The bound of one image, a field a symbol; K samples, D latent dimensions, nats.

    Attributes:
        q: q(z|x), with loc and scale (D,).
        z: (K, D) samples of q.
        logits: (K, 784) what the decoder gives: of p(x|z) for each sample.
        log_px, log_pz, log_joint: (K,) log p(x|z), log p(z) and their sum log p(x, z).
        reconstruction: the mean of log p(x|z) over the samples, which estimates E_q[log p(x|z)].
        kl: KL(q(z|x) || p(z)), exact.
        elbo: their difference.
    """

    q: Normal
    z: Tensor
    logits: Tensor
    log_px: Tensor
    log_pz: Tensor
    log_joint: Tensor
    reconstruction: Tensor
    kl: Tensor
    elbo: Tensor


@torch.no_grad()
def anatomy(x: Tensor, model: VAE, eps: Tensor) -> Anatomy:
    """The ELBO of one image, with nothing hidden in between.

    Args:
        x: one image in [0, 1], (784,).
        model: with a standard normal prior, one probability a pixel and a diagonal q.
        eps: base noise, (K, D).

    Raises:
        ValueError: q is not diagonal.
    """
    q = model.diagonal_q(x)
    z = q.loc + q.scale * eps
    logits = model.decoder(z)
    log_px = bernoulli_log_prob(x, logits)
    log_pz = model.prior.log_prob(z)
    log_joint = log_px + log_pz
    reconstruction = log_px.mean(0)
    kl = kl_to_standard_normal(q)
    elbo = reconstruction - kl
    return Anatomy(q, z, logits, log_px, log_pz, log_joint, reconstruction, kl, elbo)


def log_weights(x: Tensor, q: Distribution, model: VAE, z: Tensor) -> Tensor:
    """log p(x, z) - log q(z|x) at samples (K, B, D) of q: (K, B)."""
    return model.log_prob_x(x, z) + model.log_prior(z) - q.log_prob(z)


def iwae_bound(x: Tensor, model: VAE, k: int, gen: torch.Generator) -> Tensor:
    """The importance-weighted bound log 1/K sum_k p(x, z_k) / q(z_k|x), per image: (B,).

    Burda et al. 2016, equation 8. K = 1 is one draw of the ELBO; with growing K it rises to
    log p(x). Gradients follow the reparameterized path.
    """
    q = model.encoder(x)
    weights = log_weights(x, q, model, q.transform(q.base(k, gen)))
    bound: Tensor = weights.logsumexp(0) - math.log(k)
    return bound


def iwae_terms(x: Tensor, model: VAE, k: int, gen: torch.Generator, beta: float = 1.0) -> Terms:
    """The ELBO and its terms at K samples, with the gradient of the importance-weighted bound.

    Burda et al. 2016, equations 8 and 13: reparameterized, the samples' gradients are weighted by
    their normalized importance. The values are those of the ELBO at the same samples, so that
    curves of both objectives compare. With beta other than 1 the log-weights' part that makes the
    KL is multiplied by it, and what is climbed is then no bound.
    """
    q = model.encoder(x)
    z = q.transform(q.base(k, gen))
    fit, gap = model.log_prob_x(x, z), q.log_prob(z) - model.log_prior(z)
    objective = (fit - beta * gap).logsumexp(0)
    reconstruction, kl = fit.detach().mean(0), gap.detach().mean(0)
    return Terms(with_gradient_of(reconstruction - kl, objective), reconstruction, kl)
