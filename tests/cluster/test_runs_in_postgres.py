"""What holds of two servers on SQLite holds on PostgreSQL; a restart in mid-run costs nothing."""

from __future__ import annotations

import time

import pytest

from tests.core.runs.servers import test_processes, test_two_servers
from tests.core.runs.servers.test_processes import process
from tests.core.runs.servers.test_trouble import told
from tests.support.postgres import Postgres
from tests.support.servers import LONG, Servers, eventually, servers, slow
from tests.support.stage import CONFIG, STEPS, reaches, seed, stands
from vae_core.runs.disk.database import SILENT
from vae_core.runs.jobs import JobsError

__all__ = ["process", "servers"]

pytestmark = pytest.mark.cluster

for module in (test_two_servers, test_processes):
    globals().update({k: v for k, v in vars(module).items() if k.startswith("test_")})


def test_a_restart_in_mid_run_costs_nobody_a_run(servers: Servers, postgres: Postgres) -> None:
    (first, _), (second, other) = servers(trainer=slow), servers()
    token = first.start(LONG, "ann")
    eventually(lambda: (view := second.look(token)) and view.snapshot > 0)
    before = second.look(token).history[-1].step
    postgres.stop()
    here = first.look(token).history[-1].step
    first.wait_for(token, reaches(here + 20), 60.0)
    assert told(second, token) == "running"  # as it was seen last
    assert eventually(lambda: told(second, "a token of yesterday") == SILENT)
    mine = second.start(CONFIG, "ben")
    other.steps(STEPS)
    assert second.wait_for(mine, stands("finished"), 60.0).fraction == 1.0
    began = time.monotonic()
    with pytest.raises(JobsError) as refused:
        first.look(mine)
    assert str(refused.value) == SILENT
    assert time.monotonic() - began < 3.0, "nobody waits for a database that is known to be gone"
    postgres.start()
    assert eventually(lambda: told(first, mine) == "finished")
    assert eventually(lambda: second.look(token).history[-1].step > before + 20)
    assert first.look(token).state == "running"
    assert (len(first.archive.runs), len(second.archive.runs)) == (1, 1)
    first.stop(token)
    assert eventually(lambda: second.look(token).state == "stopped")


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
    eventually(lambda: second._store.presence._last - second._store.presence._since > 4.0)
    monkeypatch.setattr(first._store, "beat", first._beat._ends.wait)  # it comes back later
    postgres.stop()
    time.sleep(5.0)
    postgres.start()
    eventually(lambda: not second._store._database._silent)
    assert told(second, token) == "running"
    assert second.archive.runs == {}
    assert eventually(lambda: told(second, token) == "interrupted")
