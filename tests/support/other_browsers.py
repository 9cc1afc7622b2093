"""Drives Firefox and WebKitGTK, each by the standard protocol that it speaks itself.

Firefox speaks WebDriver BiDi, JSON over a websocket; WebKitGTK's driver speaks WebDriver, JSON over
HTTP. Selenium would need geckodriver for Firefox, which Debian does not have; and Playwright's own
Firefox and WebKit are not those that people have.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.conftest import free_port, is_answering
from tests.support.find_other_browsers import ADVICE, find
from tests.support.patience import PATIENCE, patiently

WIDTH, HEIGHT = 1280, 800
KEYS = {"ArrowRight": "\ue014", "ArrowLeft": "\ue012"}
# Uncaught errors, files that do not load, and what is written to the console as an error. A hint
# to load a module early is none: Firefox fails it where the module is already there.
LISTEN = """() => {
  if (window.complaints) return;
  window.complaints = [];
  const note = (what) => window.complaints.push(String(what));
  addEventListener("error", ({ message, target }) => {
    if (target.rel !== "modulepreload") note(message ?? `no ${target.src ?? target.href}`);
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => note(reason?.stack ?? reason));
  const say = console.error;
  console.error = (...words) => { note(words.join(" ")); say(...words); };
}"""
# Null until the page has begun; then whether nothing of ours has come before it was listened to.
LISTEN_AT_ONCE = f"""(address) => {{
  if (location.href !== address) return null;
  ({LISTEN})();
  return performance.getEntriesByType("resource").some(({{ name }}) => name.includes("/assets/"))
    ? "late" : "early";
}}"""
TRIES = 5


class RefusedError(Exception):
    """A browser did not do what it was asked for."""


class OtherBrowser(ABC):
    """One window of a browser. Scripts are arrow functions; they return what JSON can say."""

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""

    @abstractmethod
    def open(self, address: str) -> None:
        """Go there, and note what goes wrong from the start; the page may still load."""

    @abstractmethod
    def act(self, actions: list[dict[str, Any]]) -> None:
        """Perform input actions, written alike in both protocols."""

    def run(self, function: str, *arguments: Any) -> Any:
        """What a function returns in the page."""
        written = ", ".join(json.dumps(argument) for argument in arguments)
        return json.loads(self.evaluate(f"JSON.stringify(({function})({written}) ?? null)"))

    def press(self, key: str) -> None:
        """Press and release a key, wherever the focus is."""
        strokes = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        self.act([{"type": "key", "id": "keyboard", "actions": strokes}])

    def wait_for(self, function: str, *arguments: Any) -> Any:
        """What a function returns, once that is true."""
        return patiently(lambda: self.run(function, *arguments), of=(function, arguments))


class Firefox(OtherBrowser):
    """Firefox, by WebDriver BiDi."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.sent = 0
        self.call("session.new", capabilities={})
        self.window = self.call("browsingContext.getTree")["contexts"][0]["context"]
        size = {"width": WIDTH, "height": HEIGHT}
        self.call("browsingContext.setViewport", context=self.window, viewport=size)
        self.call("script.addPreloadScript", functionDeclaration=LISTEN)

    def call(self, method: str, **parameters: Any) -> Any:
        """Ask for something; its result."""
        self.sent += 1
        self.socket.send(json.dumps({"id": self.sent, "method": method, "params": parameters}))
        answer: dict[str, Any] = {}
        while answer.get("id") != self.sent:  # events come in between
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
        if answer["type"] != "success":
            raise RefusedError(answer)
        return answer["result"]

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        target = {"context": self.window}
        answer = self.call(
            "script.evaluate", expression=expression, target=target, awaitPromise=False
        )
        if answer["type"] != "success":
            raise RefusedError(answer)
        return answer["result"]["value"]

    def open(self, address: str) -> None:
        """Go there; every page is listened to before it runs anything."""
        self.call("browsingContext.navigate", context=self.window, url=address, wait="interactive")

    def act(self, actions: list[dict[str, Any]]) -> None:
        """Perform input actions."""
        self.call("input.performActions", context=self.window, actions=actions)


class WebKit(OtherBrowser):
    """WebKitGTK's MiniBrowser, by WebDriver."""

    def __init__(self, driver: str) -> None:
        self.session = driver
        wanted = {"alwaysMatch": {"pageLoadStrategy": "none"}}
        found = self.call("POST", "/session", capabilities=wanted)
        self.session = f"{driver}/session/{found['sessionId']}"
        self.call("POST", "/window/rect", x=0, y=0, width=WIDTH, height=HEIGHT)

    def call(self, method: str, path: str, **parameters: Any) -> Any:
        """Ask for something; its result."""
        body = json.dumps(parameters).encode() if method == "POST" else None
        request = urllib.request.Request(self.session + path, method=method, data=body)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            with error:
                raise RefusedError(error.read().decode()) from None

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        return self.call("POST", "/execute/sync", script=f"return {expression}", args=[])

    def open(self, address: str) -> None:
        """Go there, and listen before a component has come; where that was late, go again."""
        for _ in range(TRIES):
            self.call("POST", "/url", url="about:blank")
            self._arrive("(address) => location.href === address", "about:blank")
            self.call("POST", "/url", url=address)
            if self._arrive(LISTEN_AT_ONCE, address) == "early":
                return
        pytest.fail(f"{address} was there before it could be listened to")

    def _arrive(self, function: str, address: str) -> Any:
        # While one page gives way to another, scripts are refused for a moment.
        ask = partial(self.run, function, address)
        return patiently(ask, RefusedError, pause=0.01, of=(function, address))

    def act(self, actions: list[dict[str, Any]]) -> None:
        """Perform input actions."""
        self.call("POST", "/actions", actions=actions)


@contextmanager
def _started(command: list[str], **options: Any) -> Iterator[None]:
    process = subprocess.Popen(command, **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _program(name: str) -> str:
    path = find(name)
    assert path is not None, ADVICE.format(missing=name)
    return path


@contextmanager
def firefox() -> Iterator[OtherBrowser]:
    """A Firefox with a profile of its own."""
    with ExitStack() as stack:
        profile = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        command = [_program("firefox"), "--headless", "--remote-debugging-port=0", "--no-remote"]
        stack.enter_context(_started([*command, "--profile", profile]))
        told = Path(profile) / "WebDriverBiDiServer.json"
        port = patiently(lambda: json.loads(told.read_text())["ws_port"], OSError, ValueError)
        address = f"ws://127.0.0.1:{port}/session"
        yield Firefox(stack.enter_context(connect(address, max_size=None)))


@contextmanager
def webkit() -> Iterator[OtherBrowser]:
    """A MiniBrowser on a screen of its own."""
    with ExitStack() as stack:
        reading, writing = os.pipe()
        screen = [_program("Xvfb"), "-displayfd", str(writing), "-screen", "0", "1280x1024x24"]
        stack.enter_context(_started([*screen, "-nolisten", "tcp"], pass_fds=[writing]))
        os.close(writing)
        with os.fdopen(reading) as told:
            display = f":{told.readline().strip()}"
        port = free_port()
        driver = [_program("WebKitWebDriver"), f"--port={port}"]
        stack.enter_context(_started(driver, env={**os.environ, "DISPLAY": display}))
        address = f"http://127.0.0.1:{port}"
        patiently(lambda: is_answering(f"{address}/status"), of=driver)
        browser = WebKit(address)
        stack.callback(browser.call, "DELETE", "")
        yield browser
