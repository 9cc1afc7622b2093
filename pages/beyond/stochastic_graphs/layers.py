"""Where the nodes of a graph stand: in layers, so that every arrow leads onwards.

An arrow that skips layers goes through an empty place in each of them, and within the layers the
order is settled by where the neighbours stand, to and fro, so that few arrows cross (Sugiyama,
Tagawa and Toda 1981).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vae_core.lab.graphs import Graph

SWEEPS = 8
REACH = 0.4
"""How far a node reaches into the gap beside its layer, in tracks."""
Stop = tuple[str, str, int]  # where an arrow, from parent to child, goes through a layer
Thing = str | Stop


@dataclass(frozen=True)
class Layers:
    """Places in tracks: a node's layer, and its row in it.

    Attributes:
        places: (layer, row) of each node, and of each place that an arrow goes through.
        count, rows: how many layers there are, and rows in the fullest.
    """

    places: Mapping[Thing, tuple[float, float]]
    count: int
    rows: int

    def turns(self, parent: str, child: str) -> list[tuple[float, float]]:
        """Where the arrow from a parent to a child turns: in the gaps between layers alone.

        So it leaves and arrives along the layers, and passes behind no node.
        """
        first, last = (self.places[name] for name in (parent, child))
        stops = [
            self.places[parent, child, layer] for layer in range(int(first[0]) + 1, int(last[0]))
        ]
        out, into = (first[0] + REACH, first[1]), (last[0] - REACH, last[1])
        through = [(layer + side, row) for layer, row in stops for side in (-REACH, REACH)]
        return [out, *through, into]


def laid_out(graph: Graph) -> Layers:
    """The places of a graph's nodes."""
    layer = _layers(graph)
    links: list[tuple[Thing, Thing]] = []
    things: list[list[Thing]] = [[] for _ in range(max(layer.values()) + 1)]
    for name, place in layer.items():
        things[place].append(name)
    for parent, child in graph.edges:
        stops = [(parent, child, place) for place in range(layer[parent] + 1, layer[child])]
        for stop in stops:
            things[stop[2]].append(stop)
        chain: list[Thing] = [parent, *stops, child]
        links += pairwise(chain)
    rows = _settled(things, links)
    fullest = max(map(len, things))
    places = {thing: (float(at), rows[thing]) for at, each in enumerate(things) for thing in each}
    return Layers(places, len(things), fullest)


def _layers(graph: Graph) -> dict[str, int]:
    """The layer of each node: after its parents, and a node without any just before its child."""
    found: dict[str, int] = {}
    for node in graph.nodes:
        found[node.name] = max((found[parent] + 1 for parent in node.parents), default=0)
    children = {node.name: [c for p, c in graph.edges if p == node.name] for node in graph.nodes}
    for node in graph.nodes:
        if not node.parents and children[node.name]:
            found[node.name] = min(found[child] for child in children[node.name]) - 1
    return found


def _settled(
    things: Sequence[Sequence[Thing]], links: Iterable[tuple[Thing, Thing]]
) -> dict[Thing, float]:
    """The row of each thing, the layers' middles in one line."""
    before: dict[Thing, list[Thing]] = {}
    after: dict[Thing, list[Thing]] = {}
    for start, end in links:
        after.setdefault(start, []).append(end)
        before.setdefault(end, []).append(start)
    fullest = max(map(len, things))
    rows: dict[Thing, float] = {}

    def spread(layer: Sequence[Thing]) -> None:
        rows.update({thing: i + (fullest - len(layer)) / 2 for i, thing in enumerate(layer)})

    for layer in things:
        spread(layer)
    ordered = [list(layer) for layer in things]
    for sweep in range(SWEEPS):
        near = before if sweep % 2 == 0 else after
        for layer in ordered if sweep % 2 == 0 else reversed(ordered):
            layer.sort(key=lambda thing: _mean(rows, near.get(thing, []), rows[thing]))
            spread(layer)
    return rows


def _mean(rows: Mapping[Thing, float], neighbours: Sequence[Thing], own: float) -> float:
    return sum(rows[each] for each in neighbours) / len(neighbours) if neighbours else own
