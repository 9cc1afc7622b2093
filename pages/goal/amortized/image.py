"""What is known of one image, whatever the hand does: its posterior, and the bells to beat."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch

from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.model import VAE
from vae_core.vae.posterior import GridPosterior, climb, grid_posterior, measured_elbo
from vae_core.vae.posterior.amortize import NODES

SPECIMEN = 2
STEPS = 25


class Solved(NamedTuple):
    """Of one image: its posterior, the encoder's q and its bound, and the way from the prior.

    The best bell is the better of two that were found: from the prior, and from the encoder's q.
    """

    truth: GridPosterior
    encoder: Normal
    bound: float
    way: Normal
    way_bound: float
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
        encoder = model().diagonal_q(x)
    zeros = torch.zeros(2)
    starts = Normal(torch.stack((zeros, encoder.loc)), torch.stack((zeros + 1.0, encoder.scale)))
    locs, scales = climb(model(), x.expand(2, -1), starts, STEPS, NODES)
    ends = [Normal(locs[-1, i], scales[-1, i]) for i in (0, 1)]
    bounds = [measured_elbo(model(), x, q)[0] for q in (*ends, encoder)]
    best = 0 if bounds[0] > bounds[1] else 1
    return Solved(
        grid_posterior(model(), x),
        encoder,
        bounds[2],
        Normal(locs[:, 0], scales[:, 0]),
        bounds[0],
        ends[best],
        bounds[best],
    )


def near_encoder(digit: int) -> dict[str, float]:
    """The encoder's prediction as values of the sliders, which take the nearest position."""
    q = solved(digit).encoder
    named = zip(("mu1", "mu2", "sigma1", "sigma2"), (*q.loc, *q.scale), strict=True)
    return {name: float(value) for name, value in named}
