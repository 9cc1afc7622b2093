"""Runs in the background, driven step by step: no test here waits for a clock."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stage import (
    BOUND,
    CONFIG,
    STEPS,
    Clock,
    Stage,
    kept,
    kill,
    reaches,
    rows,
    seed,
    stands,
)
from vae_core.runs.archive import CULLED, UNKNOWN
from vae_core.runs.disk.database import NAME
from vae_core.runs.jobs import GONE, SERVER_STOPPED, TOO_LONG, Bounds, Jobs, JobsError
from vae_core.runs.standing import LONGEST_HISTORY, Point, thin
from vae_core.runs.work.live import train_live
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Diverged, Progress, train
from vae_core.vae.data import DataError, load_mnist


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(stage: Stage, clock: Clock) -> Iterator[Jobs]:
    made = Jobs(workers=1, trainer=stage, bounds=Bounds(waiting=3, kept=2), clock=clock)
    yield made
    stage.steps(1000)
    made.shutdown()


def test_a_run_from_start_to_finish(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    view = jobs.wait_for(token, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))
    assert view.fraction == 1.0
    assert not view.active
    assert not view.resumable
    assert view.message == ""


def test_tokens_cannot_be_guessed_and_strangers_see_nothing(jobs):
    first, second = jobs.start(seed(1), "ann"), jobs.start(seed(2), "ben")
    assert first != second
    assert len(first) >= 20
    assert jobs.look("guess") is None
    for act in (jobs.pause, jobs.resume, jobs.stop, jobs.discard):
        with pytest.raises(JobsError, match="no such run"):
            act("guess")


def test_the_line_is_first_come_first_served(jobs, stage):
    tokens = [jobs.start(seed(i), f"visitor {i}") for i in range(3)]
    assert [jobs.look(t).place for t in tokens] == [0, 1, 2]
    assert [jobs.look(t).state for t in tokens] == ["running", "queued", "queued"]
    jobs.stop(tokens[1])
    assert jobs.look(tokens[1]).state == "stopped"
    assert jobs.look(tokens[2]).place == 1
    stage.steps(STEPS)
    jobs.wait_for(tokens[2], stands("running"))
    stage.steps(STEPS)
    jobs.wait_for(tokens[2], stands("finished"))
    assert stage.most_at_once == 1


def test_as_many_train_at_once_as_the_server_allows(stage):
    jobs = Jobs(None, None, stage, bounds=Bounds(workers=3))
    tokens = [jobs.start(seed(i), f"visitor {i}") for i in range(4)]
    assert [jobs.look(token).place for token in tokens] == [0, 0, 0, 1]
    stage.steps(1000)
    jobs.shutdown()


def test_a_full_line_says_so(jobs):
    for i in range(4):
        jobs.start(seed(i), f"visitor {i}")
    with pytest.raises(JobsError, match="line is full"):
        jobs.start(seed(9), "late")


def test_one_active_run_for_each_visitor(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    with pytest.raises(JobsError, match="Stop it before"):
        jobs.start(CONFIG, "ann")
    jobs.stop(token)
    stage.steps(1)
    jobs.wait_for(token, stands("stopped"))
    second = jobs.start(CONFIG, "ann")
    assert jobs.visitor_of(second) == "ann"
    jobs.resume(token)
    assert [jobs.look(each).state for each in (second, token)] == ["running", "queued"]


def test_pause_frees_the_worker_and_resume_stands_in_line(jobs, stage):
    first = jobs.start(seed(1), "ann")
    jobs.wait_for(first, reaches(0))
    second = jobs.start(seed(2), "ben")
    jobs.pause(first)
    stage.steps(1)
    jobs.wait_for(second, stands("running"))
    assert jobs.look(first).state == "paused"
    jobs.resume(first)
    assert (jobs.look(first).state, jobs.look(first).place) == ("queued", 1)
    stage.steps(2 * STEPS)
    assert jobs.wait_for(second, stands("finished")).fraction == 1.0
    view = jobs.wait_for(first, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))
    assert stage.most_at_once == 1


def test_pause_before_the_turn_comes(jobs, stage):
    first, second = jobs.start(seed(1), "ann"), jobs.start(seed(2), "ben")
    jobs.pause(second)
    stage.steps(STEPS)
    jobs.wait_for(first, stands("finished"))
    assert jobs.look(second).state == "paused"
    jobs.resume(second)
    stage.steps(STEPS)
    jobs.wait_for(second, stands("finished"))


def test_stop_keeps_what_was_reached_and_can_go_on(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    stage.steps(2)
    jobs.wait_for(token, reaches(2))
    jobs.stop(token)
    stage.steps(1)
    view = jobs.wait_for(token, stands("stopped"))
    assert view.resumable
    reached = view.history[-1].step
    jobs.resume(token)
    stage.steps(STEPS)
    view = jobs.wait_for(token, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))
    assert reached < STEPS


def test_stop_while_paused(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    jobs.pause(token)
    stage.steps(1)
    jobs.stop(token)
    assert jobs.wait_for(token, stands("stopped")).message == ""


def test_settings_change_under_way(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    stage.steps(1)
    jobs.wait_for(token, reaches(1))
    jobs.change(token, Settings("score_loo", 4, 1e-4))
    stage.steps(STEPS)
    jobs.wait_for(token, stands("finished"))
    assert stage.settings[0] == CONFIG.settings
    assert stage.settings[-1] == Settings("score_loo", 4, 1e-4)
    assert jobs.look(token).settings == Settings("score_loo", 4, 1e-4)


@pytest.mark.parametrize("rests", [False, True])
def test_settings_that_do_not_fit_the_bound_are_refused_and_it_goes_on(jobs, stage, rests):
    token = jobs.start(replace(CONFIG, objective="iwae"), "ann")
    stage.steps(2)
    jobs.wait_for(token, reaches(2))
    if rests:
        jobs.pause(token)
    for ask in (jobs.change, jobs.resume):
        with pytest.raises(JobsError, match="needs the estimator pathwise, and got score"):
            ask(token, Settings("score"))
    assert jobs.look(token).state == ("paused" if rests else "running")
    jobs.resume(token, Settings("pathwise", 4))
    stage.steps(STEPS)
    view = jobs.wait_for(token, stands("finished"))
    assert [point.step for point in view.history] == list(range(STEPS + 1))
    assert {each.estimator for each in stage.settings} == {"pathwise"}
    assert stage.settings[-1].samples == 4


def test_discard_forgets(jobs, stage):
    token = jobs.start(CONFIG, "ann")
    jobs.discard(token)
    assert jobs.look(token) is None
    stage.steps(1)
    after = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    jobs.wait_for(after, stands("finished"))


def test_divergence_is_told_and_can_be_mended(jobs, stage):
    stage.ending = Diverged(1, "KL", 1e9, CONFIG.settings)
    token = jobs.start(CONFIG, "ann")
    stage.steps(1)
    view = jobs.wait_for(token, stands("diverged"))
    assert view.message == stage.ending.explanation
    stage.ending = None
    jobs.resume(token, replace(CONFIG.settings, learning_rate=1e-4))
    stage.steps(STEPS)
    assert jobs.wait_for(token, stands("finished")).message == ""
    assert stage.settings[-1].learning_rate == 1e-4


@pytest.mark.parametrize(
    ("error", "message"),
    [(DataError("No images here."), "No images here."), (RuntimeError("boom"), "fault")],
)
def test_a_broken_run_says_what_happened_and_frees_its_worker(jobs, stage, error, message):
    stage.ending = error
    token = jobs.start(seed(1), "ann")
    stage.steps(1)
    view = jobs.wait_for(token, stands("failed"))
    assert message in view.message
    assert "boom" not in view.message
    stage.ending = None
    after = jobs.start(seed(2), "ann")
    stage.steps(STEPS)
    jobs.wait_for(after, stands("finished"))


def test_nobody_watching(jobs, stage, clock):
    token = jobs.start(seed(1), "ann")
    waiting = jobs.start(seed(2), "ben")
    jobs.wait_for(token, reaches(0))
    clock.now = 1000.0
    stage.steps(1)
    assert jobs.wait_for(token, stands("stopped")).message == GONE
    assert jobs.wait_for(waiting, stands("stopped")).message == GONE


def test_watching_keeps_a_run_alive(jobs, stage, clock):
    token = jobs.start(CONFIG, "ann")
    for now in range(STEPS):
        clock.now = now * 800.0
        assert jobs.look(token).active
        stage.steps(1)
        jobs.wait_for(token, reaches(now + 1))
    assert jobs.look(token).fraction == 1.0


def test_the_longest_time(stage):
    jobs = Jobs(workers=1, trainer=stage, bounds=Bounds(seconds=2.0))
    token = jobs.start(CONFIG, "ann")
    stage.steps(4)
    assert jobs.wait_for(token, stands("stopped")).message == TOO_LONG
    jobs.shutdown()


def test_ended_runs_are_bounded_in_memory(jobs, stage, clock):
    tokens = []
    for i in range(5):
        clock.now += 1
        tokens.append(jobs.start(seed(i), "ann"))
        stage.steps(STEPS)
        jobs.wait_for(tokens[-1], stands("finished"))
    kept = [token for token in tokens if jobs.look(token)]
    assert kept == tokens[-2:]
    assert jobs.why_gone(tokens[0]) == CULLED
    assert jobs.why_gone("never given") == UNKNOWN


def test_shutdown_and_a_new_server(stage, tmp_path):
    first = Jobs(workers=1, folder=tmp_path, trainer=stage)
    tokens = [first.start(seed(1), "ann"), first.start(seed(2), "ben")]
    stage.steps(2)
    first.wait_for(tokens[0], reaches(2))
    stage.steps(1)
    first.shutdown()
    second = Jobs(workers=1, folder=tmp_path, trainer=stage)
    views = [second.look(token) for token in tokens]
    assert [view.state for view in views] == ["interrupted", "interrupted"]
    assert {view.message for view in views} == {SERVER_STOPPED}
    assert views[0].history[-1].step >= 2
    for token in tokens:
        second.resume(token)
        stage.steps(STEPS)
        steps = [p.step for p in second.wait_for(token, stands("finished")).history]
        assert steps == list(range(STEPS + 1))
    second.shutdown()


def test_a_killed_server_leaves_the_last_snapshot(stage, tmp_path):
    killed = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = killed.start(CONFIG, "ann")
    stage.steps(3)
    killed.wait_for(token, reaches(3))
    kill(killed)
    second = Jobs(workers=1, folder=tmp_path, trainer=stage)
    view = second.look(token)
    assert view.state == "interrupted"
    assert 0 <= view.history[-1].step <= 3
    stage.steps(STEPS)
    killed.shutdown()
    second.shutdown()


def test_names_on_disk_do_not_give_tokens_away(stage, tmp_path):
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    jobs.wait_for(token, stands("finished"))
    files = list(tmp_path.rglob("*"))
    assert files
    assert not any(token in str(path) for path in files)
    assert not any(token.encode() in path.read_bytes() for path in files if path.is_file())
    jobs.discard(token)
    assert not kept(tmp_path)
    assert not any(rows(tmp_path, table) for table in ("runs", "watchers", "history"))
    jobs.shutdown()


@pytest.mark.parametrize("content", ["", "{}", '{"config": 3}', "[1, 2"])
def test_damaged_records_are_no_run(tmp_path: Path, stage, content):
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    jobs.wait_for(token, stands("finished"))
    jobs.shutdown()
    with closing(sqlite3.connect(tmp_path / NAME)) as database, database:
        assert database.execute("UPDATE runs SET config = ?", [content]).rowcount == 1
        assert database.execute("UPDATE history SET point = ?", [content]).rowcount == STEPS + 1
    second = Jobs(workers=1, folder=tmp_path, trainer=stage)
    assert second.look(token) is None
    second.shutdown()


def test_a_long_history_is_thinned_from_its_older_half():
    points = [Point(i, i, i, 1.0, BOUND, None, CONFIG.settings) for i in range(LONGEST_HISTORY + 1)]
    short = thin(points)
    assert len(short) <= LONGEST_HISTORY
    assert short[0].step == 0
    assert short[-1].step == LONGEST_HISTORY
    assert thin(short) == short


def test_real_training_survives_a_server(tmp_path):
    """The numbers after an interruption are those of a run that was never interrupted."""
    data = load_mnist().first(500, 100)
    config = TrainConfig(hidden=16, latent=2, batch=50, epochs=3)

    def trainer(config, control, resume):
        return train(config, data, control, resume=resume, checkpoint_seconds=0.0)

    whole = [p for p in train(config, data) if isinstance(p, Progress)][-1]
    asked = []

    def slow(config, control, resume):
        def counted():
            asked.append(1)
            if len(asked) == 15:
                reached.set()
            return control()

        return trainer(config, counted, resume)

    reached = threading.Event()
    first = Jobs(workers=1, folder=tmp_path, trainer=slow)
    token = first.start(config, "ann")
    assert reached.wait(30)
    first.shutdown()
    second = Jobs(workers=1, folder=tmp_path, trainer=trainer)
    view = second.look(token)
    assert view.state in ("interrupted", "finished")
    assert view.views.latent_means.shape[1] == 2
    if view.state == "interrupted":
        second.resume(token)
    view = second.wait_for(token, stands("finished"))
    assert view.history[-1].step == 30
    assert view.history[-1].test.elbo == pytest.approx(whole.test.elbo, abs=1e-3)
    second.shutdown()


def test_the_live_trainer_looks_often():
    reports = train_live(TrainConfig(epochs=0.3, hidden=16, latent=2), Settings, None)
    tested = [r.step for r in reports if isinstance(r, Progress) and r.test]
    assert tested == [0, 60, 120, 180]
