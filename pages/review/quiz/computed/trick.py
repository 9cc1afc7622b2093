"""Computed questions about the trick: samples, slopes and densities in their new place."""

from __future__ import annotations

from random import Random

import torch

from pages.review.quiz.computed.registry import Drawn, agree, computed, pick, written
from vae_core.families import FAMILIES, Normal
from vae_core.lab import find_problem


def bell(mu: float, sigma: float) -> Normal:
    """N(mu, sigma^2), parameters of shape (1, 1), leaves in float64."""
    loc, scale = (torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (mu, sigma))
    return Normal(loc, scale)


def three(value: float) -> torch.Tensor:
    """One number as a sample: (1, 1, 1)."""
    return torch.tensor([[[value]]], dtype=torch.float64)


def _noise(chance: Random) -> float:
    return chance.choice((-1.0, 1.0)) * pick(chance, 0.5, 2.0, 0.1)


@computed
def into_place(chance: Random) -> Drawn:
    """z = mu + sigma eps; wrong: the variance, the noise unstretched, the letters exchanged."""
    mu, sigma = pick(chance, -2.0, 2.0, 0.1), chance.choice((0.4, 0.5, 0.6, 1.4, 1.5, 1.6, 1.8))
    eps = _noise(chance)
    return Drawn(
        {"mu": mu, "sigma": sigma, "eps": eps},
        {
            "moved": bell(mu, sigma).transform(three(eps)).item(),
            "variance": mu + sigma**2 * eps,
            "unstretched": mu + eps,
            "exchanged": sigma + mu * eps,
        },
    )


@computed
def slope_in_sigma(chance: Random) -> Drawn:
    """2 z eps for one draw of z^2; wrong: eps left out, the mean's slope, the draw's sign lost."""
    mu, sigma, eps = pick(chance, -2.0, 2.0, 0.1), pick(chance, 0.5, 1.5, 0.1), _noise(chance)
    q = bell(mu, sigma)
    z = q.transform(three(eps))
    found = torch.autograd.grad(z.square().sum(), q.scale)[0].item()
    exact = find_problem("square").exact(loc=q.loc, scale=q.scale).scale.item()
    return Drawn(
        {"mu": mu, "sigma": sigma, "eps": eps, "z": round(z.item(), 2)},
        {
            "chain": found,
            "shift": 2.0 * z.item(),
            "mean": exact,
            "sigma": 2.0 * z.item() * sigma,
        },
    )


@computed
def density_after(chance: Random) -> Drawn:
    """q(z) = p(eps) / sigma; wrong: dz taken for d eps, multiplied, by the variance."""
    mu, eps = pick(chance, -1.0, 2.0, 0.1), pick(chance, -1.2, 1.2, 0.1)
    sigma = chance.choice((0.4, 0.5, 0.6, 0.7, 1.5, 1.6, 1.8, 2.0))
    p = bell(0.0, 1.0).log_prob(three(eps)).exp().item()
    q = bell(mu, sigma)
    return Drawn(
        {"mu": mu, "sigma": sigma, "eps": eps, "p": f"{p:.3f}"},
        {
            "shrunk": q.log_prob(q.transform(three(eps))).exp().item(),
            "same": p,
            "grown": p * sigma,
            "squared": p / sigma**2,
        },
        digits=3,
    )


@computed
def mean_of_square(chance: Random) -> Drawn:
    """E[z^2] = mu^2 + sigma^2; wrong: f of the mean, the mean forgotten, the sum squared."""
    mu, sigma = pick(chance, 0.3, 1.3, 0.1), pick(chance, 0.3, 0.6, 0.1)
    q = bell(mu, sigma)
    return Drawn(
        {
            "mu": mu,
            "sigma": sigma,
            **{f"phi{i + 1}": round(mu + sigma * (i - 2), 10) for i in range(5)},
        },
        {
            "both": find_problem("square").exact(loc=q.loc, scale=q.scale).value.item(),
            "of_mean": mu**2,
            "spread": sigma**2,
            "squared": (mu + sigma) ** 2,
        },
    )


@computed
def implicit_slope(chance: Random) -> Drawn:
    """-(dF/drate) / q at a height; wrong: undivided, the sign lost, the slope of the mean."""
    rate, u = pick(chance, 0.4, 2.5, 0.1), pick(chance, 0.2, 0.9, 0.1)
    leaf = torch.tensor([[rate]], dtype=torch.float64, requires_grad=True)
    q = FAMILIES["exponential"](rate=leaf)
    z = q.transform(three(u))
    found = torch.autograd.grad(z.sum(), leaf)[0].item()
    density = q.log_prob(z).exp().item()
    told = written(z.item())
    agree(-told / rate, found)
    return Drawn(
        {"rate": rate, "u": u, "z": told},
        {
            "implicit": found,
            "undivided": found * density,
            "sign": -found,
            "mean": -1.0 / rate**2,
        },
    )
