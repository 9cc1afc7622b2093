"""The page of all families: its numbers against scipy, for each at the ends of its sliders too."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor, distributions

from pages import contents
from pages.trick.families import average, cdf, gallery, move, views
from pages.trick.families import member as m
from pages.trick.families.sliders import movable, params, positions, slots
from pages.trick.families.views import VIEWS, views_of
from pages.trick.families.window import defaults, window
from pages.ui import theme
from pages.ui.lesson import Lesson
from tests.support import pages_sweep
from tests.support.scipy_laws import TWINS
from vae_core.families import FAMILIES, Distribution, Family, family
from vae_core.families.entries.noise import RATE, UNIFORM

PAGE = contents.page_info("families")
LESSON = Lesson("families")
# One of each way, and what is told of in the lesson; the others with `make exhaustive`.
NOW = {"exponential", "normal", "gamma", "beta", "poisson", "dirichlet"}
SCALARS = [name for name, entry in FAMILIES.items() if not entry.vector]
SMOOTH = [name for name in SCALARS if FAMILIES[name].path != "none"]


# Gauss-Legendre over the heights of a CDF, in panels that are short near its ends.
SIDE = [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2]
PANELS = np.array([*SIDE, 0.5, *(1.0 - e for e in reversed(SIDE))])
NODES, SHARES = np.polynomial.legendre.leggauss(20)
HEIGHTS = (PANELS[:-1, None] + np.diff(PANELS)[:, None] * (NODES + 1) / 2).ravel()
WEIGHTS = (np.diff(PANELS)[:, None] * SHARES / 2).ravel()


def each(names: list[str], now: set[str] = NOW) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "name",
        [pytest.param(n, marks=[] if n in now else pytest.mark.exhaustive) for n in names],
    )


each_family, each_scalar, each_smooth = each(list(FAMILIES)), each(SCALARS), each(SMOOTH)


def states(name: str) -> list[m.Values]:
    """Where the sliders start, each at both ends, and all at either end."""
    start = defaults(name)
    ends = [slot.ends for slot in slots(name)]
    alone = [(*start[:i], end, *start[i + 1 :]) for i, both in enumerate(ends) for end in both]
    return [start, *alone, tuple(low for low, _ in ends), tuple(high for _, high in ends)]


def twin(name: str, at: m.Values) -> Any:
    return TWINS[name](*at)


def given(name: str, at: m.Values, **more: float) -> dict[str, float]:
    return {slot.key: v for slot, v in zip(slots(name), at, strict=True)} | more


def moved(name: str, at: m.Values, by: str, **more: float) -> Any:
    state = {"eps": 0.6, "eps_2": 0.4, "n": 60, "seed": 0, "t": 1.0} | more
    kinds = (*move.KINDS, "out")
    return move.frame(name, by, window(name, at), kinds, **given(name, at, **state))


def shifted(at: m.Values, name: str, by: str, h: float) -> m.Values:
    place = [slot.key for slot in slots(name)].index(by)
    return (*at[:place], at[place] + h, *at[place + 1 :])


def whole(name: str) -> bool:
    return FAMILIES[name].discrete


@each_family
def test_every_trace_has_its_numbers_at_every_end(name: str) -> None:
    """No infinite place, no number missing but in gaps; arrows are steps along the slope."""
    for at, (by, t) in product(states(name), product(movable(name), (0.0, 0.5, 1.0))):
        now = moved(name, at, by, t=t)
        for trace, arrays in now.traces.items():
            assert len({len(arrays[axis]) for axis in "xy"}) == 1, trace
            assert not np.isinf(np.concatenate([arrays["x"], arrays["y"]])).any(), (trace, at)
        for trace in {"grains", "noise", "its z", "q(z)", "foot"} & now.traces.keys():
            assert not np.isnan(now.traces[trace]["y"]).any(), (trace, at)
        assert np.isfinite([v for v in now.numbers.values() if not isinstance(v, str)]).all()
        assert "nan" not in str(now.numbers["told"])


@each_family
def test_grains_are_the_registrys_and_move_by_differences(name: str) -> None:
    eps = m.noise(name, 3)[:20]
    for at in states(name):
        z = m.transform(name, at, eps)
        assert not np.isnan(z).any()
        for by in movable(name):
            if whole(name):
                assert not m.slopes(name, at, eps, by).any()
                continue
            h = 1e-5
            up, down = (m.transform(name, shifted(at, name, by, s), eps) for s in (h, -h))
            found = m.slopes(name, at, eps, by)
            # the generous part is rounding of z, which is far out in heavy tails
            np.testing.assert_allclose(
                found, (up - down) / (2 * h), rtol=2e-5, atol=2e-6 + 2e-9 * np.abs(z).max()
            )


@each_scalar
def test_the_law_that_is_drawn_is_scipys(name: str) -> None:
    for at in states(name):
        law, (low, high, _top) = twin(name, at), window(name, at)
        if whole(name):
            z = np.arange(max(math.ceil(low), 0), math.floor(high) + 1.0)
            np.testing.assert_allclose(m.density(name, at, z), law.pmf(z), atol=1e-9)
            for u in (0.03, 0.31, 0.72, 0.97):
                assert m.at_height(name, at, u) == law.ppf(u)
            continue
        heights = np.array([0.02, 0.3, 0.5, 0.84, 0.98])
        z = np.array([m.at_height(name, at, u) for u in heights])
        np.testing.assert_allclose(law.cdf(z), heights, atol=5e-7)
        np.testing.assert_allclose(m.cdf(name, at, z), heights, atol=5e-7)
        np.testing.assert_allclose(m.density(name, at, z), np.minimum(law.pdf(z), 1e6), rtol=1e-6)


@each_scalar
def test_the_curve_that_is_drawn_holds_the_law(name: str) -> None:
    """At t = 1, unclipped: the area under the density between two of its points is F's rise."""
    at = defaults(name)
    drawn = moved(name, at, next(iter(movable(name)))).traces["q(z)"]
    x, q = np.asarray(drawn["x"]), np.asarray(drawn["y"]) * window(name, at).top / move.TOP
    law = twin(name, at)
    if whole(name):
        np.testing.assert_allclose(
            q.reshape(-1, 4)[:, 1], law.pmf(x.reshape(-1, 4).mean(1).round())
        )
        return
    inside = (x > law.ppf(0.05)) & (x < law.ppf(0.95))
    area = np.trapezoid(q[inside], x[inside])
    ends = x[inside][[0, -1]]
    assert area == pytest.approx(float(np.diff(law.cdf(ends))[0]), abs=0.01)


@each([name for name in SMOOTH if move.kind(name) == "scalar"])
@pytest.mark.parametrize("t", [0.0, 0.4, 1.0])
def test_the_density_keeps_its_area_on_the_way(name: str, t: float) -> None:
    """Up to its scale: between two grains the moving curve holds the mass between their noises."""
    at = defaults(name)
    now = moved(name, at, next(iter(movable(name))), t=t)
    x, y = now.traces["q(z)"]["x"], now.traces["q(z)"]["y"] - move.UPPER_ROW * (1 - t)
    middle = slice(len(x) // 5, -(len(x) // 5))
    first, second = np.array_split(np.arange(len(x))[middle], 2)
    areas = [np.trapezoid(y[part], x[part]) for part in (first, second)]
    eps = move._ladder(name)[0]
    places, heights = m.base_density(name)
    p = np.interp(eps, places, heights) if places.size > 4 else np.ones(eps.size)
    masses = [np.trapezoid(p[part], eps[part]) for part in (first, second)]
    assert areas[0] / areas[1] == pytest.approx(masses[0] / masses[1], rel=0.02)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("normal", stats.norm()),
        ("laplace", stats.laplace()),
        ("logistic", stats.logistic()),
        ("triangular", stats.triang(0.5, -1, 2)),
        ("exponential", stats.uniform()),
    ],
)
def test_the_noises_density_is_scipys(name: str, law: Any) -> None:
    eps, p = m.base_density(name)
    inside = slice(1, -1)  # at its ends a box has both values
    if name == "exponential":
        assert (eps.tolist(), p.tolist()) == ([0, 0, 1, 1], [0, 1, 1, 0])
    else:
        np.testing.assert_allclose(p[inside], law.pdf(eps[inside]), rtol=1e-9, atol=1e-12)
        by_stretch = m.stretched(name, torch.from_numpy(eps)).numpy()
        np.testing.assert_allclose(by_stretch[inside], p[inside], rtol=1e-9, atol=1e-12)


@each_smooth
def test_a_step_at_one_height_is_scipys_quantile_that_moves(name: str) -> None:
    """The finite step; its limit from the CDF; and the registry's own path, all three."""
    for at, by, u in product(states(name)[:3], movable(name), (0.1, 0.7)):
        h = 0.05
        now = cdf.frame(name, by, window(name, at), cdf.KINDS, **given(name, at, u=u, h=h))
        after, step = cdf.shifted(name, at, by, h)
        jump = twin(name, after).ppf(u) - twin(name, at).ppf(u)
        assert now.numbers["ratio"] == pytest.approx(jump / step, rel=1e-5, abs=1e-6)
        d = 1e-4
        moves = [twin(name, shifted(at, name, by, s)).ppf(u) for s in (d, -d)]
        exact = (moves[0] - moves[1]) / (2 * d)
        assert now.numbers["slope"] == pytest.approx(exact, rel=2e-4, abs=2e-5)
        if move.kind(name) == "scalar":
            assert float(str(now.numbers["path"])) == pytest.approx(exact, rel=2e-4, abs=2e-5)


@pytest.mark.parametrize(
    ("name", "at", "by", "z", "slope"),
    [
        ("exponential", (2.0,), "rate", 0.7, -0.35),  # z = -ln(1 - u) / rate
        ("gamma", (1.0, 2.0), "rate", 0.7, -0.35),  # the same, as a Gamma
        ("gamma", (3.0, 0.5), "rate", 4.0, -8.0),  # z = G / rate
        ("normal", (1.0, 2.0), "scale", 4.0, 1.5),  # (z - mu) / sigma
        ("cauchy", (0.0, 2.0), "scale", 4.0, 2.0),
        ("uniform", (-1.0, 1.0), "high", 0.5, 0.75),  # u
        ("pareto", (2.0, 3.0), "scale", 5.0, 2.5),  # z / scale
    ],
)
def test_the_implicit_slope_by_hand(
    name: str, at: m.Values, by: str, z: float, slope: float
) -> None:
    assert cdf.implicit(name, at, by, z) == pytest.approx(slope, rel=1e-6)
    found = cdf.along_the_path(name, at, by, z)
    assert found == pytest.approx(slope, rel=1e-6)


def test_two_noises_move_on_average_as_the_cdf_says() -> None:
    """The page: the mean of a composition's slopes at one z is -(dF/dtheta) / q; a z-score."""
    name, at, by = "beta", (2.0, 3.0), "concentration1"
    eps = m.noise(name, 5, 40_000)
    z, slope = m.transform(name, at, eps)[:, 0], m.slopes(name, at, eps, by)[:, 0]
    for low, high in ((0.2, 0.22), (0.4, 0.42), (0.6, 0.62)):
        here = (z > low) & (z < high)
        exact = np.mean([cdf.implicit(name, at, by, float(each)) for each in z[here][:40]])
        spread = slope[here].std(ddof=1)
        assert abs(slope[here].mean() - exact) < 4.5 * spread / math.sqrt(here.sum()) + 1e-3
        assert spread > 0.01  # they do move differently


@pytest.mark.parametrize("name", ["bernoulli", "poisson"])
def test_what_has_no_path_stands_still_or_jumps(name: str) -> None:
    at, by = defaults(name), next(iter(movable(name)))
    kinds = set()
    for u in np.linspace(0.02, 0.98, 33):
        now = cdf.frame(name, by, window(name, at), cdf.KINDS, **given(name, at, u=u, h=0.1))
        same = now.numbers["moved"] == now.numbers["z"]
        assert now.numbers["told"] == ("stands" if same else "jumps")
        assert now.numbers["slope"] == 0.0
        kinds.add(now.numbers["told"])
    assert kinds == {"stands", "jumps"}
    assert moved(name, at, by, eps=0.5).numbers["slope"] == 0.0


@each_scalar
def test_averages_are_scipys(name: str) -> None:
    for at in states(name):
        law = twin(name, at)
        if average.objection(name, at, "z") is None:
            exact = float(law.mean())
            assert m.average(name, at, "z") == pytest.approx(exact, rel=1e-7, abs=1e-8)
        if average.objection(name, at, "square") is None:
            exact = float(law.var() + law.mean() ** 2)
            assert m.average(name, at, "square") == pytest.approx(exact, rel=1e-6, abs=1e-8)
        if whole(name):
            z = np.arange(0, 200)
            exact = float((np.tanh(z) * law.pmf(z)).sum())
        else:
            exact = float(WEIGHTS @ np.tanh(law.ppf(HEIGHTS)))
        assert m.average(name, at, "tanh") == pytest.approx(exact, abs=2e-6)


@each_family
def test_running_means_are_those_of_the_draws(name: str) -> None:
    """And where an average exists they come to it, in runs of which each has a finite variance."""
    at = defaults(name)
    found = average.running(name, at, "z", 1)
    z = m.transform(name, at, m.noise(name, 1, 3000))[:, 0].reshape(3, -1)
    np.testing.assert_allclose(found[:, -1], z.mean(1), rtol=1e-9)
    np.testing.assert_allclose(found[:, 0], z[:, 0])
    calm = average.running(name, at, "tanh", 1)[:, -1]
    exact = m.average(name, at, "tanh")
    assert np.abs(calm - exact).max() < 4.5 / math.sqrt(1000)
    sides = average.limits(name, at, "z", 1)
    late = found[:, average.COUNTS >= 5]
    assert sides[0] < late.min() <= late.max() < sides[1]


def said(name: str, at: m.Values, cost: str) -> str:
    sides = average.limits(name, at, cost, 0)
    now = average.frame(name, cost, sides, average.KINDS, **given(name, at, seed=0))
    return str(now.numbers["told"])


def test_which_average_exists() -> None:
    """A Cauchy has no mean, of tanh z it has; a Pareto by its alpha, a Student's t by its df."""
    assert said("cauchy", (0.0, 1.0), "z") == "missing"
    assert said("cauchy", (0.0, 1.0), "tanh") == "exists"
    assert [said("pareto", (1.0, a), "z") for a in (0.8, 1.4, 3.0)] == [
        "missing",
        "wild",
        "exists",
    ]
    assert said("pareto", (1.0, 2.0), "square") == "missing"
    assert said("studentt", (1.0, 0.0, 1.0), "z") == "missing"
    assert said("dirichlet", (1.0, 2.0, 3.0), "z") == "exists"
    assert average.order("cauchy", (0.0, 1.0)) == 1.0
    assert average._raised("E|z|^r, r < 1, and f grows like |z|^1.") == (
        "E|z|ʳ, r < 1, and f grows like |z|."
    )
    assert "r < 1" in str(average.objection("cauchy", (0.0, 1.0), "z"))


def test_the_average_of_a_vectors_first_number_is_exact() -> None:
    """By Dirichlet's moments, by scipy's t, and by many draws of the whole vector."""
    at = (0.5, 2.0, 3.0)
    assert m.average("dirichlet", at, "z") == pytest.approx(0.5 / 5.5)
    assert m.average("dirichlet", at, "square") == pytest.approx(0.5 * 1.5 / (5.5 * 6.5))
    bent = (0.5, -1.0, 1.2, 0.6, 0.8)
    law = stats.t(5, 0.5, 1.2)
    assert m.average("elliptical", bent, "square") == pytest.approx(law.var() + law.mean() ** 2)
    for name, values in (("dirichlet", at), ("elliptical", bent)):
        f = np.tanh(m.transform(name, values, m.noise(name, 7, 100_000))[:, 0])
        off = f.mean() - m.average(name, values, "tanh")
        assert abs(off) < 4.5 * f.std() / math.sqrt(f.size)
        assert average.title(name, "square") == "z₁²"
        assert average.tex(name, "tanh") == r"\tanh z_1"
    assert average.title("gamma", "square") == "z²"


def test_the_betas_formula_and_picture_call_its_noise_alike() -> None:
    """u₁ and u₂, on the sliders and in the formula; the first has the first shape's quantile."""
    labels = [param.label for param in views.grain("beta")]
    assert [label[-2:] for label in labels] == ["u₁", "u₂"]
    assert "(u_1)" in FAMILIES["beta"].formula
    assert "(u_2)" in FAMILIES["beta"].formula
    assert "_0" not in FAMILIES["beta"].formula
    one, two = special.gammaincinv(2.0, 0.3), special.gammaincinv(5.0, 0.8)
    z = m.transform("beta", (2.0, 5.0), m.point("beta", 0.3, 0.8))
    assert z.item() == pytest.approx(one / (one + two))


def test_a_vectors_page_says_what_is_not_drawn() -> None:
    app = pages_sweep.open_page(PAGE, family="dirichlet")
    texts = " ".join(text.value for text in app.markdown)
    assert "Each z has 3 noises behind it" in texts
    assert "the rest stays at 0.5" in texts
    assert "families?family=beta&view=cdf" in texts
    app = pages_sweep.open_page(PAGE, family="elliptical")
    texts = " ".join(text.value for text in app.markdown)
    assert "noises behind it" not in texts
    assert "[Student's t](families?family=studentt&view=cdf)" in texts


def test_a_cauchys_mean_does_not_settle() -> None:
    """Means of a thousand draws of it are as far spread as single draws; of tanh z they meet."""
    at = (0.0, 1.0)
    ends = np.concatenate([average.running("cauchy", at, "z", s)[:, -1] for s in range(60)])
    low, high = np.quantile(ends, [0.25, 0.75])
    assert high - low == pytest.approx(2.0, abs=0.6)  # the quartiles of one draw: -1 and 1
    calm = np.concatenate([average.running("cauchy", at, "tanh", s)[:, -1] for s in range(60)])
    assert calm.std() < 0.03


@pytest.mark.parametrize(
    ("name", "at", "key", "score"),
    [
        # E[tanh z] of a uniform z: the score of b is -1 / (b - a) wherever z is
        ("uniform", (-1.0, 2.0), "high", lambda z: -np.tanh(z) / 3.0),
        ("uniform", (-1.0, 2.0), "low", lambda z: np.tanh(z) / 3.0),
        # of a Pareto z: the score of its scale is alpha / scale
        ("pareto", (1.0, 3.0), "scale", lambda z: 3.0 * np.tanh(z)),
    ],
)
def test_where_ends_move_the_path_is_right_and_the_score_is_not(
    name: str, at: m.Values, key: str, score: Any
) -> None:
    found, h = average.sides(name, at, key), 1e-4
    u = (np.arange(400_000) + 0.5) / 400_000

    def mean(theta_shift: float) -> float:
        return float(np.tanh(twin(name, shifted(at, name, key, theta_shift)).ppf(u)).mean())

    truth = (mean(h) - mean(-h)) / (2 * h)
    assert found.truth == pytest.approx(truth, abs=1e-5)
    assert found.score == pytest.approx(float(score(twin(name, at).ppf(u)).mean()), abs=1e-4)
    assert abs(found.score - found.truth) > 0.05
    eps = m.noise(name, 0, 20_000)
    z, slope = m.transform(name, at, eps)[:, 0], m.slopes(name, at, eps, key)[:, 0]
    estimate = slope * (1 - np.tanh(z) ** 2)
    error = estimate.std(ddof=1) / math.sqrt(len(estimate))
    assert abs(estimate.mean() - truth) < 4.5 * error


def test_a_triangles_score_is_right_on_average() -> None:
    """Its density is zero at its ends; the registry says so, too."""
    found = average.sides("triangular", (0.5, 1.0), "loc")
    assert found.score == pytest.approx(found.truth, abs=1e-6)
    assert average.moving("triangular") == ("loc", "scale")
    assert average.first("normal") is None


@each_family
def test_most_of_z_is_in_sight_and_axes_do_not_jump(name: str) -> None:
    for at in states(name):
        seen, some = window(name, at), m.spread(name, at)
        assert seen.low < some[2]
        assert some[6] < seen.high
        assert seen.top > 0.0
        if not FAMILIES[name].vector and not whole(name):
            inner = np.linspace(some[2], some[6], 50)
            assert np.median(m.density(name, at, inner)) < 1.2 * seen.top
    home = window(name, defaults(name))
    near = [p for p in positions(slots(name)[0]) if p <= defaults(name)[0]][-1]
    assert window(name, (near, *defaults(name)[1:])) == home


def test_sliders_are_the_registrys() -> None:
    for name, entry in FAMILIES.items():
        assert {slot.name for slot in slots(name)} == set(entry.parameters)
        for param, slot in zip(params(name), slots(name), strict=True):
            assert param.default == slot.default
            assert (param.positions[0], param.positions[-1]) == slot.ends
            assert len(param.positions) < 45
            assert set(param.positions) == set(positions(slot))
    assert [slot.key for slot in slots("elliptical")][2:] == [
        "scale_tril_11",
        "scale_tril_21",
        "scale_tril_22",
    ]
    assert all(isinstance(p, int) or float(p).is_integer() for p in params("erlang")[0].positions)
    assert movable("erlang") == {"rate": "rate λ"}
    assert [theme.plain(t) for t in (r"\lambda", r"\nu_1", "k", r"\alpha_{12}")] == [
        "λ",
        "ν₁",
        "k",
        "α₁₂",
    ]


def test_a_composition_is_differentiated_by_the_chain_rule() -> None:
    """A Log-Normal is z = exp(y) with y = mu + sigma eps: dz/dy = z, dy/dsigma = eps."""
    at, eps = (0.3, 0.7), m.noise("lognormal", 4)[:30]
    y = 0.3 + 0.7 * eps
    np.testing.assert_allclose(m.slopes("lognormal", at, eps, "scale"), np.exp(y) * eps, rtol=1e-12)
    np.testing.assert_allclose(m.slopes("lognormal", at, eps, "loc"), np.exp(y), rtol=1e-12)


@pytest.mark.parametrize("name", ["exponential", "gamma", "beta", "cauchy"])
def test_the_gradient_of_an_average_is_the_average_of_gradients(name: str) -> None:
    """For f = tanh: E[f'(z) dz/dtheta] over draws, against differences of E[f]; a z-score."""
    at, by, h = defaults(name), next(iter(movable(name))), 1e-4
    eps = m.noise(name, 9, 40_000)
    z, slope = m.transform(name, at, eps)[:, 0], m.slopes(name, at, eps, by)[:, 0]
    found = slope * (1 - np.tanh(z) ** 2)
    means = [m.average(name, shifted(at, name, by, step), "tanh") or 0.0 for step in (h, -h)]
    exact = (means[0] - means[1]) / (2 * h)
    assert abs(found.mean() - exact) < 4.5 * found.std(ddof=1) / math.sqrt(len(found)) + 1e-6


def test_the_formulas_of_vectors_are_their_transforms() -> None:
    u = m.noise("dirichlet", 2)[:20]
    one = stats.gamma([0.7, 2.0, 3.0]).ppf(u)
    exact = one / one.sum(1, keepdims=True)
    np.testing.assert_allclose(m.transform("dirichlet", (0.7, 2.0, 3.0), u), exact, rtol=1e-6)
    eps, at = m.noise("elliptical", 2)[:20], (0.5, -1.0, 1.2, 0.6, 0.8)
    exact = np.array([0.5, -1.0]) + eps @ np.array([[1.2, 0.0], [0.6, 0.8]]).T
    np.testing.assert_allclose(m.transform("elliptical", at, eps), exact, rtol=1e-12)


@each_family
def test_every_view_of_every_family_opens_and_draws_every_trace(name: str) -> None:
    for view in views_of(name):
        app = pages_sweep.open_page(PAGE, family=name, view=view)
        assert pages_sweep.faults(app) == []
        texts = " ".join(element.value for element in app.markdown)
        assert FAMILIES[name].source in texts
        assert not [c.value for c in app.caption if "no usable value" in c.value]


@each_family
def test_every_trace_is_drawn(name: str) -> None:
    by = next(iter(movable(name)))
    for view in views_of(name):
        picture = VIEWS[view].build(LESSON, name, by, "z")
        values: dict[str, Any] = {param.key: param.default for param in picture.axes}
        now = picture.at(values)
        assert now
        figure: Any = picture.figure(now)  # type: ignore[operator]
        assert set(now.traces) <= {trace.name for trace in figure.data}
        told = str(now.numbers["told"])
        assert told
        assert "{" not in told
        assert "nan" not in told
        for cell in (picture.table or {}).values():
            assert "nan" not in str(cell).format(**now.numbers)


def test_another_family_takes_from_the_address_what_it_can() -> None:
    """Scale 2 goes over from Normal to Laplace; to Uniform nothing does; no note is left."""
    app = pages_sweep.open_page(PAGE, family="normal", scale="2", loc="-2.5", view="cdf")
    picker = app.selectbox("control:family")
    app = picker.set_value("laplace").run()
    assert app.query_params["scale"] == "2"
    app = app.selectbox("control:family").set_value("uniform").run()
    app = app.selectbox("control:family").set_value("dirichlet").run()
    assert not {"view", "scale", "loc"} & set(app.query_params)
    app = app.selectbox("control:family").set_value("lognormal").run()
    assert pages_sweep.faults(app) == []
    assert not [c.value for c in app.caption if "no usable value" in c.value]


def test_the_gallery_has_every_family_once_and_marks_the_present_one() -> None:
    page = gallery.html("gamma")
    for entry in FAMILIES.values():
        assert page.count(f'href="?family={entry.name}"') == 1
    assert page.count("aria-current") == 1
    assert "nan" not in page
    assert list(gallery.titles()) == [e.name for group in gallery.grouped().values() for e in group]
    assert set(gallery.titles()) == set(FAMILIES)


@pytest.fixture
def newcomer() -> Iterator[Family]:
    """What someone adds: one entry, without a formula and a line of torch's."""

    @family(
        title="Waiting time",
        source="a test",
        path="inverse CDF",
        noise=UNIFORM,
        law=distributions.Exponential,
        rate=RATE,
    )
    @dataclass(frozen=True)
    class Waiting(Distribution):
        """Density rate exp(-rate z); its z falls as u rises."""

        rate: Tensor

        def transform(self, eps: Tensor) -> Tensor:
            return -eps.log() / self.rate

    yield FAMILIES["waiting"]
    del FAMILIES["waiting"]


def test_a_newcomer_is_on_the_page_with_no_other_edit(newcomer: Family) -> None:
    assert "Waiting time" in gallery.html("waiting")
    for view in VIEWS:
        app = pages_sweep.open_page(PAGE, family="waiting", view=view)
        assert pages_sweep.faults(app) == []
    assert newcomer.name in gallery.titles()
    now = cdf.frame("waiting", "rate", window("waiting", (1.0,)), cdf.KINDS, rate=1.0, u=0.3, h=0.1)
    exact = math.log(1 - 0.3)  # -z / rate at rate 1
    assert now.numbers["slope"] == pytest.approx(exact, rel=1e-6)
    assert float(str(now.numbers["path"])) == pytest.approx(exact, abs=1e-6)


def test_what_the_lesson_says_of_the_question() -> None:
    """The Gamma's slope, against scipy's quantile; and the two that it names beside it."""
    slope = cdf.implicit("gamma", (2.0, 1.0), "concentration", 2.0)
    u, h = stats.gamma(2).cdf(2.0), 1e-4
    exact = (stats.gamma(2 + h).ppf(u) - stats.gamma(2 - h).ppf(u)) / (2 * h)
    assert slope == pytest.approx(exact, rel=1e-6)
    assert FAMILIES["gamma"].path == "implicit"
    assert FAMILIES["cauchy"].moments(loc=0.0, scale=1.0) == 1.0
    assert FAMILIES["poisson"].path == "none"


def test_topic_models_get_torchs_gradients() -> None:
    """The page: Dirichlet(concentration).rsample() has them, and so has a softmax of a bell."""
    alpha = torch.tensor([0.5, 1.0, 2.0], requires_grad=True)
    (grad,) = torch.autograd.grad(distributions.Dirichlet(alpha).rsample()[0], alpha)
    assert grad.abs().min() > 0
    mu = torch.zeros(3, requires_grad=True)
    (grad,) = torch.autograd.grad((mu + torch.randn(3)).softmax(-1)[0], mu)
    assert grad.abs().min() > 0
