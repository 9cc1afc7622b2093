"""What torch itself remembers of z, drawn in three ways: its graph, walked link by link.

An encoder as small as can be, mu = phi_1 x and sigma = phi_2 x at x = 1, then a draw z, then z^2.
The names of the steps are read off the graph that torch has built, and so are the links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pages.obstacle.stuck.cost import SIGMA, base_noise
from pages.ui.live import Diagram, Edge, Form, Line, Node
from pages.ui.numbers import number

PHI, ENCODED, Q, STRETCHED, Z, COST = range(6)
ALONG = {"phi": PHI, "encoded": ENCODED, "q": Q, "stretched": STRETCHED, "z": Z, "cost": COST}
WORDS = {"phi": "ϕ", "encoded": "ϕ x", "q": "μ, σ", "stretched": "σ ε", "cost": "z²"}
WAYS = {"sample": "z = q.sample()", "normal": "z = normal(μ, σ)", "path": "z = μ + σ ε"}
LANE = 3  # beside the row of z = mu + sigma eps: the link that passes sigma eps by
SIZES = {"phi": (146, 76), "z": (152, 50), "cost": (124, 50)}
WIDE = Form(
    size=(960, 322),
    along=(78, 236, 384, 536, 698, 878),
    across=(44, 144, 244, 306),
    sizes={"box": (132, 50)} | {f"{way} {name}": SIZES[name] for way in WAYS for name in SIZES},
    letters={"box": 16},
)
NARROW = Form(
    size=(360, 520),
    down=True,
    along=(48, 142, 222, 298, 380, 470),
    across=(56, 168, 280, 348),
    sizes={"box": (106, 48)} | {f"{way} phi": (108, 82) for way in WAYS},
    letters={"box": 13},
)


@dataclass(frozen=True)
class Record:
    """What torch did with a draw.

    Attributes:
        names: for each tensor its `grad_fn`'s name, "None" where it has none.
        links: pairs of tensors along which the way back leads, from the later to the earlier.
        gradient: phi.grad, None where nothing arrived.
        error: what torch said instead.
    """

    names: Mapping[str, str]
    links: frozenset[tuple[str, str]]
    gradient: tuple[float, float] | None
    error: str


def drawn(way: str, loc: Tensor, scale: Tensor, seed: int) -> dict[str, Tensor]:
    """z, and what is made on the way to it."""
    if way == "sample":
        return {"z": torch.distributions.Normal(loc, scale).sample()}
    if way == "normal":
        return {"z": torch.normal(loc, scale, generator=torch.Generator().manual_seed(seed))}
    stretched = scale * base_noise(seed)[0]
    return {"stretched": stretched, "z": loc + stretched}


def record(way: str, mu: float, seed: int = 0) -> Record:
    """Run the graph forward and, if torch lets us, back."""
    phi = torch.tensor([mu, SIGMA], dtype=torch.float64, requires_grad=True)
    encoded = phi * 1.0
    loc, scale = encoded.unbind()
    tensors = {"encoded": encoded, "q": loc, **drawn(way, loc, scale, seed)}
    tensors["cost"] = tensors["z"] ** 2
    nodes: dict[str, torch.autograd.graph.Node | None] = {
        "phi": torch.autograd.graph.get_gradient_edge(phi).node,
        **{name: each.grad_fn for name, each in tensors.items()},
    }
    links = {
        (later, earlier)
        for later, node in nodes.items()
        for parent, _ in (node.next_functions if node else ())
        for earlier, other in nodes.items()
        if parent is not None and parent is other
    }
    error = ""
    try:
        tensors["cost"].backward()
    except RuntimeError as refused:
        error = str(refused)
    gradient = None if phi.grad is None else (phi.grad[0].item(), phi.grad[1].item())
    names = {name: _name(node) for name, node in nodes.items()}
    return Record(names, frozenset(links), gradient, error)


def _name(node: torch.autograd.graph.Node | None) -> str:
    return "None" if node is None else node.name().rpartition("::")[2]


def written(gradient: tuple[float, float] | None) -> str:
    """phi.grad as the picture writes it."""
    return "None" if gradient is None else f"({', '.join(map(number, gradient))})"


def diagram(records: Mapping[str, Record]) -> Diagram:
    """The ways one below the other; an arrow where a link is, a dashed line where none is."""
    nodes = [node for row, way in enumerate(WAYS) for node in _row(way, row, records[way])]
    edges = [edge for way in WAYS for edge in _edges(way, records[way])]
    return Diagram(nodes, edges, WIDE, NARROW)


def _row(way: str, row: int, found: Record) -> list[Node]:
    nodes = []
    for name, step in found.names.items():
        words = WAYS[way] if name == "z" else WORDS[name]
        cut = step == "None"
        lines = [Line(words), Line(f"grad_fn: {step}" if cut else step, small=True)]
        if name == "phi":
            arrived = found.gradient is not None and any(found.gradient)
            colour = "good" if arrived else "bad"
            lines.append(Line(f"ϕ.grad: {written(found.gradient)}", colour))
        place = (ALONG[name], row)
        colour = "bad" if cut else "muted"
        nodes.append(Node(f"{way} {name}", place, lines, colour=colour, dashed=cut))
    return nodes


def _edges(way: str, found: Record) -> list[Edge]:
    chain = list(found.names)
    links = []
    for late, early in sorted(found.links):
        beside = chain.index(late) - chain.index(early) == 1
        via = () if beside else ((ALONG[late], LANE), (ALONG[early], LANE))
        links.append(Edge(f"{way} {late}", f"{way} {early}", "gradient", via))
    reached = {late for late, _ in found.links}
    lost = [
        Edge(f"{way} {late}", f"{way} {early}", "lost")
        for early, late in pairwise(chain)
        if late not in reached
    ]
    return links + lost


SOURCE: tuple[Callable[..., object], ...] = (record, drawn)
