"""Integrals over an interval or a half-line, by the double exponential rule.

The trapezoidal rule after a substitution under which the integrand falls off doubly exponentially,
so that an end where it is infinite, and a tail that is a power, cost nothing.
Source: Takahasi & Mori 1974.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

REACH, STEP = 5.5, 1.0 / 32.0


@lru_cache(maxsize=1)
def _rule() -> tuple[Tensor, Tensor]:
    """s = (pi / 2) sinh t at even steps of t, and its derivative times the step."""
    t = torch.arange(-REACH, REACH + STEP / 2, STEP, dtype=torch.float64)
    return 0.5 * math.pi * t.sinh(), 0.5 * math.pi * t.cosh() * STEP


def nodes_and_weights(low: float, high: float, width: float) -> tuple[Tensor, Tensor]:
    """Nodes z and weights w, so that an integral of f is about the sum of w f(z); (N,) each.

    Args:
        low, high: the ends; one of them may be infinite.
        width: where an end is infinite, about how far most of the integrand reaches, > 0.

    >>> z, w = nodes_and_weights(0.0, math.inf, 1.0)
    >>> round((w * z.rsqrt() * (-z).exp()).sum().item() ** 2, 12)  # Gamma(1/2) squared is pi
    3.14159265359
    """
    return substituted(*_rule(), low, high, width)


def substituted(
    s: Tensor, ds: Tensor, low: float, high: float, width: float
) -> tuple[Tensor, Tensor]:
    """Where s, from minus infinity on, leads between the ends; and the step there, for a step ds.

    Args:
        low, high, width: as for `nodes_and_weights`; z falls with s if `low` is infinite.
    """
    if math.isfinite(low) and math.isfinite(high):
        share, rest = (2.0 * s).sigmoid(), (-2.0 * s).sigmoid()
        near = torch.where(s < 0.0, low + (high - low) * share, high - (high - low) * rest)
        return near.clamp(low, high), (high - low) * 2.0 * share * rest * ds
    off = width * s.exp()
    return (low + off if math.isfinite(low) else high - off), off * ds


def split_at(low: float, middle: float, high: float, width: float) -> tuple[Tensor, Tensor]:
    """The same for both sides of a middle, where the integrand may have a corner."""
    sides = nodes_and_weights(low, middle, width), nodes_and_weights(middle, high, width)
    nodes, weights = (torch.cat(pair) for pair in zip(*sides, strict=True))
    return nodes, weights


def integral(f: Callable[[Tensor], Tensor], nodes: Tensor, weights: Tensor) -> float:
    """The sum of w f(z); far out, where f is next to zero and may be no number, it counts as 0."""
    return float((weights * f(nodes)).nan_to_num(0.0, 0.0, 0.0).sum())
