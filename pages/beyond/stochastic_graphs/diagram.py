"""The graph as a diagram: what passes a derivative, and which costs each score is multiplied by.

Stage 1 shows the graph; then comes a stage for each score, and at last the costs themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from pages.beyond.stochastic_graphs.layers import Layers, laid_out
from pages.beyond.stochastic_graphs.measured import Question
from pages.ui.live import Diagram, Edge, Form, Frame, Line
from pages.ui.live import Node as Thing
from vae_core.lab.formula.tree import GREEK
from vae_core.lab.graphs import Graph
from vae_core.lab.graphs.graph import Node
from vae_core.lab.graphs.text import law_of, line_of

COLOURS = {"path": "accent", "score": "phi", "none": "muted"}
KINDS = {"parameter": "theta", "formula": "muted", "random": "eps", "cost": "sigma"}
GREEKS = dict(zip(GREEK.pattern.split("|"), "αβγδζηθκλμνξπρστϕχψω", strict=True))
GREEKS |= {"eps": "ε", "epsilon": "ε"}
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SPACING, HEIGHT, WIDTH, LEAST_HEIGHT = 150, 76, 980, 320
NARROW_WIDTH, NARROW_SPACING, COLUMN = 360, 88, 104


def stages(graph: Graph) -> int:
    """How many there are: the graph, each score, the costs."""
    return 2 + len(graph.scores)


@lru_cache(maxsize=64)
def drawn(graph: Graph) -> Diagram:
    """The diagram of a graph."""
    places = laid_out(graph)
    return Diagram(
        [_thing(graph, node, places) for node in graph.nodes],
        [_edge(graph, parent, child, places) for parent, child in graph.edges],
        _wide(places),
        _narrow(places),
        stage="stage",
    )


def frame(question: Question, sentences: Sequence[str], **at: int) -> Frame:
    """The graph at a stage, and what is said of it.

    Args:
        at: the stage, 1 to `stages(graph)`, by the graph's own name for it.
        question: the graph and its ways.
        sentences: what is said of the graph, of a score that takes all costs, of one that takes
            some, and of the costs, with blanks.
    """
    graph, (stage,) = question.graph, at.values()
    numbers: dict[str, float | str] = {node.name: node.value for node in graph.of_kind("parameter")}
    return Frame({}, {**numbers, "stage": stage, "told": _told(graph, stage, sentences)})


def _told(graph: Graph, stage: int, sentences: Sequence[str]) -> str:
    whole, all_costs, some_costs, own = sentences
    if stage == 1:
        return whole
    costs = [node.name for node in graph.of_kind("cost")]
    if stage == stages(graph):
        moving = [cost for cost in costs if cost in graph.carrying]
        return own.format(moving=listed(moving) if moving else "no cost", count=len(graph.scores))
    name = list(graph.scores)[stage - 2]
    below = graph.scores[name]
    rest = [cost for cost in costs if cost not in below]
    words = {"name": written(name), "below": listed(below), "rest": listed(rest)}
    return (some_costs if rest else all_costs).format(**words)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    *most, last = [written(name) for name in names] or [""]
    return f"{', '.join(most)} and {last}" if most else last


def written(text: str) -> str:
    """A name or a formula with its Greek letters, and numbers at their feet: "θ₁ + x₂"."""

    def letter(found: re.Match[str]) -> str:
        return GREEKS.get(found[1], found[1]) + found[2].translate(LOWERED)

    times = re.sub(r"\b([0-9.]+)\*(?=[a-z(])", r"\1", text).replace("*", "·")
    named = re.sub(r"(?<![a-z])([a-z]+)_?([0-9]*)(?![a-z0-9(])", letter, times)
    return re.sub(r"\^([0-9]+)\b", lambda found: found[1].translate(RAISED), named)


def about(graph: Graph, node: Node) -> str:
    """A sentence on a node."""
    costs = [cost.name for cost in graph.of_kind("cost") if cost.name in graph.below(node.name)]
    after = f"Costs after it: {listed(costs)}." if costs else "No cost comes after it."
    if node.kind == "cost":
        after = "What is averaged, and descended."
    if node.kind != "random":
        return after
    way = "score" if node.scored else "path"
    return f"By its {way}. {after}"


def _thing(graph: Graph, node: Node, places: Layers) -> Thing:
    name = written(node.name)
    if node.kind == "parameter":
        lines = [Line(f"{name} = {{{node.name}:.2f}}")]
    elif node.kind == "random":
        lines = [Line(f"{name} ~"), Line(written(law_of(node)).replace("(", " (", 1), small=True)]
    else:
        formula = line_of(node).partition("=")[2].strip()
        lines = [Line(f"{name} ="), Line(written(formula), small=True)]
    return Thing(
        node.name,
        places.places[node.name],
        lines,
        "ring" if node.kind in ("parameter", "random") else "box",
        KINDS[node.kind],
        dashed=node.scored,
        lit=_lit(graph, node),
        about=about(graph, node),
    )


def _lit(graph: Graph, node: Node) -> tuple[int, ...]:
    """The stages at which a node stands out: its own score's, and those that multiply it."""
    scores = enumerate(graph.scores.items(), start=2)
    found = [stage for stage, (name, below) in scores if node.name in (name, *below)]
    own = node.kind == "cost" and node.name in graph.carrying
    return (*found, *([stages(graph)] if own else []))


def _edge(graph: Graph, parent: str, child: str, places: Layers) -> Edge:
    passage = graph.passage(parent, child)
    return Edge(
        parent,
        child,
        via=places.turns(parent, child),
        colour=COLOURS[passage],
        lit=_edge_lit(graph, parent, child),
    )


def _edge_lit(graph: Graph, parent: str, child: str) -> tuple[int, ...]:
    """The stages at which a derivative goes along an edge: to a score, or to a cost."""
    costs = [cost.name for cost in graph.of_kind("cost") if cost.name in graph.carrying]
    ends = [*((name,) for name in graph.scores), costs]
    return tuple(
        stage
        for stage, names in enumerate(ends, start=2)
        if parent in graph.carrying
        and any(child in (name, *graph.carriers(name)) for name in names)
    )


def _wide(places: Layers) -> Form:
    """From left to right; with few rows in bigger boxes, so that a class can read them."""
    width, height = max(WIDTH, places.count * SPACING), max(LEAST_HEIGHT, places.rows * HEIGHT)
    step, row = width / places.count, height / places.rows
    size = (min(0.74 * step, 190), min(0.76 * row, 76))
    letters = min(18, size[0] / 7)
    return Form(
        size=(width, height),
        along=[step * (i + 0.5) for i in range(places.count + 1)],
        across=[row * (i + 0.5) for i in range(places.rows + 1)],
        sizes={"box": size, "ring": size},
        letters={"box": letters, "ring": letters},
    )


def _narrow(places: Layers) -> Form:
    """From top to bottom."""
    width = max(NARROW_WIDTH, places.rows * COLUMN)
    step = width / places.rows
    size = (min(step - 12, 150), 50)
    return Form(
        size=(width, places.count * NARROW_SPACING + 8),
        along=[NARROW_SPACING * (i + 0.5) + 4 for i in range(places.count + 1)],
        across=[step * (i + 0.5) for i in range(places.rows + 1)],
        down=True,
        sizes={"box": size, "ring": size},
        letters={"box": 15, "ring": 15},
    )
