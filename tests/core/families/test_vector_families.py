"""Families whose z is a vector: Dirichlet and Elliptical, against scipy and closed forms."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from tests.support.family_checks import FALSE_ALARM, Z, central, farthest
from vae_core.families import FAMILIES, Distribution

VECTORS = [entry for entry in FAMILIES.values() if entry.vector]
COUNT = 30_000
SHAPES = [(1.0, 2.0, 3.0), (0.5, 0.5, 0.5), (0.5, 10.0, 0.5), (10.0, 10.0, 10.0), (0.5, 2.0, 10.0)]
ELLIPSES = [
    ((0.0, 0.0), ((1.0, 0.0), (0.6, 0.8))),
    ((-3.0, 3.0), ((0.1, 0.0), (3.0, 0.1))),
    ((1.0, 2.0), ((3.0, 0.0), (-3.0, 3.0))),
    ((0.5, -1.0, 2.0), ((0.1, 0.0, 0.0), (0.5, 1.0, 0.0), (-1.0, 0.3, 3.0))),
]


def dirichlet(shapes: tuple[float, ...], rows: int = 1) -> Distribution:
    leaf = torch.tensor(shapes, dtype=torch.float64).repeat(rows, 1)
    return FAMILIES["dirichlet"](concentration=leaf.requires_grad_())


def elliptical(ellipse: tuple[object, object], rows: int = 1) -> Distribution:
    loc, tril = (torch.tensor(each, dtype=torch.float64) for each in ellipse)
    return FAMILIES["elliptical"](
        loc=loc.repeat(rows, 1).requires_grad_(),
        scale_tril=tril.repeat(rows, 1, 1).requires_grad_(),
    )


def draws(q: Distribution, count: int = 1, seed: int = 2) -> Tensor:
    return q.transform(q.base(count, torch.Generator().manual_seed(seed)))


def follows(values: Tensor, law: stats.rv_continuous) -> None:
    """Kolmogorov-Smirnov with the bound of `family_checks.check_samples`."""
    z = values.detach().flatten().sort().values
    limit = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * len(z)))
    assert farthest(z, torch.tensor(law.cdf(z)), len(z), discrete=False) < limit


def test_both_are_there_and_start_where_they_may():
    assert {entry.name for entry in VECTORS} >= {"dirichlet", "elliptical"}
    for entry in VECTORS:
        values = {name: torch.tensor([p.default]) for name, p in entry.parameters.items()}
        assert entry(**values).log_prob(draws(entry(**values), 3)).shape == (3, 1)


@pytest.mark.parametrize("shapes", SHAPES)
def test_dirichlet_has_scipys_density_and_marginals(shapes):
    q = dirichlet(shapes)
    z = draws(q, COUNT).detach()
    torch.testing.assert_close(z.sum(-1), torch.ones(COUNT, 1, dtype=torch.float64))
    some = z[:50, 0]
    theirs = stats.dirichlet(shapes).logpdf((some / some.sum(-1, keepdim=True)).T.numpy())
    np.testing.assert_allclose(q.log_prob(z[:50]).detach().flatten(), theirs, 1e-9, 1e-9)
    for share, alpha in zip(z.unbind(-1), shapes, strict=True):
        follows(share, stats.beta(alpha, sum(shapes) - alpha))
    assert [end.tolist() for end in q.support] == [[[0.0] * 3], [[1.0] * 3]]


@pytest.mark.parametrize("ellipse", ELLIPSES)
def test_elliptical_has_scipys_density_and_marginals(ellipse):
    q = elliptical(ellipse)
    z = draws(q, COUNT).detach()
    loc, tril = (np.array(each) for each in ellipse)
    shape = tril @ tril.T
    theirs = stats.multivariate_t(loc, shape, df=5).logpdf(z[:50, 0].numpy())
    np.testing.assert_allclose(q.log_prob(z[:50]).detach().flatten(), theirs, 1e-9, 1e-9)
    for d, number in enumerate(z.unbind(-1)):
        follows(number, stats.t(5, loc[d], math.sqrt(shape[d, d])))
    along = np.linspace(-1.0, 2.0, len(loc))  # and along a slant, so that the noise is spherical
    spread = math.sqrt(along @ shape @ along)
    follows(z @ torch.tensor(along), stats.t(5, along @ loc, spread))
    off = torch.linalg.solve_triangular(
        torch.tensor(tril), (z - torch.tensor(loc)).unsqueeze(-1), upper=False
    )
    follows(off.square().mean((-2, -1)), stats.f(len(loc), 5))


CASES: list[tuple[Callable[..., Distribution], object]] = [
    *((dirichlet, shapes) for shapes in SHAPES),
    *((elliptical, ellipse) for ellipse in ELLIPSES),
]


@pytest.mark.parametrize(("make", "at"), CASES)
def test_the_path_is_that_of_differences(make, at):
    q = make(at)
    eps = q.base(4, torch.Generator().manual_seed(6))
    z = q.transform(eps)
    for name, parameter in q.parameters.items():
        for place in np.ndindex(parameter.shape):
            if name == "scale_tril" and place[1] < place[2]:
                continue

            def moved(by: float, name: str = name, place: tuple[int, ...] = place) -> Tensor:
                values = {key: p.detach().clone() for key, p in q.parameters.items()}
                values[name][place] += by * 1e-4
                return q.family(**values).transform(eps).flatten()

            slopes = torch.stack(
                [
                    torch.autograd.grad(each, parameter, retain_graph=True)[0][place]
                    for each in z.flatten()
                ]
            )
            np.testing.assert_allclose(slopes, central(moved) / 1e-4, 1e-6, 1e-9)


def second_moments(q: Distribution) -> Tensor:
    """E[z_d^2] on paper, for one row: (D,)."""
    if q.family.name == "dirichlet":
        (alpha,) = q.parameters.values()
        total = alpha.sum(-1, keepdim=True)
        return (alpha * (alpha + 1.0) / (total * (total + 1.0)))[0]
    loc, tril = q.parameters.values()
    return (loc.square() + tril.square().sum(-1) * 5.0 / 3.0)[0]


@pytest.mark.parametrize(("make", "at"), CASES)
def test_both_gradients_of_a_second_moment_are_unbiased(make, at):
    """Of E[sum_d w_d z_d^2], in every entry of every parameter, by z-score."""
    one = make(at)
    weights = torch.linspace(1.0, 2.0, one.shape[-1], dtype=torch.float64)
    exact = torch.autograd.grad(
        (weights * second_moments(one)).sum(), list(one.parameters.values())
    )
    q = make(at, COUNT)
    z = draws(q, seed=9)
    cost = (weights * z.square()).sum(-1)
    paths = torch.autograd.grad(cost.sum(), list(q.parameters.values()))
    scores = q.scores(z)
    for name, path, true in zip(q.parameters, paths, exact, strict=True):
        weight = cost.detach().view(-1, *(1,) * (path.dim() - 1))
        for found in (path, weight * scores[name][0]):
            error = found.std(0) / math.sqrt(COUNT)
            off = (found.mean(0) - true[0]).abs()
            lower = torch.ones_like(off).tril() > 0 if off.dim() == 2 else off >= 0
            assert (off < Z * error + 1e-9)[lower].all()


@pytest.mark.parametrize("entry", VECTORS, ids=lambda entry: entry.name)
def test_torchs_line_has_gradients(entry):
    if entry.torch is None:
        return
    values = {
        name: torch.tensor([p.default], dtype=torch.float64, requires_grad=True)
        for name, p in entry.parameters.items()
    }
    z = eval(entry.torch, vars(torch.distributions).copy(), values)  # noqa: S307
    found = torch.autograd.grad(z[..., 0].sum(), list(values.values()))
    assert all(each.abs().sum() > 0 for each in found)


def test_a_vector_has_no_cdf():
    for make, at in ((dirichlet, SHAPES[0]), (elliptical, ELLIPSES[0])):
        with pytest.raises(NotImplementedError):
            make(at).cdf(draws(make(at)))
