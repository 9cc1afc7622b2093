"""A run that lost its place, as on a cluster: it waits before all others, at its last snapshot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.patience import patiently
from tests.support.stage import STEPS, Stage, reaches, seed, stands
from vae_core.runs.jobs import Jobs
from vae_core.runs.work.trainer import Displaced
from vae_core.runs.work.workers import MOST_LOST

LOST = Displaced("Lost again and again.", lost=True)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def jobs(stage: Stage) -> Iterator[Jobs]:
    made = Jobs(workers=1, trainer=stage)
    yield made
    stage.ending = None
    stage.steps(1000)
    made.shutdown()


def lose(jobs: Jobs, stage: Stage, token: str) -> None:
    """Let the run at work lose its place, once."""
    run = jobs.archive.find(token)
    before, stage.ending = run.lost, LOST
    stage.steps(1)
    jobs.wait_for(token, lambda view: run.lost > before)
    stage.ending = None


def test_it_goes_on_before_all_others_from_its_snapshot(jobs, stage):
    first, second = jobs.start(seed(1), "ann"), jobs.start(seed(2), "ben")
    stage.steps(2)
    jobs.wait_for(first, reaches(2))
    jobs._workers.make_room(0)
    lose(jobs, stage, first)
    view = jobs.wait_for(first, stands("queued"))
    assert (view.place, view.message, view.snapshot) == (1, "", 2)
    assert [point.step for point in view.history] == [0, 1, 2]
    assert jobs.look(second).place == 2

    jobs._workers.make_room(1)
    jobs.wait_for(first, stands("running"))
    stage.steps(STEPS - 2)
    view = jobs.wait_for(first, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))
    assert jobs.wait_for(second, stands("running")).place == 0


def test_where_there_is_room_it_goes_on_at_once(jobs, stage):
    token = jobs.start(seed(1), "ann")
    stage.steps(1)
    jobs.wait_for(token, reaches(1))
    lose(jobs, stage, token)
    stage.steps(STEPS)
    view = jobs.wait_for(token, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))


def test_what_is_lost_again_and_again_ends_there_and_says_so(jobs, stage):
    token = jobs.start(seed(1), "ann")
    run = jobs.archive.find(token)
    stage.ending = LOST
    stage.steps(MOST_LOST)
    assert jobs.wait_for(token, lambda view: run.lost == MOST_LOST).active
    stage.steps(1)
    view = jobs.wait_for(token, stands("interrupted"))
    assert (view.message, view.resumable) == (str(LOST), True)
    stage.ending = None
    jobs.resume(token)
    jobs.wait_for(token, reaches(0))
    lose(jobs, stage, token)
    assert jobs.look(token).active
    stage.steps(STEPS)
    assert jobs.wait_for(token, stands("finished")).message == ""


def test_want_of_room_ends_nothing(jobs, stage):
    token = jobs.start(seed(1), "ann")
    stage.ending = Displaced()
    stage.steps(2 * MOST_LOST)
    assert patiently(lambda: len(stage.settings) > 2 * MOST_LOST)
    assert jobs.look(token).active
    stage.ending = None
    stage.steps(STEPS)
    jobs.wait_for(token, stands("finished"))


@pytest.mark.parametrize(
    ("act", "state"), [(Jobs.pause, "paused"), (Jobs.stop, "stopped")], ids=["pause", "stop"]
)
def test_what_is_to_rest_or_end_does_not_stand_in_line(jobs, stage, act, state):
    token = jobs.start(seed(1), "ann")
    stage.steps(2)
    jobs.wait_for(token, reaches(2))
    act(jobs, token)
    lose(jobs, stage, token)
    view = jobs.wait_for(token, stands(state))
    assert jobs.wait_for(token, lambda view: not jobs._line.works(jobs.archive.find(token)))
    assert (view.snapshot, view.message, len(jobs._line)) == (2, "", 0)


@pytest.mark.parametrize(
    "act", [Jobs.pause, Jobs.stop, Jobs.discard], ids=["pause", "stop", "discard"]
)
def test_one_that_waits_can_be_told_to_rest_or_end(jobs, stage, act):
    token = jobs.start(seed(1), "ann")
    jobs.wait_for(token, reaches(0))
    jobs._workers.make_room(0)
    lose(jobs, stage, token)
    jobs.wait_for(token, stands("queued"))
    act(jobs, token)
    assert len(jobs._line) == 0
    view = jobs.look(token)
    assert view is None or view.state in ("paused", "stopped")


def test_less_room_takes_nobodys_place(jobs, stage):
    jobs._workers.make_room(2)
    tokens = [jobs.start(seed(number), str(number)) for number in range(3)]
    jobs._workers.make_room(1)
    assert [jobs.look(token).state for token in tokens] == ["running", "running", "queued"]
    stage.steps(STEPS)
    jobs.stop(tokens[0])
    jobs.stop(tokens[1])
    stage.steps(1000)
    jobs.wait_for(tokens[2], stands("running", "finished"))
