"""What must hold of any family in the registry, each as a function of its entry.

Parameters are tried at their defaults, and near both ends of each one's range. What is compared
with scipy's law shares no code with the family; a family that scipy has not, a newcomer, is held
to itself: its density to its CDF, its samples to both, its path to differences of its transform.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import special
from torch import Tensor, distributions

from tests.support.scipy_laws import TWINS, Law
from vae_core.families import FAMILIES, Distribution, Family

Point = dict[str, float]
Cost = Callable[[Tensor], Tensor]

FALSE_ALARM = 1e-6
"""How often one check of samples may fail by chance, over seeds; the seeds are fixed."""
Z = 5.0  # by chance: once in 1.7 million

COSTS: dict[str, Cost] = {
    "tanh": torch.tanh,
    "bump": lambda y: 1.0 / (1.0 + y * y),
}


def points(entry: Family) -> list[Point]:
    """Parameters at their defaults, all at either end of their ranges, and each alone there."""
    default: Point = {}
    for name, p in entry.parameters.items():
        assert isinstance(p.default, (int, float))
        default[name] = float(p.default)
    ends = [
        {**default, name: end} for name, p in entry.parameters.items() for end in (p.low, p.high)
    ]
    corners = [{name: getattr(p, end) for name, p in entry.parameters.items()} for end in ENDS]
    found = [default, *corners, *(ends if len(default) > 1 else ())]
    return [{name: float(value) for name, value in point.items()} for point in found]


ENDS = ("low", "high")
SLOW = {"vonmises"}  # scipy searches its quantile for milliseconds


def at(entry: Family, point: Point, rows: int = 1, *, leaves: bool = False) -> Distribution:
    """The member with these parameters, (rows, 1) each, in float64."""
    return entry(
        **{
            name: torch.full((rows, 1), value, dtype=torch.float64, requires_grad=leaves)
            for name, value in point.items()
        }
    )


def sample(q: Distribution, count: int, seed: int = 5) -> Tensor:
    """Draws of q, (count, B, D)."""
    return q.transform(q.base(count, torch.Generator().manual_seed(seed)))


def twin(entry: Family, point: Point) -> Law | None:
    """Scipy's law, if it has it in these parameters."""
    known = entry.name in TWINS and entry is FAMILIES.get(entry.name)
    return TWINS[entry.name](*point.values()) if known else None


def grid(q: Distribution, count: int = 16) -> Tensor:
    """Values from all over where q lives, rising: (count, 1, 1)."""
    drawn = sample(q, 2000).flatten().sort().values
    inner = torch.linspace(60, len(drawn) - 60, count - 2).long()
    ranks = torch.tensor([0, *inner, len(drawn) - 1])
    return drawn[ranks].unique().view(-1, 1, 1)


def check_density(entry: Family, point: Point) -> None:
    """log q and F are scipy's; and the density between two values integrates to F's rise."""
    q = at(entry, point)
    z = grid(q)
    law = twin(entry, point)
    if law is not None:
        logs = law.logpmf if entry.discrete else law.logpdf
        np.testing.assert_allclose(q.log_prob(z).flatten(), logs(z.flatten()), 1e-9, 1e-9)
        np.testing.assert_allclose(q.cdf(z).flatten(), law.cdf(z.flatten()), 1e-9, 1e-13)
        low, high = (end.item() for end in q.support)
        np.testing.assert_allclose((low, high), law.support(), 1e-12)
    if not entry.discrete:
        middle = z[1:-1]
        rise = q.cdf(middle).diff(dim=0).flatten()
        np.testing.assert_allclose(mass_between(q, middle.flatten()), rise, 1e-5)
        check_ends(q)


def check_ends(q: Distribution) -> None:
    """F is 0 where the support begins and 1 where it ends; beyond there is no density."""
    for end, value, outwards in zip(q.support, (0.0, 1.0), (-1.0, 1.0), strict=True):
        z = end.clamp(-1e300, 1e300).unsqueeze(0)
        assert abs(q.cdf(z).item() - value) < 1e-12
        if end.isfinite().all():
            assert q.cdf(z + outwards).item() == q.cdf(z).item()
            assert q.log_prob(z + outwards).item() == -math.inf


def mass_between(q: Distribution, z: Tensor) -> np.ndarray:
    """The integral of q between each two neighbours, by Gauss-Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    t, w = torch.tensor((nodes + 1) / 2), torch.tensor(weights / 2)
    low, width = z[:-1, None], z.diff()[:, None]
    inner = low + width * t
    density = q.log_prob(inner.reshape(-1, 1, 1)).exp().view(inner.shape)
    return (density * width * w).sum(1).numpy()


def check_moments(entry: Family, point: Point) -> None:
    """Mean and variance under our density are scipy's; E|z|^r is finite where `moments` says so.

    The integrals run over scipy's quantiles, far into both tails: dz is du over scipy's density.
    """
    law, order = twin(entry, point), entry.moments(**point)
    if law is None or entry.discrete:
        return
    mean, variance = (float(each) for each in law.stats("mv"))
    assert math.isfinite(mean) == (order > 1)
    assert math.isfinite(variance) == (order > 2)
    if order > 2:
        heavy = math.isfinite(order) or entry.tails(**point).right == 0
        t, weights = logit_rule(*((250.0, 250) if heavy else ()))
        with warnings.catch_warnings(action="ignore"):  # scipy's, at the last digits before an end
            slow = entry.name in SLOW
            z = own_quantiles(at(entry, point), torch.tensor(t)) if slow else quantiles(law, t)
            z = np.asarray(z)
            theirs = law.logpdf(z)
        z, theirs, weights = (
            each[np.isfinite(z) & np.isfinite(theirs)] for each in (z, theirs, weights)
        )
        ours = at(entry, point).log_prob(torch.tensor(z).view(-1, 1, 1)).flatten().numpy()
        mass = weights * np.exp(ours - theirs)
        found = np.sum(mass * z)
        assert abs(np.sum(mass) - 1) < 1e-7  # what rounds to the end of a support is not seen
        assert abs(found - mean) < 1e-6 * (abs(mean) + math.sqrt(variance))
        assert abs(np.sum(mass * (z - found) ** 2) - variance) < 1e-6 * variance


def quantiles(law: Law, t: np.ndarray) -> np.ndarray:
    """Scipy's z with F(z) = sigmoid(t), from whichever end it is exact."""
    found: np.ndarray = np.where(t < 0, law.ppf(special.expit(t)), law.isf(special.expit(-t)))
    return found


def logit_rule(reach: float = 30.0, panels: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in t = logit u, and weights, for the integral over u from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(-reach, reach, panels + 1)
    half = reach / panels
    t = (edges[:-1, None] + half * (nodes + 1)).ravel()
    return t, np.tile(weights, panels) * half * special.expit(t) * special.expit(-t)


def own_quantiles(q: Distribution, t: Tensor) -> Tensor:
    """z with F(z) = sigmoid(t), by halving: for one member, (N,)."""
    u = t.sigmoid()
    low, high = (end.clamp(-1e12, 1e12).item() for end in q.support)
    below, above = torch.full_like(u, low), torch.full_like(u, high)
    for _ in range(60 if high - low < 100.0 else 100):
        middle = (below + above) / 2
        under = q.cdf(middle.view(-1, 1, 1)).flatten() < u
        below, above = middle.where(under, below), above.where(under, middle)
    return (below + above) / 2


def check_samples(entry: Family, point: Point, count: int = 30_000) -> None:
    """Kolmogorov-Smirnov against the CDF, of samples and of their mirrored twins.

    The empirical CDF of n draws is off by more than t anywhere with probability at most
    2 exp(-2 n t^2) (Massart 1990): t is where that is `FALSE_ALARM`, 0.0156 for 30,000.
    """
    q, law = at(entry, point), twin(entry, point)
    eps = q.base(count, torch.Generator().manual_seed(11))
    limit = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * count))
    for noise in (eps, entry.noise.mirror(eps)):
        z = q.transform(noise).flatten().sort().values.double()
        values = q.cdf(z.view(-1, 1, 1)).flatten() if law is None else torch.tensor(law.cdf(z))
        assert farthest(z, values, count, discrete=entry.discrete) < limit
    mirrored = entry.noise.mirror(eps)
    assert not torch.allclose(mirrored, eps)
    torch.testing.assert_close(entry.noise.mirror(mirrored), eps)
    elsewhere = at(entry, points(entry)[0]).base(count, torch.Generator().manual_seed(11))
    assert torch.equal(eps, elsewhere)


def farthest(z: Tensor, cdf: Tensor, count: int, *, discrete: bool) -> float:
    """The greatest distance between the empirical CDF of sorted draws and theirs."""
    after = torch.searchsorted(z, z, right=True) / count
    if discrete:
        return (after - cdf).abs().max().item()
    before = torch.searchsorted(z, z) / count
    return torch.maximum((after - cdf).abs(), (before - cdf).abs()).max().item()


def check_path(entry: Family, point: Point) -> None:
    """dz/d parameter by autograd is that of differences of the transform, eps held fixed.

    And where one number stands behind z, that of scipy's quantile: -dF / q.
    """
    if entry.path == "none":
        return
    leaf = at(entry, point, leaves=True)
    eps = leaf.base(15, torch.Generator().manual_seed(3))
    z = leaf.transform(eps)
    for name in entry.differentiable:
        parameter = leaf.parameters[name]
        slopes = torch.stack(
            [torch.autograd.grad(each, parameter, retain_graph=True)[0] for each in z.flatten()]
        ).flatten()
        h = 1e-4 * max(abs(point[name]), 0.1)

        def moved(by: float, name: str = name, h: float = h) -> Tensor:
            return at(entry, {**point, name: point[name] + by * h}).transform(eps).flatten()

        np.testing.assert_allclose(slopes, central(moved) / h, 1e-6, 1e-9)
        if entry.name in TWINS and eps.shape == z.shape:
            check_quantile(entry, point, name, h, slopes, z.detach().flatten())


def check_area(entry: Family, point: Point) -> None:
    """q(z) |dz/deps| = p(eps), with dz/deps by autograd: the transform preserves area."""
    density = entry.noise.density
    if entry.path == "none" or density is None:
        return
    q = at(entry, point)
    eps = q.base(40, torch.Generator().manual_seed(4)).requires_grad_()
    z = q.transform(eps)
    (slope,) = torch.autograd.grad(z.sum(), eps)
    found = (q.log_prob(z) + slope.abs().log().squeeze(-1)).exp()
    torch.testing.assert_close(found, density(eps).squeeze(-1), rtol=1e-8, atol=1e-12)
    assert ((entry.noise.low <= eps) & (eps <= entry.noise.high)).all()


def central(moved: Callable[[float], Tensor]) -> Tensor:
    """The derivative at 0 by differences of four values, off by h^4."""
    return (8 * (moved(1.0) - moved(-1.0)) - (moved(2.0) - moved(-2.0))) / 12


def check_quantile(
    entry: Family, point: Point, name: str, h: float, slopes: Tensor, z: Tensor
) -> None:
    """The same slopes from scipy's quantile, from whichever end it is exact."""
    law = TWINS[entry.name](*point.values())
    lower = law.cdf(z) < 0.5
    below, above = law.cdf(z), law.sf(z)

    def moved(by: float) -> Tensor:
        other = TWINS[entry.name](*{**point, name: point[name] + by * h}.values())
        return torch.tensor(np.where(lower, other.ppf(below), other.isf(above)))

    np.testing.assert_allclose(slopes, central(moved) / h, 2e-6, 1e-7)


def exact_slopes(entry: Family, point: Point, costs: Sequence[Cost], name: str) -> list[float]:
    """The derivatives of each E[f] in a parameter, by differences of quadratures.

    Over scipy's quantiles; over those of the family's own CDF where scipy has none, or is slow.
    """
    t, weights = logit_rule()
    h = 1e-3 * max(abs(point[name]), 0.1)

    def means(by: float) -> Tensor:
        moved = {**point, name: point[name] + by * h}
        law, q = twin(entry, moved), at(entry, moved)
        if entry.discrete:
            z = torch.arange(200, dtype=torch.float64)  # more than any here can be
            weight = q.log_prob(z.view(-1, 1, 1)).exp().flatten()
        elif law is None or entry.name in SLOW:
            z, weight = own_quantiles(q, torch.tensor(t)), torch.tensor(weights)
        else:
            z, weight = torch.tensor(quantiles(law, t)), torch.tensor(weights)
        return torch.stack([(f(z) * weight).sum() for f in costs])

    found: list[float] = (central(means) / h).tolist()
    return found


def standard(entry: Family, point: Point) -> tuple[float, float]:
    """Where and how wide q is: its median and half the middle of its draws."""
    low, middle, high = (
        sample(at(entry, point), 2000)
        .flatten()
        .quantile(torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64))
    )
    return middle.item(), max((high - low).item(), 1e-3) / 2


def check_gradients(entry: Family, point: Point, count: int = 20_000) -> None:
    """The pathwise gradient of E[f] is unbiased, by z-score; the score's too where it may be used.

    f is bounded and smooth, so that it has a mean under any tails.
    """
    middle, width = standard(entry, point)
    costs = [lambda z, cost=cost: cost((z - middle) / width) for cost in COSTS.values()]
    z, paths = by_path(entry, point, count)
    drawn, scores = by_score(entry, point, count)
    for name in entry.differentiable:
        for f, exact in zip(costs, exact_slopes(entry, point, costs, name), strict=True):
            if entry.path != "none":
                (slope,) = torch.autograd.grad(f(z).sum(), z)
                agrees(slope * paths[name], exact)
            if not entry.parameters[name].moves_support:
                agrees(f(drawn) * scores[name], exact)


def agrees(estimates: Tensor, exact: float) -> None:
    """Whether the mean of single estimates is the exact value, as far as one can tell."""
    error = estimates.std().item() / math.sqrt(estimates.numel())
    assert math.isfinite(error)
    assert abs(estimates.mean().item() - exact) < Z * error + 1e-7 * (1 + abs(exact))


def by_path(entry: Family, point: Point, count: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Draws, and the slope of each in each parameter."""
    q = at(entry, point, count, leaves=True)
    z = sample(q, 1, seed=21)
    names = entry.differentiable if entry.path != "none" else ()
    slopes = torch.autograd.grad(z.sum(), [q.parameters[name] for name in names]) if names else ()
    return z.detach().requires_grad_(), dict(zip(names, slopes, strict=True))


def by_score(entry: Family, point: Point, count: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Draws, and the score of each in each parameter."""
    q = at(entry, point, count)
    z = sample(q, 1, seed=22)
    return z, q.scores(z)


def check_tails(entry: Family, point: Point) -> None:
    """What `tails` says of growing costs is what the density says far out, on either side."""
    if entry.discrete:
        return
    q, tails = at(entry, point), entry.tails(**point)
    low, high = (end.item() for end in q.support)
    right, left = (
        far_out(q, side) if math.isinf(end) else (math.inf,) * 3
        for side, end in ((1.0, high), (-1.0, low))
    )
    for said, found in (
        (tails.order, min(right[0], left[0])),
        (tails.right, right[1]),
        (tails.left, left[1]),
        (tails.square, min(right[2], left[2])),
    ):
        assert said == found or abs(said - found) < 1e-3 * (1 + abs(said)), (said, found)


def far_out(q: Distribution, side: float) -> tuple[float, ...]:
    """How fast log q falls far out: in log |z| (less 1), in |z|, in z^2; the limit of each."""
    found = []
    for distance in (1e6, 1e12):
        z = torch.full((1, 1, 1), side * distance, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(q.log_prob(z).sum(), z)
        fall = -side * slope.item()
        if not math.isfinite(fall):
            return (math.inf,) * 3
        found.append((fall * distance - 1, fall, fall / (2 * distance)))
    return tuple(limit(*each) for each in zip(*found, strict=True))


def limit(near: float, far: float) -> float:
    """Infinite or zero if it goes on growing or falling, else the value."""
    if far > 1.5 * near:
        return math.inf
    return 0.0 if far < near / 1.5 else far


def check_line(entry: Family, point: Point, count: int = 10_000) -> None:
    """Torch's own line runs, has a gradient in each parameter, and samples the same law."""
    if entry.torch is None:
        return
    q = at(entry, point, count, leaves=True)
    with torch.random.fork_rng():
        torch.manual_seed(8)
        z = eval(entry.torch, vars(distributions) | {"torch": torch}, q.parameters)  # noqa: S307
    names = entry.differentiable
    slopes = torch.autograd.grad(z.sum(), [q.parameters[name] for name in names])
    assert all(slope.abs().sum() > 0 for slope in slopes)
    limits = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * count))
    drawn = z.detach().flatten().sort().values
    cdf = at(entry, point).cdf(drawn.view(-1, 1, 1)).flatten()
    assert farthest(drawn, cdf, count, discrete=entry.discrete) < limits


CHECKS = (
    check_density,
    check_moments,
    check_samples,
    check_path,
    check_area,
    check_gradients,
    check_tails,
    check_line,
)


def check_family(entry: Family) -> None:
    """All of it, at all points."""
    for point in points(entry):
        for check in CHECKS:
            check(entry, point)
