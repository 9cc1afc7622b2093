"""Estimators for a z that jumps, held to enumeration, to quadrature and to their papers."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, special
from torch import Tensor

from vae_core.estimators import ESTIMATORS, taking
from vae_core.estimators.discrete import TEMPERATURES
from vae_core.families import FAMILIES
from vae_core.families.entries.discrete import BernoulliByLogit
from vae_core.lab.exact.coin import KNOWN, Law, Toss, law
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import Statistic, measure

OF_COIN, OF_CATEGORIES = taking("bernoulli"), taking("categorical")
NEW = [name for name, rule in ESTIMATORS.items() if "bernoulli" in rule.families]
UNBIASED = [name for name, rule in OF_COIN.items() if rule.unbiased]
BIASED = [name for name, rule in OF_COIN.items() if not rule.unbiased]
RELAXING = [name for name in NEW if "temperature" in ESTIMATORS[name].limits]
COINS = [{"logit": 0.3}, {"logit": -2.0}, {"probs": 0.7}]
CATEGORIES = [
    {"logit0": 0.0, "logit1": 0.8, "logit2": -0.5},
    {"logit0": 0.3, "logit1": -0.5, "logit2": 0.2, "logit3": 0.9},
    {"logit0": 0.0, "logit1": -1.0, "logit2": 1.0, "logit3": 0.5, "logit4": 0.2},
]
TOY = "f=(z-0.45)^2"
COSTS: dict[str, Callable[[Tensor], Tensor]] = {
    "toy": lambda z: (z - 0.45).square(),
    "sine": lambda z: torch.sin(3.0 * z),
    "exp": lambda z: torch.exp(2.0 * z),
}


def planned(name: str, parameters: dict[str, float], problem: str, **more: object) -> Experiment:
    family = "categorical" if "logit0" in parameters else "bernoulli"
    k = max(1, ESTIMATORS[name].min_samples)
    return Experiment(problem, name, samples=k, family=family, parameters=parameters, **more)


def gradients(experiment: Experiment) -> dict[str, Statistic]:
    return dict(measure(experiment).gradient)


@pytest.mark.parametrize("problem", ["sine", TOY])
@pytest.mark.parametrize("point", COINS[:2])
@pytest.mark.parametrize("name", UNBIASED)
def test_it_is_unbiased_for_a_coin(name, point, problem):
    """Against enumeration, one coin and three that are tossed together."""
    for dim in (1, 3):
        m = measure(planned(name, point, problem, dim=dim, replicates=25_000, seed=4))
        assert abs(m.value.z_score) < 4.5
        assert all(abs(s.z_score) < 4.5 for s in m.gradient.values())


@pytest.mark.parametrize("point", CATEGORIES, ids=len)
@pytest.mark.parametrize("name", [name for name in OF_CATEGORIES if OF_CATEGORIES[name].unbiased])
def test_it_is_unbiased_for_categories(name, point):
    found = gradients(planned(name, point, "sine", replicates=30_000, seed=5))
    assert list(found) == list(point)
    assert all(abs(s.z_score) < 4.5 for s in found.values())


@pytest.mark.exhaustive
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("point", [*COINS, *CATEGORIES], ids="-".join)
@pytest.mark.parametrize("name", UNBIASED)
def test_it_is_unbiased_over_two_million_replicates(name, point, temperature):
    rule = ESTIMATORS[name]
    family = "categorical" if "logit0" in point else "bernoulli"
    if rule.refusal(FAMILIES[family]) or (not rule.limits and temperature != 0.5):
        return
    settings = {"temperature": temperature} if rule.limits else {}
    more = {"replicates": 2_000_000, "seed": 6, "settings": settings}
    for s in gradients(planned(name, point, TOY, **more)).values():
        assert abs(s.z_score) < 4.0


@pytest.mark.parametrize("point", [COINS[1], CATEGORIES[0]], ids=["coin", "categories"])
@pytest.mark.parametrize("name", BIASED)
def test_it_is_biased(name, point):
    found = gradients(planned(name, point, "sine", replicates=30_000))
    assert max(abs(s.z_score) for s in found.values()) > 8.0


@pytest.mark.parametrize("name", RELAXING)
@pytest.mark.parametrize("temperature", [0.15, 0.5, 2.0])
def test_the_measured_bias_is_that_of_quadrature(name, temperature):
    """E[d f(z_tau) / d logit], an integral over u, less p (1 - p) times the jump."""
    settings = {"temperature": temperature}
    s = gradients(planned(name, COINS[1], "sine", replicates=60_000, settings=settings))["logit"]
    expected = law(name, Toss(COSTS["sine"], -2.0, temperature=temperature))
    assert expected is not None
    assert abs(s.mean - expected.mean) < 4.5 * s.standard_error
    assert s.exact == pytest.approx(Toss(COSTS["sine"], -2.0).gradient, rel=1e-12)
    if name != "rebar":
        assert abs(expected.mean - s.exact) > 8.0 * s.standard_error


class Given(BernoulliByLogit):
    """A coin whose base noise is given."""

    u: float

    def base(self, k: int, gen: torch.Generator) -> Tensor:
        return torch.full((k, *self.shape), self.u, dtype=torch.float64)


def one_estimate(name: str, cost: str, logit: float, u: float, tau: float) -> float:
    """A single estimate in the logit from a given u, by automatic differentiation."""
    leaf = torch.tensor([[logit]], dtype=torch.float64, requires_grad=True)
    q = Given(leaf)
    object.__setattr__(q, "u", u)
    words = {"temperature": tau} if ESTIMATORS[name].limits else {}
    values = ESTIMATORS[name](lambda z: COSTS[cost](z).sum(-1), q, 1, torch.Generator(), **words)
    (found,) = torch.autograd.grad(values.sum(), leaf)
    return found.item()


@pytest.mark.parametrize("cost", ["toy", "exp"])
@pytest.mark.parametrize("name", sorted({*NEW, "score"} - {"rebar"}))  # that has two noises
def test_mean_and_variance_are_those_of_the_estimator_integrated_over_u(name, cost):
    """By scipy, over the noise of the estimator itself; it breaks where z jumps."""
    logit, tau = 0.7, 0.6
    p = float(special.expit(logit))
    ends = sorted({0.0, 1.0 - p, p, 1.0})

    def moment(power: int) -> float:
        pieces = itertools.pairwise(ends)
        return sum(
            integrate.quad(
                lambda u: one_estimate(name, cost, logit, u, tau) ** power,
                low, high, epsabs=1e-8, epsrel=1e-8, limit=60,
            )[0]
            for low, high in pieces
        )  # fmt: skip

    first, second = moment(1), moment(2)
    expected = law(name, Toss(COSTS[cost], logit, temperature=tau))
    assert expected is not None
    np.testing.assert_allclose(expected, (first, second - first**2), rtol=1e-6)


@pytest.mark.parametrize("name", sorted(set(KNOWN) - {"naive"}))
@pytest.mark.parametrize("point", COINS)
def test_measured_variances_are_the_exact_ones(name, point):
    """For one coin and K samples, in either parameter."""
    k = ESTIMATORS[name].min_samples + 1
    family, replicates = "bernoulli", 60_000
    e = Experiment(
        "exp", name, samples=k, replicates=replicates, family=family, parameters=point, seed=2
    )
    (parameter,) = point
    s = measure(e).gradient[parameter]
    exact = e.exact_variance(parameter)
    assert exact is not None
    assert abs(s.variance - exact) < 4.5 * s.variance_standard_error


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("logit", [-3.0, 0.0, 1.2])
def test_what_is_unbiased_has_the_gradient_as_its_exact_mean(cost, logit):
    for name, tau in itertools.product(sorted(set(KNOWN) & set(UNBIASED)), (0.05, 0.5, 10.0)):
        found = law(name, Toss(COSTS[cost], logit, samples=2, temperature=tau))
        assert found is not None
        exact = Toss(COSTS[cost], logit).gradient
        assert found.mean == pytest.approx(exact, rel=1e-9, abs=1e-12), (name, tau)


@pytest.mark.parametrize("logit", [-2.0, 0.0, 0.5])
def test_variances_of_a_coin_on_paper(logit):
    """On f(z) = z + b: score, leave-one-out of two, ARM and DisARM."""
    b, p = 0.4, float(special.expit(logit))
    q, most = 1.0 - p, max(p, 1.0 - p)
    g = p * q
    expected = {
        "score": p * q * ((1.0 + b) ** 2 * q + b**2 * p) - g**2,
        "score_loo": p * q / 2.0 - g**2,
        "arm": 2.0 / 3.0 * (1.0 / 8.0 - (most - 0.5) ** 3) - g**2,
        "disarm": p * q * most / 2.0 - g**2,
        "straight_through": 0.0,
    }
    for name, variance in expected.items():
        k = ESTIMATORS[name].min_samples
        found = law(name, Toss(lambda z: z + b, logit, samples=k))
        assert isinstance(found, Law)
        assert found.mean == pytest.approx(g)
        assert found.variance == pytest.approx(variance, abs=1e-14)


def test_a_mirrored_pair_is_quieter_than_an_independent_one():
    """DisARM, a pair, never has more variance than leave-one-out of two; ARM more than DisARM."""
    for logit in np.linspace(-4.0, 4.0, 17):
        arm, disarm, two = (
            law(name, Toss(COSTS["exp"], float(logit), samples=k))
            for name, k in (("arm", 1), ("disarm", 1), ("score_loo", 2))
        )
        assert disarm.variance <= min(arm.variance, two.variance) + 1e-15


def test_the_bias_goes_with_the_temperature_and_the_variance_comes():
    """Of Gumbel-softmax: each halving of the temperature halves the one and doubles the other."""
    colder = [
        law("gumbel_softmax", Toss(COSTS["sine"], -2.0, temperature=tau))
        for tau in (0.2, 0.1, 0.05)
    ]
    exact = Toss(COSTS["sine"], -2.0).gradient
    bias = np.array([each.mean - exact for each in colder])
    np.testing.assert_allclose(bias[1:] / bias[:-1], 0.5, rtol=0.02)
    spread = np.array([each.variance for each in colder])
    np.testing.assert_allclose(spread[1:] / spread[:-1], 2.0, rtol=0.02)


def test_straight_through_is_right_where_f_is_a_line():
    found = law("straight_through", Toss(lambda z: 3.0 * z - 1.0, 0.7))
    assert found.mean == pytest.approx(Toss(lambda z: 3.0 * z - 1.0, 0.7).gradient)
    assert found.variance == pytest.approx(0.0, abs=1e-15)
    bent = law("straight_through", Toss(COSTS["toy"], 0.7))
    assert bent.mean > 2.0 * Toss(COSTS["toy"], 0.7).gradient


@pytest.mark.parametrize("name", NEW)
@pytest.mark.parametrize("family", ["bernoulli", "categorical"])
def test_the_contract(name, family):
    """The value is the cost at the draws, weights inside get their gradient, evaluations count."""
    rule = ESTIMATORS[name]
    if family not in rule.families:
        return
    theta = torch.tensor([1.5, -0.5], dtype=torch.float64, requires_grad=True)
    names = ["logit"] if family == "bernoulli" else list(CATEGORIES[0])
    start = torch.linspace(-0.2, 0.3, len(names), dtype=torch.float64)
    leaves = [value.expand(3, 2).clone().requires_grad_() for value in start]
    q = FAMILIES[family](**dict(zip(names, leaves, strict=True)))
    asked = []

    def cost(z: Tensor) -> Tensor:
        asked.append(z.shape[0] * z.shape[1])
        return (theta * z * z).sum(-1)

    values = rule(cost, q, 4, torch.Generator().manual_seed(2))
    z = q.transform(q.base(4, torch.Generator().manual_seed(2)))
    torch.testing.assert_close(values, cost(z))
    assert sum(asked[:-1]) == 3 * rule.evaluations(4, 2)
    found = torch.autograd.grad(values.mean(0).sum(), [theta, *leaves])
    torch.testing.assert_close(found[0], z.square().mean(0).sum(0))
    assert all(each.abs().sum() > 0.0 for each in found[1:])


@pytest.mark.parametrize("name", NEW)
def test_a_z_of_another_kind_is_refused(name):
    rule = ESTIMATORS[name]
    q = FAMILIES["normal"](loc=torch.zeros(1, 1), scale=torch.ones(1, 1))
    with pytest.raises(ValueError, match=f"{rule.title} needs a Bernoulli .*z; this one is Normal"):
        rule(lambda z: z.sum(-1), q, 2, torch.Generator())
    assert "Bernoulli" in rule.needs
    assert name not in taking("normal")
    assert rule.refusal(FAMILIES["poisson"])


@pytest.mark.parametrize("name", RELAXING)
def test_a_temperature_has_limits(name):
    low, high = TEMPERATURES
    for value in (0.0, 0.5 * low, 2.0 * high, math.nan):
        with pytest.raises(ValueError, match=r"temperature of .* must lie between 0\.05 and 10"):
            planned(name, COINS[0], "square", settings={"temperature": value})
    for value in (low, high):
        more = {"replicates": 500, "settings": {"temperature": value}}
        found = gradients(planned(name, COINS[0], "exp", **more))
        assert math.isfinite(found["logit"].mean)


@pytest.mark.parametrize("logit", [-30.0, 30.0])
@pytest.mark.parametrize("name", NEW)
def test_the_ends_of_the_logit_give_numbers(name, logit):
    found = gradients(planned(name, {"logit": logit}, "exp", replicates=300))["logit"]
    assert all(map(math.isfinite, (found.mean, found.variance)))
    known = law(name, Toss(COSTS["exp"], logit))
    assert known is not None
    assert all(map(math.isfinite, known))
