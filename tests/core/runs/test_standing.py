"""What happens to a run, on plain values: each transition gives a new standing."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, fields, replace

import pytest
import torch

from tests.support.stage import BOUND, CONFIG, Stage
from vae_core.runs.shared_run import SharedRun
from vae_core.runs.standing import SERVER_STOPPED, Point, RunView, Standing
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import Settings, TrainConfig

OTHER = Settings(learning_rate=1e-4)


def report(step, **changes):
    return replace(Stage.report(CONFIG, step, "running"), **changes)


def after(*steps: int) -> Standing:
    """A run that has reported at these steps."""
    run = Standing(CONFIG, CONFIG.settings).running()
    for step in steps:
        run = run.after(report(step))
    return run


def seen(run: Standing) -> tuple:
    """All of a standing, to compare."""
    return tuple(getattr(run, field.name) for field in fields(Standing))


TRANSITIONS = {
    "waiting": lambda run: run.waiting(),
    "running": lambda run: run.running(),
    "paused": lambda run: run.paused(),
    "using": lambda run: run.using(OTHER),
    "after": lambda run: run.after(report(4)),
    "ended": lambda run: run.ended("failed", "Why."),
    "cut_off": lambda run: run.cut_off(),
    "without_looks": lambda run: run.without_looks(),
}
CHANGED = {
    "waiting": {"state", "message"},
    "running": {"state"},
    "paused": {"state"},
    "using": {"settings", "as_planned"},
    "after": {"history", "looks", "views", "kl_per_dimension", "fraction", "checkpoint"},
    "ended": {"state", "message"},
    "cut_off": {"state", "message", "history", "looks"},
    "without_looks": {"looks"},
}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_changes_what_it_says_and_nothing_in_place(name):
    run = replace(after(0, 1, 2), state="diverged", message="Too large.")
    run = replace(run.after(report(3, checkpoint=None)), checkpoint=Checkpoint(2, 2.0, {}))
    before = seen(run)
    now = TRANSITIONS[name](run)
    assert all(a is b for a, b in zip(before, seen(run), strict=True))
    names = [field.name for field in fields(Standing)]
    changed = {each for each in names if getattr(now, each) is not getattr(run, each)}
    assert changed == CHANGED[name]
    with pytest.raises(FrozenInstanceError):
        now.state = "queued"


def test_waiting_anew_forgets_how_it_ended():
    run = after(0, 1).ended("diverged", "Too large.")
    assert run.resumable
    assert (run.waiting().state, run.waiting().message) == ("queued", "")
    assert run.waiting().history == run.history


def test_reports_of_another_past_go():
    run = after(0, 1, 2, 3).after(report(1))
    assert [point.step for point in run.history] == [0, 1]
    assert [look.step for look in run.looks] == [0, 1]
    assert (run.fraction, run.snapshot) == (0.2, 1)


def test_a_report_without_pictures_and_snapshot_keeps_the_last_ones():
    run = after(0, 1)
    now = run.after(report(2, views=None, checkpoint=None, kl_per_dimension=None))
    assert now.views is run.views
    assert now.kl_per_dimension is run.kl_per_dimension
    assert now.checkpoint is run.checkpoint
    assert now.history[-1].step == 2
    assert now.looks == run.looks


def test_what_broke_off_is_back_at_its_snapshot():
    run = replace(after(0, 1, 2, 3), checkpoint=Checkpoint(1, 1.0, {}))
    found = run.cut_off()
    assert (found.state, found.message) == ("interrupted", SERVER_STOPPED)
    assert [point.step for point in found.history] == [0, 1]
    assert [look.step for look in found.looks] == [0, 1]
    assert replace(run, checkpoint=None).cut_off().history == ()


def test_without_whoever_trained_it_a_run_shows_what_it_showed_at_its_snapshot():
    run = SharedRun(replace(after(0, 1, 2, 3), checkpoint=Checkpoint(1, 1.0, {})))
    run.fall_back()
    now = run.standing
    assert ([p.step for p in now.history], [look.step for look in now.looks]) == ([0, 1], [0, 1])
    assert now.views is now.looks[-1].views
    assert now.kl_per_dimension.tolist() == [1.0, 1.0]
    run.standing = replace(after(0), looks=(), checkpoint=None)
    before = run.standing.views
    run.fall_back()
    assert run.standing.views is before


def test_other_settings_leave_the_plan_for_good():
    run = after(0)
    assert run.using(CONFIG.settings).as_planned
    assert not run.using(OTHER).as_planned
    assert not run.using(OTHER).using(CONFIG.settings).as_planned


@pytest.mark.parametrize(
    ("state", "serves"),
    [("queued", True), ("running", True), ("finished", True), ("paused", False),
     ("stopped", False), ("interrupted", False), ("diverged", False), ("failed", False)],
)  # fmt: skip
def test_whom_it_serves(state, serves):
    run = replace(after(0), state=state)
    assert run.serves(CONFIG) is serves
    assert not run.serves(replace(CONFIG, seed=1))
    assert not run.using(OTHER).serves(CONFIG)
    timed = TrainConfig(seconds=5.0)
    assert not replace(run, config=timed).serves(timed)


def test_memory_is_that_of_snapshot_and_looks():
    run = after(0, 1)
    assert run.looks_memory == run.memory > 0
    tensors = {"weight": torch.zeros(3, 5), "step": torch.zeros((), dtype=torch.float64)}
    heavier = replace(run, checkpoint=Checkpoint(1, 1.0, tensors))
    assert heavier.memory == run.memory + 15 * 4 + 8
    assert heavier.without_looks().memory == 15 * 4 + 8


def test_a_view_shows_all_of_the_standing():
    run = after(0, 1, 2)
    view = RunView.of(run, "token", 3, 30)
    assert all(a is b for a, b in zip(seen(run), seen(view), strict=True))
    assert (view.token, view.place, view.watchers) == ("token", 3, 30)
    assert view.seconds_left == pytest.approx(3.0)


def test_a_point_comes_back_from_plain_values():
    for test in (BOUND, None):
        told = Point.of(report(3, test=test))
        assert Point.from_dict(asdict(told)) == told
        assert (told.step, told.epoch, told.test) == (3, 0.6, test)


@pytest.mark.parametrize("thread", [False, True])
def test_the_first_reason_to_end_counts(thread):
    run = SharedRun(after(0, 1), has_thread=thread)
    assert run.end("stopped", "First.")
    assert not run.end("interrupted", "Second.")
    assert run.active is thread
    assert not run.serves(CONFIG)
    run.finish(run.ending or ("stopped", "First."))
    assert (run.standing.state, run.standing.message) == ("stopped", "First.")
    assert not run.has_thread


def test_who_parts_takes_the_standing_along_and_shares_no_change():
    run = SharedRun(after(0, 1), watchers={"a": "ann", "b": "ben"}, has_thread=True)
    own = run.part("b")
    assert own.standing is run.standing
    assert (run.watchers, own.watchers) == ({"a": "ann"}, {"b": "ben"})
    assert (own.has_thread, own.unsaved) == (False, True)
    own.pause()
    run.take(report(2))
    assert (own.standing.state, run.standing.state) == ("paused", "running")
    assert [len(each.standing.history) for each in (own, run)] == [2, 3]
