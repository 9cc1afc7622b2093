"""A class at work: thirty visitors who drag, five of whom train, and what is left afterwards."""

from __future__ import annotations

import csv
import io
import random
import statistics
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.bench.test_live_speed import Visit, percentile, release
from tests.bench.test_live_speed import visit as visit
from tests.conftest import running_process, running_server
from tests.support.websocket_visitor import WebsocketVisitor

pytestmark = pytest.mark.bench

VISITORS, TRAINING = 30, 5
DRAGGING = 40.0
PAUSE = 2.0
SETTLED = 15.0
GRACE = 20.0
# Streamlit keeps the session of a lost connection for two minutes.
FORGOTTEN = 150.0
STARTS = 20
WATCHING, ROUNDS = 5.0, 5
PAGES = {
    "location_scale": lambda draw: f"mu={draw.randrange(-20, 21) / 10}",
    "gradient_variance": lambda draw: f"mu={draw.randrange(-20, 21) / 10}",
    "race": lambda draw: f"seed={draw.randrange(3)}",
}


def drag(visitor: WebsocketVisitor, until: float, draw: random.Random) -> None:
    """Let go of a slider again and again, after pauses as uneven as people's."""
    while time.monotonic() < until:
        time.sleep(draw.uniform(0.0, 2.0 * PAUSE))
        visitor.run(PAGES[visitor.page](draw))


def follow(visitor: WebsocketVisitor) -> None:
    """Start a training and watch it to its end, as the page does by itself."""
    visitor.run(press="start")
    while visitor.interval:
        time.sleep(visitor.interval)
        visitor.run(itself=True)


def resident(pid: int) -> float:
    """Memory of a server and its workers in MB; what several have in common counts once."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    workers = {int(each) for task in tasks for each in task.read_text(encoding="utf-8").split()}
    total = 0.0
    for process in (pid, *workers):
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def curves(address: str, token: str) -> list[dict[str, str]]:
    """The points of a run, as its watcher takes them away."""
    with urllib.request.urlopen(f"{address}/take/curves.csv?run={token}") as answer:
        return list(csv.DictReader(io.StringIO(answer.read().decode())))


def a_class(address: str, seeds: range, seconds: float) -> list[WebsocketVisitor]:
    """Thirty visitors at once; those who train have the seeds given, each once."""
    faults: list[BaseException] = []

    def guarded(work: Any, *words: Any) -> None:
        try:
            work(*words)
        except BaseException as fault:
            faults.append(fault)

    with ExitStack() as stack:
        visitors = [
            stack.enter_context(WebsocketVisitor(address, "train_vae", f"latent=2&seed={seed}"))
            for seed in seeds
        ]
        for i in range(VISITORS - len(visitors)):
            page = list(PAGES)[i % len(PAGES)]
            visitors.append(stack.enter_context(WebsocketVisitor(address, page)))
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=guarded, args=(follow, each))
            if each.page == "train_vae"
            else threading.Thread(target=guarded, args=(drag, each, until, random.Random(i)))
            for i, each in enumerate(visitors)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
    assert [visitor.faults for visitor in visitors] == [[]] * VISITORS
    return visitors


def test_thirty_visitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    monkeypatch.setenv("TTN_GRACE", str(GRACE))
    monkeypatch.delenv("TTN_AHEAD")
    with running_process() as (address, process):
        time.sleep(SETTLED)
        a_class(address, range(100, 105), DRAGGING)
        time.sleep(FORGOTTEN)
        before = resident(process.pid)
        visitors = a_class(address, range(TRAINING), DRAGGING)
        during = resident(process.pid)
        trained = [visitor for visitor in visitors if visitor.page == "train_vae"]
        ends = [float(curves(address, visitor.token)[-1]["epoch"]) for visitor in trained]
        waits = [wait for visitor in visitors for wait in visitor.waits]
        time.sleep(FORGOTTEN)
        with WebsocketVisitor(address, "train_vae") as last:
            assert last.faults == []
        after = resident(process.pid)
        alive = process.poll() is None
    slow = percentile(waits, 0.95)
    print(f"\n{len(waits)} script runs: {statistics.median(waits) * 1e3:.0f} ms,", end=" ")
    print(f"{slow * 1e3:.0f} ms at p95, {max(waits) * 1e3:.0f} ms at most;", end=" ")
    print(f"memory {before:.0f} MB before, {during:.0f} at the end, {after:.0f} MB after")
    assert alive
    assert ends == [1.0] * TRAINING
    assert slow < 1.0
    assert after < 1.1 * before


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
            assert float(curves(server, training.token)[-1]["epoch"]) > 0.0
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


def steps_per_second(server: str, training: WebsocketVisitor, *, watched: bool) -> float:
    """Speed of a training over some seconds of the clock, looks and snapshots included."""

    def step() -> float:
        return float(curves(server, training.token)[-1]["step"])

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
            [steps_per_second(server, training, watched=watched) for watched in (False, True)]
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
