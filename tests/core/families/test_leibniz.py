"""The derivative inside the integral: against scipy, finite differences, autograd and draws."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from vae_core.families import Normal
from vae_core.families.leibniz import (
    by_change_of_variables,
    by_log_derivative,
    density_slopes,
    moving_support,
    through_cost,
    through_density,
)

POINTS = [(1.5, 1.0), (-2.0, 0.7), (0.0, 2.0), (0.3, 0.4)]
points = pytest.mark.parametrize(("mu", "sigma"), POINTS)
COSTS: dict[str, Callable[[Tensor], Tensor]] = {
    "square": lambda z: z.squeeze(-1) ** 2,
    "cubic": lambda z: z.squeeze(-1) ** 3 - z.squeeze(-1),
    "sine": lambda z: torch.sin(2 * z.squeeze(-1)),
}
costs = pytest.mark.parametrize("cost", COSTS)
H = 1e-5


def bell(mu: float, sigma: float) -> Normal:
    return Normal(*(torch.tensor([[v]], dtype=torch.float64) for v in (mu, sigma)))


def value(cost: str, z: float) -> float:
    return COSTS[cost](torch.tensor([[[z]]], dtype=torch.float64)).item()


def over_axis(of: Callable[[float], float], mu: float, sigma: float) -> float:
    """An integral over the whole axis, by scipy; split where the bell is steep."""
    inner = np.linspace(mu - 12 * sigma, mu + 12 * sigma, 7)
    pieces = (integrate.quad(of, a, b, epsabs=1e-12) for a, b in pairwise(inner))
    return float(sum(found for found, _ in pieces))


def slope_of_pdf(name: str, z: float, mu: float, sigma: float) -> float:
    """Derivative of scipy's density by a central difference."""
    up, down = ((mu + s * H, sigma) if name == "loc" else (mu, sigma + s * H) for s in (1, -1))
    return float((stats.norm.pdf(z, *up) - stats.norm.pdf(z, *down)) / (2 * H))


@points
def test_the_slopes_of_the_density(mu: float, sigma: float) -> None:
    z = torch.linspace(mu - 3 * sigma, mu + 3 * sigma, 13, dtype=torch.float64)[:, None, None]
    found = density_slopes(bell(mu, sigma), z)
    loc, scale = (torch.full_like(z, v).requires_grad_() for v in (mu, sigma))
    density = torch.distributions.Normal(loc, scale).log_prob(z).exp()
    at_loc, at_scale = torch.autograd.grad(density.sum(), (loc, scale))
    torch.testing.assert_close(found["loc"], at_loc)
    torch.testing.assert_close(found["scale"], at_scale)
    for name, each in found.items():
        differences = [slope_of_pdf(name, float(at), mu, sigma) for at in z.flatten()]
        np.testing.assert_allclose(each.flatten(), differences, atol=1e-7)


@costs
@points
def test_the_integral_through_the_density(cost: str, mu: float, sigma: float) -> None:
    """It is scipy's integral of f grad q, and the slope of scipy's integral of f q."""
    found = through_density(COSTS[cost], bell(mu, sigma))
    for name in ("loc", "scale"):
        inside = over_axis(
            lambda z, name=name: value(cost, z) * slope_of_pdf(name, z, mu, sigma), mu, sigma
        )
        assert found[name].total == pytest.approx(inside, abs=1e-6)

    def mean(mu: float, sigma: float) -> float:
        return over_axis(lambda z: value(cost, z) * float(stats.norm.pdf(z, mu, sigma)), mu, sigma)

    step = 1e-3
    outside = {
        "loc": (mean(mu + step, sigma) - mean(mu - step, sigma)) / (2 * step),
        "scale": (mean(mu, sigma + step) - mean(mu, sigma - step)) / (2 * step),
    }
    for name, slope in outside.items():
        assert found[name].total == pytest.approx(slope, abs=2e-5)


@points
def test_the_square_has_slopes_two_mu_and_two_sigma(mu: float, sigma: float) -> None:
    """In closed form, with the halves from the half moments of a bell."""
    found = through_density(COSTS["square"], bell(mu, sigma))
    half = (mu**2 + 2 * sigma**2) / (sigma * math.sqrt(2 * math.pi))
    assert found["loc"].negative == pytest.approx(mu - half, rel=1e-12, abs=1e-12)
    assert found["loc"].positive == pytest.approx(mu + half, rel=1e-12, abs=1e-12)
    assert found["loc"].total == pytest.approx(2 * mu, rel=1e-12, abs=1e-12)
    assert found["scale"].total == pytest.approx(2 * sigma, rel=1e-12, abs=1e-12)
    alone = over_axis(lambda z: slope_of_pdf("loc", z, mu, sigma), mu, sigma)
    assert alone == pytest.approx(0, abs=1e-7)


@points
def test_the_slope_of_the_density_sums_to_zero(mu: float, sigma: float) -> None:
    """Half below zero, half above: in mu the peak of the bell each."""
    found = through_density(lambda z: torch.ones_like(z[..., 0]), bell(mu, sigma))
    peak = float(stats.norm.pdf(0, 0, sigma))
    assert found["loc"].negative == pytest.approx(-peak, rel=1e-12)
    assert found["loc"].positive == pytest.approx(peak, rel=1e-12)
    for each in found.values():
        assert each.negative < 0 < each.positive
        assert each.total == pytest.approx(0, abs=1e-12)


@costs
@points
def test_both_ways_out_are_the_same_integral(cost: str, mu: float, sigma: float) -> None:
    stuck = through_density(COSTS[cost], bell(mu, sigma))
    for way in (by_log_derivative, by_change_of_variables):
        for name, slope in way(COSTS[cost], bell(mu, sigma)).items():
            assert slope == pytest.approx(stuck[name].total, abs=1e-9)


@points
def test_the_product_rule_has_two_terms(mu: float, sigma: float) -> None:
    """f = z^2 mu + z sigma: E[f] = (mu^2 + sigma^2) mu + mu sigma, differentiated by hand."""
    q = bell(mu, sigma)

    def cost(z: Tensor, at: Normal) -> Tensor:
        return (z**2 * at.loc + z * at.scale).squeeze(-1)

    stuck, seen = through_density(lambda z: cost(z, q), q), through_cost(cost, q)
    assert seen["loc"] == pytest.approx(mu**2 + sigma**2, abs=1e-12)
    assert seen["scale"] == pytest.approx(mu, abs=1e-12)
    truth = {"loc": 3 * mu**2 + sigma**2 + sigma, "scale": 2 * sigma * mu + mu}
    for name, slope in truth.items():
        assert stuck[name].total + seen[name] == pytest.approx(slope, abs=1e-11)


def test_a_cost_that_knows_no_parameter_has_no_second_term() -> None:
    q = bell(1.5, 1.0)
    assert through_cost(lambda z, _q: z.squeeze(-1) ** 2, q) == {"loc": 0.0, "scale": 0.0}


@costs
@pytest.mark.parametrize("theta", [0.5, 2.0, 3.0])
def test_a_moving_support_has_a_boundary_term(cost: str, theta: float) -> None:
    """The derivative by differences of scipy's integral; the parts by scipy, too."""
    parts = moving_support(COSTS[cost], theta)

    def mean(end: float) -> float:
        return float(integrate.quad(lambda z: value(cost, z) / end, 0, end, epsabs=1e-13)[0])

    step = 1e-4
    truth = (mean(theta + step) - mean(theta - step)) / (2 * step)
    assert parts.total == pytest.approx(truth, abs=1e-6)
    assert parts.path == pytest.approx(truth, abs=1e-6)
    inside = integrate.quad(lambda z: -value(cost, z) / theta**2, 0, theta)[0]
    assert parts.interior == pytest.approx(inside, abs=1e-9)
    assert parts.boundary == pytest.approx(value(cost, theta) / theta, abs=1e-12)


@pytest.mark.parametrize("theta", [0.5, 2.0, 3.0])
def test_the_square_on_a_moving_support_by_hand(theta: float) -> None:
    parts = moving_support(COSTS["square"], theta)
    by_hand = (-theta / 3, theta, -theta / 3, 2 * theta / 3)
    assert parts == pytest.approx(by_hand, rel=1e-12)
    assert parts.total == pytest.approx(2 * theta / 3, rel=1e-12)


def test_on_a_moving_support_draws_of_the_score_miss_the_boundary() -> None:
    """A million draws, torch's own score and path: one is right, and the other demands its bias."""
    theta, count = 2.0, 1_000_000
    end = torch.full((count,), theta, dtype=torch.float64, requires_grad=True)
    gen = torch.Generator().manual_seed(5)
    u = torch.rand(count, generator=gen, dtype=torch.float64)
    z = end * u
    (path,) = torch.autograd.grad((z**2).sum(), end)
    law = torch.distributions.Uniform(torch.zeros_like(end), end)
    (slope,) = torch.autograd.grad(law.log_prob(z.detach()).sum(), end)
    assert slope.detach().numpy() == pytest.approx(-1 / theta)
    parts = moving_support(COSTS["square"], theta)
    for said, mean in ((path, parts.path), (z.detach() ** 2 * slope, parts.score)):
        z_score = (said.mean() - mean) / (said.std() / math.sqrt(count))
        assert abs(z_score) < 4
    assert parts.score == pytest.approx(parts.interior, rel=1e-12)
    assert parts.score - parts.total == pytest.approx(-parts.boundary, rel=1e-12)
    assert parts.score < 0 < parts.total  # it even points the wrong way


@pytest.mark.parametrize("theta", [0.0, -1.0, math.nan])
def test_a_support_without_length_is_refused(theta: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        moving_support(COSTS["square"], theta)
