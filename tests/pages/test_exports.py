"""What is taken away from a run: read back, and run in a Python of its own."""

from __future__ import annotations

import ast
import csv
import io
import os
import subprocess
import sys
from dataclasses import fields, replace

import pytest
import torch

from pages.practice.train_vae.exports import checkpoint_file, curves_csv, script
from tests.conftest import ROOT
from tests.support.stage import BOUND, CONFIG
from vae_core.runs.jobs import Jobs
from vae_core.runs.standing import Point
from vae_core.training.checkpoint import load_checkpoint
from vae_core.training.config import Settings, TrainConfig, trainable
from vae_core.training.train import train
from vae_core.vae.data import load_mnist

TINY = TrainConfig(hidden=6, latent=2, batch=50, epochs=0.02, learning_rate=1 / 3e2, seed=5)


def test_the_checkpoint_file_goes_on_where_the_run_was(tmp_path):
    data = load_mnist().first(300, 50)
    config = replace(TINY, epochs=2.0)
    asked = iter([config.settings] * 7)
    *_, half = train(config, data, lambda: next(asked, None))
    path = tmp_path / "taken.safetensors"
    path.write_bytes(checkpoint_file(half.checkpoint, config))
    checkpoint, told = load_checkpoint(path)
    assert told == config
    *_, resumed = train(told, data, resume=checkpoint)
    *_, whole = train(config, data)
    assert resumed.test == whole.test
    for name, tensor in whole.checkpoint.weights.items():
        assert torch.equal(tensor, resumed.checkpoint.weights[name])


def test_curves_hold_every_point_under_names_with_units():
    history = [
        Point(i, i / 3, 1.5 * i, 100.0, BOUND, BOUND if i % 2 else None, Settings("score", 2, 1e-5))
        for i in range(5)
    ]
    rows = list(csv.DictReader(io.StringIO(curves_csv(history))))
    assert len(rows) == 5
    assert float(rows[1]["epoch"]) == 1 / 3
    assert float(rows[1]["time (s)"]) == 1.5
    assert float(rows[1]["train ELBO (nats/image)"]) == BOUND.elbo
    assert float(rows[1]["held-out KL (nats/image)"]) == BOUND.kl
    assert rows[0]["held-out ELBO (nats/image)"] == ""
    assert rows[4]["estimator"] == "score"
    assert float(rows[4]["learning_rate"]) == 1e-5
    assert {field.name for field in fields(Settings)} <= set(rows[0])


def called_with(text: str) -> dict[str, object]:
    """The arguments of the one call of TrainConfig in a script, which are plain constants."""
    (call,) = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "TrainConfig"
    ]
    return {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        TINY,
        TrainConfig(seconds=2.5),
        *(TrainConfig(name, 4) for name in trainable()),
        TrainConfig("arm", posterior="bernoulli"),
    ],
)
def test_the_script_says_the_configuration(config):
    text = script(config)
    assert TrainConfig(**called_with(text)) == config
    assert max(len(line) for line in text.splitlines()) <= 100


def test_a_name_with_quotes_stays_a_name():
    config = replace(CONFIG)
    nasty = 'a\'"""\\\n}{import os}'
    object.__setattr__(config, "estimator", nasty)
    assert called_with(script(config))["estimator"] == nasty


def test_the_script_runs_and_gives_the_numbers_of_the_run(tmp_path):
    jobs = Jobs(workers=1, trainer=lambda config, control, resume: train(config, control=control))
    view = jobs.wait_for(jobs.start(TINY, "ann"), lambda view: not view.active)
    jobs.shutdown()
    path = tmp_path / "repeat.py"
    path.write_text(script(TINY), encoding="utf-8")
    threads = str(torch.get_num_threads())
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, path],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    step, elbo = done.stdout.splitlines()[-1].split()
    last = view.history[-1]
    assert (int(step), last.step) == (24, 24)
    assert float(elbo) == pytest.approx(last.test.elbo, abs=1e-3)
    assert last.test.elbo > view.history[0].test.elbo
