"""What is written of runs, and what another server reads of it; the move to another database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stage import BOUND, CONFIG, Stage, rows, stands
from vae_core.runs.bounds import Bounds
from vae_core.runs.disk.database import NAME, address_of
from vae_core.runs.disk.records import WATCHERS_PER_RUN
from vae_core.runs.disk.rows import Entry, key_of
from vae_core.runs.jobs import Jobs
from vae_core.runs.servers.store import Store
from vae_core.runs.standing import Point, Standing
from vae_core.training.config import TrainConfig


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    """Two servers' sides of one database."""
    made = [Store(tmp_path, Bounds()) for _ in range(2)]
    for store in made:
        store.beat()
    yield made
    for store in made:
        store.close()


def points(*steps: int) -> tuple[Point, ...]:
    return tuple(Point(step, step / 5, 1.0, 1.0, BOUND, None, CONFIG.settings) for step in steps)


def entry(history: tuple[Point, ...], run_id: str = "run", **changes: object) -> Entry:
    standing = Standing(CONFIG, CONFIG.settings, state="running", history=history)
    return Entry(run_id, replace(standing, **changes), {f"{run_id}'s watcher": "ann"})


def test_a_history_that_grows_and_one_that_is_written_anew_are_read_as_they_are(stores) -> None:
    mine, theirs = (store.records for store in stores)
    first = entry(points(0, 1, 2))
    grown = entry((*first.standing.history, *points(3, 4)))
    back = entry((*first.standing.history[:2], *points(7)))
    thinned = entry((back.standing.history[0], back.standing.history[2]))
    before, read = None, None
    for now in (first, grown, grown, back, thinned, entry(())):
        assert mine.write([(now, before)]) == set()
        read = theirs.read("run", read)
        assert read.entry.standing.history == now.standing.history
        before = now
    assert theirs.read("run", read) is read
    mine.write([(entry(points(5)), None)])  # as after an outage: what was written is not known
    assert [p.step for p in theirs.read("run", read).entry.standing.history] == [5]


def test_nobody_writes_the_run_of_another(stores) -> None:
    mine, theirs = (store.records for store in stores)
    mine.write([(entry(points(0)), None)])
    assert theirs.write([(entry(points(0, 1)), None), (entry((), "own"), None)]) == {"run"}
    assert len(mine.read("run").entry.standing.history) == 1
    assert mine.owned_by_another("own")
    assert not mine.owned_by_another("gone")
    assert theirs.claim("run", [stores[0].presence._me]) is None
    claimed, in_order = theirs.claim("run", [])
    assert (claimed.standing.state, in_order) == ("running", False)
    assert mine.write([(entry(points(0, 1)), None)]) == {"run"}


def test_equal_configurations_have_one_key() -> None:
    assert key_of(TrainConfig(epochs=1)) == key_of(TrainConfig(epochs=1.0))
    assert key_of(TrainConfig(epochs=1)) != key_of(TrainConfig(epochs=1, seed=1))


def test_what_is_under_way_is_spared_whoever_has_it(stores) -> None:
    mine, theirs = (store.records for store in stores)
    living = [stores[1].presence._me]
    theirs.write([(entry((), "theirs, active"), None)])
    mine.write([(entry((), "mine, active"), None)])
    for name in ("oldest", "old", "new"):
        mine.write([(entry((), name, state="finished"), None)])
    assert mine.cull(10, 10**9, [], living) == []
    assert mine.cull(4, 10**9, ["mine, active"], living) == ["oldest"]
    assert set(mine.cull(1, 10**9, ["mine, active"], living)) == {"old", "new"}
    assert mine.cull(1, 10**9, ["mine, active"], living) == []
    assert mine.cull(1, 10**9, ["mine, active"], []) == ["theirs, active"]
    assert mine.find("old's watcher").exists is False


def test_bytes_are_counted_from_the_newest(stores) -> None:
    records = stores[0].records
    for name in ("a", "b", "c"):
        records.write([(replace(entry((), name, state="finished"), size=100), None)])
    assert records.cull(10, 250, [], []) == ["a"]
    assert records.cull(10, 200, [], []) == []


def test_names_of_watchers_are_bounded(stores, tmp_path) -> None:
    records = stores[0].records
    many = {f"watcher {i}": "ann" for i in range(WATCHERS_PER_RUN + 1)}
    records.remember(dict.fromkeys(many, "a run long gone"))
    records.cull(1, 10**9, [], [])
    assert len(rows(tmp_path, "watchers")) == len(many) - len(many) // 2


def test_whoever_moves_to_another_database_takes_the_runs_along(tmp_path: Path) -> None:
    stage = Stage()
    jobs = Jobs(1, tmp_path, stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(5)
    before = jobs.wait_for(token, stands("finished"))
    jobs.shutdown()
    there = address_of(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    for _ in range(2):
        moved = Jobs(1, tmp_path, stage, database=there)
        view = moved.look(token)
        assert (view.state, view.history) == ("finished", before.history)
        assert moved.visitor_of(token) == "ann"
        moved.shutdown()
    assert not (tmp_path / NAME).exists()
