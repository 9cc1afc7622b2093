"""Whether a server on this machine is alive: the dead hold nothing."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vae_core.runs.servers import lock
from vae_core.runs.servers.lock import ServerLock, lives

HOLD = (
    "import sys; from pathlib import Path; from vae_core.runs.servers.lock import ServerLock;"
    "lock = ServerLock(Path(sys.argv[1]), 'other'); print('mine', flush=True); sys.stdin.read()"
)
Hold = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts a process that lives as the server "other"."""
    started: list[subprocess.Popen[str]] = []

    def holder(folder: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(folder)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        return process

    yield holder
    for process in started:
        process.kill()
        process.communicate()


def test_another_process_lives_until_it_is_killed(tmp_path: Path, hold: Hold) -> None:
    process = hold(tmp_path / "runs")
    assert lives(tmp_path / "runs", "other") is True
    lock.bury(tmp_path / "runs", "other")
    assert lives(tmp_path / "runs", "other") is True
    process.kill()
    process.wait()
    assert lives(tmp_path / "runs", "other") is False
    lock.bury(tmp_path / "runs", "other")
    assert list((tmp_path / "runs").iterdir()) == []


def test_one_that_left_in_order_leaves_no_file(tmp_path: Path) -> None:
    mine = ServerLock(tmp_path, "me")
    assert lives(tmp_path, "me") is True
    mine.release()
    assert list(tmp_path.iterdir()) == []


def test_of_one_without_a_file_no_lock_tells(tmp_path: Path) -> None:
    assert lives(tmp_path, "on another machine") is None


def test_a_file_system_without_locks_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    mine = ServerLock(tmp_path, "me")
    assert lives(tmp_path, "me") is None
    assert "has no locks" in caplog.text
    mine.release()


def test_a_folder_that_cannot_be_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        ServerLock(tmp_path / "file" / "runs", "me")
