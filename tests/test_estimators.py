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
PAIRS = list(itertools.product(ESTIMATORS, PROBLEMS, POINTS))


def fewest(name: str) -> int:
    return max(2, ESTIMATORS[name].min_samples)


def experiment(estimator: str, problem: str, point: tuple[float, float, int]) -> Experiment:
    loc, scale, dim = point
    return Experiment(problem, estimator, loc, scale, dim, fewest(estimator), 60_000, seed=11)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_value_is_the_cost_at_the_draws(name):
    """The same base noise, so the same samples and the same costs, whichever estimator."""
    q = Normal(torch.full((3, 2), 0.7), torch.full((3, 2), 1.3))
    cost = PROBLEMS["cubic"].cost()
    got = ESTIMATORS[name](cost, q, 4, torch.Generator().manual_seed(5))
    z = q.transform(q.base(4, torch.Generator().manual_seed(5)))
    assert got.shape == (4, 3)
    torch.testing.assert_close(got[: len(z)], cost(z))


@pytest.mark.parametrize(("name", "problem", "point"), PAIRS)
def test_unbiased_where_the_registry_says_so(name, problem, point):
    """|z| < 4.5 over all the pairs, or, for an estimator that is biased, |z| > 6."""
    m = measure(experiment(name, problem, point))
    if PROBLEMS[problem].allows(ESTIMATORS[name]):
        assert max(abs(m.loc.z_score), abs(m.scale.z_score)) < 4.5
    else:
        assert max(abs(m.loc.z_score), abs(m.scale.z_score)) > 6.0
    assert abs(m.value.z_score) < 4.5


@pytest.mark.parametrize("name", ESTIMATORS)
def test_weights_inside_the_cost_get_their_ordinary_gradient(name):
    """What a decoder needs: d f / d theta at the drawn samples, untouched by the estimator."""
    theta = torch.tensor([1.5, -0.5], dtype=torch.float64, requires_grad=True)
    loc = torch.zeros((3, 2), dtype=torch.float64, requires_grad=True)
    q = Normal(loc, torch.ones((3, 2), dtype=torch.float64))
    k = fewest(name)
    values = ESTIMATORS[name](
        lambda z: (theta * z * z).sum(-1), q, k, torch.Generator().manual_seed(2)
    )
    (got,) = torch.autograd.grad(values.mean(0).sum(), theta)
    z = q.transform(q.base(k, torch.Generator().manual_seed(2))).detach()
    torch.testing.assert_close(got, (z * z).mean(0).sum(0))


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
