"""One doubly stochastic gradient: some of the cases, and some draws of noise.

Both functions estimate the same gradient, of the sum of E_q[log p(y|w)] over all N cases, in loc
and C. They differ in where the noise enters: in the weights, one draw for the whole minibatch; or
in each case's own x.w (local reparameterization), where cases err independently.

Sources: Titsias & Lázaro-Gredilla 2014, equations 5 and 6; Kingma, Salimans & Welling 2015,
"Variational Dropout and the Local Reparameterization Trick".
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.lab.doubly_stochastic.bell import Bell


class Gradient(NamedTuple):
    """In loc, (D,), and in the lower triangle of C, (D, D)."""

    loc: Tensor
    chol: Tensor


def by_weights(q: Bell, x: Tensor, sign: Tensor, noise: Tensor, factor: float) -> Gradient:
    """The path through w = loc + C eps.

    Args:
        x, sign: the minibatch, (B, D) and (B,).
        noise: eps, standard normal, K draws: (K, D).
        factor: N / B.
    """
    w = q.loc + noise @ q.chol.T
    slope = sign * torch.sigmoid(-sign * (w @ x.T))
    in_w = factor * slope @ x / len(noise)
    return Gradient(in_w.sum(0), torch.tril(in_w.T @ noise))


def by_cases(q: Bell, x: Tensor, sign: Tensor, noise: Tensor, factor: float) -> Gradient:
    """The path through each case's own a = x.loc + |C^T x| eps.

    Args:
        x, sign, factor: as in `by_weights`.
        noise: K draws for each case of the minibatch: (K, B).
    """
    across = x @ q.chol
    deviation = across.norm(dim=1)
    slope = sign * torch.sigmoid(-sign * (x @ q.loc + deviation * noise))
    in_mean = factor * slope.mean(0)
    in_deviation = factor * (slope * noise).mean(0)
    stretched = (in_deviation / deviation).unsqueeze(1) * across
    return Gradient(in_mean @ x, torch.tril(x.T @ stretched))


PLACES = {"weights": by_weights, "cases": by_cases}
"""Where the noise enters, by name."""


def drawn(place: str, samples: int, batch: int, size: int, gen: torch.Generator) -> Tensor:
    """The noise of one gradient: (K, D) for the weights, (K, B) for the cases."""
    width = size if place == "weights" else batch
    return torch.randn(samples, width, dtype=torch.float64, generator=gen)
