"""The surrogate loss of a graph: a number whose derivative is an estimate of the gradient.

L = sum over random nodes w by their score of log p(w | parents) [costs below w] + sum of costs,
where what stands in brackets is held constant (Schulman et al. 2015, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

import torch
from torch import Tensor

from vae_core.families import Distribution
from vae_core.lab.graphs.graph import Graph, GraphError, Node

Values = dict[str, Tensor]


@dataclass(frozen=True)
class Pass:
    """One way through the graph for each of R replicates.

    Attributes:
        values: of each node by its name, (R,).
        log_probs: log p(w | parents) in nats of each random node whose score is needed, (R,).
    """

    values: Values
    log_probs: Values


def forward(graph: Graph, parameters: Mapping[str, Tensor], gen: torch.Generator) -> Pass:
    """Draw every random node and compute the rest.

    The same state of the generator gives the same noise, whatever the parameters and the ways.

    Args:
        graph: the graph.
        parameters: their values, (R,) each; derivatives go through to those that require them.
        gen: the random generator.

    Raises:
        GraphError: where a parameter of a family is none that it can take.
    """
    values, log_probs = dict(parameters), {}
    for node in graph.nodes:
        if node.kind == "parameter":
            continue
        if node.family is None:
            values[node.name] = results(node, values)[0]
            continue
        q = member(node, values)
        z = q.transform(q.base(1, gen))
        z = z.detach() if node.scored else z
        if node.name in graph.scores:
            log_probs[node.name] = q.log_prob(z)[0]
        values[node.name] = z[0, :, 0]
    return Pass(values, log_probs)


def results(node: Node, values: Mapping[str, Tensor]) -> list[Tensor]:
    """The values of a node's formulas, (R,) each."""
    taken = [values[name] for name in node.parents] or [next(iter(values.values()))]
    return [formula.f(*taken) for formula in node.formulas]


def member(node: Node, values: Mapping[str, Tensor]) -> Distribution:
    """The law of a random node given its parents, B being R and D one. Raises GraphError."""
    given = [value.unsqueeze(-1) for value in results(node, values)]
    try:
        return node.drawn_from(**dict(zip(node.drawn_from.parameters, given, strict=True)))
    except ValueError as problem:
        raise GraphError(f"{node.name}: {problem}", node.line) from None


def total(graph: Graph, values: Mapping[str, Tensor]) -> Tensor:
    """The sum of all costs: (R,)."""
    return reduce(add, (values[node.name] for node in graph.of_kind("cost")))


def slopes(losses: Tensor, parameters: Mapping[str, Tensor]) -> Tensor:
    """Derivative of each replicate's loss in each of its parameters: (parameters, R)."""
    leaves = list(parameters.values())
    if not losses.requires_grad:
        return torch.stack([torch.zeros_like(leaf) for leaf in leaves])
    found = torch.autograd.grad(losses.sum(), leaves, allow_unused=True, materialize_grads=True)
    return torch.stack(found)


def start(graph: Graph, size: int) -> Values:
    """The parameters' values for so many replicates, to be differentiated in: (R,) each."""
    return {
        node.name: torch.full((size,), node.value, dtype=torch.float64, requires_grad=True)
        for node in graph.of_kind("parameter")
    }


def surrogate(graph: Graph, done: Pass, *, every_cost: bool = False) -> Tensor:
    """The surrogate loss of each replicate: (R,).

    Args:
        graph: the graph.
        done: a way through it.
        every_cost: whether a score is multiplied by all costs, and not only by those below it.
            That is right too, and noisier.
    """
    loss = total(graph, done.values)
    for name, costs in weights(graph, every_cost=every_cost).items():
        weight = reduce(add, (done.values[cost].detach() for cost in costs))
        loss = loss + done.log_probs[name] * weight
    return loss


def weights(graph: Graph, *, every_cost: bool = False) -> dict[str, tuple[str, ...]]:
    """The costs that each score is multiplied by, by its node's name."""
    costs = tuple(node.name for node in graph.of_kind("cost"))
    return {name: costs if every_cost else below for name, below in graph.scores.items()}


def terms(
    graph: Graph, pattern: str, letter: Callable[[str], str] = str, *, every_cost: bool = False
) -> dict[str, str]:
    """The terms of the scores, by their nodes' names.

    Args:
        graph: the graph.
        pattern: a term, with blanks for the node, its parents, and the costs that multiply it.
        letter: how a name is written.
        every_cost: as in `surrogate`.
    """

    def listed(names: Iterable[str], joint: str) -> str:
        return joint.join(map(letter, names))

    return {
        name: pattern.format(
            letter(name), listed(graph.by_name[name].parents, ", "), listed(costs, " + ")
        )
        for name, costs in weights(graph, every_cost=every_cost).items()
    }


def as_text(graph: Graph, *, every_cost: bool = False) -> str:
    """The surrogate loss in plain letters; what stands in [...] is held constant.

    >>> from vae_core.lab.graphs.text import parse_graph
    >>> as_text(parse_graph("param m = 2; x ~ normal(m, 1) by score; cost c = x^2; cost d = m^2"))
    'log p(x | m) [c] + c + d'
    """
    scores = terms(graph, "log p({0} | {1}) [{2}]", every_cost=every_cost).values()
    return " + ".join([*scores, *(node.name for node in graph.of_kind("cost"))])
