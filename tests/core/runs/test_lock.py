"""One server to a folder: who has it is said, and the dead hold nothing."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vae_core.runs.disk import lock
from vae_core.runs.disk.lock import NAME, FolderInUse, FolderLock

HOLD = (
    "import sys; from pathlib import Path; from vae_core.runs.disk.lock import FolderLock;"
    "lock = FolderLock(Path(sys.argv[1])); print('mine', flush=True); sys.stdin.read()"
)
Hold = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Starts a process that has a folder."""
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


def test_a_folder_in_use_is_refused_and_the_message_says_who_has_it(
    tmp_path: Path, hold: Hold
) -> None:
    process = hold(tmp_path / "runs")
    with pytest.raises(FolderInUse) as refused:
        FolderLock(tmp_path / "runs")
    said = str(refused.value)
    assert f"process {process.pid} on {socket.gethostname()}, since 2" in said
    assert "\n" not in said


def test_the_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path, hold: Hold) -> None:
    process = hold(tmp_path)
    process.kill()
    process.wait()
    assert (tmp_path / NAME).exists()
    mine = FolderLock(tmp_path)
    with pytest.raises(FolderInUse, match=f"process {os.getpid()} "):
        FolderLock(tmp_path)
    mine.release()
    FolderLock(tmp_path).release()


@pytest.mark.parametrize(
    "left", ["", "nonsense", '{"pid": 1}', '{"pid": 1, "host": "a", "more": 2}']
)
def test_whatever_a_lock_file_holds_without_a_lock_it_is_free(tmp_path: Path, left: str) -> None:
    (tmp_path / NAME).write_text(left)
    mine = FolderLock(tmp_path)
    (tmp_path / NAME).write_text(left)
    with pytest.raises(FolderInUse, match="does not say which"):
        FolderLock(tmp_path)
    mine.release()


def test_a_file_system_without_locks_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "_lock", refuse)
    FolderLock(tmp_path).release()
    assert "has no locks" in caplog.text


def test_a_folder_that_cannot_be_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        FolderLock(tmp_path / "file" / "runs")
