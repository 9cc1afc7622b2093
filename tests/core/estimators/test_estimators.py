"""The contract of every estimator of the registry, whatever entries it has."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
import torch

from vae_core.estimators import ESTIMATORS, taking
from vae_core.estimators.continuous import cost_by_coordinate
from vae_core.families import Normal
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

POINTS = [(2.0, 1.0, 1), (-0.5, 0.4, 1), (0.3, 1.2, 3)]
PAIRS = list(itertools.product(taking("normal"), PROBLEMS))


def fewest(name: str) -> int:
    return max(2, ESTIMATORS[name].min_samples)


@pytest.mark.parametrize("name", taking("normal"))
def test_value_is_the_cost_at_the_draws(name):
    """And the first draw is the same, from the same seed, whichever estimator."""
    q = Normal(torch.full((3, 2), 0.7), torch.full((3, 2), 1.3))
    asked, answered = [], []

    def cost(z: torch.Tensor) -> torch.Tensor:
        asked.append(z)
        answered.append(z.pow(3).sum(-1))
        return answered[-1]

    got = ESTIMATORS[name](cost, q, 4, torch.Generator().manual_seed(5))
    assert got.shape == (4, 3)
    draws = next(i for i, z in enumerate(asked) if z.shape == (4, 3, 2))
    torch.testing.assert_close(got, answered[draws])
    first = q.transform(q.base(4, torch.Generator().manual_seed(5)))[0]
    torch.testing.assert_close(asked[draws][0], first)


@pytest.mark.parametrize(("name", "problem"), PAIRS)
def test_unbiased_where_the_registry_says_so(name, problem):
    """At one of the points; `make exhaustive` goes to all of them, a hundred times as far."""
    loc, scale, dim = POINTS[PAIRS.index((name, problem)) % len(POINTS)]
    assert_unbiased(Experiment(problem, name, loc, scale, dim, fewest(name), 15_000, seed=11), 4.5)


@pytest.mark.exhaustive
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("name", "problem"), PAIRS)
def test_unbiased_over_two_million_replicates(name, problem, point):
    loc, scale, dim = point
    replicates = 2_000_000 // len(POINTS)
    assert_unbiased(
        Experiment(problem, name, loc, scale, dim, fewest(name), replicates, seed=12), 4.0
    )


def assert_unbiased(experiment: Experiment, bound: float) -> None:
    """The value always, the gradient where the registry allows the pair."""
    m = measure(experiment)
    assert abs(m.value.z_score) < bound
    if experiment.cost_problem.allows(experiment.rule):
        assert abs(m.loc.z_score) < bound
        assert abs(m.scale.z_score) < bound


BIASED = [
    (e, p)
    for e, p in itertools.product(taking("normal"), PROBLEMS)
    if not PROBLEMS[p].allows(ESTIMATORS[e])
]


@pytest.mark.parametrize("name", sorted({e for e, _ in BIASED}))
def test_biased_where_the_registry_says_so(name):
    """Somewhere at least; a finite difference is exact on a parabola."""
    measurements = (
        measure(Experiment(problem, name, 0.2, 0.3, 1, 2, 200_000, seed=1))
        for estimator, problem in BIASED
        if estimator == name
    )
    assert any(max(abs(m.loc.z_score), abs(m.scale.z_score)) > 8.0 for m in measurements)


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if not PROBLEMS[p].smooth])
@pytest.mark.parametrize(
    "name", [e for e, rule in taking("normal").items() if rule.needs_smooth_cost]
)
def test_following_the_slope_of_a_jump_is_biased(name, problem):
    m = measure(Experiment(problem, name, 0.2, 0.8, 1, 2, 20_000))
    assert abs(m.loc.z_score) > 8.0


@pytest.mark.parametrize("name", taking("normal"))
def test_weights_inside_the_cost_get_their_ordinary_gradient(name):
    """What a decoder needs: d f / d theta at the drawn samples, untouched by the estimator."""
    theta = torch.tensor([1.5, -0.5], dtype=torch.float64, requires_grad=True)
    loc = torch.zeros((3, 2), dtype=torch.float64, requires_grad=True)
    q = Normal(loc, torch.ones((3, 2), dtype=torch.float64))
    k = fewest(name)
    asked = []

    def cost(z: torch.Tensor) -> torch.Tensor:
        asked.append(z.detach())
        return (theta * z * z).sum(-1)

    values = ESTIMATORS[name](cost, q, k, torch.Generator().manual_seed(2))
    (got,) = torch.autograd.grad(values.mean(0).sum(), theta)
    draws = next(z for z in asked if z.shape == (k, 3, 2))
    torch.testing.assert_close(got, draws.square().mean(0).sum(0))


@pytest.mark.parametrize("name", taking("normal"))
def test_too_few_samples_are_refused(name):
    rule = ESTIMATORS[name]
    q = Normal(torch.zeros(1, 1), torch.ones(1, 1))
    with pytest.raises(ValueError, match="needs at least"):
        rule(lambda z: z.sum(-1), q, rule.min_samples - 1, torch.Generator())


@pytest.mark.parametrize("name", taking("normal"))
def test_registry_says_how_often_the_cost_is_evaluated(name):
    evaluated = []

    def cost(z: torch.Tensor) -> torch.Tensor:
        evaluated.append(z.shape[0] * z.shape[1])
        return z.sum(-1)

    q = Normal(torch.zeros(1, 3), torch.ones(1, 3))
    k = fewest(name)
    ESTIMATORS[name](cost, q, k, torch.Generator().manual_seed(0))
    assert sum(evaluated) == ESTIMATORS[name].evaluations(k, 3)


def test_naive_is_wrong_and_the_registry_says_so():
    m = measure(Experiment("square", "naive", loc=2.0, scale=1.0, replicates=1000))
    assert not ESTIMATORS["naive"].unbiased
    assert m.loc.exact == 4.0
    assert m.loc.mean == 0.0
    assert m.loc.z_score == -math.inf


class Draws(NamedTuple):
    """Noise, samples and costs, (2, B)."""

    eps: np.ndarray
    z: np.ndarray
    f: np.ndarray


def two_draws(name: str, offset: float = 0.0) -> tuple[np.ndarray, np.ndarray, Draws]:
    """Gradients in mu and sigma of z^2 + offset from K = 2 samples, and the draws behind them."""
    loc = torch.full((5, 1), 2.0, dtype=torch.float64, requires_grad=True)
    scale = torch.full((5, 1), 0.5, dtype=torch.float64, requires_grad=True)
    q = Normal(loc, scale)
    gen = torch.Generator().manual_seed(3)
    values = ESTIMATORS[name](lambda z: z.square().sum(-1) + offset, q, 2, gen).mean(0)
    by_loc, by_scale = torch.autograd.grad(values.sum(), (loc, scale))
    eps = q.detach().base(2, torch.Generator().manual_seed(3)).numpy()[:, :, 0]
    z = 2.0 + 0.5 * eps
    return by_loc.numpy()[:, 0], by_scale.numpy()[:, 0], Draws(eps, z, z**2 + offset)


def scores(draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of log N(z; mu, sigma^2) in mu and in sigma, on paper, at sigma = 1 / 2."""
    return draws.eps / 0.5, (draws.eps**2 - 1.0) / 0.5


def test_score_of_two_draws_by_hand():
    by_loc, by_scale, draws = two_draws("score")
    for got, s in zip((by_loc, by_scale), scores(draws), strict=True):
        np.testing.assert_allclose(got, (draws.f * s).mean(0), rtol=1e-12)


@pytest.mark.parametrize("name", ["score_loo", "score_baseline"])
def test_baselines_of_two_draws_by_hand(name):
    """With two samples each baseline is the other's cost: half (f1 - f2) (s1 - s2)."""
    by_loc, by_scale, draws = two_draws(name)
    difference = draws.f[0] - draws.f[1]
    for got, s in zip((by_loc, by_scale), scores(draws), strict=True):
        np.testing.assert_allclose(got, difference * (s[0] - s[1]) / 2.0, rtol=1e-9)


def test_vargrad_of_two_draws_by_hand():
    """The same, plus the mean score that an ELBO's cost would cancel."""
    by_loc, by_scale, draws = two_draws("vargrad")
    difference = draws.f[0] - draws.f[1]
    for got, s in zip((by_loc, by_scale), scores(draws), strict=True):
        np.testing.assert_allclose(got, difference * (s[0] - s[1]) / 2.0 + s.mean(0), rtol=1e-9)


def test_path_of_two_draws_by_hand():
    by_loc, by_scale, draws = two_draws("pathwise")
    np.testing.assert_allclose(by_loc, (2.0 * draws.z).mean(0), rtol=1e-12)
    np.testing.assert_allclose(by_scale, (2.0 * draws.z * draws.eps).mean(0), rtol=1e-12)


@pytest.mark.parametrize("name", ["score_loo", "score_baseline", "vargrad"])
def test_a_baseline_ignores_a_constant(name):
    """Adding a constant to the cost changes no estimate: that is what a baseline is for."""
    np.testing.assert_allclose(
        two_draws(name)[:2], two_draws(name, offset=1000.0)[:2], rtol=1e-9, atol=1e-9
    )


def test_optimal_baseline_beats_none_and_leave_one_out():
    """Where f s^2 and s^2 differ most in weight: the scale's gradient of z^2."""
    plain, loo, best = (
        measure(Experiment("square", name, 2.0, 1.0, 1, 400, 2000)).scale.variance
        for name in ("score", "score_loo", "score_baseline")
    )
    assert best < loo < plain


def test_mirrored_samples_cancel_what_is_odd():
    """The slope of z^2 is linear in eps, so a mirrored pair gives the gradient itself."""
    m = measure(Experiment("square", "pathwise_antithetic", replicates=100, samples=2))
    assert m.loc.variance < 1e-25
    assert m.loc.mean == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["stl", "vargrad"])
def test_no_noise_at_the_posterior(name):
    """Roeder et al. 2017; Richter et al. 2020: where q is the posterior, every estimate is zero."""
    x, noise = 1.5, 1.0
    loc, scale = x / (1.0 + noise**2), noise / math.sqrt(1.0 + noise**2)
    knobs = {"x": x, "noise": noise}
    m = measure(Experiment("gaussian_elbo", name, loc, scale, 2, 2, 500, knobs=knobs))
    assert max(m.loc.variance, m.scale.variance) < 1e-25
    ordinary = measure(Experiment("gaussian_elbo", "score", loc, scale, 2, 2, 500, knobs=knobs))
    assert ordinary.loc.variance > 0.1


def test_measure_valued_variance_in_closed_form():
    """Coupled, on z^2: 2 c mu sigma W with E W^2 = 2 gives 4 mu^2 (4 / pi - 1)."""
    coupled, uncoupled = (
        measure(Experiment("square", name, 2.0, 1.0, replicates=40_000))
        for name in ("measure_valued", "measure_valued_uncoupled")
    )
    exact = 16.0 * (4.0 / math.pi - 1.0)
    assert abs(coupled.loc.variance - exact) < 4.0 * coupled.loc.variance_standard_error
    assert coupled.scale.variance < 0.5 * uncoupled.scale.variance


def test_finite_difference_is_off_by_its_step_squared():
    """On z^3 the central difference in mu is 3 E[z^2] + h^2, draw by draw."""
    pair = [
        measure(Experiment("cubic", name, replicates=500)).loc.mean
        for name in ("finite_difference", "pathwise")
    ]
    assert pair[0] - pair[1] == pytest.approx(ESTIMATORS["finite_difference"].knobs["h"] ** 2)


def test_pathwise_follows_the_slope():
    """On a linear cost every single reparameterized estimate is exact."""
    loc = torch.full((5, 1), 2.0, requires_grad=True)
    q = Normal(loc, torch.ones(5, 1))
    values = ESTIMATORS["pathwise"](
        lambda z: 3.0 * z.sum(-1), q, 1, torch.Generator().manual_seed(0)
    )
    (got,) = torch.autograd.grad(values.sum(), loc)
    assert torch.equal(got, torch.full((5, 1), 3.0))


@pytest.mark.parametrize("most", [1, 40, 10**9])
def test_copies_of_samples_are_made_in_parts_that_change_no_number(monkeypatch, most):
    gen = torch.Generator().manual_seed(0)
    z, replacement = torch.randn((2, 7, 3, 4), generator=gen, dtype=torch.float64)
    sizes = []

    def cost(copies):
        sizes.append(copies.numel())
        return copies.sin().sum(-1)

    monkeypatch.setattr("vae_core.estimators.continuous.MOST_COPIED", most)
    found = cost_by_coordinate(cost, z, replacement)
    assert max(sizes) <= max(most, 3 * 4 * 4)
    whole = (z.sin().sum(-1, keepdim=True) - z.sin()) + replacement.sin()
    torch.testing.assert_close(found, whole, rtol=1e-13, atol=1e-13)
