"""A step of the standard VAE with neither graph nor bookkeeping: gradient and Adam's update.

The gradient of the ELBO is written out by hand, eleven products, for the VAE of Kingma & Welling
2014, appendix C: one hidden layer either way, Bernoulli pixels, a diagonal q, a standard normal
prior, one reparameterized sample of z for each image. Everything else goes through
`vae_core.vae.objective` and autograd, which here gives the same numbers in more time: between
products as small as these, the upkeep of a graph is a fifth of a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import Normal
from vae_core.vae.fast_dense import behind_relu, factor_type, multiply
from vae_core.vae.likelihoods import LIKELIHOODS, bernoulli_terms
from vae_core.vae.model import VAE
from vae_core.vae.objective import Terms, kl_to_standard_normal
from vae_core.vae.posteriors import POSTERIORS
from vae_core.vae.priors import Prior


def is_standard(model: VAE) -> bool:
    """Whether a model is one that `standard_step` is written for."""
    shallow = not model.encoder.deeper and not model.decoder.deeper
    bells = type(model.prior) is Prior and model.encoder.kind is POSTERIORS["diagonal"]
    return shallow and bells and model.likelihood is LIKELIHOODS["bernoulli"]


@torch.no_grad()
def standard_step(
    x: Tensor, model: VAE, gen: torch.Generator, beta: float = 1.0
) -> tuple[Terms, list[Tensor]]:
    """The bound and its terms, and the gradient of reconstruction - beta KL.

    Args:
        x: float32 images in [0, 1], (B, 784).
        model: one that `is_standard`, in float32.
        gen: draws eps, as the estimator `pathwise` does.
        beta: weight of the KL in the gradient, at least 0.

    Returns:
        The terms, (B,) each, and the gradient of their mean over the minibatch, in the order and
        the shapes of `model.parameters()`.
    """
    kept = _forward(x, model, gen)
    kl = kl_to_standard_normal(kept.q)
    terms = Terms(kept.reconstruction - kl, kept.reconstruction, kl)
    return terms, _backward(kept, model, beta)


@dataclass(frozen=True)
class _Kept:
    """What the way back needs; x, h_z_cast and the weight as large products take them."""

    x: Tensor
    decoder_weight: Tensor
    h_x: Tensor
    q: Normal
    eps: Tensor
    z: Tensor
    h_z: Tensor
    h_z_cast: Tensor
    by_logits: Tensor
    reconstruction: Tensor


def _forward(x: Tensor, model: VAE, gen: torch.Generator) -> _Kept:
    encoder, decoder = model.encoder, model.decoder
    dtype = factor_type(encoder.hidden.weight)
    x_cast, first, last = (t.to(dtype) for t in (x, encoder.hidden.weight, decoder.logits.weight))
    h_x = multiply(x_cast, first, encoder.hidden.bias).relu_()
    mu, log_sigma = encoder.parameters_of_q(h_x).chunk(2, dim=-1)
    q = Normal(mu, log_sigma.exp())
    eps = q.base(1, gen)
    z = q.transform(eps)[0]
    h_z = decoder.hidden(z).relu_()
    h_z_cast = h_z.to(dtype)
    logits = multiply(h_z_cast, last, decoder.logits.bias)
    reconstruction, pi = bernoulli_terms(x, logits)
    by_logits = torch.sub(x, pi, out=pi)
    return _Kept(x_cast, last, h_x, q, eps[0], z, h_z, h_z_cast, by_logits, reconstruction)


def _backward(kept: _Kept, model: VAE, beta: float) -> list[Tensor]:
    """Layer by layer, in the letters of the lecture: d(mean ELBO) / d(each weight)."""
    share = 1.0 / len(kept.x)
    by_logits = kept.by_logits.mul_(share)
    cast = by_logits.to(kept.x.dtype)
    logits = [multiply(cast.t(), kept.h_z_cast.t()), by_logits.sum(0)]
    by_h_z = behind_relu(multiply(cast, kept.decoder_weight.t()), kept.h_z)
    decoder_hidden = [by_h_z.t() @ kept.z, by_h_z.sum(0)]

    by_z = by_h_z @ model.decoder.hidden.weight
    mu, sigma, weight = kept.q.loc, kept.q.scale, beta * share
    by_mu = torch.sub(by_z, mu, alpha=weight)  # dz / d mu = 1
    by_sigma = torch.sub(by_z * kept.eps, sigma, alpha=weight)  # dz / d sigma = eps
    by_log_sigma = by_sigma.mul_(sigma).add_(weight)

    by_q = torch.cat((by_mu, by_log_sigma), dim=-1)
    parameters_of_q = [by_q.t() @ kept.h_x, by_q.sum(0)]
    by_h_x = behind_relu(by_q @ model.encoder.parameters_of_q.weight, kept.h_x)
    encoder_hidden = [multiply(by_h_x.to(kept.x.dtype).t(), kept.x.t()), by_h_x.sum(0)]
    return [*encoder_hidden, *parameters_of_q, *decoder_hidden, *logits]


class AdamSteps:
    """Updates parameters by Kingma & Ba 2015, algorithm 1, upwards.

    Args:
        optimizer: an Adam of one group of parameters; it holds the moments and the options. A
            state that is put into it later needs new `AdamSteps`.
    """

    def __init__(self, optimizer: torch.optim.Adam) -> None:
        (self._group,) = optimizer.param_groups
        self._parameters: list[Tensor] = self._group["params"]
        states = [optimizer.state[parameter] for parameter in self._parameters]
        for parameter, state in zip(self._parameters, states, strict=True):
            if not state:
                state["step"] = torch.zeros(())
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
        self._means, self._squares = ([s[key] for s in states] for key in ("exp_avg", "exp_avg_sq"))
        self._count: Tensor = states[0]["step"]
        for state in states:  # all parameters count the same steps
            state["step"] = self._count

    @torch.no_grad()
    def climb(self, gradients: Sequence[Tensor], rate: float) -> None:
        """One step up along the gradients, at this learning rate."""
        self._count += 1
        beta1, beta2 = self._group["betas"]
        torch._fused_adam_(
            self._parameters,
            list(gradients),
            self._means,
            self._squares,
            [],
            [self._count] * len(self._parameters),
            lr=rate,
            beta1=beta1,
            beta2=beta2,
            weight_decay=0.0,
            eps=self._group["eps"],
            amsgrad=False,
            maximize=True,
        )
