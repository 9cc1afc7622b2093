"""What structured Gaussians can follow: against closed forms, torch's KL, scipy's descents."""

import itertools

import numpy as np
import pytest
import torch
from scipy import optimize
from torch.distributions import MultivariateNormal, kl_divergence

from vae_core.lab.exact import structured
from vae_core.lab.exact.structured import STRUCTURES, correlations, kl, least_rho

TARGETS = [
    (kind, rho, dim)
    for kind, dim in itertools.product(("shared", "chain"), (2, 3, 5))
    for rho in (0.9 * least_rho(kind, dim), 0.3 * least_rho(kind, dim), 0.0, 0.3, 0.7, 0.95)
]
RANK_ONE = ("precision", "covariance")
OTHER = {"precision": "covariance", "covariance": "precision"}


def precision_of(target: tuple[str, float, int]) -> np.ndarray:
    return np.linalg.inv(correlations(*target))


def by_scipy(name: str, precision: np.ndarray, starts: int = 3) -> float:
    """The least KL of a rank-one kind, by scipy from several starts, in (log d, u)."""
    dim = len(precision)

    def left(x: np.ndarray) -> float:
        d, u = np.exp(x[:dim]), x[dim:]
        matrix = np.diag(d) + np.outer(u, u)
        return kl(precision, matrix if name == "covariance" else np.linalg.inv(matrix))

    random, found = np.random.default_rng(5), []
    own = np.log(np.diag(precision)) * (1.0 if name == "precision" else -1.0)
    for _ in range(starts):
        start = np.concatenate((own - 0.3, random.normal(size=dim)))
        found.append(optimize.minimize(left, start, method="BFGS", options={"gtol": 1e-9}).fun)
    return min(found)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", STRUCTURES)
def test_the_kl_left_over_is_torchs(name, target):
    found = STRUCTURES[name].fit(precision_of(target))
    zeros = torch.zeros(target[2], dtype=torch.float64)
    q = MultivariateNormal(zeros, torch.from_numpy(found.covariance))
    p = MultivariateNormal(zeros, torch.from_numpy(correlations(*target)))
    assert found.kl == pytest.approx(float(kl_divergence(q, p)), abs=1e-7)
    assert found.kl > -1e-12


@pytest.mark.parametrize("target", TARGETS)
def test_the_diagonals_best_fit_in_closed_form(target):
    """d_i = 1 / L_ii, and what is left over is half of log of the product of L_ii over det L."""
    precision = precision_of(target)
    found = STRUCTURES["diagonal"].fit(precision)
    d = np.exp(
        optimize.minimize(
            lambda x: kl(precision, np.diag(np.exp(x))), np.zeros(target[2]), tol=1e-12
        ).x
    )
    np.testing.assert_allclose(found.diagonal, d, rtol=1e-4)
    left = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
    assert found.kl == pytest.approx(left, abs=1e-10)
    kind, rho, dim = target
    if kind == "chain":
        known = (dim - 2) * np.log(1 + rho**2) - np.log(1 - rho**2)
    else:
        own = (1 + (dim - 2) * rho) / ((1 - rho) * (1 + (dim - 1) * rho))
        known = dim * np.log(own) + (dim - 1) * np.log(1 - rho) + np.log(1 + (dim - 1) * rho)
    assert found.kl == pytest.approx(0.5 * known, abs=1e-10)


@pytest.mark.parametrize("name", RANK_ONE)
@pytest.mark.parametrize("target", [t for t in TARGETS if t[2] > 2 and t[1] in (0.7, -0.9, -0.225)])
def test_no_descent_finds_a_better_rank_one(name, target):
    precision = precision_of(target)
    assert STRUCTURES[name].fit(precision).kl <= by_scipy(name, precision) + 2e-6


@pytest.mark.parametrize("target", TARGETS)
def test_more_structure_never_follows_worse(target):
    left = {name: each.fit(precision_of(target)).kl for name, each in STRUCTURES.items()}
    assert left["full"] == pytest.approx(0.0, abs=1e-10)
    assert all(-1e-10 <= left[name] <= left["diagonal"] + 1e-10 for name in RANK_ONE)


@pytest.mark.parametrize("rho", [-0.9, -0.2, 0.5, 0.95])
@pytest.mark.parametrize("name", RANK_ONE)
def test_in_two_dimensions_rank_one_is_full(name, rho):
    assert STRUCTURES[name].fit(precision_of(("shared", rho, 2))).kl < 1e-9


@pytest.mark.parametrize("dim", [3, 4, 8])
@pytest.mark.parametrize("share", [0.2, 0.8])
def test_what_is_shared_is_followed_by_one_kind_alone(dim, share):
    """One long direction is the covariance's, one short direction the precision's."""
    for name, rho in (("covariance", share), ("precision", share * least_rho("shared", dim))):
        precision = precision_of(("shared", rho, dim))
        own, other = (STRUCTURES[each].fit(precision).kl for each in (name, OTHER[name]))
        assert own < 1e-9
        assert other > 0.001


@pytest.mark.parametrize("dim", [3, 5, 8])
@pytest.mark.parametrize("rho", [0.3, 0.7, 0.9])
def test_of_a_shared_cause_the_precisions_rank_one_follows_one_number(dim, rho):
    """Its best q has one number as it depends on the others, and these apart, as a diagonal has.

    So what is left over is a diagonal's KL in one dimension less.
    """
    found = STRUCTURES["precision"].fit(precision_of(("shared", rho, dim)))
    fewer = STRUCTURES["diagonal"].fit(precision_of(("shared", rho, dim - 1)))
    assert found.kl == pytest.approx(fewer.kl, abs=1e-6)


def test_a_chain_of_three_has_its_middle_as_what_is_shared():
    """z_1 and z_3 are independent given z_2, so C = diag + u u^T with d_2 = 0; of five no more."""
    three, five = (STRUCTURES["covariance"].fit(precision_of(("chain", 0.6, d))) for d in (3, 5))
    assert three.kl < 1e-9
    assert three.diagonal[1] < 1e-4
    assert five.kl > 0.1


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("target", [("shared", 0.6, 3), ("chain", -0.5, 4), ("shared", 0.0, 3)])
def test_lengths_change_no_kl(name, target):
    """A stretched target's best fit is the stretched best fit."""
    stretch = np.array([0.3, 2.0, 1.1, 5.0])[: target[2]]
    precision = precision_of(target)
    one = STRUCTURES[name].fit(precision)
    other = STRUCTURES[name].fit(precision / np.outer(stretch, stretch))
    assert other.kl == pytest.approx(one.kl, abs=1e-7)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("target", [("shared", 0.6, 3), ("chain", -0.5, 4), ("chain", 0.0, 3)])
def test_a_draw_has_the_fits_covariance(name, target):
    """A draw is linear in its noise: the unit vectors give its matrix, whose square is C."""
    structure, dim = STRUCTURES[name], target[2]
    found = structure.fit(precision_of(target))
    width = dim + 1 if name == "covariance" else dim
    matrix = structure.draw(found, np.eye(width))
    np.testing.assert_allclose(matrix.T @ matrix, found.covariance, atol=1e-9)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("dim", [2, 3, 7])
def test_the_numbers_that_describe_it_are_counted(name, dim):
    """As many as free entries: the rank of how C moves with d and u, or with a triangle."""
    random = np.random.default_rng(dim)
    x = random.uniform(0.5, 1.5, 2 * dim)

    def covariance(x: np.ndarray) -> np.ndarray:
        d, u = x[:dim], x[dim:]
        if name == "precision":
            return structured.inverse(d, u).ravel()
        return (np.diag(d) + np.outer(u, u)).ravel()

    if name == "diagonal":
        count = len(np.diag(np.ones(dim)).nonzero()[0])
    elif name == "full":
        count = len(np.tril_indices(dim)[0])
    else:
        count = len(x)
        steps = np.eye(2 * dim) * 1e-6
        moved = [(covariance(x + s) - covariance(x - s)) / 2e-6 for s in steps]
        rank = np.linalg.matrix_rank(np.stack(moved), tol=1e-5)
        assert rank == min(count, dim * (dim + 1) // 2)
    assert STRUCTURES[name].numbers(dim) == count


class Counted(np.ndarray):
    """An array that counts the products that it takes part in."""

    total = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(each) for each in inputs]
        found = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.multiply:
            Counted.total += found.size
        if ufunc is np.matmul:
            other = plain[1]  # what is zero for good needs no product
            Counted.total += int((np.abs(other) > 0.0).sum()) * plain[0].shape[0]
        return np.asarray(found).view(Counted)


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("dim", [2, 3, 7])
def test_the_products_of_a_draw_are_counted(name, dim):
    structure = STRUCTURES[name]
    found = structure.fit(precision_of(("shared", 0.5 * least_rho("shared", dim), dim)))
    noise = np.ones((1, dim + 1 if name == "covariance" else dim))
    Counted.total = 0
    structure.draw(found, noise.view(Counted))
    assert Counted.total == structure.multiplications(dim)


def test_a_correlation_that_no_target_has_is_refused():
    with pytest.raises(ValueError, match=r"between -0.5 and 1"):
        correlations("shared", -0.6, 3)
