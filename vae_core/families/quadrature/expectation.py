"""Expectations under a Gaussian by quadrature, with their error.

A cost that is given as a function of known parts has a proven bound (`panels`); any other is
sampled by two rules on panels that are halved until they agree, and called an estimate. Both give
the gradients as E[f eps] / scale and E[f (eps^2 - 1)] / scale, so f is never differentiated. The
softplus of logistic regression has a rule of its own, for many places at once.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_core.families.quadrature.panels import bounded_expectation
from vae_core.families.quadrature.tails import UncertainError

REACH, FARTHEST, FIRST_PANELS = 12.0, 38.0, 256
RULES = (16, 11)
MOST_PANELS, DEEPEST, TOLERANCE = 2_000, 45, 1e-13
CLOSED_FORM, CERTIFIED, ESTIMATE = "closed form", "certified", "estimate"
ROUNDING = 2.0**-50


def words(known: str, error: float) -> str | None:
    """What is known of an exact value, for a learner; None for a closed form."""
    if known == CLOSED_FORM:
        return None
    if known == CERTIFIED:
        return f"The exact value comes from quadrature, proven right to within {error:.0e}."
    return (
        "The exact value is an estimate here: two rules of quadrature agree to "
        f"{error:.0e}, which is no proof."
    )


class Integral(NamedTuple):
    """E[f] and its gradient in loc and scale, each (..., D).

    Attributes:
        error: the largest of all errors: a proven bound, or what two rules differ by.
        known: "certified" or "estimate".
    """

    value: Tensor
    loc: Tensor
    scale: Tensor
    error: float
    known: str


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


class _Found(NamedTuple):
    """E[f] and both gradients at one place, their largest error, and whether that is proven."""

    sums: list[float]
    error: float
    certified: bool


def adaptive_expectation(f: Callable[[Tensor], Tensor], loc: Tensor, scale: Tensor) -> Integral:
    """E[f(z)] for z ~ N(loc, scale^2), elementwise; f may have corners and jumps.

    At a pole the error stays large, and says so.

    Raises:
        InfiniteExpectationError: f grows as fast as the Gaussian falls.
    """
    pairs = torch.stack((loc.detach().flatten(), scale.detach().flatten()), dim=1)
    distinct, place = torch.unique(pairs, dim=0, return_inverse=True)
    found = [_expectation(f, mu, sigma) for mu, sigma in distinct.tolist()]
    table = torch.tensor([each.sums for each in found], dtype=loc.dtype)[place]
    value, by_loc, by_scale = (column.view(loc.shape) for column in table.unbind(1))
    known = CERTIFIED if all(each.certified for each in found) else ESTIMATE
    errors = [each.error for each in found]
    error = math.nan if any(map(math.isnan, errors)) else max(errors)
    return Integral(value, by_loc, by_scale, error, known)


def _expectation(f: Callable[[Tensor], Tensor], loc: float, scale: float) -> _Found:
    """With a proven bound if there is one, else by two rules."""
    unit = np.array([1.0, scale, scale])
    try:
        bounded = bounded_expectation(f, loc, scale)
    except UncertainError:
        return _Found(*_by_panels(f, loc, scale), False)
    sums, errors = (
        bounded.sums / unit,
        bounded.errors / unit + ROUNDING * np.abs(bounded.sums / unit),
    )
    return _Found(sums.tolist(), float(errors.max()), True)


def _by_panels(
    f: Callable[[Tensor], Tensor], loc: float, scale: float
) -> tuple[list[float], float]:
    """E[f] and both gradients, what two rules differ by, and what is seen beyond the ends."""
    edges = torch.linspace(-REACH, REACH, FIRST_PANELS + 1, dtype=torch.float64)
    left, right = edges[:-1], edges[1:]
    total, error = torch.zeros(3, dtype=torch.float64), _seen_beyond(f, loc, scale)
    for depth in range(DEEPEST):
        middle = (left + right) / 2.0
        first, second = (
            _panel_sums(f, loc, scale, a, b) for a, b in ((left, middle), (middle, right))
        )
        fine = first + second
        coarse = [_panel_sums(f, loc, scale, left, right, nodes) for nodes in RULES]
        change = torch.stack([(fine - each).abs().amax(1) for each in coarse]).amax(0)
        last = depth == DEEPEST - 1 or len(left) > MOST_PANELS
        settled = change <= TOLERANCE * (1.0 + fine.abs().sum())
        given_up = torch.full_like(settled, last) & ~settled
        total += fine[settled | given_up].sum(0)
        error += change[settled].sum().item()
        error += (change + fine.abs().amax(1))[given_up].sum().item()
        todo = ~(settled | given_up)
        if not todo.any():
            break
        left, right, middle = left[todo], right[todo], middle[todo]
        left, right = torch.cat((left, middle)), torch.cat((middle, right))
    return total.tolist(), error


def _seen_beyond(f: Callable[[Tensor], Tensor], loc: float, scale: float) -> float:
    """The tails of |f| (1 + eps^2) q and its gradients, by a sum over a grid far out."""
    eps = torch.linspace(REACH, FARTHEST, 4 * int(FARTHEST - REACH) + 1, dtype=torch.float64)
    eps = torch.cat((-eps, eps))
    density = torch.exp(-0.5 * eps * eps) / math.sqrt(2.0 * math.pi)
    seen = (f(loc + scale * eps).abs() * density * (1.0 + eps * eps)).sum().item()
    return 0.25 * seen * max(1.0, 1.0 / scale)


def _panel_sums(
    f: Callable[[Tensor], Tensor],
    loc: float,
    scale: float,
    left: Tensor,
    right: Tensor,
    nodes: int = RULES[0],
) -> Tensor:
    """The three integrals over each panel of eps: (P, 3)."""
    points, weights = legendre_rule(nodes)
    half = ((right - left) / 2.0).unsqueeze(1)
    eps = ((left + right) / 2.0).unsqueeze(1) + half * points
    density = torch.exp(-0.5 * eps * eps) / math.sqrt(2.0 * math.pi)
    weighted = f(loc + scale * eps) * density * weights * half
    by_loc, by_scale = weighted * eps / scale, weighted * (eps * eps - 1.0) / scale
    return torch.stack((weighted.sum(1), by_loc.sum(1), by_scale.sum(1)), dim=1)


# Below this scale the softplus is smooth to an even grid; above, its corner is taken out first.
NARROW, GRID_STEP, GRID_POINTS = 1.5, 0.17, 54
CORNER_EDGES = (0.0, 1.0, 2.5, 5.0, 8.0, 12.0, 17.0, 23.0, 30.0, 40.0)


def softplus_expectation(loc: Tensor, scale: Tensor) -> Integral:
    """E[log(1 + e^w)] for w ~ N(loc, scale^2), any shape; differentiable.

    The gradients are E[sigmoid(w)] and E[sigmoid(w) eps]. The even grid's error is proven by the
    strip |Im eps| < pi / (2 * NARROW), where |log(1 + e^w)| <= |Re w| + log 2 + pi / 2 (Trefethen
    & Weideman 2014, "The exponentially convergent trapezoidal rule", theorem 5.1); that of the
    corner's Gauss rules by ellipses, and is less.
    """
    narrow = scale.detach() < NARROW
    found = torch.zeros((3, *loc.shape), dtype=loc.dtype)
    for which, rule in ((narrow, _on_even_grid), (~narrow, _beside_the_corner)):
        if which.any():
            found = found.masked_scatter(which.expand_as(found), rule(loc[which], scale[which]))
    strip = 0.5 * math.pi / NARROW
    size = 4.0 + loc.abs().max().item() + 4.0 * scale.max().item()
    grid_error = 2.0 * math.exp(0.5 * strip**2 - 2.0 * math.pi * strip / GRID_STEP) * 4.0 * size
    value, by_loc, by_scale = found.unbind(0)
    return Integral(value, by_loc, by_scale, grid_error + 4.0 * ROUNDING * size, CERTIFIED)


def _on_even_grid(loc: Tensor, scale: Tensor) -> Tensor:
    """Value and gradients by the trapezoidal rule in eps: (3, N)."""
    eps = GRID_STEP * torch.arange(-GRID_POINTS, GRID_POINTS + 1, dtype=loc.dtype)
    weight = GRID_STEP / math.sqrt(2.0 * math.pi) * torch.exp(-0.5 * eps * eps)
    w = loc[:, None] + scale[:, None] * eps
    risen = torch.sigmoid(w)
    softplus = torch.nn.functional.softplus(w, threshold=40.0)
    moments = risen @ torch.stack((weight, weight * eps), dim=1)
    return torch.stack((softplus @ weight, moments[:, 0], moments[:, 1]))


def _beside_the_corner(loc: Tensor, scale: Tensor) -> Tensor:
    """The same as E[relu(w)], in closed form, and E[log(1 + e^-|w|)] by Gauss's rules in w."""
    edges = torch.tensor(CORNER_EDGES, dtype=loc.dtype)
    points, weights = legendre_rule(20)
    half = (edges[1:] - edges[:-1])[:, None] / 2.0
    w = ((edges[1:] + edges[:-1])[:, None] / 2.0 + half * points).flatten()
    height = torch.log1p(torch.exp(-w)) * (half * weights).flatten()
    w, height = torch.cat((-w, w)), torch.cat((height, height))
    eps = (w - loc[:, None]) / scale[:, None]
    part = torch.exp(-0.5 * eps * eps) * height / (scale[:, None] * math.sqrt(2.0 * math.pi))
    t = loc / scale
    density = torch.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    below = torch.special.ndtr(t)
    return torch.stack(
        (
            loc * below + scale * density + part.sum(1),
            below + (part * eps).sum(1) / scale,
            density + (part * (eps * eps - 1.0)).sum(1) / scale,
        )
    )
