"""Variances of estimates under any family: closed forms, other quadratures, and many replicates."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, special

from tests.support.family_checks import points
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import find_problem
from vae_core.lab.exact import closed_form
from vae_core.lab.exact.integrals.any_family import expectation, why_not
from vae_core.lab.exact.integrals.any_variance import FINENESS, variance
from vae_core.lab.exact.integrals.case import make_case
from vae_core.lab.exact.integrals.tables import edges_of, tabulated
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

OTHERS = [name for name, entry in FAMILIES.items() if not entry.vector and name != "normal"]
ONE_NOISE = [n for n in OTHERS if FAMILIES[n].noise.density and FAMILIES[n].path != "none"]
POLYNOMIALS = ("square", "cubic", "double_well", "exp", "sine", "step")


def known(problem: str, family: str, estimator: str, parameter: str, k=1, dim=1, **numbers):
    knobs = tuple(find_problem(problem).settings().items())
    in_order = tuple((name, float(numbers[name])) for name in FAMILIES[family].parameters)
    return variance(problem, family, in_order, dim, knobs, estimator, parameter, k)


@pytest.mark.parametrize("problem", POLYNOMIALS)
@pytest.mark.parametrize("estimator", sorted(closed_form.VARIANCES.keys() - {"second_order"}))
def test_under_a_normal_they_are_the_closed_forms(problem, estimator):
    for loc, scale, dim, k in ((2.0, 1.0, 1, 2), (-0.7, 0.35, 4, 3)):
        for parameter in ("loc", "scale"):
            e = Experiment(problem, estimator, loc, scale, dim, k)
            found = known(problem, "normal", estimator, parameter, k, dim, loc=loc, scale=scale)
            paper = e.exact_variance(parameter)
            assert found.value == pytest.approx(paper, rel=1e-7, abs=1e-12)
            assert abs(found.value - paper) <= 10.0 * found.error + 1e-12 * (1.0 + paper)


def power(alpha: float, rate: float, n: float) -> float:
    """E[z^n] of a Gamma."""
    return math.exp(special.gammaln(alpha + n) - special.gammaln(alpha)) / rate**n


@pytest.mark.parametrize(
    ("alpha", "rate"), [(1.0, 0.5), (1.0, 2.0), (0.7, 2.0), (2.0, 1.0), (9.0, 0.3)]
)
def test_in_the_rate_of_exponential_and_gamma_they_are_those_on_paper(alpha, rate):
    """For z^2: dz/drate = -z / rate and s = alpha / rate - z, so that both are polynomials in z."""
    moment = [power(alpha, rate, n) for n in range(7)]
    path = 4.0 / rate**2 * (moment[4] - moment[2] ** 2)
    gradient = -2.0 * moment[2] / rate
    a = alpha / rate
    score = a**2 * moment[4] - 2 * a * moment[5] + moment[6] - gradient**2
    numbers = {"concentration": alpha, "rate": rate} if alpha != 1.0 else {"rate": rate}
    family = "gamma" if alpha != 1.0 else "exponential"
    for estimator, value in (("pathwise", path), ("score", score)):
        found = known("square", family, estimator, "rate", 3, **numbers)
        assert found.value == pytest.approx(value / 3.0, rel=1e-8)
        assert found.error < 1e-6 * found.value


@pytest.mark.parametrize(("alpha", "cost"), [(0.6, "square"), (3.5, "square"), (2.0, "sine")])
def test_along_the_path_in_a_gammas_shape(alpha, cost):
    """By scipy's quantiles, differenced in the shape, and averaged over their heights u."""
    slope = {"square": lambda z: 2 * z, "sine": lambda z: 3 * np.cos(3 * z)}[cost]
    t, weights = np.polynomial.legendre.leggauss(400)
    t, weights = 30.0 * t, 30.0 * weights
    lower, upper = special.expit(t), special.expit(-t)

    def quantile(a: float) -> np.ndarray:
        return np.where(t < 0.0, special.gammaincinv(a, lower), special.gammainccinv(a, upper))

    h = 1e-4 * alpha
    near, far = (quantile(alpha + n * h) - quantile(alpha - n * h) for n in (1, 2))
    path = slope(quantile(alpha)) * (8 * near - far) / (12 * h)
    share = weights * lower * upper
    by_heights = share @ path**2 - (share @ path) ** 2
    found = known(cost, "gamma", "pathwise", "concentration", concentration=alpha, rate=1.0)
    assert found.value == pytest.approx(by_heights, rel=1e-6)


@pytest.mark.parametrize(("estimator", "k"), [("score", 1), ("score_loo", 2), ("pathwise", 1)])
def test_an_elbo_under_an_exponential(estimator, k):
    """Its cost is c = f - log q, which knows the rate too: by scipy's integrals over z."""
    rate = 1.3
    f = find_problem("gaussian_elbo")

    def mean(g: Callable[[float], float]) -> float:
        found, _ = integrate.quad(lambda z: g(z) * rate * math.exp(-rate * z), 0.0, 60.0, limit=200)
        return found

    def cost(z: float) -> float:
        log_p = f.terms(torch.tensor([z], dtype=torch.float64), **f.settings()).item()
        return log_p - math.log(rate) + rate * z

    def score(z: float) -> float:
        return 1.0 / rate - z

    def path(
        z: float,
    ) -> float:  # of -z^2/2 - (1.5 - z)^2/2 - log rate + rate z, z = -log(1-u)/rate
        return (-z + (1.5 - z) + rate) * -z / rate - 1.0 / rate + z

    if estimator == "pathwise":
        paper = mean(lambda z: path(z) ** 2) - mean(path) ** 2
    elif estimator == "score":
        single = lambda z: (cost(z) - 1.0) * score(z)  # noqa: E731
        paper = mean(lambda z: single(z) ** 2) - mean(single) ** 2
    else:  # two samples: half the product of differences of c and s, less the mean of s
        c, s, cs = mean(cost), mean(score), mean(lambda z: cost(z) * score(z))
        about = mean(lambda z: (cost(z) - c - 1.0) ** 2 * score(z) ** 2)
        spread = mean(lambda z: (cost(z) - c) ** 2) * mean(lambda z: score(z) ** 2)
        gradient = cs - c * s
        paper = (about - gradient**2) / 2.0 + (spread + gradient**2) / 2.0
    found = known("gaussian_elbo", "exponential", estimator, "rate", k, rate=rate)
    assert found.value == pytest.approx(paper, rel=1e-6)


def test_whole_numbers_are_summed():
    """Bernoulli: f = z^2 is z, and z s = 1/p with probability p."""
    assert known("square", "bernoulli", "score", "probs", probs=0.3).value == pytest.approx(
        1 / 0.3 - 1
    )
    rate, z = 2.3, np.arange(200)
    mass = np.exp(z * math.log(rate) - rate - special.gammaln(z + 1))
    single = z**2 * (z / rate - 1)
    paper = mass @ single**2 - (mass @ single) ** 2
    found = known("square", "poisson", "score", "rate", rate=rate)
    assert found.value == pytest.approx(paper)
    assert known("square", "poisson", "pathwise", "rate", rate=rate) is None


@pytest.mark.parametrize(
    ("problem", "family", "estimator", "parameter", "numbers"),
    [
        ("square", "pareto", "pathwise", "scale", {"scale": 1.0, "alpha": 3.9}),
        ("sine", "cauchy", "pathwise", "scale", {"loc": 0.0, "scale": 1.0}),
        ("exp", "exponential", "score", "rate", {"rate": 0.95}),
        ("exp", "exponential", "pathwise", "rate", {"rate": 1.0}),
        ("square", "studentt", "score", "scale", {"df": 3.9, "loc": 0.0, "scale": 1.0}),
        ("f=1/z", "gamma", "score", "rate", {"concentration": 1.9, "rate": 1.0}),
    ],
)
def test_of_what_diverges_there_is_none(problem, family, estimator, parameter, numbers):
    assert known(problem, family, estimator, parameter, **numbers) is None


@pytest.mark.parametrize("family", ["beta", "f", "studentt"])
def test_where_several_numbers_stand_behind_z_none_is_known_along_the_path(family):
    (point, *_) = points(FAMILIES[family])
    (name, *_) = FAMILIES[family].differentiable
    assert known("sine", family, "pathwise", name, **point) is None
    assert known("square", "beta", "score", "concentration1", **points(FAMILIES["beta"])[0])


def test_just_before_it_diverges_it_is_known_or_not_claimed():
    """For exp(z/2): f' dz/drate = -z e^(z/2) / (2 rate), whose square has a mean for rate > 1."""
    for rate in (1.05, 1.2, 1.5, 2.0):
        second = 2.0 / (4.0 * rate) / (rate - 1.0) ** 3
        first = -0.5 / (rate - 0.5) ** 2
        found = known("exp", "exponential", "pathwise", "rate", rate=rate)
        if rate > 1.4 or found is not None:
            assert found.value == pytest.approx(second - first**2, rel=1e-5)


def test_the_other_dimensions_add_to_the_score_alone():
    """A bowl steeper in each dimension: c_d z_d^2 / 2, with E[z^2] and Var[z^2] on paper."""
    rate, knobs = 0.8, (("kappa", 100.0),)
    which = "quadratic_bowl", "exponential", (("rate", rate),)
    curves = np.array([1.0, 10.0, 100.0]) / 2.0
    moment = [math.factorial(n) / rate**n for n in range(7)]
    rest = curves[1:].sum() * moment[2]
    rest_square = (curves[1:] ** 2).sum() * (moment[4] - moment[2] ** 2) + rest**2
    own = [
        sum(c * moment[n + i] for i, c in enumerate((rate**-2, -2 / rate, 1))) for n in (0, 2, 4)
    ]
    gradient = -2.0 * curves[0] * moment[2] / rate
    paper = curves[0] ** 2 * own[2] + 2 * curves[0] * rest * own[1] + rest_square * own[0]
    found = variance(*which, 3, knobs, "score", "rate", 2)
    assert found.value == pytest.approx((paper - gradient**2) / 2.0)
    along = [variance(*which, d, knobs, "pathwise", "rate", 1).value for d in (1, 3)]
    assert (
        along[0] == pytest.approx(along[1]) == pytest.approx((moment[4] - moment[2] ** 2) / rate**2)
    )


@pytest.mark.parametrize("family", ONE_NOISE)
def test_means_over_the_same_nodes_are_the_exact_gradient(family):
    """Along the path and by the score: by the density alone, where `any_family` uses no path."""
    for point in points(FAMILIES[family])[:3]:
        pairs, cost = tuple(point.items()), "f=1/(1+z^2)"
        case = make_case(cost, family, pairs, 1, ())
        exact = expectation(cost, family, pairs, 1, ())
        with np.errstate(all="ignore"):
            at = tabulated(case, edges_of(case), FINENESS[-1])
        for mean, scored, name in zip(
            at.mass @ at.paths,
            at.mass @ (at.cost[:, :1] * at.scores),
            FAMILIES[family].differentiable,
            strict=True,
        ):
            slope = exact.gradient[name].item()
            assert mean == pytest.approx(slope, rel=1e-4, abs=1e-4)
            if not FAMILIES[family].parameters[name].moves_support:
                assert scored == pytest.approx(slope, rel=1e-4, abs=1e-4)


def check_against_replicates(e: Experiment) -> int:
    """Z-scores of the measured variances, where one estimate has a fourth moment."""
    m, seen = measure(e), 0
    for parameter, s in m.gradient.items():
        exact = e.exact_variance(parameter)
        if exact is None or e.is_endless(4, parameter):
            continue
        if s.variance_standard_error < 0.03 * s.variance:
            assert abs(s.variance - exact) < 5.0 * s.variance_standard_error, (e, parameter, exact)
            seen += 1
        assert exact > 0.0 or s.variance < 1e-12
    return seen


def planned(family: str, problem: str, estimator: str, replicates: int) -> Experiment | None:
    point = points(FAMILIES[family])[0]
    if why_not(
        problem, family, tuple(point.items()), tuple(find_problem(problem).settings().items())
    ):
        return None
    if ESTIMATORS[estimator].refusal(FAMILIES[family]):
        return None
    k, dim = (3, 2) if estimator == "score_loo" else (1, 1)
    words = {"family": family, "parameters": point, "replicates": replicates, "seed": 11}
    return Experiment(problem, estimator, dim=dim, samples=k, **words)


@pytest.mark.parametrize("family", ["exponential", "gamma", "laplace", "poisson"])
def test_replicates_have_that_variance(family):
    plans = [planned(family, "sine", name, 100_000) for name in ("pathwise", "score", "score_loo")]
    assert sum(check_against_replicates(e) for e in plans if e) >= 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("estimator", ["pathwise", "score", "score_loo"])
@pytest.mark.parametrize("family", OTHERS)
def test_many_replicates_have_that_variance(family, estimator):
    problems = ("sine", "square", "step", "gaussian_elbo", "f=|z|")
    plans = [planned(family, problem, estimator, 200_000) for problem in problems]
    for e in plans:
        if e and not (e.cost_problem.elbo and e.entry.discrete):
            check_against_replicates(e)
