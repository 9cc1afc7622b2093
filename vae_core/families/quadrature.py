"""Expectations under a Gaussian by quadrature, with an estimate of their error.

Gauss-Hermite quadrature for smooth costs; adaptive Gauss-Legendre panels for costs that may have
corners and jumps. Both give the gradients as E[f eps] / scale and E[f (eps^2 - 1)] / scale, so f is
never differentiated.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

NODES = 192
REACH, FIRST_PANELS, PANEL_NODES = 12.0, 64, 16
MOST_PANELS, DEEPEST, TOLERANCE = 2_000, 45, 1e-12


class Integral(NamedTuple):
    """E[f] and its gradient in loc and scale, each (..., D), and the worst error, estimated."""

    value: Tensor
    loc: Tensor
    scale: Tensor
    error: float


@functools.cache
def hermite_rule(nodes: int) -> tuple[Tensor, Tensor]:
    """Nodes eps and weights, so that E[g(eps)] is about sum w g(eps); (N,) each."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return torch.from_numpy(points), torch.from_numpy(weights / math.sqrt(2.0 * math.pi))


@functools.cache
def legendre_rule(nodes: int) -> tuple[Tensor, Tensor]:
    """Nodes and weights on [-1, 1]; (N,) each."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return torch.from_numpy(points), torch.from_numpy(weights)


def smooth_expectation(
    f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, nodes: int = NODES
) -> Integral:
    """E[f(z)] for z ~ N(loc, scale^2), elementwise, by Gauss-Hermite; f must be smooth.

    The error is the change from N // 2 nodes to N.
    """
    value, by_loc, by_scale = _hermite_sums(f, loc, scale, nodes)
    coarse = _hermite_sums(f, loc, scale, nodes // 2)
    pairs = zip((value, by_loc, by_scale), coarse, strict=True)
    error = max((fine - rough).detach().abs().max().item() for fine, rough in pairs)
    return Integral(value, by_loc, by_scale, error)


def _hermite_sums(
    f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, nodes: int
) -> tuple[Tensor, Tensor, Tensor]:
    eps, weights = hermite_rule(nodes)
    weighted = f(loc.unsqueeze(-1) + scale.unsqueeze(-1) * eps) * weights
    by_loc = (weighted * eps).sum(-1) / scale
    by_scale = (weighted * (eps * eps - 1.0)).sum(-1) / scale
    return weighted.sum(-1), by_loc, by_scale


def adaptive_expectation(f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor) -> Integral:
    """E[f(z)] likewise, by panels that are halved until halving them changes nothing any more.

    Corners and jumps are closed in on; at a pole the error stays large, and says so.
    """
    pairs = torch.stack((loc.flatten(), scale.flatten()), dim=1)
    distinct, place = torch.unique(pairs, dim=0, return_inverse=True)
    found = [_by_panels(f, mu, sigma) for mu, sigma in distinct.tolist()]
    table = torch.tensor([sums for sums, _ in found], dtype=loc.dtype)[place]
    value, by_loc, by_scale = (column.view(loc.shape) for column in table.unbind(1))
    return Integral(value, by_loc, by_scale, max(error for _, error in found))


def _by_panels(
    f: Callable[[Tensor], Tensor], loc: float, scale: float
) -> tuple[list[float], float]:
    """E[f] and both gradients, and the sum of what the last halvings changed."""
    edges = torch.linspace(-REACH, REACH, FIRST_PANELS + 1, dtype=torch.float64)
    left, right = edges[:-1], edges[1:]
    whole = _panel_sums(f, loc, scale, left, right)
    total, error = torch.zeros(3, dtype=torch.float64), 0.0
    for depth in range(DEEPEST):
        middle = (left + right) / 2.0
        halves = torch.stack(
            (_panel_sums(f, loc, scale, left, middle), _panel_sums(f, loc, scale, middle, right))
        )
        change = (halves.sum(0) - whole).abs().amax(1)
        last = depth == DEEPEST - 1 or len(left) > MOST_PANELS
        settled = torch.full_like(change, last, dtype=torch.bool) | (change < TOLERANCE)
        total += halves.sum(0)[settled].sum(0)
        error += change[settled].sum().item()
        if settled.all():
            break
        left, right, middle = left[~settled], right[~settled], middle[~settled]
        left, right = torch.cat((left, middle)), torch.cat((middle, right))
        whole = halves[:, ~settled].flatten(0, 1)
    return total.tolist(), error


def _panel_sums(
    f: Callable[[Tensor], Tensor], loc: float, scale: float, left: Tensor, right: Tensor
) -> Tensor:
    """The three integrals over each panel of eps: (P, 3)."""
    nodes, weights = legendre_rule(PANEL_NODES)
    half = ((right - left) / 2.0).unsqueeze(1)
    eps = ((left + right) / 2.0).unsqueeze(1) + half * nodes
    density = torch.exp(-0.5 * eps * eps) / math.sqrt(2.0 * math.pi)
    weighted = f(loc + scale * eps) * density * weights * half
    by_loc, by_scale = weighted * eps / scale, weighted * (eps * eps - 1.0) / scale
    return torch.stack((weighted.sum(1), by_loc.sum(1), by_scale.sum(1)), dim=1)
