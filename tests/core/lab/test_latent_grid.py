"""A curve to bend, and p(x), p(z|x) and draws on a grid: closed forms, proofs, scipy, z-scores."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from vae_core.families.quadrature import CERTIFIED
from vae_core.lab.latent import (
    BentCurve,
    ConjugateGaussian,
    LatentModel,
    Parabola,
    curve_on_grid,
    draw,
    even_grid,
    knots,
    marginal,
    posterior_on_grid,
)
from vae_core.lab.latent.grid import STEP

CURVES = [
    BentCurve(0.4, (-1.0, 1.5, -0.5, 2.0)),
    BentCurve(0.3, (3.0, -3.0, 3.0, -3.0)),
    BentCurve(1.2, (0.0, 0.0, 0.0, 0.0)),
    BentCurve(0.5, (2.0, -1.0, -1.0, 2.0)),
]
MODELS: list[LatentModel] = [*CURVES, ConjugateGaussian(0.75), Parabola(0.75)]
each_curve = pytest.mark.parametrize("model", CURVES, ids=repr)
each_model = pytest.mark.parametrize("model", MODELS, ids=repr)
XS = torch.tensor([-2.0, -0.4, 0.0, 1.0, 2.5], dtype=torch.float64)


@dataclass(frozen=True)
class Corner(LatentModel):
    """A curve with a corner between two points of the grid, as a decoder of ReLUs has."""

    def decode(self, z: Any) -> Any:
        return torch.relu(z - 0.3) * 2.0


@each_curve
def test_the_curve_meets_its_points(model: BentCurve) -> None:
    at = torch.tensor(knots(len(model.heights)), dtype=torch.float64)
    np.testing.assert_allclose(model.decode(at), model.heights, atol=1e-12)
    assert np.diff(at) == pytest.approx(1.0)
    assert float(at.sum()) == 0.0


def test_through_points_on_a_line_it_is_nearly_straight_and_levels_out() -> None:
    curve = BentCurve(0.4, (-1.5, -0.5, 0.5, 1.5))
    z = torch.linspace(-1.5, 1.5, 61, dtype=torch.float64)
    assert (curve.decode(z) - z).abs().max() < 0.06
    far = curve.decode(torch.tensor([4.0, 6.0, 9.0], dtype=torch.float64))
    assert far.max() - far.min() < 1e-3


def test_spacing_stretches_the_curve() -> None:
    wide, narrow = (BentCurve(0.4, (-1.0, 2.0, 0.0), spacing) for spacing in (1.5, 1.0))
    z = torch.linspace(-2.0, 2.0, 9, dtype=torch.float64)
    torch.testing.assert_close(wide.decode(1.5 * z), narrow.decode(z))


def test_a_curve_through_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="two points at least"):
        BentCurve(0.4, (1.0,))


@each_model
def test_p_of_x_is_what_certified_quadrature_says(model: LatentModel) -> None:
    found = marginal(model, XS)
    for x, density, error in zip(XS.tolist(), found.density, found.error, strict=True):
        try:
            proven = model.evidence(x)
        except ValueError:  # next to nothing, for the proof
            assert density < 1e-4
            continue
        assert proven.known in {CERTIFIED, "closed form"}
        slack = float(error) + math.exp(proven.log) * (proven.error + 1e-14)
        assert abs(float(density) - math.exp(proven.log)) <= slack
        assert error < 1e-9
        there = posterior_on_grid(model, x)
        assert abs(there.log_evidence - proven.log) <= there.error + proven.error + 1e-14


@each_model
def test_p_of_x_is_the_integral_over_the_prior_by_scipy(model: LatentModel) -> None:
    def joint(z: float) -> float:
        mean = float(model.decode(torch.tensor(z, dtype=torch.float64)))
        return float(stats.norm.pdf(1.0, mean, model.noise) * stats.norm.pdf(z))

    true = integrate.quad(joint, -9.0, 9.0, limit=400, epsabs=1e-13, epsrel=1e-12)[0]
    assert float(marginal(model, XS).density[3]) == pytest.approx(true, rel=1e-9)


def test_p_of_x_of_a_line_is_a_bell() -> None:
    """N(0, slope^2 + noise^2), at ends where the prior's tails matter, too."""
    model = ConjugateGaussian(0.75, 1.7)
    x = torch.linspace(-6.0, 6.0, 25, dtype=torch.float64)
    true = stats.norm.pdf(x, 0.0, math.hypot(1.7, 0.75))
    found = marginal(model, x)
    assert (np.abs(found.density.numpy() - true) <= found.error.numpy() + 1e-15).all()


def test_at_a_corner_the_told_error_holds() -> None:
    model = Corner(0.3)
    z = torch.linspace(-9.0, 9.0, 1_800_001, dtype=torch.float64)
    weight = torch.from_numpy(stats.norm.pdf(z)) * 1e-5
    found = marginal(model, XS)
    for x, density, error in zip(XS.tolist(), found.density, found.error, strict=True):
        true = float((model.log_likelihood(x, z).exp() * weight).sum())
        assert abs(float(density) - true) <= float(error) + 1e-10
        there = posterior_on_grid(model, x)
        assert abs(there.log_evidence - math.log(true)) <= there.error + 1e-9


@each_curve
def test_p_of_x_integrates_to_one(model: BentCurve) -> None:
    x = torch.linspace(-20.0, 20.0, 8001, dtype=torch.float64)
    assert float(marginal(model, x).density.sum()) * 0.005 == pytest.approx(1.0, abs=1e-10)


@each_model
def test_bayes_on_the_grid(model: LatentModel) -> None:
    """It integrates to one, and p(z|x) p(x) = p(x|z) p(z) at every z."""
    found = posterior_on_grid(model, 1.0)
    assert float(found.density.sum()) * STEP == pytest.approx(1.0, abs=1e-12)
    some = slice(300, 600, 23)
    z = found.z[some]
    mean = model.decode(z).numpy()
    joint = stats.norm.pdf(1.0, mean, model.noise) * stats.norm.pdf(z)
    np.testing.assert_allclose(
        found.density[some] * math.exp(found.log_evidence), joint, rtol=1e-9, atol=1e-300
    )


def test_the_posterior_of_a_line_is_its_bell() -> None:
    model = ConjugateGaussian(0.75)
    found, bell = posterior_on_grid(model, 2.5), model.posterior_bell(2.5)
    np.testing.assert_allclose(found.density, stats.norm.pdf(found.z, *bell), atol=1e-10)


def test_the_grid_is_even_and_keeps_a_curve_for_every_noise() -> None:
    z = even_grid()
    assert np.diff(z) == pytest.approx(STEP)
    assert float(z[len(z) // 2]) == 0.0
    one, other = (BentCurve(noise, (0.0, 1.0)) for noise in (0.3, 0.9))
    assert curve_on_grid(one) is curve_on_grid(other)


@each_curve
def test_the_draws_are_distributed_as_p_of_x(model: BentCurve) -> None:
    """A chi-squared test with 20 cells of x, and the prior's quantiles for z."""
    z, x = draw(model, 40_000, seed=5)
    edges = np.quantile(x, np.linspace(0.03, 0.97, 19))
    fine = np.linspace(-15.0, 15.0, 30_001)
    density = marginal(model, torch.from_numpy(fine)).density.numpy()
    below = np.interp(edges, fine, integrate.cumulative_simpson(density, x=fine, initial=0.0))
    fresh = draw(model, 40_000, seed=6)[1].numpy()
    counts = np.histogram(fresh, [-np.inf, *edges, np.inf])[0]
    expected = len(fresh) * np.diff([0.0, *below, 1.0])
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > 1e-3
    assert stats.kstest(z, "norm").pvalue > 1e-3


def test_another_curve_keeps_the_noise() -> None:
    z, x = draw(CURVES[0], 50, 3)
    other_z, other_x = draw(CURVES[3], 50, 3)
    torch.testing.assert_close(z, other_z)
    eps = (x - CURVES[0].decode(z)) / CURVES[0].noise
    torch.testing.assert_close(eps, (other_x - CURVES[3].decode(z)) / CURVES[3].noise)


@each_curve
def test_naive_monte_carlo_is_unbiased_and_its_logarithm_is_not(model: BentCurve) -> None:
    """Over 20,000 estimates from ten draws of the prior each; the log's bias is demanded."""
    x, number = 0.5, 10
    z = torch.randn(
        20_000, number, generator=torch.Generator().manual_seed(11), dtype=torch.float64
    )
    estimates = model.log_likelihood(x, z).exp().mean(1)
    true = posterior_on_grid(model, x).log_evidence

    def score(values: torch.Tensor, of: float) -> float:
        return float((values.mean() - of) / values.std() * math.sqrt(len(values)))

    if len(set(model.heights)) > 1:
        assert abs(score(estimates, math.exp(true))) < 4.0
        assert score(estimates.log(), true) < -10.0
    else:  # x tells nothing of z: every draw gives p(x)
        assert (estimates.log() - true).abs().max() < 1e-10


@each_curve
def test_importance_sampling_has_the_same_mean(model: BentCurve) -> None:
    """E_r[p(x|z) p(z) / r(z)] by scipy, for an r that is no posterior."""
    r = stats.norm(0.4, 1.3)

    def part(z: float) -> float:
        mean = float(model.decode(torch.tensor(z, dtype=torch.float64)))
        weight = stats.norm.pdf(0.5, mean, model.noise) * stats.norm.pdf(z) / r.pdf(z)
        return float(r.pdf(z) * weight)

    found = integrate.quad(part, -9.0, 9.0, limit=400, epsabs=1e-13)[0]
    assert found == pytest.approx(math.exp(posterior_on_grid(model, 0.5).log_evidence), rel=1e-8)
