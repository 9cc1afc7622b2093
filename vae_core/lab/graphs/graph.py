"""A stochastic computation graph: parameters, formulas, random nodes and costs, and its edges.

Every node holds one number. The gradient of the expected sum of the costs goes two ways: along an
edge by the chain rule, or into a random node by its score (Schulman et al. 2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from vae_core.families import Family
from vae_core.lab.formula.tree import Function
from vae_core.lab.formula.tree import Node as Tree

Kind = Literal["parameter", "formula", "random", "cost"]
Way = Literal["path", "score"]
Passage = Literal["path", "score", "none"]


@dataclass(frozen=True)
class Formula:
    """What a node is made of: the tree, and its function of the node's parents in their order.

    Of a node without parents the function takes a tensor for its shape alone.
    """

    tree: Tree
    f: Function


class GraphError(ValueError):
    """What is wrong with a graph, in a learner's words.

    Attributes:
        line: number of the line at fault, from 1; 0 where it is none alone.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)
        self.line = line


@dataclass(frozen=True)
class Node:
    """One number of a graph.

    Attributes:
        name: what formulas call it.
        kind: a parameter, a formula, a random node, or a cost.
        formulas: what it is made of: its formula, or one for each parameter of its family.
        parents: names of the nodes that each of them takes, in this order.
        value: of a parameter.
        family: of a random node.
        way: how the gradient treats a random node: by its path, or by its score.
        line: where it stands in the text, from 1.
    """

    name: str
    kind: Kind
    formulas: tuple[Formula, ...] = ()
    parents: tuple[str, ...] = ()
    value: float = 0.0
    family: Family | None = field(default=None, hash=False)
    way: Way = "path"
    line: int = 0

    @property
    def drawn_from(self) -> Family:
        """The family of a random node. Raises TypeError for another node."""
        if self.family is None:
            raise TypeError(f"{self.name} is no random node")
        return self.family

    @property
    def scored(self) -> bool:
        """Whether it is a random node whose gradient comes from its score."""
        return self.kind == "random" and self.way == "score"


@dataclass(frozen=True)
class Graph:
    """Nodes, each after those that it hangs on."""

    nodes: tuple[Node, ...]

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by their names."""
        return {node.name: node for node in self.nodes}

    def of_kind(self, kind: Kind) -> tuple[Node, ...]:
        """The nodes of a kind."""
        return tuple(node for node in self.nodes if node.kind == kind)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """All pairs of a parent and its child."""
        return tuple((parent, node.name) for node in self.nodes for parent in node.parents)

    @cached_property
    def _below(self) -> dict[str, frozenset[str]]:
        below: dict[str, frozenset[str]] = {node.name: frozenset() for node in self.nodes}
        for node in reversed(self.nodes):
            for parent in node.parents:
                below[parent] |= {node.name} | below[node.name]
        return below

    def below(self, name: str) -> frozenset[str]:
        """Names of all nodes that hang on it, near or far."""
        return self._below[name]

    def above(self, name: str) -> tuple[Node, ...]:
        """All nodes that it hangs on, in the graph's order."""
        return tuple(node for node in self.nodes if name in self._below[node.name])

    @cached_property
    def carrying(self) -> frozenset[str]:
        """Names of the nodes whose value brings a derivative in some parameter along.

        A parameter does; so does what takes from one that does, unless it is a random node by
        its score, whose draw is a constant.
        """
        found: set[str] = set()
        for node in self.nodes:
            taken = not node.scored and not found.isdisjoint(node.parents)
            if node.kind == "parameter" or taken:
                found.add(node.name)
        return frozenset(found)

    def passage(self, parent: str, child: str) -> Passage:
        """How a derivative goes along an edge: by the chain rule, into a score, or not at all."""
        if parent not in self.carrying:
            return "none"
        return "score" if self.by_name[child].scored else "path"

    def carriers(self, name: str) -> frozenset[str]:
        """Names of the nodes whose derivative goes into a node, by the chain rule up to there."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            new = self.carrying.intersection(self.by_name[waiting.pop()].parents) - found
            found |= new
            waiting += new
        return frozenset(found)

    @cached_property
    def scores(self) -> dict[str, tuple[str, ...]]:
        """The random nodes whose score is needed, and by each the costs that it can change.

        A node by its score is left out where its law hangs on no parameter, or no cost on it.
        """
        costs = [node.name for node in self.of_kind("cost")]
        found: dict[str, tuple[str, ...]] = {}
        for node in self.nodes:
            if node.scored and not self.carrying.isdisjoint(node.parents):
                reached = tuple(c for c in costs if c in self.below(node.name))
                found |= {node.name: reached} if reached else {}
        return found

    def by_way(self, ways: dict[str, Way]) -> Graph:
        """The same graph with some random nodes treated otherwise."""
        return Graph(
            tuple(replace(n, way=ways[n.name]) if n.name in ways else n for n in self.nodes)
        )

    def at(self, **values: float) -> Graph:
        """The same graph with other values of its parameters. Raises GraphError for none such."""
        for name in values:
            if name not in self.by_name or self.by_name[name].kind != "parameter":
                have = ", ".join(node.name for node in self.of_kind("parameter"))
                raise GraphError(f"{name!r} is no parameter of the graph; it has {have}.")
        return Graph(tuple(replace(n, value=values.get(n.name, n.value)) for n in self.nodes))


def in_order(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The nodes, each after its parents. Raises GraphError where they go round in a circle."""
    waiting = {node.name: node for node in nodes}
    placed: list[Node] = []
    while waiting:
        ready = (node for node in waiting.values() if waiting.keys().isdisjoint(node.parents))
        node = next(ready, None)
        if node is None:
            first, *rest = _circle(waiting)
            raise GraphError(
                f"{first} hangs on {', which hangs on '.join((*rest, first))}: that is a circle, "
                "and no node of it can be computed first.",
                waiting[first].line,
            )
        placed.append(waiting.pop(node.name))
    return tuple(placed)


def _circle(nodes: dict[str, Node]) -> Sequence[str]:
    """Names of nodes of which each hangs on the next, and the last on the first."""
    way = [next(iter(nodes))]
    while way[-1] not in way[:-1]:
        way.append(next(parent for parent in nodes[way[-1]].parents if parent in nodes))
    return way[way.index(way[-1]) : -1]
