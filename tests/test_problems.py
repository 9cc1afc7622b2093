"""Every problem of the registry: its expectation by quadrature, its gradient by autograd."""

import itertools

import pytest
import torch

from tests.quadrature import expectation
from vae_core.problems import PROBLEMS

POINTS = [(2.0, 1.0), (-0.7, 0.3), (0.4, 1.9)]
CASES = list(itertools.product(PROBLEMS, POINTS))


def tensors(*values: float) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in values)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_expectation_is_that_of_quadrature(name, point):
    problem = PROBLEMS[name]
    knobs = problem.settings()
    loc, scale = tensors(*point)

    def f(z: float) -> float:
        return float(problem.terms(torch.tensor([z], dtype=torch.float64), **knobs))

    exact = problem.exact(loc, scale, **knobs).value.sum().item()
    breaks = [] if problem.smooth else list(knobs.values())
    assert exact == pytest.approx(expectation(f, *point, breaks), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_gradient_is_that_of_autograd(name, point):
    problem = PROBLEMS[name]
    loc, scale = tensors(*point)
    exact = problem.exact(loc, scale, **problem.settings())
    by_loc, by_scale = torch.autograd.grad(exact.value.sum(), (loc, scale))
    torch.testing.assert_close(exact.loc.detach(), by_loc, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(exact.scale.detach(), by_scale, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", PROBLEMS)
def test_cost_sums_over_the_dimensions(name):
    problem = PROBLEMS[name]
    z = torch.randn((3, 4, 5), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cost = problem.cost(**problem.settings())(z)
    torch.testing.assert_close(cost, problem.terms(z, **problem.settings()).sum(-1))
    assert cost.shape == (3, 4)


@pytest.mark.parametrize("name", PROBLEMS)
def test_wrong_settings_say_what_is_allowed(name):
    problem = PROBLEMS[name]
    with pytest.raises(ValueError, match="has no setting 'nonsense'"):
        problem.settings(nonsense=1.0)
    for knob, field in problem.knobs.items():
        for bad in (field.maximum * 2 + 1, float("nan")):
            with pytest.raises(ValueError, match="must lie between"):
                problem.settings(**{knob: bad})
