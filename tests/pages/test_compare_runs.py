"""The page of runs side by side, without a browser, and its words and figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pages import contents
from pages.practice.compare_runs import curves as figures
from pages.practice.compare_runs.runners import RUNNERS
from tests.support import pages_sweep
from tests.support.small_jobs import small_jobs
from vae_core.estimators import ESTIMATORS
from vae_core.runs.jobs import Jobs
from vae_core.runs.standing import RunView
from vae_core.training.config import TrainConfig

PAGE = contents.page_info("compare_runs")
WORDS = {"none": "none", "one": "{name} {elbo}", "some": "{name} {elbo} {second} {ahead}"}


@pytest.fixture
def jobs(tmp_path) -> Iterator[Jobs]:
    """A queue that trains two at a time in a moment."""
    with small_jobs(tmp_path, workers=2) as made:
        yield made


def press(app, key: str):
    app.button(key=key).click().run()
    assert not app.exception
    return app


def tokens(app) -> list[str]:
    value = app.query_params["runs"]
    return (value if isinstance(value, str) else value[0]).split(",")


def ended(jobs: Jobs, app) -> list[RunView]:
    return [jobs.wait_for(token, lambda view: not view.active) for token in tokens(app)]


def test_every_estimator_may_take_part_with_enough_samples():
    assert {runner.estimator for runner in RUNNERS.values()} <= set(ESTIMATORS)
    assert all(r.samples >= ESTIMATORS[r.estimator].min_samples for r in RUNNERS.values())


def test_all_start_alike_and_differ_in_their_estimator_alone(jobs):
    app = press(pages_sweep.open_page(PAGE, runners="pathwise-1,score-4", seed="5"), "start")
    views = ended(jobs, app)
    assert [(v.config.estimator, v.config.samples) for v in views] == [
        ("pathwise", 1),
        ("score", 4),
    ]
    assert {v.config.seed for v in views} == {5}
    first = [view.history[0].test for view in views]
    assert first[0] == first[1]
    assert views[0].history[-1].test.elbo > views[1].history[-1].test.elbo
    again = pages_sweep.open_page(PAGE, runs=",".join(tokens(app)))
    assert pages_sweep.faults(again) == []
    assert figures.best(views) is views[0]
    ahead = views[0].history[-1].test.elbo - views[1].history[-1].test.elbo
    assert figures.takeaway(views, WORDS).endswith(f"{ahead:.1f}")
    table = figures.table(views)
    assert [len(column) for column in table.values()] == [2] * len(table)
    assert len(figures.strips(views)) == 3
    drawn = figures.curves(views, "seconds").data
    assert [trace.name for trace in drawn] == [figures.runner_of(view).title for view in views]
    press(app, "reset")
    assert "runs" not in app.query_params
    assert all(jobs.look(view.token) is None for view in views)


def test_runs_that_another_page_began_stand_side_by_side_too(jobs):
    """Coins, and a K that this page does not offer."""
    coins = {"posterior": "bernoulli", "latent": 3, "hidden": 20}
    plans = [TrainConfig("disarm", **coins), TrainConfig("score_loo", 2, **coins)]
    held = jobs.start_many(plans, "ann")
    views = [jobs.wait_for(token, lambda view: not view.active) for token in held]
    assert pages_sweep.faults(pages_sweep.open_page(PAGE, runs=",".join(held))) == []
    drawn = figures.curves(views, "step").data
    assert [trace.name for trace in drawn] == ["DisARM, K = 1", "REINFORCE, leave-one-out, K = 2"]


def test_five_are_too_many_and_the_first_four_run(jobs):
    many = ",".join(list(RUNNERS)[:5])
    app = pages_sweep.open_page(PAGE, runners=many, epochs="0.5")
    assert any("Four runs" in caption.value for caption in app.caption)
    press(app, "start")
    assert len(ended(jobs, app)) == 4


def test_before_a_run_the_recorded_ones_stand_there():
    drawn = figures.curves([], "step").data
    assert len(drawn) == 3
    assert all(trace.name.startswith("recorded") for trace in drawn)
    assert all(trace.y[-1] > trace.y[0] for trace in drawn)
    assert figures.takeaway([], WORDS) == "none"
    assert figures.table([]) is None
    assert figures.strips([]) == []


def test_an_address_of_runs_that_are_gone_says_so(jobs):
    app = pages_sweep.open_page(PAGE, runs="nobody,nowhere")
    assert pages_sweep.faults(app) == []
    assert any("gone" in warning.value for warning in app.warning)
