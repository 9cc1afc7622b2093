"""The numbers of the page on two kinds of chance, as they are shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pages.beyond.doubly_stochastic import chances, climbed, parts, plane, relevance
from vae_core.lab.doubly_stochastic.bell import FixedPrior, bound, held_out, predicted
from vae_core.lab.doubly_stochastic.cases import load

END = climbed.KNOTS[-1]


def at_end(of: str, **more: object) -> dict[str, float]:
    module = {"plane": plane, "map": chances}[of]
    values = {"t": END, "batch": 32, "seed": 0, "shape": "diagonal", "noise": "weights", **more}
    return {name: float(value) for name, value in module.frame(**values).numbers.items()}


def test_a_diagonal_q_ends_too_narrow_and_a_full_one_does_not() -> None:
    narrow, wide = at_end("plane"), at_end("plane", shape="full")
    assert max(narrow["first"], narrow["second"]) < 80.0
    assert min(wide["first"], wide["second"]) > 90.0
    assert narrow["bound"] < narrow["best"] < wide["best"] < wide["evidence"]
    assert narrow["gap"] == pytest.approx(narrow["evidence"] - narrow["bound"])


def test_the_bounds_of_a_way_are_those_of_its_bells() -> None:
    walked, cases = climbed.way("full", "cases", 8, 1), climbed.two()
    assert len(walked.bells) == len(walked.bounds) == len(climbed.KNOTS)
    for place in (0, 7, -1):
        value = bound(walked.bells[place], climbed.PRIOR, cases.x, cases.sign)
        assert walked.bounds[place] == pytest.approx(float(value))
    trail = plane.frame(climbed.KNOTS[7], 8, 1, "full", "cases").traces["trail"]
    np.testing.assert_array_equal(trail["x"][-1], walked.bells[7].loc[0])


def test_an_ellipse_lies_two_deviations_from_its_mean() -> None:
    there = climbed.target()
    shown = plane.around(there.loc.numpy(), there.covariance.numpy())
    off = np.stack([shown["x"], shown["y"]]) - there.loc[:2, None].numpy()
    distance = (off * np.linalg.solve(there.covariance[:2, :2].numpy(), off)).sum(0)
    np.testing.assert_allclose(distance, 4.0)


def test_what_is_said_of_one_case_a_step_is_so() -> None:
    told = {name: float(value) for name, value in climbed.one_case().items()}
    assert told["floor"] <= told["every"] < told["one"] < 5.0
    ends = [at_end("plane", batch=batch)["gap"] for batch in (1, int(told["cases"]))]
    assert [told["one"], told["every"]] == pytest.approx(ends, abs=0.005)


@pytest.mark.parametrize("shape", ["diagonal", "full"])
def test_the_lines_of_the_map_are_where_they_say(shape: str) -> None:
    q = climbed.way(shape, "weights", 32, 0).bells[-1]
    now = chances.frame(END, 32, 0, shape, "weights")
    for name, height in chances.LEVELS.items():
        line = now.traces[name]
        seen = ~np.isnan(line["y"])
        assert seen.sum() > 30
        x = np.stack([line["x"][seen], line["y"][seen], np.ones(seen.sum())], axis=1)
        np.testing.assert_allclose(predicted(q, torch.from_numpy(x)), height, atol=0.03)


def test_where_no_case_was_seen_averaging_is_less_sure() -> None:
    narrow, wide = at_end("map"), at_end("map", shape="full")
    assert 50.0 < wide["sure"] + 3.0 < narrow["sure"] < narrow["plain"] - 2.0
    q, cases = climbed.way("diagonal", "weights", 32, 0).bells[-1], climbed.two()
    assert narrow["held"] == held_out(q, cases.held_x, cases.held_sign)
    nearest = (cases.x[:, :2] - torch.tensor(chances.ASKED)).norm(dim=1).min()
    assert nearest > 1.0


def test_more_draws_help_the_noise_and_more_cases_the_minibatch() -> None:
    few, draws, many = (parts.parts(*at) for at in ((8, 1), (8, 10), (398, 1)))
    assert draws["weights"] == pytest.approx(few["weights"] / 10)
    assert draws["minibatch"] == few["minibatch"]
    assert many["minibatch"] == pytest.approx(0.0, abs=1e-9)
    assert many["weights"] > 0.5 * few["weights"] > 5.0 * many["cases"]
    now = parts.frame(398, 1)
    assert np.isnan(now.traces["minibatch here"]["y"]).all()
    assert now.numbers["together"] == 100.0


def test_weights_are_pruned_where_their_prior_has_shrunk() -> None:
    walked, cases = relevance.way("ard", 0), load()
    early, late = (relevance.frame(t, 0) for t in (0, relevance.STEPS))
    assert early.numbers["pruned"] == 0
    shrunk = np.hypot(walked.loc[-1], walked.deviation[-1]) < relevance.PRUNED
    assert late.numbers["pruned"] == shrunk.sum() >= 12
    shown = ~np.isnan(late.traces["gone"]["x"])
    np.testing.assert_array_equal(shown, shrunk)
    assert np.abs(walked.loc[-1][shrunk]).max() < relevance.PRUNED
    assert late.numbers["bound"] > late.numbers["bound_fixed"] + 5.0
    assert len(cases.names) == len(relevance.ROWS) + 1
    assert {"fixed": FixedPrior(1.0).scale, "ard": None} == relevance.KINDS
