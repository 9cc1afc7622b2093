"""Files that the shell writes and reads: tried first, whole, and refused in a sentence."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.conftest import ROOT
from vae_core.__main__ import main, with_negative_numbers
from vae_core.cli import train as cli_train
from vae_core.training import checkpoint
from vae_core.training.checkpoint import load_checkpoint, try_target, write_whole
from vae_core.training.config import ConfigError, TrainConfig
from vae_core.training.pretrained import PLANS, file_of, load_pretrained

QUICK = ["train", "--epochs", "0.01", "--hidden", "8", "--latent", "2", "--batch", "50"]
JUDGE = ["--images", "20", "--samples", "5"]
COMMAND = [sys.executable, "-m", "vae_core"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "vae.safetensors"
    assert main([*QUICK, "--save", str(path)]) == 0
    return path


def changed(saved: Path, to: Path, weights=lambda tensors: tensors, **told: str) -> Path:
    """A copy of a checkpoint with other tensors, or other words in its header."""
    with safe_open(saved, framework="pt") as file:
        metadata = file.metadata()
    save_file(weights(load_file(saved)), to, {**metadata, **told})
    return to


# ---- what is written ----------------------------------------------------------------------------


def test_neighbours_are_left_alone_and_nothing_is_left_behind(tmp_path, capsys):
    (tmp_path / "vae.part").write_text("mine")
    assert main([*QUICK, "--save", str(tmp_path / "vae.safetensors")]) == 0
    assert (tmp_path / "vae.part").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"vae.part", "vae.safetensors"}


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_permissions_are_those_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "new", b"1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == mode
    (tmp_path / "new").chmod(0o664)
    write_whole(tmp_path / "new", b"2")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o664


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to("file")
    try_target(tmp_path / "link", 1)
    write_whole(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_what_is_no_ordinary_file_is_refused_before_the_first_step(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert main([*QUICK, "--save", str(tmp_path / "pipe")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "pipe cannot be written: it is no ordinary file" in err
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def full(*_words: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_found_out_before_the_first_step(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(checkpoint.os, "posix_fallocate", full)
    assert main([*QUICK, "--save", str(tmp_path / "vae.safetensors")]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "No space left" in err
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_at_the_end_is_said_and_the_old_file_stays(
    tmp_path, capsys, monkeypatch
):
    path = tmp_path / "vae.safetensors"
    path.write_text("old")
    monkeypatch.setattr(cli_train, "save_checkpoint", full)
    assert main([*QUICK, "--save", str(path)]) == 2
    assert "could not be written: No space left" in capsys.readouterr().err
    assert path.read_text() == "old"


def test_the_room_that_is_tried_is_enough():
    config = TrainConfig(hidden=30, latent=3, depth=2, epochs=0.002)
    with pytest.MonkeyPatch.context() as patch:
        asked: list[int] = []
        patch.setattr(cli_train, "try_target", lambda _path, size: asked.append(size))
        path = cli_train.target_of("anywhere.safetensors", config)
    assert path == Path("anywhere.safetensors")
    *_, last = cli_train.train(config)
    held = sum(each.numel() * each.element_size() for each in last.checkpoint.tensors.values())
    assert held * 0.9 < asked[0] <= held


def test_interrupt_saves_what_there_is(tmp_path):
    path = tmp_path / "vae.safetensors"
    words = ["train", "--epochs", "50", "--hidden", "8", "--json", "--save", str(path)]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for _ in range(3):
            process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    step = json.loads(out.splitlines()[-1])["step"]
    assert err.strip() == f"Interrupted at step {step}; that is saved in {path}."
    checkpoint, config = load_checkpoint(path)
    assert checkpoint.step == step > 0
    assert config.epochs == 50


def test_a_reader_that_has_seen_enough_costs_nothing(tmp_path):
    path = tmp_path / "vae.safetensors"
    words = ["train", "--epochs", "50", "--hidden", "8", "--json", "--save", str(path)]
    with subprocess.Popen(
        [*COMMAND, *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=120) == 0
        assert process.stderr.read() == ""
    assert load_checkpoint(path)[0].step > 0


def test_a_place_that_takes_no_more_gets_one_line():
    with Path("/dev/full").open("w") as full_disk:
        found = subprocess.run(
            [*COMMAND, "gradients", "--replicates", "100"],
            check=False, cwd=ROOT, stdout=full_disk, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert found.returncode == 2
    assert found.stderr == "python -m vae_core gradients: No space left on device\n"


# ---- what is read -------------------------------------------------------------------------------


def refusal(capsys, path: Path) -> str:
    assert main(["evaluate", str(path), *JUDGE, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert path.name in err
    return err


@pytest.mark.parametrize("name", PLANS)
def test_the_models_that_come_with_the_program_are_evaluated(capsys, name):
    assert main(["evaluate", str(file_of(name)), *JUDGE]) == 0
    out = capsys.readouterr().out
    steps = round(PLANS[name].epochs * 600)
    assert f"after {steps} steps of training" in out
    elbo = float(out.split("ELBO: ")[1].split()[0])
    assert elbo == pytest.approx(load_pretrained(name).bound.elbo, abs=15)


def test_files_of_other_kinds_are_refused_with_the_reason(capsys, tmp_path, saved):
    torch.save({"a": torch.zeros(2)}, tmp_path / "new.pt")
    torch.save({"a": torch.zeros(2)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    for name in ("new.pt", "old.pt"):
        assert "file of torch.save" in refusal(capsys, tmp_path / name)
    safetensors.numpy.save_file({"a": np.zeros(2)}, tmp_path / "foreign.safetensors")
    assert "of another program" in refusal(capsys, tmp_path / "foreign.safetensors")
    (tmp_path / "text").write_text("weights")
    assert "no safetensors file" in refusal(capsys, tmp_path / "text")
    (tmp_path / "half").write_bytes(saved.read_bytes()[:2000])
    assert "is damaged" in refusal(capsys, tmp_path / "half")
    (tmp_path / "empty").write_bytes(b"")
    assert "is damaged" in refusal(capsys, tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    assert "no ordinary file" in refusal(capsys, tmp_path / "pipe")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"estimator": "magic"}, "'magic'"),
        ({"prior": "magic"}, "'magic'"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"latent": "2"}, "Latent size must be"),
        ({"latent": 3}, "do not fit its own configuration"),
    ],
)
def test_a_checkpoint_of_another_version_is_refused_with_the_reason(
    capsys, tmp_path, saved, config, reason
):
    _, was = load_checkpoint(saved)
    words = json.dumps({**was.as_dict(), **config})
    path = changed(saved, tmp_path / "other.safetensors", config=words)
    assert reason in refusal(capsys, path)


@pytest.mark.parametrize("words", ["", "[]", "{", "3", "null"])
def test_a_configuration_that_is_none_is_refused(capsys, tmp_path, saved, words):
    path = changed(saved, tmp_path / "other.safetensors", config=words)
    assert "configuration cannot be read" in refusal(capsys, path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e38])
def test_weights_that_are_no_numbers_are_refused(capsys, tmp_path, saved, value):
    def spoil(tensors):
        name = next(name for name in tensors if name.startswith("decoder"))
        return {**tensors, name: torch.full_like(tensors[name], value)}

    err = refusal(capsys, changed(saved, tmp_path / "spoilt.safetensors", spoil))
    assert "no numbers" in err or "no finite log p(x)" in err


# ---- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["-1e-3", "-2.", "-.5", "-1", "-1E+1", "-0"])
def test_negative_numbers_are_numbers_however_they_are_written(capsys, number):
    words = ["gradients", "--replicates", "50", "--loc", number, "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["loc"] == float(number)


def test_only_numbers_after_an_option_are_joined():
    words = ["--loc", "-inf", "--json", "-x", "--set", "a=1", "-3", "--problem=f", "-1"]
    joined = ["--loc=-inf", "--json", "-x", "--set", "a=1", "-3", "--problem=f", "-1"]
    assert with_negative_numbers(words) == joined
    assert main(["gradients", "--loc", "-inf"]) == 2


def test_output_without_the_letter_gets_its_number():
    found = subprocess.run(
        [*COMMAND, "gradients", "--replicates", "50", "--problem", "f=z² + π"],
        check=False, cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    assert r"f=z\xb2 + \u03c0" in found.stdout


def test_a_warm_up_longer_than_the_run_is_said(capsys):
    assert main([*QUICK, "--warm-up", "0.04"]) == 0
    said = "The KL warm-up of 0.04 epochs is longer than the run of 0.01"
    err = capsys.readouterr().err
    assert err.startswith(said)
    assert "0.25 beta" in err
    assert main([*QUICK, "--warm-up", "0.01"]) == 0
    assert capsys.readouterr().err == ""


def test_a_time_that_is_over_before_the_first_step_is_said(capsys, monkeypatch):
    monkeypatch.setattr("vae_core.training.train.FIRST_LOOK", 60_000)
    assert main(["train", "--seconds", "0.1", "--hidden", "400"]) == 0
    assert "No step was made" in capsys.readouterr().err


def test_a_wrong_target_is_a_wrong_word():
    with pytest.raises(ConfigError, match="is a folder"):
        cli_train.target_of("..", TrainConfig())
