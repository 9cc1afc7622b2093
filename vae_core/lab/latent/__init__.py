"""Latent variable models with a z of one dimension, whose evidence log p(x) is known."""

from vae_core.lab.latent.ascent import Climb, best_bell, climb
from vae_core.lab.latent.bound import Divergence, Elbo, elbo, kl_to_posterior
from vae_core.lab.latent.curves import ConjugateGaussian, Parabola
from vae_core.lab.latent.model import Bell, Evidence, LatentModel, Misfit

__all__ = [
    "Bell",
    "Climb",
    "ConjugateGaussian",
    "Divergence",
    "Elbo",
    "Evidence",
    "LatentModel",
    "Misfit",
    "Parabola",
    "best_bell",
    "climb",
    "elbo",
    "kl_to_posterior",
]
