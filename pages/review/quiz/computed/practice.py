"""Computed questions about a VAE at work: its bound's terms and what arrives at sigma."""

from __future__ import annotations

from random import Random

import torch

from pages.review.quiz.computed.registry import Drawn, agree, computed, pick
from vae_core.families import Normal
from vae_core.families.divergence import bell_to_bell
from vae_core.vae.likelihoods import LIKELIHOODS

PIXELS = 3


@computed
def kl_of_two_latents(chance: Random) -> Drawn:
    """The sum over the dimensions; wrong: the mean, the larger alone, sigma for its square."""
    mu = [pick(chance, -1.5, 1.5, 0.1) for _ in range(2)]
    sigma = [pick(chance, 0.2, 0.7, 0.1) for _ in range(2)]
    loc, scale = torch.tensor(mu, dtype=torch.float64), torch.tensor(sigma, dtype=torch.float64)
    prior = Normal(torch.zeros_like(loc), torch.ones_like(scale))
    terms = bell_to_bell(Normal(loc, scale), prior)
    agree(sum(round(term, 2) for term in terms.tolist()), terms.sum().item())
    return Drawn(
        {
            "first": f"{terms[0].item():.2f}",
            "second": f"{terms[1].item():.2f}",
        },
        {
            "sum": terms.sum().item(),
            "mean": terms.mean().item(),
            "largest": terms.max().item(),
            "root": terms.square().sum().sqrt().item(),
        },
    )


@computed
def score_of_pixels(chance: Random) -> Drawn:
    """log p(x|z) of three Bernoulli pixels; wrong: its negative, the product, the share right."""
    ink = [pick(chance, 0.1, 0.9, 0.1) for _ in range(PIXELS)]
    x = [chance.randint(0, 1) for _ in range(PIXELS)]
    logits = torch.logit(torch.tensor(ink, dtype=torch.float64))
    target = torch.tensor(x, dtype=torch.float64)
    found = LIKELIHOODS["bernoulli"].log_prob(target, logits, 0.1).item()
    return Drawn(
        {f"p{i + 1}": p for i, p in enumerate(ink)} | {f"x{i + 1}": v for i, v in enumerate(x)},
        {
            "sum": found,
            "error": -found,
            "product": torch.tensor(found).exp().item(),
            "mean": found / PIXELS,
        },
    )


@computed
def arrives_at_sigma(chance: Random) -> Drawn:
    """by_z eps - dKL/d sigma; wrong: the KL's part added, left out, and the noise left out."""
    by_z, sigma = pick(chance, -4.0, 4.0, 0.5), chance.choice((0.2, 0.25, 0.4, 0.5, 0.6, 0.8))
    eps = chance.choice((-1.0, 1.0)) * pick(chance, 0.4, 2.0, 0.2)
    scale = torch.tensor(sigma, dtype=torch.float64, requires_grad=True)
    loc, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    kl = bell_to_bell(Normal(loc, scale), Normal(loc, one))
    by_kl = torch.autograd.grad(kl, scale)[0].item()
    return Drawn(
        {"by_z": by_z, "sigma": sigma, "eps": eps, "by_kl": f"{by_kl:.2f}"},
        {
            "both": by_z * eps - by_kl,
            "added": by_z * eps + by_kl,
            "path": by_z * eps,
            "shift": by_z - by_kl,
        },
    )
