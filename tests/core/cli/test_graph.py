"""The `graph` command."""

import json

import pytest

from vae_core.__main__ import main

TEXT = "param m = 2; x ~ normal(m, 1) by score; cost c = x^2; cost d = m"


def answer(capsys, *words):
    assert main(["graph", *words, "--replicates", "20000", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_has_the_surrogate_loss_and_each_parameters_numbers(capsys):
    got = answer(capsys, TEXT, "--set", "m=1.5", "--seed", "3")
    assert got["surrogate"] == "log p(x | m) [c] + c + d"
    row = got["parameters"]["m"]
    assert row["value"] == 1.5
    assert row["exact"] == pytest.approx(4.0, abs=1e-9)
    assert abs(row["mean"] - 4.0) < 4.5 * row["standard_error"]
    assert abs(row["finite_difference"] - 4.0) < 4.5 * row["finite_difference_error"]
    assert row["variance"] == pytest.approx(20_000 * row["standard_error"] ** 2)
    assert got["unbiased"]
    assert got["no_exact"] is None
    assert answer(capsys, TEXT, "--set", "m=1.5", "--seed", "3") == got


def test_every_cost_may_weigh(capsys):
    got = answer(capsys, TEXT, "--every-cost")
    assert got["surrogate"] == "log p(x | m) [c + d] + c + d"
    assert got["parameters"]["m"]["variance"] > answer(capsys, TEXT)["parameters"]["m"]["variance"]


def test_a_file_holds_a_graph(capsys, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(TEXT.replace("; ", "\n"), encoding="utf-8")
    assert answer(capsys, str(path)) == answer(capsys, TEXT)


def test_people_read_a_table(capsys):
    assert main(["graph", "recurrent", "--replicates", "100"]) == 0
    shown = capsys.readouterr().out
    assert "surrogate: log p(s1 | h1) [c1 + c2 + c3] + log p(s2 | h2) [c2 + c3]" in shown
    assert "d / d w" in shown


def test_code_is_a_program(capsys):
    assert main(["graph", "bandit", "--code"]) == 0
    compile(capsys.readouterr().out, "bandit", "exec")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "is no graph, no file, and none of late, early"),
        (["x = 1"], "There is no cost yet"),
        (["param a = 1; cost c = c"], "c hangs on c: that is a circle"),
        ([TEXT, "--set", "q=1"], "'q' is no parameter of the graph; it has m"),
        ([TEXT, "--set", "m=two"], "--set wants a name and a number"),
        ([TEXT, "--replicates", "1"], "--replicates must lie between"),
    ],
)
def test_what_cannot_be_done_is_one_line(capsys, words, says):
    assert main(["graph", *words]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("\n") == 1
