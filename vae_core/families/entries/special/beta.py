"""The incomplete beta function, which torch has not: the CDF of a Beta, an F and a Student's t."""

from __future__ import annotations

import torch
from torch import Tensor

TERMS, TINY = 400, 1e-300


def beta_cdf(a: Tensor, b: Tensor, x: Tensor, rest: Tensor) -> Tensor:
    """P(X < x) for a Beta with shapes a and b: the regularized incomplete beta function.

    By Lentz's continued fraction, on whichever side of the mean it converges fast. Source: Press
    et al., Numerical Recipes, 2007, section 6.4. Without a gradient.

    Args:
        a, b: positive, broadcast with x.
        x: between 0 and 1; rest: 1 - x, given apart since near 1 that difference loses its digits.

    >>> one = torch.ones(1).double()
    >>> round(beta_cdf(2.0 * one, one, 0.3 * one, 0.7 * one).item(), 9)  # x^2
    0.09
    """
    a, b, x, rest = torch.broadcast_tensors(a, b, x, rest)
    swap = x > (a + 1.0) / (a + b + 2.0)
    first, second = b.where(swap, a), a.where(swap, b)
    near, far = rest.where(swap, x), x.where(swap, rest)
    known = torch.lgamma(a + b) - torch.lgamma(a) - torch.lgamma(b)
    front = (known + torch.xlogy(first, near) + torch.xlogy(second, far)).exp() / first
    part = (front * _fraction(first, second, near)).where(near > 0.0, 0.0)
    return (1.0 - part).where(swap, part)


def _fraction(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    c, d = torch.ones_like(x), 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    found = d
    for m in range(1, TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0))
        for term in (even, odd):
            c, d = _away(1.0 + term / c), 1.0 / _away(1.0 + term * d)
            found = found * c * d
        if ((c * d - 1.0).abs() < 1e-15).all():
            break
    return found


def _away(x: Tensor) -> Tensor:
    """Not zero, so that it can be divided by."""
    return x.where(x.abs() > TINY, TINY)
