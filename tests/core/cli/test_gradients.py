"""The `gradients` command, word for word."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
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
    assert set(got["families"]) == set(FAMILIES)
    assert "moves with low and high" in got["families"]["uniform"]["refused_by"]["score"]
    assert got["problems"]["sine"]["knobs"]["omega"]["default"] == 3.0
    assert "pathwise" in got["problems"]["step"]["biased_estimators"]
    assert main(["gradients", "--list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in (*PROBLEMS, *ESTIMATORS, "gamma"))


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
        ["--family", "nonsense"],
        ["--family", "gamma"],
        ["--family", "gamma", "--with", "concentration=1"],
        ["--family", "gamma", "--with", "concentration=1,rate="],
        ["--family", "gamma", "--with", "concentration=1,rate=2,scale=3"],
        ["--family", "gamma", "--with", "concentration=1,rate=2", "--with", "rate=3"],
        ["--family", "gamma", "--with", "concentration=-1,rate=2"],
        ["--family", "gamma", "--with", "concentration=inf,rate=2"],
        ["--family", "erlang", "--with", "concentration=1.5,rate=2"],
        ["--family", "uniform", "--with", "low=2,high=1"],
        ["--family", "laplace", "--with", "loc=2,scale=1", "--loc", "2"],
        ["--with", "loc=2,scale=1", "--loc", "2"],
        ["--family", "dirichlet", "--with", "concentration=1"],
        ["--family", "cauchy", "--with", "loc=0,scale=1"],
        ["--family", "exponential", "--with", "rate=0.4", "--problem", "exp"],
        ["--family", "bernoulli", "--with", "probs=0.3"],
        ["--family", "uniform", "--with", "low=0,high=1", "--estimator", "score"],
        ["--family", "laplace", "--with", "loc=0,scale=1", "--estimator", "measure_valued"],
        ["--family", "gamma", "--with", "concentration=1,rate=2", "--sweep", "sigma=1:2:3"],
        [
            "--family",
            "exponential",
            "--with",
            "rate=1",
            "--problem",
            "exp",
            "--sweep",
            "rate=0.4:1:3",
        ],
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


GAMMA = ["--family", "gamma", "--with", "concentration=0.7,rate=2", "--problem", "square"]


def test_another_family_stands_in_place_of_loc_and_scale(capsys):
    got = answer(capsys, *GAMMA, "--replicates", "20000", "--seed", "0")
    head = {name: got[name] for name in list(got)[:7]}
    assert head == {
        "problem": "square", "estimator": "pathwise", "family": "gamma",
        "parameters": {"concentration": 0.7, "rate": 2.0},
        "dim": 1, "samples": 1, "replicates": 20000,
    }  # fmt: skip
    assert got["value"]["exact"] == pytest.approx(0.7 * 1.7 / 4)
    assert got["gradient"]["concentration"]["exact"] == pytest.approx(2.4 / 4)
    assert got["gradient"]["rate"]["exact"] == pytest.approx(-0.7 * 1.7 / 4)
    assert all(abs(each["z_score"]) < 4.5 for each in got["gradient"].values())
    normal = answer(capsys, "--replicates", "100")
    assert set(got) - set(normal) == {"family", "parameters"}
    assert set(normal) - set(got) == {"loc", "scale"}
    assert got["gradient"]["rate"].keys() == normal["gradient"]["loc"].keys()


def test_a_table_bears_the_names_of_the_family(capsys):
    assert main(["gradients", *GAMMA, "--replicates", "500"]) == 0
    table = capsys.readouterr().out
    assert "pathwise on square: Gamma(concentration = 0.7, rate = 2), D = 1, K = 1" in table
    assert "\nd/dconcentration " in table
    assert "\nd/drate " in table
    sweep = ["--sweep", "rate=1:3:3"]
    assert main(["gradients", *GAMMA, "--replicates", "500", *sweep]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["rate", "d/dconcentration", "variance", "d/drate", "variance"]
    assert [float(line.split()[0]) for line in lines] == [1.0, 2.0, 3.0]


def test_a_sweep_goes_along_a_parameter_of_whole_numbers(capsys):
    erlang = ["--family", "erlang", "--with", "concentration=1,rate=2", "--replicates", "50"]
    got = answer(capsys, *erlang, "--sweep", "concentration=1:3:3")
    assert [each["parameters"]["concentration"] for each in got] == [1.0, 2.0, 3.0]
    assert all(list(each["gradient"]) == ["rate"] for each in got)


def test_a_normal_is_the_same_by_either_words(capsys):
    told, same = (
        answer(capsys, *words, "--replicates", "200")
        for words in (["--with", "loc=1,scale=0.5"], ["--loc", "1", "--scale", "0.5"])
    )
    del told["seconds"], same["seconds"]
    assert told == same


COIN = ["--family", "bernoulli", "--with", "logit=0.3"]
THREE = ["--family", "categorical", "--with", "logit0=0,logit1=0.5,logit2=-1"]


def test_a_coin_and_categories_beside_their_exact_gradients(capsys):
    toy = ["--problem", "f=(z-0.45)^2", "--estimator", "rebar", "--set", "temperature=0.3"]
    got = answer(capsys, *COIN, *toy, "--replicates", "20000")
    assert got["set"] == {"temperature": 0.3}
    p = 1.0 / (1.0 + math.exp(-0.3))
    assert got["gradient"]["logit"]["exact"] == pytest.approx(0.1 * p * (1.0 - p))
    assert abs(got["gradient"]["logit"]["z_score"]) < 4.5
    assert got["gradient"]["logit"]["variance_exact"] > 0.0
    got = answer(capsys, *THREE, *toy, "--replicates", "20000")
    assert list(got["gradient"]) == ["logit0", "logit1", "logit2"]
    assert sum(each["exact"] for each in got["gradient"].values()) == pytest.approx(0.0, abs=1e-12)
    assert all(abs(each["z_score"]) < 4.5 for each in got["gradient"].values())


def test_a_bias_goes_along_the_temperature(capsys):
    words = ["--estimator", "gumbel_softmax", "--problem", "exp", "--replicates", "2000"]
    got = answer(capsys, *COIN, *words, "--sweep", "temperature=0.1:2:4")
    assert [each["set"]["temperature"] for each in got] == pytest.approx([0.1, 0.73, 1.37, 2], 0.01)
    spread = [each["gradient"]["logit"]["variance_exact"] for each in got]
    assert spread == sorted(spread, reverse=True)
    assert main(["gradients", *COIN, *words, "--sweep", "temperature=0.1:2:4"]) == 0
    captured = capsys.readouterr()
    assert captured.out.split()[0] == "temperature"
    assert "It is biased" in captured.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (
            ["--family", "cauchy", "--with", "loc=0,scale=1"],
            "only for r < 1, and f grows like |z|^2",
        ),
        (["--family", "bernoulli", "--with", "probs=0.3"], "needs a z that moves"),
        (["--family", "bernoulli", "--with", "logits=0.3"], "has probs; or logit"),
        (["--family", "bernoulli", "--with", "logit=31"], "must be a number from -30 to 30"),
        (["--estimator", "rebar"], "needs a Bernoulli or Categorical z; this one is Normal"),
        ([*COIN, "--estimator", "rebar", "--set", "temperature=0"], "must lie between 0.05 and 10"),
        (["--family", "laplace", "--with", "loc=0,scale=1", "--loc", "3"], "mean a Normal"),
        (["--family", "gamma", "--with", "rate=1"], "concentration has no value"),
        (["--family", "dirichlet", "--with", "concentration=1"], "is a whole vector"),
    ],
)
def test_the_shell_says_why_not(capsys, words, why):
    assert main(["gradients", *words]) == 2
    assert why in capsys.readouterr().err


def test_the_output_for_a_normal_is_what_it_was(capsys):
    """No new field in its JSON, no new line in its table."""
    words = ["--problem", "sine", "--estimator", "score_loo", "--dim", "3", "--replicates", "5000"]
    got = answer(capsys, *words)
    del got["seconds"]
    assert list(got) == [
        "problem", "estimator", "loc", "scale", "dim", "samples", "replicates", "seed", "set",
        "value", "gradient", "exact_is", "exact_error", "doubts",
    ]  # fmt: skip
    assert main(["gradients", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "score_loo on sine: mu = 2, sigma = 1, D = 3, K = 2, omega = 3"
    assert [line[:10].strip() for line in lines[4:7]] == ["E[f]", "d/dmu", "d/dsigma"]
    assert len(lines) == 7


def test_an_exact_variance_of_a_family_is_called_what_it_is(capsys):
    words = ("--problem", "square", "--estimator", "score", "--replicates", "2000")
    assert main(["gradients", *words, "--family", "exponential", "--with", "rate=1"]) == 0
    told = capsys.readouterr().out
    assert "quadrature" in told
    assert "closed form" not in told
    assert re.search(r"d/drate .* 488 ", told)
    assert "two rules agree to 1e-06 of it" in told
    assert main(["gradients", *words, "--family", "bernoulli", "--with", "probs=0.3"]) == 0
    whole = capsys.readouterr().out
    assert "exact sum" in whole
    assert "two rules agree" not in whole
