"""What the variance of an estimate is integrated from: q, costs, scores and paths at many z.

The path is that of the quantile: where one number stands behind each z, F(z) stays what it is as
a parameter moves, and dz/dparameter = -(dF/dparameter) / q. There dF/dparameter is integrated from
the nearer end of z, so that digits last as far out as the density does.

Panels are even in t, where z moves doubly exponentially with t.
Sources: Takahasi & Mori 1974; implicit paths, Figurnov et al. 2018.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from vae_core.families.quadrature import double_exponential as de
from vae_core.lab.exact.integrals.any_family import speeds
from vae_core.lab.exact.integrals.case import Case
from vae_core.lab.exact.integrals.panels import Array
from vae_core.lab.problems import OWN

Places = NDArray[np.int_]
Truth = NDArray[np.bool_]

NODES = 12  # a panel's
LEAST = 1e-280  # of the density: below, a quotient by it has no digits
MATTERS = 1e-60  # of the mass of a node: below, what is not finite there is passed over
STEEP = 6e-6
LOOKED_AT, AROUND, SOUGHT = 129, 12.0, 1025  # jumps are sought within 12 widths
HALVINGS, LAST_HALVINGS, STAYS, SEEN = 6, 46, 0.6, 1e-6
WHOLE, MOST_WHOLE = 64, 200_000


class Edges(NamedTuple):
    """Ends of z, and places between at which density or cost may have a corner.

    Attributes:
        places: rising, the ends among them.
        middle, width: where most of q is.
    """

    places: list[float]
    middle: float
    width: float


class Table(NamedTuple):
    """What is integrated, at N values of z.

    Attributes:
        mass: q times the rule's weight, (N,).
        cost: of each different dimension, for an ELBO less log q, (N, C).
        scores: d log q / d parameter, (N, P).
        paths: one estimate along the path, (N, P); None where z has none that is known.
        ends: numbers of the outermost nodes at either side, (M,).
    """

    mass: Array
    cost: Array
    scores: Array
    paths: Array | None
    ends: Places


def whole(case: Case) -> Table:
    """All whole numbers that have mass."""
    low, high = case.support()
    size = WHOLE
    while True:
        count = int(min(high - low + 1.0, size))
        z = low + np.arange(count, dtype=np.float64)
        mass = np.exp(case.log_prob(z))
        if count < size or (mass[-1] < 1e-30 and mass.sum() > 0.5) or size >= MOST_WHOLE:
            break
        size *= 2
    return Table(mass, case.f(z), case.density(z)[:, 1:], None, np.arange(0))


def edges_of(case: Case) -> Edges:
    """Ends of z and places between, where density or cost may have a corner; middle and width."""
    gen = torch.Generator().manual_seed(0)
    z = case.q.transform(case.q.base(LOOKED_AT, gen)).flatten().sort().values.tolist()
    low, high = case.support()
    middle = z[LOOKED_AT // 2]
    width = max(z[3 * LOOKED_AT // 4] - z[LOOKED_AT // 4], 1e-12 * abs(middle), 1e-300) / 2.0
    places = {middle}
    if "loc" in case.q.parameters:
        places.add(case.q.parameters["loc"].item())
    found = Edges(_within(low, places, high), middle, width)
    if not case.problem.smooth or case.problem.name.startswith(OWN):
        ends = max(low, middle - AROUND * width), min(high, middle + AROUND * width)
        jumps = _jumps(case, np.linspace(*ends, SOUGHT))
        found = found._replace(places=_within(low, {*places, *jumps}, high))
    return found


def _within(low: float, places: set[float], high: float) -> list[float]:
    return [low, *sorted(place for place in places if low < place < high), high]


def _jumps(case: Case, z: Array) -> Iterator[float]:
    """Where the first cost, or its slope, changes however near one looks."""

    def both(z: Array) -> Array:
        return np.stack((case.f(z)[:, 0], case.slope(z)), axis=1)

    below, above = z[:-1], z[1:]
    f_below, f_above = both(below), both(above)
    changes = np.abs(f_above - f_below)
    for halving in range(HALVINGS + LAST_HALVINGS):
        middle = (below + above) / 2.0
        f = both(middle)
        nearer = np.abs(f - f_below) > np.abs(f_above - f)
        left = nearer[:, 0] | nearer[:, 1]
        below, above = np.where(left, below, middle), np.where(left, middle, above)
        f_below, f_above = (np.where(left[:, None], *pair) for pair in ((f_below, f), (f, f_above)))
        if halving == HALVINGS - 1:
            least = np.maximum(STAYS * changes, SEEN * np.ptp(f, axis=0))
            stays = np.abs(f_above - f_below) > least
            seen = np.flatnonzero(stays.any(axis=1))
            below, above, f_below, f_above = (x[seen] for x in (below, above, f_below, f_above))
    yield from above.tolist()


@functools.cache
def _rule() -> tuple[Array, Array, Array]:
    """Nodes and weights on [-1, 1], and the integrals of each node's polynomial up to each node."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    powers = np.polynomial.legendre.legvander(nodes, NODES - 1)
    risen = np.stack(
        [
            np.polynomial.legendre.legval(
                nodes, np.polynomial.legendre.legint(np.eye(NODES)[n], lbnd=-1.0)
            )
            for n in range(NODES)
        ],
        axis=1,
    )
    return nodes, weights, risen @ np.linalg.inv(powers)


def _nodes(edges: Edges, fineness: int) -> Iterator[tuple[Array, Array]]:
    """For each piece its z and dz/dt times half a panel, (panels, NODES) each, z rising."""
    count = int(2.0 * de.REACH * fineness)
    ends = np.linspace(-de.REACH, de.REACH, count + 1)
    half = (ends[1] - ends[0]) / 2.0
    t = torch.from_numpy((ends[:-1, None] + half) + half * _rule()[0])
    s, ds = 0.5 * math.pi * t.sinh(), 0.5 * math.pi * t.cosh() * half
    for low, high in pairwise(edges.places):
        falling = math.isinf(low)
        z, dz = de.substituted(-s if falling else s, ds, low, high, edges.width)
        yield z.numpy(), dz.numpy()


def tabulated(case: Case, edges: Edges, fineness: int) -> Table:
    """What is integrated, at all nodes; zero where there is no density, or next to none."""
    z, dz = (np.concatenate(each) for each in zip(*_nodes(edges, fineness), strict=True))
    flat = z.ravel()
    density, cost = case.density(flat), case.f(flat)
    q = np.exp(density[:, 0])
    mass = q * (dz * _rule()[1]).ravel()
    finite = np.isfinite(density).all(1) & np.isfinite(cost).all(1)
    seen = np.isfinite(q) & (q > LEAST) & (finite | (mass > MATTERS))
    mass, q = np.where(seen, mass, 0.0), np.where(seen, q, 0.0)
    log_q, scores = density[:, :1], np.where(seen[:, None], density[:, 1:], 0.0)
    if case.problem.elbo:
        cost = cost - log_q
    paths = None
    if case.q.family.noise.density is not None:
        speed = _speeds(case, q.reshape(z.shape), dz, scores, z > edges.middle)
        paths = case.slope(flat)[:, None] * speed
        if case.problem.elbo:
            paths = paths - case.log_slope(flat)[:, None] * speed - scores
        # Where the density falls steeply over a panel, what is left of it has no digits.
        steep = mass.reshape(z.shape) > STEEP * mass.reshape(z.shape).max(1, keepdims=True)
        paths = np.where((seen & steep.ravel())[:, None], paths, 0.0)
    panels = np.flatnonzero(seen) // NODES
    ends = np.r_[:NODES] + NODES * np.array([[panels[0]], [panels[-1]]])
    return Table(mass, np.where(seen[:, None], cost, 0.0), scores, paths, ends.ravel())


def _speeds(case: Case, q: Array, dz: Array, scores: Array, right: Truth) -> Array:
    """dz/dparameter at each node, F(z) held fixed: (N, P)."""
    _, weights, up_to = _rule()
    from_low, to_high = [], []
    low, high = case.support()
    for row, name in enumerate(case.q.family.differentiable):
        terms = q * scores[:, row].reshape(q.shape) * dz
        panels = terms @ weights
        below = np.cumsum(panels) - panels
        above = np.cumsum(panels[::-1])[::-1] - panels
        leaving, entering = 0.0, 0.0
        if case.q.family.parameters[name].moves_support:
            inner = np.array([np.nextafter(low, high), np.nextafter(high, low)])
            at_low, at_high = np.exp(case.log_prob(inner))
            slow, fast = speeds(case.q, name)
            leaving, entering = at_low * slow, at_high * fast
        from_low.append(leaving - below[:, None] - terms @ up_to.T)
        to_high.append(entering + above[:, None] + terms @ (weights - up_to).T)
    found = np.where(right[..., None], np.stack(to_high, -1), np.stack(from_low, -1))
    speed: Array = (found / q[..., None]).reshape(q.size, -1)
    return speed
