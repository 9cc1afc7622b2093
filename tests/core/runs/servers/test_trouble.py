"""A database that does not answer, and a disk that is full: neither costs anybody a run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.patience import patiently
from tests.support.servers import Servers
from tests.support.stage import CONFIG, STEPS, reaches, rows, seed, stands
from vae_core.runs.archive import UNKNOWN
from vae_core.runs.disk import database
from vae_core.runs.disk.database import NAME, SILENT
from vae_core.runs.jobs import Jobs, JobsError

WHOLE = list(range(STEPS + 1))


def test_what_happens_while_the_database_is_silent_is_written_later(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    jobs, stage = servers(workers=2)
    ann = jobs.start(seed(1), "ann")
    dora = jobs.start(seed(4), "dora")
    jobs.discard(dora)
    stage.steps(3)
    jobs.wait_for(ann, reaches(2))
    with closing(sqlite3.connect(tmp_path / "runs" / NAME, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        assert patiently(lambda: jobs.why_gone("a token of yesterday") == SILENT)
        with pytest.raises(JobsError) as refused:
            jobs.look("a token of yesterday")
        assert str(refused.value) == SILENT
        stage.steps(STEPS)
        view = jobs.wait_for(ann, stands("finished"), 60.0)
        assert [point.step for point in view.history] == WHOLE
        ben = jobs.start(seed(2), "ben")
        jobs.discard(ann)
        assert jobs.look(ann) is None
        jobs.wait_for(ben, reaches(0))
        holder.execute("ROLLBACK")
    second, _ = servers()
    assert patiently(lambda: (view := second.look(ben)) and view.state == "running")
    assert patiently(lambda: len(rows(tmp_path / "runs", "runs")) == 1)
    assert second.look(ann) is None
    assert second.why_gone(ann) == UNKNOWN


def test_a_server_that_starts_while_it_is_silent_says_so_and_finds_all_afterwards(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, _ = servers()
    token = jobs.start(CONFIG, "ann")
    jobs.wait_for(token, reaches(0))
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.05)
    with closing(sqlite3.connect(tmp_path / "runs" / NAME, isolation_level=None)) as holder:
        patiently(lambda: begun(holder))
        second, _ = servers()
        with pytest.raises(JobsError) as refused:
            second.look(token)
        assert str(refused.value) == SILENT
        holder.execute("ROLLBACK")
    assert patiently(lambda: told(second, token) == "running")


def test_an_end_that_is_written_is_not_written_over_before_its_thread_is_gone(
    servers: Servers, tmp_path: Path
) -> None:
    """A server killed at this moment would leave a finished run as one that broke off."""
    jobs, _ = servers()
    jobs.wait_for(jobs.start(CONFIG, "ann"), reaches(0))
    (run,) = jobs.archive.runs.values()
    jobs.archive.save(run, ("finished", ""))
    assert run.standing.state == "running"
    jobs.archive.write_changes()
    assert [row[3] for row in rows(tmp_path / "runs", "runs")] == ["finished"]


def begun(holder: sqlite3.Connection) -> bool:
    """Whether this connection has the right to write, and nobody else."""
    with suppress(sqlite3.OperationalError):
        holder.execute("BEGIN IMMEDIATE")
    return holder.in_transaction


def told(jobs: Jobs, token: str) -> str:
    """How a run stands, or what is said instead."""
    try:
        view = jobs.look(token)
    except JobsError as silent:
        return str(silent)
    return view.state if view else "gone"


FULL = """
import resource, sys
from pathlib import Path
from tests.support.servers import SHORT, slow
from vae_core.runs import archive
from vae_core.runs.jobs import Jobs
archive.SAVE_SECONDS = 0.2
jobs = Jobs(1, Path(sys.argv[1]), slow)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
token = jobs.start(SHORT, "ann")
view = jobs.wait_for(token, lambda view: not view.active, 60.0)
print(token, view.state, view.fraction, flush=True)
sys.stdin.readline()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sys.stdin.readline()
jobs.shutdown()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX alone can limit what a process writes")
def test_a_full_disk_costs_the_snapshot_and_only_until_there_is_room(
    servers: Servers, tmp_path: Path
) -> None:
    """No file may grow beyond a size that neither the snapshot nor the database gets by with."""
    folder, pipe = tmp_path / "runs", subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", FULL, str(folder)],
        cwd=ROOT, text=True, stdin=pipe, stdout=pipe, stderr=pipe,
    ) as process:  # fmt: skip
        try:
            token, *stands = process.stdout.readline().split()
            assert stands == ["finished", "1.0"]
            assert not list(folder.rglob("snapshot.safetensors"))
            process.stdin.write("there is room again\n")
            process.stdin.flush()
            assert patiently(lambda: list(folder.rglob("snapshot.safetensors")))
            assert patiently(lambda: [row[3] for row in rows(folder, "runs")] == ["finished"])
        finally:
            process.stdin.write("end\n")
            process.stdin.close()
            process.wait(60)
        assert "could not be written" in process.stderr.read()
    jobs, _ = servers()
    view = jobs.look(token)
    assert (view.state, view.history[-1].step, view.snapshot) == ("finished", 20, 20)
