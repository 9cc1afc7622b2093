"""The quantile of a Gamma in logarithms, and its derivative in the shape: implicit.

With F the CDF and q the density, F(z; a) = u at a fixed u gives dz/da = -(dF/da) / q (Figurnov et
al. 2018). Both sides of z = a have a form without cancellation, and without q: with
z = exp(x), d log z / da is

    below: (1/a) sum_n c_n (digamma(a + 1) - x + h_n),  c_n = z^n / ((a+1)...(a+n)),
           h_n = 1/(a+1) + ... + 1/(a+n), from the power series of the incomplete gamma function;
    above: the integral over s > 0 of exp(a s - z (e^s - 1)) (x - digamma(a) + s), from the
           integral that 1 - F is, with t = z e^s in it.

All terms of the first are positive for z <= a, all of the second for z >= a. In float64, whatever
the dtype of the arguments.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from vae_core.families.entries.special.implicit import Law, between, quantile_of

NODES, NEWTON, CUT = 48, 60, 40.0
SMALL = -30.0  # log z below which the series' first two terms are the whole of it


def log_gamma_quantile(u: Tensor, shape: Tensor) -> Tensor:
    """Log z with P(Z < z) = u for a Gamma with this shape and rate 1; differentiable in both.

    In logarithms, since z itself underflows for small shapes.

    Args:
        u: numbers between 0 and 1.
        shape: positive, broadcast with u.

    >>> z = log_gamma_quantile(torch.tensor([0.5]), torch.tensor([1.0])).exp()
    >>> round(z.item(), 6)  # an Exponential's median is log 2
    0.693147
    """
    return quantile_of(LOG_GAMMA, u, shape)


def log_mass(x: Tensor, a: Tensor) -> Tensor:
    """The log of z q(z), the density of x = log z."""
    return a * x - x.exp() - torch.lgamma(a)


def solve(u: Tensor, a: Tensor) -> Tensor:
    """Find x = log z by Newton on log F up to the median and on log(1 - F) above it.

    Both are concave in x, so that it cannot go astray.
    """
    low, above = (u.log() + torch.lgamma(a + 1.0)) / a, u > 0.5  # F < z^a / Gamma(a + 1)
    root = 1.0 - 1.0 / (9.0 * a) + torch.special.ndtri(u) / (3.0 * a.sqrt())
    x = torch.maximum(low, a.log() + 3.0 * root.clamp_min(1e-3).log())  # Wilson & Hilferty 1931
    high = (a + 10.0 * a.sqrt() + 50.0).log()
    goal = torch.where(above, torch.log1p(-u), u.log())
    for _ in range(NEWTON):
        tail = _log_tail(x, a, above)
        step = (tail - goal) * (tail - log_mass(x, a)).exp()
        moved = torch.where(above, x + step, x - step).clamp(low, high)
        done = ((moved - x).abs() <= 1e-11 * (1.0 + x.abs())).all()
        x = moved
        if done:
            break
    return x


def _log_tail(x: Tensor, a: Tensor, above: Tensor) -> Tensor:
    """The log of 1 - F where `above`, else of F."""
    z = x.exp()
    mass = torch.where(above, torch.special.gammaincc(a, z), torch.special.gammainc(a, z)).log()
    first = a * x - torch.lgamma(a + 1.0) - z * a / (a + 1.0)
    return torch.where((x < SMALL) & ~above, first, mass)


def slope(x: Tensor, a: Tensor) -> Tensor:
    """The derivative of x = log z in the shape a, u held fixed."""
    x, a = torch.broadcast_tensors(x, a)
    found, below = torch.empty_like(x), x <= a.log()
    found[below] = _slope_below(x[below], a[below])
    found[~below] = _slope_above(x[~below], a[~below])
    return found


def _slope_below(x: Tensor, a: Tensor) -> Tensor:
    z = x.exp()
    off: Tensor = torch.special.digamma(a + 1.0) - x
    term, harmonic, total, n = torch.ones_like(x), torch.zeros_like(x), off.clone(), 0
    while term.numel() and (term * (off + harmonic) > 1e-17 * total).any():
        n += 1
        term, harmonic = term * z / (a + n), harmonic + 1.0 / (a + n)
        total = total + term * (off + harmonic)
    return total / a


def _slope_above(x: Tensor, a: Tensor) -> Tensor:
    z, off = x.exp(), x - torch.special.digamma(a)

    def weighted(s: Tensor) -> Tensor:
        found: Tensor = (a * s - z * s.expm1()).exp() * (off + s)
        return found

    return between(weighted, torch.zeros_like(x), _reach(z, a), NODES)


def _reach(z: Tensor, a: Tensor) -> Tensor:
    """The s at which the integrand has fallen to exp(-CUT): Newton from its right."""
    s = torch.minimum((2.0 * CUT / z).sqrt(), 2.0 + torch.log1p(CUT / z))
    s = torch.minimum(s, CUT / (z - a).clamp_min(math.ulp(0.0)))
    for _ in range(6):
        s = s - (a * s - z * s.expm1() + CUT) / (a - z * s.exp())
    return s


LOG_GAMMA = Law(solve, log_mass, slope)
