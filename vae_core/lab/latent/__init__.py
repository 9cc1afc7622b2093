"""Latent variable models with a z of one dimension, whose evidence log p(x) is known."""

from vae_core.lab.latent.ascent import Climb, best_bell, climb
from vae_core.lab.latent.bent import BentCurve, knots
from vae_core.lab.latent.bound import Divergence, Elbo, elbo, kl_to_posterior
from vae_core.lab.latent.curves import ConjugateGaussian, Parabola
from vae_core.lab.latent.grid import (
    Marginal,
    Posterior,
    curve_on_grid,
    draw,
    even_grid,
    marginal,
    posterior_on_grid,
)
from vae_core.lab.latent.model import Bell, Evidence, LatentModel, Misfit

__all__ = [
    "Bell",
    "BentCurve",
    "Climb",
    "ConjugateGaussian",
    "Divergence",
    "Elbo",
    "Evidence",
    "LatentModel",
    "Marginal",
    "Misfit",
    "Parabola",
    "Posterior",
    "best_bell",
    "climb",
    "curve_on_grid",
    "draw",
    "elbo",
    "even_grid",
    "kl_to_posterior",
    "knots",
    "marginal",
    "posterior_on_grid",
]
