"""Two servers on one folder: a token works at both, and a run is trained at one of them.

`tests/cluster` runs all of this once more on PostgreSQL.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.many_hands import hurried, many_hands
from tests.support.patience import patiently
from tests.support.servers import Servers
from tests.support.stage import CONFIG, STEPS, Clock, kill, reaches, seed, stands
from vae_core.runs.archive import UNKNOWN
from vae_core.runs.jobs import GONE, SERVER_STOPPED, Bounds, Jobs, JobsError
from vae_core.runs.servers import beat, elsewhere, presence, reach
from vae_core.runs.standing import RunView
from vae_core.training.config import Settings

OTHER = Settings(learning_rate=1e-4)
WHOLE = list(range(STEPS + 1))


def steps(view: RunView) -> list[int]:
    return [point.step for point in view.history]


def seen(jobs: Jobs, token: str, step: int) -> RunView:
    """How a run stands at a server that sees it at this step, or later."""
    return patiently(lambda: (view := jobs.look(token)) and reaches(step)(view) and view)


@contextmanager
def asked_for(jobs: Jobs) -> Iterator[None]:
    """Once another server asks for a run of this one, a last step is made: there it is held."""
    stage = jobs._workers._trainer
    done = threading.Event()

    def step() -> None:
        patiently(lambda: done.is_set() or any(run.leaving for run in jobs.archive.runs.values()))
        stage.steps(1)

    stepping = threading.Thread(target=step)
    stepping.start()
    yield
    done.set()
    stepping.join()


def test_looking_shows_the_run_and_leaves_it_where_it_is(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    token = first.start(CONFIG, "ann")
    stage.steps(2)
    here = first.wait_for(token, reaches(2))
    there = seen(second, token, 2)
    assert (there.state, there.settings, there.config) == ("running", here.settings, here.config)
    assert (there.token, there.watchers, there.place) == (token, 1, 0)
    assert steps(there) == steps(here) == [0, 1, 2]
    assert there.views is not None
    assert second.visitor_of(token) == "ann"
    assert (len(first.archive.runs), len(second.archive.runs)) == (1, 0)
    assert other.settings == []
    waiting = first.start(seed(1), "ben")
    patiently(lambda: second.look(waiting).place == 1)
    assert second.look("guess") is None
    assert second.why_gone("guess") == UNKNOWN


def test_many_looks_in_a_second_ask_the_database_once(servers: Servers, monkeypatch) -> None:
    (first, _), (second, _) = servers(), servers()
    monkeypatch.setattr(reach, "RECENT_SECONDS", 1000.0)
    monkeypatch.setattr(elsewhere, "FRESH_SECONDS", 1000.0)
    token = first.start(CONFIG, "ann")
    first.wait_for(token, reaches(0))
    view = second.look(token)
    with monkeypatch.context() as silent:
        silent.setattr(second._store._database, "reading", lambda: pytest.fail("it was asked"))
        assert [second.look(token).history for _ in range(3)] == [view.history] * 3
    with asked_for(first):
        second.pause(token)
    assert second.look(token).state == "paused"
    second.discard(token)
    assert second.look(token) is None
    other = first.start(seed(1), "ann")
    first.wait_for(other, reaches(0))
    assert second.look(other).active
    second.discard(other)
    assert second.look(other) is None


def test_the_same_is_trained_once_for_both(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    ann = first.start(CONFIG, "ann")
    first.wait_for(ann, reaches(0))
    ben = second.start(CONFIG, "ben")
    assert ben != ann
    assert second.look(ben).watchers == 2
    patiently(lambda: first.look(ann).watchers == 2)
    stage.steps(STEPS)
    assert steps(second.wait_for(ben, stands("finished"), 60.0)) == WHOLE
    assert steps(first.wait_for(ann, stands("finished"))) == WHOLE
    carl = second.start(CONFIG, "carl")
    assert second.look(carl).state == "finished"
    assert (len(stage.settings), other.settings) == (STEPS, [])


def test_a_server_takes_only_so_many_watchers_from_others(servers: Servers) -> None:
    bounds = Bounds(watchers=2)
    (first, _), (second, _) = servers(bounds=bounds), servers(bounds=bounds)
    first.wait_for(first.start(CONFIG, "ann"), stands("running"))
    tokens = [second.start(CONFIG, visitor) for visitor in ("ben", "carl")]
    assert [second.look(token).watchers for token in tokens] == [2, 1]


def test_what_is_refused_leaves_no_watcher_behind(servers: Servers) -> None:
    bounds = Bounds(waiting=1)
    (first, _), (second, _) = servers(), servers(bounds=bounds)
    ann = first.start(CONFIG, "ann")
    first.wait_for(ann, reaches(0))
    with pytest.raises(JobsError, match="line is full"):
        second.start_many([CONFIG, seed(1), seed(2), seed(3)], "ben")
    patiently(lambda: first.look(ann).watchers == 1)


def test_acting_moves_it_and_it_moves_back(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    token = first.start(CONFIG, "ann")
    stage.steps(2)
    first.wait_for(token, reaches(2))
    with asked_for(first):
        second.pause(token)
    assert second.look(token).state == "paused"
    assert (len(first.archive.runs), len(second.archive.runs)) == (0, 1)
    assert patiently(lambda: first.look(token).state == "paused")
    assert steps(first.look(token)) == [0, 1, 2, 3]
    first.resume(token)
    assert (len(first.archive.runs), len(second.archive.runs)) == (1, 0)
    stage.steps(STEPS)
    assert steps(first.wait_for(token, stands("finished"))) == WHOLE
    assert patiently(lambda: second.look(token).state == "finished")
    assert (len(stage.settings), other.settings) == (STEPS, [])


def test_what_is_changed_elsewhere_goes_on_there(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    token = first.start(CONFIG, "ann")
    stage.steps(2)
    first.wait_for(token, reaches(2))
    with asked_for(first):
        second.change(token, OTHER)
    other.steps(STEPS)
    assert steps(second.wait_for(token, stands("finished"))) == WHOLE
    assert set(stage.settings) == {CONFIG.settings}
    assert set(other.settings) == {OTHER}
    assert len(stage.settings) + len(other.settings) == STEPS


def test_one_that_waits_in_line_is_stopped_elsewhere(servers: Servers) -> None:
    (first, _), (second, _) = servers(), servers()
    busy = first.start(seed(1), "ann")
    token = first.start(seed(2), "ben")
    assert first.look(token).place == 1
    patiently(lambda: second.look(token))
    second.stop(token)
    assert second.look(token).state == "stopped"
    assert first.look(busy).state == "running"
    assert patiently(lambda: first.look(token).state == "stopped")


def test_who_shares_parts_where_they_are_and_the_others_notice_nothing(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    ann = first.start(CONFIG, "ann")
    stage.steps(2)
    first.wait_for(ann, reaches(2))
    ben = second.start(CONFIG, "ben")
    seen(second, ben, 2)
    second.pause(ben)
    assert second.look(ben).state == "paused"
    assert patiently(lambda: first.look(ann).watchers == 1)
    assert first.look(ann).state == "running"
    stage.steps(STEPS)
    assert steps(first.wait_for(ann, stands("finished"))) == WHOLE
    assert len(stage.settings) == STEPS
    assert second.look(ben).state == "paused"
    second.resume(ben)
    other.steps(STEPS)
    assert steps(second.wait_for(ben, stands("finished"))) == WHOLE


def test_who_resets_at_another_server_ends_it_where_it_is(servers: Servers, tmp_path) -> None:
    (first, stage), (second, _) = servers(), servers()
    ann = first.start(CONFIG, "ann")
    first.wait_for(ann, reaches(0))
    ben = second.start(CONFIG, "ben")
    second.discard(ben)
    assert second.look(ben) is None
    assert patiently(lambda: first.look(ann).watchers == 1)
    second.discard(ann)
    assert second.look(ann) is None
    assert patiently(lambda: not first.archive.runs)
    stage.steps(1)
    assert patiently(lambda: not list((tmp_path / "runs").glob("*/")))
    assert first.why_gone(ann) == UNKNOWN


def test_one_visitor_has_one_training_wherever(servers: Servers) -> None:
    (first, _), (second, _) = servers(), servers()
    first.wait_for(first.start(seed(1), "ann"), reaches(0))
    with pytest.raises(JobsError, match="under way"):
        second.start(seed(2), "ann")


def test_whoever_looks_elsewhere_keeps_a_run_alive(servers: Servers, monkeypatch) -> None:
    monkeypatch.setattr(beat, "VISITORS_SECONDS", 0.0)
    clock = Clock()
    (first, stage), (second, _) = servers(clock=clock), servers()
    token = first.start(CONFIG, "ann")
    first.wait_for(token, reaches(0))
    clock.now = 800.0
    patiently(lambda: second.look(token) and first.archive.seen["ann"] > 700.0)
    clock.now = 1600.0
    stage.steps(1)
    seen(second, token, 1)
    kill(second)  # its visitor may be seen there no more
    clock.now = 3000.0
    stage.steps(1)
    assert first.wait_for(token, stands("stopped"), 60.0).message == GONE


def test_one_that_stops_leaves_its_runs_to_the_other(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    token = first.start(CONFIG, "ann")
    stage.steps(2)
    first.wait_for(token, reaches(2))
    stage.steps(1)
    first.shutdown()
    view = second.look(token)
    assert (view.state, view.message) == ("interrupted", SERVER_STOPPED)
    assert steps(view) == [0, 1, 2, 3]
    second.resume(token)
    other.steps(STEPS)
    assert steps(second.wait_for(token, stands("finished"))) == WHOLE


def test_one_that_is_killed_leaves_them_at_the_last_snapshot(servers: Servers) -> None:
    (first, stage), (second, other) = servers(), servers()
    token = first.start(CONFIG, "ann")
    stage.steps(2)
    first.wait_for(token, reaches(2))
    kill(first)
    view = second.look(token)
    assert (view.state, view.message) == ("interrupted", SERVER_STOPPED)
    assert steps(view) == list(range(view.snapshot + 1))
    second.resume(token)
    stage.steps(STEPS)  # as if it had only been out of reach: what it writes now is refused
    first.wait_for(token, lambda view: not view.active)
    other.steps(2)
    second.wait_for(token, reaches(view.snapshot + 2))
    assert second.look(token).state == "running"
    other.steps(STEPS)
    assert steps(second.wait_for(token, stands("finished"))) == WHOLE
    assert len(other.settings) == STEPS - view.snapshot


def test_one_on_another_machine_is_dead_when_its_heart_has_stopped(
    servers: Servers, monkeypatch
) -> None:
    monkeypatch.setattr(presence.lock, "machine", lambda: "here")
    first, stage = servers()
    monkeypatch.setattr(presence.lock, "machine", lambda: "there")
    second, _ = servers()
    token = first.start(CONFIG, "ann")
    first.wait_for(token, reaches(0))
    kill(first)
    assert second.look(token).state == "running"
    monkeypatch.setattr(presence, "DEAD_AFTER", 4.0)
    assert patiently(lambda: second.look(token).state == "interrupted")
    stage.steps(STEPS)


def test_who_was_silent_finds_its_run_at_another_server(servers: Servers, monkeypatch) -> None:
    """A server whose heart stood still, and beats again, lets go of what others have taken."""
    (first, stage), (second, _) = servers(), servers()
    token = first.start(CONFIG, "ann")
    first.wait_for(token, reaches(0))
    ((run_id, held),) = first.archive.runs.items()
    patiently(lambda: not held.unsaved and not first.archive._differs(held))
    monkeypatch.setattr(second._store.presence, "living", list)
    run = second.archive.load(run_id)
    assert run.standing.state == "interrupted"
    assert patiently(lambda: not first.archive.runs)
    monkeypatch.undo()
    stage.steps(STEPS)
    assert second.look(token).state == "interrupted"
    assert patiently(lambda: first.look(token).state == "interrupted")
    assert patiently(lambda: not first._line.works(run))


def test_many_hands_at_two_servers_lose_no_run(servers: Servers) -> None:
    """Whoever does whatever wherever: each token leads to a run that comes to its end, at both."""
    bounds = Bounds(kept=5, folders=1000)
    both = [servers(workers=2, trainer=hurried, bounds=bounds)[0] for _ in range(2)]
    pairs, faults = many_hands(both, visitors=6, turns=15)
    assert [fault for fault in faults if not isinstance(fault, JobsError)] == []
    assert not any("has not let go" in str(fault) for fault in faults)
    for visitor, token in pairs:
        assert [jobs.visitor_of(token) for jobs in both] == [visitor, visitor]
        assert len({ended(jobs, token) for jobs in both}) == 1


def ended(jobs: Jobs, token: str) -> str:
    """How a run has ended, as a server sees it; a paused one is stopped."""
    if patiently(lambda: jobs.look(token)).state == "paused":
        jobs.stop(token)
    return jobs.wait_for(token, lambda view: not view.active, 60.0).state
