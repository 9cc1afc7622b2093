"""What holds of two servers on SQLite holds on PostgreSQL; a restart in mid-run costs nothing."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.core.runs.servers import test_processes, test_two_servers
from tests.core.runs.servers.test_processes import process
from tests.core.runs.servers.test_trouble import told
from tests.support.patience import patiently
from tests.support.postgres import PASSWORD, Postgres
from tests.support.servers import LONG, SHORT, Servers, servers, slow
from tests.support.stage import CONFIG, STEPS, reaches, seed, stands
from vae_core.runs.disk.database import SILENT, address_of
from vae_core.runs.jobs import Jobs, JobsError

__all__ = ["process", "servers"]

pytestmark = pytest.mark.cluster

for module in (test_two_servers, test_processes):
    globals().update({k: v for k, v in vars(module).items() if k.startswith("test_")})


def test_a_restart_in_mid_run_costs_nobody_a_run(servers: Servers, postgres: Postgres) -> None:
    (first, _), (second, other) = servers(trainer=slow), servers()
    token = first.start(LONG, "ann")
    patiently(lambda: (view := second.look(token)) and view.snapshot > 0)
    before = second.look(token).history[-1].step
    postgres.stop()
    here = first.look(token).history[-1].step
    first.wait_for(token, reaches(here + 20), 60.0)
    assert told(second, token) == "running"  # as it was seen last
    assert patiently(lambda: told(second, "a token of yesterday") == SILENT)
    mine = second.start(CONFIG, "ben")
    other.steps(STEPS)
    assert second.wait_for(mine, stands("finished"), 60.0).fraction == 1.0
    began = time.monotonic()
    with pytest.raises(JobsError) as refused:
        first.look(mine)
    assert str(refused.value) == SILENT
    assert time.monotonic() - began < 3.0, "nobody waits for a database that is known to be gone"
    postgres.start()
    assert patiently(lambda: told(first, mine) == "finished")
    assert patiently(lambda: second.look(token).history[-1].step > before + 20)
    assert first.look(token).state == "running"
    assert (len(first.archive.runs), len(second.archive.runs)) == (1, 1)
    first.stop(token)
    assert patiently(lambda: second.look(token).state == "stopped")


def test_after_an_outage_nobody_is_taken_for_dead_at_once(
    servers: Servers, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All hearts have stood still then; who beats first must not take the others' runs."""
    monkeypatch.setattr("vae_core.runs.servers.presence.DEAD_AFTER", 4.0)
    monkeypatch.setattr("vae_core.runs.servers.lock.machine", lambda: "here")
    first, _ = servers()
    monkeypatch.setattr("vae_core.runs.servers.lock.machine", lambda: "there")
    second, _ = servers()
    token = first.start(seed(1), "ann")
    first.wait_for(token, reaches(0))
    patiently(lambda: second._store.presence._last - second._store.presence._since > 4.0)
    monkeypatch.setattr(first._store, "beat", first._beat._ends.wait)  # it comes back later
    postgres.stop()
    time.sleep(5.0)
    postgres.start()
    patiently(lambda: not second._store._database._silent)
    assert told(second, token) == "running"
    assert second.archive.runs == {}
    assert patiently(lambda: told(second, token) == "interrupted")


def test_a_wrong_password_is_silence_and_no_log_tells_it(
    tmp_path: Path, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = database.replace(quote(PASSWORD), "wrong-one")
    jobs = Jobs(1, tmp_path, slow, database=address_of(wrong))
    assert told(jobs, "a token") == SILENT
    jobs.shutdown()
    assert "wrong-one" not in caplog.text


def test_runs_in_sqlite_come_along(servers: Servers, tmp_path: Path) -> None:
    before = Jobs(1, tmp_path / "runs", slow)
    token = before.start(SHORT, "ann")
    view = before.wait_for(token, stands("finished"), 60.0)
    before.shutdown()
    for jobs, _ in (servers(), servers()):
        assert jobs.look(token).history == view.history
