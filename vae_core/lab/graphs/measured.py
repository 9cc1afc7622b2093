"""What the surrogate loss gives over many replicates, and finite differences beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.lab.graphs.graph import Graph, GraphError
from vae_core.lab.graphs.surrogate import forward, slopes, start, surrogate, total

AT_ONCE = 50_000
"""Replicates in one pass, so that memory is bounded."""
STEP, SMALLER = 0.1, 0.1
"""Step of a difference as a share of the parameter, or of 1, and what it shrinks by at an edge."""


@dataclass(frozen=True)
class Average:
    """The mean of R independent numbers, its standard error, and the variance of one of them."""

    mean: float
    error: float
    variance: float

    @classmethod
    def of(cls, numbers: Tensor) -> Average:
        """The average of numbers (R,)."""
        variance = numbers.var().item() if len(numbers) > 1 else math.nan
        return cls(numbers.mean().item(), math.sqrt(variance / len(numbers)), variance)


@dataclass(frozen=True)
class Estimates:
    """The expected cost, and its gradient in each parameter by its name."""

    cost: Average
    gradient: dict[str, Average]


def estimate(
    graph: Graph, replicates: int = 200_000, seed: int = 0, *, every_cost: bool = False
) -> Estimates:
    """Differentiate the surrogate loss of each replicate.

    Args:
        graph: the graph.
        replicates: R, the number of independent estimates.
        seed: of the random numbers.
        every_cost: whether a score is multiplied by all costs, not only by those below it.

    Raises:
        GraphError: where a family's parameter, a cost or a derivative is not what it can be.
    """
    costs, gradients = [], []
    for size, gen in _rounds(replicates, seed):
        parameters = start(graph, size)
        done = forward(graph, parameters, gen)
        costs.append(total(graph, done.values).detach())
        gradients.append(slopes(surrogate(graph, done, every_cost=every_cost), parameters))
    cost, gradient = torch.cat(costs), torch.cat(gradients, dim=1)
    if not (cost.isfinite().all() and gradient.isfinite().all()):
        raise GraphError(
            "A cost or its derivative is no finite number at some draws: a division by zero, the "
            "logarithm of a negative number, or a power that explodes."
        )
    names = [node.name for node in graph.of_kind("parameter")]
    averages = {name: Average.of(g) for name, g in zip(names, gradient, strict=True)}
    return Estimates(Average.of(cost), averages)


def finite_differences(graph: Graph, replicates: int, seed: int) -> dict[str, Average | None]:
    """Slope of the cost in each parameter by differences, with the same noise on all sides.

    Four points, so that what is left is of the fourth order in the step. None where no step keeps
    to what the families can take.
    """
    names = [node.name for node in graph.of_kind("parameter")]
    return {name: _difference(graph, name, replicates, seed) for name in names}


def _difference(graph: Graph, name: str, replicates: int, seed: int) -> Average | None:
    at = graph.by_name[name].value
    step = STEP * max(1.0, abs(at))
    for _ in range(4):
        try:
            near = _costs(graph, name, at + step, replicates, seed)
            near -= _costs(graph, name, at - step, replicates, seed)
            far = _costs(graph, name, at + 2.0 * step, replicates, seed)
            far -= _costs(graph, name, at - 2.0 * step, replicates, seed)
        except GraphError:
            step *= SMALLER
            continue
        return Average.of((8.0 * near - far) / (12.0 * step))
    return None


def _costs(graph: Graph, name: str, value: float, replicates: int, seed: int) -> Tensor:
    """The cost of each replicate where a parameter has another value: (R,)."""
    moved = graph.at(**{name: value})
    with torch.no_grad():
        parts = [
            total(moved, forward(moved, start(moved, size), gen).values)
            for size, gen in _rounds(replicates, seed)
        ]
    return torch.cat(parts)


def _rounds(replicates: int, seed: int) -> Iterator[tuple[int, torch.Generator]]:
    """The sizes of the passes, with one generator for all."""
    gen = torch.Generator().manual_seed(seed)
    for done in range(0, replicates, AT_ONCE):
        yield min(AT_ONCE, replicates - done), gen
