"""What is known of one image, whatever the hand does: its posterior, and the bells to beat."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch

from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.model import VAE
from vae_core.vae.posterior import (
    GridPosterior,
    Refinement,
    grid_posterior,
    measured_elbo,
    refine,
)

SPECIMEN = 2
STEPS = 25


class Solved(NamedTuple):
    """Of one image: its posterior, the encoder's q and its bound, and the way from the prior.

    The best bell is the better of two that were found: from the prior, and from the encoder's q.
    """

    truth: GridPosterior
    encoder: Normal
    bound: float
    way: Refinement
    best: Normal
    best_bound: float

    @property
    def encoder_gap(self) -> float:
        """How many nats the encoder's bound lies below log p(x)."""
        return self.truth.log_evidence - self.bound

    @property
    def best_gap(self) -> float:
        """The same of the best bell."""
        return self.truth.log_evidence - self.best_bound


def model() -> VAE:
    """The trained VAE whose z has two dimensions. Raises CheckpointError."""
    return load_pretrained("latent2").model


@lru_cache(maxsize=16)
def solved(digit: int) -> Solved:
    """All that does not depend on the hand. Raises DataError, CheckpointError."""
    x = held_out_digit(digit, SPECIMEN)
    with torch.no_grad():
        encoder = model().encoder(x)
    starts = (Normal(torch.zeros(2), torch.ones(2)), encoder)
    ways = [refine(model(), x, STEPS, start) for start in starts]
    last = max(ways, key=lambda way: float(way.elbo[-1]))
    best = Normal(last.loc[-1], last.scale[-1])
    bound = measured_elbo(model(), x, encoder)[0]
    truth = grid_posterior(model(), x)
    return Solved(truth, encoder, bound, ways[0], best, float(last.elbo[-1]))


def near_encoder(digit: int) -> dict[str, float]:
    """The encoder's prediction as values of the sliders, which take the nearest position."""
    q = solved(digit).encoder
    named = zip(("mu1", "mu2", "sigma1", "sigma2"), (*q.loc, *q.scale), strict=True)
    return {name: float(value) for name, value in named}
