"""The derivative of E_q[f(z)] in q's parameters, taken inside the integral: three ways to write it.

Through the density it is the integral of f(z) grad q(z): true, and no expectation, for grad q is
negative in places and sums to zero. Two ways lead back to an expectation: the log-derivative,
E_q[f(z) grad log q(z)], and the change of variables, E_p[grad f(T(eps))]. Beside them stands a
support that moves with its parameter, where Leibniz's rule has a boundary term to add.

Here z has one dimension and q one member, so parameters are (1, 1) and samples (K, 1, 1).
Overview: Mohamed et al. 2020, sections 4 and 5; Leibniz's rule: Flanders 1973.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.families.entries.normal import Normal
from vae_core.families.family import Distribution
from vae_core.families.quadrature.expectation import hermite_rule, legendre_rule

REACH, NODES = 12.0, 24
# Where grad q changes its sign, in deviations from the mean; and panels for the rest of the axis.
SIGN_CHANGES = {"loc": (0.0,), "scale": (-1.0, 1.0)}
PANELS = (-REACH, -9.0, -6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 9.0, REACH)

Cost = Callable[[Tensor], Tensor]


class Halves(NamedTuple):
    """An integral of f grad q in two parts: where grad q is negative, and where it is positive."""

    negative: float
    positive: float

    @property
    def total(self) -> float:
        """The whole of it."""
        return self.negative + self.positive


class MovingSupport(NamedTuple):
    """The derivative in theta of E[f(z)] for z uniform on [0, theta], taken apart.

    Attributes:
        interior: the integral of f times the derivative of the density 1 / theta.
        boundary: what Leibniz's rule adds for the upper bound: f(theta) q(theta) times 1.
        score: what the score function averages to, E_q[f(z) d log q(z) / d theta].
        path: what z = theta u averages to, E_u[f'(theta u) u], with u uniform on [0, 1].
    """

    interior: float
    boundary: float
    score: float
    path: float

    @property
    def total(self) -> float:
        """The derivative itself."""
        return self.interior + self.boundary


def density_slopes(q: Distribution, z: Tensor) -> dict[str, Tensor]:
    """Derivatives of the density q(z) itself in each parameter, by name: (K, B, D) each.

    >>> q = Normal(torch.tensor([[0.0]]), torch.tensor([[1.0]]))
    >>> density_slopes(q, torch.tensor([[[-1.0]], [[1.0]]]))["loc"].flatten()
    tensor([-0.2420,  0.2420])
    """
    density = q.log_prob(z).exp().unsqueeze(-1)
    return {name: density * score for name, score in q.scores(z).items()}


def through_density(f: Cost, q: Normal) -> dict[str, Halves]:
    """The integral of f(z) grad q(z) over z, by Gauss-Legendre quadrature on panels.

    Right to rounding for a polynomial f; panels end where grad q changes its sign.

    Args:
        f: maps samples (K, 1, 1) to costs (K, 1).
        q: parameters of shape (1, 1).

    >>> q = Normal(torch.tensor([[1.5]]).double(), torch.tensor([[1.0]]).double())
    >>> halves = through_density(lambda z: z.squeeze(-1) ** 2, q)
    >>> round(halves["loc"].total, 9), round(halves["scale"].total, 9)
    (3.0, 2.0)
    """
    eps, weight = _panels(q.loc.dtype)
    z = q.transform(eps[:, None, None])
    cost, slopes = f(z).flatten(), density_slopes(q, z)
    found = {}
    for name, changes in SIGN_CHANGES.items():
        terms = cost * slopes[name].flatten() * weight * q.scale.item()
        beyond = eps > changes[0] if len(changes) == 1 else (eps < changes[0]) | (eps > changes[1])
        found[name] = Halves(terms[~beyond].sum().item(), terms[beyond].sum().item())
    return found


def through_cost(f: Callable[[Tensor, Normal], Tensor], q: Normal) -> dict[str, float]:
    """The product rule's other term, for a cost that knows q itself: E_q[grad f(z)], z held fixed.

    This one is an expectation under q. By Gauss-Hermite quadrature; exact for a polynomial f.

    Args:
        f: maps samples (K, 1, 1) and q to costs (K, 1).
        q: parameters of shape (1, 1).

    >>> q = Normal(torch.tensor([[1.5]]).double(), torch.tensor([[1.0]]).double())
    >>> round(through_cost(lambda z, q: z.squeeze(-1) * q.loc, q)["loc"], 9)
    1.5
    """
    eps, weight = hermite_rule(NODES)
    z = q.detach().transform(eps[:, None, None])
    return _slopes(lambda at: (weight * f(z, at).flatten()).sum(), q)


def by_log_derivative(f: Cost, q: Normal) -> dict[str, float]:
    """E_q[f(z) grad log q(z)] by Gauss-Hermite quadrature; exact for a polynomial f."""
    eps, weight = hermite_rule(NODES)
    z = q.transform(eps[:, None, None])
    cost = f(z).flatten()
    return {
        name: (weight * cost * score.flatten()).sum().item() for name, score in q.scores(z).items()
    }


def by_change_of_variables(f: Cost, q: Normal) -> dict[str, float]:
    """E_p[grad f(loc + scale eps)] by the same quadrature, f differentiated by autograd."""
    eps, weight = hermite_rule(NODES)
    return _slopes(lambda at: (weight * f(at.transform(eps[:, None, None])).flatten()).sum(), q)


def moving_support(f: Cost, theta: float) -> MovingSupport:
    """The derivative of E[f(z)] in theta, for z uniform on [0, theta], by Gauss-Legendre.

    Args:
        f: maps samples (K, 1, 1) to costs (K, 1); differentiated by autograd for the path.
        theta: the upper end of the support.

    Raises:
        ValueError: if theta is not positive.

    >>> parts = moving_support(lambda z: z.squeeze(-1) ** 2, 3.0)
    >>> [round(part, 9) for part in (*parts, parts.total)]
    [-1.0, 3.0, -1.0, 2.0, 2.0]
    """
    if not theta > 0:
        raise ValueError(f"theta must be positive, and is {theta:g}.")
    nodes, weights = legendre_rule(NODES)
    u, share = (nodes + 1.0) / 2.0, weights / 2.0  # on [0, 1]
    z = (theta * u)[:, None, None].requires_grad_()
    with torch.enable_grad():
        cost = f(z).flatten()
    (slope,) = torch.autograd.grad(cost.sum(), z)
    width, density, density_slope, score = theta * share, 1 / theta, -1 / theta**2, -1 / theta
    end = f(torch.full((1, 1, 1), theta, dtype=z.dtype)).item()
    return MovingSupport(
        interior=(cost * density_slope * width).sum().item(),
        boundary=end * density,
        score=(cost * score * density * width).sum().item(),
        path=(slope.flatten() * u * share).sum().item(),
    )


def _slopes(of: Callable[[Normal], Tensor], q: Normal) -> dict[str, float]:
    """Derivatives of a number in each parameter of q; 0 in one that it does not hold."""
    leaves = {name: p.detach().clone().requires_grad_() for name, p in q.parameters.items()}
    with torch.enable_grad():
        number = of(Normal(**leaves))
    if not number.requires_grad:
        return dict.fromkeys(leaves, 0.0)
    found = torch.autograd.grad(
        number, list(leaves.values()), allow_unused=True, materialize_grads=True
    )
    return {name: slope.item() for name, slope in zip(leaves, found, strict=True)}


def _panels(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Nodes and weights over the whole axis, in deviations from the mean: (N,) each."""
    nodes, weights = (each.to(dtype) for each in legendre_rule(NODES))
    edges = torch.tensor(PANELS, dtype=dtype)
    half, middle = (edges[1:] - edges[:-1]) / 2, (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * nodes).flatten(), (half[:, None] * weights).flatten()
