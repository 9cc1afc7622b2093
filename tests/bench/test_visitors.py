"""A class at work: thirty visitors who drag, five of whom train, and what is left afterwards."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.bench.test_live_speed import Visit, percentile, release
from tests.bench.test_live_speed import visit as visit
from tests.conftest import running_process, running_server
from tests.support.classroom import Lesson, curves, faults, reached, script_runs, take
from tests.support.processes import resident
from tests.support.replicas import home, running_replicas
from tests.support.websocket_visitor import WebsocketVisitor

pytestmark = pytest.mark.bench

VISITORS, TRAINING = 30, 5
DRAGGING = 40.0
PAUSE = (0.0, 4.0)
SETTLED = 15.0
RELEASES = (4.0, 8.0)
LONGEST = 600.0
GRACE = 20.0
# Streamlit keeps the session of a lost connection for two minutes.
FORGOTTEN = 150.0
STARTS = 20
WATCHING, ROUNDS = 5.0, 5


def test_thirty_visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    monkeypatch.setenv("TTN_GRACE", str(GRACE))
    monkeypatch.delenv("TTN_AHEAD")
    with running_process() as (address, process):
        time.sleep(SETTLED)
        take(address, Lesson(VISITORS, range(100, 105), DRAGGING, PAUSE))
        time.sleep(FORGOTTEN)
        before = resident(process.pid)
        visitors = take(address, Lesson(VISITORS, range(TRAINING), DRAGGING, PAUSE))
        during = resident(process.pid)
        ends = reached(visitors)
        took = [wait for visitor in visitors for wait in visitor.waits]
        time.sleep(FORGOTTEN)
        with WebsocketVisitor(address, "train_vae") as last:
            assert last.faults == []
        after = resident(process.pid)
        alive = process.poll() is None
    slow = percentile(took, 0.95)
    print(f"\n{len(took)} script runs: {statistics.median(took) * 1e3:.0f} ms,", end=" ")
    print(f"{slow * 1e3:.0f} ms at p95, {max(took) * 1e3:.0f} ms at most;", end=" ")
    print(f"memory {before:.0f} MB before, {during:.0f} at the end, {after:.0f} MB after")
    assert alive
    assert faults(visitors) == []
    assert ends == [1.0] * TRAINING
    assert slow < 1.0
    assert after < 1.1 * before


@pytest.fixture(scope="module")
def heading() -> None:
    """Of the table of the classes."""
    print("\n\nvisitors  trainings  runs  median      p95     most  errors   memory  asking")


@pytest.mark.usefixtures("heading")
@pytest.mark.parametrize("visitors", [30, 50, 100, 200])
def test_a_class_at_two_replicas(
    visitors: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in ten trains, and all trainings come to their end, however long the line is."""
    monkeypatch.delenv("TTN_AHEAD")
    seeds = range(visitors // 10)
    with running_replicas(TTN_RUNS=str(tmp_path)) as replicas:
        time.sleep(SETTLED)
        used, begun = time.process_time(), time.monotonic()
        present = take(replicas.address, Lesson(visitors, seeds, DRAGGING, RELEASES, LONGEST))
        asking = (time.process_time() - used) / (time.monotonic() - begun)
        memory = resident(replicas.launcher.pid)
        ends = reached(present)
        said = replicas.said
    took, wrong = script_runs(present), faults(present)
    middle, slow = statistics.median(took), percentile(took, 0.95)
    times = "".join(f"{1e3 * each:6.0f} ms" for each in (middle, slow, max(took)))
    counts = f"\n{visitors:8}  {len(seeds):9}  {len(took):4}"
    print(f"{counts}{times}  {len(wrong):6}  {memory:4.0f} MB  {asking:5.0%}")
    assert wrong == [], said
    assert ends == [1.0] * len(seeds)
    assert {home(visitor) for visitor in present} == {0, 1}
    assert slow < 1.5


@pytest.fixture
def two_trainings(server: str) -> Iterator[None]:
    """Two visitors whose trainings take all the time of the test."""
    with ExitStack() as stack:
        trainings = [
            stack.enter_context(WebsocketVisitor(server, "train_vae", f"epochs=50&seed={seed}"))
            for seed in (7, 8)
        ]
        for training in trainings:
            training.run(press="start")
        yield
        for training in trainings:
            assert float(curves(training)[-1]["epoch"]) > 0.0
            training.run(press="stop")


@pytest.mark.browser
@pytest.mark.usefixtures("two_trainings")
@pytest.mark.parametrize(
    ("path", "key", "param"),
    [("/location_scale", "transform", "mu"), ("/gradient_variance", "variance_histogram", "mu")],
)
def test_a_release_while_two_train(visit: Any, path: str, key: str, param: str) -> None:
    opened: Visit = visit(path, key)
    waits = release(opened, param)
    middle, slow = statistics.median(waits), percentile(waits, 0.95)
    print(f"\n{path}, two train: release to final numbers {middle:.0f} ms, {slow:.0f} ms at p95")
    assert slow <= 500


def steps_per_second(training: WebsocketVisitor, *, watched: bool) -> float:
    """Speed of a training over some seconds of the clock, looks and snapshots included."""

    def step() -> float:
        return float(curves(training)[-1]["step"])

    begun, started = step(), time.monotonic()
    while time.monotonic() - started < WATCHING:
        time.sleep(training.interval)
        if watched:
            training.run(itself=True)
    return (step() - begun) / (time.monotonic() - started)


def test_watching_costs_a_training_little(server: str) -> None:
    with WebsocketVisitor(server, "train_vae", "epochs=50&seed=9") as training:
        training.run(press="start")
        time.sleep(WATCHING)
        rounds = [
            [steps_per_second(training, watched=watched) for watched in (False, True)]
            for _ in range(ROUNDS)
        ]
        training.run(press="stop")
    alone, watched = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"\n{alone:.0f} steps a second alone, {watched:.0f} watched: {watched / alone:.2f}")
    assert watched >= 0.9 * alone


START = """async () => {
  const told = () => document.querySelector('.st-key-curves .ttn-takeaway')?.innerText ?? '';
  const begin = performance.now();
  document.querySelector('.st-key-start button').click();
  while (!told().includes('held-out ELBO')) {
    if (performance.now() - begin > 30000) throw new Error('no picture came');
    await new Promise((done) => requestAnimationFrame(done));
  }
  return performance.now() - begin;
}"""


@pytest.mark.browser
def test_from_start_to_the_first_picture(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    monkeypatch.delenv("TTN_AHEAD")
    waits = []
    with running_server() as server:
        time.sleep(SETTLED)
        page = browser.new_page()
        for seed in range(STARTS):
            page.goto(f"{server}/train_vae?latent=2&seed={seed}")
            page.get_by_role("button", name="Start", exact=True).wait_for()
            page.wait_for_timeout(1500)
            waits.append(page.evaluate(START))
            page.get_by_role("button", name="Reset", exact=True).click()
            page.get_by_role("button", name="Pause").and_(page.locator(":disabled")).wait_for()
        page.close()
    middle, slow = statistics.median(waits), percentile(waits, 0.95)
    print(f"\nstart to first picture: {middle:.0f} ms, {slow:.0f} ms at p95")
    assert slow <= 1000
