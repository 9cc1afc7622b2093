"""The numbers of the page on estimates: averages, errors, biases and weights as they are shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

from pages.obstacle.monte_carlo import average, bias, error, weights, weights_drawn
from pages.obstacle.monte_carlo.views import VIEWS
from pages.ui.lesson import Lesson
from pages.ui.live import Picture
from vae_core.families.cube import affordable_grid, grid_error, wave_deviation, wave_mean
from vae_core.families.monte_carlo import SQUARE, squared_over, weighted_variance

LESSON = Lesson("monte_carlo")
SHOWN = [(view, of) for view in VIEWS for of in (VIEWS[view].options or {"": ""})]
FUNCTIONS = {
    "square": lambda z: z**2,
    "cosine": lambda z: np.cos(2 * z),
    "above": lambda z: np.where(z > 1, 1.0, 0.0),
}
each_cost = pytest.mark.parametrize("cost", average.COSTS)


@each_cost
def test_the_integral_is_scipys(cost: str) -> None:
    def inside(z: float) -> float:
        return float(FUNCTIONS[cost](z) * stats.norm.pdf(z))

    exact = math.fsum(integrate.quad(inside, a, a + 1, epsabs=1e-13)[0] for a in range(-12, 12))
    assert average.COSTS[cost].exact == pytest.approx(exact, abs=1e-11)


@each_cost
@pytest.mark.parametrize("n", [1, 2, 37, 100, 101, 250, 1000])
def test_the_average_is_that_of_the_draws(cost: str, n: int) -> None:
    now = average.frame(n, 5, cost)
    z = average.draws(5).numpy()[:n]
    f = FUNCTIONS[cost](z)
    assert now.numbers["mean"] == pytest.approx(f.mean())
    assert now.numbers["z"] == z[-1]
    if n > 1:
        spread = f.std(ddof=1) / math.sqrt(n)
        assert now.numbers["error"] == pytest.approx(spread, abs=1e-12)
        band = now.traces["band"]["y"][-1], now.traces["below"]["y"][-1]
        assert band == pytest.approx((f.mean() + 2 * spread, f.mean() - 2 * spread), abs=1e-12)
    else:
        assert now.numbers["error"] == "?"
    dots = now.traces["draws"]
    seen = np.sort(dots["x"][~np.isnan(dots["x"])])
    np.testing.assert_array_equal(seen, np.sort(z[-average.SHOWN :]))
    np.testing.assert_allclose(dots["y"], FUNCTIONS[cost](dots["x"]) + 0 * dots["x"])
    assert now.traces["mean"]["x"][-1] == n


def test_the_running_mean_is_unbiased_and_its_band_is_honest() -> None:
    """Over 400 seeds: z-scores of the mean, and how often two errors hold the integral."""
    found = [average.frame(300, seed, "cosine").numbers for seed in range(400)]
    off = np.array([float(each["mean"]) - float(each["exact"]) for each in found])
    errors = np.array([float(each["error"]) for each in found])
    assert abs(off.mean()) < 4 * off.std(ddof=1) / math.sqrt(off.size)
    assert off.std(ddof=1) == pytest.approx(errors.mean(), rel=0.15)
    held = int((np.abs(off) < 2 * errors).sum())
    assert stats.binomtest(held, off.size, 0.9545).pvalue > 1e-4


@pytest.mark.parametrize("dim", [1, 2, 4, 5, 10, 20])
@pytest.mark.parametrize("budget", [10, 1000, 100_000])
def test_both_errors_are_those_that_are_known(dim: int, budget: int) -> None:
    now = error.frame(dim, budget, 0)
    points = affordable_grid(budget, dim)
    assert now.numbers["by_draws"] == pytest.approx(wave_deviation(dim) / math.sqrt(budget))
    assert now.numbers["by_grid"] == grid_error(points, dim)
    assert now.numbers["exact"] == wave_mean(dim)
    assert (now.numbers["points"], now.numbers["cells"]) == (points, points**dim)
    assert now.numbers["slope"] == pytest.approx(-0.5, abs=0.02)
    line = now.traces["expected"]
    slope = np.diff(np.log(line["y"])) / np.diff(np.log(line["x"]))
    assert slope == pytest.approx(-0.5)
    expected = wave_deviation(dim) / np.sqrt(error.SAMPLES)
    np.testing.assert_allclose(now.traces["measured"]["y"], expected, rtol=0.3)


def test_what_is_said_of_grids_and_draws() -> None:
    """A line is the grid's, ten dimensions are the draws'; D = 4 is the border of slopes."""
    line, ten = (error.frame(dim, 100, 0).numbers for dim in (1, 10))
    assert float(line["by_grid"]) < float(line["by_draws"]) / 100  # "by far, with a hundred points"
    assert float(ten["by_draws"]) < float(ten["by_grid"]) / 5
    assert error.frame(4, 100, 0).traces["grid words"]["text"] == ["grid: slope −2/D = −0.50"]
    assert error.frame(1, 100, 0).traces["grid words"]["text"] == ["grid: slope −2/D = −2"]
    assert affordable_grid(1_000_000, 20) == 1
    assert str(ten["told"]).endswith("Ten points an axis take 10¹⁰ evaluations.")
    assert "off by about 0.052; a grid affords 1 point an axis" in str(ten["told"])
    points, errors = error.frame(10, 100, 0).traces["grid"].values()
    assert list(points[:3]) == [1, 1024, 59_049]
    assert errors[2] == grid_error(3, 10)


def test_what_is_left_of_an_error() -> None:
    assert error.shares() == {"two": "71", "four": "50", "eight": "35"}


@pytest.mark.parametrize("k", [1, 4, 30, 200])
def test_the_biases_are_what_the_draws_show(k: int) -> None:
    """The mean and the first draw by z-score; the log's bias is there, and of its size."""
    assert k in bias.ALONG
    found, exact = bias.estimates(k, 3), bias.laws(k)
    for name, off in found.items():
        assert off.size == bias.REPLICATES
        z = (off.mean() - exact[name].mean) / (off.std(ddof=1) / math.sqrt(off.size))
        assert abs(z) < 4, name
        assert off.std(ddof=1) == pytest.approx(exact[name].deviation, rel=0.15)
    assert exact["mean"].mean == exact["first"].mean == 0
    assert exact["first"].deviation == pytest.approx(math.sqrt(2))  # it never settles
    assert exact["log"].mean < 0
    if k <= 30:
        error_of_log = found["log"].std(ddof=1) / math.sqrt(bias.REPLICATES)
        assert found["log"].mean() < -5 * error_of_log
    np.testing.assert_allclose(found["log"], np.log1p(found["mean"]))


def test_histograms_count_every_estimate() -> None:
    now = bias.frame(4, 0)
    for name, found in bias.estimates(4, 0).items():
        counts, _ = np.histogram(np.clip(found, -2.999, 2.999), bins=bias.BINS, range=bias.WINDOW)
        np.testing.assert_allclose(now.traces[name]["y"], counts / counts.max(), atol=0.01)
    assert now.traces["log words"]["text"] == ["<b>log of the mean</b>: bias −0.270, spread 0.80"]
    assert bias.frame(1, 0).numbers["bias"] == pytest.approx(-1.2704, abs=1e-4)


@pytest.mark.parametrize("of", weights.ASKED)
@pytest.mark.parametrize(("mu", "sigma"), [(3.0, 1.0), (0.0, 0.4), (-1.0, 2.5), (5.0, 1.5)])
def test_weighted_draws_by_hand(of: str, mu: float, sigma: float) -> None:
    now = weights.frame(mu, sigma, 100, 7, of)
    eps = weights.base_noise(7).numpy()[:100]
    z = mu + sigma * eps
    w = np.exp(stats.norm.logpdf(z) - stats.norm.logpdf(z, mu, sigma))
    f = np.where(z > 3, 1.0, 0.0) if of == "rare" else z**2
    numbers = now.numbers
    assert numbers["weighted"] == pytest.approx(np.mean(w * f))
    assert numbers["weighted_error"] == pytest.approx(np.std(w * f, ddof=1) / 10)
    assert numbers["normalized"] == pytest.approx(np.sum(w * f) / np.sum(w))
    assert numbers["effective"] == pytest.approx(np.sum(w) ** 2 / np.sum(w**2))
    assert numbers["plain"] == pytest.approx(np.mean(eps > 3 if of == "rare" else eps**2))
    assert numbers["truth"] == pytest.approx(stats.norm.sf(3) if of == "rare" else 1.0)
    np.testing.assert_allclose(now.traces["weights"]["y"], w[: weights.STEMS])
    cuts = np.cumsum(np.sort(w / w.sum())[::-1])[: weights.CUTS]
    np.testing.assert_allclose(now.traces["cuts"]["x"], cuts)
    assert numbers["largest"] == pytest.approx(cuts[0])
    assert bool(numbers["finite"]) == (squared_over(mu, sigma) is not None)
    assert ("infinite variance" in str(numbers["told"])) == (sigma == 0.4)


def test_what_is_said_of_weights() -> None:
    """When they help, when one eats the others, and when nothing can be trusted."""
    rare, square = (weights.frame(3.0, 1.0, 100, 0, of).numbers for of in weights.ASKED)
    assert rare["worth"] == "22,000"
    plain = stats.norm.sf(3) * stats.norm.cdf(3)
    second = integrate.quad(lambda z: math.exp(4.5 - 3 * z) * stats.norm.pdf(z), 3, 12)[0]
    assert plain / (second - stats.norm.sf(3) ** 2) == pytest.approx(220, rel=0.03)
    assert rare["plain"] == 0  # no plain draw is there
    assert float(rare["effective"]) < 5  # uneven weights, and they help
    assert float(square["largest"]) > 0.5
    assert weights.frame(0.0, 0.4, 100, 0, "square").numbers["deviation"] == "infinite"
    assert weighted_variance(SQUARE, 0.0, 1.5) < weighted_variance(SQUARE, 0.0, 1.0)


def build(view: str, of: str) -> tuple[Picture, dict[str, Any]]:
    picture = VIEWS[view].build(LESSON, of)
    return picture, {param.key: param.default for param in picture.axes}


@pytest.mark.parametrize(("view", "of"), SHOWN)
def test_every_view_draws_every_trace(view: str, of: str) -> None:
    picture, values = build(view, of)
    now = picture.at(values)
    assert now
    figure: Any = picture.figure(now)  # type: ignore[operator]
    assert set(now.traces) <= {trace.name for trace in figure.data}
    assert figure.layout.uirevision
    told = picture.takeaway.format(**{**now.numbers, **values})
    assert "nan" not in told
    for cell in (picture.table or {}).values():
        numbers = {
            name: int(n) if name in {"points", "cells"} else n for name, n in now.numbers.items()
        }
        assert "nan" not in str(cell).format(**numbers)


@pytest.mark.parametrize("of", weights.ASKED)
def test_bells_and_truth_stay_in_sight(of: str) -> None:
    picture, values = build("weights", of)
    for sigma in (0.4, 2.5):
        for mu in (-1.0, 5.0):
            now = weights.frame(mu, sigma, 100, 0, of)
            figure: Any = weights_drawn.draw(now, of)
            assert now.traces["q(z)"]["y"].max() < figure.layout.yaxis.range[1]
            assert np.nanmax(now.traces["cuts"]["x"]) <= 1 + 1e-12
    low, high = weights.ASKED[of].window
    assert low < weights.ASKED[of].integrand.mean < high
    assert values["mu"] == 3
    assert picture.handles[0].trace == "q(z)"
