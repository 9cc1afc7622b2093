"""The `logistic` command."""

import json

import pytest

from vae_core.__main__ import main

QUICK = ["logistic", "--features", "two", "--steps", "300", "--json"]


def answer(capsys, *words):
    assert main([*QUICK, *words]) == 0
    return json.loads(capsys.readouterr().out)


def test_json_holds_what_was_found(capsys):
    got = answer(capsys, "--q", "diagonal", "--noise", "cases", "--seed", "1")
    assert got["names"] == ["mean radius", "worst radius", "constant"]
    assert got["steps"] == 300
    assert got["covariance"][0][1] == 0.0
    assert -150.0 < got["bound"] < got["laplace"]["bound"] < -100.0
    assert got["held_out_log_likelihood"] < 0.0
    assert got["prior_scales"] == [1.0, 1.0, 10.0]
    again = answer(capsys, "--q", "diagonal", "--noise", "cases", "--seed", "1")
    assert {**again, "seconds": 0} == {**got, "seconds": 0}


def test_relevance_has_scales_of_its_own_and_no_laplace(capsys):
    got = answer(capsys, "--ard")
    assert got["prior"] == "ard"
    assert "laplace" not in got
    assert got["prior_scales"][0] != 1.0


def test_seconds_bound_the_climb(capsys):
    assert main(["logistic", "--features", "two", "--seconds", "0.05", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] < 100_000


def test_people_read_lines(capsys):
    assert main(["logistic", "--features", "two", "--steps", "50"]) == 0
    told = capsys.readouterr().out
    assert "171 cases, log p per case in nats" in told
    assert "worst radius" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rate", "1000"], "A smaller --rate may hold it."),
        (["--steps", "0"], "steps must lie between"),
        (["--batch", "399"], "batch must lie between 1 and 398"),
        (["--seed", "-1"], "seed must lie between"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(words, said, capsys):
    assert main([*QUICK, *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
