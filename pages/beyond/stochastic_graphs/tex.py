"""The surrogate loss in TeX, its terms to be tapped: each leads to its stage."""

from __future__ import annotations

from vae_core.lab.formula.tree import tex_name
from vae_core.lab.graphs import Graph
from vae_core.lab.graphs.surrogate import terms

TERM = r"\log p({0} \mid {1})\,[{2}]"


def surrogate(graph: Graph, *, every_cost: bool) -> str:
    """L with a term for each score, at its stage, and the costs at the last."""
    scores = terms(graph, TERM, tex_name, every_cost=every_cost)
    own = " + ".join(tex_name(node.name) for node in graph.of_kind("cost"))
    named = [*((f"the score of {name}", term) for name, term in scores.items()), ("the costs", own)]
    first, *rest = (
        rf"\part{{{stage}}}{{\pick{{{stage}}}{{{name}}}{{{term}}}}}"
        for stage, (name, term) in enumerate(named, start=2)
    )
    broken = "".join(rf"\allowbreak{{\;+\;{term}}}" for term in rest)
    return rf"{{\mathcal{{L}} = {first}}}{broken}"
