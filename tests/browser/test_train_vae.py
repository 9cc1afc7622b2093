"""A training in a real browser, on all of MNIST: it rises, and nothing that happens loses it.

F5, a closed tab, a lost network, a server that stops and one that is killed.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.conftest import Opener, running_process, running_server
from tests.support.processes import children

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TAKEAWAY = re.compile(r"held-out ELBO −(\d+\.\d) nats after epoch (\d+\.\d)")


def reached(page: Page) -> tuple[float, float]:
    """ELBO and epoch in the takeaway, as soon as there is one."""
    line = page.get_by_text(TAKEAWAY).first
    expect(line).to_be_visible(timeout=30_000)
    found = TAKEAWAY.search(line.inner_text())
    assert found
    return -float(found[1]), float(found[2])


def await_epoch(page: Page, at_least: float) -> tuple[float, float]:
    """ELBO and epoch once the run has come that far."""
    for _ in range(120):
        elbo, epoch = reached(page)
        if epoch >= at_least:
            return elbo, epoch
        page.wait_for_timeout(500)
    pytest.fail(f"the training never came to epoch {at_least}")


class Network:
    """The way between a page and its server, which can be cut."""

    def __init__(self, page: Page) -> None:
        self.cut_off = False
        self.socket: WebSocketRoute | None = None
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        if self.cut_off:
            socket.close()
            return
        socket.connect_to_server()
        self.socket = socket

    def cut(self) -> None:
        """Nothing passes any more."""
        self.cut_off = True
        assert self.socket is not None
        self.socket.close()


def test_it_rises_survives_f5_and_goes_on_after_a_restart(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    with running_server() as first:
        watched = open_page("/train_vae?epochs=50&latent=2", server=first)
        page = watched.page
        page.get_by_role("button", name="Start", exact=True).click()
        begun, _ = reached(page)
        elbo, epoch = await_epoch(page, 0.5)
        assert elbo > begun + 20
        strips = page.get_by_role("img", name=re.compile("decoder's picture of each"))
        expect(strips).to_be_visible()
        page.reload()
        later, _ = await_epoch(page, epoch + 0.2)
        assert later > begun + 20
        expect(page.get_by_role("button", name="Pause")).to_be_enabled()
        address = page.url
        page.context.close()
        watched.assert_quiet()
        other = open_page(address.removeprefix(first), server=first)
        await_epoch(other.page, epoch + 0.3)
        expect(other.page.get_by_role("button", name="Pause")).to_be_enabled()
        other.page.context.close()
        other.assert_quiet()
    with running_server() as second:
        path = address.removeprefix(first)
        assert "run=" in path
        again = open_page(path, server=second)
        expect(again.page.get_by_text("The server was stopped")).to_be_visible(timeout=30_000)
        _, epoch = reached(again.page)
        again.page.get_by_role("button", name="Go on").click()
        await_epoch(again.page, epoch + 0.3)
        again.page.get_by_role("button", name="Reset", exact=True).click()
        expect(again.page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
        assert "run=" not in again.page.url
        again.page.context.close()
        again.assert_quiet()


@pytest.mark.exhaustive
def test_it_survives_a_lost_network_and_a_killed_server(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab stays open all the while, and finds its way back by itself."""
    monkeypatch.setenv("TTN_RUNS", str(tmp_path))
    page = browser.new_page()
    network = Network(page)
    with running_process() as (server, process):
        page.goto(f"{server}/train_vae?epochs=50&latent=2")
        page.get_by_role("button", name="Start", exact=True).click()
        _, before = await_epoch(page, 0.1)
        network.cut()
        page.wait_for_timeout(2000)
        assert reached(page)[1] < before + 1.0
        network.cut_off = False
        _, epoch = await_epoch(page, before + 0.2)
        expect(page.get_by_role("button", name="Pause")).to_be_enabled()
        process.kill()
        process.wait(10)
    with running_server(int(server.rpartition(":")[2])):
        expect(page.get_by_text("The server was stopped")).to_be_visible(timeout=60_000)
        _, epoch = reached(page)
        assert epoch > 0.0
        page.get_by_role("button", name="Go on").click()
        await_epoch(page, epoch + 0.1)
        page.close()


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc who works for a server")
def test_a_killed_worker_costs_its_run_what_came_after_the_snapshot_and_nobody_else_anything(
    open_page: Opener, tmp_path: Path
) -> None:
    with running_process(TTN_RUNS=str(tmp_path)) as (server, process):
        page = open_page("/train_vae?epochs=50&latent=2", server=server).page
        page.get_by_role("button", name="Start", exact=True).click()
        await_epoch(page, 0.3)
        for pid in children(process.pid):
            os.kill(pid, signal.SIGKILL)
        expect(page.get_by_text("The process of this training was ended")).to_be_visible()
        _, epoch = reached(page)
        page.get_by_role("button", name="Go on").click()
        await_epoch(page, epoch + 0.1)
        workers = children(process.pid)
        assert workers
        page.context.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


@pytest.mark.exhaustive
def test_a_second_server_on_the_folder_shows_the_run_and_takes_it_where_somebody_acts(
    open_page: Opener, tmp_path: Path
) -> None:
    runs = {"TTN_RUNS": str(tmp_path)}
    with running_server(**runs) as first, running_server(**runs) as second:
        page = open_page("/train_vae?epochs=50&latent=2", server=first).page
        page.get_by_role("button", name="Start", exact=True).click()
        _, begun = reached(page)
        page.wait_for_url("**run=*")
        other = open_page(page.url.removeprefix(first), server=second).page
        await_epoch(other, begun + 0.2)
        await_epoch(page, begun + 0.3)
        other.get_by_role("button", name="Pause").click()
        expect(other.get_by_role("button", name="Go on")).to_be_visible(timeout=30_000)
        expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=30_000)
        _, epoch = reached(other)
        other.get_by_role("button", name="Go on").click()
        await_epoch(other, epoch + 0.2)
        await_epoch(page, epoch + 0.2)
        page.context.close()
        other.context.close()
