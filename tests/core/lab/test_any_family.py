"""Exact values under any family: against closed forms, and against scipy's quantiles."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.support.family_checks import points, twin
from tests.support.scipy_laws import TWINS, Law
from vae_core.families import FAMILIES
from vae_core.families.quadrature import InfiniteExpectationError
from vae_core.lab import PROBLEMS, find_problem
from vae_core.lab.exact.integrals.any_family import Expectation, expectation
from vae_core.lab.experiment import Experiment

ONE_DIMENSION = [name for name, entry in FAMILIES.items() if not entry.vector and name != "normal"]
EULER = 0.57721566490153286
LGAMMA = torch.special.gammaln


def settings_of(problem: str, **knobs: float) -> dict[str, float]:
    """The problem's; a step is at no family's end, where E[f] would have a corner."""
    return find_problem(problem).settings(**({"k": 0.8} if problem == "step" else {}), **knobs)


def exact(problem: str, family: str, dim: int = 1, **parameters: float) -> Expectation:
    knobs = {name: parameters.pop(name) for name in ("omega", "kappa") if name in parameters}
    settings = settings_of(problem, **knobs)
    in_order = {name: float(parameters[name]) for name in FAMILIES[family].parameters}
    return expectation(problem, family, tuple(in_order.items()), dim, tuple(settings.items()))


def raised(scale: Tensor, concentration: Tensor) -> Tensor:
    """E[z^2] of a Weibull."""
    return scale**2 * torch.exp(LGAMMA(1 + 2 / concentration))


# Family, problem, parameters, and E[f] on paper; its gradient comes from autograd.
CLOSED_FORMS: list[tuple[str, str, dict[str, float], Callable[..., Tensor]]] = [
    ("exponential", "square", {"rate": 0.7}, lambda rate: 2 / rate**2),
    ("exponential", "exp", {"rate": 0.6}, lambda rate: rate / (rate - 0.5)),
    ("exponential", "f=log(z)", {"rate": 0.6}, lambda rate: -EULER - rate.log()),
    ("exponential", "sine", {"rate": 2.0, "omega": 3.0}, lambda rate: 3 * rate / (rate**2 + 9)),
    (
        "cauchy",
        "sine",
        {"loc": 0.3, "scale": 0.4, "omega": 3.0},
        lambda loc, scale: torch.exp(-3 * scale) * torch.sin(3 * loc),
    ),
    (
        "cauchy",
        "f=sin(z)^2",
        {"loc": 0.3, "scale": 1.0},
        lambda loc, scale: 0.5 - 0.5 * torch.exp(-2 * scale) * torch.cos(2 * loc),
    ),
    ("cauchy", "f=sqrt(|z|)", {"loc": 0.0, "scale": 1.3}, lambda loc, scale: (2 * scale).sqrt()),
    (
        "gumbel",
        "exp",
        {"loc": 0.3, "scale": 0.8},
        lambda loc, scale: torch.exp(0.5 * loc + LGAMMA(1 - 0.5 * scale)),
    ),
    ("rayleigh", "square", {"scale": 1.4}, lambda scale: 2 * scale**2),
    (
        "pareto",
        "square",
        {"scale": 1.2, "alpha": 2.01},
        lambda scale, alpha: alpha * scale**2 / (alpha - 2),
    ),
    (
        "weibull",
        "square",
        {"scale": 1.3, "concentration": 0.6},
        raised,
    ),
    (
        "reciprocal",
        "square",
        {"low": 0.5, "high": 3.0},
        lambda low, high: (high**2 - low**2) / (2 * (high / low).log()),
    ),
    ("laplace", "square", {"loc": 0.4, "scale": 0.7}, lambda loc, scale: loc**2 + 2 * scale**2),
    (
        "logistic",
        "exp",
        {"loc": 0.4, "scale": 0.7},
        lambda loc, scale: (
            torch.exp(loc / 2) * (math.pi * scale / 2) / torch.sin(math.pi * scale / 2)
        ),
    ),
    (
        "uniform",
        "cubic",
        {"low": -0.5, "high": 2.0},
        lambda low, high: (high**4 - low**4) / (4 * (high - low)),
    ),
    ("uniform", "step", {"low": -0.5, "high": 2.0}, lambda low, high: (high - 0.8) / (high - low)),
    (
        "triangular",
        "square",
        {"loc": 0.4, "scale": 0.9},
        lambda loc, scale: loc**2 + scale**2 / 6,
    ),
    (
        "gamma",
        "square",
        {"concentration": 0.7, "rate": 2.0},
        lambda concentration, rate: concentration * (concentration + 1) / rate**2,
    ),
    (
        "gamma",
        "f=log(z)",
        {"concentration": 0.05, "rate": 2.0},
        lambda concentration, rate: torch.digamma(concentration) - rate.log(),
    ),
    (
        "gamma",
        "exp",
        {"concentration": 30.0, "rate": 0.8},
        lambda concentration, rate: (rate / (rate - 0.5)) ** concentration,
    ),
    (
        "gamma",
        "f=1/z",
        {"concentration": 1.1, "rate": 2.0},
        lambda concentration, rate: rate / (concentration - 1),
    ),
    (
        "erlang",
        "square",
        {"concentration": 3, "rate": 1.5},
        lambda concentration, rate: 12 / rate**2,
    ),
    ("chisquared", "square", {"df": 0.6}, lambda df: df * (df + 2)),
    (
        "lognormal",
        "square",
        {"loc": 0.2, "scale": 0.9},
        lambda loc, scale: torch.exp(2 * loc + 2 * scale**2),
    ),
    (
        "beta",
        "square",
        {"concentration1": 0.4, "concentration0": 0.3},
        lambda concentration1, concentration0: (
            concentration1
            * (concentration1 + 1)
            / ((concentration1 + concentration0) * (concentration1 + concentration0 + 1))
        ),
    ),
    (
        "beta",
        "f=log(1-z)",
        {"concentration1": 2.0, "concentration0": 0.8},
        lambda concentration1, concentration0: (
            torch.digamma(concentration0) - torch.digamma(concentration0 + concentration1)
        ),
    ),
    (
        "f",
        "square",
        {"df1": 3.0, "df2": 4.3},
        lambda df1, df2: df2**2 * (df1 + 2) / (df1 * (df2 - 2) * (df2 - 4)),
    ),
    (
        "studentt",
        "square",
        {"df": 2.5, "loc": 0.3, "scale": 1.2},
        lambda df, loc, scale: loc**2 + scale**2 * df / (df - 2),
    ),
    (
        "vonmises",
        "sine",
        {"loc": 0.3, "concentration": 2.0, "omega": 1.0},
        lambda loc, concentration: (
            torch.special.i1(concentration) / torch.special.i0(concentration) * torch.sin(loc)
        ),
    ),
    ("bernoulli", "cubic", {"probs": 0.3}, lambda probs: probs),
    ("poisson", "square", {"rate": 2.3}, lambda rate: rate + rate**2),
    ("poisson", "exp", {"rate": 2.3}, lambda rate: torch.exp(rate * (math.exp(0.5) - 1))),
]


@pytest.mark.parametrize(("family", "problem", "parameters", "on_paper"), CLOSED_FORMS)
def test_values_and_gradients_are_those_on_paper(family, problem, parameters, on_paper):
    found = exact(problem, family, **parameters)
    leaves = {
        name: torch.tensor(parameters[name], dtype=torch.float64, requires_grad=True)
        for name in FAMILIES[family].parameters
    }
    value = on_paper(**leaves)
    by_paper = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
    # Ten times, since two rules may agree by chance; the rest is the paper's own rounding.
    room = 10 * found.error + 1e-13 * (1 + abs(value.item()))
    assert found.error < 1e-8 * (1 + abs(value.item()))
    assert found.known == ("closed form" if FAMILIES[family].discrete else "estimate")
    assert abs(found.value.item() - value.item()) < room
    for name, gradient in zip(leaves, by_paper, strict=True):
        # A formula may hold at these parameters alone; a whole number has no derivative.
        if gradient is not None and name in found.gradient:
            off = abs(found.gradient[name].item() - gradient.item())
            assert off < room * 30 + 1e-11 * abs(gradient.item()), name  # torch's own polygamma


@pytest.mark.exhaustive
@pytest.mark.parametrize(("loc", "scale"), [(0.0, 0.5), (3.0, 0.5), (-3.0, 0.5), (0.0, 1.5)])
def test_the_swings_of_a_sine_under_a_lognormal(loc, scale):
    """By a million midpoints in the noise, of which each swing has dozens."""
    eps = (np.arange(4_000_000) + 0.5) * 17e-6 / 4 - 8.5
    density = np.exp(-0.5 * eps**2) / math.sqrt(2 * math.pi)
    value = (np.sin(3 * np.exp(loc + scale * eps)) * density).sum() * 17e-6 / 4
    found = exact("sine", "lognormal", loc=loc, scale=scale)
    assert found.value.item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize(
    ("family", "parameters", "value", "gradient"),
    [
        ("laplace", {"loc": 1e3, "scale": 1e-4}, 1e6 + 2e-8, {"loc": 2e3, "scale": 4e-4}),
        ("gamma", {"concentration": 1e3, "rate": 1.0}, 1_001_000.0, {"concentration": 2001.0}),
        ("poisson", {"rate": 1e5}, 1e10 + 1e5, {"rate": 200_001.0}),
        ("beta", {"concentration1": 1e4, "concentration0": 1e4}, 10_001 / 40_002, {}),
    ],
)
def test_narrow_and_far_from_zero_the_digits_are_kept(family, parameters, value, gradient):
    found = exact("square", family, **parameters)
    assert found.value.item() == pytest.approx(value, rel=1e-12)
    for name, slope in gradient.items():
        assert found.gradient[name].item() == pytest.approx(slope, rel=1e-7, abs=found.error)


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        ("poisson", {"rate": 1e6}),
        ("beta", {"concentration1": 0.01, "concentration0": 0.01}),
        ("gamma", {"concentration": 0.001, "rate": 1.0}),
    ],
)
def test_mass_that_is_not_found_is_not_passed_over(family, parameters):
    """Too many whole numbers; or too much within the last digits of an end."""
    with pytest.raises(ValueError, match="does not settle"):
        exact("square", family, **parameters)


def by_quantiles(problem: str, law: Law) -> float:
    """E[f] as the integral of f(F^-1(u)) over u, by scipy's quantiles, on panels that halve."""
    f, settings = find_problem(problem), settings_of(problem)
    jump = settings.get("k")
    nodes, weights = np.polynomial.legendre.leggauss(24)
    edges = np.append(0.5 ** np.arange(1.0, 300.0, 0.5), 0.0)[::-1]
    total = 0.0
    for quantile, mass in ((law.ppf, law.cdf), (law.isf, law.sf)):
        cuts = edges if jump is None else np.unique([*edges, min(mass(jump), 0.5)])
        low, half = cuts[:-1, None], np.diff(cuts)[:, None] / 2
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of quantiles as small as 1e-300
            z = quantile(low + half * (1 + nodes))
        seen = np.isfinite(z)  # of an F there are no quantiles of 1e-60
        z = torch.from_numpy(np.where(seen, z, 0.0))
        costs = f.terms(z[..., None], **settings)[..., 0].numpy() * seen
        total += float((costs * half * weights).sum())
    return total


def by_density(problem: str, law: Law) -> float:
    """The same over z: scipy finds von Mises' quantiles by search alone, which takes minutes."""
    low, high = law.support()
    cuts = np.unique([*np.linspace(low, high, 65), np.clip(0.8, low, high)])
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = np.diff(cuts)[:, None] / 2
    z = cuts[:-1, None] + half * (1 + nodes)
    costs = find_problem(problem).terms(torch.from_numpy(z)[..., None], **settings_of(problem))
    return float((costs[..., 0].numpy() * law.pdf(z) * half * weights).sum())


def by_whole_numbers(problem: str, law: Law) -> float:
    z = np.arange(2 if law.support()[1] == 1 else 400)
    costs = find_problem(problem).terms(
        torch.from_numpy(z).double()[:, None], **settings_of(problem)
    )
    return float((costs[:, 0].numpy() * law.pmf(z)).sum())


# Scipy has no quantiles of an F so far out; and of a wide Log-Normal the swings are too many.
TOO_FAR = {("f", "cubic"), ("f", "double_well"), ("lognormal", "sine")}


def compare_with_scipy(problem: str, family: str, point: dict[str, float]) -> None:
    """Derivatives are differences of fourth order, where scipy has the law and E[f] exists."""
    entry = FAMILIES[family]
    if family not in TWINS or PROBLEMS[problem].elbo:
        return
    if problem == "sine" and entry.moments(**point) < 4.0:
        return  # no rule in u sees the end of its swings; closed forms hold these
    if (family, problem) in TOO_FAR:
        return
    try:
        found = exact(problem, family, **point)
    except InfiniteExpectationError:
        return
    by = by_whole_numbers if entry.discrete else by_quantiles
    by = by_density if family == "vonmises" else by
    value = by(problem, twin(entry, point))
    size = 1.0 + abs(value)
    assert found.value.item() == pytest.approx(value, rel=1e-6, abs=1e-8)
    for name in entry.differentiable:
        step = 1e-3 * min(1.0, abs(point[name]) or 1.0)
        sides = [
            by(problem, twin(entry, {**point, name: point[name] + each * step}))
            for each in (-2, -1, 1, 2)
        ]
        slope = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * step)
        assert found.gradient[name].item() == pytest.approx(slope, rel=1e-5, abs=1e-5 * size), name


@pytest.mark.parametrize("family", ONE_DIMENSION)
@pytest.mark.parametrize("problem", ["square", "sine", "step"])
def test_values_and_gradients_are_those_of_scipy(family, problem):
    compare_with_scipy(problem, family, points(FAMILIES[family])[0])


@pytest.mark.exhaustive
@pytest.mark.parametrize("family", ONE_DIMENSION)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_so_they_are_near_the_ends_of_every_range(family, problem):
    for point in points(FAMILIES[family]):
        compare_with_scipy(problem, family, point)


@pytest.mark.parametrize("family", ["exponential", "logistic", "uniform"])
def test_an_elbo_is_the_cost_and_the_entropy(family):
    """E[log p(z, x)] is that of a quadratic cost, and the entropy is scipy's."""
    (point, *_) = points(FAMILIES[family])
    found = exact("gaussian_elbo", family, **point)
    quadratic = exact("f=-z^2/2 - (1.5 - z)^2/2", family, **point)
    entropy = float(TWINS[family](**point).entropy())
    constant = math.log(2 * math.pi)
    assert found.value.item() == pytest.approx(quadratic.value.item() - constant + entropy)
    for name in point:
        step = 1e-4
        ends = (
            float(TWINS[family](**{**point, name: point[name] + side * step}).entropy())
            for side in (1, -1)
        )
        by_entropy = float(np.subtract(*ends)) / (2 * step)
        by_cost = quadratic.gradient[name].item()
        assert found.gradient[name].item() == pytest.approx(by_cost + by_entropy, abs=1e-6)


def test_each_dimension_has_its_own_cost():
    """The bowl is steeper in each dimension: c_d E[z^2] / 2, with c from 1 to kappa."""
    found = exact("quadratic_bowl", "exponential", dim=5, rate=0.7, kappa=81.0)
    curvatures = torch.tensor([1.0, 3.0, 9.0, 27.0, 81.0], dtype=torch.float64)
    torch.testing.assert_close(found.value, curvatures / 0.7**2)
    torch.testing.assert_close(found.gradient["rate"], -2 * curvatures / 0.7**3)
    assert exact("square", "exponential", dim=4, rate=1.0).value.tolist() == pytest.approx(
        [2.0] * 4
    )


@pytest.mark.parametrize(
    ("family", "problem", "parameters", "why"),
    [
        ("cauchy", "square", {"loc": 0, "scale": 1}, r"only for r < 1, and f grows like \|z\|\^2"),
        ("cauchy", "f=z", {"loc": 0, "scale": 1}, "only for r < 1"),
        ("cauchy", "f=z*sin(z)", {"loc": 0, "scale": 1}, "not known whether"),
        ("cauchy", "quadratic_bowl", {"loc": 0, "scale": 1}, r"E\|z\|\^r is finite only for r < 1"),
        ("exponential", "exp", {"rate": 0.4}, r"only for c < 0.4, and f grows like exp\(0.5 z\)"),
        ("exponential", "exp", {"rate": 0.5}, "only for c < 0.5"),
        ("exponential", "f=exp(z^2/100)", {"rate": 5.0}, "exp"),
        ("exponential", "f=1/z", {"rate": 1.0}, "near an end"),
        ("exponential", "f=z^-0.5/z", {"rate": 1.0}, "near an end"),
        ("gumbel", "exp", {"loc": 0, "scale": 2.0}, "only for c < 0.5"),
        ("pareto", "cubic", {"scale": 1, "alpha": 3.0}, "only for r < 3"),
        ("uniform", "f=log(z)", {"low": 0, "high": 1}, "no gradient in low here"),
        ("studentt", "square", {"df": 2, "loc": 0, "scale": 1}, "only for r < 2"),
        ("lognormal", "exp", {"loc": 0, "scale": 1}, "for no c > 0"),
        ("gamma", "f=1/z", {"concentration": 1.0, "rate": 1}, "near an end"),
        ("gamma", "exp", {"concentration": 0.1, "rate": 0.5}, "only for c < 0.5"),
        ("poisson", "f=exp(z^2/9)", {"rate": 1.0}, "f grows like exp"),
        ("bernoulli", "gaussian_elbo", {"probs": 0.3}, "needs a density"),
        ("laplace", "f=log(z)", {"loc": 0, "scale": 1}, "or is none"),
        ("laplace", "f=1/z^2", {"loc": 0, "scale": 1}, "does not settle"),
    ],
)
def test_what_does_not_exist_is_refused_in_one_sentence(family, problem, parameters, why):
    with pytest.raises(ValueError, match=why) as refusal:
        exact(problem, family, **parameters)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("family", "problem", "parameters"),
    [
        ("pareto", "cubic", {"scale": 1, "alpha": 3.01}),
        ("exponential", "exp", {"rate": 0.56}),
        ("exponential", "f=1/sqrt(z)", {"rate": 1.0}),
        ("gumbel", "f=exp(-z)", {"loc": 0.0, "scale": 2.0}),
        ("cauchy", "f=atan(z)", {"loc": 0, "scale": 1}),
        ("cauchy", "f=exp(-z^2)", {"loc": 0, "scale": 1}),
    ],
)
def test_what_barely_exists_is_found(family, problem, parameters):
    found = exact(problem, family, **parameters)
    assert math.isfinite(found.value.item())
    assert found.error < 1e-6 * (1 + abs(found.value.item()))


@pytest.mark.parametrize(
    ("estimator", "parameter", "mean", "variance"),
    [
        ("pathwise", "loc", True, True),
        ("pathwise", "scale", False, False),
        ("score", "loc", True, True),
        ("score", "scale", True, True),
    ],
)
def test_a_path_may_have_no_mean_where_the_gradient_exists(estimator, parameter, mean, variance):
    """Under a Cauchy cos(3 z) eps has none; f and the score are bounded."""
    e = Experiment(
        "sine", estimator, family="cauchy", parameters={"loc": 0, "scale": 1}, replicates=2
    )
    assert e.is_endless(1, parameter) is not mean
    assert e.is_endless(2, parameter) is not variance


@pytest.mark.parametrize(
    ("estimator", "samples", "alpha", "parameter", "finite"),
    [
        ("pathwise", 1, 4.1, "value", True),
        ("pathwise", 1, 3.9, "value", False),
        ("pathwise", 1, 3.9, "scale", False),
        ("pathwise", 1, 4.1, "scale", True),
        ("pathwise", 1, 4.1, "alpha", True),
        ("pathwise", 1, 3.9, "alpha", False),
    ],
)
def test_the_variance_is_infinite_where_f_squared_has_no_mean(
    estimator, samples, alpha, parameter, finite
):
    words = {"family": "pareto", "parameters": {"scale": 1.0, "alpha": alpha}}
    e = Experiment("square", estimator, samples=samples, replicates=2, **words)
    assert e.is_endless(2, parameter) is not finite


@pytest.mark.parametrize(
    ("estimator", "samples", "parameter", "finite"),
    [
        ("pathwise", 1, "loc", True),
        ("pathwise", 2, "loc", True),
        ("pathwise", 1, "scale", False),
        ("pathwise", 1, "df", False),
        ("score", 1, "loc", True),
        ("score", 1, "scale", False),
        ("score_loo", 2, "loc", False),
    ],
)
def test_under_two_and_a_half_degrees_of_freedom(estimator, samples, parameter, finite):
    """E[z^2] is finite and E[z^4] is not; but 2 z, and z^2 times the score in loc, are like z."""
    words = {"family": "studentt", "parameters": {"df": 2.5, "loc": 0.0, "scale": 1.0}}
    e = Experiment("square", estimator, samples=samples, replicates=2, **words)
    assert e.is_endless(2, parameter) is not finite
    assert not e.is_endless(1, parameter)
