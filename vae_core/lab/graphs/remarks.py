"""What a learner should know of a graph: where its surrogate loss misleads, and what is idle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from vae_core.lab.formula.jumps import flaw
from vae_core.lab.formula.tree import COMPARISONS, walk
from vae_core.lab.formula.tree import Node as Tree
from vae_core.lab.graphs.graph import Graph, Node
from vae_core.lab.graphs.surrogate import forward, start

JUMPING = {"sign", "step", *COMPARISONS}
DRAWS = 3


class Remark(NamedTuple):
    """A sentence, and whether the gradient is wrong because of what it says."""

    words: str
    wrong: bool = False


def remarks(graph: Graph) -> tuple[Remark, ...]:
    """What is to be said of a graph, what is wrong first.

    Raises GraphError where the graph cannot be computed.
    """
    return tuple(Remark(words, wrong=True) for words in _wrong(graph)) + tuple(
        Remark(words) for words in _idle(graph)
    )


def _wrong(graph: Graph) -> Iterator[str]:
    """Where the derivative of the surrogate loss is not the gradient on average."""
    costs = {node.name for node in graph.of_kind("cost")}
    for node in graph.nodes:
        if node.name in costs or not costs.isdisjoint(graph.below(node.name)):
            yield from _moved_ends(graph, node)
            yield from _jumps(graph, node)


def _moved_ends(graph: Graph, node: Node) -> Iterator[str]:
    """The parameters of a family that move its support, or are whole numbers, with a derivative."""
    if node.family is None:
        return
    given = zip(node.family.parameters.items(), node.formulas, strict=True)
    for (name, parameter), formula in given:
        taken = {part.op for part in walk(formula.tree)} & graph.carrying
        if not taken:
            continue
        if parameter.discrete:
            yield (
                f"{name} of {node.name} takes whole numbers alone: there is no derivative in "
                f"{' and '.join(sorted(taken))} through it."
            )
        elif parameter.moves_support and node.scored:
            yield (
                f"The ends of what {node.name} can be move with {' and '.join(sorted(taken))}, and "
                f"a score does not see that. Take {node.name} by its path."
            )


def _jumps(graph: Graph, node: Node) -> Iterator[str]:
    """The edges into a node along which it jumps, where chance says how near the jump is."""
    for parent in (each for each in node.parents if each in graph.carrying):
        trees = [f.tree for f in node.formulas if _may_jump(graph, f.tree, parent)]
        if any(flaw(alone) for tree in trees for alone in _alone(graph, tree, parent)):
            followed = {parent, *graph.carriers(parent)}
            drawn = [n.name for n in graph.of_kind("random") if n.name in followed]
            way = (
                f"Take {' and '.join(drawn)} by the score."
                if drawn
                else "No score of this graph sees it."
            )
            yield (
                f"{node.name} jumps as {parent} moves, and no derivative along that edge sees it: "
                f"the gradient lacks a part. {way}"
            )


def _may_jump(graph: Graph, tree: Tree, name: str) -> bool:
    """Whether a part of a formula can jump as a node moves, at a place that hangs on chance."""
    for part in walk(tree):
        names = {below.op for below in walk(part) if below.op in graph.by_name}
        if part.op in JUMPING and name in names and any(_random(graph, each) for each in names):
            return True
    return False


def _random(graph: Graph, name: str) -> bool:
    """Whether a node is drawn, or hangs on one that is."""
    return any(n.kind == "random" for n in (*graph.above(name), graph.by_name[name]))


def _alone(graph: Graph, tree: Tree, name: str) -> Iterator[Tree]:
    """A formula as a function of one node alone, z, the others held at what a few draws gave."""
    with torch.no_grad():
        values = forward(graph, start(graph, DRAWS), torch.Generator().manual_seed(0)).values
    for draw in range(DRAWS):
        yield _held(tree, name, {other: v[draw].item() for other, v in values.items()})


def _held(tree: Tree, name: str, values: dict[str, float]) -> Tree:
    if tree.op == name:
        return Tree("z")
    if tree.op in values:
        number = Tree("number", text=repr(abs(values[tree.op])))
        return number if values[tree.op] >= 0.0 else Tree("neg", (number,))
    return Tree(tree.op, tuple(_held(part, name, values) for part in tree.parts), tree.text)


def _idle(graph: Graph) -> Iterator[str]:
    """What takes no part in the gradient."""
    costs = graph.of_kind("cost")
    for cost in costs:
        if not any(node.kind == "parameter" for node in graph.above(cost.name)):
            yield f"The cost {cost.name} hangs on no parameter: it adds nothing to the gradient."
    names = {cost.name for cost in costs}
    for node in graph.nodes:
        if node.kind != "cost" and names.isdisjoint(graph.below(node.name)):
            what = "the gradient in it is 0" if node.kind == "parameter" else "it changes nothing"
            yield f"No cost hangs on {node.name}: {what}."
