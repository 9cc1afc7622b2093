"""The surrogate loss in TeX, its terms to be tapped: each leads to its stage."""

from __future__ import annotations

from vae_core.lab.formula.tree import tex_name
from vae_core.lab.graphs import Graph


def surrogate(graph: Graph, *, every_cost: bool) -> str:
    """L with a term for each score, at its stage, and the costs at the last."""
    costs = [node.name for node in graph.of_kind("cost")]
    terms = []
    for stage, (name, below) in enumerate(graph.scores.items(), start=2):
        parents = ", ".join(tex_name(parent) for parent in graph.by_name[name].parents)
        weight = " + ".join(tex_name(cost) for cost in (costs if every_cost else below))
        words = rf"\log p({tex_name(name)} \mid {parents})\,[{weight}]"
        terms.append(rf"\part{{{stage}}}{{\pick{{{stage}}}{{the score of {name}}}{{{words}}}}}")
    last = len(graph.scores) + 2
    own = " + ".join(tex_name(cost) for cost in costs)
    terms.append(rf"\part{{{last}}}{{\pick{{{last}}}{{the costs}}{{{own}}}}}")
    first, *rest = terms
    broken = "".join(rf"\allowbreak{{\;+\;{term}}}" for term in rest)
    return rf"{{\mathcal{{L}} = {first}}}{broken}"
