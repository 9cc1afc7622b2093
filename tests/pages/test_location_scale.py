"""The transform's picture against scipy and against its own claims: areas, paths, gradients."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from pages.trick.location_scale import picture

SETTINGS = [(1.5, 0.6, 1.0, 12, 0), (-3.0, 0.4, -2.5, 1, 5), (0.0, 2.0, 0.0, 200, 9)]
each_setting = pytest.mark.parametrize(("mu", "sigma", "eps", "n", "seed"), SETTINGS)


@each_setting
def test_the_slice_keeps_its_area(mu: float, sigma: float, eps: float, n: int, seed: int) -> None:
    numbers = picture.frame(mu, sigma, eps, n, seed, 1.0).numbers
    assert numbers["z"] == pytest.approx(mu + sigma * eps, rel=1e-12, abs=1e-12)
    assert numbers["p"] == pytest.approx(stats.norm.pdf(eps), rel=1e-12)
    assert numbers["q"] == pytest.approx(stats.norm.pdf(mu + sigma * eps, mu, sigma), rel=1e-12)
    assert numbers["dz"] == pytest.approx(sigma * numbers["deps"], rel=1e-12)
    assert numbers["area_z"] == pytest.approx(numbers["area_eps"], rel=1e-12)


@each_setting
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0])
def test_the_shaded_areas_are_one_probability(
    mu: float, sigma: float, eps: float, n: int, seed: int, t: float
) -> None:
    traces = picture.frame(mu, sigma, eps, n, seed, t).traces
    exact = np.diff(stats.norm.cdf(eps + picture.SLICE_WIDTH * np.array([-0.5, 0.5])))[0]
    for name, foot in (("slice", "slice foot"), ("base slice", "base slice foot")):
        height = traces[name]["y"] - traces[foot]["y"]
        area = np.trapezoid(height, traces[name]["x"])
        assert area == pytest.approx(exact, rel=2e-3)


@each_setting
def test_samples_fall_from_eps_to_z(mu: float, sigma: float, eps: float, n: int, seed: int) -> None:
    base = picture.base_samples(seed)[:n]
    start, half, end = (picture.frame(mu, sigma, eps, n, seed, t) for t in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(start.traces["samples"]["x"], base, rtol=1e-12)
    np.testing.assert_allclose(end.traces["samples"]["x"], mu + sigma * base, rtol=1e-12)
    middle = (base + mu + sigma * base) / 2
    np.testing.assert_allclose(half.traces["samples"]["x"], middle, rtol=1e-12)
    assert set(start.traces["samples"]["y"]) == {picture.UPPER_ROW}
    assert set(end.traces["samples"]["y"]) == {0.0}


def test_arrows_are_the_gradient_by_finite_differences() -> None:
    step = 1e-6

    def landed(mu: float, sigma: float) -> np.ndarray:
        return picture.frame(mu, sigma, 0.0, 8, 3, 1.0).traces["samples"]["x"]

    slopes = {
        "mu": (landed(1 + step, 0.7) - landed(1 - step, 0.7)) / (2 * step),
        "sigma": (landed(1, 0.7 + step) - landed(1, 0.7 - step)) / (2 * step),
    }
    traces = picture.frame(1.0, 0.7, 0.0, 8, 3, 1.0).traces
    for name, slope in slopes.items():
        shafts = traces[picture.ARROWS[name]]["x"].reshape(-1, 3)
        drawn = (shafts[:, 1] - shafts[:, 0]) / picture.NUDGE
        np.testing.assert_allclose(drawn, slope, atol=1e-6)


def test_the_same_seed_gives_the_same_samples() -> None:
    np.testing.assert_array_equal(picture.base_samples(4), picture.base_samples(4))
    assert not np.array_equal(picture.base_samples(4), picture.base_samples(5))


def test_the_figure_draws_every_trace_that_moves() -> None:
    now = picture.frame(1.5, 0.6, 1.0, 12, 0, 1.0)
    drawn = {trace.name for trace in picture.figure(now).data}
    assert set(now.traces) <= drawn
