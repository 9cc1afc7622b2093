"""Trainings on a real Ray cluster: a head and two nodes of one core each, all on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT, running_server
from tests.core.runs.work.test_pool import ENDLESS, SMALL, numbers, wait
from tests.support.ray_cluster import Member, RayCluster, running_ray, until
from tests.support.stage import reaches, stands
from tests.support.websocket_visitor import WebsocketVisitor
from vae_core.runs.jobs import SERVER_STOPPED, Jobs
from vae_core.runs.work.cluster import address
from vae_core.runs.work.cluster.cluster import CLUSTER_LOST, Cluster
from vae_core.runs.work.live import train_live
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Progress

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with running_ray() as made:
        made.add()
        made.add()
        yield made


@pytest.fixture(scope="module")
def jobs(cluster: RayCluster) -> Iterator[Jobs]:
    """Those of a server that sends its trainings there."""
    made = Jobs(cluster=Cluster(cluster.address))
    until(lambda: made._line.workers == 2)
    yield made
    made.shutdown()


@pytest.fixture(autouse=True)
def nothing_left(cluster: RayCluster) -> Iterator[None]:
    """Two nodes before each test, and nothing at work after it."""
    while len(cluster.nodes) < 2:
        cluster.add()
    yield
    until(lambda: not cluster.at_work())


@pytest.fixture
def whole(one_thread: None) -> list[Progress]:
    """The reports of the small run, trained here and never interrupted."""
    return list(train_live(SMALL, lambda: SMALL.settings, None))


def endless(number: int) -> TrainConfig:
    return replace(ENDLESS, seed=number)


def same_weights(one, other) -> bool:
    return all(torch.equal(one.weights[name], other.weights[name]) for name in other.weights)


def the_one_at_work(cluster: RayCluster) -> Member:
    """The node at which the only training is."""
    (node,) = (each for each in cluster.nodes if each.at_work())
    return node


def test_the_numbers_are_those_of_this_process_to_the_last_digit(jobs, whole):
    token = jobs.start(SMALL, "ann")
    view = wait(jobs, token, stands("finished"))
    jobs.discard(token)
    assert list(map(numbers, view.history)) == list(map(numbers, whole))
    assert same_weights(view.checkpoint, whole[-1].checkpoint)


def test_two_train_and_one_waits_until_it_has_a_core(jobs, cluster):
    tokens = [jobs.start(endless(number), str(number)) for number in range(3)]
    for token in tokens[:2]:
        wait(jobs, token, reaches(1))
    view = jobs.look(tokens[2])
    assert (view.state, view.place) == ("queued", 1)
    assert [len(node.at_work()) for node in cluster.nodes] == [1, 1]
    jobs.stop(tokens[0])
    assert wait(jobs, tokens[0], stands("stopped")).snapshot > 0
    wait(jobs, tokens[2], reaches(1))
    for token in tokens[1:]:
        jobs.discard(token)


def test_orders_reach_a_training_under_way(jobs, cluster):
    token = jobs.start(ENDLESS, "ann")
    wait(jobs, token, reaches(1))
    jobs.change(token, Settings(learning_rate=1e-5))
    wait(jobs, token, lambda view: view.history[-1].settings.learning_rate == 1e-5)
    jobs.pause(token)
    until(lambda: not cluster.at_work())  # a pause holds no core
    view = jobs.look(token)
    assert (view.state, view.message, view.history[-1].step) == ("paused", "", view.snapshot)
    jobs.resume(token)
    wait(jobs, token, reaches(view.snapshot + 1))
    jobs.stop(token)
    wait(jobs, token, stands("stopped"))


def test_a_run_whose_node_dies_goes_on_at_another_one_to_the_same_end(jobs, cluster, whole):
    token = jobs.start(SMALL, "ann")
    wait(jobs, token, reaches(50))
    jobs.pause(token)
    snapshot = wait(jobs, token, lambda view: view.snapshot >= 50).snapshot
    until(lambda: not cluster.at_work())
    jobs.resume(token)
    wait(jobs, token, reaches(snapshot + 1))
    node = the_one_at_work(cluster)
    cluster.nodes.remove(node)
    node.kill()
    view = wait(jobs, token, stands("finished"))
    assert view.message == ""
    assert view.history[-1].step == whole[-1].step
    assert numbers(view.history[-1])[-2:] == numbers(whole[-1])[-2:]
    assert same_weights(view.checkpoint, whole[-1].checkpoint)


def test_what_loses_its_node_while_all_others_are_taken_waits_before_all_others(jobs, cluster):
    tokens = [jobs.start(endless(number), str(number)) for number in range(3)]
    for token in tokens[:2]:
        wait(jobs, token, lambda view: view.snapshot > 0)
    node = cluster.nodes.pop()
    node.kill()
    until(lambda: jobs._line.workers == 1)
    until(lambda: any(jobs.look(token).state == "queued" for token in tokens[:2]))
    (moved,) = (token for token in tokens[:2] if jobs.look(token).state == "queued")
    view = jobs.look(moved)
    assert (view.place, jobs.look(tokens[2]).place) == (1, 2)
    assert view.history[-1].step == view.snapshot > 0
    cluster.add()
    wait(jobs, moved, reaches(view.snapshot + 1))
    for token in tokens:
        jobs.discard(token)


SERVER = """
import sys
from pathlib import Path
from tests.core.runs.work.test_pool import ENDLESS, reaches
from vae_core.runs.jobs import Jobs
from vae_core.runs.work.cluster.cluster import Cluster
jobs = Jobs(folder=Path(sys.argv[1]), cluster=Cluster(sys.argv[2]))
token = jobs.start(ENDLESS, "ann")
jobs.wait_for(token, reaches(50), 60.0)
print(token, *jobs._pool.pids, flush=True)
sys.stdin.read()
"""


def test_a_server_that_is_killed_leaves_no_training_on_the_cluster(cluster, tmp_path):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SERVER, str(tmp_path), cluster.address]
    server = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    token, driver = server.stdout.readline().split()
    assert len(cluster.at_work()) == 1
    server.kill()
    server.communicate()
    until(lambda: not cluster.at_work() and not Path(f"/proc/{driver}").exists())
    view = Jobs(folder=tmp_path).look(token)
    assert (view.state, view.message, view.resumable) == ("interrupted", SERVER_STOPPED, True)


def test_a_page_trains_on_the_cluster_that_its_server_was_told_of(cluster, tmp_path):
    where = {"TTN_RAY": cluster.address, "TTN_RUNS": str(tmp_path)}
    with (
        running_server(**where) as server,
        WebsocketVisitor(server, "train_vae", "epochs=50&latent=2") as visitor,
    ):
        visitor.run(press="start")
        until(cluster.at_work)
        visitor.run(press="stop")
        until(lambda: not cluster.at_work())
        assert visitor.faults == []


def test_a_cluster_that_is_lost_interrupts_its_runs_and_says_so(jobs, cluster, monkeypatch):
    """The last one: no cluster is left after it."""
    token = jobs.start(ENDLESS, "ann")
    wait(jobs, token, lambda view: view.snapshot > 0)
    cluster.head.kill()
    view = wait(jobs, token, stands("interrupted"))
    assert (view.message, view.resumable) == (CLUSTER_LOST, True)
    assert view.history[-1].step == view.snapshot > 0
    cluster.kill()  # nodes without a head give up after a minute, and their trainings with them
    monkeypatch.setenv(address.VARIABLE, cluster.address)
    with pytest.raises(ValueError, match="TTN_RAY: no Ray cluster answers"):
        address.check()
