"""The wave over the cube: its integral, its spread, its grids and its averages."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.polynomial.legendre import leggauss

from vae_core.families.cube import (
    affordable_grid,
    grid_error,
    grid_value,
    measured_errors,
    wave,
    wave_deviation,
    wave_mean,
)


def f(z: torch.Tensor) -> np.ndarray:
    """The wave as it is written on the page."""
    return np.asarray(np.cos(4 * (z.numpy() - 0.5).sum(-1) / math.sqrt(z.shape[-1])))


def grid(points: int, dim: int) -> torch.Tensor:
    """The middles of all cells, (points^dim, dim)."""
    middles = (np.arange(points) + 0.5) / points
    return torch.tensor(list(itertools.product(middles, repeat=dim)), dtype=torch.float64)


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_the_integral_and_the_spread_by_gauss_rules(dim: int) -> None:
    nodes, weights = leggauss(8)
    z = torch.tensor(list(itertools.product((nodes + 1) / 2, repeat=dim)), dtype=torch.float64)
    weight = np.array([math.prod(each) for each in itertools.product(weights / 2, repeat=dim)])
    mean = weight @ f(z)
    assert wave_mean(dim) == pytest.approx(mean, abs=1e-9)
    assert wave_deviation(dim) ** 2 == pytest.approx(weight @ f(z) ** 2 - mean**2, abs=1e-7)


@pytest.mark.parametrize(("dim", "points"), [(1, 1), (1, 50), (2, 7), (3, 10), (4, 6), (6, 3)])
def test_the_grids_value_is_that_of_every_cell(dim: int, points: int) -> None:
    cells, half = grid(points, dim), 2 / math.sqrt(dim)
    brute = f(cells).mean()
    np.testing.assert_allclose(wave(cells), f(cells), atol=1e-12)
    assert (math.sin(half) / (points * math.sin(half / points))) ** dim == pytest.approx(brute)
    assert (math.sin(half) / half) ** dim == pytest.approx(wave_mean(dim))
    assert grid_value(points, dim) == pytest.approx(brute, rel=1e-12)
    assert grid_error(points, dim) == pytest.approx(abs(brute - wave_mean(dim)), abs=1e-13)


@pytest.mark.parametrize("dim", [1, 2, 4, 10, 20])
def test_a_grids_error_falls_with_slope_minus_two_over_d(dim: int) -> None:
    points = np.array([16, 24, 32, 48, 64])
    errors = [grid_error(int(n), dim) for n in points]
    slope = np.polyfit(np.log(points.astype(float) ** dim), np.log(errors), 1)[0]
    assert slope == pytest.approx(-2.0 / dim, rel=0.01)


@pytest.mark.parametrize("dim", [1, 3, 10])
def test_a_rule_of_order_four_has_slope_minus_four_over_d(dim: int) -> None:
    """Two Gauss points a panel; the mean of the wave is the D-th power of one axis's."""
    nodes, _ = leggauss(2)
    counts, errors = [], []
    for panels in (4, 6, 8, 12):
        x = ((np.arange(panels)[:, None] + (nodes + 1) / 2) / panels).ravel()
        axis = np.cos(4 * (x - 0.5) / math.sqrt(dim)).mean()
        counts.append(float(2 * panels) ** dim)
        errors.append(abs(axis**dim - wave_mean(dim)))
    slope = np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert slope == pytest.approx(-4 / dim, rel=0.02)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 10, 20])
def test_the_largest_grid_that_can_be_paid(dim: int) -> None:
    for evaluations in (1, 2, 10, 999, 1000, 1024, 59_048, 59_049, 100_000, 10**6, 2**20):
        points = affordable_grid(evaluations, dim)
        assert points**dim <= evaluations < (points + 1) ** dim


def test_averages_have_the_error_of_their_law() -> None:
    """sigma / sqrt(K) in every D, within what so many averages can tell; slope -1/2."""
    samples, pool = (1, 8, 64, 512), 512 * 400
    found = measured_errors(samples, 20, pool, torch.Generator().manual_seed(11)).numpy()
    for dim in (1, 2, 5, 10, 20):
        for at, count in enumerate(samples):
            squared = found[dim - 1, at] ** 2 / (wave_deviation(dim) ** 2 / count)
            assert abs(squared - 1.0) < 4.5 * math.sqrt(2.0 * count / pool), (dim, count)
        slope = np.polyfit(np.log(samples), np.log(found[dim - 1]), 1)[0]
        assert slope == pytest.approx(-0.5, abs=0.015)


def test_the_measured_averages_are_those_of_the_wave() -> None:
    dims, pool = 3, 24
    found = measured_errors((1, 6), dims, pool, torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(2)
    z = torch.stack(
        [torch.rand(pool, generator=generator, dtype=torch.float64) for _ in range(dims)], -1
    )
    for dim in range(1, dims + 1):
        off = wave(z[:, :dim]) - wave_mean(dim)
        for at, count in enumerate((1, 6)):
            means = off.reshape(-1, count).mean(1)
            assert found[dim - 1, at].item() == pytest.approx(means.square().mean().sqrt().item())


def test_a_pool_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="must divide the pool"):
        measured_errors((3,), 1, 10, torch.Generator())
