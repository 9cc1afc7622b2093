"""The Kullback-Leibler divergence in one dimension: a bell against a bell, and against two hills.

KL(q || p) = E_q[log q(z) - log p(z)] in nats. Here q is a bell and p a mixture of two hills, bells
of one and the same width. KL(q || p), whose draws come from q, is called the reverse direction;
KL(p || q) the forward one. Tensors of any shapes that broadcast, float64 where there is quadrature;
nothing is summed over them.

Two hills of one width differ in their logarithm by a straight line, so log p is a parabola and a
softplus of that line: what has no closed form is the expectation of a softplus under a bell, and
`softplus_expectation` gives it with an error that is proven.

Sources: Kullback & Leibler 1951; Minka 2005, "Divergence measures and message passing".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from vae_core.families.entries.normal import LOG_SQRT_2PI, Normal
from vae_core.families.quadrature import ROUNDING, softplus_expectation

Direction = Literal["reverse", "forward"]


@dataclass(frozen=True)
class Hills:
    """The mixture p(z) = share N(left, scale^2) + (1 - share) N(right, scale^2), left <= right.

    Args:
        left, right: the hills' centres; where they agree, p is a bell.
        scale: their width, a standard deviation > 0.
        share: mass of the left one, in (0, 1).

    >>> p = Hills(*torch.tensor([-2.0, 2.0, 0.5, 0.25]))
    >>> p.mean.item(), p.variance.item()
    (1.0, 3.25)
    """

    left: Tensor
    right: Tensor
    scale: Tensor
    share: Tensor

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) in nats, elementwise."""
        below = self.share.log() - 0.5 * ((z - self.left) / self.scale).square()
        above = torch.log1p(-self.share) - 0.5 * ((z - self.right) / self.scale).square()
        return torch.logaddexp(below, above) - self.scale.log() - LOG_SQRT_2PI

    def transform(self, u: Tensor, eps: Tensor) -> Tensor:
        """Samples from noise that knows no parameters: u from [0, 1) picks the hill, eps moves."""
        return torch.where(u < self.share, self.left, self.right) + self.scale * eps

    @property
    def mean(self) -> Tensor:
        """E_p[z]."""
        return self.share * self.left + (1.0 - self.share) * self.right

    @property
    def variance(self) -> Tensor:
        """Var_p[z], of the hills and between them."""
        apart = self.right - self.left
        return self.scale.square() + self.share * (1.0 - self.share) * apart.square()


class Divergences(NamedTuple):
    """Both directions in nats, and what either may be off at most."""

    reverse: Tensor
    forward: Tensor
    error: float


def bell_to_bell(q: Normal, p: Normal) -> Tensor:
    """KL(q || p) of two bells in closed form, elementwise.

    >>> narrow, wide = (Normal(torch.tensor(0.0), torch.tensor(s)) for s in (1.0, 2.0))
    >>> [round(kl.item(), 4) for kl in (bell_to_bell(narrow, wide), bell_to_bell(wide, narrow))]
    [0.3181, 0.8069]
    """
    ratio, apart = q.scale / p.scale, (q.loc - p.loc) / p.scale
    return 0.5 * (ratio.square() + apart.square() - 1.0) - ratio.log()


class _LogMean(NamedTuple):
    """E[log p(z)] under a bell, its derivatives in loc and scale, its size and its error."""

    value: Tensor
    loc: Tensor
    scale: Tensor
    error: float


def _log_mean(p: Hills, loc: Tensor, scale: Tensor) -> _LogMean:
    """log p = log of the left hill's part + softplus(line); the line's slope is at least 0."""
    variance = p.scale.square()
    slope = (p.right - p.left) / variance
    odds = torch.log1p(-p.share) - p.share.log()
    line = odds + slope * (loc - 0.5 * (p.left + p.right))
    line, width = torch.broadcast_tensors(line, slope * scale)
    rest = softplus_expectation(line, width)
    away = loc - p.left
    parabola = 0.5 * (away.square() + scale.square()) / variance
    constant = p.share.log() - p.scale.log() - LOG_SQRT_2PI
    size = parabola.max() + constant.abs().max() + odds.abs().max() + line.abs().max() + 1.0
    return _LogMean(
        constant - parabola + rest.value,
        slope * rest.loc - away / variance,
        slope * rest.scale - scale / variance,
        rest.error + 8.0 * ROUNDING * size.item(),
    )


def divergences(q: Normal, p: Hills) -> Divergences:
    """Both directions by quadrature, with a proven bound on the error.

    >>> p = Hills(*torch.tensor([-2.0, 2.0, 0.5, 0.5], dtype=torch.float64))
    >>> found = divergences(Normal(*torch.tensor([2.0, 0.5], dtype=torch.float64)), p)
    >>> round(found.reverse.item(), 4), round(found.forward.item(), 2)  # log 2, and much more
    (0.6931, 15.31)
    """
    under_q = _log_mean(p, q.loc, q.scale)
    left, right = (_log_mean(p, place, p.scale) for place in (p.left, p.right))
    own_q = -q.scale.log() - LOG_SQRT_2PI
    own_p = p.share * left.value + (1.0 - p.share) * right.value
    parabola = 0.5 * (p.variance + (p.mean - q.loc).square()) / q.scale.square()
    size = 1.0 + own_q.abs().max().item() + parabola.max().item()
    return Divergences(
        own_q - 0.5 - under_q.value,
        own_p - own_q + parabola,
        max(under_q.error, left.error, right.error) + 8.0 * ROUNDING * size,
    )


def slopes(q: Normal, p: Hills, direction: Direction) -> tuple[Tensor, Tensor]:
    """Derivatives of a direction's KL in q's loc and in the logarithm of its scale, elementwise."""
    if direction == "reverse":
        under_q = _log_mean(p, q.loc, q.scale)
        return -under_q.loc, -1.0 - q.scale * under_q.scale
    away = q.loc - p.mean
    return away / q.scale.square(), 1.0 - (p.variance + away.square()) / q.scale.square()


def descend(q: Normal, p: Hills, direction: Direction, steps: int, rate: float) -> Normal:
    """The bells on the way from q down a direction's KL: loc and scale are (steps + 1, ...).

    Each step follows the natural gradient in loc and scale^2: the slope in loc times scale^2, and
    for scale^2 the slope in log scale times scale^2. So the forward direction comes nearer to p's
    mean and variance by the share `rate` of what is left, and the reverse one does near its end.

    Source: Amari 1998, "Natural gradient works efficiently in learning".

    Raises:
        ValueError: a step would have left q without width.

    >>> p = Hills(*torch.tensor([-2.0, 2.0, 0.5, 0.5], dtype=torch.float64))
    >>> start = Normal(*torch.tensor([1.0, 1.0], dtype=torch.float64))
    >>> way = descend(start, p, "forward", steps=60, rate=0.15)
    >>> round(way.loc[-1].item(), 3), round(way.scale[-1].item() ** 2, 2)  # p's mean and variance
    (0.0, 4.25)
    """
    way = [q]
    for _ in range(steps):
        by_loc, by_log_scale = slopes(q, p, direction)
        loc = q.loc - rate * q.scale.square() * by_loc
        q = Normal(loc, q.scale * (1.0 - rate * by_log_scale).sqrt())
        way.append(q)
    if not q.scale.gt(0.0).all():  # NaN is not, either
        raise ValueError(f"The rate {rate:g} is too large for a start so wide.")
    return Normal(torch.stack([q.loc for q in way]), torch.stack([q.scale for q in way]))


def moment_match(p: Hills) -> Normal:
    """The bell with the least KL(p || q): p's own mean and variance (Minka 2005, section 3.1)."""
    return Normal(p.mean, p.variance.sqrt())


def running_mean(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of the first n values, and its standard error, for n = 1 ... N: (N,) each.

    The error is that of the measured deviation (n - 1 in its denominator); NaN for n = 1.

    >>> mean, error = running_mean(torch.tensor([1.0, 3.0, 2.0]))
    >>> mean.tolist(), round(error[2].item(), 4)
    ([1.0, 2.0, 2.0], 0.5774)
    """
    count = torch.arange(1, len(values) + 1, dtype=values.dtype)
    shift = values[0]  # so that nearly equal values do not cancel
    moved = values - shift
    mean = moved.cumsum(0) / count
    spread = (moved.square().cumsum(0) - count * mean.square()).clamp(min=0.0)
    error = (spread / (count * (count - 1.0))).sqrt()
    error[0] = math.nan
    return mean + shift, error
