"""The quantile of a von Mises angle, and its derivative in the concentration: implicit.

The density is exp(kappa cos w) / (2 pi I_0(kappa)) for w between -pi and pi. At a fixed u,
dw/dkappa = -(dF/dkappa) / q (Figurnov et al. 2018), and dF/dkappa is the integral of
q(t) (cos t - A) with A = I_1 / I_0, which is zero over the whole circle: it is taken over that
side of w, between 0 and pi, where the sign of cos t - A does not change, by Gauss-Legendre. The CDF
is its Fourier series, summed from its end (Hill 1977). In float64, whatever the arguments' dtype.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.families.entries.special.implicit import Law, between, quantile_of

NODES, NEWTON, CUT = 48, 60, 40.0


def von_mises_quantile(u: Tensor, kappa: Tensor) -> Tensor:
    """The angle w with P(W < w) = u; differentiable in both.

    Args:
        u: numbers between 0 and 1.
        kappa: the concentration, positive, broadcast with u.

    >>> w = von_mises_quantile(torch.tensor([0.75]), torch.tensor([1e-9]))
    >>> round(w.item() / math.pi, 6)  # next to a uniform angle
    0.5
    """
    return quantile_of(VON_MISES, u, kappa)


def von_mises_cdf(w: Tensor, kappa: Tensor) -> Tensor:
    """P(W < w) for an angle w between -pi and pi. Without a gradient."""
    tail = _tail(w.abs().double(), kappa.double())
    return torch.where(w > 0.0, 1.0 - tail, tail).to(w.dtype)


def log_density(w: Tensor, kappa: Tensor) -> Tensor:
    """Log-density in nats."""
    found: Tensor = kappa * (w.cos() - 1.0) - (2.0 * math.pi * torch.special.i0e(kappa)).log()
    return found


def solve(u: Tensor, kappa: Tensor) -> Tensor:
    """Newton on the log of P(W > |w|), which is concave, from where a normal number would be."""
    beyond = torch.minimum(u, 1.0 - u)
    goal, most = beyond.log(), math.pi * (1.0 - 2.0 * beyond)  # a uniform angle's, or nearer to 0
    normal = -torch.special.ndtri(beyond) / (2.0 * kappa.sqrt())
    w = torch.minimum(2.0 * normal.clamp_max(1.0).asin(), most)
    for _ in range(NEWTON):
        tail = _tail(w, kappa)
        moved = w + (tail.log() - goal) * tail * (-log_density(w, kappa)).exp()
        moved = torch.minimum(moved.clamp_min(0.0), most)
        done = ((moved - w).abs() <= 1e-10).all()
        w = moved
        if done:
            break
    return torch.where(u > 0.5, w, -w)


def _tail(w: Tensor, kappa: Tensor) -> Tensor:
    """P(W > w) for w between 0 and pi, right to 1e-15."""
    last = 20 + int((80.0 * kappa.max()).sqrt())
    ratio, total = torch.zeros_like(kappa), torch.zeros_like(w)
    for n in range(last, 0, -1):
        ratio = kappa / (2.0 * n + kappa * ratio)  # I_n / I_(n-1)
        total = ratio * ((n * w).sin() / n + total)
    return (0.5 - w / (2.0 * math.pi) - total / math.pi).clamp_min(1e-17)


def slope(w: Tensor, kappa: Tensor) -> Tensor:
    """The derivative of w in kappa, u held fixed."""
    angle = w.abs()
    mean: Tensor = torch.special.i1e(kappa) / torch.special.i0e(kappa)
    inner = angle.cos() >= mean
    far = (angle.cos() - CUT / kappa).clamp_min(-1.0).acos()
    low, high = torch.where(inner, 0.0, angle), torch.where(inner, angle, far)

    def weighted(t: Tensor) -> Tensor:
        return (kappa * (t.cos() - angle.cos())).exp() * (t.cos() - mean).abs()

    return -w.sign() * between(weighted, low, high, NODES)


VON_MISES = Law(solve, log_density, slope)
