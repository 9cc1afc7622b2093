"""What the tests share: a running server, a browser, and a page that watches what it loads."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.support.find_browser import ADVICE, find
from vae_core.cli.serve import free_ports, is_answering

ROOT = Path(__file__).parents[1]
# Trainings that the tests start leave their snapshots here, not among the user's own.
RUNS = tempfile.mkdtemp(prefix="runs-")
os.environ["TTN_RUNS"] = RUNS
# What servers make while nobody waits would take the time of other tests.
os.environ["TTN_AHEAD"] = "0"
atexit.register(shutil.rmtree, RUNS, ignore_errors=True)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60
# On a busy machine a page takes its time; what waits for it ends as soon as it is there.
expect.set_options(timeout=20_000)
# Opened at /page, Streamlit's frontend asks there first for its server, then one folder up.
SEARCH_FOR_ROOT = re.compile(r"/\w+/_stcore/(health|host-config)$")


def free_port() -> int:
    """A port that nobody uses at the moment."""
    return free_ports(1)[0]


@contextmanager
def running_server(port: int | None = None, base: str = "", **environment: str) -> Iterator[str]:
    """A server in a fresh interpreter; yields its address, without a slash at the end."""
    with running_process(port, base, **environment) as (address, _):
        yield address


@contextmanager
def running_process(
    port: int | None = None, base: str = "", **environment: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """As `running_server`, with the process that serves it; at the given port, or a free one.

    Args:
        port: where it listens.
        base: path below which it serves, such as "uni/ttn".
        environment: further variables of its environment.
    """
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", f"--server.port={port}"]
    command += [f"--server.baseUrlPath={base}"] if base else []
    address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
        )
        try:
            _wait_until_healthy(address, process, log)
            yield address, process
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_healthy(address: str, process: subprocess.Popen[bytes], log: IO[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log.seek(0)
            pytest.fail(f"the server stopped at its start:\n{log.read()}")
        if is_answering(f"{address}/_stcore/health"):
            return
        time.sleep(0.2)
    pytest.fail(f"the server did not answer within {START_SECONDS} s")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of one server for the whole test session."""
    with running_server() as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the test fails, it is never skipped."""
    path = find()
    if path is None:
        pytest.fail(ADVICE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@dataclass
class Watched:
    """A page in the browser, with what it complained of and what it asked for elsewhere."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def hear(self, message: ConsoleMessage) -> None:
        """Note an error or a warning of the browser's console; `check` notes failed requests."""
        failed_request = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not failed_request:
            self.complaints.append(message.text)

    def check(self, response: Response) -> None:
        """Note an answer that says something is missing or wrong."""
        if response.status >= 400 and not SEARCH_FOR_ROOT.search(response.url):
            self.complaints.append(f"{response.status} {response.url}")

    def note(self, request: Request) -> None:
        """Note the address of a request."""
        self.requests.append(request.url)

    @property
    def foreign(self) -> list[str]:
        """Requests that left this machine."""
        here = (self.address, self.address.replace("http", "ws"), "data:", "blob:")
        return [url for url in self.requests if not url.startswith(here)]

    def visit(self, path: str = "/") -> None:
        """Open a page of the app and wait until it has come to rest."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("h1", timeout=30_000)
        self.settle()

    def settle(self) -> None:
        """Wait until no script run is under way, and fail on an error shown on the page."""
        self.page.wait_for_selector(
            '.stApp[data-test-script-state="notRunning"]', state="attached", timeout=60_000
        )
        assert self.page.locator('[data-testid="stException"]').count() == 0
        assert self.page.get_by_text("This page stopped in the middle").count() == 0

    def assert_quiet(self) -> None:
        """Fail if the console complained or a request left the machine."""
        assert self.foreign == []
        assert self.complaints == []


Opener = Callable[..., Watched]


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Opener]:
    """Opens pages in fresh browser contexts; at the end, each must have been quiet.

    Called as `open_page("/location_scale", width=390, scheme="dark")`; `server=` takes another
    server's address.
    """
    opened: list[Watched] = []

    def opener(
        path: str = "/",
        *,
        width: int = 1280,
        scheme: str = "light",
        server: str = server,
        **context: object,
    ) -> Watched:
        size = {"width": width, "height": 800 if width > 600 else 844}
        fresh = browser.new_context(viewport=size, color_scheme=scheme, **context)
        watched = Watched(fresh.new_page(), server)
        watched.page.on("console", watched.hear)
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("request", watched.note)
        watched.page.on("response", watched.check)
        watched.page.set_default_timeout(20_000)
        watched.page.on("websocket", lambda socket: watched.requests.append(socket.url))
        opened.append(watched)
        watched.visit(path)
        return watched

    yield opener
    for watched in opened:
        watched.page.context.close()
    for watched in opened:
        watched.assert_quiet()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: the same numbers whatever the machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def screenshots() -> Path | None:
    """Folder for screenshots, where the environment variable SCREENSHOTS names one."""
    named = os.environ.get("SCREENSHOTS")
    if named is None:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The browser's tests first, a file at a time in one process: they share a server.

    What needs no browser is short, and fills what is left of each process's time at the end. PART,
    such as "1/2", leaves the other parts out.
    """
    part, parts = (int(number) for number in os.environ.get("PART", "1/1").split("/"))
    if parts > 1:
        mine = [each for each in items if zlib.crc32(each.nodeid.encode()) % parts == part - 1]
        config.hook.pytest_deselected(items=list(set(items) - set(mine)))
        items[:] = mine
    for item in items:
        if "browser" in item.keywords:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: "browser" not in item.keywords)
