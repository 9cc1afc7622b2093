"""Real worker processes: the numbers of `train`, whatever happens to the process or the server."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conftest import ROOT
from tests.support.patience import patiently
from tests.support.stage import CONFIG, STEPS, Stage, reaches, stands
from vae_core.runs.jobs import SERVER_STOPPED, Jobs
from vae_core.runs.standing import Point, RunView
from vae_core.runs.work.live import train_live
from vae_core.runs.work.pool import KILLED, NO_MEMORY, FaultError, raise_problem
from vae_core.runs.work.process import problem_of
from vae_core.runs.work.trainer import TrainingLost
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import Progress
from vae_core.vae.data import DataError

SMALL = TrainConfig(hidden=16, latent=2, epochs=1.0, seed=3)
ENDLESS = TrainConfig(hidden=16, latent=2, epochs=50.0)


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def jobs() -> Iterator[Jobs]:
    """One worker process for all tests here; they start each with a run of their own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    made = Jobs(workers=1)
    torch.set_num_threads(threads)
    yield made
    pids = made._pool.pids
    made.shutdown()
    assert pids
    assert all(map(gone, pids))


@pytest.fixture
def whole(one_thread: None) -> list[Progress]:
    """The reports of the small run, trained here and never interrupted."""
    return list(train_live(SMALL, lambda: SMALL.settings, None))


def wait(jobs: Jobs, token: str, condition: Callable[[RunView], bool]) -> RunView:
    return jobs.wait_for(token, condition, 60.0)


def numbers(point: Point | Progress) -> tuple:
    return point.step, point.epoch, point.train, point.test, point.settings


def test_the_numbers_are_those_of_this_process_to_the_last_digit(jobs, whole):
    token = jobs.start(SMALL, "ann")
    view = wait(jobs, token, stands("finished"))
    jobs.discard(token)
    assert list(map(numbers, view.history)) == list(map(numbers, whole))
    assert [look.step for look in view.looks] == [each.step for each in whole if each.views]
    for look, report in zip(view.looks, [each for each in whole if each.views], strict=True):
        np.testing.assert_array_equal(look.kl_per_dimension, report.kl_per_dimension)
        for name in ("originals", "reconstructions", "samples", "latent_means", "labels"):
            seen, told = getattr(look.views, name), getattr(report.views, name)
            np.testing.assert_array_equal(seen, told)
            assert seen.dtype == told.dtype
    tensors = whole[-1].checkpoint.tensors
    assert view.checkpoint.tensors.keys() == tensors.keys()
    assert all(torch.equal(view.checkpoint.tensors[name], tensors[name]) for name in tensors)


def test_whatever_happens_to_its_process_a_run_goes_on_to_the_same_end(jobs, whole):
    jobs.warm_up()
    os.kill(jobs._pool.pids[0], signal.SIGKILL)  # one that waits is missed by nobody
    assert patiently(lambda: gone(jobs._pool.pids[0]))
    token = jobs.start(SMALL, "ann")
    wait(jobs, token, reaches(50))
    jobs.pause(token)
    view = wait(jobs, token, lambda view: view.snapshot >= 50)
    assert (view.state, view.message) == ("paused", "")
    jobs.resume(token)

    wait(jobs, token, reaches(view.snapshot + 1))
    (asked,) = jobs._pool.pids
    os.kill(asked, signal.SIGTERM)
    assert patiently(lambda: gone(asked))
    after = wait(jobs, token, lambda now: now.active and now.snapshot > view.snapshot)
    assert (after.state, after.message) == ("running", "")

    wait(jobs, token, reaches(after.snapshot + 1))
    (killed,) = jobs._pool.pids
    os.kill(killed, signal.SIGKILL)
    view = wait(jobs, token, stands("interrupted"))
    assert (view.message, view.resumable) == (KILLED, True)
    assert view.snapshot >= after.snapshot
    assert view.history[-1].step == view.looks[-1].step == view.snapshot
    jobs.resume(token)
    view = wait(jobs, token, stands("finished"))
    assert numbers(view.history[-1])[-2:] == numbers(whole[-1])[-2:]
    weights = whole[-1].checkpoint.weights
    assert all(torch.equal(view.checkpoint.weights[name], weights[name]) for name in weights)


def test_orders_reach_a_training_under_way(jobs):
    token = jobs.start(ENDLESS, "ann")
    wait(jobs, token, reaches(1))
    jobs.change(token, Settings(learning_rate=1e-5))
    view = wait(jobs, token, lambda view: view.history[-1].settings.learning_rate == 1e-5)
    assert view.history[0].settings == ENDLESS.settings
    jobs.stop(token)
    view = wait(jobs, token, stands("stopped"))
    assert view.snapshot == view.history[-1].step > 0


@pytest.mark.skipif(not hasattr(os, "SCHED_BATCH"), reason="the system has no such priorities")
def test_a_worker_lets_the_pages_go_first(jobs):
    """In the server's session, since Linux may share alike among sessions."""
    jobs.warm_up()
    (pid,) = jobs._pool.pids
    assert patiently(lambda: os.sched_getscheduler(pid) == os.SCHED_BATCH)  # once it is ready
    server = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, server + 10)
    assert os.getsid(pid) == os.getsid(0)
    assert os.getpgid(pid) == pid != os.getpgid(0)


SERVER = """
import sys
from pathlib import Path
from tests.core.runs.work.test_pool import ENDLESS, reaches
from vae_core.runs.jobs import Jobs
jobs = Jobs(workers=2, folder=Path(sys.argv[1]))
token = jobs.start(ENDLESS, "ann")
jobs.wait_for(token, reaches(50), 60.0)
jobs.wait_for(token, lambda view: len(jobs._pool.pids) == 2, 60.0)
print(token, *jobs._pool.pids, flush=True)
sys.stdin.read()
"""


def test_a_server_that_is_killed_takes_its_workers_along_at_a_last_snapshot(tmp_path):
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", SERVER, str(tmp_path)]
    server = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
    token, *pids = server.stdout.readline().split()
    assert len(pids) == 2
    server.kill()
    server.communicate()
    assert patiently(lambda: all(gone(int(pid)) for pid in pids))
    view = Jobs(folder=tmp_path).look(token)
    assert (view.state, view.message, view.resumable) == ("interrupted", SERVER_STOPPED, True)
    assert view.snapshot >= 50


def test_without_memory_a_run_is_at_its_last_snapshot_and_says_what_needs_less():
    with pytest.raises(RuntimeError) as full:
        torch.empty(2**60, dtype=torch.uint8)
    system = OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    told = ("can't start new thread", "could not create a primitive", "std::bad_alloc")
    for error in (full.value, MemoryError(), system, *map(RuntimeError, told)):
        assert problem_of(error) == {"problem": "memory"}
    stage = Stage()
    jobs = Jobs(workers=1, trainer=stage)
    token = jobs.start(CONFIG, "ann")
    stage.steps(2)
    jobs.wait_for(token, reaches(2))
    stage.ending = TrainingLost(NO_MEMORY)
    stage.steps(1)
    view = jobs.wait_for(token, stands("interrupted"))
    assert (view.message, view.snapshot, view.resumable) == (NO_MEMORY, 2, True)
    stage.ending = None
    jobs.resume(token)
    stage.steps(STEPS)
    assert jobs.wait_for(token, stands("finished")).message == ""
    jobs.shutdown()


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the system sets no such limit")
def test_a_worker_without_memory_for_it_tells_so_and_trains_the_next(jobs):
    wait(jobs, jobs.start(replace(SMALL, epochs=0.2), "ann"), stands("finished"))
    (pid,) = jobs._pool.pids
    whole = resource.prlimit(pid, resource.RLIMIT_AS)
    held = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (held + 2**24, whole[1]))
    large = jobs.start(TrainConfig(hidden=2000, latent=2), "ann")
    view = wait(jobs, large, stands("interrupted"))
    assert (view.message, view.snapshot, view.resumable) == (NO_MEMORY, 0, True)
    resource.prlimit(pid, resource.RLIMIT_AS, whole)
    wait(jobs, jobs.start(replace(SMALL, epochs=0.3), "ann"), stands("finished"))
    assert jobs._pool.pids == [pid]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(DataError("No images."), DataError), (ZeroDivisionError("boom"), FaultError)],
)
def test_what_goes_wrong_in_a_worker_is_told_to_the_server(error, raised, caplog):
    from vae_core.runs.work.wire import Message

    with pytest.raises(raised) as told:
        raise_problem(Message("end", problem_of(error)))
    assert ("No images." in str(told.value)) is (raised is DataError)
    assert ("boom" in caplog.text) is (raised is FaultError)
