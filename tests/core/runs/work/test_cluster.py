"""Trainings that go to a cluster through a driver, here one of paper; `tests/cluster` has Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch

from tests.conftest import ROOT
from tests.core.runs.work.test_pool import ENDLESS, SMALL, gone, numbers, wait
from tests.support import paper_driver
from tests.support.patience import patiently
from tests.support.stage import reaches, stands
from vae_core.runs.jobs import Jobs
from vae_core.runs.work.cluster import address, cluster
from vae_core.runs.work.live import train_live
from vae_core.training.config import Settings


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    """Those of a server whose cluster has room for two."""
    monkeypatch.setattr(cluster, "MODULE", paper_driver.__name__)
    monkeypatch.setattr(cluster, "SECONDS_TO_COME_BACK", 0.01)
    made = Jobs(cluster=cluster.Cluster("paper:2"))
    yield made
    pids = made._pool.pids
    made.shutdown()
    assert all(map(gone, pids))


def test_reports_and_orders_go_through_one_process_for_all(jobs, one_thread):
    whole = list(train_live(SMALL, lambda: SMALL.settings, None))
    first, second, third = (
        jobs.start(config, str(number)) for number, config in enumerate((SMALL, ENDLESS, ENDLESS))
    )
    assert jobs.look(third).watchers == 2
    wait(jobs, second, reaches(1))
    jobs.change(second, Settings(learning_rate=1e-5))
    wait(jobs, second, lambda view: view.history[-1].settings.learning_rate == 1e-5)
    view = wait(jobs, first, stands("finished"))
    assert list(map(numbers, view.history)) == list(map(numbers, whole))
    weights = whole[-1].checkpoint.weights
    assert all(torch.equal(view.checkpoint.weights[name], weights[name]) for name in weights)
    jobs.pause(second)
    wait(jobs, second, lambda view: view.snapshot >= 1)
    jobs.discard(second)
    jobs.stop(third)
    assert wait(jobs, third, stands("stopped")).snapshot > 0
    assert len(jobs._pool.pids) == 1
    assert not jobs._pool._inboxes


def test_a_driver_that_is_lost_interrupts_its_trainings_and_comes_back(jobs):
    token = jobs.start(ENDLESS, "ann")
    wait(jobs, token, lambda view: view.snapshot > 0)
    (pid,) = jobs._pool.pids
    os.kill(pid, signal.SIGKILL)
    view = wait(jobs, token, stands("interrupted"))
    assert (view.message, view.resumable) == (cluster.CLUSTER_LOST, True)
    assert view.history[-1].step == view.snapshot > 0
    jobs.resume(token)
    wait(jobs, token, reaches(view.snapshot + 1))
    assert jobs._pool.pids != [pid]
    jobs.stop(token)
    wait(jobs, token, stands("stopped"))


def test_what_the_cluster_has_no_room_for_waits(jobs):
    wait_for_room = patiently(lambda: jobs._line.workers == 2)
    assert wait_for_room
    tokens = [jobs.start(ENDLESS, str(number)) for number in range(2)]
    assert [jobs.look(token).place for token in tokens] == [0, 0]


@pytest.mark.parametrize("named", ["a cluster", "10.0.0.1", "ray://10.0.0.1:10001", ":6379", "h:x"])
def test_what_is_no_address_is_said(monkeypatch, named):
    monkeypatch.setenv(address.VARIABLE, named)
    with pytest.raises(ValueError, match="TTN_RAY is host and port"):
        address.check()


def test_without_its_packages_a_cluster_cannot_be_used(monkeypatch):
    monkeypatch.setenv(address.VARIABLE, "127.0.0.1:6379")
    monkeypatch.setattr(address, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"needs the packages of requirements-cluster\.txt"):
        address.check()


def test_nothing_is_tried_where_no_cluster_is_named(monkeypatch):
    monkeypatch.delenv(address.VARIABLE, raising=False)
    monkeypatch.setattr(address, "find_spec", None)
    address.check()


def test_neither_a_server_nor_its_driver_imports_ray_before_it_needs_it():
    """And the driver no torch: it passes on what it need not understand."""
    for module, kept_out in (("app", {"ray"}), (address.MODULE, {"ray", "torch"})):
        words = f"import sys, {module}; sys.exit(bool({kept_out} & sys.modules.keys()))"
        assert subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=False).returncode == 0
