"""The best Gaussian q for each image by gradient steps, where the encoder gives one in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import Normal
from vae_core.vae.model import VAE
from vae_core.vae.posterior.bound import NODES, exact_elbo, measured_elbo

STEPS, LONGEST, HALVINGS = 40, 0.4, 12


@dataclass(frozen=True)
class Refinement:
    """The way from the encoder's q to the best Gaussian for one image.

    Attributes:
        loc, scale: (S + 1, 2), the encoder's own first.
        elbo: (S + 1,) in nats, measured apart from the search.
        error: how far the two rules that measured it are apart at most, in nats.
    """

    loc: Tensor
    scale: Tensor
    elbo: Tensor
    error: float


def refine(model: VAE, x: Tensor, steps: int = STEPS) -> Refinement:
    """Raise the ELBO of one image (784,) by `climb`, from what the encoder predicts."""
    with torch.no_grad():
        start = model.diagonal_q(x.unsqueeze(0))
    locs, scales = climb(model, x.unsqueeze(0), start, steps)
    return _measured(model, x, locs[:, 0], scales[:, 0])


def climb(
    model: VAE, x: Tensor, start: Normal, steps: int = STEPS, nodes: int = NODES
) -> tuple[Tensor, Tensor]:
    """Gradient steps on mu and log sigma of N images at once, each with a rate of its own.

    The gradient is exact up to quadrature, so the way is the same every time. It is the natural
    one: sigma^2 times the gradient in mu, half the one in log sigma (the Fisher information of a
    Gaussian is 1 / sigma^2 and 2). A step that would lower an image's bound is halved until it
    does not, so the bound never falls by more than the search's own rule is off.

    Args:
        x: images (N, 784).
        start: with loc and scale (N, 2).
        nodes: of the Gauss-Hermite rule, along each axis.

    Returns:
        mu and sigma on the way, (steps + 1, N, 2) each; the start first.
    """
    mu, log_sigma = start.loc.clone(), start.scale.log()
    rate = torch.full((len(x),), LONGEST, dtype=x.dtype)
    with torch.no_grad():
        bound = exact_elbo(model, x, start, nodes)
    way = [(mu.clone(), log_sigma.clone())]
    for _ in range(steps):
        moving = rate > 0.0  # for the others no step rose any more: there they stay
        if moving.any():
            slopes = _slopes(model, x[moving], mu[moving], log_sigma[moving], nodes)
            along = (2.0 * log_sigma[moving]).exp() * slopes[0], 0.5 * slopes[1]
            places = moving.nonzero()[:, 0]
            _step(model, x, (mu, log_sigma), along, bound, rate, places, nodes)
        way.append((mu.clone(), log_sigma.clone()))
    locs, log_scales = (torch.stack([place[n] for place in way]) for n in (0, 1))
    return locs, log_scales.exp()


@torch.no_grad()
def _step(
    model: VAE,
    x: Tensor,
    at: tuple[Tensor, Tensor],
    along: tuple[Tensor, Tensor],
    bound: Tensor,
    rate: Tensor,
    places: Tensor,
    nodes: int,
) -> None:
    """Move mu, log sigma, bound and rate of the images at `places`, in place."""
    mu, log_sigma = at
    for _ in range(HALVINGS):
        far = rate[places].unsqueeze(-1)
        trial = mu[places] + far * along[0], log_sigma[places] + (far * along[1]).clamp(-1.0, 1.0)
        found = exact_elbo(model, x[places], Normal(trial[0], trial[1].exp()), nodes)
        rises = found >= bound[places]
        risen = places[rises]
        mu[risen], log_sigma[risen], bound[risen] = trial[0][rises], trial[1][rises], found[rises]
        rate[risen] = (1.5 * rate[risen]).clamp_max(LONGEST)
        places, along = places[~rises], (along[0][~rises], along[1][~rises])
        if not len(places):
            return
        rate[places] /= 2.0
    rate[places] = 0.0


def _measured(model: VAE, x: Tensor, locs: Tensor, scales: Tensor) -> Refinement:
    """The bound at each place of the way, (S + 1, 2) each; places that stay are measured once."""
    found: list[tuple[float, float]] = []
    for t in range(len(locs)):
        stays = (
            t > 0 and torch.equal(locs[t], locs[t - 1]) and torch.equal(scales[t], scales[t - 1])
        )
        found.append(found[-1] if stays else measured_elbo(model, x, Normal(locs[t], scales[t])))
    bounds, errors = zip(*found, strict=True)
    return Refinement(locs, scales, torch.tensor(bounds, dtype=torch.float64), max(errors))


def _slopes(
    model: VAE, x: Tensor, mu: Tensor, log_sigma: Tensor, nodes: int
) -> tuple[Tensor, Tensor]:
    """Gradient of each image's exact ELBO in mu and log sigma, (N, 2) each."""
    leaves = [each.detach().requires_grad_() for each in (mu, log_sigma)]
    bound = exact_elbo(model, x, Normal(leaves[0], leaves[1].exp()), nodes)
    by_mu, by_log_sigma = torch.autograd.grad(bound.sum(), leaves)
    return by_mu, by_log_sigma
