"""The `gradients` command, word for word."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS
from vae_core.lab import PROBLEMS

ROOT = Path(__file__).parents[3]


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> object:
    assert main(["gradients", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_the_promised_shape(capsys):
    words = "--problem square --estimator pathwise --loc 2 --scale 1 --dim 1 --samples 1"
    got = answer(capsys, *words.split(), "--replicates", "20000", "--seed", "0")
    head = {k: got[k] for k in list(got)[:8]}
    assert head == {
        "problem": "square", "estimator": "pathwise", "loc": 2.0, "scale": 1.0,
        "dim": 1, "samples": 1, "replicates": 20000, "seed": 0,
    }  # fmt: skip
    assert got["value"]["exact"] == 5.0
    assert set(got["value"]) == {"exact", "mean", "standard_error"}
    assert got["gradient"]["loc"]["exact"] == 4.0
    assert got["gradient"]["scale"]["exact"] == 2.0
    for gradient in got["gradient"].values():
        assert {"exact", "mean", "standard_error", "variance"} <= set(gradient)
        assert gradient["variance_times_evaluations"] == gradient["variance"]
    assert got["seconds"] > 0.0


def test_naive_json_has_no_infinity(capsys):
    got = answer(capsys, "--estimator", "naive", "--replicates", "100")
    assert got["gradient"]["loc"]["mean"] == 0.0
    assert got["gradient"]["loc"]["z_score"] is None


def test_knobs_are_set(capsys):
    got = answer(capsys, "--problem", "sine", "--set", "omega=5", "--replicates", "100")
    assert got["set"] == {"omega": 5.0}


def test_list_names_everything(capsys):
    got = answer(capsys, "--list")
    assert set(got["problems"]) == set(PROBLEMS)
    assert set(got["estimators"]) == set(ESTIMATORS)
    assert got["problems"]["sine"]["knobs"]["omega"]["default"] == 3.0
    assert "pathwise" in got["problems"]["step"]["biased_estimators"]
    assert main(["gradients", "--list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*PROBLEMS, *ESTIMATORS))


def test_table_marks_a_biased_estimator(capsys):
    assert main(["gradients", "--estimator", "naive", "--replicates", "100"]) == 0
    assert "BIASED" in capsys.readouterr().out
    assert main(["gradients", "--estimator", "pathwise", "--replicates", "100"]) == 0
    assert "BIASED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "count"), [("sigma=0.1:3:4", 4), ("samples=1:4:4", 4), ("omega=1:4:3", 3)]
)
def test_sweep(capsys, word, count):
    words = ("--problem", "sine", "--replicates", "200", "--sweep", word)
    assert len(answer(capsys, *words)) == count
    assert main(["gradients", *words]) == 0
    assert len(capsys.readouterr().out.splitlines()) == count + 1


@pytest.mark.parametrize(
    "words",
    [
        ["--problem", "nonsense"],
        ["--estimator", "nonsense"],
        ["--scale", "0"],
        ["--scale", "nan"],
        ["--set", "omega"],
        ["--set", "omega=3"],
        ["--sweep", "nonsense=1:2:3"],
        ["--sweep", "sigma=1:2"],
        ["--sweep", "sigma=1:2:99999"],
        ["--problem", "exp", "--loc", "1000", "--scale", "1000"],
    ],
)
def test_wrong_words_give_one_line_and_status_two(capsys, words):
    assert main(["gradients", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [["nonsense"], ["gradients", "--nonsense"], []])
def test_unknown_words_exit_with_two(capsys, words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_reader_that_has_seen_enough_ends_it_quietly():
    """More than a pipe holds, to a reader that closes it at once: no trace, no status 120."""
    words = ["--replicates", "10", "--sweep", "sigma=0.1:3:1000", "--json"]
    command = [sys.executable, "-m", "vae_core", "gradients", *words]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


def test_the_shell_says_how_it_read_a_typed_cost(capsys):
    words = ("--problem", "f=sin(3z) z^2/2", "--replicates", "100")
    assert main(["gradients", *words]) == 0
    table = capsys.readouterr().out
    assert "f(z) = sin(3*z)*z^2/2" in table
    assert "A space is read as times" in table
    assert any("A space" in remark for remark in answer(capsys, *words)["remarks"])
    assert main(["gradients", *words, "--sweep", "mu=0:1:2"]) == 0
    captured = capsys.readouterr()
    assert "A space" in captured.err
    assert len(captured.out.splitlines()) == 3


def test_the_shell_marks_what_is_wrong_in_a_typed_cost(capsys):
    assert main(["gradients", "--problem", "f=z + foo(z)"]) == 2
    assert "z + >>foo(z)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cost", "biased"), [("z*step(z)", False), ("sign(z)^2", False), ("|z-30.01|/(z-30.01)", True)]
)
def test_the_shell_calls_biased_what_jumps(capsys, cost, biased):
    assert main(["gradients", "--problem", f"f={cost}", "--loc", "30", "--replicates", "50"]) == 0
    assert ("BIASED" in capsys.readouterr().out) is biased
