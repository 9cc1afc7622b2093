"""The pictures of the race: what a frame shows at each step, and how the many races are counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pages import contents
from pages.estimators.race import fates, picture, ways
from tests.support import pages_sweep
from vae_core.lab import PROBLEMS
from vae_core.lab.race import Course, Lane, race

NAMES = ("pathwise", "score", "naive")
RACE = contents.page_info("race")
SETTING = {
    "mu": 2.0,
    "sigma": 1.0,
    "rate": 0.1,
    "k": 1,
    "seed": 3,
    "problem": "square",
    "names": NAMES,
    "against": "steps",
}


def at_step(n: int, **change: object):
    """The frame at step n."""
    return picture.frame(**{**SETTING, **change, "n": n})


def test_a_frame_shows_the_race_itself():
    shown = at_step(ways.STEPS)
    course = Course("square", 1, ways.STEPS, seed=3)
    ran = race(["pathwise"], course, Lane(2.0, 1.0, 0.1))["pathwise"]
    at = list(ways.KNOTS)
    path, loss = shown.traces["Reparameterization"], shown.traces["pathwise loss"]
    np.testing.assert_allclose(path["x"], ran.loc[at], rtol=1e-9)
    np.testing.assert_allclose(np.exp(path["y"]), ran.scale[at], rtol=1e-9)
    np.testing.assert_allclose(loss["y"], ran.loss[at], rtol=1e-9)
    assert list(loss["x"]) == at


def test_paths_grow_with_the_steps_and_naive_stays():
    lengths = [at_step(n).traces["Reparameterization"]["x"].size for n in ways.KNOTS]
    assert lengths == list(range(1, len(ways.KNOTS) + 1))
    assert set(at_step(ways.STEPS).traces["Naive"]["x"]) == {2.0}


def test_a_runner_that_diverged_stays_at_its_last_good_step_and_is_named():
    before, after = at_step(10), at_step(20)
    assert before.traces["score sign"]["text"] != ["✗ diverged"]
    assert after.traces["score sign"]["text"] == ["✗ diverged"]
    assert "REINFORCE diverged after step 13" in str(after.numbers["verdict"])
    head = after.traces["score head"]
    assert ways.MU_WINDOW[0] <= head["x"][0] <= ways.MU_WINDOW[1]
    assert all(np.isfinite(trace["x"]).all() for trace in after.traces.values())


def test_the_loss_can_stand_against_evaluations():
    shown = at_step(ways.STEPS, names=("pathwise", "measure_valued"), against="evaluations")
    assert shown.traces["pathwise loss"]["x"][-1] == ways.STEPS
    assert shown.traces["measure_valued loss"]["x"][-1] == 5 * ways.STEPS
    assert shown.numbers["most"] == 5 * ways.STEPS


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_has_a_map_and_a_figure(problem):
    mu, log_sigma, loss = ways.loss_map(problem)
    assert loss.shape == (log_sigma.size, mu.size)
    assert np.isfinite(loss).all()
    shown = at_step(ways.STEPS, problem=problem)
    drawn = picture.figure(shown, NAMES, problem, "steps")
    names = [trace.name for trace in drawn.data]
    assert len(set(names)) == len(names)
    assert set(shown.traces) <= set(names)
    assert all(axis.title.text for axis in (*drawn.select_xaxes(), *drawn.select_yaxes()))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_wildest_race_fits_what_is_sent_to_the_browser(problem):
    """Single precision holds up to 3e38; a loss may be far beyond before its runner is stopped."""
    shown = at_step(ways.STEPS, problem=problem, mu=3.0, sigma=2.0, rate=1.0)
    arrays = [t[axis] for t in shown.traces.values() for axis in ("x", "y")]
    assert all(np.isfinite(np.asarray(array, "<f4")).all() for array in arrays)


def test_the_map_is_the_exact_loss():
    mu, log_sigma, loss = ways.loss_map("square")
    expected = mu[None, :] ** 2 + np.exp(log_sigma)[:, None] ** 2
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_no_estimator_at_all_is_no_error():
    shown = at_step(20, names=())
    assert shown.numbers["verdict"] == "Choose an estimator, and it will run."
    picture.figure(shown, (), "square", "steps")
    fates.figure({})


def test_the_words_rank_the_runners_by_their_loss():
    words = str(at_step(ways.STEPS, names=("naive", "pathwise")).numbers["verdict"])
    assert words.index("Reparameterization") < words.index("Naive 5.00")


def test_the_many_races_are_counted():
    setting = ways.setting("square", 2.0, 1.0, 0.1, 1, 3)
    counted = {name: fates.fates(name, setting) for name in NAMES}
    assert all(sum(found) == fates.RACES for found in counted.values())
    assert counted["pathwise"].arrived == fates.RACES
    assert counted["naive"].behind == fates.RACES
    assert 35 < counted["score"].diverged < 75
    assert fates.takeaway(counted).count(";") == 2
    bars = [trace for trace in fates.figure(counted).data if trace.type == "bar"]
    totals = np.sum([bar.x for bar in bars], axis=0)
    assert list(totals) == [fates.RACES] * len(NAMES)


def test_an_ideal_that_goes_nowhere_still_counts():
    """At the top of an ELBO nothing can be gained: then nothing arrives, and nothing breaks."""
    found = fates.fates("naive", ways.setting("square", 0.0, 0.1, 0.005, 1, 0))
    assert found.behind == fates.RACES


def test_the_page_runs_at_most_four_and_says_so():
    shown = pages_sweep.open_page(RACE, estimators="pathwise,score,score_loo,vargrad,stl,naive")
    assert not shown.exception
    assert any("At most 4" in caption.value for caption in shown.caption)


@pytest.mark.parametrize("query", [{"estimators": ""}, {"problem": "cubic", "rate": "1"}])
def test_the_page_bears_the_ends(query):
    shown = pages_sweep.open_page(RACE, **query)
    assert not shown.exception


def test_the_positions_of_the_sliders_are_those_that_are_run():
    assert math.isclose(ways.KNOTS[-1], ways.STEPS)
    for mu in ways.STARTS_MU:
        for sigma in ways.STARTS_SIGMA:
            for rate in ways.RATES:
                start = ways.setting("square", mu, sigma, rate, 1, 0)
                assert ways.way("naive", start).loc[-1] == mu


def test_the_answer_to_the_question_is_true():
    """Of a hundred races, REINFORCE loses about every other one; reparameterization none."""
    setting = ways.setting("square", 2.0, 1.0, 0.1, 1, 3)
    lost = [fates.fates(n, setting).diverged for n in NAMES[:2]]
    assert lost[0] == 0
    assert 35 <= lost[1] <= 65
