"""Two replicas behind nginx: one app below a path, and a visitor's run outlives their replica."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Cookie, expect
from websockets.exceptions import ConnectionClosed, WebSocketException

from pages import contents
from tests.browser.test_train_vae import await_epoch, reached
from tests.support.patience import patiently
from tests.support.processes import HERE_ONLY, command, descendants, listening
from tests.support.replicas import Replicas, home, running_replicas
from tests.support.websocket_visitor import WebsocketVisitor

pytestmark = pytest.mark.cluster

BASE = "uni/ttn"
LONG = "epochs=50&latent=2&hidden=100"
ONCE = pytest.mark.parametrize("replicas", ["SQLite"], indirect=True)
WAYS_TO_GO = pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
# A server that was killed is missed after some seconds, and a snapshot is written every ten.
SECONDS = 120.0


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def replicas(request: pytest.FixtureRequest, runs: Path) -> Iterator[Replicas]:
    """Two replicas below a path, with either database."""
    settings = {"TTN_RUNS": str(runs), "TTN_WORKERS": "2"}
    if request.param == "PostgreSQL":
        settings["TTN_DATABASE"] = request.getfixturevalue("postgres").new_database()
    with running_replicas(base=BASE, **settings) as running:
        yield running


@pytest.fixture
def both(replicas: Replicas) -> Replicas:
    """The replicas, both of them up."""
    replicas.wait_for_all()
    return replicas


def steps(visitor: WebsocketVisitor, at: int | None = None) -> int:
    """How far a run has come, as its curves say at a replica; 0 while there are none."""
    asked = replace(visitor, cookie=visitor.cookie if at is None else f"ttn_replica={at}")
    try:
        table = asked.fetch(f"take/curves.csv?run={visitor.token}").decode()
    except HTTPError:
        return 0
    return max((int(row["step"]) for row in csv.DictReader(io.StringIO(table))), default=0)


def snapshots(runs: Path) -> set[Path]:
    """Files from which runs can go on."""
    return set(runs.glob("*/snapshot.safetensors"))


def at_replica(replicas: Replicas, number: int, query: str) -> WebsocketVisitor:
    """A visitor of the training page whose cookie names that replica."""
    return WebsocketVisitor(replicas.address, "train_vae", query, cookie=f"ttn_replica={number}")


def is_cut_off(visitor: WebsocketVisitor) -> bool:
    """Whether the visitor's connection was lost."""
    try:
        visitor.run()
    except ConnectionClosed:
        return True
    return False


def come_back(visitor: WebsocketVisitor) -> None:
    """Notice the lost connection, and connect again as a browser does."""
    patiently(lambda: is_cut_off(visitor))
    patiently(lambda: visitor.come_back() or True, OSError, WebSocketException)


@ONCE
def test_every_page_answers_below_the_path(both: Replicas) -> None:
    homes = set()
    for page in contents.ALL_PAGES:
        with WebsocketVisitor(both.address, page.address) as visitor:
            homes.add(home(visitor))
            assert visitor.faults == []
    assert homes == {0, 1}


@ONCE
@pytest.mark.parametrize("number", [0, 1])
def test_a_visitor_stays_at_one_replica_which_has_what_the_sliders_would_show(
    both: Replicas, number: int
) -> None:
    with WebsocketVisitor(
        both.address, "gradient_variance", cookie=f"ttn_replica={number}"
    ) as visitor:
        for mu in (0.5, 1.5):
            visitor.run(f"mu={mu}")
            visitor.fetch_all()
            assert visitor.faults == []
            assert home(visitor) == number
        assert len(visitor.fetched) > 2
        assert min(visitor.fetched.values()) > 0
        visitor.cookie = f"ttn_replica={1 - number}"
        with pytest.raises(HTTPError, match="404"):
            visitor.fetch(next(iter(visitor.fetched)))


@ONCE
def test_the_replicas_can_be_reached_through_nginx_alone(both: Replicas) -> None:
    found = listening(descendants(both.launcher.pid))
    front = urlsplit(both.address).port
    assert found == {(HERE_ONLY, port) for port in (front, *both.ports)}


@WAYS_TO_GO
def test_a_replica_that_goes_leaves_its_runs_and_visitors_to_the_other(
    both: Replicas, runs: Path, number: signal.Signals
) -> None:
    before = snapshots(runs)
    with (
        at_replica(both, 0, f"{LONG}&seed={number}") as gone,
        at_replica(both, 1, f"{LONG}&seed=1{number}") as stays,
    ):
        for visitor in (gone, stays):
            visitor.run(press="start")
        patiently(lambda: len(snapshots(runs) - before) == 2, seconds=SECONDS)
        patiently(lambda: steps(gone, at=1) > 0 and steps(stays, at=0) > 0)
        pid = both.pid(0)
        assert pid
        os.kill(pid, number)
        come_back(gone)
        assert home(gone) == 1
        patiently(lambda: gone.run() and "go" in gone.buttons, seconds=SECONDS)
        assert any("It can go on from here" in told for told in gone.told)
        kept = steps(gone)
        assert kept > 0
        gone.run(press="go")
        patiently(lambda: steps(gone) > kept, seconds=SECONDS)
        later = steps(stays)
        patiently(lambda: steps(stays) > later, seconds=SECONDS)
        both.wait_for_all()
        assert both.pid(0) not in (None, pid)
        for visitor in (gone, stays):
            visitor.run()
            visitor.fetch_all()
            assert visitor.faults == []
            assert home(visitor) == 1
            visitor.run(press="stop")


def sticky(context: BrowserContext) -> Cookie:
    """The cookie that says at which replica a browser is."""
    (found,) = [each for each in context.cookies() if each["name"] == "ttn_replica"]
    return found


@ONCE
@pytest.mark.browser
def test_an_open_tab_finds_its_run_at_the_other_replica_by_itself(
    both: Replicas, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{both.address}/train_vae?{LONG}")
    page.get_by_role("button", name="Start", exact=True).click()
    await_epoch(page, 0.1)
    cookie = sticky(context)
    assert cookie["path"] == f"/{BASE}/"
    assert cookie["httpOnly"]
    left = int(cookie["value"])
    pid = both.pid(left)
    assert pid
    os.kill(pid, signal.SIGKILL)
    told = page.get_by_text("It can go on from here")
    expect(told).to_be_visible(timeout=SECONDS * 1000)
    assert int(sticky(context)["value"]) == 1 - left
    _, epoch = reached(page)
    assert epoch > 0.0
    page.get_by_role("button", name="Go on").click()
    await_epoch(page, epoch + 0.1)
    page.get_by_role("button", name="Reset", exact=True).click()
    with page.expect_response(re.compile(r"/ahead\?")) as answer:
        page.goto(f"{both.address}/gradient_variance")
    assert answer.value.ok
    context.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_all_end_with_the_one_who_started_them(tmp_path: Path, number: signal.Signals) -> None:
    with running_replicas(TTN_RUNS=str(tmp_path)) as running:
        family = descendants(running.launcher.pid)[1:]
        assert len(family) >= 4  # two replicas, nginx and what works for it
        running.launcher.send_signal(number)
        assert running.launcher.wait(SECONDS) == (0 if number != signal.SIGKILL else -number)
        patiently(lambda: not any(command(pid) for pid in family))
