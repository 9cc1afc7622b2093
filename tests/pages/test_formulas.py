"""What the lessons' general formulas say, by quadrature, finite differences and torch."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Normal, kl_divergence

POINTS = [(1.5, 0.6), (-2.0, 1.0), (0.0, 2.0), (2.0, 0.25)]
points = pytest.mark.parametrize(("mu", "sigma"), POINTS)
H = 1e-5


def f(z: float) -> float:
    return math.sin(2 * z) + z * z


def slope(z: float) -> float:
    return 2 * math.cos(2 * z) + 2 * z


def q(z: float, mu: float, sigma: float) -> float:
    return float(stats.norm.pdf(z, mu, sigma))


def log_q(z: float, mu: float, sigma: float) -> float:
    return float(stats.norm.logpdf(z, mu, sigma))


def by_mu(of: Callable[[float, float], float], mu: float, sigma: float) -> float:
    return (of(mu + H, sigma) - of(mu - H, sigma)) / (2 * H)


def by_sigma(of: Callable[[float, float], float], mu: float, sigma: float) -> float:
    return (of(mu, sigma + H) - of(mu, sigma - H)) / (2 * H)


def over_z(of: Callable[[float], float], mu: float, sigma: float) -> float:
    found = integrate.quad(of, mu - 12 * sigma, mu + 12 * sigma, limit=200, epsabs=1e-12)
    return float(found[0])


def over_eps(of: Callable[[float], float]) -> float:
    return over_z(lambda eps: of(eps) * q(eps, 0, 1), 0, 1)


def mean(mu: float, sigma: float) -> float:
    """E_q[f(z)], in closed form."""
    return math.sin(2 * mu) * math.exp(-2 * sigma**2) + mu**2 + sigma**2


@points
def test_the_mean_may_be_taken_over_the_noise(mu: float, sigma: float) -> None:
    assert over_z(lambda z: f(z) * q(z, mu, sigma), mu, sigma) == pytest.approx(mean(mu, sigma))
    assert over_eps(lambda eps: f(mu + sigma * eps)) == pytest.approx(mean(mu, sigma))


@points
def test_the_gradient_by_the_density_and_by_its_logarithm(mu: float, sigma: float) -> None:
    for by in (by_mu, by_sigma):
        true = by(mean, mu, sigma)
        density = over_z(lambda z, by=by: f(z) * by(lambda m, s: q(z, m, s), mu, sigma), mu, sigma)
        logarithm = over_z(
            lambda z, by=by: f(z) * q(z, mu, sigma) * by(lambda m, s: log_q(z, m, s), mu, sigma),
            mu,
            sigma,
        )
        assert density == pytest.approx(true, abs=1e-6)
        assert logarithm == pytest.approx(true, abs=1e-6)


@points
def test_the_gradient_along_the_path(mu: float, sigma: float) -> None:
    path = {by_mu: lambda _eps: 1.0, by_sigma: lambda eps: eps}
    for by, factor in path.items():
        found = over_eps(lambda eps, factor=factor: slope(mu + sigma * eps) * factor(eps))
        assert found == pytest.approx(by(mean, mu, sigma), abs=1e-7)
        step = by(lambda m, s: m + s * 0.7, mu, sigma)
        assert step == pytest.approx(factor(0.7), abs=1e-9)


@points
@pytest.mark.parametrize("eps", [-1.7, 0.0, 0.4, 2.5])
def test_the_score_of_a_bell(mu: float, sigma: float, eps: float) -> None:
    z = mu + sigma * eps
    found = by_mu(lambda m, s: log_q(z, m, s), mu, sigma)
    assert found == pytest.approx((z - mu) / sigma**2, abs=1e-6)
    assert found == pytest.approx(eps / sigma, abs=1e-6)
    found = by_sigma(lambda m, s: log_q(z, m, s), mu, sigma)
    assert found == pytest.approx((eps**2 - 1) / sigma, abs=1e-5)


@points
def test_the_variances_of_the_square(mu: float, sigma: float) -> None:
    def variance(of: Callable[[float], float]) -> float:
        return over_eps(lambda eps: of(eps) ** 2) - over_eps(of) ** 2

    score = variance(lambda eps: (mu + sigma * eps) ** 2 * eps / sigma)
    assert score == pytest.approx(mu**4 / sigma**2 + 14 * mu**2 + 15 * sigma**2)
    assert variance(lambda eps: 2 * (mu + sigma * eps)) == pytest.approx(4 * sigma**2)


def test_the_kl_to_the_prior_and_its_slopes() -> None:
    mu = torch.tensor([m for m, _ in POINTS], dtype=torch.float64, requires_grad=True)
    sigma = torch.tensor([s for _, s in POINTS], dtype=torch.float64, requires_grad=True)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    kl = kl_divergence(Normal(mu, sigma), prior).sum()
    written = (mu**2 + sigma**2 - 1 - torch.log(sigma**2)).sum() / 2
    assert written.item() == pytest.approx(kl.item())
    at_mu, at_sigma = torch.autograd.grad(kl, (mu, sigma))
    torch.testing.assert_close(at_mu, mu.detach())
    torch.testing.assert_close(at_sigma, (sigma - 1 / sigma).detach())


@points
def test_a_step_in_log_sigma_has_sigma_times_the_slope(mu: float, sigma: float) -> None:
    at = math.log(sigma)
    found = (mean(mu, math.exp(at + H)) - mean(mu, math.exp(at - H))) / (2 * H)
    assert found == pytest.approx(sigma * by_sigma(mean, mu, sigma), abs=1e-6)
