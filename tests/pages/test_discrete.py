"""The page on coins: its numbers and formulas, against differences, integrals and enumeration."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from pages import contents
from pages.beyond.discrete import rows, simplex, steps, temperature
from pages.beyond.discrete.costs import COSTS, GRID, expected
from pages.beyond.discrete.kinds import kinds
from pages.beyond.discrete.views import ETA, TAU, VIEWS
from pages.ui.lesson import Lesson
from tests.support import pages_sweep
from vae_core.estimators import ESTIMATORS, taking

FUNCTIONS = {
    "toy": (lambda z: (z - 0.45) ** 2, lambda z: 2.0 * (z - 0.45)),
    "exp": (lambda z: np.exp(2.0 * z), lambda z: 2.0 * np.exp(2.0 * z)),
    "sine": (lambda z: np.sin(3.0 * z), lambda z: 3.0 * np.cos(3.0 * z)),
    "line": (lambda z: z, lambda z: 1.0 + 0.0 * z),
}
LOGITS = (-4.0, -1.0, 0.4, 4.0)
each_cost = pytest.mark.parametrize("cost", COSTS)
each_logit = pytest.mark.parametrize("eta", LOGITS)


def chance(eta: float) -> float:
    return float(special.expit(eta))


def mean(cost: str, eta: float) -> float:
    """E[f], its two terms."""
    f, p = FUNCTIONS[cost][0], chance(eta)
    return float(p * f(1.0) + (1.0 - p) * f(0.0))


def slope(cost: str, eta: float, h: float = 1e-5) -> float:
    return (mean(cost, eta + h) - mean(cost, eta - h)) / (2.0 * h)


@each_cost
@each_logit
def test_the_gradient_is_the_slope_of_the_two_terms(cost: str, eta: float) -> None:
    """In each view; and p (1 - p) is the slope of p."""
    exact = slope(cost, eta)
    one, two = steps.frame(eta, 5, 0, cost), temperature.frame(eta, 0.5, cost)
    for numbers, name in ((one.numbers, "slope"), (two.numbers, "gradient")):
        assert numbers[name] == pytest.approx(exact, rel=1e-7)
    assert rows.frame(eta, 0.5, 0, cost).numbers["gradient"] == pytest.approx(exact, rel=1e-7)
    assert one.numbers["p"] == pytest.approx(chance(eta), rel=1e-12)
    assert one.numbers["exact"] == pytest.approx(mean(cost, eta), rel=1e-12)
    np.testing.assert_allclose(expected(cost), [mean(cost, x) for x in GRID], rtol=1e-12)


@each_cost
@each_logit
@pytest.mark.parametrize("k", [1, 20, steps.MOST])
def test_the_stair_is_the_average_of_the_draws_at_every_logit(
    cost: str, eta: float, k: int
) -> None:
    """And its own slope is 0 but where it jumps."""
    now, f = steps.frame(eta, k, 3, cost), FUNCTIONS[cost][0]
    u = steps.noise(3)[:k].flatten().numpy()
    assert now.numbers["average"] == pytest.approx(f(1.0 * (u < chance(eta))).mean(), abs=1e-14)
    stair = now.traces["stair"]
    x, y = np.asarray(stair["x"]), np.asarray(stair["y"])
    assert np.all((np.diff(x) == 0.0) | (np.diff(y) == 0.0))
    for at in (-3.333, -0.777, 0.001, 2.345):
        height = y[np.searchsorted(x, at, side="right")]
        assert height == pytest.approx(f(1.0 * (u < chance(at))).mean(), abs=1e-14)


def test_the_next_jump_is_where_a_draw_changes() -> None:
    said = str(steps.frame(-1.0, 20, 0, "line").numbers["next"])
    at = float(said.removeprefix("at η = ").replace("−", "-"))
    u = steps.noise(0)[:20]
    before, after = ((u < chance(at + side)).sum() for side in (-0.006, 0.006))
    assert after == before + 1
    assert steps.frame(4.0, 1, 0, "line").numbers["next"] == "beyond the slider"


@each_cost
def test_rows_show_what_was_measured_beside_the_exact_law(cost: str) -> None:
    now = rows.frame(-1.0, 0.5, 7, cost)
    for name in rows.NAMES:
        found = rows.drawn(name, cost, -1.0, 0.5, 7)
        mean, spread = (float(now.numbers[f"{name}_{each}"]) for each in ("mean", "spread"))
        error = max(found.std(ddof=1), 1e-12) / math.sqrt(rows.REPLICATES)
        assert abs(found.mean() - mean) < 4.5 * error
        if spread > 1e-9:
            assert found.std() == pytest.approx(spread, rel=0.35)
        heights = np.asarray(now.traces[name]["y"])
        assert heights.max() == 1.0
        if ESTIMATORS[name].unbiased:
            assert mean == pytest.approx(slope(cost, -1.0), rel=1e-7)


@each_logit
def test_the_variance_of_disarm_is_its_formula(eta: float) -> None:
    f, p = FUNCTIONS["exp"][0], chance(eta)
    jump = f(1.0) - f(0.0)
    variance = 0.5 * p * (1 - p) * max(p, 1 - p) * jump**2 - (p * (1 - p) * jump) ** 2
    spread = float(rows.frame(eta, 0.5, 0, "exp").numbers["disarm_spread"])
    assert spread**2 == pytest.approx(variance, rel=1e-9)


@each_cost
@each_logit
def test_straight_through_has_the_mean_of_the_two_slopes(cost: str, eta: float) -> None:
    by, p = FUNCTIONS[cost][1], chance(eta)
    expected = p * (1 - p) * (p * by(1.0) + (1 - p) * by(0.0))
    found = rows.exact("straight_through", cost, eta, 0.5)
    assert found.mean == pytest.approx(expected, rel=1e-10)
    same = found.mean == pytest.approx(slope(cost, eta), rel=1e-6)
    assert same == (cost == "line")


@each_logit
def test_the_integral_of_arm(eta: float) -> None:
    """The mean over u, term by term, and the integral that is left of it."""
    p = chance(eta)

    def inside(u: float) -> float:
        return float(((1 - u < p) - 1.0 * (u < p)) * (u - 0.5))

    ends = sorted({0.0, p, 1 - p, 0.5, 1.0})
    whole = sum(integrate.quad(inside, a, b)[0] for a, b in itertools.pairwise(ends))
    rest = 2.0 * integrate.quad(lambda u: u - 0.5, max(p, 1 - p), 1.0)[0]
    assert whole == pytest.approx(p * (1 - p), rel=1e-9)
    assert rest == pytest.approx(p * (1 - p), rel=1e-9)


def relaxed(eta: float, u: np.ndarray | float, tau: float) -> Any:
    """z_tau on paper, and x."""
    x = eta - np.log(u / (1 - np.asarray(u)))
    return 1.0 / (1.0 + np.exp(-x / tau)), x


@each_logit
def test_the_relaxed_coin_has_the_noise_of_the_coin_and_rounds_to_it(eta: float) -> None:
    q, u = steps.coin(eta), steps.noise(1)
    z, x = relaxed(eta, u.numpy(), 0.3)
    np.testing.assert_allclose(q.relax(q.perturbed(u), 0.3).numpy(), z, rtol=1e-10)
    np.testing.assert_array_equal(q.transform(u).numpy(), 1.0 * (x > 0.0))
    np.testing.assert_array_equal(np.round(z), 1.0 * (x > 0.0))


@each_logit
def test_what_rebar_draws_given_z_has_the_law_of_what_z_was_rounded_from(eta: float) -> None:
    """By its formula; and x~, with z drawn first, is logistic about the logit, as x is."""
    q, gen = steps.coin(eta), torch.Generator().manual_seed(9)
    u, v = q.base(20_000, gen), q.base(20_000, gen)
    z = q.transform(u)
    found = q.perturbed_given(z, v).numpy()
    odds = ((1 - v) / v).numpy()
    on_paper = np.where(
        z > 0.5,
        np.log1p(odds * (1 + np.exp(eta))),
        -np.log1p((1 + np.exp(-eta)) / odds),
    )
    np.testing.assert_allclose(found, on_paper, rtol=1e-9)
    np.testing.assert_array_equal(found > 0.0, z > 0.5)
    assert stats.kstest(found.flatten(), stats.logistic(eta).cdf).pvalue > 1e-4


@each_cost
@pytest.mark.parametrize("tau", [0.2, 0.5, 2.0])
def test_gumbel_softmax_has_the_gradient_of_another_cost(cost: str, tau: float) -> None:
    """The slope of the integral of f(z_tau) over u, by differences; not that of E[f(z)]."""
    f, eta, h = FUNCTIONS[cost][0], -1.0, 1e-3

    def smooth(at: float) -> float:
        def inside(t: float) -> float:
            u = special.expit(t)
            return float(f(relaxed(at, u, tau)[0]) * u * special.expit(-t))

        return float(integrate.quad(inside, -30, 30, epsabs=1e-12, limit=400, points=[at])[0])

    found = (smooth(eta + h) - smooth(eta - h)) / (2 * h)
    now = temperature.frame(eta, tau, cost).numbers
    bias = float(now["gumbel_softmax_bias"])
    assert bias == pytest.approx(found - slope(cost, eta), abs=1e-5)
    assert abs(bias) > 1e-3


@each_cost
def test_the_curves_pass_through_where_they_stand(cost: str) -> None:
    for tau in (0.05, 10.0):
        now = temperature.frame(0.4, tau, cost)
        end = 0 if tau < 1 else -1
        for name in temperature.NAMES:
            for what in ("bias", "spread"):
                curve = np.asarray(now.traces[f"{name} {what}"]["y"])
                here = now.traces[f"{name} {what} here"]["y"][0]
                assert here == pytest.approx(curve[end], abs=1e-9)


def test_what_the_presets_promise() -> None:
    line = rows.frame(-1.0, 0.5, 0, "line").numbers
    assert line["straight_through_mean"] == pytest.approx(line["gradient"])
    assert float(line["straight_through_spread"]) < 1e-9
    sign = rows.frame(0.2, 0.5, 0, "sine").numbers
    assert float(sign["straight_through_mean"]) * float(sign["gradient"]) < 0.0
    assert "the wrong sign" in str(sign["told"])
    control = rows.frame(0.4, 5.0, 0, "exp").numbers
    assert float(control["rebar_spread"]) < 0.4 * float(control["score_spread"])
    hot, cold = (temperature.frame(0.4, tau, "exp").numbers for tau in (5.0, 0.05))
    assert abs(float(hot["gumbel_softmax_bias"])) > 1.0
    assert float(hot["gumbel_softmax_spread"]) < 0.1
    assert abs(float(cold["gumbel_softmax_bias"])) < 0.05
    assert float(cold["gumbel_softmax_spread"]) > 5.0


@each_cost
@pytest.mark.parametrize("view", VIEWS)
def test_every_end_of_the_sliders_gives_numbers(view: str, cost: str) -> None:
    picture = VIEWS[view].build(Lesson("discrete"), cost)
    for eta in (ETA.positions[0], ETA.positions[-1]):
        for tau in (TAU.positions[0], TAU.positions[-1]):
            values = {p.key: p.default for p in picture.axes} | {"eta": eta}
            if "tau" in values:
                values["tau"] = tau
            now = picture.at(values)
            assert now is not None
            told = [v for v in now.numbers.values() if isinstance(v, float)]
            assert all(map(math.isfinite, told))
            for trace in now.traces.values():
                assert np.isfinite(np.asarray(trace["y"], dtype=float)).all()


def mean_of_three(cost: str, logits: np.ndarray) -> float:
    """E[f] over the numbers 0, 1 and 2, by scipy's softmax."""
    return float(special.softmax(logits) @ FUNCTIONS[cost][0](np.arange(3.0)))


@each_cost
@each_logit
def test_the_gradient_of_three_categories_is_the_slope_of_their_mean(cost: str, eta: float) -> None:
    now = simplex.frame(eta, 0.5, 0, cost).numbers
    logits, h = np.array([0.0, 1.0, eta]), 1e-5
    for i, side in enumerate(np.eye(3) * h):
        up, down = (mean_of_three(cost, logits + way * side) for way in (1, -1))
        assert now[f"gradient{i}"] == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-9)
        assert now[f"chance{i}"] == pytest.approx(special.softmax(logits)[i], rel=1e-12)


@pytest.mark.parametrize("eta", [-2.0, 1.0])
def test_no_dot_changes_its_corner_with_the_temperature(eta: float) -> None:
    """And the corners have their chances; cold, the dots lie in them, hot, around the middle."""
    (cold, first), (hot, second) = (simplex.relaxed(eta, tau, 3) for tau in (0.05, 10.0))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(cold.argmax(1), hot.argmax(1))
    np.testing.assert_allclose(cold.sum(1), 1.0)
    counts = np.bincount(first.astype(int), minlength=3)
    expected = special.softmax([0.0, 1.0, eta]) * simplex.DRAWS
    assert stats.chisquare(counts, expected).pvalue > 1e-3
    assert (cold.max(1) > 0.99).mean() > 0.8
    assert np.abs(hot - 1.0 / 3.0).mean() < 0.1


@each_cost
@pytest.mark.parametrize("tau", [0.1, 2.0])
def test_only_what_weighs_or_corrects_is_right_for_three_categories(cost: str, tau: float) -> None:
    now = simplex.frame(-1.0, tau, 5, cost).numbers
    for name in simplex.NAMES:
        scores = []
        for i in range(3):
            off = float(now[f"{name}_mean{i}"]) - float(now[f"gradient{i}"])
            spread = max(float(now[f"{name}_spread{i}"]), 1e-9)
            scores.append(abs(off) / spread * math.sqrt(simplex.REPLICATES))
        if ESTIMATORS[name].unbiased or (cost, name) == ("line", "straight_through"):
            assert max(scores) < 4.5
        elif tau == 2.0:
            assert max(scores) > 8.0


def test_in_the_middle_a_slope_can_point_the_wrong_way() -> None:
    """As the lesson says of the middle category; and half of 0 and half of 2 is taken for 1."""
    now = simplex.frame(-1.0, 0.5, 0, "toy").numbers
    assert float(now["gradient1"]) < 0.0 < float(now["straight_through_mean1"])
    half = torch.tensor([[[[0.0, -80.0, 0.0]]]], dtype=torch.float64)
    assert simplex.categorical(0.0).relax(half, 1.0).item() == pytest.approx(1.0)


def test_the_table_of_kinds_is_the_registrys() -> None:
    table = kinds()
    assert len(table["Estimator"]) == len(ESTIMATORS)
    told = dict(zip(table["Estimator"], table["it takes"], strict=True))
    assert told["ARM"] == "a Bernoulli z"
    assert told["Reparameterization"] == "a z that moves with the parameters"
    assert {told[rule.title] for rule in taking("poisson").values()} == {"any z"}


@pytest.mark.parametrize("key", ["gradient_variance", "race"])
def test_pages_of_a_bell_do_not_offer_what_needs_a_coin(key: str) -> None:
    app = pages_sweep.open_page(contents.page_info(key))
    offered = {str(option) for picker in app.get("button_group") for option in picker.options}
    for name, rule in ESTIMATORS.items():
        found = any(rule.title == each.strip() or rule.title in each for each in offered)
        assert found == (name in taking("normal")), rule.title
