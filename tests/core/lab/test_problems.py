"""Every problem of the registry: its expectation by quadrature, its gradient by autograd."""

import itertools
import math

import pytest
import torch

from tests.support.quadrature import expectation
from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.lab import PROBLEMS, problem
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure
from vae_core.lab.problems import gaussian_log_evidence

POINTS = [(2.0, 1.0), (-0.7, 0.3), (0.4, 1.9)]
CASES = list(itertools.product(PROBLEMS, POINTS))


def tensors(*values: float) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in values)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_expectation_is_that_of_quadrature(name, point):
    problem = PROBLEMS[name]
    knobs = problem.settings()
    loc, scale = tensors(*point)

    cost = problem.cost(Normal(loc.detach(), scale.detach()), **knobs)

    def f(z: float) -> float:
        return float(cost(torch.tensor([z], dtype=torch.float64)))

    exact = problem.exact(loc, scale, **knobs).value.sum().item()
    breaks = [] if problem.smooth else list(knobs.values())
    assert exact == pytest.approx(expectation(f, *point, breaks), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_gradient_is_that_of_autograd(name, point):
    problem = PROBLEMS[name]
    loc, scale = tensors(*point)
    exact = problem.exact(loc, scale, **problem.settings())
    by_loc, by_scale = torch.autograd.grad(exact.value.sum(), (loc, scale))
    torch.testing.assert_close(exact.loc.detach(), by_loc, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(exact.scale.detach(), by_scale, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_cost_sums_over_the_dimensions(name):
    problem = PROBLEMS[name]
    z = torch.randn((3, 4, 5), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    q = Normal(torch.zeros((4, 5), dtype=torch.float64), torch.ones((4, 5), dtype=torch.float64))
    cost = problem.cost(q, **problem.settings())(z)
    terms = problem.terms(z, **problem.settings())
    assert terms.shape == z.shape
    torch.testing.assert_close(cost, terms.sum(-1) - problem.elbo * q.log_prob(z))


@pytest.mark.parametrize("name", PROBLEMS)
def test_wrong_settings_say_what_is_allowed(name):
    problem = PROBLEMS[name]
    with pytest.raises(ValueError, match="has no setting 'nonsense'"):
        problem.settings(nonsense=1.0)
    for knob, field in problem.knobs.items():
        for bad in (field.maximum * 2 + 1, float("nan")):
            with pytest.raises(ValueError, match="must lie between"):
                problem.settings(**{knob: bad})


def test_gaussian_elbo_touches_the_evidence_at_the_posterior():
    """The posterior of x ~ N(z, s^2), z ~ N(0, 1) is N(x / (1 + s^2), s^2 / (1 + s^2))."""
    x, noise = 1.5, 0.7
    spread = 1.0 + noise**2
    loc, scale = tensors(x / spread, noise / math.sqrt(spread))
    exact = PROBLEMS["gaussian_elbo"].exact(loc, scale, x=x, noise=noise)
    evidence = gaussian_log_evidence(1, x=x, noise=noise)
    assert exact.value.item() == pytest.approx(evidence, rel=1e-12)
    assert abs(exact.loc.item()) < 1e-12
    assert abs(exact.scale.item()) < 1e-12
    elsewhere = PROBLEMS["gaussian_elbo"].exact(loc + 0.1, scale, x=x, noise=noise)
    assert elsewhere.value.item() < evidence


def test_curvatures_of_the_bowl():
    z = torch.ones((1, 1, 3), dtype=torch.float64)
    terms = PROBLEMS["quadratic_bowl"].terms(z, kappa=100.0)
    torch.testing.assert_close(terms[0, 0], torch.tensor([0.5, 5.0, 50.0], dtype=torch.float64))


def test_an_objection_is_a_sentence_and_only_where_it_is_due():
    step, square, elbo = (PROBLEMS[name] for name in ("step", "square", "gaussian_elbo"))
    assert "jumps" in step.objection(ESTIMATORS["pathwise"])
    assert "biased" in square.objection(ESTIMATORS["naive"])
    assert "ELBO" in square.objection(ESTIMATORS["stl"])
    assert elbo.objection(ESTIMATORS["stl"]) is None
    assert step.objection(ESTIMATORS["score"]) is None


@pytest.mark.parametrize("name", [e for e in ESTIMATORS if ESTIMATORS[e].needs_elbo])
def test_an_estimator_for_elbos_is_right_elsewhere_and_nothing_else_is_said(name):
    told = PROBLEMS["cubic"].objection(ESTIMATORS[name])
    assert PROBLEMS["cubic"].allows(ESTIMATORS[name])
    assert "mean zero" in told
    assert "noise" not in told
    assert PROBLEMS["step"].objection(ESTIMATORS["stl"]) == PROBLEMS["step"].objection(
        ESTIMATORS["pathwise"]
    )


@pytest.mark.parametrize(
    ("problem", "mu", "sigma", "helps"), [("cubic", -1.0, 0.5, True), ("square", 2.0, 1.0, False)]
)
def test_the_extra_term_may_help_or_hurt(problem, mu, sigma, helps):
    """It adds eps / sigma to a slope that goes with 2 sigma eps on z^2, 6 mu sigma eps on z^3."""
    plain, stuck = (
        measure(Experiment(problem, name, mu, sigma, replicates=50_000))
        for name in ("pathwise", "stl")
    )
    assert abs(stuck.loc.z_score) < 4.0
    assert abs(stuck.scale.z_score) < 4.0
    assert (stuck.loc.variance < plain.loc.variance) is helps


@pytest.mark.parametrize("ranges", [{}, {"k": (0.0, 1.0, "k"), "m": (0.0, 1.0, "m")}])
def test_a_setting_without_a_range_is_named(ranges):
    def newcomer(z: torch.Tensor, *, k: float = 0.5) -> torch.Tensor:
        return k * z

    with pytest.raises(TypeError, match="newcomer: each keyword of f needs its range"):
        problem(title="-", formula="-", exact=lambda loc, scale, k: None, **ranges)(newcomer)
