"""Both piles, bars and branches as they are drawn: against scipy, draws and finite differences."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from pages.trick.lotus import bars, grains, panels, shape
from pages.trick.lotus.views import VIEWS, phi
from pages.ui.lesson import Lesson
from vae_core.families.transforms import over_noise

LESSON = Lesson("lotus")
ZIGZAG = (-1.0, 1.5, -0.5, 2.0, -1.0)
SHAPES = {
    "bend": shape.BENT,
    "line": shape.LINE,
    "falling": shape.FALLING,
    "turn": shape.TURNING,
    "zigzag": ZIGZAG,
    "flat": shape.FLAT,
}
each_shape = pytest.mark.parametrize("name", SHAPES)
each_weight = pytest.mark.parametrize("weight", shape.WEIGHTS)
KIND = {"falling": "bend", "zigzag": "turn"}


def weighed(name: str, weight: str = "square", k: int = 200, seed: int = 0) -> Any:
    return grains.frame(k, seed, weight, shape.KINDS, **phi(SHAPES[name]))


def barred(name: str, eps: float) -> Any:
    return bars.frame(eps, bars.CASES, **phi(SHAPES[name]))


def boxes(trace: Any) -> list[tuple[float, float, float, float]]:
    """Left, right, foot, top of the boxes that a trace draws."""
    x, y = (np.reshape(trace[axis], (-1, 6))[:, :5] for axis in "xy")
    seen = ~np.isnan(x[:, 0])
    corners = zip(x[seen], y[seen], strict=True)
    return [(min(a), max(a), min(b), max(b)) for a, b in corners]


def areas(trace: Any) -> list[float]:
    return [(right - left) * (top - foot) for left, right, foot, top in boxes(trace)]


@each_shape
@each_weight
def test_both_averages_are_scipys(name: str, weight: str) -> None:
    g, f = shape.drawn(SHAPES[name]), shape.WEIGHTS[weight].f
    fine = np.linspace(-9, 9, 100_001)
    by_hand = integrate.simpson(f(g(fine)) * stats.norm.pdf(fine), x=fine)
    numbers = weighed(name, weight).numbers
    assert numbers["over_eps"] == pytest.approx(by_hand, abs=1e-4)
    assert numbers["over_z"] == pytest.approx(numbers["over_eps"], abs=1e-8)
    assert numbers["told"] == KIND.get(name, name)


@each_weight
@pytest.mark.parametrize("name", ["bend", "line", "falling"])
def test_the_blue_areas_are_the_average(name: str, weight: str) -> None:
    """As they are drawn, up to what lies out of sight and the corners of few points."""
    now = weighed(name, weight)
    over_eps, over_z = now.traces["f p"], now.traces["f q"]
    g, f = shape.drawn(SHAPES[name]), shape.WEIGHTS[weight].f
    eps = np.linspace(-9, 9, 40_001)
    parts = f(g(eps)) * stats.norm.pdf(eps)
    for trace, across, up, seen in (
        (over_eps, "x", "y", abs(eps) < panels.EPS_END),
        (over_z, "y", "x", abs(g(eps)) < panels.Z_END),
    ):
        drawn = np.trapezoid(trace[up], trace[across])
        assert drawn == pytest.approx(np.sum(parts * seen) * (eps[1] - eps[0]), abs=0.02)


@each_shape
def test_grains_are_the_same_in_both_piles(name: str) -> None:
    now = weighed(name, "absolute", k=20, seed=4)
    eps, z = now.traces["grains over ε"]["x"], now.traces["grains over z"]["y"]
    g = shape.drawn(SHAPES[name])
    np.testing.assert_array_equal(z, g(eps))
    np.testing.assert_array_equal(now.traces["grains"]["x"], eps)
    assert now.numbers["grains"] == pytest.approx(np.mean(np.abs(z)), rel=1e-12)
    assert eps.size == 20


def test_the_bars_sum_up_to_the_grains_average() -> None:
    """For grains in sight, on either side: only the order of the sum differs."""
    now = weighed("bend", k=100, seed=2)
    eps = shape.grains(2)[:100]
    z = shape.drawn(shape.BENT)(eps)
    assert np.abs(eps).max() < panels.EPS_END
    for name, across, up, inside in (
        ("weighed over ε", "x", "y", np.full(100, fill_value=True)),
        ("weighed over z", "y", "x", np.abs(z) < panels.Z_END),
    ):
        edges, heights = now.traces[name][across][::2], now.traces[name][up][1:-1:2]
        area = np.sum(np.diff(edges) * heights)
        assert area == pytest.approx(np.sum(z[inside] ** 2) / 100, rel=1e-12)


@each_weight
@pytest.mark.parametrize("name", ["bend", "turn", "flat"])
def test_grains_average_to_the_integral(name: str, weight: str) -> None:
    """A z-score over forty seeds of a thousand grains."""
    found = [weighed(name, weight, k=1000, seed=seed).numbers for seed in range(40)]
    said = np.array([each["grains"] for each in found])
    score = (said.mean() - found[0]["over_eps"]) / (said.std(ddof=1) / math.sqrt(40))
    assert abs(score) < 4


def test_one_branch_holds_a_part_of_the_sand() -> None:
    numbers = weighed("turn").numbers
    assert numbers["mass"] == pytest.approx(100 * stats.norm.cdf(1.0))
    assert 0 < numbers["one_branch"] < numbers["over_z"]
    assert numbers["turns"] == "1"
    assert weighed("zigzag").numbers["turns"] == "−1, 0 and 1"
    flat = weighed("flat").numbers
    assert flat["atoms"] == pytest.approx(100 * (stats.norm.cdf(1) - 0.5))
    assert weighed("bend").numbers["mass"] == 100
    dashed = weighed("turn").traces["one branch"]
    whole = weighed("turn").traces["q(z)"]
    assert (dashed["x"] <= whole["x"] + 1e-12).all()
    assert np.isnan(weighed("bend").traces["one branch"]["x"]).all()


@each_shape
@pytest.mark.parametrize("eps", [-2.5, -0.7, 0.0, 0.6, 1.0, 2.5])
def test_the_formula_of_the_bars(name: str, eps: float) -> None:
    """dz = |g'| d eps by differences; a bar's area on both sides, equal where g has an inverse."""
    now, g = barred(name, eps), shape.drawn(SHAPES[name])
    numbers, h = now.numbers, 1e-6
    moved = g(np.array([eps + h, eps - h]))
    assert numbers["stretch"] == pytest.approx(abs(moved[0] - moved[1]) / (2 * h), abs=2e-6)
    low = math.floor(eps / 0.5) * 0.5
    exact = stats.norm.cdf(low + 0.5) - stats.norm.cdf(low)
    assert numbers["area_eps"] == pytest.approx(exact, abs=1e-12)
    if name in {"bend", "line", "falling"}:
        assert numbers["area_z"] == pytest.approx(exact, abs=1e-9)
        assert numbers["relation"] == "="
        by_hand = stats.norm.pdf(eps) / numbers["stretch"]
        assert numbers["q"] == pytest.approx(by_hand, rel=1e-7)
    else:
        printed = f"{numbers['area_z']:.4f}" == f"{exact:.4f}"
        assert numbers["relation"] == ("≈" if printed else "≠")
        assert numbers["area_z"] > exact - 1e-9 or name == "flat"


def test_a_line_stretches_all_bars_alike() -> None:
    """The page: dz = sigma d eps for a straight line, and by 0.6 for the one to try."""
    numbers = barred("line", 0.3).numbers
    assert numbers["least"] == pytest.approx(0.6)
    assert numbers["most"] == pytest.approx(0.6)
    assert numbers["dz"] == pytest.approx(0.3)
    assert shape.drawn(shape.LINE)(np.array([0.0, 1.0])) == pytest.approx([1.0, 1.6])
    tops = [
        box[1] for odd in (0, 1) for box in boxes(barred("line", 0.3).traces[f"bars over z {odd}"])
    ]
    assert max(tops) == pytest.approx(bars.MASSES.max() / 0.3)


@pytest.mark.parametrize("name", ["bend", "line", "falling", "turn"])
def test_bars_have_the_same_area_before_and_after(name: str) -> None:
    now = barred(name, 0.3)
    for odd in (0, 1):
        found = areas(now.traces[f"bars over z {odd}"])
        seen = bars.MASSES[odd::2]
        assert len(found) == len(seen)
        for after, before, (_left, top, *_ends) in zip(
            found, seen, boxes(now.traces[f"bars over z {odd}"]), strict=True
        ):
            assert after == pytest.approx(before, rel=1e-9) or top == panels.BEYOND


def test_bars_that_land_on_the_same_z_are_chosen_together() -> None:
    turn = barred("turn", 0.6).traces
    g = shape.drawn(shape.TURNING)
    other = turn["others"]["x"][0]
    assert g(np.array([0.6, other])) == pytest.approx([float(turn["its z"]["y"][0])] * 2, abs=1e-12)
    assert other > 1.0
    assert len(boxes(turn["chosen over z"])) == 2
    assert np.isnan(barred("bend", 0.6).traces["others"]["x"]).all()
    assert np.isnan(barred("flat", 0.6).traces["others"]["x"]).all()
    many = barred("zigzag", -0.7).traces["others"]["x"]
    assert np.isfinite(many).sum() == 3


@pytest.mark.parametrize("height", shape.KEYS)
def test_the_gradient_goes_through_g_alone(height: str) -> None:
    """The derivative of the average in a height, by differences, is E_p[f'(z) dg/d height]."""
    at, h = shape.KEYS.index(height), 1e-5

    def moved(by: float) -> shape.Drawn:
        heights = list(shape.BENT)
        heights[at] += by
        return shape.Drawn(tuple(heights))

    def mean(by: float) -> float:
        return sum(over_noise(np.square, moved(by)))

    def inside(eps: float) -> float:
        one = np.array([eps])
        path = (moved(h)(one) - moved(-h)(one)) / (2 * h)
        return float((2 * moved(0)(one) * path)[0] * stats.norm.pdf(eps))

    along = sum(
        integrate.quad(inside, a, b, epsabs=1e-9)[0] for a, b in pairwise([-9, -2, -1, 0, 1, 2, 9])
    )
    assert along == pytest.approx((mean(h) - mean(-h)) / (2 * h), abs=1e-6)
    stands = [
        grains.draw(grains.frame(10, 0, "square", shape.KINDS, **phi(moved(by).heights)))
        for by in (0.0, 0.5)
    ]
    p_before, p_after = (
        next(trace for trace in figure.data if trace.name == "p(ε)").y for figure in stands
    )
    np.testing.assert_array_equal(p_before, p_after)


def test_the_base_density_is_scipys() -> None:
    np.testing.assert_allclose(panels.P, stats.norm.pdf(panels.EPS), rtol=1e-12)


@pytest.mark.parametrize(
    ("view", "weight"), [("bars", "square"), *(("grains", weight) for weight in shape.WEIGHTS)]
)
@each_shape
def test_every_view_draws_every_trace(view: str, weight: str, name: str) -> None:
    picture = VIEWS[view].build(LESSON, weight)
    values: dict[str, Any] = {param.key: param.default for param in picture.axes}
    now = picture.at(values | phi(SHAPES[name]))
    assert now
    for draw in filter(None, (picture.figure, picture.narrow)):
        figure: Any = draw(now)  # type: ignore[operator]
        assert set(now.traces) <= {trace.name for trace in figure.data}
        assert figure.layout.uirevision
    told = str(now.numbers["told"])
    assert "nan" not in told
    assert "{" not in told
    for cell in (picture.table or {}).values():
        assert "nan" not in str(cell).format(**now.numbers)
    for trace in now.traces.values():
        assert len({len(arrays) for arrays in trace.values()}) == 1


def test_any_shape_has_a_picture() -> None:
    """Fifty at random, all flat, and steep: no number is missing (warnings are errors)."""
    rng = np.random.default_rng(7)
    some = [tuple(float(h) for h in rng.integers(-25, 26, 5) / 10) for _ in range(50)]
    for heights in (*some, (0.5,) * 5, (-2.5, 2.5, -2.5, 2.5, -2.5), (1.0, 1.0, 1.0, 0.0, 1.0)):
        at = phi(heights)
        for now in (
            grains.frame(40, 0, "above", shape.KINDS, **at),
            bars.frame(float(rng.integers(-50, 51)) / 20, bars.CASES, **at),
        ):
            finite = [v for n, v in now.numbers.items() if not isinstance(v, str) and n != "q"]
            assert np.isfinite(finite).all()
            for trace in now.traces.values():
                assert not np.isinf(np.concatenate([trace["x"], trace["y"]])).any()


def test_a_z_that_is_reached_once_in_sight_is_told_so() -> None:
    assert barred("turn", -2.0).numbers["told"] == "once"
    assert barred("turn", 0.6).numbers["told"] == "turn"


def test_what_the_lesson_says_of_its_presets() -> None:
    kinds = {name: shape.kind(shape.drawn(heights)) for name, heights in SHAPES.items()}
    assert kinds == {name: KIND.get(name, name) for name in SHAPES}
    chance = weighed("bend", "above").numbers["over_eps"]
    g = shape.drawn(shape.BENT)
    edge = float(g.inverse(np.array([1.0]), g.stretches[0])[0])
    assert chance == pytest.approx(stats.norm.sf(edge), abs=1e-9)
