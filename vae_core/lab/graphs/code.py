"""A graph as a program in plain torch, which prints what its surrogate loss gives."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from keyword import iskeyword

import torch

from vae_core.lab.formula.tree import (
    BINDING,
    COMPARISONS,
    PLACES,
    SEVERAL,
    function_of,
    is_constant,
)
from vae_core.lab.formula.tree import Node as Tree
from vae_core.lab.graphs.graph import Graph, Node
from vae_core.lab.graphs.laws import torch_law, written
from vae_core.lab.graphs.surrogate import weights

CALLS = {"softplus": "torch.nn.functional.softplus", "max": "torch.maximum", "min": "torch.minimum"}
OURS = {"torch", "number", "surrogate", "parameters", "value", "slope", "name", "print", "zip"}
HEAD = """\
import torch
{imports}
N = {replicates}
torch.manual_seed({seed})


def number(value):
    return torch.full((N,), float(value), dtype=torch.float64)


"""
TAIL = """
surrogate = {surrogate}
parameters = {{{parameters}}}
slopes = torch.autograd.grad(
    surrogate.sum(), list(parameters.values()), allow_unused=True, materialize_grads=True
)
for name, slope in zip(parameters, slopes):
    print(f"{{name}} {{slope.mean():.6f}} +- {{slope.std() / N**0.5:.6f}}")
"""


def program(graph: Graph, replicates: int, seed: int, *, every_cost: bool = False) -> str:
    """A program that needs nothing but torch: the graph, its surrogate loss, and the gradient.

    Its random numbers are torch's own: it agrees with `estimate` within the standard errors.
    """
    laws = sorted({_law(node).split("(")[0] for node in graph.of_kind("random")})
    imports = f"from torch.distributions import {', '.join(laws)}\n" if laws else ""
    parameters = (f'"{n.name}": {_name(n.name)}' for n in graph.of_kind("parameter"))
    return (
        HEAD.format(imports=imports, replicates=replicates, seed=seed)
        + "\n".join(line for node in graph.nodes for line in _lines(node))
        + TAIL.format(surrogate=_surrogate(graph, every_cost), parameters=", ".join(parameters))
    )


def _name(name: str) -> str:
    return f"{name}_" if iskeyword(name) or name in OURS else name


def _law(node: Node) -> str:
    return torch_law(node.drawn_from) or ""


def _lines(node: Node) -> Iterable[str]:
    """A node's line, or two."""
    name = _name(node.name)
    if node.kind == "parameter":
        yield f"{name} = number({node.value!r}).requires_grad_()"
    elif node.kind != "random":
        yield f"{name} = {_whole(node.formulas[0].tree)}"
    else:
        texts = (_whole(formula.tree) for formula in node.formulas)
        given = dict(zip(node.drawn_from.parameters, texts, strict=True))
        draw = "sample().double()" if node.scored else "rsample()"
        yield f"law_{node.name} = {written(_law(node), given)}"
        yield f"{name} = law_{node.name}.{draw}"


def _surrogate(graph: Graph, every_cost: bool) -> str:
    costs = [_name(node.name) for node in graph.of_kind("cost")]
    terms = []
    for name, weight in weights(graph, every_cost=every_cost).items():
        held = " + ".join(map(_name, weight))
        held = f"({held})" if len(weight) > 1 else held
        terms.append(f"law_{name}.log_prob({_name(name)}) * {held}.detach()")
    if not terms and graph.carrying.isdisjoint(node.name for node in graph.of_kind("cost")):
        terms.append(f"0.0 * {_name(graph.of_kind('parameter')[0].name)}")
    return " + ".join([*terms, *costs])


def _whole(tree: Tree) -> str:
    """A formula as a tensor, be it constant."""
    text = python(tree)
    return f"number({text})" if is_constant(tree) else text


def python(tree: Tree, place: int = 0) -> str:
    """A formula in Python, with brackets where it binds less than its place asks for.

    >>> python(Tree("^", (Tree("-", (Tree("x"), Tree("number", text="1"))), Tree("z"))))
    '(x - 1.0)**z'
    """
    if is_constant(tree):
        value = function_of(tree, ("",))(torch.zeros((), dtype=torch.float64)).item()
        return repr(value) if value >= 0.0 else f"({value!r})"
    if not tree.parts:
        return _name(tree.op)
    if tree.op in COMPARISONS:
        left, right = (python(part, 1) for part in tree.parts)
        return f"({left} {tree.op} {right}).double()"
    if tree.op == "step":
        return f"({python(tree.parts[0], 1)} > 0).double()"
    if tree.op in SEVERAL:
        return reduce(lambda a, b: f"{CALLS[tree.op]}({a}, {b})", map(_whole, tree.parts))
    if tree.op not in BINDING:
        return f"{CALLS.get(tree.op, f'torch.{tree.op}')}({python(tree.parts[0])})"
    parts = [python(part, need) for part, need in zip(tree.parts, PLACES[tree.op], strict=True)]
    joint = {"^": "**", "+": " + ", "-": " - ", "*": " * ", "/": " / "}.get(tree.op, "")
    text = joint.join(parts) if joint else f"-{parts[0]}"
    return text if BINDING[tree.op] >= place else f"({text})"
