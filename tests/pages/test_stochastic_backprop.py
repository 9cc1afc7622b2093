"""Gradients without a path: identities, variances, tilted posteriors, by scipy and torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats
from torch.distributions import MultivariateNormal, kl_divergence

from pages.beyond.stochastic_backprop import identities, shapes, structure, variance, views
from pages.ui.lesson import Lesson, read_sections
from pages.ui.live import Param
from vae_core.estimators import ESTIMATORS
from vae_core.lab import find_problem
from vae_core.lab.exact.structured import STRUCTURES, correlations, kl

Function = Callable[[float], float]
LESSON = Lesson("stochastic_backprop")
# By hand: f, f', f'', f''' of each smooth cost, a wave at frequency 3.
BY_HAND: dict[str, tuple[Function, ...]] = {
    "wave": (
        lambda z: math.sin(3 * z),
        lambda z: 3 * math.cos(3 * z),
        lambda z: -9 * math.sin(3 * z),
        lambda z: -27 * math.cos(3 * z),
    ),
    "wells": (
        lambda z: (z * z - 1) ** 2,
        lambda z: 4 * z**3 - 4 * z,
        lambda z: 12 * z * z - 4,
        lambda z: 24 * z,
    ),
    "rising": tuple((lambda z, n=n: math.exp(z / 2) / 2**n) for n in range(4)),
    "square": (lambda z: z * z, lambda z: 2 * z, lambda z: 2.0, lambda z: 0.0),
}
BELLS = [(0.4, 0.5), (-2.0, 0.1), (2.0, 1.2), (0.0, 0.75)]
SMOOTH = [name for name, shape in shapes.SHAPES.items() if shape.kink is None]


def mean(g: Function, mu: float, sigma: float) -> float:
    """E[g(z)] by scipy."""
    places = [mu + sigma * t for t in range(-9, 10)]
    return sum(
        integrate.quad(lambda z: g(z) * stats.norm.pdf(z, mu, sigma), *ends, epsabs=1e-12)[0]
        for ends in itertools.pairwise(places)
    )


def spread(g: Function, mu: float, sigma: float) -> float:
    """Var[g(z)] by scipy."""
    centre = mean(g, mu, sigma)
    return mean(lambda z: (g(z) - centre) ** 2, mu, sigma)


# Two identities.


@pytest.mark.parametrize(("mu", "sigma"), BELLS)
@pytest.mark.parametrize("shape", SMOOTH)
def test_both_sides_of_both_identities(shape: str, mu: float, sigma: float) -> None:
    """The average slopes by scipy, and the slopes of the average as the step becomes short."""
    f, slope, curvature, _ = BY_HAND[shape]
    numbers = identities.frame(mu, sigma, 0.01, shape).numbers
    assert numbers["value"] == pytest.approx(mean(f, mu, sigma), abs=1e-8)
    assert numbers["bonnet"] == pytest.approx(mean(slope, mu, sigma), abs=1e-8)
    assert numbers["price"] == pytest.approx(mean(curvature, mu, sigma) / 2, abs=1e-8)
    assert numbers["by_mu"] == pytest.approx(numbers["bonnet"], rel=1e-3, abs=1e-3)
    assert numbers["by_c"] == pytest.approx(numbers["price"], rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("shape", SMOOTH)
def test_a_long_step_sees_the_chord_and_a_short_one_agrees(shape: str) -> None:
    off = []
    for h in (0.4, 0.2, 0.1):
        numbers = identities.frame(0.4, 0.5, h, shape).numbers
        off.append(abs(float(numbers["by_mu"]) - float(numbers["bonnet"])))
    assert off[1] / off[0] == pytest.approx(0.25, abs=0.06)  # of order h^2
    assert off[2] / off[1] == pytest.approx(0.25, abs=0.03)
    assert "agree" in str(identities.frame(0.4, 0.5, 0.01, shape).numbers["verdict"])
    assert "chords miss" in str(identities.frame(0.4, 0.5, 0.9, shape).numbers["verdict"])


@pytest.mark.parametrize(("mu", "sigma"), BELLS)
def test_a_kink_has_a_share_that_its_second_derivative_lacks(mu: float, sigma: float) -> None:
    """E|z| by scipy; its slope in mu is E[sign z], that in C the bell's height at the kink."""
    numbers = identities.frame(mu, sigma, 0.01, "kink").numbers
    assert numbers["value"] == pytest.approx(stats.foldnorm(abs(mu) / sigma, scale=sigma).mean())
    sign = 1.0 - 2.0 * stats.norm.cdf(0.0, mu, sigma)
    assert numbers["bonnet"] == pytest.approx(sign, abs=1e-9)
    assert numbers["by_mu"] == pytest.approx(sign, abs=1e-3)
    assert numbers["price"] == 0.0
    assert numbers["density"] == pytest.approx(stats.norm.pdf(0.0, mu, sigma), abs=1e-12)
    assert numbers["by_c"] == pytest.approx(float(numbers["density"]), abs=2e-3)
    lab = find_problem("f=|z|").exact(
        *(torch.tensor([x], dtype=torch.float64) for x in (mu, sigma))
    )
    assert lab.scale.item() / (2 * sigma) == pytest.approx(float(numbers["density"]), abs=1e-9)


def test_a_density_shifts_and_melts() -> None:
    """dq/dmu = -dq/dz, and dq/dC is half the second derivative in z: by differences."""
    z, mu, c, h = np.linspace(-2, 2, 9), 0.3, 0.8, 1e-4

    def q(z: np.ndarray, mu: float, c: float) -> np.ndarray:
        return np.asarray(stats.norm.pdf(z, mu, math.sqrt(c)))

    by_mu = (q(z, mu + h, c) - q(z, mu - h, c)) / (2 * h)
    by_z = (q(z + h, mu, c) - q(z - h, mu, c)) / (2 * h)
    np.testing.assert_allclose(by_mu, -by_z, atol=1e-7)
    by_c = (q(z, mu, c + h) - q(z, mu, c - h)) / (2 * h)
    twice = (q(z + h, mu, c) - 2 * q(z, mu, c) + q(z - h, mu, c)) / h**2
    np.testing.assert_allclose(by_c, twice / 2, atol=1e-6)


def test_each_entry_of_the_covariance_has_half_the_hessian() -> None:
    """f = sin(z_1) z_2^2 in two dimensions, by Gauss and Hermite; C_12 moves with C_21."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    eps = np.stack(np.meshgrid(nodes, nodes)).reshape(2, -1)
    w = np.outer(weights, weights).ravel() / (2 * np.pi)
    c, h = np.array([[0.8, 0.3], [0.3, 0.5]]), 1e-4

    def average(g: Callable[[np.ndarray], np.ndarray], c: np.ndarray) -> float:
        return float(w @ g(np.array([[0.4], [0.7]]) + np.linalg.cholesky(c) @ eps))

    hessian = {
        (0, 0): lambda z: -np.sin(z[0]) * z[1] ** 2,
        (1, 1): lambda z: 2 * np.sin(z[0]),
        (0, 1): lambda z: 2 * np.cos(z[0]) * z[1],
    }
    for (i, j), second in hessian.items():
        step = np.zeros((2, 2))
        step[i, j] = step[j, i] = h
        up, down = (average(lambda z: np.sin(z[0]) * z[1] ** 2, c + s * step) for s in (1, -1))
        entries = 1 if i == j else 2
        assert (up - down) / (2 * h) == pytest.approx(entries * average(second, c) / 2, rel=1e-6)


# How noisy?


@pytest.mark.parametrize("cost", variance.COSTS)
def test_steins_lemma_once_and_twice(cost: str) -> None:
    _, slope, curvature, third = BY_HAND[cost]
    mu, sigma = 0.4, 0.7

    def eps(z: float) -> float:
        return (z - mu) / sigma

    once = mean(lambda z: slope(z) * eps(z), mu, sigma)
    assert once == pytest.approx(sigma * mean(curvature, mu, sigma), abs=1e-9)
    square = mean(lambda z: (slope(z) * eps(z)) ** 2, mu, sigma)
    more = mean(lambda z: curvature(z) ** 2 + slope(z) * third(z), mu, sigma)
    told = mean(lambda z: slope(z) ** 2, mu, sigma) + 2 * sigma**2 * more
    assert square == pytest.approx(told, rel=1e-9)


@pytest.mark.parametrize(("mu", "sigma"), [(0.4, 0.5), (-2.0, 0.1), (2.0, 2.0), (0.0, 1.0)])
@pytest.mark.parametrize("cost", variance.COSTS)
def test_variances_and_the_three_terms_between_them(cost: str, mu: float, sigma: float) -> None:
    _, slope, curvature, third = BY_HAND[cost]
    path = spread(lambda z: slope(z) * (z - mu) / sigma, mu, sigma)
    bend = spread(lambda z: sigma * curvature(z), mu, sigma)
    for name, known in (("pathwise", path), ("second_order", bend)):
        got = variance.exact(cost, name, mu, sigma, 3.0)
        assert got == pytest.approx(known, rel=1e-6, abs=1e-9)
    parts = variance.excess(cost, mu, sigma, 3.0)
    wanted = (
        mean(lambda z: slope(z) ** 2, mu, sigma),
        sigma**2 * mean(lambda z: curvature(z) ** 2, mu, sigma),
        2 * sigma**2 * mean(lambda z: slope(z) * third(z), mu, sigma),
    )
    np.testing.assert_allclose(parts, wanted, rtol=1e-6, atol=1e-9 * path)
    assert sum(parts) == pytest.approx(path - bend, rel=1e-6, abs=1e-6 * path)


@pytest.mark.parametrize("omega", [0.5, 3.0, 6.0])
@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_a_wave_averaged_over_where_the_bell_stands(omega: float, sigma: float) -> None:
    """Half omega^2 (1 - sigma^2 omega^2): no less noise from the path until sigma omega is 1."""
    phases = np.arange(64) * 2 * math.pi / omega / 64
    found = np.mean([sum(variance.excess("wave", mu, sigma, omega)) for mu in phases])
    assert found == pytest.approx(omega**2 / 2 * (1 - sigma**2 * omega**2), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("cost", ["wave", "wells", "rising"])
def test_what_was_measured_scatters_around_what_is_exact(cost: str) -> None:
    """Over forty seeds; their own scatter is the standard error."""
    for name in variance.NAMES:
        found = []
        for seed in range(40):
            at = variance.frame(0.4, 0.5, seed, cost).traces[f"{name} measured"]
            found.append(float(at["y"][0]))
        error = np.std(found, ddof=1) / math.sqrt(len(found))
        assert abs(np.mean(found) - variance.exact(cost, name, 0.4, 0.5, 3.0)) < 4 * error


def test_a_parabolas_curvature_has_no_noise() -> None:
    """What the question asks, and why: 2 z eps has a variance of 4 mu^2 + 8 sigma^2."""
    now = variance.frame(0.4, 0.5, 0, "square")
    assert now.numbers["here_second_order"] == now.numbers["measured_second_order"] == "0"
    assert np.isnan(now.traces["second_order over sigma"]["y"]).all()
    assert "no noise at all" in str(now.numbers["verdict"])
    path = variance.exact("square", "pathwise", 0.4, 0.5, 3.0)
    assert path == pytest.approx(4 * 0.4**2 + 8 * 0.5**2)


@pytest.mark.parametrize("mu", [-2.0, 0.0, 0.4, 1.1])
@pytest.mark.parametrize("omega", [0.5, 3.0, 6.0])
def test_where_they_change_places_they_are_equal(mu: float, omega: float) -> None:
    places = variance.crossings("wave", mu, omega)
    for place in places:
        path, bend = (variance.exact("wave", n, mu, place, omega) for n in variance.NAMES)
        assert path == pytest.approx(bend, rel=1e-6)
    ends = [
        np.sign(sum(variance.excess("wave", mu, sigma, omega))) for sigma in variance.SIGMA[[0, -1]]
    ]
    assert (len(places) % 2 == 1) == (ends[0] != ends[1])


@pytest.mark.parametrize("cost", variance.COSTS)
def test_no_variance_leaves_its_axis(cost: str) -> None:
    """Over both sliders, and at the ends and the default of a wave's frequency."""
    low, high = variance.COSTS[cost].powers
    omegas = (0.5, 3.0, 6.0) if cost == "wave" else (3.0,)
    for omega, mu, name in itertools.product(omegas, (-2.0, -0.9, 0.0, 0.4, 2.0), variance.NAMES):
        heights = np.log10(variance.curve(cost, name, mu, omega))
        seen = heights[np.isfinite(heights)]
        assert ((low <= seen) & (seen <= high)).all(), (omega, mu, name, seen.min(), seen.max())


def test_the_words_say_who_is_quieter() -> None:
    told = {s: variance.verdict("wave", 0.4, s, 3.0) for s in (0.2, 0.5)}
    assert "curvature is quieter" in told[0.2]
    assert "path is quieter" in told[0.5]
    _, slope, curvature, _ = BY_HAND["wave"]

    def ahead(sigma: float) -> float:
        path = spread(lambda z: slope(z) * (z - 0.4) / sigma, 0.4, sigma)
        return path - spread(lambda z: sigma * curvature(z), 0.4, sigma)

    place = optimize.brentq(ahead, 0.2, 0.5)
    assert all(f"change places at σ = {place:.3g}." in each for each in told.values())
    assert "at every σ" in variance.verdict("rising", 0.4, 2.0, 3.0)


# Tilted posteriors.


@pytest.mark.parametrize("kind", structure.KINDS)
@pytest.mark.parametrize(("tilt", "dim"), [(0.7, 3), (-0.95, 8), (0.95, 5), (0.0, 4), (-0.5, 2)])
def test_what_is_left_over_is_torchs_kl(kind: str, tilt: float, dim: int) -> None:
    numbers = structure.frame(tilt, dim, 1.0, kind).numbers
    rho = float(numbers["rho"])
    zeros = torch.zeros(dim, dtype=torch.float64)
    p = MultivariateNormal(zeros, torch.from_numpy(correlations(kind, rho, dim)))
    for name, fit in structure.fits(kind, rho, dim).items():
        q = MultivariateNormal(zeros, torch.from_numpy(fit.covariance))
        assert numbers[f"kl_{name}"] == pytest.approx(float(kl_divergence(q, p)), abs=1e-6)


@pytest.mark.parametrize("dim", [2, 3, 8])
def test_below_zero_the_tilt_is_a_share_of_the_least_correlation(dim: int) -> None:
    rho = structure.correlation("shared", -0.95, dim)
    assert np.linalg.eigvalsh(correlations("shared", rho, dim)).min() > 0.0
    beyond = np.full((dim, dim), -1.001 / (dim - 1))
    np.fill_diagonal(beyond, 1.0)
    assert np.linalg.eigvalsh(beyond).min() < 0.0


@pytest.mark.parametrize("kind", structure.KINDS)
def test_ellipses_are_one_deviation_of_what_they_show(kind: str) -> None:
    """Each point is at distance one in the marginal's own measure, lengths included."""
    length, dim = 1.4, 4
    now = structure.frame(0.6, dim, length, kind)
    rho = float(now.numbers["rho"])
    stretch = np.diag([length, 1.0, 1.0, 1.0])
    found = {name: fit.covariance for name, fit in structure.fits(kind, rho, dim).items()}
    for name, covariance in {"target": correlations(kind, rho, dim), **found}.items():
        scaled = stretch @ covariance @ stretch
        for panel, pair in (("", [0, 1]), ("2", [0, 3])):
            at = now.traces[f"{name}{panel}"]
            points = np.stack((at["x"], at["y"]))
            inverse = np.linalg.inv(scaled[np.ix_(pair, pair)])
            np.testing.assert_allclose(np.einsum("in,ij,jn->n", points, inverse, points), 1.0)
    alone = math.sqrt(1 / np.linalg.inv(stretch @ correlations(kind, rho, dim) @ stretch)[0, 0])
    assert now.numbers["alone"] == pytest.approx(alone)
    assert now.numbers["own"] == length


def test_the_words_say_who_follows() -> None:
    told = {
        (kind, tilt, dim): str(structure.frame(tilt, dim, 1.0, kind).numbers["verdict"])
        for kind, tilt, dim in (
            ("shared", 0.7, 3),
            ("shared", -0.7, 5),
            ("chain", 0.9, 8),
            ("chain", 0.7, 3),
            ("shared", 0.0, 3),
            ("shared", 0.9, 2),
        )
    }
    assert "one in C follows" in told["shared", 0.7, 3]
    assert "one in C⁻¹ follows" in told["shared", -0.7, 5]
    assert "10 numbers instead of 15" in told["shared", -0.7, 5]
    assert "no fewer" in told["shared", 0.7, 3]
    assert "Neither" in told["chain", 0.9, 8]
    assert "one in C follows" in told["chain", 0.7, 3]
    assert "diagonal is enough" in told["shared", 0.0, 3]
    assert "each rank one is full" in told["shared", 0.9, 2]


def test_one_number_seen_makes_a_rank_one_precision() -> None:
    """z ~ N(0, I), x = w z + noise of deviation s: I + w w^T / s^2, by conditioning the joint."""
    w, s = np.array([0.5, -1.2, 2.0]), 0.7
    joint = np.eye(4)
    joint[:3, 3] = joint[3, :3] = w
    joint[3, 3] = w @ w + s**2
    given = joint[:3, :3] - np.outer(joint[:3, 3], joint[3, :3]) / joint[3, 3]
    precision = np.linalg.inv(given)
    np.testing.assert_allclose(precision, np.eye(3) + np.outer(w, w) / s**2)
    assert STRUCTURES["precision"].fit(precision).kl < 1e-9
    assert STRUCTURES["covariance"].fit(precision).kl > 0.01
    assert (
        kl(precision, np.diag(1 / np.diag(precision))) == STRUCTURES["diagonal"].fit(precision).kl
    )


# The page.


def ends_of(params: tuple[Param, ...]) -> list[dict[str, float]]:
    """Every slider at either end, the others at their defaults; and all at once."""
    start = {p.key: p.default for p in params}
    ends = {p.key: (p.positions[0], p.positions[-1]) if p.positions else (0,) for p in params}
    alone = [start | {key: end} for key, both in ends.items() for end in both]
    together = [
        dict(zip(ends, corner, strict=True)) for corner in itertools.product(*ends.values())
    ]
    return [start, *alone, *together]


@pytest.mark.parametrize(
    ("view", "choice"), [(name, each) for name, v in views.VIEWS.items() for each in v.picker[2]]
)
def test_every_view_is_drawn_at_every_end(view: str, choice: str) -> None:
    """Traces keep their names, numbers are numbers, and no sentence has a hole."""
    built = views.VIEWS[view].build(LESSON, choice)
    names = None
    for values in ends_of(tuple(built.axes)):
        now = built.at(values)
        assert now is not None
        assert all(isinstance(n, str) or math.isfinite(n) for n in now.numbers.values())
        words = built.takeaway.format(**{**values, **now.numbers})
        assert not any(hole in words for hole in ("nan", "inf", "None"))
        names = names or {trace.name for trace in built.figure(now).data}
        assert set(now.traces) <= names


@pytest.mark.parametrize(
    ("view", "choice"), [(name, each) for name, v in views.VIEWS.items() for each in v.picker[2]]
)
def test_what_to_try_names_states_that_there_are(view: str, choice: str) -> None:
    built = views.VIEWS[view].build(LESSON, choice)
    for preset in built.presets:
        other = views.VIEWS[str(preset.values["view"])]
        key, _, options = other.picker
        chosen = str(preset.values.get(key, next(iter(options))))
        axes = {param.key: param for param in other.build(LESSON, chosen).axes}
        for name, value in preset.values.items():
            if name in axes:
                assert axes[name].parse(str(value)) == pytest.approx(value)
            else:
                assert name in ("view", key)


def test_the_registry_says_what_the_page_says() -> None:
    rule = ESTIMATORS["second_order"]
    assert rule.families == ("normal",)
    assert rule.needs_smooth_slope
    assert not rule.needs_path
    assert "2D numbers" in read_sections("stochastic_backprop")["structure"]
