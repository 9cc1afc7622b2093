"""The contract of every estimator of the registry, whatever entries it has."""

import itertools
import math

import pytest
import torch

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.problems import PROBLEMS
from vae_core.variance import Experiment, measure

POINTS = [(2.0, 1.0, 1), (-0.5, 0.4, 1), (0.3, 1.2, 3)]
PAIRS = list(itertools.product(ESTIMATORS, PROBLEMS))


def fewest(name: str) -> int:
    return max(2, ESTIMATORS[name].min_samples)


@pytest.mark.parametrize("name", ESTIMATORS)
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
    for e, p in itertools.product(ESTIMATORS, PROBLEMS)
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
@pytest.mark.parametrize("name", [e for e in ESTIMATORS if ESTIMATORS[e].needs_smooth_cost])
def test_following_the_slope_of_a_jump_is_biased(name, problem):
    m = measure(Experiment(problem, name, 0.2, 0.8, 1, 2, 20_000))
    assert abs(m.loc.z_score) > 8.0


@pytest.mark.parametrize("name", ESTIMATORS)
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


@pytest.mark.parametrize("name", ESTIMATORS)
def test_too_few_samples_are_refused(name):
    rule = ESTIMATORS[name]
    q = Normal(torch.zeros(1, 1), torch.ones(1, 1))
    with pytest.raises(ValueError, match="needs at least"):
        rule(lambda z: z.sum(-1), q, rule.min_samples - 1, torch.Generator())


@pytest.mark.parametrize("name", ESTIMATORS)
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


def test_pathwise_follows_the_slope():
    """On a linear cost every single reparameterized estimate is exact."""
    loc = torch.full((5, 1), 2.0, requires_grad=True)
    q = Normal(loc, torch.ones(5, 1))
    values = ESTIMATORS["pathwise"](
        lambda z: 3.0 * z.sum(-1), q, 1, torch.Generator().manual_seed(0)
    )
    (got,) = torch.autograd.grad(values.sum(), loc)
    assert torch.equal(got, torch.full((5, 1), 3.0))


def test_leave_one_out_ignores_a_constant():
    """Adding a constant to the cost changes no estimate: that is what its baseline is for."""

    def gradient(offset: float) -> torch.Tensor:
        loc = torch.full((5, 1), 2.0, dtype=torch.float64, requires_grad=True)
        q = Normal(loc, torch.ones(5, 1, dtype=torch.float64))
        values = ESTIMATORS["score_loo"](
            lambda z: z.square().sum(-1) + offset, q, 3, torch.Generator().manual_seed(0)
        )
        return torch.autograd.grad(values.mean(0).sum(), loc)[0]

    torch.testing.assert_close(gradient(0.0), gradient(1000.0), rtol=1e-9, atol=1e-9)
