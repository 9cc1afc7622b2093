"""The true posterior p(z|x) of one image where z is a plane, and how far q(z|x) is from it.

In two dimensions nothing needs to be sampled: p(x, z) on a grid gives log p(x) and p(z|x), and
products of Gauss-Hermite rules give the ELBO. The distance between the two is the inference gap,

    log p(x) - ELBO(x, q) = KL(q(z|x) || p(z|x)),

and it has two parts (Cremer, Li & Duvenaud 2018, "Inference Suboptimality in Variational
Autoencoders"): what the encoder loses against the best Gaussian for this image (the
amortization gap), and what even the best Gaussian loses (the approximation gap). The best one is
looked for by gradient steps on mu and log sigma of this one image (Kim et al. 2018; Marino et al.
2018). Where z has more dimensions, draws of it take the place of the grid (`importance`). All
numbers are nats per image.
"""

from vae_core.vae.posterior.bound import (
    QUICK,
    Rewritten,
    Rule,
    exact_elbo,
    measured_elbo,
    rewritten,
)
from vae_core.vae.posterior.fit import STEPS, Refinement, climb, refine
from vae_core.vae.posterior.grid import GridPosterior, grid_posterior, log_joint
from vae_core.vae.posterior.importance import EXPLAINED, Explained, explained, from_the_prior

__all__ = [
    "EXPLAINED",
    "QUICK",
    "STEPS",
    "Explained",
    "GridPosterior",
    "Refinement",
    "Rewritten",
    "Rule",
    "climb",
    "exact_elbo",
    "explained",
    "from_the_prior",
    "grid_posterior",
    "log_joint",
    "measured_elbo",
    "refine",
    "rewritten",
]
