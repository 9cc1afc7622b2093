"""Noise moved by a drawn function: against scipy, finite differences, autograd-free draws."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, interpolate, optimize, stats

from vae_core.families import transforms
from vae_core.families.drawn import Drawn
from vae_core.families.transforms import image_mass, over_noise, over_samples

BENT = Drawn((-1.2, -0.8, -0.3, 1.2, 2.4))
FALLING = Drawn((2.5, 1.0, 0.8, -0.5, -2.0))
LINE = Drawn((-0.2, 0.4, 1.0, 1.6, 2.2))
CLOSE = Drawn((-3.0, -2.9, 0.0, 0.1, 3.0))
TURNING = Drawn((-2.0, -1.0, 0.2, 1.4, 0.3))
ZIGZAG = Drawn((-1.0, 1.5, -0.5, 2.0, -1.0))
FLAT = Drawn((-1.5, 0.5, 0.5, 1.0, 2.5))
ENDS_FLAT = Drawn((1.5, 1.5, -1.0, 0.0, 0.0))
SHAPES = {
    "bent": BENT,
    "falling": FALLING,
    "line": LINE,
    "close": CLOSE,
    "turning": TURNING,
    "zigzag": ZIGZAG,
    "flat": FLAT,
    "ends_flat": ENDS_FLAT,
}
ONE_WAY = ("bent", "falling", "line", "close")
each_shape = pytest.mark.parametrize("name", SHAPES)
COSTS: dict[str, tuple[transforms.Cost, tuple[float, ...]]] = {
    "square": (np.square, ()),
    "absolute": (np.abs, (0.0,)),
    "above": (lambda z: (z > 1.0) * 1.0, (1.0,)),
    "sine": (lambda z: np.sin(2 * z), ()),
}
each_cost = pytest.mark.parametrize("cost", COSTS)


def noise(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count)


def by_scipy(f: transforms.Cost, g: Drawn, breaks: tuple[float, ...]) -> float:
    """E_p[f(g(eps))] by scipy's adaptive rule, cut where f breaks."""
    fine = np.linspace(-9, 9, 2_000) + 0.00123
    steps = [
        optimize.brentq(lambda eps, at=at: float(g(np.array([eps]))[0]) - at, *pair, xtol=1e-14)
        for at in breaks
        for pair in pairwise(fine)
        if np.prod(g(np.array(pair)) - at) < 0
    ]
    cuts = sorted({-9.0, -4.0, *map(float, g.knots), 4.0, 9.0, *steps})

    def inside(eps: float) -> float:
        at = np.array([eps])
        return float(f(g(at))[0] * stats.norm.pdf(eps))

    return sum(integrate.quad(inside, a, b, epsabs=1e-10)[0] for a, b in pairwise(cuts))


@each_shape
def test_the_curve_is_scipys_pchip_between_straight_tails(name: str) -> None:
    g = SHAPES[name]
    slopes = g.slope(g.knots)
    own = interpolate.CubicHermiteSpline(g.knots, g.heights, slopes)
    inside = np.linspace(-2, 2, 101)
    np.testing.assert_allclose(g(inside), own(inside), atol=1e-13)
    np.testing.assert_allclose(g.slope(inside), own.derivative()(inside), atol=1e-12)
    pchip = interpolate.PchipInterpolator(g.knots, g.heights).derivative()
    np.testing.assert_allclose(slopes[1:-1], pchip(g.knots[1:-1]), atol=1e-13)
    for tail in (np.linspace(-9, -2, 5), np.linspace(2, 9, 5)):
        end = -2.0 if tail[0] < 0 else 2.0
        at = np.array([end])
        np.testing.assert_allclose(g(tail), g(at) + g.slope(at) * (tail - end), atol=1e-13)


@each_shape
def test_the_slope_by_finite_differences(name: str) -> None:
    g, h = SHAPES[name], 1e-6
    eps = np.linspace(-4, 4, 83) + 0.003
    np.testing.assert_allclose(g.slope(eps), (g(eps + h) - g(eps - h)) / (2 * h), atol=1e-8)
    fine = np.abs(g.slope(np.linspace(-4, 4, 80_001)))
    assert g.slopes_between == pytest.approx((fine.min(), fine.max()), abs=1e-7)


@each_shape
def test_each_stretch_goes_one_way_and_back(name: str) -> None:
    g = SHAPES[name]
    assert sum(stretch.mass for stretch in g.stretches) == pytest.approx(1.0, abs=1e-14)
    for before, after in pairwise(g.stretches):
        assert before.high == after.low
        assert before.way != after.way
    for stretch in g.stretches:
        eps = np.linspace(max(stretch.low, -6.0), min(stretch.high, 6.0), 401)[1:-1]
        z = g(eps)
        assert (np.sign(np.diff(z)) == stretch.way).all()
        if stretch.way:
            np.testing.assert_allclose(g.inverse(z, stretch), eps, atol=1e-9)
        ends = [g(np.array([end]))[0] for end in (stretch.low, stretch.high) if math.isfinite(end)]
        for end in ends if stretch.way else []:
            outside = end + (0.1 if end == max(z.max(), end) else -0.1)
            assert np.isnan(g.inverse(np.array([outside]), stretch)).all()


def test_how_many_values_of_eps_reach_a_z() -> None:
    assert [s.way for s in BENT.stretches] == [1]
    assert [s.way for s in FALLING.stretches] == [-1]
    assert TURNING.stretches == ((-math.inf, 1.0, 1), (1.0, math.inf, -1))
    assert [s.way for s in ZIGZAG.stretches] == [1, -1, 1, -1]
    assert FLAT.stretches[1] == (-1.0, 0.0, 0)
    assert [s.way for s in ENDS_FLAT.stretches] == [0, -1, 1, 0]


@each_cost
@each_shape
def test_both_sides_of_the_law_agree_and_are_scipys(name: str, cost: str) -> None:
    """E[f(z)] in z, and E_p[f(g(eps))] in eps: also where g turns back, also where it is flat."""
    g, (f, breaks) = SHAPES[name], COSTS[cost]
    before, after = over_noise(f, g, breaks), over_samples(f, g, breaks)
    assert after == pytest.approx(before, abs=1e-8)
    assert sum(before) == pytest.approx(by_scipy(f, g, breaks), abs=2e-8)


@each_cost
@each_shape
def test_draws_agree(name: str, cost: str) -> None:
    """A z-score over a hundred thousand draws."""
    g, (f, breaks) = SHAPES[name], COSTS[cost]
    said = f(g(noise(100_000, 11)))
    score = (said.mean() - sum(over_samples(f, g, breaks))) / (said.std() / math.sqrt(said.size))
    assert abs(score) < 4


@pytest.mark.parametrize(("mu", "sigma"), [(1.0, 0.6), (-0.5, 2.0), (0.3, -1.1)])
def test_a_line_is_the_location_scale_transform(mu: float, sigma: float) -> None:
    g = Drawn(tuple(mu + sigma * eps for eps in (-2, -1, 0, 1, 2)))
    z = np.linspace(-4, 4, 41)
    np.testing.assert_allclose(g.density(z), stats.norm.pdf(z, mu, abs(sigma)), atol=1e-13)
    assert g.slopes_between == pytest.approx((abs(sigma), abs(sigma)), rel=1e-12)
    assert sum(over_noise(np.square, g)) == pytest.approx(mu**2 + sigma**2, rel=1e-12)
    bar = image_mass(g, 0.5, 1.0)
    assert bar[0] == pytest.approx(stats.norm.cdf(1.0) - stats.norm.cdf(0.5), rel=1e-12)


@each_shape
def test_the_density_integrates_to_what_is_not_flat(name: str) -> None:
    g = SHAPES[name]
    atoms = sum(stretch.mass for stretch in g.stretches if not stretch.way)
    ends = sorted({*g.heights, -60.0, 60.0, *(h + d for h in g.heights for d in (-1.5, 1.5))})
    total = sum(
        integrate.quad(lambda z: float(g.density(np.array([z]))[0]), a, b, limit=200)[0]
        for a, b in pairwise(ends)
    )
    assert total == pytest.approx(1.0 - atoms, abs=1e-5)


@pytest.mark.parametrize("name", ["bent", "falling", "close", "turning", "zigzag"])
def test_draws_have_that_density(name: str) -> None:
    """Chi-square on forty bins with the law's own quantiles; the masses are integrals in z."""
    g, count = SHAPES[name], 200_000
    z = g(noise(count, 5))
    edges = np.quantile(g(noise(count, 6)), np.linspace(0, 1, 41)[1:-1])
    below = [sum(over_samples(lambda at, e=edge: (at < e) * 1.0, g, (edge,))) for edge in edges]
    expected = np.diff([0.0, *below, 1.0])
    seen = np.diff([0.0, *(np.mean(z < edge) for edge in edges), 1.0]) * count
    chi = float(np.sum((seen - expected * count) ** 2 / (expected * count)))
    assert 1e-4 < stats.chi2.sf(chi, 39) < 1 - 1e-4


def law_at(z: float, g: Drawn) -> tuple[float, list[float]]:
    """P(g(eps) <= z) and the eps with g(eps) = z, by scipy's roots and normal law alone."""

    def miss(eps: float) -> float:
        return float(g(np.array([eps]))[0]) - z

    fine = np.linspace(-9, 9, 400) + 0.00123
    pairs = [(a, b) for a, b in pairwise(fine) if miss(a) * miss(b) < 0]
    roots = [float(optimize.brentq(miss, *pair, xtol=1e-15)) for pair in pairs]
    edges = [-9.0, *roots, 9.0]
    below = [(a, b) for a, b in pairwise(edges) if miss((a + b) / 2) < 0]
    return sum(stats.norm.cdf(b) - stats.norm.cdf(a) for a, b in below), roots


@each_shape
def test_the_density_is_the_slope_of_the_law(name: str) -> None:
    """And a sum over all eps that land on z, p by scipy and g' by differences."""
    g, h = SHAPES[name], 1e-5
    for z in (-0.9, 0.13, 0.93, 1.23):
        (below, _less), (above, _more) = law_at(z - h, g), law_at(z + h, g)
        found = float(g.density(np.array([z]))[0])
        assert found == pytest.approx((above - below) / (2 * h), abs=1e-6)
        slopes = [np.diff(g(np.array([eps - h, eps + h])))[0] / (2 * h) for eps in law_at(z, g)[1]]
        terms = [
            stats.norm.pdf(eps) / abs(slope)
            for eps, slope in zip(law_at(z, g)[1], slopes, strict=True)
        ]
        assert found == pytest.approx(sum(terms), abs=1e-6)


@each_shape
def test_the_law_of_z_is_that_of_g(name: str) -> None:
    """P(z in A) for A = (-inf, c), once from q and once from p."""
    g = SHAPES[name]
    for c in (-0.9, 0.13, 0.93, 1.23):
        mass = sum(over_samples(lambda z, c=c: (z < c) * 1.0, g, (c,)))
        assert mass == pytest.approx(law_at(c, g)[0], abs=1e-8)


def test_one_branch_alone_is_no_density() -> None:
    """Where g turns back, one inverse misses sand."""
    up, down = TURNING.stretches
    z = np.array([0.9])
    eps = [float(TURNING.inverse(z, stretch)[0]) for stretch in (up, down)]
    assert TURNING(np.array(eps)) == pytest.approx([0.9, 0.9], abs=1e-14)
    alone = over_samples(np.ones_like, TURNING)
    assert alone == pytest.approx((stats.norm.cdf(1), stats.norm.sf(1)), abs=1e-9)


@each_shape
def test_a_bar_keeps_its_area(name: str) -> None:
    """Its own stretch's share of q over its image; what others add is counted by draws."""
    g, z = SHAPES[name], SHAPES[name](noise(200_000, 8))
    atoms = [g(np.array([s.low if s.low > -9 else s.high])) for s in g.stretches if not s.way]
    lone = ~np.isclose(z[:, None], np.reshape(atoms, -1)).any(axis=1)  # flat stretches are no bars
    for low in (-3.0, -1.5, -0.5, 0.5, 1.5, 2.5):
        exact = stats.norm.cdf(low + 0.5) - stats.norm.cdf(low)
        shares = image_mass(g, low, low + 0.5)
        own = next(i for i, s in enumerate(g.stretches) if s.low <= low < s.high)
        if not g.stretches[own].way:
            assert shares == (0.0,) * len(shares)
            continue
        assert shares[own] == pytest.approx(exact, abs=1e-9)
        ends = g(np.array([low, low + 0.5]))
        seen, mass = np.mean(lone & (z > ends.min()) & (z < ends.max())), sum(shares)
        assert abs(seen - mass) < 4 * math.sqrt(mass / z.size)


def test_a_bar_on_both_sides_of_a_turn_is_refused() -> None:
    with pytest.raises(ValueError, match=r"turns back between 0\.75 and 1\.25"):
        image_mass(TURNING, 0.75, 1.25)


def test_random_shapes() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        g = Drawn(tuple(float(h) for h in rng.integers(-30, 31, 5) / 10))
        for f, breaks in COSTS.values():
            before, after = over_noise(f, g, breaks), over_samples(f, g, breaks)
            assert after == pytest.approx(before, abs=1e-6)
