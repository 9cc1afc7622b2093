"""`python -m vae_core train` from the shell."""

import argparse
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vae_core.__main__ import main
from vae_core.cli import train
from vae_core.training.checkpoint import load_checkpoint
from vae_core.training.train import Diverged, Settings

ROOT = Path(__file__).parents[3]
QUICK = ["train", "--epochs", "0.02", "--hidden", "8", "--latent", "2", "--batch", "50"]
KEYS = ["step", "epoch", "images", "seconds", "images_per_second", "train", "test"]
BOUND = ["elbo", "reconstruction", "kl"]


def test_json_lines(capsys):
    assert main([*QUICK, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [list(line) for line in lines] == [KEYS] * len(lines)
    assert list(lines[-1]["train"]) == list(lines[-1]["test"]) == BOUND
    assert lines[-1]["step"] == 24
    assert lines[-1]["images"] == 1200
    bound = lines[-1]["test"]
    assert bound["elbo"] == pytest.approx(bound["reconstruction"] - bound["kl"])


def test_table(capsys):
    assert main(QUICK) == 0
    out, err = capsys.readouterr()
    assert "train ELBO" in out
    assert "0.02      24" in out
    assert err == ""


def test_save(capsys, tmp_path):
    path = tmp_path / "run.safetensors"
    assert main([*QUICK, "--save", str(path)]) == 0
    checkpoint, config = load_checkpoint(path)
    assert checkpoint.step == 24
    assert config.latent == 2


CHOICES = {
    "depth": 2,
    "likelihood": "bernoulli",
    "targets": "binary",
    "prior": "vamp",
    "posterior": "full",
    "objective": "iwae",
    "noise": 0.2,
    "beta": 0.5,
    "warm_up": 0.01,
}


def test_every_choice_has_a_word_and_evaluate_reads_what_train_saved(capsys, tmp_path):
    path = str(tmp_path / "run.safetensors")
    chosen = [f"--{k.replace('_', '-')}={v}" for k, v in CHOICES.items()]
    assert main([*QUICK, *chosen, "--save", path]) == 0
    _, config = load_checkpoint(Path(path))
    assert {name: getattr(config, name) for name in CHOICES} == CHOICES
    capsys.readouterr()
    words = ["evaluate", path, "--images", "30", "--samples", "50"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["images"], found["samples"], found["targets"]) == (30, 50, "binary")
    assert found["log_prob"] > found["elbo"]["elbo"] - 3
    assert found["standard_error"] > 0
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.startswith("30 binarized test images")
    assert f"{found['log_prob']:.2f} +- {found['standard_error']:.2f}" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.safetensors"], "There is no file nowhere.safetensors"),
        (["nowhere.safetensors", "--seed", str(2**64)], "Seed must be"),
        (["nowhere.safetensors", "--seed", "-1"], "Seed must be"),
        (["vae_core"], "vae_core is a folder"),
        (["nowhere.safetensors", "--samples", "0"], "Samples S must be"),
        (["nowhere.safetensors", "--images", "1"], "Images must be"),
    ],
)
def test_wrong_words_to_evaluate_give_one_line_and_status_2(capsys, words, message):
    assert main(["evaluate", *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--estimator", "magic"], "Choose one of: pathwise"),
        (["--estimator", "score_loo", "--samples", "1"], "at least 2 samples"),
        (["--latent", "0"], "from 1 to 64"),
        (["--lr", "nan"], "Learning rate"),
        (["--epochs", "1", "--seconds", "1"], "not in both"),
        (["--data", "nowhere.npz"], "missing"),
        (["--save", "no/such/folder/run.safetensors"], "no folder"),
        (["--save", "README.md/run.safetensors"], "no folder"),
        (["--save", ""], "name of the file is empty"),
        (["--save", "."], ". is a folder"),
        (["--save", "vae_core"], "vae_core is a folder"),
        (["--save", "nothing/"], "nothing/ is a folder"),
        (["--save", "/dev/null"], "no ordinary file"),
        (["--save", "x" * 300], "cannot be written"),
        (["--likelihood", "magic"], "Choose one of: bernoulli"),
        (["--targets", "binary", "--likelihood", "gaussian"], "grey targets"),
        (["--objective", "iwae", "--estimator", "score"], "pathwise"),
        (["--beta", "-1"], "Beta must be"),
        (["--depth", "9"], "Hidden layers"),
    ],
)
def test_wrong_words_give_one_line_and_status_2(capsys, words, message):
    assert main(["train", *words]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert out == ""


def test_words_that_are_no_numbers(capsys):
    with pytest.raises(SystemExit) as ending:
        main(["train", "--latent", "many"])
    assert ending.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_fewest_samples_are_the_default():
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    args = parser.parse_args(["--estimator", "score_loo"])
    assert train.config_from(args).samples == 2


def test_divergence_has_status_1_and_valid_json(capsys):
    with pytest.raises(SystemExit) as ending:
        main([*QUICK, "--lr", "1e4", "--json"])
    assert ending.value.code == 1
    out, err = capsys.readouterr()
    last = json.loads(out.splitlines()[-1], parse_constant=pytest.fail)
    assert set(last["diverged"]) == {"term", "value", "explanation"}
    assert err.startswith("At step")


def test_numbers_beyond_json_become_null():
    ending = Diverged(3, "KL", float("inf"), Settings())
    assert train.as_json(ending)["diverged"]["value"] is None


def test_bar_and_time_left(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(QUICK) == 0
    assert "s left" in capsys.readouterr().err


def test_interrupt_and_closed_pipe_end_quietly():
    command = [sys.executable, "-m", "vae_core", "train", "--epochs", "50", "--json"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # In the background of a shell script SIGINT is ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdout.readline().startswith('{"step": 0')
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.strip() == "Interrupted."
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
