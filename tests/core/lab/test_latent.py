"""Models with a known log p(x): closed forms against quadrature, torch, mpmath and draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from scipy import integrate, optimize, stats
from torch.distributions import Normal, kl_divergence

from tests.support.quadrature import expectation
from vae_core.families.quadrature import CERTIFIED, CLOSED_FORM
from vae_core.lab.latent import (
    Bell,
    ConjugateGaussian,
    LatentModel,
    Parabola,
    best_bell,
    climb,
    elbo,
    kl_to_posterior,
)

LINES = [ConjugateGaussian(0.75), ConjugateGaussian(0.3, -1.7)]
PARABOLAS = [Parabola(0.75), Parabola(0.3)]
MODELS = [*LINES, *PARABOLAS]
BELLS = [Bell(0.8, 0.8), Bell(-1.2, 0.24), Bell(0.0, 1.5), Bell(2.5, 1.0)]
each_model = pytest.mark.parametrize("model", MODELS, ids=repr)
each_bell = pytest.mark.parametrize("q", BELLS, ids=lambda q: f"{q.loc}, {q.scale}")
XS = (-1.0, 0.2, 2.5)


@dataclass(frozen=True)
class Wave(LatentModel):
    """A curve that no polynomial is."""

    def decode(self, z: Any) -> Any:
        return torch.sin(1.5 * z)


def normal(q: Bell) -> Normal:
    return Normal(*(torch.tensor(value, dtype=torch.float64) for value in q))


def joint(model: LatentModel, x: float, z: float) -> float:
    """log p(x, z) by scipy."""
    mean = float(model.decode(torch.tensor(z, dtype=torch.float64)))
    return float(stats.norm.logpdf(x, mean, model.noise) + stats.norm.logpdf(z))


def evidence_by_mpmath(model: LatentModel, x: float) -> float:
    """log p(x) with thirty digits, for curves of plain arithmetic."""
    with mpmath.workdps(30):

        def density(z: Any) -> Any:
            off = (x - model.decode(z)) / model.noise
            return mpmath.exp(-(off**2) / 2 - z**2 / 2) / (2 * mpmath.pi * model.noise)

        return float(mpmath.log(mpmath.quad(density, mpmath.linspace(-9, 9, 37))))


@pytest.mark.parametrize("x", XS)
@each_model
def test_evidence_is_the_integral_of_the_joint(model: LatentModel, x: float) -> None:
    found = model.evidence(x)
    assert found.log == pytest.approx(evidence_by_mpmath(model, x), abs=found.error + 1e-13)
    assert found.error < 1e-11
    assert found.known == (CLOSED_FORM if model in LINES else CERTIFIED)


@pytest.mark.parametrize("x", XS)
@pytest.mark.parametrize("model", LINES, ids=repr)
def test_the_lines_evidence_and_posterior_are_gaussian(model: ConjugateGaussian, x: float) -> None:
    marginal = normal(Bell(0.0, math.hypot(model.slope, model.noise)))
    found = model.evidence(x).log
    assert found == pytest.approx(
        marginal.log_prob(torch.tensor(x, dtype=torch.float64)).item(), abs=1e-12
    )
    general = LatentModel.evidence(model, x)
    assert general.log == pytest.approx(found, abs=general.error + 1e-14)
    z = torch.linspace(-4.0, 4.0, 33, dtype=torch.float64)
    by_bayes, bell = model.log_posterior(x, z), normal(model.posterior_bell(x)).log_prob(z)
    torch.testing.assert_close(by_bayes, bell, rtol=1e-11, atol=1e-11)


@each_model
def test_the_posterior_is_a_density_that_bayes_gives(model: LatentModel) -> None:
    z = torch.linspace(-12.0, 12.0, 24_001, dtype=torch.float64)
    density = model.log_posterior(2.5, z).exp()
    assert float(density.sum()) * 0.001 == pytest.approx(1.0, abs=1e-9)
    at = torch.tensor([-1.3, 0.0, 0.9], dtype=torch.float64)
    seen = [joint(model, 2.5, value) - model.evidence(2.5).log for value in at.tolist()]
    np.testing.assert_allclose(model.log_posterior(2.5, at), seen, rtol=1e-11)


def test_the_parabola_has_hills_where_it_says() -> None:
    """A negative bend at 0 and two hills at z^2 = x - noise^2 / 2, or one hill at 0."""
    z = torch.linspace(-3.0, 3.0, 60_001, dtype=torch.float64)
    for noise, x in ((0.75, 2.5), (0.75, 0.3), (0.75, 0.28), (0.75, -1.0), (0.3, 1.0)):
        model = Parabola(noise)
        density = model.log_posterior(x, z)
        tops = z[1:-1][(density[1:-1] >= density[:-2]) & (density[1:-1] > density[2:])].tolist()
        hill = math.sqrt(max(0.0, x - noise**2 / 2))
        assert np.allclose(tops, [-hill, hill] if hill else [0.0], atol=2e-4), (noise, x)
        assert (len(tops) == 2) == (x > noise**2 / 2)


@each_bell
@each_model
def test_misfit_and_its_slopes(model: LatentModel, q: Bell) -> None:
    """By moments in closed form; the slopes by automatic differentiation of these."""
    mu, sigma = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in q)
    square = mu**2 + sigma**2
    x = 1.25
    if isinstance(model, ConjugateGaussian):
        true = x**2 - 2 * x * model.slope * mu + model.slope**2 * square
    else:
        true = x**2 - 2 * x * square + mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4
    slopes = torch.autograd.grad(true, (mu, sigma))
    for found in (model.misfit(x, q), LatentModel.misfit(model, x, q)):
        assert found[:3] == pytest.approx(
            (true.item(), slopes[0].item(), slopes[1].item()), rel=1e-9, abs=1e-9
        )
        assert found.error < 1e-9


@each_bell
def test_misfit_of_a_wave_is_off_by_no_more_than_it_says(q: Bell) -> None:
    found, (mu, sigma) = Wave().misfit(0.5, q), q
    first = math.sin(1.5 * mu) * math.exp(-0.5 * (1.5 * sigma) ** 2)
    second = 0.5 - 0.5 * math.cos(3.0 * mu) * math.exp(-0.5 * (3.0 * sigma) ** 2)
    true = 0.25 - first + second
    assert abs(found.value - true) < found.error + 1e-13
    h = 1e-5
    by_loc, by_scale = (
        (Wave().misfit(0.5, up).value - Wave().misfit(0.5, down).value) / (2 * h)
        for up, down in (
            (Bell(mu + h, sigma), Bell(mu - h, sigma)),
            (Bell(mu, sigma + h), Bell(mu, sigma - h)),
        )
    )
    slack = 2 * found.error + 1e-8
    assert (found.loc, found.scale) == pytest.approx((by_loc, by_scale), abs=slack)


@each_bell
@each_model
def test_the_elbo_and_its_parts(model: LatentModel, q: Bell) -> None:
    """ELBO = E_q[log p(x, z) - log q(z)] = E_q[log p(x|z)] - KL(q || p(z))."""
    found = elbo(model, 2.5, q)
    log_q = stats.norm(q.loc, q.scale).logpdf
    whole = expectation(lambda z: joint(model, 2.5, z) - log_q(z), *q)
    seen = expectation(lambda z: joint(model, 2.5, z) - stats.norm.logpdf(z), *q)
    to_prior = kl_divergence(normal(q), normal(Bell(0.0, 1.0))).item()
    assert found.value == pytest.approx(whole, rel=1e-9)
    assert found.reconstruction == pytest.approx(seen, rel=1e-9)
    assert found.kl_to_prior == pytest.approx(to_prior, rel=1e-9, abs=1e-12)
    assert found.value == pytest.approx(found.reconstruction - found.kl_to_prior, rel=1e-12)
    assert found.entropy == pytest.approx(normal(q).entropy().item(), rel=1e-12)
    assert found.log_joint == pytest.approx(whole - found.entropy, rel=1e-9)


@each_bell
@each_model
def test_kl_to_the_posterior_is_its_own_integral(model: LatentModel, q: Bell) -> None:
    x, top = 2.5, evidence_by_mpmath(model, 2.5)
    height = stats.norm(q.loc, q.scale)

    def part(z: float) -> float:
        return float(height.pdf(z) * (height.logpdf(z) - joint(model, x, z) + top))

    true = integrate.quad(
        part, q.loc - 11 * q.scale, q.loc + 11 * q.scale, limit=400, epsabs=1e-12, epsrel=1e-12
    )[0]
    found = kl_to_posterior(model, x, q)
    assert found.value == pytest.approx(true, rel=1e-9)
    assert found.error < 1e-9 * max(1.0, true)


@each_model
def test_evidence_is_bound_plus_divergence(model: LatentModel) -> None:
    """Three numbers that are computed apart; at random places, the KL is never negative."""
    generator = np.random.default_rng(7)
    for _ in range(60):
        x, q = (
            generator.uniform(-1, 3),
            Bell(generator.uniform(-2.5, 2.5), generator.uniform(0.2, 1.5)),
        )
        top, bound, gap = model.evidence(x), elbo(model, x, q), kl_to_posterior(model, x, q)
        slack = top.error + bound.error + gap.error
        assert abs(bound.value + gap.value - top.log) <= slack
        assert slack < 1e-8
        assert gap.value >= 0.0
        # For every single z, log p(x) = log p(x, z) - log p(z|x).
        z = torch.from_numpy(generator.normal(size=5))
        alone = model.log_joint(x, z) - model.log_posterior(x, z)
        torch.testing.assert_close(alone, torch.full_like(z, top.log), rtol=1e-11, atol=1e-11)


def draws(model: LatentModel, x: float, q: Bell, count: int) -> torch.Tensor:
    """log p(x, z) - log q(z) for z drawn from q."""
    eps = torch.randn(count, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    z = q.loc + q.scale * eps
    return model.log_joint(x, z) - normal(q).log_prob(z)


@pytest.mark.parametrize("model", LINES, ids=repr)
def test_at_the_posterior_every_draw_is_the_evidence(model: ConjugateGaussian) -> None:
    found = draws(model, 2.5, model.posterior_bell(2.5), 1000)
    assert (found - model.evidence(2.5).log).abs().max() < 1e-12


@each_bell
@each_model
def test_elsewhere_the_draws_average_to_the_elbo(model: LatentModel, q: Bell) -> None:
    found = draws(model, 2.5, q, 200_000)
    score = (found.mean() - elbo(model, 2.5, q).value) / (found.std() / math.sqrt(len(found)))
    assert abs(score) < 4.0
    assert found.std() > 0.01


@each_model
def test_a_step_of_the_climb_is_the_natural_gradient(model: LatentModel) -> None:
    """Slopes by finite differences, divided by the Fisher information of (mu, log sigma)."""
    q, rate, h, x = Bell(0.9, 0.4), 1e-4, 1e-5, 1.0

    def bound(mu: float, log_sigma: float) -> float:
        return elbo(model, x, Bell(mu, math.exp(log_sigma))).value

    log = math.log(q.scale)
    slopes = (
        (bound(q.loc + h, log) - bound(q.loc - h, log)) / (2 * h),
        (bound(q.loc, log + h) - bound(q.loc, log - h)) / (2 * h),
    )
    here = elbo(model, x, q)
    assert (here.by_loc, here.by_log_scale) == pytest.approx(slopes, rel=1e-5, abs=1e-6)
    to = climb(model, x, q, 1, rate).bells[1]
    cut_mu, cut_sigma = rate * q.scale, rate * 0.7
    along = np.clip(rate * q.scale**2 * slopes[0], -cut_mu, cut_mu)
    wider = np.clip(rate * slopes[1] / 2, -cut_sigma, cut_sigma)
    assert to.loc - q.loc == pytest.approx(along, rel=1e-4, abs=1e-9)
    assert math.log(to.scale) - log == pytest.approx(wider, rel=1e-4, abs=1e-9)


def test_the_fisher_information_of_a_bell() -> None:
    """1 / sigma^2 in mu and 2 in log sigma, and nothing between the two."""
    sigma = 0.7
    squares = {
        (1, 1): 1 / sigma**2,
        (2, 2): 2.0,
        (1, 2): 0.0,
    }
    scores = {1: lambda eps: eps / sigma, 2: lambda eps: eps**2 - 1}
    for (a, b), true in squares.items():
        found = expectation(lambda e, a=a, b=b: scores[a](e) * scores[b](e), 0.0, 1.0)
        assert found == pytest.approx(true, abs=1e-9)


@each_bell
@each_model
def test_the_climb_never_falls_and_ends_on_a_summit(model: LatentModel, q: Bell) -> None:
    way = climb(model, 2.5, q, 400)
    assert all(np.diff(way.bounds) >= 0.0)
    assert way.bounds == pytest.approx([elbo(model, 2.5, each).value for each in way.bells])
    end = way.bells[-1]
    top = elbo(model, 2.5, end)
    assert abs(top.by_loc * end.scale) < 1e-3
    assert abs(top.by_log_scale) < 1e-3


def bound_of_the_parabola(x: float, noise: float, mu: Any, sigma: Any) -> Any:
    """The ELBO by moments."""
    misfit = x**2 - 2 * x * (mu**2 + sigma**2) + mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4
    fixed = -0.5 * math.log(2 * math.pi) - math.log(noise) + 0.5
    return fixed - misfit / (2 * noise**2) - (mu**2 + sigma**2) / 2 + np.log(sigma)


def test_no_bell_is_better_than_the_best() -> None:
    """At every x of the page, against all bells of a fine lattice and the nearest summit."""
    mu, sigma = np.meshgrid(np.arange(0.0, 2.5, 0.02), np.arange(0.06, 1.6, 0.02))
    model = Parabola(0.75)
    for x in np.arange(-1.0, 3.01, 0.05).round(2).tolist():
        best = elbo(model, x, best_bell(model, x)).value
        lattice = bound_of_the_parabola(x, 0.75, mu, sigma)
        at = lattice.argmax()
        top = optimize.minimize(
            lambda p, x=x: -bound_of_the_parabola(x, 0.75, p[0], math.exp(p[1])),
            [mu.flat[at], math.log(sigma.flat[at])],
            tol=1e-10,
        )
        assert best >= lattice.max()
        assert best == pytest.approx(-top.fun, abs=1e-6)


@pytest.mark.parametrize("model", LINES, ids=repr)
def test_the_best_bell_of_a_line_is_its_posterior(model: ConjugateGaussian) -> None:
    best = best_bell(model, 2.5)
    assert kl_to_posterior(model, 2.5, best).value < 1e-15
    end = climb(model, 2.5, Bell(-1.0, 1.3), 400).bells[-1]
    assert end == pytest.approx(best, abs=1e-3)


def test_a_bell_on_one_of_two_hills_costs_log_two() -> None:
    """KL(q || posterior) = log 2 + KL(q || that hill), with next to nothing of q on the other."""
    model, x = Parabola(0.75), 3.0
    q = best_bell(model, x)
    height = stats.norm(q.loc, q.scale)

    def part(z: float) -> float:
        hill = 2.0 * math.exp(joint(model, x, z) - model.evidence(x).log)
        return float(height.pdf(z) * (height.logpdf(z) - math.log(hill)))

    to_hill = integrate.quad(part, q.loc - 6 * q.scale, q.loc + 6 * q.scale, limit=400)[0]
    assert height.cdf(0.0) < 1e-10
    assert kl_to_posterior(model, x, q).value == pytest.approx(math.log(2) + to_hill, abs=1e-8)
    assert 0.0 < to_hill < 0.03


@pytest.mark.parametrize("noise", [0.0, -1.0, 1e-9, 1e-300, math.inf, math.nan])
def test_a_noise_that_is_none_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="must be a number from 1e-06 on"):
        ConjugateGaussian(noise)


@pytest.mark.parametrize(("noise", "x"), [(1e-6, 2.5), (0.02, -1.0)])
def test_what_quadrature_cannot_tell_is_refused_in_words(noise: float, x: float) -> None:
    with pytest.raises(ValueError, match="Take a larger noise"):
        Parabola(noise).evidence(x)


@pytest.mark.parametrize("noise", [0.1, 0.01, 1e-3, 1e-4])
def test_a_small_noise_that_is_not_refused_is_right(noise: float) -> None:
    """As the noise goes to 0, p(x) becomes the density of z^2, chi-squared."""
    found = Parabola(noise).evidence(1.5)
    assert found.error < 1e-9
    assert found.log == pytest.approx(stats.chi2(1).logpdf(1.5), abs=2 * noise**2 + found.error)
