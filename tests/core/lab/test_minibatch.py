"""The decomposition of a doubly stochastic gradient, against its simulation as a whole."""

import numpy as np
import pytest

from vae_core.lab.doubly_stochastic.minibatch import (
    Decomposition,
    data_points,
    decompose,
    single_gradients,
)


def simulated_variance(estimator: str, batch: int, samples: int, parameter: str) -> float:
    """Draw minibatches and noise together, and take the variance of what comes out."""
    x, rng = data_points(1.5), np.random.default_rng(0)
    singles = single_gradients(estimator, 0.7, 0.5, x, samples, 40_000, 1, parameter)
    ranks = rng.random(singles.shape).argsort(axis=1)[:, :batch]
    return float(np.take_along_axis(singles, ranks, axis=1).mean(axis=1).var(ddof=1))


@pytest.mark.parametrize("parameter", ["loc", "scale"])
@pytest.mark.parametrize(
    ("estimator", "batch", "samples"),
    [("pathwise", 1, 1), ("pathwise", 8, 3), ("score", 8, 1), ("score_loo", 4, 2)],
)
def test_parts_add_up_to_the_whole(estimator, batch, samples, parameter):
    parts = decompose(estimator, 0.7, 0.5, data_points(1.5), batch, samples, 20_000, 2, parameter)
    whole = simulated_variance(estimator, batch, samples, parameter)
    assert parts.total == pytest.approx(whole, rel=0.1)


def test_closed_form_of_the_path():
    """The slope of (z - x)^2 / 2 is z - x: variance sigma^2 / (M K), and that of the data."""
    x = data_points(2.0)
    parts = decompose("pathwise", 0.3, 0.8, x, 4, 2, 20_000)
    assert parts.noise == pytest.approx(0.64 / 8, rel=0.03)
    assert parts.minibatch == pytest.approx(x.var(ddof=1) / 4 * (1 - 4 / 32), rel=1e-12)


def test_the_whole_data_leave_no_minibatch_part():
    assert decompose("pathwise", 0.3, 0.8, data_points(2.0), 32, 1, 50).minibatch == 0.0


def test_data_have_the_spread_that_they_are_asked_for():
    assert data_points(1.7).std() == pytest.approx(1.7)
    assert data_points(1.7).mean() == pytest.approx(0.0, abs=1e-12)


def test_naive_has_no_noise_and_a_wrong_batch_is_refused():
    assert decompose("naive", 0.3, 0.8, data_points(1.0), 4, 1, 50).noise == 0.0
    assert Decomposition(1.0, 2.0).total == 3.0
    with pytest.raises(ValueError, match="1 to 32 data points"):
        decompose("pathwise", 0.3, 0.8, data_points(1.0), 33, 1)
