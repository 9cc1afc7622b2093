"""What a family says of itself: who may estimate its gradient, which costs have a mean."""

import math

import numpy as np
import pytest
import torch
from torch import distributions

from tests.support import family_checks as checks
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES, Family, Tails

BY_SCORE = [entry for entry in ESTIMATORS.values() if entry.uses_score]
BY_PATH = [entry for entry in ESTIMATORS.values() if entry.needs_path]
MOVING = {
    "pareto": ["scale"], "reciprocal": ["low", "high"], "triangular": ["loc", "scale"],
    "uniform": ["low", "high"], "vonmises": ["loc"],
}  # fmt: skip
ONE = [entry for entry in FAMILIES.values() if not entry.vector]
WITHOUT_A_PATH = ("bernoulli", "poisson")


def test_the_families_whose_support_moves():
    found = {
        name: [key for key, p in entry.parameters.items() if p.moves_support]
        for name, entry in FAMILIES.items()
    }
    assert {name: found[name] for name in MOVING} == MOVING


@pytest.mark.parametrize(
    "entry", [e for e in FAMILIES.values() if not e.vector], ids=lambda e: e.name
)
def test_a_support_moves_with_no_other_parameter(entry):
    """Its ends at either end of each parameter's range, all others at their defaults."""
    default = checks.points(entry)[0]
    for name, p in entry.parameters.items():
        low, high = (
            [end.item() for end in checks.at(entry, {**default, name: float(value)}).support]
            for value in (p.low, p.high)
        )
        assert (low != high) == p.moves_support, name


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("rule", BY_SCORE, ids=lambda rule: rule.name)
def test_what_weighs_by_the_score_refuses_them(name, rule):
    entry = FAMILIES[name]
    moving = " and ".join(MOVING[name])
    told = rule.refusal(entry)
    assert told == (
        f"{rule.title} weighs by the score, which does not see the support move: "
        f"that of {entry.title} moves with {moving}."
    )
    q = checks.at(entry, checks.points(entry)[0], leaves=True)
    with pytest.raises(ValueError, match=f"moves with {moving}"):
        rule(lambda z: z.sum(-1), q, 2, torch.Generator())
    still = [key for key in entry.parameters if key not in MOVING[name]]
    assert rule.refusal(entry, still) is None


@pytest.mark.parametrize("rule", BY_SCORE, ids=lambda rule: rule.name)
def test_it_takes_the_parameters_that_leave_the_support(rule):
    """A Pareto's tail, its start held fixed: E[1/z] = alpha / (alpha + 1) for scale 1."""
    count, alpha = 40_000, 3.0
    leaf = torch.full((count, 1), alpha, dtype=torch.float64, requires_grad=True)
    q = FAMILIES["pareto"](scale=torch.ones_like(leaf.detach()), alpha=leaf)
    values = rule(lambda z: 1.0 / z.sum(-1), q, 2, torch.Generator().manual_seed(3))
    (found,) = torch.autograd.grad(values.mean(0).sum(), leaf)
    checks.agrees(found, 1.0 / (alpha + 1.0) ** 2)


@pytest.mark.parametrize("name", MOVING)
@pytest.mark.parametrize("rule", [r for r in BY_PATH if not r.uses_score], ids=lambda r: r.name)
def test_the_path_takes_them(name, rule):
    if not rule.families:
        assert rule.refusal(FAMILIES[name]) is None


@pytest.mark.parametrize("name", WITHOUT_A_PATH)
@pytest.mark.parametrize("rule", BY_PATH, ids=lambda rule: rule.name)
def test_what_follows_the_path_refuses_jumps(name, rule):
    entry = FAMILIES[name]
    assert entry.discrete
    assert "needs a z that moves" in rule.refusal(entry)
    assert entry.reason


@pytest.mark.parametrize("name", WITHOUT_A_PATH)
def test_without_a_path_z_stands_still(name):
    """A little more of the parameter leaves every draw where it is, or moves it by one."""
    entry = FAMILIES[name]
    ((parameter, value),) = checks.points(entry)[0].items()
    eps = checks.at(entry, {parameter: value}).base(20_000, torch.Generator().manual_seed(1))
    z, moved = (checks.at(entry, {parameter: v}).transform(eps) for v in (value, value + 1e-3))
    jumped = z != moved
    assert 0 < jumped.float().mean() < 0.01
    assert (moved - z)[jumped].unique().tolist() == [1.0]


def test_a_triangles_score_has_the_right_mean_and_no_variance():
    """As its remark says: E[score f] is the gradient, and E[score^2] grows with each digit seen."""
    entry = FAMILIES["triangular"]
    point = {"loc": 0.3, "scale": 1.2}
    q = checks.at(entry, point)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.geomspace(1e-14, 1.0, 60)  # from an end towards the peak, and the other end's twin
    y = (edges[:-1, None] + np.diff(edges)[:, None] * (nodes + 1) / 2).ravel()
    w = torch.tensor((np.diff(edges)[:, None] * weights / 2).ravel()).repeat(2)
    z = torch.tensor(np.concatenate([0.3 - 1.2 * (1 - y), 0.3 + 1.2 * (1 - y)])).view(-1, 1, 1)
    density, score = q.log_prob(z).exp().flatten(), q.scores(z)["loc"].flatten()
    found = (torch.tanh(z).flatten() * score * density * 1.2 * w).sum().item()
    (exact,) = checks.exact_slopes(entry, point, [torch.tanh], "loc")
    assert abs(found - exact) < 1e-6
    near = torch.tensor(np.concatenate([y, y]))
    seen = [(score**2 * density * 1.2 * w)[near > 10.0**-n].sum().item() for n in (3, 6, 9, 12)]
    np.testing.assert_allclose(np.diff(seen), 2 * math.log(1e3) / 1.2**2, 0.02)


GROWTHS = [
    (Tails(order=3.0), {"power": 2.9}, None),
    (Tails(order=3.0), {"power": 3.0}, "E|z|^r is finite only for r < 3, and f grows like |z|^3"),
    (Tails(right=2.0), {"right": 1.9}, None),
    (Tails(right=2.0), {"right": 2.0}, "E[exp(c z)] is finite only for c < 2, and f grows like"),
    (Tails(right=2.0), {"left": 5.0}, None),
    (
        Tails(left=0.0),
        {"left": 0.1},
        "is finite for no c > 0, and f grows like exp(-0.1 z)",
    ),
    (Tails(square=0.5), {"square": 0.5}, "E[exp(c z^2)] is finite only for c < 0.5"),
    (Tails(), {"power": 9.0, "right": 9.0, "left": 9.0, "square": 9.0}, None),
]


@pytest.mark.parametrize(("tails", "growth", "words"), GROWTHS)
def test_an_objection_says_which_costs_have_a_mean(tails, growth, words):
    told = tails.objection(**growth)
    assert told is None if words is None else words in told


@pytest.mark.parametrize("name", ["uniform", "reciprocal"])
def test_ends_in_the_wrong_order_are_refused(name):
    with pytest.raises(ValueError, match=f"low of the family {name} must be less than high"):
        FAMILIES[name](low=torch.tensor([[2.0]]), high=torch.tensor([[2.0]]))


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_no_finite_number_is_refused(name):
    entry = FAMILIES[name]
    values = {key: torch.tensor([p.default]).double() for key, p in entry.parameters.items()}
    for key, value in values.items():
        for wrong in (math.nan, math.inf, -math.inf):
            broken = {**values, key: torch.full_like(value, wrong)}
            with pytest.raises(ValueError, match=f"{key} of the family {name} must be"):
                entry(**broken)


def test_whole_numbers_have_no_derivative():
    entry = FAMILIES["erlang"]
    assert entry.differentiable == ("rate",)
    with pytest.raises(ValueError, match="concentration of the family erlang must be a whole"):
        entry(concentration=torch.tensor([[1.5]]), rate=torch.ones(1, 1))
    q = checks.at(entry, {"concentration": 3.0, "rate": 2.0})
    z = checks.sample(q, 4)
    assert list(q.scores(z)) == ["rate"]


def gen() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def uniforms(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=gen(), dtype=torch.float64)


def normals(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=gen(), dtype=torch.float64)


def exponentials(*shape: int) -> torch.Tensor:
    return -torch.log1p(-uniforms(*shape))


COUNT = 30_000
OTHER_WAYS = [
    ("erlang", {"concentration": 3.0, "rate": 2.0}, exponentials(3, COUNT).sum(0) / 2.0),
    ("gamma", {"concentration": 3.0, "rate": 2.0}, exponentials(3, COUNT).sum(0) / 2.0),
    ("chisquared", {"df": 3.0}, normals(3, COUNT).square().sum(0)),
    ("rayleigh", {"scale": 0.7}, 0.7 * normals(2, COUNT).norm(dim=0)),
    ("reciprocal", {"low": 0.5, "high": 3.0}, 0.5 * (uniforms(COUNT) * math.log(6.0)).exp()),
    ("logistic", {"loc": 1.0, "scale": 2.0}, 1.0 + 2.0 * uniforms(COUNT).logit()),
]


@pytest.mark.parametrize(("name", "point", "z"), OTHER_WAYS, ids=[way[0] for way in OTHER_WAYS])
def test_another_way_leads_to_the_same_law(name, point, z):
    """What `also` says: Kolmogorov-Smirnov, with the bound of the checks."""
    entry = FAMILIES[name]
    assert entry.also
    cdf = checks.at(entry, point).cdf(z.sort().values.view(-1, 1, 1)).flatten()
    assert checks.farthest(z.sort().values, cdf, COUNT, discrete=False) < 0.0156


@pytest.mark.parametrize("name", ["beta", "f", "studentt", "dirichlet", "gamma", "chisquared"])
def test_where_the_papers_list_is_loose_a_sentence_says_so(name):
    assert FAMILIES[name].remark


def torch_has(entry: Family) -> bool:
    name = "VonMises" if entry.name == "vonmises" else entry.make.__name__
    return bool(getattr(getattr(distributions, name, None), "has_rsample", False))


def test_where_no_line_of_torch_stands_torch_has_none():
    without = [entry for entry in FAMILIES.values() if entry.torch is None]
    assert {entry.name for entry in without} >= {"gompertz", "triangular", *WITHOUT_A_PATH}
    assert not any(torch_has(entry) for entry in without)


def test_one_log_scale_noise_is_enough_for_tiny_shapes():
    """z of a Gamma with shape 0.001 underflows; a Beta of such shapes still knows which is more."""
    small = checks.at(FAMILIES["beta"], {"concentration1": 1e-3, "concentration0": 1e-3})
    z = checks.sample(small, 1000)
    assert ((z > 0.0) & (z < 1.0)).all()
    assert 0.4 < (z > 0.5).double().mean() < 0.6
    tiny = checks.at(FAMILIES["gamma"], {"concentration": 1e-3, "rate": 1.0}, leaves=True)
    z = checks.sample(tiny, 1000)
    assert (z > 0.0).all()
    assert tiny.log_prob(z).isfinite().all()
    slopes = torch.autograd.grad(z.sum(), list(tiny.parameters.values()))
    assert all(slope.isfinite().all() for slope in slopes)
