"""The `families` command, word for word."""

import json

from vae_core.__main__ import main
from vae_core.families import FAMILIES

# Kingma & Welling 2014, section 2.4, by the titles here; Logistic stands in two of their lists.
INVERSE_CDF = {
    "Exponential", "Cauchy", "Logistic", "Rayleigh", "Pareto", "Weibull", "Reciprocal", "Gompertz",
    "Gumbel", "Erlang",
}  # fmt: skip
LOCATION_SCALE = {
    "Laplace", "Elliptical", "Student's t", "Logistic", "Uniform", "Triangular", "Normal",
}  # fmt: skip
COMPOSITION = {"Log-Normal", "Gamma", "Dirichlet", "Beta", "Chi-squared", "F"}


def answer(capsys):
    assert main(["families", "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=lambda word: 1 / 0)  # no Infinity


def test_all_of_the_papers_families_are_there(capsys):
    got = answer(capsys)
    assert set(got) == set(FAMILIES)
    paper = {each["title"] for each in got.values() if "Kingma & Welling 2014" in each["source"]}
    assert paper == INVERSE_CDF | LOCATION_SCALE | COMPOSITION
    assert len(paper) == 22
    assert {each["title"] for each in got.values()} >= paper | {"von Mises", "Bernoulli", "Poisson"}


def test_each_says_how_it_is_reached(capsys):
    """As the paper has it; where it stands elsewhere here, a sentence says how."""
    for entry in answer(capsys).values():
        for group, path in (
            (INVERSE_CDF, "inverse CDF"),
            (LOCATION_SCALE, "location-scale"),
            (COMPOSITION, "composition"),
        ):
            if entry["title"] in group and entry["path"] != path:
                told = entry["also"].lower().replace("-", " ")
                assert path.lower().replace("-", " ") in told, entry["title"]
        assert (entry["path"] == "none") == (entry["reason"] is not None)
        assert entry["noise"]
        assert entry["formula"]


def test_json_has_the_promised_shape(capsys):
    got = answer(capsys)
    assert got["pareto"] == {
        "title": "Pareto",
        "path": "inverse CDF",
        "noise": "uniform",
        "formula": r"\sigma\,(1 - u)^{-1/\alpha}",
        "parameters": {
            "scale": {
                "words": "a positive number, the least z", "default": 1.0, "low": 0.1, "high": 3.0,
                "symbol": r"\sigma", "moves_support": True, "whole": False,
            },
            "alpha": {
                "words": "a positive number", "default": 3.0, "low": 0.3, "high": 6.0,
                "symbol": r"\alpha", "moves_support": False, "whole": False,
            },
        },
        "moments_below": 3.0,
        "vector": False,
        "discrete": False,
        "torch": "Pareto(scale, alpha).rsample()",
        "also": None,
        "remark": None,
        "reason": None,
        "source": "Kingma & Welling 2014, section 2.4",
    }  # fmt: skip
    assert got["erlang"]["parameters"]["concentration"]["whole"]
    assert got["normal"]["moments_below"] is None
    assert got["cauchy"]["moments_below"] == 1.0
    assert got["elliptical"]["parameters"]["loc"]["default"] == [0.0, 0.0]


def test_the_text_names_each_with_its_parameters(capsys):
    assert main(["families"]) == 0
    text = capsys.readouterr().out
    for name, entry in FAMILIES.items():
        (paragraph,) = [each for each in text.split("\n\n") if each.split()[0] == name]
        told = [entry.title, entry.path, entry.source, *entry.parameters]
        told += [p.words for p in entry.parameters.values()]
        assert all(words in paragraph for words in told)
        assert (entry.torch or "none with a gradient") in paragraph
    assert "E|z|^r is finite for r < 4 at the defaults." in text
    assert "low               a number; default -1.0, from -3 to -0.1; moves the support" in text
