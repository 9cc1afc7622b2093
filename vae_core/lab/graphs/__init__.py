"""Stochastic computation graphs: written, differentiated, measured (Schulman et al. 2015)."""

from vae_core.lab.graphs.exact import exact
from vae_core.lab.graphs.graph import Graph, GraphError
from vae_core.lab.graphs.measured import estimate, finite_differences
from vae_core.lab.graphs.text import parse_graph, text_of

__all__ = [
    "Graph",
    "GraphError",
    "estimate",
    "exact",
    "finite_differences",
    "parse_graph",
    "text_of",
]
