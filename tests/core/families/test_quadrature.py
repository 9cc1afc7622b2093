"""Error bounds that bound, costs without an expectation, and what is called an estimate."""

from __future__ import annotations

import json
import math
from collections import Counter

import mpmath as mp
import numpy as np
import pytest
import torch

from pages.estimators.gradient_variance import draws
from tests.support import generated_costs
from tests.support.generated_costs import Term
from vae_core.__main__ import main
from vae_core.families.quadrature import adaptive_expectation, softplus_expectation
from vae_core.families.quadrature.enclosure import Disc
from vae_core.families.quadrature.growth import NOTHING, Growth
from vae_core.families.quadrature.tails import InfiniteExpectationError
from vae_core.lab import PROBLEMS, Exact, find_problem
from vae_core.lab.formula import parse_formula


def at(text: str, loc: float, scale: float) -> Exact:
    loc_, scale_ = (torch.tensor([x], dtype=torch.float64) for x in (loc, scale))
    return find_problem(text).exact(loc_, scale_)


def integrals(f, loc: float, scale: float, breaks=()) -> list[mp.mpf]:
    """E[f] and its derivatives by tanh-sinh quadrature in 22 digits, between breaks in z."""
    with mp.workdps(22):
        mu, sigma = mp.mpf(loc), mp.mpf(scale)
        inner = [(mp.mpf(b) - mu) / sigma for b in breaks]
        edges = sorted({*map(mp.mpf, range(-15, 16, 3)), *(e for e in inner if abs(e) < 15)})

        def integral(n: int) -> mp.mpf:
            powers = (lambda e: 1, lambda e: e, lambda e: e * e - 1)[n]
            return mp.quad(lambda e: f(mu + sigma * e) * powers(e) * mp.npdf(e), edges)

        return [integral(0), integral(1) / sigma, integral(2) / sigma]


def is_within_bound(exact: Exact, truth: list[mp.mpf]) -> bool:
    pairs = zip(exact[:3], truth, strict=True)
    return all(abs(mp.mpf(got.item()) - true) <= exact.error for got, true in pairs)


REPORTED = [
    ([Term(growth="10")], 0.0, 2.2),
    ([Term(growth="10")], 0.0, 2.23),
    ([Term(growth="10")], 0.3, 2.232),
    ([Term(growth="1")], 0.0, 0.7),
    ([Term(bump=("0.002", "0.0005"))], 1.0, 3.0),
    ([Term(bump=("0.002", "0.0000005"))], 1.0, 3.0),
    ([Term(bump=("-7.77", "0.00001"), power=2)], -1.0, 1.0),
    ([Term(power=100)], 0.0, 1.0),
    ([Term(power=100)], 2.0, 3.0),
    ([Term(rate="1")], 0.0, 20.0),
    ([Term(power=3, rate="3", omega="1.5")], 1.0, 2.0),
    ([Term(cut=("step", "2.9999"), growth="30")], 3.0, 0.001),
    ([Term(cut=("abs", "-11.5"), power=1)], -3.0, 1.0),
]


@pytest.mark.parametrize(("terms", "loc", "scale"), REPORTED)
def test_the_bound_bounds_where_it_did_not(terms, loc, scale):
    text = "f=" + "+".join(term.text() for term in terms)
    exact = at(text, loc, scale)
    truth = generated_costs.expectation(terms, loc, scale)
    assert exact.known == "certified"
    assert is_within_bound(exact, truth)
    assert exact.error < 1e-8 * float(max(abs(true) for true in truth))


@pytest.mark.parametrize(
    ("loc", "scale"), [(2.0, 10.0), (2.0, 100.0), (-3.0, 1000.0), (0.4, 1.9), (900.0, 0.5)]
)
def test_logistic_regression_at_any_scale(loc, scale):
    exact = at("logistic_elbo", loc, scale)
    terms = PROBLEMS["logistic_elbo"].terms
    assert terms(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(
        float(logistic_joint(mp.mpf(0)))
    )
    joint = integrals(logistic_joint, loc, scale, (-40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40))
    entropy = mp.mpf(0.5) + mp.log(2 * mp.pi) / 2 + mp.log(mp.mpf(scale))
    truth = [joint[0] + entropy, joint[1], joint[2] + 1 / mp.mpf(scale)]
    assert is_within_bound(exact, truth)
    assert exact.error < 1e-11 * (1.0 + abs(float(truth[0])))


def logistic_joint(z: mp.mpf) -> mp.mpf:
    """log p(z) + sum_n log p(y_n | x_n, z), with the problem's data written out."""
    margins = ("2", "1.2", "-0.7", "0.3", "0.2", "-0.4", "0.9", "1.6")
    likelihood = sum(-mp.log1p(mp.exp(-mp.mpf(m) * z)) for m in margins)
    return -z * z / 2 - mp.log(2 * mp.pi) / 2 + likelihood


@pytest.mark.parametrize(
    ("text", "scale", "limit"),
    [
        ("exp(z^2/10)", math.sqrt(5.0), "2.236"),
        ("exp(z^2/10)", 3.0, "2.236"),
        ("exp(z^2)", 1.0, "0.7071"),
        ("z*exp(z^2/10)+sin(z)", 2.3, "2.236"),
        ("exp(z^2/10)*(2+sin(z))-z^4", 2.3, "2.236"),
        ("exp(z^2/10)/(1+z^2)", 2.3, "2.236"),
        ("sqrt(exp(z^2))*step(-z)", 1.1, "1"),
        ("exp(|z|^3)", 0.1, "every sigma"),
        ("exp(exp(z))", 0.1, "every sigma"),
        ("e^(z^4/1000)-z", 0.1, "every sigma"),
    ],
)
def test_what_has_no_finite_expectation_is_refused(text, scale, limit):
    with pytest.raises(InfiniteExpectationError, match="infinite") as refusal:
        at("f=" + text, 0.0, scale)
    assert limit in str(refusal.value)


@pytest.mark.parametrize("text", ["exp(z^2/10)", "exp(z^2/10)*(2+sin(z))-z^4"])
def test_just_below_the_limit_there_is_a_number(text):
    exact = at("f=" + text, 0.0, 2.23)
    assert exact.known == "certified"
    assert 0.0 < exact.error < 1e-6 * exact.scale.item()


SHAPES = {
    "tanh(3z)*sin(z)": (lambda z: mp.tanh(3 * z) * mp.sin(z), ()),
    "sigmoid(50z-10)": (lambda z: 1 / (1 + mp.exp(10 - 50 * z)), (0.1, 0.2, 0.3)),
    "softplus(3z)-relu(z)": (lambda z: mp.log1p(mp.exp(3 * z)) - max(z, 0), (0,)),
    "log(1+z^2)": (lambda z: mp.log1p(z * z), ()),
    "1/(1+z^2)": (lambda z: 1 / (1 + z * z), ()),
    "sqrt(1+z^4)": (lambda z: mp.sqrt(1 + z**4), ()),
    "|z|^1.5": (lambda z: abs(z) ** mp.mpf(1.5), (0,)),
    "sqrt(|z-1|)": (lambda z: mp.sqrt(abs(z - 1)), (1,)),
    "exp(sin(z))": (lambda z: mp.exp(mp.sin(z)), ()),
    "sin(z^2)": (lambda z: mp.sin(z * z), tuple(range(-30, 31))),
    "exp(-|z|)*cos(5z)": (lambda z: mp.exp(-abs(z)) * mp.cos(5 * z), (0,)),
    "||z|-1|": (lambda z: abs(abs(z) - 1), (-1, 0, 1)),
    "sign(sin(z))": (lambda z: mp.sign(mp.sin(z)), tuple(k * mp.pi for k in range(-14, 15))),
    "2^z": (lambda z: mp.mpf(2) ** z, ()),
    "exp(z^2)*exp(-z^2)": (lambda z: mp.mpf(1), ()),
    "step(z)-step(z)": (lambda z: mp.mpf(0), ()),
    "z/sqrt(z^2+0.0001)": (lambda z: z / mp.sqrt(z * z + mp.mpf("0.0001")), (-0.05, 0, 0.05)),
}


@pytest.mark.parametrize("text", SHAPES)
@pytest.mark.parametrize(("loc", "scale"), [(0.3, 1.0), (-1.0, 2.5)])
def test_every_function_of_the_formulas_is_certified(text, loc, scale):
    f, breaks = SHAPES[text]
    exact = at("f=" + text, loc, scale)
    assert exact.known == "certified"
    assert exact.error < 1e-11
    assert is_within_bound(exact, integrals(f, loc, scale, breaks))


def test_what_is_not_proven_is_called_an_estimate():
    """E[log |z|] = -(gamma + log 2) / 2; the logarithm has no bound at 0."""
    exact = at("f=log(|z|)", 0.0, 1.0)
    assert exact.known == "estimate"
    assert 0.0 < exact.error < 1e-6
    assert abs(exact.value.item() + 0.5 * (np.euler_gamma + math.log(2.0))) < exact.error
    assert "no proof" in exact.words()


def test_a_function_that_is_not_known_gives_an_estimate():
    one = torch.ones(1, dtype=torch.float64)
    found = adaptive_expectation(torch.erf, one, one)
    assert found.known == "estimate"
    assert found.value.item() == pytest.approx(math.erf(1 / math.sqrt(3)), abs=1e-12)


def test_the_tail_that_two_rules_do_not_see_is_part_of_an_estimates_error():
    """exp(z^2/2.1) leaves most of itself beyond 12 sigma; as an unknown function of z."""
    one = torch.ones(1, dtype=torch.float64)
    found = adaptive_expectation(lambda z: torch.exp(z.square() / 2.1).clone(), 0.0 * one, one)
    assert found.known == "estimate"
    truth = 1.0 / math.sqrt(1.0 - 2.0 / 2.1)
    assert abs(found.value.item() - truth) <= found.error


def test_shell_and_page_say_what_is_known(capsys):
    common = ["gradients", "--replicates", "100", "--loc", "0.5", "--problem"]
    for cost, word in (("f=sin(z)", "proven"), ("f=log(|z|)", "no proof"), ("sine", None)):
        main([*common, cost])
        text = capsys.readouterr().out
        main([*common, cost, "--json"])
        told = json.loads(capsys.readouterr().out)
        setting = draws.Setting(cost, (("omega", 3.0),) if cost == "sine" else (), "loc", 0.5, 1.0)
        page = " ".join(draws.remarks(setting, ("score",)))
        if word is None:
            assert told["exact_is"] == "closed form"
            assert told["exact_error"] == 0.0
            assert "quadrature" not in text + page
        else:
            assert told["exact_is"] == {"proven": "certified", "no proof": "estimate"}[word]
            assert told["exact_error"] > 0.0
            assert word in text
            assert word in page


POINTS = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("text", "f"),
    [
        ("z^3-2z", lambda z: z**3 - 2 * z),
        ("exp(z)*sin(3z)", lambda z: mp.exp(z) * mp.sin(3 * z)),
        ("1/(z^2+1)", lambda z: 1 / (z * z + 1)),
        ("log(3+z)", lambda z: mp.log(3 + z)),
        ("sqrt(3+z)", lambda z: mp.sqrt(3 + z)),
        ("tanh(z)+cos(z)", lambda z: mp.tanh(z) + mp.cos(z)),
        ("softplus(2z)*sigmoid(z)", lambda z: mp.log1p(mp.exp(2 * z)) / (1 + mp.exp(-z))),
        ("(2+z)^1.5", lambda z: (2 + z) ** mp.mpf(1.5)),
        ("2^z/(5-z)", lambda z: mp.mpf(2) ** z / (5 - z)),
    ],
)
def test_discs_hold_all_that_they_say(text, f):
    """Complex points inside each disc, the function in 30 digits."""
    cost = parse_formula(text).f
    centres = POINTS.uniform(-1.5, 2.5, 200)
    radii = 10.0 ** POINTS.uniform(-6, 0, 200)
    with np.errstate(all="ignore"):
        found = cost(Disc(centres, np.stack((radii / 2.125, radii))))
    assert np.isfinite(found.radius[-1]).mean() > 0.6
    for i, (centre, radius) in enumerate(zip(centres, radii, strict=True)):
        middle = found.centre[i] * np.exp(np.broadcast_to(found.shift, centres.shape)[i])
        for row, size in ((0, radius / 2.125), (1, radius)):
            bound = found.radius[row, i]
            for _ in range(4):
                angle = POINTS.uniform(0, 2 * np.pi) if row else POINTS.choice([0.0, np.pi])
                point = mp.mpc(centre) + size * POINTS.uniform(0.5, 1) * mp.expjpi(angle / np.pi)
                if np.isfinite(bound):
                    assert abs(f(point if row else mp.re(point)) - middle) <= bound


@pytest.mark.parametrize(
    "text",
    ["z^3-9z", "exp(z^2/10)+z^8", "exp(-z^2)*z^9", "log(1+exp(2z))", "sqrt(z^2+5)*exp(3z)",
     "exp(sin(z)+z)", "tanh(z)*|z|^2.5", "1/(z^2-3)", "exp(sqrt(z^2+1))", "2^z-3^z",
     "relu(z)*softplus(-z)", "(z^2+exp(z))^3", "sigmoid(z)*z^2", "exp(z-z^2/50)+exp(2z)"],
)  # fmt: skip
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_growth_is_a_bound_from_its_start_on(text, side):
    cost = parse_formula(text).f
    for start in (10.0, 25.0):
        growth = cost(Growth((0.0, side), NOTHING, -math.inf, math.inf, start))
        x = start * np.linspace(1.0, 2.0, 300)
        values = cost(torch.from_numpy(side * x)).numpy()
        a, b, k, c = growth.rate()
        seen = np.isfinite(values) & (np.abs(values) > 1e-290)
        bound = c + k * np.log(x) + b * x + a * x * x
        # log(1 + e^-40) is a rounding of one and no more
        sizes = np.abs(values[seen]) - 1e-15 * ("log" in text)
        assert (sizes <= np.exp(np.minimum(bound[seen], 709.0)) * (1.0 + 1e-9)).all()
        assert (values[seen] >= growth.low * (1.0 - 1e-9 * np.sign(growth.low))).all()
        assert (values[seen] <= growth.high * (1.0 + 1e-9 * np.sign(growth.high))).all()


def test_softplus_many_places_at_once():
    loc, scale = (torch.tensor(x, dtype=torch.float64) for x in ([0.3, -4.0], [1.2, 7.0]))
    found = softplus_expectation(loc, scale)
    for i in range(2):
        truth = integrals(
            lambda w: mp.log1p(mp.exp(w)),
            loc[i].item(),
            scale[i].item(),
            (-20, -8, -3, 0, 3, 8, 20),
        )
        one = Exact(found.value[i], found.loc[i], found.scale[i], found.error)
        assert is_within_bound(one, truth)


@pytest.mark.exhaustive
def test_twenty_thousand_costs_and_points():
    """No certified value is outside its bound, nearly all are certified, and sharply."""
    seen: Counter[str] = Counter()
    for case in generated_costs.cases(seed=10, count=20_000):
        loc, scale = (torch.tensor([x], dtype=torch.float64) for x in (case.loc, case.scale))
        try:
            found = adaptive_expectation(parse_formula(case.text).f, loc, scale)
        except InfiniteExpectationError:
            assert not generated_costs.is_finite(case.terms, case.scale), case
            seen["infinite"] += 1
            continue
        assert generated_costs.is_finite(case.terms, case.scale), case
        seen[found.known] += 1
        truth = generated_costs.expectation(case.terms, case.loc, case.scale)
        if found.known == "certified" and truth is not None:
            seen["compared"] += 1
            assert is_within_bound(Exact(*found), truth), case
            size = max(1.0, *(float(abs(true)) for true in truth))
            seen["sharp"] += found.error < 1e-9 * size
    assert seen["certified"] > 0.9 * (20_000 - seen["infinite"]), seen
    assert seen["compared"] > 0.95 * seen["certified"], seen
    assert seen["sharp"] > 0.9 * seen["compared"], seen
    assert seen["infinite"] > 100, seen
