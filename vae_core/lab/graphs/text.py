"""A graph as a small text, a node on each line, in any order.

    param theta = 0.5
    x ~ normal(theta, 1) by score      # a random node, of a family and its parameters
    y = tanh(2x)                       # a formula
    cost c = (y - 1)^2                 # what is averaged and descended

A semicolon may stand for the end of a line. A random node goes by its path where its family has
one, and else by its score; `by path` and `by score` say it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast

from vae_core.families import FAMILIES, PARAMETRIZATIONS, Family
from vae_core.lab.formula import LONGEST, FormulaError, parse_formula, plain
from vae_core.lab.formula.tokens import ALIASES, NUMBERED
from vae_core.lab.formula.tree import CONSTANTS, OPERATIONS, function_of, is_variable, walk
from vae_core.lab.formula.tree import Node as Tree
from vae_core.lab.graphs.graph import Formula, Graph, GraphError, Node, Way, in_order
from vae_core.lab.graphs.laws import OFFERED

MOST_NODES, MOST_LETTERS = 60, 6_000
TAKEN = {*CONSTANTS, *OPERATIONS, *ALIASES, "number", "param", "cost", "by", "path", "score"}
LINE = re.compile(
    rf"(?:(?P<word>param|cost)\s+)?(?P<name>{NUMBERED})\s*(?P<sign>[=~])\s*(?P<rest>.*)"
)
RANDOM = re.compile(
    r"(?P<family>[a-z]+)\s*\((?P<given>.*)\)\s*(?:by\s+(?P<way>path|score))?", re.IGNORECASE
)
FORMS = "Write `param theta = 0.5`, `y = theta^2`, `x ~ normal(theta, 1)` or `cost c = (x - 1)^2`."


@lru_cache(maxsize=256)
def parse_graph(text: str) -> Graph:
    """Read a graph.

    Raises:
        GraphError: for anything that is not understood, or cannot be computed; it says where.

    >>> graph = parse_graph("param m = 2; x ~ normal(m, 1) by score; cost c = x^2")
    >>> [node.name for node in graph.nodes], graph.scores
    (['m', 'x', 'c'], {'x': ('c',)})
    """
    if len(text) > MOST_LETTERS:
        raise GraphError(f"The text is longer than {MOST_LETTERS} letters.")
    written = [(number, line) for number, line in enumerate(lines_of(text), start=1) if line]
    if len(written) > MOST_NODES:
        raise GraphError(f"There are {len(written)} nodes; a graph may have {MOST_NODES}.")
    parts = [_split(number, line) for number, line in written]
    names = _names(parts)
    graph = Graph(in_order(_node(number, match, names) for number, match in parts))
    for kind, sample in (("cost", "cost c = (x - 1)^2"), ("parameter", "param theta = 0.5")):
        if not any(node.kind == kind for node in graph.nodes):
            raise GraphError(f"There is no {kind} yet. Add one, such as `{sample}`.")
    return graph


def lines_of(text: str) -> list[str]:
    """The lines of a text, without what they say behind a #; some are empty."""
    return [line.split("#")[0].strip() for line in re.split(r"[\n;]", text)]


def _split(number: int, line: str) -> tuple[int, re.Match[str]]:
    match = LINE.fullmatch(line)
    if match is None:
        raise GraphError(f"`{line}` is not understood. {FORMS}", number)
    return number, match


def _names(parts: Sequence[tuple[int, re.Match[str]]]) -> tuple[str, ...]:
    """The names of all nodes, each of them given once and free."""
    found: dict[str, int] = {}
    for number, match in parts:
        name = match["name"].lower()
        if name in TAKEN:
            raise GraphError(f"`{name}` has a meaning of its own; take another name.", number)
        if name in found:
            raise GraphError(f"There is a `{name}` already, in line {found[name]}.", number)
        found[name] = number
    return tuple(found)


def _node(number: int, match: re.Match[str], names: tuple[str, ...]) -> Node:
    """The node of a line."""
    word, name, rest = match["word"], match["name"].lower(), match["rest"].strip()
    if (match["sign"] == "~") and word:
        raise GraphError(f"A {word} is no random node: it takes =, not ~.", number)
    if word == "param":
        return Node(name, "parameter", value=_number(rest, name, number), line=number)
    if match["sign"] == "~":
        return _random(number, name, rest, names)
    return _taking(Node(name, "cost" if word else "formula", line=number), [rest], names)


def _taking(node: Node, texts: Sequence[str], names: tuple[str, ...]) -> Node:
    """The node with its formulas, which take the nodes that occur in any of them."""
    trees = [_tree(text, names, node.line) for text in texts]
    used = (part.op for tree in trees for part in walk(tree) if is_variable(part))
    parents = tuple(dict.fromkeys(used))
    formulas = tuple(Formula(tree, function_of(tree, parents or ("",))) for tree in trees)
    return replace(node, formulas=formulas, parents=parents)


def _number(text: str, name: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        raise GraphError(
            f"The value of {name} is to be a number; `{text}` is none.", number
        ) from None
    if not abs(value) <= 1e6:
        raise GraphError(f"The value of {name} may lie between -1e6 and 1e6.", number)
    return value


def _tree(text: str, names: tuple[str, ...], number: int) -> Tree:
    if not text:
        raise GraphError(f"There is no formula yet. {FORMS}", number)
    try:
        return parse_formula(text, names).tree
    except FormulaError as problem:
        where = f" At `{problem.marked(text)}`." if len(text) <= LONGEST else ""
        raise GraphError(f"{problem}{where}", number) from None


def _random(number: int, name: str, text: str, names: tuple[str, ...]) -> Node:
    match = RANDOM.fullmatch(text)
    if match is None:
        raise GraphError(f"`{text}` is not understood. Write `{name} ~ normal(0, 1)`.", number)
    family = OFFERED.get(match["family"].lower())
    if family is None:
        raise GraphError(
            f"`{match['family']}` is no family of a graph; there are {', '.join(OFFERED)}.", number
        )
    given = [part.strip() for part in _apart(match["given"])]
    family, words = _assigned(family, given, number)
    way = (match["way"] or ("score" if family.path == "none" else "path")).lower()
    if way == "path" and family.path == "none":
        raise GraphError(f"{family.title} has no path. {family.reason}", number)
    node = Node(name, "random", family=family, way=cast("Way", way), line=number)
    return _by_logit(_taking(node, words, names))


def _by_logit(node: Node) -> Node:
    """bernoulli(sigmoid(u)) by its logit u, which no rounding takes to a probability of 0 or 1."""
    tree = node.formulas[0].tree
    if tuple(node.drawn_from.parameters) != ("probs",) or tree.op != "sigmoid":
        return node
    logit = Formula(tree.parts[0], function_of(tree.parts[0], node.parents or ("",)))
    return replace(node, formulas=(logit,), family=node.drawn_from.in_terms_of(("logit",)))


def _apart(text: str) -> list[str]:
    """What commas part, but for those within brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _assigned(family: Family, given: Sequence[str], number: int) -> tuple[Family, list[str]]:
    """The family in the parameters that are given, by name or by place, and a text for each."""
    named = dict(part.split("=", 1) for part in given if re.match(rf"{NUMBERED}\s*=(?!=)", part))
    named = {name.strip().lower(): text.strip() for name, text in named.items()}
    entries = (family, *PARAMETRIZATIONS.get(family.name, ()))
    for entry in entries:
        if named and len(named) == len(given) and named.keys() == entry.parameters.keys():
            return entry, [named[name] for name in entry.parameters]
        if not named and len(given) == len(entry.parameters):
            return entry, list(given)
    ways = " or ".join(f"{family.name}({', '.join(entry.parameters)})" for entry in entries)
    raise GraphError(f"{family.title} is written {ways}.", number)


def text_of(graph: Graph) -> str:
    """The text that gives this graph, a node on each line."""
    return "\n".join(line_of(node) for node in graph.nodes)


def line_of(node: Node) -> str:
    """The line of a node.

    >>> line_of(parse_graph("param m = 2; x~normal(m,1) by score; cost c = x^2").by_name["x"])
    'x ~ normal(m, 1) by score'
    """
    if node.kind == "parameter":
        return f"param {node.name} = {node.value:.10g}"
    if node.family is None:
        return f"{'cost ' * (node.kind == 'cost')}{node.name} = {plain(node.formulas[0].tree)}"
    return f"{node.name} ~ {law_of(node)}{' by score' * (node.scored and has_path(node))}"


def law_of(node: Node) -> str:
    """A random node's family with its parameters: "normal(m, 1)"."""
    family, given = node.drawn_from, [plain(formula.tree) for formula in node.formulas]
    if tuple(family.parameters) == ("logit",):
        given = [f"sigmoid({given[0]})"]
    elif family is not FAMILIES[family.name] and family.name != "categorical":
        given = [f"{name}={text}" for name, text in zip(family.parameters, given, strict=True)]
    return f"{family.name}({', '.join(given)})"


def has_path(node: Node) -> bool:
    """Whether it is a random node that could go by its path."""
    return node.family is not None and node.family.path != "none"
