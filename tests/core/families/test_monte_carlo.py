"""Averages, logs of averages and weights: against scipy, enumeration and many replicates."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from vae_core.families.monte_carlo import (
    SQUARE,
    Integrand,
    beyond,
    log_mean_of_squares,
    mean_of_squares,
    running,
    squared_over,
    upper_tail,
    weigh,
    weighted_variance,
)

INTEGRANDS = {"square": SQUARE, "rare": beyond(3.0), "above": beyond(1.0)}
integrands = pytest.mark.parametrize("name", INTEGRANDS)
PROPOSALS = [(0.0, 1.0), (3.0, 1.0), (0.0, 1.5), (-1.0, 0.75), (4.0, 2.0)]
proposals = pytest.mark.parametrize(("loc", "scale"), PROPOSALS)


def gen(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def over_axis(of: Callable[[float], float], *breaks: float, reach: float = 60.0) -> float:
    """An integral over the whole axis, by scipy, split where the integrand jumps or is steep."""
    edges = sorted({-reach, *np.arange(-12.0, 12.5, 1.0), *breaks, reach})
    return math.fsum(
        integrate.quad(of, a, b, epsabs=1e-14, epsrel=1e-11, limit=200)[0]
        for a, b in pairwise(edges)
    )


def value(known: Integrand, z: float) -> float:
    return known.f(torch.tensor([z], dtype=torch.float64)).item()


def squared_ratio(z: float, loc: float, scale: float) -> float:
    """p^2 / q by scipy."""
    log = 2 * stats.norm.logpdf(z) - stats.norm.logpdf(z, loc, scale)
    return math.exp(log)


@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_running_means_and_their_errors_are_numpys(shift: float) -> None:
    values = torch.randn(50, generator=gen(1), dtype=torch.float64) + shift
    found = running(values)
    for k in range(1, 51):
        first = values[:k].numpy()
        assert found.mean[k - 1].item() == pytest.approx(first.mean(), rel=1e-15, abs=1e-12)
        if k > 1:
            error = first.std(ddof=1) / math.sqrt(k)
            assert found.error[k - 1].item() == pytest.approx(error, rel=1e-6)
    assert math.isnan(found.error[0].item())


def test_the_variance_of_a_mean_by_enumeration() -> None:
    """Every way to draw K times from four values that are not equally likely."""
    values, chances = np.array([0.0, 1.0, 4.0, -2.0]), np.array([0.4, 0.3, 0.2, 0.1])
    mean = float(values @ chances)
    variance = float((values - mean) ** 2 @ chances)
    for k in (1, 2, 3, 5):
        picks = np.array(list(itertools.product(range(4), repeat=k)))
        weight, means = chances[picks].prod(1), values[picks].mean(1)
        assert weight @ means == pytest.approx(mean, abs=1e-12)
        assert weight @ (means - mean) ** 2 == pytest.approx(variance / k, abs=1e-12)


def test_means_are_unbiased_and_their_errors_are_their_spread() -> None:
    """z-scores over 4000 means of 20 squares; the average of error^2 is the variance."""
    squares = torch.randn(4000, 20, generator=gen(2), dtype=torch.float64).square()
    rows = [running(row) for row in squares]
    means = np.array([row.mean[-1].item() for row in rows])
    z = (means.mean() - 1.0) / (means.std(ddof=1) / math.sqrt(means.size))
    assert abs(z) < 4
    squared_errors = np.array([row.error[-1].item() ** 2 for row in rows])
    z = (squared_errors.mean() - 2.0 / 20) / (squared_errors.std(ddof=1) / math.sqrt(4000))
    assert abs(z) < 4


@pytest.mark.parametrize("samples", [1, 3, 64])
def test_the_laws_of_a_mean_of_squares_and_of_its_log(samples: int) -> None:
    """Against scipy's chi-squared law, by quadrature in the logarithm."""

    def moment(of: Callable[[float], float]) -> float:
        def inside(log: float) -> float:
            density = stats.chi2.pdf(samples * math.exp(log), samples) * samples * math.exp(log)
            return float(of(log) * density)

        edges = np.linspace(-60.0, 8.0, 69)
        return math.fsum(integrate.quad(inside, a, b, epsabs=1e-14)[0] for a, b in pairwise(edges))

    assert moment(lambda _log: 1.0) == pytest.approx(1.0, abs=1e-10)
    log, mean = log_mean_of_squares(samples), mean_of_squares(samples)
    first = moment(lambda log: log)
    assert log.mean == pytest.approx(first, abs=1e-9)
    assert log.deviation**2 == pytest.approx(moment(lambda log: (log - first) ** 2), rel=1e-8)
    assert mean.mean == pytest.approx(moment(math.exp), abs=1e-9)
    variance = moment(lambda log: (math.exp(log) - 1.0) ** 2)
    assert mean.deviation**2 == pytest.approx(variance, rel=1e-8)
    assert log.mean < 0


def test_the_bias_of_a_log_goes_as_one_over_k() -> None:
    """-1 / K for squares; for gamma draws of another shape the general rule, by scipy."""
    for samples in (10, 100, 1000):
        assert log_mean_of_squares(samples).mean == pytest.approx(
            -1 / samples, abs=0.5 / samples**2
        )
    shape, samples = 2.5, 400  # mean 2.5, variance 2.5; K times the mean is gamma of K times 2.5
    total = stats.gamma(shape * samples)
    exact = total.expect(lambda t: np.log(t / samples), lb=600, ub=1500)
    assert exact == pytest.approx(special.digamma(shape * samples) - math.log(samples), abs=1e-7)
    rule = math.log(shape) - shape / (2 * samples * shape**2)
    assert exact == pytest.approx(rule, abs=1e-6)
    assert exact < math.log(shape) - 4e-4  # the log of the mean itself would be off by more


def test_draws_demand_the_bias_of_the_log() -> None:
    """Its average is what the law says, and far from the log of the mean."""
    squares = torch.randn(40_000, 4, generator=gen(3), dtype=torch.float64).square()
    logs = squares.mean(1).log()
    error = logs.std().item() / math.sqrt(len(logs))
    assert abs(logs.mean().item() - log_mean_of_squares(4).mean) < 4 * error
    assert logs.mean().item() < -20 * error


@pytest.mark.parametrize("z", [-3.0, 0.0, 1.0, 3.0, 6.0])
def test_the_upper_tail_is_scipys(z: float) -> None:
    assert upper_tail(z) == pytest.approx(stats.norm.sf(z), rel=1e-12)


@integrands
def test_what_is_known_of_the_integrands(name: str) -> None:
    known = INTEGRANDS[name]
    mean = over_axis(lambda z: value(known, z) * stats.norm.pdf(z))
    square = over_axis(lambda z: value(known, z) ** 2 * stats.norm.pdf(z))
    assert known.mean == pytest.approx(mean, rel=1e-9)
    assert known.square == pytest.approx(square, rel=1e-9)
    for at in ((-1.0, 0.8), (2.0, 1.3)):
        found = over_axis(lambda z, at=at: value(known, z) ** 2 * stats.norm.pdf(z, *at))
        assert known.tilted(*at) == pytest.approx(found, rel=1e-9)


@proposals
def test_the_squared_weights_by_quadrature(loc: float, scale: float) -> None:
    """E_q[w] = 1 whichever q, and E_q[w^2] is the mass of p^2 / q."""
    weight = over_axis(
        lambda z: (
            math.exp(stats.norm.logpdf(z) - stats.norm.logpdf(z, loc, scale))
            * stats.norm.pdf(z, loc, scale)
        ),
        reach=30.0,
    )
    assert weight == pytest.approx(1.0, rel=1e-10)
    tilted = squared_over(loc, scale)
    assert tilted
    second = over_axis(lambda z: squared_ratio(z, loc, scale))
    share = 2 * scale**2 - 1
    assert math.exp(tilted.log_mass) == pytest.approx(second, rel=1e-8)
    assert second == pytest.approx(scale**2 / math.sqrt(share) * math.exp(loc**2 / share), rel=1e-8)
    for z in (-2.0, 0.3, 3.0):
        density = stats.norm.pdf(z, tilted.loc, tilted.scale)
        assert math.exp(tilted.log_mass) * density == pytest.approx(squared_ratio(z, loc, scale))


@integrands
@proposals
def test_the_variance_of_a_weighted_draw_by_quadrature(name: str, loc: float, scale: float) -> None:
    known = INTEGRANDS[name]
    second = over_axis(lambda z: squared_ratio(z, loc, scale) * value(known, z) ** 2)
    exact = second - known.mean**2
    assert weighted_variance(known, loc, scale) == pytest.approx(exact, rel=1e-6)


@integrands
@pytest.mark.parametrize("scale", [0.4, 0.7])
def test_a_narrow_proposal_has_infinite_variance(name: str, scale: float) -> None:
    """Far out p^2 / q itself grows without bound; the border lies at sqrt(1/2)."""
    assert squared_over(3.0, scale) is None
    assert weighted_variance(INTEGRANDS[name], 3.0, scale) == math.inf
    far = 2 * stats.norm.logpdf(4000.0) - stats.norm.logpdf(4000.0, 3.0, scale)
    assert far > 1000
    assert squared_over(0.0, 0.7072) is not None
    assert squared_over(0.0, 0.7071) is None


def test_weighing_is_what_its_words_say() -> None:
    log_w = torch.tensor([0.3, -1.0, 2.0, 0.0], dtype=torch.float64)
    f = np.array([1.0, -2.0, 0.5, 3.0])
    found, w = weigh(log_w, torch.from_numpy(f)), np.exp(log_w.numpy())
    assert found.estimate == pytest.approx(np.mean(w * f))
    assert found.error == pytest.approx(np.std(w * f, ddof=1) / 2)
    assert found.normalized == pytest.approx(np.sum(w * f) / np.sum(w))
    spread = np.sqrt(np.sum(w**2 * (f - found.normalized) ** 2)) / np.sum(w)
    assert found.normalized_error == pytest.approx(spread)
    assert found.effective == pytest.approx(np.sum(w) ** 2 / np.sum(w**2))
    assert found.largest == pytest.approx(w.max() / w.sum())
    shifted = weigh(log_w + 5.0, torch.from_numpy(f))  # p known only up to a factor
    assert shifted.normalized == pytest.approx(found.normalized)
    assert shifted.effective == pytest.approx(found.effective)


def test_the_effective_size_lies_between_one_and_all() -> None:
    f = torch.ones(10)
    assert weigh(torch.zeros(10), f).effective == pytest.approx(10)
    eaten = torch.zeros(10)
    eaten[3] = 50.0
    assert weigh(eaten, f).effective == pytest.approx(1)
    assert weigh(eaten, f).largest == pytest.approx(1)


@pytest.mark.parametrize(("loc", "scale"), [(0.5, 1.0), (0.0, 1.5), (0.3, 0.9)])
def test_the_effective_size_of_many_draws(loc: float, scale: float) -> None:
    """K over E_q[w^2], in the long run."""
    tilted = squared_over(loc, scale)
    assert tilted
    z = loc + scale * torch.randn(400_000, generator=gen(4), dtype=torch.float64)
    log_w = torch.from_numpy(stats.norm.logpdf(z) - stats.norm.logpdf(z, loc, scale))
    share = weigh(log_w, z).effective / len(z)
    assert share == pytest.approx(math.exp(-tilted.log_mass), rel=0.02)


@pytest.mark.parametrize(
    ("name", "loc", "scale"), [("rare", 3.0, 1.0), ("square", 0.0, 1.5), ("square", 0.5, 1.2)]
)
def test_weighted_draws_are_unbiased_with_the_variance_that_is_known(
    name: str, loc: float, scale: float
) -> None:
    known, count = INTEGRANDS[name], 200_000
    z = loc + scale * torch.randn(count, generator=gen(5), dtype=torch.float64)
    ratio = np.exp(stats.norm.logpdf(z) - stats.norm.logpdf(z, loc, scale))
    terms = ratio * known.f(z).numpy()
    assert abs(terms.mean() - known.mean) < 4 * terms.std() / math.sqrt(count)
    off = (terms - known.mean) ** 2
    exact = weighted_variance(known, loc, scale)
    assert abs(off.mean() - exact) < 4 * off.std() / math.sqrt(count)


def test_self_normalized_estimates_demand_their_bias() -> None:
    """About -Cov(w, w (f - E f)) / K at first order; over many replicates of four draws."""
    loc, scale, count = 1.0, 1.2, 4
    z = loc + scale * torch.randn(60_000, count, generator=gen(6), dtype=torch.float64)
    w = torch.from_numpy(np.exp(stats.norm.logpdf(z) - stats.norm.logpdf(z, loc, scale)))
    normalized = (w * z.square()).sum(1) / w.sum(1)
    first = weigh(w[0].log(), z[0].square())
    assert first.normalized == pytest.approx(normalized[0].item())
    error = normalized.std().item() / math.sqrt(len(normalized))
    assert abs(normalized.mean().item() - 1.0) > 6 * error
    plain = (w * z.square()).mean(1)
    assert abs(plain.mean().item() - 1.0) < 4 * plain.std().item() / math.sqrt(len(plain))
