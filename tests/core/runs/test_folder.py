"""Folders on users' disks: what their files hold, field by field, is taken over unchanged.

The files are built here from plain values and not by the code under test, as servers wrote them
before there was a database. Whoever changes how they are read leaves folders behind that nobody can
open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file as save_tensors

from tests.support.patience import patiently
from tests.support.stage import kept, rows
from vae_core.runs.archive import CULLED, UNKNOWN
from vae_core.runs.bounds import Bounds
from vae_core.runs.disk.database import SILENT, NoAnswerError
from vae_core.runs.disk.folder import hashed
from vae_core.runs.disk.rows import Entry
from vae_core.runs.jobs import SERVER_STOPPED, Jobs, JobsError
from vae_core.runs.servers import store
from vae_core.runs.servers.store import Store
from vae_core.runs.shared_run import SharedRun
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.train import fresh_model
from vae_core.vae.data import load_mnist

RUN = "00112233445566778899aabbccddeeff"
ANN = "ab32c5435922a69bac6f9d3ad6ea80ab"  # hash of the token below
TOKEN = "token-00000000000000002"  # noqa: S105 - a made-up one
CONFIG = {
    "estimator": "pathwise", "samples": 1, "learning_rate": 0.002, "latent": 2, "hidden": 4,
    "batch": 100, "epochs": 1.0, "seconds": None, "seed": 7, "depth": 1, "likelihood": "bernoulli",
    "noise": 0.1, "targets": "grey", "prior": "standard", "posterior": "diagonal",
    "beta": 1.0, "warm_up": 0.0, "objective": "elbo",
}  # fmt: skip
NOW = {"estimator": "score_loo", "samples": 4, "learning_rate": 0.001, "beta": 0.5}


def point(step: int, settings: dict[str, Any]) -> dict[str, Any]:
    test = {"elbo": -150.5, "reconstruction": -140.25, "kl": 10.25}
    return {
        "step": step,
        "epoch": step / 600,
        "seconds": step / 100,
        "images_per_second": 30_000.5,
        "train": {"elbo": -160.5, "reconstruction": -150.25, "kl": 10.25},
        "test": test if step % 20 == 0 else None,
        "settings": settings,
    }


START = {name: CONFIG[name] for name in NOW}
VALUES: dict[str, Any] = {
    "config": CONFIG,
    "state": "stopped",
    "message": "It was stopped.",
    "fraction": 0.05,
    "settings": NOW,
    "as_planned": False,
    "watchers": {ANN: "ann", "679d24283a5758983e598c1a922eda60": "ben"},
    "history": [point(step, START) for step in (0, 10, 20)] + [point(30, NOW)],
}
TENSORS = {
    **fresh_model(TrainConfig(**CONFIG), load_mnist()).state_dict(),
    "optimizer.0.step": torch.tensor(20.0),
    "noise": torch.Generator().manual_seed(1).get_state(),
}
GREYS = np.arange(10 * 784, dtype=np.uint8).reshape(1, 10, 784)
LOOKS = {
    "step": np.array([0, 20]),
    "epoch": np.array([0.0, 1 / 30]),
    "labels": np.arange(3, dtype=np.uint8),
    "originals": GREYS,
    "reconstructions": np.concatenate([GREYS, GREYS + 1]),
    "samples": np.concatenate([GREYS + 2, GREYS + 3]),
    "latent_means": np.arange(12, dtype=np.float32).reshape(2, 3, 2),
    "kl_per_dimension": np.array([[0.5, 0.25], [1.5, 2.5]], dtype=np.float32),
}
NOISE = [None, {"score": {"signal": 0.5, "variance": 2.0}}]


@pytest.fixture
def old(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of one run; of the values that are given, None leaves one out."""

    def made(**changes: Any) -> Path:
        folder = tmp_path / RUN
        folder.mkdir()
        values = {name: now for name, now in (VALUES | changes).items() if now is not None}
        (folder / "run.json").write_text(json.dumps(values))
        header = {"config": json.dumps(CONFIG), "step": "20", "seconds": "0.2"}
        save_tensors(TENSORS, folder / "snapshot.safetensors", header)
        save_arrays(LOOKS, folder / "looks.safetensors", {"gradient_noise": json.dumps(NOISE)})
        (tmp_path / f"{ANN}.watcher").write_text(RUN)
        return tmp_path

    return made


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """A folder of runs, as a server that has just started has it."""
    opened = Store(path, Bounds())
    opened.beat()
    yield opened
    opened.close()


def loaded(path: Path) -> SharedRun:
    """The run of a folder."""
    with opened(path) as found:
        run = found.claim(RUN)
        assert run is not None
        return run


def test_every_field_of_an_old_folder_is_read(old):
    found = loaded(old())
    run, watchers = found.standing, found.watchers
    assert run.config == TrainConfig(**CONFIG)
    assert (run.state, run.message, run.fraction) == ("stopped", "It was stopped.", 0.05)
    assert (run.settings, run.as_planned) == (Settings(**NOW), False)
    assert watchers == VALUES["watchers"]
    assert [(p.step, p.seconds, p.images_per_second) for p in run.history] == [
        (step, step / 100, 30_000.5) for step in (0, 10, 20, 30)
    ]
    assert [p.test and p.test.elbo for p in run.history] == [-150.5, None, -150.5, None]
    assert [p.settings for p in run.history] == [Settings(**START)] * 3 + [Settings(**NOW)]
    assert (run.checkpoint.step, run.checkpoint.seconds) == (20, 0.2)
    assert run.checkpoint.tensors.keys() == TENSORS.keys()
    assert all(torch.equal(run.checkpoint.tensors[name], TENSORS[name]) for name in TENSORS)
    assert [(look.step, look.epoch) for look in run.looks] == [(0, 0.0), (20, 1 / 30)]
    assert run.looks[1].gradient_noise["score"].variance == 2.0
    np.testing.assert_array_equal(run.views.samples, (GREYS[0] + 3) / np.float32(255))
    np.testing.assert_array_equal(run.views.latent_means, LOOKS["latent_means"][1])
    assert run.kl_per_dimension.tolist() == [1.5, 2.5]


def test_what_was_read_is_written_as_it_was(old):
    path = old()
    with opened(path) as found:
        run = found.claim(RUN)
        size = found.files.save("again", run.standing)
        entry = Entry("again", run.standing, {"c" * 32: "carl"}, size=size)
        assert found.records.write([(entry, None)]) == set()
        again, in_order = found.records.claim("again", [])
    assert in_order
    told = {name: getattr(again.standing, name) for name in VALUES if name != "watchers"}
    told |= {name: asdict(told[name]) for name in ("config", "settings")}
    told["history"] = [asdict(point) for point in told["history"]]
    assert json.dumps(told) == json.dumps({name: VALUES[name] for name in told})
    assert again.watchers == {"c" * 32: "carl"}
    for name in ("snapshot.safetensors", "looks.safetensors"):
        with safe_open(path / RUN / name, "np") as a, safe_open(path / "again" / name, "np") as b:
            assert a.metadata() == b.metadata()
            assert set(a.keys()) == set(b.keys())
            for key in a.keys():  # noqa: SIM118 - no mapping
                np.testing.assert_array_equal(a.get_tensor(key), b.get_tensor(key))
                assert a.get_tensor(key).dtype == b.get_tensor(key).dtype


def test_an_old_run_is_found_by_its_token_and_goes_on_for_its_watcher(old):
    jobs = Jobs(workers=1, folder=old(), execute=lambda work: None)
    view = jobs.look(TOKEN)
    assert (view.token, view.watchers, view.place, view.snapshot) == (TOKEN, 2, 0, 20)
    assert view.resumable
    assert jobs.visitor_of(TOKEN) == "ann"
    jobs.resume(TOKEN)
    assert jobs.look(TOKEN).state == "running"
    jobs.shutdown(timeout=0.0)


def test_it_is_taken_over_once_and_by_whoever_comes_first(old):
    path = old()
    (path / f"{'d' * 32}.watcher").write_text("a run that made room long ago")
    first, second = (Jobs(workers=1, folder=path) for _ in range(2))
    assert kept(path) == [RUN]
    assert sorted(file.name for file in (path / RUN).iterdir()) == [
        "looks.safetensors",
        "snapshot.safetensors",
    ]
    assert second.look(TOKEN).watchers == 2
    second.discard(TOKEN)
    assert first.why_gone(TOKEN) == UNKNOWN
    assert "d" * 32 in {name for name, *_ in rows(path, "watchers")}
    first.shutdown()
    second.shutdown()
    third = Jobs(workers=1, folder=path)
    assert third.look(TOKEN) is None
    assert len(rows(path, "runs")) == 1
    third.shutdown()


def test_until_all_is_taken_over_no_run_is_called_gone(old, monkeypatch):
    def silent(*_: object) -> None:
        raise NoAnswerError

    monkeypatch.setattr(store, "take_over", silent)
    jobs = Jobs(workers=1, folder=old())
    with pytest.raises(JobsError) as refused:
        jobs.look(TOKEN)
    assert str(refused.value) == SILENT
    monkeypatch.undo()
    assert patiently(lambda: jobs._store.ready)
    assert jobs.look(TOKEN).state == "stopped"
    jobs.shutdown()


def test_what_made_room_before_is_still_said(old):
    path = old()
    (path / f"{hashed('long ago')}.watcher").write_text("a run that made room")
    jobs = Jobs(workers=1, folder=path)
    assert jobs.look("long ago") is None
    assert jobs.why_gone("long ago") == CULLED
    jobs.shutdown()


@pytest.mark.parametrize("content", ["", "{}", '{"config": 3}', "[1, 2"])
def test_a_damaged_file_of_before_is_no_run(old, content):
    path = old()
    (path / RUN / "run.json").write_text(content)
    jobs = Jobs(workers=1, folder=path)
    assert jobs.look(TOKEN) is None
    jobs.shutdown()


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_one_that_was_active_broke_off_at_its_snapshot(old, state):
    run = loaded(old(state=state, message="")).standing
    assert (run.state, run.message) == ("interrupted", SERVER_STOPPED)
    assert [p.step for p in run.history] == [0, 10, 20]
    assert [look.step for look in run.looks] == [0, 20]


def test_older_folders_say_less(old):
    found = loaded(old(settings=None, as_planned=None, watchers=None))
    run, watchers = found.standing, found.watchers
    assert (run.settings, run.as_planned) == (Settings(**NOW), False)
    assert watchers == {RUN: RUN}


def test_without_looks_the_snapshot_shows_what_its_model_sees(old):
    path = old()
    (path / RUN / "looks.safetensors").unlink()
    run = loaded(path).standing
    assert run.looks == ()
    assert run.views.reconstructions.shape == (10, 784)
    assert run.kl_per_dimension is None
    (path / RUN / "snapshot.safetensors").write_bytes(b"damaged")
    run = loaded(path).standing
    assert (run.checkpoint, run.views, run.snapshot) == (None, None, 0)
