"""A cost under a member of a family, as the exact values look at it: along one dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vae_core.estimators.slopes import derivative
from vae_core.families import FAMILIES, Distribution
from vae_core.families.parts import Tails
from vae_core.lab.exact.integrals import reach
from vae_core.lab.exact.integrals.panels import Array
from vae_core.lab.exact.integrals.windows import Values
from vae_core.lab.problems import Problem, find_problem

Pairs = tuple[tuple[str, float], ...]


class Case(NamedTuple):
    """A cost under a member of a family, one dimension at a time.

    Attributes:
        q: the member, its parameters (1, 1).
        columns: dimensions whose costs are different functions.
        kind: which of these each dimension's is, (D,).
    """

    problem: Problem
    q: Distribution
    dim: int
    knobs: Mapping[str, float]
    columns: list[int]
    kind: Tensor

    def f(self, z: Array) -> Array:
        """The cost of each different dimension, all at the same z: (N,) to (N, C)."""
        wide = torch.from_numpy(z)[:, None].expand(-1, self.dim)
        found: Array = self.terms(wide)[:, self.columns].numpy()
        return found

    def log_prob(self, z: Array) -> Array:
        """log q(z), (N,)."""
        found: Array = self.q.log_prob(torch.from_numpy(z)[:, None, None]).flatten().numpy()
        return found

    def density(self, z: Array) -> Array:
        """log q, and its derivative in each parameter: (N, 1 + P)."""
        at = torch.from_numpy(z)[:, None, None]
        scores = Distribution.scores(self.q, at).values()  # not a family's own, which is tested
        columns = [self.q.log_prob(at).flatten(), *(s.flatten() for s in scores)]
        found: Array = torch.stack(columns, dim=1).numpy()
        return found

    def integrand(self, z: Array, f: Values) -> Array:
        """q times the cost, and its derivatives in the parameters, z fixed: (N, 1 + P, C)."""
        found = self.density(z)
        log_q, q = found[:, 0], np.exp(found[:, 0])[:, None]
        weight = np.concatenate((q, q * found[:, 1:]), axis=1)
        weight[q[:, 0] == 0.0] = 0.0
        terms = weight[:, :, None] * f(z)[:, None, :]
        if self.problem.elbo:
            entropy = -weight * log_q[:, None]
            entropy[:, 1:] -= weight[:, 1:]
            terms = terms + entropy[:, :, None]
        terms[q[:, 0] == 0.0] = 0.0
        return terms

    def slope(self, z: Array) -> Array:
        """The slope of the first dimension's cost, as autograd sees it: (N,)."""
        at = torch.from_numpy(z).requires_grad_()
        return derivative(self.terms(at[:, None].expand(-1, self.dim))[:, 0], at).numpy()

    def log_slope(self, z: Array) -> Array:
        """d log q / dz, (N,)."""
        at = torch.from_numpy(z).requires_grad_()
        return derivative(self.q.log_prob(at[:, None, None]), at).numpy()

    def support(self) -> tuple[float, float]:
        """The ends of z."""
        low, high = self.q.support
        return low.item(), high.item()

    @property
    def tails(self) -> Tails:
        """How much mass lies far out."""
        numbers = {name: p.item() for name, p in self.q.parameters.items()}
        return self.q.family.tails(**numbers)

    def terms(self, z: Tensor) -> Tensor:
        """The cost with its settings, (..., D) to (..., D)."""
        return self.problem.terms(z, **self.knobs)

    def grows(self) -> reach.Sides:
        """How fast f grows to the left and to the right; None where z has an end."""
        return self._outwards(reach.growth)

    def slope_grows(self) -> reach.Sides:
        """The same of the slope of f."""
        return self._outwards(reach.slope_growth)

    def _outwards(self, how: Callable[[reach.Cost, float], reach.Grows]) -> reach.Sides:
        low, high = self.support()
        return (
            how(self.terms, -1.0) if math.isinf(low) else None,
            how(self.terms, 1.0) if math.isinf(high) else None,
        )


def make_case(name: str, family: str, parameters: Pairs, dim: int, knobs: Pairs) -> Case:
    """The case by names and numbers, as they are looked up by; the same in each dimension."""
    numbers = {n: torch.full((1, 1), value, dtype=torch.float64) for n, value in parameters}
    problem, settings = find_problem(name), dict(knobs)
    kinds = _different(problem, dim, settings)
    return Case(problem, FAMILIES[family](**numbers), dim, settings, *kinds)


def _different(problem: Problem, dim: int, knobs: Mapping[str, float]) -> tuple[list[int], Tensor]:
    """The first of each kind of dimension, by what costs do at a few z; and each one's kind."""
    z = torch.linspace(0.1, 3.1, 9, dtype=torch.float64)[:, None].expand(-1, dim)
    costs = problem.terms(z, **knobs).nan_to_num()
    _, kind = torch.unique(costs, dim=1, return_inverse=True)
    return [int((kind == each).nonzero()[0]) for each in range(int(kind.max()) + 1)], kind
