"""Bonnet's and Price's identities: by quadrature, by differences of E[f], and at a kink."""

import math

import numpy as np
import pytest
import torch

from tests.core.estimators.test_estimators import two_draws
from tests.support.quadrature import expectation
from vae_core.estimators import ESTIMATORS
from vae_core.estimators.second_order import bent
from vae_core.families import Normal
from vae_core.lab import PROBLEMS, find_problem
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

RULE = ESTIMATORS["second_order"]
SMOOTH = [name for name, problem in PROBLEMS.items() if problem.smooth]


def derivatives_at(name: str, z: float) -> tuple[float, float, float]:
    """f, f' and f'' of one dimension, an ELBO's own -log q left out."""
    found = find_problem(name)
    one = bent(
        lambda some: found.terms(some, **found.settings()).sum(-1),
        torch.tensor([[[z]]], dtype=torch.float64),
    )
    return one.cost.item(), one.slope.item(), one.curvature.item()


@pytest.mark.parametrize("name", SMOOTH)
def test_bonnet_and_price_against_differences_of_the_expectation(name):
    """d/dmu E[f] = E[f'] and d/dC E[f] = E[f''] / 2, C = sigma^2, both sides by quadrature."""
    mu, c, h = 0.7, 0.81, 1e-3

    def mean(which: int, loc: float, variance: float) -> float:
        return expectation(lambda z: derivatives_at(name, z)[which], loc, math.sqrt(variance))

    by_mu = (mean(0, mu + h, c) - mean(0, mu - h, c)) / (2.0 * h)
    by_c = (mean(0, mu, c + h) - mean(0, mu, c - h)) / (2.0 * h)
    assert mean(1, mu, c) == pytest.approx(by_mu, rel=2e-5, abs=1e-7)
    assert mean(2, mu, c) / 2.0 == pytest.approx(by_c, rel=2e-5, abs=1e-7)


@pytest.mark.parametrize("name", SMOOTH)
def test_its_mean_is_the_exact_gradient_over_many_replicates(name):
    m = measure(Experiment(name, "second_order", 0.4, 0.9, 2, 1, 200_000, seed=8))
    assert abs(m.loc.z_score) < 4.0
    assert abs(m.scale.z_score) < 4.0


def test_two_draws_by_hand():
    """Of z^2: the slope is 2z, as on the path; the curvature 2 whatever z, so sigma 2 = 1."""
    by_loc, by_scale, draws = two_draws("second_order")
    np.testing.assert_allclose(by_loc, (2.0 * draws.z).mean(0), rtol=1e-12)
    np.testing.assert_allclose(by_scale, 1.0, rtol=1e-12)


def test_the_curvatures_are_the_diagonal_of_the_hessian():
    """Of a cost whose coordinates meet, against torch's own Hessian, a sample at a time."""

    def cost(z: torch.Tensor) -> torch.Tensor:
        return (z[..., 0] * z[..., 1]).sin() + z[..., 1] * z[..., 2].exp() + z[..., 0].pow(3)

    z = torch.randn((4, 2, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = bent(cost, z)
    for at in np.ndindex(4, 2):
        hessian = torch.autograd.functional.hessian(cost, z[at])
        torch.testing.assert_close(found.curvature[at], hessian.diagonal())
        slope = torch.autograd.functional.jacobian(cost, z[at])
        torch.testing.assert_close(found.slope[at], slope)


@pytest.mark.parametrize("problem", ["gaussian_elbo", "f=exp(-z^2) sin(3z)"])
@pytest.mark.parametrize("most", [1, 12])
def test_parts_change_no_number(monkeypatch, problem, most):
    """Many samples are taken some at a time, where a cost no longer keeps a graph of its own."""
    whole = measure(Experiment(problem, "second_order", 0.4, 0.9, 2, 7, 20, seed=3))
    monkeypatch.setattr("vae_core.estimators.second_order.MOST_BENT", most)
    parts = measure(Experiment(problem, "second_order", 0.4, 0.9, 2, 7, 20, seed=3))
    assert parts.loc.mean == pytest.approx(whole.loc.mean, rel=1e-12)
    assert parts.scale.variance == pytest.approx(whole.scale.variance, rel=1e-12)


def test_a_replicate_too_large_for_one_graph_is_measured():
    m = measure(Experiment("sine", "second_order", 0.4, 0.9, 20, 5_000, 2, seed=3))
    assert m.scale.mean == pytest.approx(m.scale.exact, abs=6.0 * 9.0 / math.sqrt(5_000))


def test_other_families_are_refused():
    with pytest.raises(ValueError, match=r"^Second order \(Price\) needs a Normal z"):
        Experiment("square", "second_order", family="laplace", parameters={"loc": 0, "scale": 1})


def test_at_a_kink_it_gives_zero_where_the_truth_is_not():
    """|z|'' is zero but for a spike of weight 2 at 0: dE|z|/dsigma = 2 phi(0) at mu = 0."""
    m = measure(Experiment("f=|z|", "second_order", 0.0, 1.0, replicates=5_000))
    assert m.scale.mean == 0.0
    assert m.scale.exact == pytest.approx(math.sqrt(2.0 / math.pi), rel=1e-6)
    assert abs(m.loc.z_score) < 4.0  # Bonnet asks for no more than the path
    problem = find_problem("f=|z|")
    assert not problem.allows(RULE)
    assert problem.allows(ESTIMATORS["pathwise"])
    told = problem.objection(RULE)
    assert "curvature" in told
    assert "kink" in told


@pytest.mark.parametrize(
    "text",
    ["|z|", "|z - 30.01|", "max(0, z)", "min(z, 1, z^3)", "relu(z - 1)^1", "sqrt(z^2)",
     "z*step(z)", "sin(z)*sign(z)", "|z|^1.5 + |sin(3z)|", "(z>1)(z-1)", "z log(z^2)"],
)  # fmt: skip
def test_a_kink_is_found(text):
    found = find_problem(f"f={text}")
    assert found.smooth
    assert found.kink
    assert not found.allows(RULE)


@pytest.mark.parametrize(
    "text",
    ["z^2", "z |z|", "relu(z)^2", "|z|^3", "sqrt(1 + z^2)", "exp(-|z|)(1 + |z|)", "|z^2 + 1|",
     "max(z^2, -1)", "sin(3z)/(2 + cos(z))", "(z>1)(z-1)^2", "sigmoid(5z)", "|z|^2", "1/(1 + z^2)"],
)  # fmt: skip
def test_none_is_found_where_there_is_none(text):
    found = find_problem(f"f={text}")
    assert found.smooth
    assert not found.kink
    m = measure(Experiment(f"f={text}", "second_order", 0.2, 0.8, replicates=20_000))
    assert abs(m.scale.z_score) < 4.0


def test_its_noise_in_mu_is_the_paths_and_in_sigma_its_own():
    """On sin(omega z): the path swings with eps, the curvature with sigma omega."""
    for sigma, quieter in ((0.3, True), (1.5, False)):
        path, bend = (Experiment("sine", name, 0.5, sigma) for name in ("pathwise", "second_order"))
        assert path.exact_variance("loc") == pytest.approx(bend.exact_variance("loc"))
        assert (bend.exact_variance("scale") < path.exact_variance("scale")) is quieter


def test_its_gradient_is_a_constant():
    """A second derivative through the estimate would be that of another quantity: there is none."""
    loc = torch.zeros((1, 1), requires_grad=True)
    q = Normal(loc, torch.ones((1, 1)))
    values = RULE(lambda z: z.pow(4).sum(-1), q, 3, torch.Generator().manual_seed(0))
    (found,) = torch.autograd.grad(values.sum(), loc, create_graph=True)
    assert not found.requires_grad
