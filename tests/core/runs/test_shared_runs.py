"""One training for all who ask for the same, several in line for one visitor, and bounds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.support.many_hands import hurried, many_hands
from tests.support.stage import CONFIG, STEPS, Clock, Stage, kept, reaches, rows, seed, stands
from vae_core.runs import archive
from vae_core.runs.archive import CULLED, UNKNOWN
from vae_core.runs.disk.folder import RunFolder
from vae_core.runs.jobs import GONE, SERVER_STOPPED, Bounds, Jobs, JobsError
from vae_core.runs.standing import RunView
from vae_core.training.config import Settings, TrainConfig

OTHER = Settings(learning_rate=1e-4)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(stage: Stage, clock: Clock) -> Iterator[Jobs]:
    made = Jobs(workers=2, trainer=stage, bounds=Bounds(waiting=6), clock=clock)
    yield made
    stage.steps(1000)
    made.shutdown()


def steps(view: RunView) -> list[int]:
    return [point.step for point in view.history]


WHOLE = list(range(STEPS + 1))


def test_thirty_who_ask_for_the_same_share_one_training(jobs, stage):
    tokens = [jobs.start(CONFIG, f"visitor {i}") for i in range(29)]
    stage.steps(2)
    jobs.wait_for(tokens[0], reaches(2))
    late = jobs.start(CONFIG, "late")
    assert steps(jobs.look(late)) == [0, 1, 2]
    assert jobs.look(late).watchers == 30
    stage.steps(STEPS - 2)
    tokens = [*tokens, late, jobs.start(CONFIG, "later still")]
    views = [jobs.wait_for(token, stands("finished")) for token in tokens]
    assert len(set(tokens)) == 31
    assert [view.token for view in views] == tokens
    assert [steps(view) for view in views] == [WHOLE] * 31
    assert len(stage.settings) == STEPS
    after = jobs.start(CONFIG, "after the end")
    assert jobs.look(after).state == "finished"
    assert steps(jobs.look(after)) == WHOLE
    assert len(stage.settings) == STEPS


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, seed=9),
        replace(CONFIG, latent=2),
        replace(CONFIG, learning_rate=0.1),
        replace(CONFIG, epochs=2.0),
    ],
)
def test_what_differs_is_not_shared(jobs, other):
    first, second = jobs.start(CONFIG, "ann"), jobs.start(other, "ben")
    assert [jobs.look(token).watchers for token in (first, second)] == [1, 1]


def test_runs_planned_in_seconds_are_not_shared(jobs):
    config = TrainConfig(seconds=5.0)
    tokens = [jobs.start(config, visitor) for visitor in ("ann", "ben")]
    assert [jobs.look(token).watchers for token in tokens] == [1, 1]


def test_a_run_with_changed_settings_is_not_shared(jobs):
    first = jobs.start(CONFIG, "ann")
    jobs.change(first, OTHER)
    jobs.change(first, CONFIG.settings)
    assert jobs.look(jobs.start(CONFIG, "ben")).watchers == 1


def test_a_run_that_is_stopping_or_paused_is_not_shared(jobs):
    first = jobs.start(CONFIG, "ann")
    jobs.stop(first)
    second = jobs.start(CONFIG, "ben")
    assert jobs.look(second).watchers == 1
    jobs.pause(second)
    assert jobs.look(jobs.start(CONFIG, "carl")).watchers == 1


def test_one_training_serves_only_so_many(stage):
    jobs = Jobs(workers=1, trainer=stage, bounds=Bounds(watchers=2))
    tokens = [jobs.start(CONFIG, f"visitor {i}") for i in range(3)]
    assert [jobs.look(token).watchers for token in tokens] == [2, 2, 1]
    stage.steps(1000)
    jobs.shutdown()


def test_one_visitor_who_asks_twice_is_no_company(jobs, stage):
    jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    jobs.wait_for(jobs.start(CONFIG, "ben"), stands("finished"))
    assert jobs.look(jobs.start(CONFIG, "ann")).watchers == 2


def shared(jobs: Jobs, stage: Stage) -> tuple[str, str]:
    """Two watchers of one training after two steps."""
    tokens = jobs.start(CONFIG, "ann"), jobs.start(CONFIG, "ben")
    stage.steps(2)
    jobs.wait_for(tokens[0], reaches(2))
    return tokens


def test_who_stops_parts_from_the_others(jobs, stage):
    ann, ben = shared(jobs, stage)
    jobs.stop(ann)
    assert jobs.look(ann).state == "stopped"
    assert steps(jobs.look(ann)) == [0, 1, 2]
    assert jobs.look(ben).state == "running"
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ben, stands("finished"))) == WHOLE
    assert jobs.look(ann).state == "stopped"
    jobs.resume(ann)
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ann, stands("finished"))) == WHOLE


def test_who_pauses_parts_and_goes_on_from_the_last_snapshot(jobs, stage):
    ann, ben = shared(jobs, stage)
    jobs.pause(ben)
    assert jobs.look(ben).state == "paused"
    assert jobs.look(ann).state == "running"
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ann, stands("finished"))) == WHOLE
    assert steps(jobs.look(ben)) == [0, 1, 2]
    jobs.resume(ben)
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ben, stands("finished"))) == WHOLE
    assert len(stage.settings) == STEPS + (STEPS - 2)


def test_who_changes_settings_parts_and_the_others_keep_theirs(jobs, stage):
    ann, ben = shared(jobs, stage)
    jobs.change(ann, OTHER)
    assert jobs.look(ann).settings == OTHER
    assert jobs.look(ben).settings == CONFIG.settings
    stage.steps(2 * STEPS)
    for token in (ann, ben):
        assert steps(jobs.wait_for(token, stands("finished"))) == WHOLE
    assert stage.settings.count(OTHER) == STEPS - 2
    assert stage.settings.count(CONFIG.settings) == STEPS


def test_the_same_settings_again_part_nobody(jobs, stage):
    ann, _ = shared(jobs, stage)
    jobs.change(ann, CONFIG.settings)
    assert jobs.look(ann).watchers == 2


def test_who_resets_leaves_the_run_to_the_others(jobs, stage):
    ann, ben = shared(jobs, stage)
    jobs.discard(ann)
    assert jobs.look(ann) is None
    assert jobs.why_gone(ann) == UNKNOWN
    assert jobs.look(ben).state == "running"
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ben, stands("finished"))) == WHOLE


def test_nobody_can_touch_the_run_of_another_by_sharing_it(jobs, stage):
    ann, ben = shared(jobs, stage)
    assert jobs.visitor_of(ann) == "ann"
    assert jobs.visitor_of(ben) == "ben"
    for act in (jobs.pause, jobs.resume, jobs.stop, jobs.discard):
        act(ben)
    stage.steps(STEPS)
    assert steps(jobs.wait_for(ann, stands("finished"))) == WHOLE


def test_a_shared_run_ends_when_its_last_watcher_has_gone(jobs, stage, clock):
    ann, ben = shared(jobs, stage)
    clock.now = 800.0
    assert jobs.look(ben).active
    clock.now = 1600.0
    stage.steps(1)
    jobs.wait_for(ann, reaches(3))
    assert jobs.look(ben).active
    clock.now = 2600.0
    stage.steps(1)
    assert jobs.wait_for(ben, stands("stopped")).message == GONE
    assert jobs.wait_for(ann, stands("stopped")).message == GONE


def test_several_runs_of_one_visitor_run_one_after_the_other(jobs, stage):
    tokens = jobs.start_many([seed(i) for i in range(4)], "ann")
    assert [jobs.look(token).state for token in tokens] == ["running"] + ["queued"] * 3
    assert [jobs.look(token).place for token in tokens] == [0, 1, 2, 3]
    other = jobs.start(seed(9), "ben")
    assert jobs.look(other).state == "running"
    stage.steps(5 * STEPS)
    for token in (*tokens, other):
        assert steps(jobs.wait_for(token, stands("finished"))) == WHOLE
    assert stage.most_at_once <= 2


def test_one_of_a_comparison_goes_on_while_the_others_wait(jobs, stage):
    tokens = jobs.start_many([seed(i) for i in range(4)], "ann")
    jobs.stop(tokens[3])
    jobs.resume(tokens[3])
    assert jobs.look(tokens[3]).state == "queued"
    jobs.stop(tokens[3])
    jobs.stop(tokens[2])
    jobs.resume(tokens[3])
    jobs.resume(tokens[2])
    stage.steps(4 * STEPS)
    for token in tokens:
        jobs.wait_for(token, stands("finished"))


def test_more_than_a_comparison_is_refused(stage):
    jobs = Jobs(workers=1, trainer=stage, bounds=Bounds(together=2))
    tokens = jobs.start_many([seed(1), seed(2)], "ann")
    jobs.stop(tokens[1])
    jobs.stop(tokens[0])
    stage.steps(1)
    jobs.wait_for(tokens[0], stands("stopped"))
    jobs.start_many([seed(3), seed(4)], "ann")
    with pytest.raises(JobsError, match="2 trainings under way"):
        jobs.resume(tokens[0])
    stage.steps(1000)
    jobs.shutdown()


def test_looking_at_one_run_keeps_all_of_that_visitor_alive(jobs, stage, clock):
    first, second = jobs.start_many([seed(1), seed(2)], "ann")
    for now in (800.0, 1600.0, 2400.0):
        clock.now = now
        assert jobs.look(first).active
    assert jobs.look(second).state == "queued"


@pytest.mark.parametrize(
    ("configs", "words"),
    [
        ([seed(i) for i in range(5)], "compare 4"),
        ([seed(1), TrainConfig(epochs=1000, batch=10)], "steps"),
        ([seed(1), TrainConfig(seconds=50_000)], "seconds"),
        ([seed(1), TrainConfig(samples=64, batch=2000)], "latents a step"),
    ],
)
def test_all_or_none_are_started(jobs, configs, words):
    with pytest.raises(JobsError, match=words):
        jobs.start_many(configs, "ann")
    assert jobs.look(jobs.start(CONFIG, "ann")).state == "running"


def test_a_line_without_room_for_all_takes_none(jobs):
    jobs.start_many([seed(i) for i in range(4)], "ann")
    with pytest.raises(JobsError, match="line is full"):
        jobs.start_many([seed(10 + i) for i in range(4)], "ben")
    assert len(jobs.start_many([seed(i) for i in range(4)], "carl")) == 4


def test_too_many_samples_are_refused_under_way(jobs):
    token = jobs.start(replace(CONFIG, batch=2000), "ann")
    with pytest.raises(JobsError, match="latents a step"):
        jobs.change(token, Settings(samples=64))
    assert jobs.look(token).settings == CONFIG.settings


def test_looks_go_along_and_are_given_up_by_those_unseen_for_longest(stage, clock):
    jobs = Jobs(workers=1, trainer=stage, bounds=Bounds(looks=500_000), clock=clock)
    tokens = []
    for i in range(3):
        clock.now += 1.0
        tokens.append(jobs.start(seed(i), "ann" + str(i)))
        stage.steps(STEPS)
        view = jobs.wait_for(tokens[-1], stands("finished"))
        assert [look.step for look in view.looks] == list(range(STEPS + 1))
        assert view.looks[3].views.samples[0, 0] == pytest.approx(3 / 255)
    clock.now += 1.0
    jobs.start(seed(9), "ben")
    stage.steps(STEPS)
    counts = [len(jobs.look(token).looks) for token in tokens]
    assert counts[0] == 0
    assert counts[-1] == STEPS + 1
    assert jobs.look(tokens[0]).history
    jobs.shutdown()


def test_ended_runs_leave_the_memory_and_come_back_from_the_disk(stage, clock, tmp_path):
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage, clock=clock)
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    jobs.wait_for(token, stands("finished"))
    clock.now = 5000.0
    jobs.start(seed(2), "ben")
    assert len(jobs.archive.runs) == 1
    view = jobs.look(token)
    assert (view.state, steps(view)) == ("finished", WHOLE)
    assert [look.step for look in view.looks] == WHOLE
    assert view.kl_per_dimension.tolist() == [STEPS, STEPS]
    clock.now = 10_000.0
    assert jobs.look("nobody") is None
    joined = jobs.start(CONFIG, "carl")
    assert (jobs.look(joined).state, jobs.look(joined).watchers) == ("finished", 2)
    stage.steps(STEPS)
    jobs.shutdown()


def test_a_new_server_gives_a_shared_run_back_to_all(stage, tmp_path):
    first = Jobs(workers=1, folder=tmp_path, trainer=stage)
    tokens = [first.start(CONFIG, visitor) for visitor in ("ann", "ben", "carl")]
    stage.steps(2)
    first.wait_for(tokens[0], reaches(2))
    stage.steps(1)
    first.shutdown()
    second = Jobs(workers=1, folder=tmp_path, trainer=stage)
    assert [second.look(token).message for token in tokens] == [SERVER_STOPPED] * 3
    second.resume(tokens[0])
    assert second.look(tokens[1]).active
    second.stop(tokens[1])
    stage.steps(STEPS)
    assert steps(second.wait_for(tokens[2], stands("finished"))) == WHOLE
    assert second.look(tokens[1]).state == "stopped"
    second.shutdown()
    third = Jobs(workers=1, folder=tmp_path, trainer=stage)
    assert [third.look(token).state for token in tokens] == ["finished", "stopped", "finished"]
    assert third.visitor_of(tokens[1]) == "ben"
    third.shutdown()


def test_changing_settings_after_a_restart_leaves_the_others_theirs(stage, tmp_path):
    first = Jobs(workers=1, folder=tmp_path, trainer=stage)
    ann, ben = (first.start(CONFIG, visitor) for visitor in ("ann", "ben"))
    stage.steps(1)
    first.shutdown()
    second = Jobs(workers=1, folder=tmp_path, trainer=stage)
    second.resume(ann, OTHER)
    stage.steps(STEPS)
    second.wait_for(ann, stands("finished"))
    view = second.look(ben)
    assert (view.state, view.settings, view.watchers) == ("interrupted", CONFIG.settings, 1)
    second.shutdown()


def test_what_is_culled_on_disk_is_said(stage, clock, tmp_path):
    jobs = Jobs(1, tmp_path, stage, bounds=Bounds(folders=2, kept=0), clock=clock)
    tokens = []
    for i in range(4):
        tokens.append(jobs.start(seed(i), "ann"))
        stage.steps(STEPS)
        jobs.wait_for(tokens[-1], stands("finished"))
        clock.now += 1.0
    assert len(list(tmp_path.glob("*/"))) == 2
    assert [jobs.look(token) is None for token in tokens] == [True, True, False, False]
    assert jobs.why_gone(tokens[0]) == CULLED
    assert jobs.why_gone("never given") == UNKNOWN
    jobs.shutdown()


def test_the_disk_is_bounded_in_bytes_and_spares_runs_under_way(stage, tmp_path):
    jobs = Jobs(1, tmp_path, stage, bounds=Bounds(disk=1))
    first = jobs.start(seed(1), "ann")
    second = jobs.start(seed(2), "ben")
    for _ in range(1000):  # a thread of its own writes them
        if len(list(tmp_path.glob("*/"))) == 2:
            break
        time.sleep(0.01)
    assert len(list(tmp_path.glob("*/"))) == 2
    stage.steps(STEPS)
    jobs.wait_for(first, stands("finished"))
    jobs.wait_for(second, reaches(0))
    stage.steps(STEPS)
    jobs.wait_for(second, stands("finished"))
    jobs.shutdown()


def test_a_discarded_run_is_never_written_again(stage, tmp_path, monkeypatch):
    """Its thread is in the middle of writing when it is discarded; nothing stays behind."""
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    jobs.wait_for(token, reaches(0))
    begun, go_on = threading.Event(), threading.Event()
    original = RunFolder.save

    def slow(self, *args, **kwargs):
        begun.set()
        assert go_on.wait(30)
        original(self, *args, **kwargs)

    monkeypatch.setattr(RunFolder, "save", slow)
    stage.steps(STEPS)
    assert begun.wait(30)
    discarding = threading.Thread(target=jobs.discard, args=(token,))
    discarding.start()
    while jobs.archive.present(token):
        pass
    go_on.set()
    discarding.join(30)
    jobs.shutdown()
    assert kept(tmp_path) == []
    assert rows(tmp_path, "runs") == rows(tmp_path, "watchers") == []
    assert jobs.look(token) is None


def test_a_full_disk_costs_the_snapshot_and_not_the_run(stage, tmp_path, monkeypatch, caplog):
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(RunFolder, "save", full)
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    assert jobs.wait_for(token, stands("finished")).fraction == 1.0
    assert "could not be written" in caplog.text
    jobs.shutdown()


def test_a_run_of_an_older_folder_is_found(stage, tmp_path: Path):
    """Before runs were shared, the folder itself had the hash of the token for its name."""
    jobs = Jobs(workers=1, folder=tmp_path, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(STEPS)
    view = jobs.wait_for(token, stands("finished"))
    jobs.shutdown()
    (folder,) = tmp_path.glob("*/")
    folder.rename(tmp_path / archive.hashed(token))
    for file in tmp_path.glob("runs.sqlite*"):
        file.unlink()
    old = {
        "config": CONFIG.as_dict(),
        "state": "finished",
        "message": "",
        "fraction": 1.0,
        "history": [asdict(point) for point in view.history],
    }
    (tmp_path / archive.hashed(token) / "run.json").write_text(json.dumps(old))
    again = Jobs(workers=1, folder=tmp_path, trainer=stage)
    assert steps(again.look(token)) == WHOLE
    again.shutdown()


def test_many_hands_at_once_lose_no_run(tmp_path):
    """Eight visitors do anything at any time; every token leads to a run that comes to its end."""
    bounds = Bounds(kept=5, looks=2_000_000, folders=1000)
    jobs = Jobs(workers=3, folder=tmp_path, trainer=hurried, bounds=bounds)
    pairs, faults = many_hands([jobs], visitors=8, turns=40)
    assert {type(fault) for fault in faults} <= {JobsError}
    for visitor, token in pairs:
        assert jobs.visitor_of(token) == visitor
        if jobs.look(token).state == "paused":
            jobs.stop(token)
        assert not jobs.wait_for(token, lambda view: not view.active).active
    jobs.shutdown()
    again = Jobs(workers=1, folder=tmp_path, trainer=hurried, bounds=bounds)
    assert [again.visitor_of(token) for _, token in pairs] == [visitor for visitor, _ in pairs]
    assert not any(again.look(token).active for _, token in pairs)
    again.shutdown()
