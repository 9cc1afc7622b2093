"""Several servers behind one address: what is started again, how all end, what is refused."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.support.patience import patiently
from vae_core.cli import serve
from vae_core.cli.serve import Part, ServeError, free_ports, is_answering


@pytest.fixture
def ports() -> list[int]:
    """Two that are free."""
    return free_ports(2)


def part(*command: str, port: int = 0) -> Part:
    """A process that answers at a port, or some other command."""
    server = ["-m", "http.server", str(port), "--bind", "127.0.0.1"]
    words = [sys.executable, *(command or server)]
    return Part("Replica 1", words, f"http://127.0.0.1:{port}/", dict(os.environ))


@pytest.fixture
def in_background() -> Iterator[Callable[[list[Part], threading.Event], threading.Thread]]:
    """Keeps parts going in a thread, until the test ends at the latest."""
    with ExitStack() as stack:

        def begin(parts: list[Part], stop: threading.Event) -> threading.Thread:
            thread = threading.Thread(target=serve.serve, args=(parts, "ready", stop))
            thread.start()
            stack.callback(thread.join)
            stack.callback(stop.set)
            return thread

        yield begin


def test_what_dies_is_started_again_and_all_end_together(
    monkeypatch: pytest.MonkeyPatch,
    ports: list[int],
    in_background: Callable[[list[Part], threading.Event], threading.Thread],
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(serve, "AGAIN_SECONDS", 0.0)
    parts, stop = [part(port=port) for port in ports], threading.Event()
    running = in_background(parts, stop)
    patiently(lambda: all(is_answering(each.health) for each in parts))
    before = [each.pid for each in parts]
    os.kill(before[0], signal.SIGKILL)
    patiently(lambda: parts[0].pid != before[0] and is_answering(parts[0].health))
    assert parts[1].pid == before[1]
    assert "Replica 1 has ended with status -9; it is started again." in capfd.readouterr().err
    stop.set()
    running.join()
    assert [each.status for each in parts] == [-signal.SIGTERM] * 2
    assert not any(is_answering(each.health) for each in parts)


def test_what_does_not_start_ends_all(ports: list[int]) -> None:
    first = part(port=ports[0])
    with pytest.raises(ServeError, match="Replica 1 did not start"):
        serve.serve([first, part("-c", "raise SystemExit(2)")], "ready", threading.Event())
    assert first.status == -signal.SIGTERM


def test_what_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, ports: list[int]) -> None:
    monkeypatch.setattr(serve, "END_SECONDS", 0.2)
    deaf = "import http.server as h, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    deaf += f"h.HTTPServer(('127.0.0.1', {ports[0]}), h.SimpleHTTPRequestHandler).serve_forever()"
    stubborn = part("-c", deaf, port=ports[0])
    stubborn.start()
    stubborn.wait(lambda: False)
    stubborn.ask_to_end()
    stubborn.end()
    assert stubborn.status == -signal.SIGKILL


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--replicas", "0"], "REPLICAS is a number from 1 to 64"),
        (["--base", "a b"], "BASE is a path"),
        (["--base", "/a;return 200/"], "BASE is a path"),
        (["--base", "../a"], "BASE is a path"),
        (["--port", "99999999"], "cannot be had"),
        (["--host", "127.0.0.1; x"], "cannot be had"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert told in said


def test_a_port_that_is_taken_and_a_missing_nginx_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ports: list[int]
) -> None:
    with socket.create_server(("127.0.0.1", ports[0])):
        assert serve.main(["--port", str(ports[0])]) == 2
    assert f"127.0.0.1:{ports[0]} cannot be had" in capsys.readouterr().err
    monkeypatch.setattr(serve, "find_nginx", lambda: None)
    assert serve.main(["--port", str(ports[1])]) == 2
    assert "apt-get install nginx-light" in capsys.readouterr().err


def test_replicas_share_the_cores_unless_their_keeper_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TTN_WORKERS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)

    def share(cores: int, replicas: int) -> tuple[str | None, str | None]:
        monkeypatch.setattr(serve.os, "cpu_count", lambda: cores)
        found = serve.environment_of_each(replicas)
        return found.get("TTN_WORKERS"), found.get("OMP_NUM_THREADS")

    assert share(2, 1) == (None, None)
    assert share(2, 2) == ("1", "1")
    assert share(16, 2) == ("4", "8")
    assert share(16, 64) == ("1", "1")
    monkeypatch.setenv("TTN_WORKERS", "3")
    assert share(16, 2) == ("3", "8")
