"""A server in a process of its own, killed or stopped in mid-run: the other one has its run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.patience import patiently
from tests.support.servers import Servers, slow
from tests.support.stage import kept
from vae_core.runs.jobs import SERVER_STOPPED

Process = subprocess.Popen[str]


@pytest.fixture
def process(tmp_path: Path, database: str | None) -> Iterator[Callable[[], tuple[Process, str]]]:
    """Starts a server that trains in a process of its own; gives it and the run's token."""
    started: list[Process] = []

    def start() -> tuple[Process, str]:
        command = [sys.executable, "-m", "tests.support.servers", str(tmp_path / "runs")]
        command += [database] if database else []
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        token = started[-1].stdout.readline().strip()
        assert token
        return started[-1], token

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_run_of_a_server_that_is_gone_goes_on_at_another(
    servers: Servers,
    process: Callable[[], tuple[Process, str]],
    how: signal.Signals,
    tmp_path: Path,
) -> None:
    jobs, _ = servers(trainer=slow)
    first, token = process()
    patiently(lambda: (view := jobs.look(token)) and view.snapshot > 0 and len(view.history) > 5)
    assert jobs.look(token).state == "running"
    assert jobs.archive.runs == {}
    first.send_signal(how)
    first.wait(60)
    view = jobs.look(token)
    assert (view.state, view.message) == ("interrupted", SERVER_STOPPED)
    assert view.history[-1].step == view.snapshot > 0
    assert view.views is not None
    jobs.resume(token)
    until = view.snapshot + 20
    view = jobs.wait_for(token, lambda view: view.history[-1].step >= until, 60.0)
    steps = [point.step for point in view.history]
    assert steps == sorted(set(steps))
    assert len(kept(tmp_path / "runs")) == 1
    jobs.discard(token)
    assert patiently(lambda: kept(tmp_path / "runs") == [])
    assert patiently(lambda: len(list((tmp_path / "runs").glob("*.server"))) == 1)
