"""Expectations under a Gaussian by Gauss-Hermite quadrature, with an estimate of their error."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

NODES = 192


class Integral(NamedTuple):
    """E[f] and its gradient in loc and scale, each (..., D), with a bound on the worst error."""

    value: Tensor
    loc: Tensor
    scale: Tensor
    error: float


@functools.cache
def hermite_rule(nodes: int) -> tuple[Tensor, Tensor]:
    """Nodes eps and weights, so that E[g(eps)] is about sum w g(eps); (N,) each."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    return torch.from_numpy(points), torch.from_numpy(weights / math.sqrt(2.0 * math.pi))


def gaussian_expectation(
    f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, nodes: int = NODES
) -> Integral:
    """E[f(z)] for z ~ N(loc, scale^2), elementwise, and its gradient without differentiating f.

    The gradients are E[f eps] / scale and E[f (eps^2 - 1)] / scale, so f may have corners. The
    error is the change from N to N // 2 nodes: an overestimate for smooth f, honest for others.
    """
    value, by_loc, by_scale = _rule_sums(f, loc, scale, nodes)
    coarse = _rule_sums(f, loc, scale, nodes // 2)
    pairs = zip((value, by_loc, by_scale), coarse, strict=True)
    error = max((fine - rough).detach().abs().max().item() for fine, rough in pairs)
    return Integral(value, by_loc, by_scale, error)


def _rule_sums(
    f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor, nodes: int
) -> tuple[Tensor, Tensor, Tensor]:
    eps, weights = hermite_rule(nodes)
    weighted = f(loc.unsqueeze(-1) + scale.unsqueeze(-1) * eps) * weights
    by_loc = (weighted * eps).sum(-1) / scale
    by_scale = (weighted * (eps * eps - 1.0)).sum(-1) / scale
    return weighted.sum(-1), by_loc, by_scale
