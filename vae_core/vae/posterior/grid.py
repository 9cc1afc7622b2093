"""p(z|x) and log p(x) of one image on a grid, where z is a plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI
from vae_core.vae.model import VAE
from vae_core.vae.objective import bernoulli_log_prob

REACH, COARSE, FINE = 6.0, 121, 121
DEEP = 16.0
CHUNK = 4096


@dataclass(frozen=True)
class GridPosterior:
    """p(z|x) of one image on a rectangular grid.

    Attributes:
        first, second: (G,) the values of z_1 and z_2.
        density: (G, G), rows along z_2; it sums to one over the cells.
        log_evidence: log p(x) in nats.
        error: how far log p(x) on this grid is from that on the grid between its points.
    """

    first: Tensor
    second: Tensor
    density: Tensor
    log_evidence: float
    error: float

    @property
    def cell(self) -> float:
        """Area of one cell."""
        return float((self.first[1] - self.first[0]) * (self.second[1] - self.second[0]))

    def mass_above(self) -> Tensor:
        """For each cell the mass of all cells at least as dense, 0 to 1: (G, G).

        Where it equals 0.39 and 0.86 runs the smallest region that holds as much mass as a
        Gaussian has within one and two deviations of its mean in the plane.
        """
        ordered, order = self.density.flatten().sort(descending=True)
        ranks = torch.empty_like(ordered)
        ranks[order] = ordered.cumsum(0) * self.cell
        return ranks.view_as(self.density)


def log_joint(model: VAE, x: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) = log p(x|z) + log p(z) of one image (784,) at latents (N, D): (N,)."""
    parts = [bernoulli_log_prob(x, model.decoder(each)) for each in z.split(CHUNK)]
    prior = -0.5 * z.square().sum(-1) - z.shape[-1] * LOG_SQRT_2PI
    return torch.cat(parts) + prior


@torch.no_grad()
def grid_posterior(model: VAE, x: Tensor, fine: int = FINE) -> GridPosterior:
    """p(z|x) by the rule of rectangles: on a coarse grid first, then on a fine one around the mass.

    log p(x) is taken from two such grids, one between the points of the other.

    Args:
        model: a VAE whose z has two dimensions.
        x: one image in [0, 1], (784,).
        fine: G, odd, so that the middle is a point.

    Raises:
        ValueError: z has another number of dimensions, or G is even.
    """
    if model.gaussian_q(x.unsqueeze(0)).loc.shape[-1] != 2:
        raise ValueError("The true posterior is put on a grid where z has two dimensions only.")
    if fine % 2 == 0:
        raise ValueError(f"The grid needs an odd number of points along each axis, not {fine}.")
    line = torch.linspace(-REACH, REACH, COARSE)
    rough = log_joint(model, x, _points(line, line))
    seen = _points(line, line)[rough > rough.max() - DEEP]
    margin = 2.0 * (line[1] - line[0])
    low, high = seen.amin(0) - margin, seen.amax(0) + margin
    first, second = (torch.linspace(float(low[d]), float(high[d]), fine) for d in (0, 1))
    log_density = log_joint(model, x, _points(first, second)).double().view(fine, fine)
    cell = float((first[1] - first[0]) * (second[1] - second[0]))
    here = log_density.logsumexp((0, 1))
    between = (axis + 0.5 * (axis[1] - axis[0]) for axis in (first, second))
    there = log_joint(model, x, _points(*between)).double().logsumexp(0)
    log_evidence = float(torch.logaddexp(here, there)) - math.log(2.0) + math.log(cell)
    density = (log_density - here).exp() / cell
    return GridPosterior(first, second, density, log_evidence, abs(float(here - there)))


def _points(first: Tensor, second: Tensor) -> Tensor:
    """All pairs, (N, 2), z_1 running fastest."""
    rows, columns = torch.meshgrid(second, first, indexing="ij")
    return torch.stack((columns, rows), dim=-1).view(-1, 2)
