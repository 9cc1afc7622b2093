"""Closed-form moments against quadrature, closed-form variances against measurements."""

import functools
import itertools
import zlib
from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
import torch

from tests.support.quadrature import expectation
from vae_core.estimators import ESTIMATORS
from vae_core.lab import PROBLEMS
from vae_core.lab.exact.closed_form import VARIANCES, variance
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

KNOWN = [name for name, problem in PROBLEMS.items() if problem.moments]


def f_and_slope(name: str, z: float) -> tuple[float, float]:
    """The cost of one dimension and its slope by autograd."""
    problem = PROBLEMS[name]
    point = torch.tensor([z], dtype=torch.float64, requires_grad=True)
    f = problem.terms(point, **problem.settings())
    slope = torch.autograd.grad(f.sum(), point)[0] if f.requires_grad else torch.zeros(1)
    return f.item(), slope.item()


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("n", range(5))
def test_moments_are_those_of_quadrature(name, n):
    problem = PROBLEMS[name]
    loc, scale = 0.8, 0.7
    moments = problem.moments(1, **problem.settings())[0]
    breaks = [] if problem.smooth else list(problem.settings().values())
    for got, power, which in (
        (moments.cost, 1, 0),
        (moments.squared_cost, 2, 0),
        (moments.slope, 1, 1),
        (moments.squared_slope, 2, 1),
    ):

        def g(z: float, power: int = power, which: int = which) -> float:
            return f_and_slope(name, z)[which] ** power * ((z - loc) / scale) ** n

        expected = expectation(g, loc, scale, breaks)
        assert got(n, loc, scale) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("estimator", "parameter", "expected"),
    [
        ("score", "loc", 87.0),
        ("score", "scale", 346.0),
        ("pathwise", "loc", 4.0),
        ("pathwise", "scale", 24.0),
        ("second_order", "loc", 4.0),
        ("second_order", "scale", 0.0),
    ],
)
def test_square_at_two_by_hand(estimator, parameter, expected):
    """f = z^2, mu = 2, sigma = 1: E[(f s)^2] - g^2 and Var[f'(z) dz/dparameter], on paper."""
    moments = PROBLEMS["square"].moments(1)
    assert variance(moments, estimator, parameter, 2.0, 1.0, 1) == pytest.approx(expected)


@pytest.mark.parametrize(("estimator", "problem"), list(itertools.product(VARIANCES, KNOWN)))
def test_variances_are_within_their_error_at_random_points(estimator, problem):
    """Three standard errors; a miss, one in 370 by chance, gets one second draw.

    Scales up to one: there the fourth moment can be trusted at this many replicates.
    """
    random = np.random.default_rng(zlib.crc32(f"{estimator} {problem}".encode()))
    for _ in range(2):
        loc, scale = random.uniform(-2.0, 2.0), random.uniform(0.2, 1.0)
        dim, k = int(random.integers(1, 4)), int(random.integers(2, 6))
        seed = int(random.integers(2**31))
        first = Experiment(problem, estimator, loc, scale, dim, k, 40_000, seed)
        second = replace(first, replicates=80_000, seed=seed + 1)
        assert is_within_three_errors(first) or is_within_three_errors(second)


def is_within_three_errors(experiment: Experiment) -> bool:
    """Whether both gradients' measured variances agree with their closed forms."""
    m = measure(experiment)
    exact = [experiment.exact_variance(parameter) for parameter in ("loc", "scale")]
    assert None not in exact
    return all(
        abs(s.variance - v) <= 3.0 * s.variance_standard_error + 1e-12
        for s, v in zip((m.loc, m.scale), exact, strict=True)
    )


@functools.cache
def precise_rule(count: int = 70) -> list[tuple[mp.mpf, mp.mpf]]:
    """Gauss and Hermite's nodes and weights in 60 digits, by Newton's method from numpy's."""
    with mp.workdps(60):
        rule = []
        for start in np.polynomial.hermite_e.hermegauss(count)[0]:
            x = mp.mpf(float(start))
            for _ in range(7):
                before, here = mp.mpf(1), x
                for n in range(1, count):
                    before, here = here, x * here - n * before
                x -= here / (count * before)
            rule.append((x, mp.factorial(count) / (count * before) ** 2))
        return rule


PRECISE = {
    "square": (lambda z: z * z, lambda z: 2 * z, lambda z: mp.mpf(2)),
    "cubic": (lambda z: z**3, lambda z: 3 * z * z, lambda z: 6 * z),
    "sine": (lambda z: mp.sin(3 * z), lambda z: 3 * mp.cos(3 * z), lambda z: -9 * mp.sin(3 * z)),
    "exp": (lambda z: mp.exp(z / 2), lambda z: mp.exp(z / 2) / 2, lambda z: mp.exp(z / 2) / 4),
    "double_well": (
        lambda z: (z * z - 1) ** 2,
        lambda z: 4 * z * (z * z - 1),
        lambda z: 12 * z * z - 4,
    ),
}


def precise_variances(name: str, parameter: str, loc: float, scale: float, k: int) -> dict:
    """All four from their definitions, in one dimension, in 60 digits."""
    with mp.workdps(60):
        (f, slope, curvature), mu, sigma = PRECISE[name], mp.mpf(loc), mp.mpf(scale)
        rows = []
        for x, w in precise_rule():
            z = mu + sigma * x
            score = (x if parameter == "loc" else x * x - 1) / sigma
            path = slope(z) * (1 if parameter == "loc" else x)
            second = slope(z) if parameter == "loc" else sigma * curvature(z)
            rows.append((w, f(z), score, path, second))

        def mean(g) -> mp.mpf:
            return sum(w * g(f_, s) for w, f_, s, *_ in rows)

        def spread_of(which: int) -> mp.mpf:
            middle = sum(row[0] * row[which] for row in rows)
            return sum(row[0] * (row[which] - middle) ** 2 for row in rows)

        centre, gradient = mean(lambda f_, s: f_), mean(lambda f_, s: f_ * s)
        spread = mean(lambda f_, s: (f_ - centre) ** 2) * mean(lambda f_, s: s * s)
        centred = mean(lambda f_, s: ((f_ - centre) * s) ** 2) - gradient**2
        return {
            "score": (mean(lambda f_, s: (f_ * s) ** 2) - gradient**2) / k,
            "score_loo": centred / k + (spread + gradient**2) / (k * (k - 1)),
            "pathwise": spread_of(3) / k,
            "second_order": spread_of(4) / k,
        }


@pytest.mark.parametrize("name", PRECISE)
@pytest.mark.parametrize("scale", [1e-4, 1e-3, 0.02, 0.16, 0.9])
def test_no_digit_is_lost_at_any_scale(name, scale):
    """Against 60 digits: the double well at mu = 0, sigma = 1e-4 was off by 3 %."""
    moments = PROBLEMS[name].moments(1, **PROBLEMS[name].settings())
    for loc, parameter in itertools.product((0.0, 1.0, -2.3, 40.0, 600.0), ("loc", "scale")):
        for estimator, truth in precise_variances(name, parameter, loc, scale, 2).items():
            got = variance(moments, estimator, parameter, loc, scale, 2)
            assert got == pytest.approx(float(truth), rel=2e-6, abs=1e-60), (loc, estimator)


def test_the_double_well_as_it_was_reported():
    moments = PROBLEMS["double_well"].moments(1)
    assert variance(moments, "score_loo", "loc", 0.0, 1e-4, 2) == pytest.approx(2.4e-7, rel=1e-6)


@pytest.mark.parametrize("distance", [-9.0, -3.0, 0.0, 3.0, 9.0])
def test_a_step_far_away_loses_no_digit(distance):
    """(1 - p)^2 above and p^2 below: each by integration in 30 digits."""
    moment = PROBLEMS["step"].moments(1, k=0.5)[0]
    with mp.workdps(30):
        t = mp.mpf(distance)
        p, q = mp.ncdf(-t), mp.ncdf(t)
        above, below = (mp.quad(lambda e: e * e * mp.npdf(e), ends) for ends in ([t, 30], [-30, t]))
        truth = q * q * above + p * p * below
    got = moment.centred(2, 2, 0.5 - distance * 0.25, 0.25)
    assert got == pytest.approx(float(truth), rel=1e-9)


def test_leave_one_out_equals_its_own_enumeration():
    """Two-sample leave-one-out on z^2 is (f1 - f2)(s1 - s2) / 2; its moments are polynomial."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights = weights / weights.sum()
    a, b = np.meshgrid(nodes, nodes)
    w = np.outer(weights, weights)
    estimate = ((2.0 + a) ** 2 - (2.0 + b) ** 2) * (a - b) / 2.0
    mean = (w * estimate).sum()
    expected = (w * estimate**2).sum() - mean**2
    moments = PROBLEMS["square"].moments(1)
    assert variance(moments, "score_loo", "loc", 2.0, 1.0, 2) == pytest.approx(expected)


def test_no_closed_form_is_said():
    moments = PROBLEMS["square"].moments(1)
    unknown = next(name for name in ESTIMATORS if name not in VARIANCES)
    assert variance(moments, unknown, "loc", 2.0, 1.0, 1) is None


def test_closed_forms_belong_to_registered_estimators():
    assert set(VARIANCES) <= set(ESTIMATORS)
