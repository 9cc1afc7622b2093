"""What the page measures of a graph, kept for all who ask the same."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from vae_core.lab.graphs import (
    Graph,
    GraphError,
    estimate,
    exact,
    finite_differences,
    parse_graph,
)
from vae_core.lab.graphs.exact import Exact
from vae_core.lab.graphs.graph import Way
from vae_core.lab.graphs.measured import Average, Estimates
from vae_core.lab.graphs.text import has_path

FEW, MANY = 400, 2_000
"""Replicates of a mean, whose error shall be seen, and of a variance."""
MOST_SLIDERS = 3
HALF = 1.0


class Question(NamedTuple):
    """A graph as a visitor has set it.

    Attributes:
        text: the graph.
        paths: names of the random nodes that go by their path.
        every_cost: whether each score is multiplied by all costs.
    """

    text: str
    paths: tuple[str, ...]
    every_cost: bool

    @property
    def graph(self) -> Graph:
        """The graph with each random node by its way. Raises GraphError."""
        return _by_paths(self.text, self.paths)


@lru_cache(maxsize=256)
def _by_paths(text: str, paths: tuple[str, ...]) -> Graph:
    graph = parse_graph(text)
    ways: dict[str, Way] = dict.fromkeys(switchable(graph), "score")
    return graph.by_way(ways | {name: "path" for name in paths if name in ways})


def switchable(graph: Graph) -> list[str]:
    """Names of the random nodes that could go by their path."""
    return [node.name for node in graph.of_kind("random") if has_path(node)]


def sliders(graph: Graph) -> list[str]:
    """Names of the parameters that get a slider, and a row in the picture."""
    return [node.name for node in graph.of_kind("parameter")][:MOST_SLIDERS]


@lru_cache(maxsize=2_000)
def estimates(graph: Graph, replicates: int, seed: int, *, every_cost: bool) -> Estimates:
    """The mean and variance of one estimate. Raises GraphError."""
    return estimate(graph, replicates, seed, every_cost=every_cost)


@lru_cache(maxsize=2_000)
def differences(graph: Graph, seed: int) -> dict[str, Average | None]:
    """The finite differences, of the same draws. Raises GraphError."""
    return finite_differences(graph, FEW, seed)


@lru_cache(maxsize=2_000)
def truth(graph: Graph) -> Exact | str:
    """The gradient without chance; or why there is none."""
    return exact(graph)


def trouble(question: Question) -> str:
    """Why a graph cannot be read or computed, in a sentence; empty where it can."""
    try:
        estimates(question.graph, FEW, 0, every_cost=question.every_cost)
    except GraphError as problem:
        return str(problem)
    return ""


@lru_cache(maxsize=64)
def reach(question: Question) -> tuple[float, float]:
    """Between which slopes the estimates lie where a slider is at an end or its start."""
    low, high = 0.0, 0.0
    for moved in corners(question.graph):
        try:
            found = estimates(moved, FEW, 0, every_cost=question.every_cost).gradient
        except GraphError:
            continue
        low = min(low, *(each.mean - 4 * each.error for each in found.values()))
        high = max(high, *(each.mean + 4 * each.error for each in found.values()))
    return (low, high) if low < high else (-1.0, 1.0)


def corners(graph: Graph) -> list[Graph]:
    """The graph where one slider is at an end, or none is."""
    return [
        graph.at(**{name: graph.by_name[name].value + step})
        for name in sliders(graph)
        for step in (-HALF, 0.0, HALF)
    ]
