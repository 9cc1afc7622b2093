"""The picture of gradient noise along a run."""

from __future__ import annotations

import numpy as np
import pytest

from pages.practice.train_vae import noise as noise_figures
from tests.support.stage import views
from vae_core.runs.looks import Look
from vae_core.training.gradient_noise import GradientNoise


def look(step: int, noise: dict[str, GradientNoise] | None) -> Look:
    return Look(step, step / 100, views(step), np.zeros(2), noise)


LOOKS = [
    look(0, {"pathwise": GradientNoise(4.0, 1.0), "score": GradientNoise(-0.1, 50.0)}),
    look(50, None),
    look(100, {"pathwise": GradientNoise(1.0, 4.0), "score": GradientNoise(0.01, 100.0)}),
]


def test_the_ratio_is_a_length_over_a_deviation():
    assert noise_figures.ratio(GradientNoise(9.0, 4.0)) == pytest.approx(1.5)
    assert noise_figures.ratio(GradientNoise(-1.0, 4.0)) is None
    assert noise_figures.ratio(GradientNoise(1.0, 0.0)) is None


def test_one_line_for_each_estimator_and_gaps_where_nothing_can_be_told():
    figure = noise_figures.curves(LOOKS, 2.0)
    drawn = {trace.name: trace for trace in figure.data}
    assert list(drawn) == ["Reparameterization", "REINFORCE"]
    np.testing.assert_allclose(drawn["Reparameterization"].x, [0.0, 1.0])
    np.testing.assert_allclose(drawn["Reparameterization"].y, [2.0, 0.5])
    assert drawn["REINFORCE"].y == (None, pytest.approx(0.01))
    assert figure.layout.yaxis.type == "log"


def test_words_and_numbers_are_the_latest():
    told = noise_figures.takeaway(LOOKS, "now {ratios}")
    assert told == "now Reparameterization 0.5, REINFORCE 0.01"
    assert "too small" in noise_figures.takeaway(LOOKS[:2], "{ratios}")
    assert noise_figures.takeaway([], "{ratios}") == ""
    assert noise_figures.table([]) is None
    assert noise_figures.table(LOOKS)["variance of one estimate"] == ["4", "100"]
