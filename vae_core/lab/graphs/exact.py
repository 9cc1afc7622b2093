"""The gradient of the expected cost without chance: enumeration, and the trapezoid rule.

Each cost is averaged over the random nodes above it alone: over all values of those that take few,
and over the noise of the others on an even grid. For smooth integrands that fall off at both ends
the trapezoid rule converges faster than any power of the grid's step (Trefethen & Weideman 2014),
so that a coarser grid's sum lies further off, and bounds its error. The coarser step is no simple
multiple of the finer, so that no wave that the one takes for a constant deceives the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import mul

import torch
from torch import Tensor

from vae_core.lab.formula.tree import COMPARISONS, SEVERAL, walk
from vae_core.lab.graphs.graph import Graph, GraphError, Node
from vae_core.lab.graphs.surrogate import member, results, slopes, start

REACH = 8.2
"""Beyond it a standard normal number's probability is lost in rounding."""
STEPS = {1: 0.05, 2: 0.2, 3: 0.35}
MOST_WORK = 3_000_000
"""Numbers that a grid may ask for: its points times the nodes."""
COARSER = 1.618
WORST = 1e-6
KINKED = {"abs", "relu", "sqrt", "sign", "step", *SEVERAL, *COMPARISONS}
ROUNDING = 1e-13


@dataclass(frozen=True)
class Slope:
    """A derivative of the expected cost, and a bound on its error."""

    value: float
    error: float


@dataclass(frozen=True)
class Exact:
    """The expected cost, and its derivative in each parameter by its name."""

    cost: Slope
    gradient: dict[str, Slope]


class _NoExactError(Exception):
    """Why there is none, in a learner's words."""


def exact(graph: Graph) -> Exact | str:
    """The expected cost and its gradient; or why they are not to be had, in one sentence."""
    names = [node.name for node in graph.of_kind("parameter")]
    try:
        fine, edges, around = _all_sums(graph, 1.0)
        coarse, *_ = _all_sums(graph, COARSER)
    except _NoExactError as reason:
        return f"No exact gradient: {reason}."
    except GraphError as problem:  # far out, where no draw would come
        return f"No exact gradient: the quadrature goes far out. {problem}"
    errors = (fine - coarse).abs() + edges + ROUNDING * around
    if not (errors < WORST * (1.0 + fine.abs())).all():
        return "No exact gradient: the quadrature's grid is too coarse for this graph."
    cost, *found = map(Slope, fine.tolist(), errors.tolist())
    return Exact(cost, dict(zip(names, found, strict=True)))


def _all_sums(graph: Graph, stretch: float) -> Tensor:
    """The sums over all costs: (3, 1 + parameters)."""
    return torch.stack([_sums(graph, cost, stretch) for cost in graph.of_kind("cost")]).sum(0)


def _sums(graph: Graph, cost: Node, stretch: float) -> Tensor:
    """A cost and its derivatives, summed over the grid in three ways: (3, 1 + parameters).

    As they are; in absolute value at the grid's edge; and in absolute value everywhere.
    """
    above = graph.above(cost.name)
    grid = _Grid.over(graph, [node for node in above if node.kind == "random"], stretch)
    parameters = start(graph, grid.size)
    values, share = dict(parameters), grid.weight
    for node in (*above, cost):
        if node.kind == "random":
            q, at = member(node, values), grid.at[node.name].reshape(1, -1, 1)
            if node.name in grid.few:
                values[node.name] = at[0, :, 0]
                share = share * q.log_prob(at)[0].exp()
            else:
                values[node.name] = q.transform(at)[0, :, 0]
        elif node.kind != "parameter":
            values[node.name] = results(node, values)[0]
    terms = share * values[cost.name]
    rows = torch.cat((terms.detach().unsqueeze(0), slopes(terms, parameters)))
    sizes = rows.abs()
    return torch.stack((rows.sum(1), (sizes * grid.edge).sum(1), sizes.sum(1)))


@dataclass(frozen=True)
class _Grid:
    """Values or noise of random nodes at each of P points, and what each point counts.

    Attributes:
        at: the value of a node that takes few, the noise of another, by its name: (P,).
        few: names of the nodes that take few values.
        weight: what a point counts before the probabilities of the few: (P,).
        edge: 1 where it lies at an end of some noise: (P,).
    """

    at: Mapping[str, Tensor]
    few: frozenset[str]
    weight: Tensor
    edge: Tensor

    @property
    def size(self) -> int:
        """P."""
        return len(self.weight)

    @classmethod
    def over(cls, graph: Graph, nodes: Sequence[Node], stretch: float) -> _Grid:
        """The grid over these random nodes, its steps stretched.

        Raises _NoExactError where there is none.
        """
        few = frozenset(node.name for node in nodes if node.drawn_from.discrete)
        smooth = [node for node in nodes if node.name not in few]
        if len(smooth) > max(STEPS):
            raise _NoExactError(f"more than {max(STEPS)} numbers without gaps would be integrated")
        for node in smooth:
            _check_smooth(graph, node)
        step = stretch * STEPS.get(len(smooth), 1.0)
        axes = [_values(node) if node.name in few else _noise(node, step) for node in nodes]
        points = math.prod(len(axis[0]) for axis in axes)
        if points * len(graph.nodes) > MOST_WORK:
            raise _NoExactError(f"it would take {points:,} points at each node")
        columns = [
            [part.reshape(-1) for part in torch.meshgrid(*parts, indexing="ij")]
            for parts in zip(*axes, strict=True)
        ] or [[], [], []]
        at, weights, edges = columns
        one = torch.ones(points, dtype=torch.float64)
        return cls(
            dict(zip((node.name for node in nodes), at, strict=True)),
            few,
            reduce(mul, weights, one),
            reduce(torch.maximum, edges, 0.0 * one),
        )


def _values(node: Node) -> tuple[Tensor, ...]:
    """All values of a node that takes few. Raises _NoExactError where they are without end."""
    count = {"bernoulli": 2, "categorical": len(node.drawn_from.parameters)}.get(
        node.drawn_from.name
    )
    if count is None:
        raise _NoExactError(f"{node.name} takes too many values to go through them all")
    at = torch.arange(count, dtype=torch.float64)
    return at, torch.ones_like(at), torch.zeros_like(at)


def _noise(node: Node, step: float) -> tuple[Tensor, ...]:
    """An even grid of normal noise, or of uniform noise as the normal distribution function of it.

    Raises _NoExactError where a node's noise is none of these.
    """
    half = round(REACH / step)
    t = step * torch.arange(-half, half + 1, dtype=torch.float64)
    density = torch.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    title = node.drawn_from.noise.title
    if title not in ("standard normal", "uniform"):
        raise _NoExactError(f"the noise of {node.name} is neither normal nor uniform")
    edge = torch.zeros_like(t)
    edge[[0, -1]] = 1.0
    eps = t if title == "standard normal" else torch.special.ndtr(t)
    return eps, step * density, edge


def _check_smooth(graph: Graph, node: Node) -> None:
    """Raise _NoExactError if something below a node has a kink or a jump."""
    for name in graph.below(node.name):
        for formula in graph.by_name[name].formulas:
            for part in walk(formula.tree):
                if part.op in KINKED:
                    raise _NoExactError(f"{name} has a kink or a jump ({part.op})")
