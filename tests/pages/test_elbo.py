"""The symbols of the ELBO on their page: the numbers of the model, and code that is what ran."""

from __future__ import annotations

import json
import string
import subprocess
import sys

import numpy as np
import pytest
import torch

from pages.goal.elbo import network, steps, symbols
from pages.goal.elbo.views import CONVENTIONS
from pages.ui.lesson import Lesson
from tests.conftest import ROOT
from tests.support import diagrams
from vae_core.vae import objective
from vae_core.vae.data import held_out_digit

LESSON = Lesson("elbo")
SHELL = """
import json, torch
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.objective import anatomy
model = load_pretrained("latent2").model
eps = torch.randn((5, 2), generator=torch.Generator().manual_seed(7))
found = anatomy(held_out_digit(3, 2), model, eps)
tensors = {**vars(found), "mu": found.q.loc, "sigma": found.q.scale}
del tensors["q"]
print(json.dumps({name: [list(each.shape), each.tolist()] for name, each in tensors.items()}))
"""


def sentences(convention: str) -> tuple[str, ...]:
    return tuple(LESSON.text(name) for name in symbols.sections(convention))


def test_numbers_and_shapes_are_those_of_the_model_in_a_shell() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SHELL], cwd=ROOT, capture_output=True, text=True, check=True
    )
    shell = json.loads(ran.stdout)
    told = symbols.told(3, 7)
    for shown, name in (("mu", "mu"), ("z", "z"), ("logits", "logits"), ("log", "log_px")):
        assert told[f"shape_{shown}"] == str(tuple(shell[name][0])).replace("[", "(")
    for shown, value in (
        ("reconstruction", shell["reconstruction"][1]),
        ("kl", shell["kl"][1]),
        ("elbo", shell["elbo"][1]),
        ("log_p", shell["log_px"][1][0]),
        ("log_joint", shell["log_joint"][1][0]),
    ):
        assert float(told[shown].replace("−", "-")) == pytest.approx(value, abs=0.005001)
    first = [float(each) for each in told["z"].strip("()").replace("−", "-").split(", ")]
    assert first == pytest.approx(shell["z"][1][0], abs=0.005001)


def test_the_code_shown_is_what_ran() -> None:
    """Executed line by line it gives the picture's numbers."""
    names = {
        **vars(objective),
        "x": held_out_digit(3, symbols.SPECIMEN),
        "model": symbols.model(),
        "eps": symbols.base_noise(0),
    }
    with torch.no_grad():
        exec("\n".join(network.code()), names)  # noqa: S102
    assert torch.equal(names["elbo"], symbols.taken_apart(3, 0).elbo)


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_symbol_lights_something_in_picture_code_and_formula(convention: str) -> None:
    drawn, formula = network.diagram(convention), LESSON.sections["formula"]
    code = next(node for node in drawn.nodes if node.name == "code")
    for symbol in range(1, symbols.COUNT + 1):
        assert any(symbol in node.lit for node in drawn.nodes), symbol
        assert any(symbol in line.lit for line in code.lines), symbol
        assert rf"\pick{{{symbol}}}" in formula


def test_phi_and_theta_mean_networks_or_what_these_predict() -> None:
    def lit(convention: str, symbol: int) -> set[str]:
        nodes = network.diagram(convention).nodes
        return {node.name for node in nodes if symbol in node.lit}

    assert lit("weights", symbols.PHI) == {"encoder"}
    assert lit("density", symbols.PHI) == {"mu", "sigma"}
    assert lit("weights", symbols.THETA) == {"decoder"}
    assert lit("density", symbols.THETA) == {"p"}


def test_weights_are_counted() -> None:
    told = symbols.told(3, 0)
    assert told["weights_phi"] == f"{784 * 400 + 400 + 400 * 4 + 4:,}"
    assert told["weights_theta"] == f"{2 * 400 + 400 + 400 * 784 + 784:,}"


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_sentence_is_filled(convention: str) -> None:
    for symbol in range(1, symbols.COUNT + 1):
        said = str(symbols.frame(symbol, 0, 3, sentences(convention)).numbers["told"])
        assert said
        assert not set("{}") & set(said)


@pytest.mark.parametrize("form", diagrams.FORMS)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_everything_has_its_room(convention: str, form: str) -> None:
    drawn = network.diagram(convention)
    assert not diagrams.faults(drawn, getattr(drawn, form))
    assert diagrams.asked(drawn) <= set(symbols.frame(1, 0, 3, sentences(convention)).numbers)


def said(step: int) -> tuple[str, ...]:
    return tuple(LESSON.text(f"step_{each}") for each in range(1, step + 1))


@pytest.mark.parametrize("digit", range(10))
def test_two_decimals_are_known_of_every_image(digit: int) -> None:
    found = steps.solved(digit)
    assert found.error < 2e-3
    for same, other in (
        (found.reweighted, found.log_evidence),
        (found.joint + found.entropy, found.bound),
        (found.reconstruction - found.kl, found.bound),
    ):
        assert same == pytest.approx(other, abs=2e-3)


def test_bars_come_step_by_step_and_end_at_their_numbers() -> None:
    sentences_of_all = said(steps.COUNT)
    low, high = steps.window(steps.solved(3))
    for step in range(1, steps.COUNT + 1):
        now = steps.frame(step, 3, sentences_of_all)
        for row, (_, end, less, *_) in enumerate(steps.rows(steps.solved(3)), 1):
            bar, taken = now.traces[f"bar {row}"], now.traces[f"less {row}"]
            if row > step:
                assert np.ptp(bar["x"]) == np.ptp(bar["y"]) == np.ptp(taken["x"]) == 0
                assert now.traces["titles"]["text"][row - 1] == ""
            else:
                assert bar["x"].max() == pytest.approx(end - less)
                assert [taken["x"].min(), taken["x"].max()] == pytest.approx([end - less, end])
                assert low < bar["x"].max() <= high
        names = {name for _, name, *_ in string.Formatter().parse(sentences_of_all[step - 1])}
        assert names - {None} <= set(now.numbers)


def test_the_seven_is_fitted_better_than_the_three() -> None:
    """As the lesson says."""
    assert steps.gap(steps.solved(7)) < 0.2 * steps.gap(steps.solved(3))
