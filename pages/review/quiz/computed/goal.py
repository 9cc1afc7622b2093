"""Computed questions about the goal: divergences and the bound."""

from __future__ import annotations

from random import Random

import torch

from pages.review.quiz.computed.registry import Drawn, agree, computed, pick, written
from vae_core.families import Normal
from vae_core.families.divergence import bell_to_bell
from vae_core.lab.latent import Bell, ConjugateGaussian, elbo, kl_to_posterior

NOISE = 0.75  # of the model that the page on the gap shows


def bell(loc: float, scale: float) -> Normal:
    """N(loc, scale^2) in float64."""
    return Normal(*torch.tensor([loc, scale], dtype=torch.float64))


def divergence(q: Normal, p: Normal) -> float:
    """KL(q || p) in nats."""
    return float(bell_to_bell(q, p))


@computed
def kl_to_prior(chance: Random) -> Drawn:
    """KL(N(mu, sigma^2) || N(0, 1)); wrong: sigma in place of its square, reversed, twice."""
    mu, sigma = pick(chance, 0.4, 2.0, 0.1), pick(chance, 0.4, 0.75, 0.05)
    q, prior = bell(mu, sigma), bell(0.0, 1.0)
    kl = divergence(q, prior)
    return Drawn(
        {"mu": mu, "sigma": sigma},
        {
            "closed": kl,
            # The formula wants the variance, and is handed the deviation: sigma plays sigma^2.
            "deviation": divergence(bell(mu, sigma**0.5), prior),
            "reversed": divergence(prior, q),
            "double": 2.0 * kl,
        },
    )


def _bound(chance: Random) -> tuple[dict[str, float], dict[str, float]]:
    """A bell, what was seen, and the parts of the bound: written with two decimals."""
    mu, sigma = pick(chance, -0.5, 1.5, 0.1), pick(chance, 0.4, 1.2, 0.1)
    x = pick(chance, 0.5, 3.0, 0.25)
    model, q = ConjugateGaussian(noise=NOISE), Bell(mu, sigma)
    parts = elbo(model, x, q)
    found = {
        "reconstruction": parts.reconstruction,
        "kl": parts.kl_to_prior,
        "bound": parts.value,
        "evidence": model.evidence(x).log,
        "gap": kl_to_posterior(model, x, q).value,
    }
    return {"mu": mu, "sigma": sigma, "x": x}, found


@computed
def bound_from_parts(chance: Random) -> Drawn:
    """E_q[log p(x|z)] - KL; wrong: the KL added, the loss, and the evidence itself."""
    place, found = _bound(chance)
    told = {name: written(found[name]) for name in ("reconstruction", "kl", "evidence")}
    agree(told["reconstruction"] - told["kl"], found["bound"])
    agree(told["reconstruction"] + told["kl"], found["reconstruction"] + found["kl"])
    return Drawn(
        {**place, **_two_decimals(told)},
        {
            "less": found["bound"],
            "plus": found["reconstruction"] + found["kl"],
            "loss": -found["bound"],
            "evidence": found["evidence"],
        },
    )


@computed
def gap_from_parts(chance: Random) -> Drawn:
    """KL(q || p(z|x)); wrong: the other KL, its negative, and the KL to the prior taken off."""
    place, found = _bound(chance)
    told = {name: written(found[name]) for name in ("bound", "kl", "evidence")}
    agree(told["evidence"] - told["bound"], found["gap"])
    agree(told["evidence"] - told["bound"] + told["kl"], found["gap"] + found["kl"])
    return Drawn(
        {**place, **_two_decimals(told)},
        {
            "difference": found["gap"],
            "prior": found["kl"],
            "negative": -found["gap"],
            "both": found["gap"] + found["kl"],
        },
    )


@computed
def posterior_mean(chance: Random) -> Drawn:
    """E[z|x] in x = z + noise; wrong: x itself, the shares exchanged, the prior's weight lost."""
    x = pick(chance, 1.0, 3.0, 0.25)
    mean = ConjugateGaussian(noise=NOISE).posterior_bell(x).loc
    return Drawn(
        {"x": x, "noise": NOISE},
        {
            "between": mean,
            "x": x,
            "exchanged": x - mean,
            "deviation": x / (1.0 + NOISE),  # the noise in place of its square
        },
    )


def _two_decimals(told: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:.2f}" for name, value in told.items()}
