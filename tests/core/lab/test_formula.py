"""A learner's own formula: what it means, what is refused, and that nothing else is evaluated."""

import math
import random
import string
import time

import pytest
import torch

from vae_core.lab import find_problem
from vae_core.lab.experiment import Experiment, measure
from vae_core.lab.formula import FUNCTIONS, FormulaError, check_finite, parse_formula


def pdf(t: float) -> float:
    return math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)


def ndtr(t: float) -> float:
    return 0.5 * math.erfc(-t / math.sqrt(2.0))


MEANINGS = {
    "z^2": lambda z: z**2,
    "z**2": lambda z: z**2,
    "z²": lambda z: z**2,
    "2z": lambda z: 2 * z,
    "2 z (z+1)": lambda z: 2 * z * (z + 1),
    "(z+1)(z-1)": lambda z: (z + 1) * (z - 1),
    "sin(3z) + z^2/2": lambda z: math.sin(3 * z) + z**2 / 2,
    "3sin(z)cos(z)": lambda z: 3 * math.sin(z) * math.cos(z),
    "-z^2": lambda z: -(z**2),
    "|z|": abs,
    "2|z - 1| + |z|": lambda z: 2 * abs(z - 1) + abs(z),
    "||z| - 1|": lambda z: abs(abs(z) - 1),
    "exp(-z^2)": lambda z: math.exp(-(z**2)),
    "e^z": math.exp,
    "2π z": lambda z: 2 * math.pi * z,
    "1e2 z": lambda z: 100 * z,
    "step(z)": lambda z: float(z > 0),
    "z²z": lambda z: z**3,
    "7": lambda z: 7.0,
}


@pytest.mark.parametrize("text", MEANINGS)
def test_meaning(text):
    for z in (-1.3, 0.4, 2.0):
        got = parse_formula(text).f(torch.tensor(z, dtype=torch.float64)).item()
        assert got == pytest.approx(MEANINGS[text](z), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "no formula"),
        ("z + ", 3, "missing"),
        ("z # 2", 2, "'#' is not understood"),
        ("1 + foo(z)", 4, "'foo' is not known"),
        ("1 + y", 4, "'y' is not known"),
        ("sin z", 0, "needs its argument in brackets"),
        ("|z", 0, "no partner"),
        ("z.__class__", 1, "not understood"),
        ("__import__('os')", 0, "not understood"),
        ("z" * 201, 200, "longer"),
        ("1.5.2", 3, "side by side"),
        ("(" * 150 + "z" + ")" * 40, 0, "missing|nested"),
        ("lambda", 0, "not known|missing"),
        ("z if z else z", 2, "not known|missing"),
    ],
)
def test_what_is_not_understood_is_pointed_at(text, position, words):
    with pytest.raises(FormulaError, match=words) as refusal:
        parse_formula(text)
    assert 0 <= refusal.value.position <= max(len(text), 1)
    if position:
        assert abs(refusal.value.position - position) <= 2


def test_ten_thousand_strings_give_an_answer_or_a_message():
    """Hostile ones among them; none takes over a second, and none runs anything."""
    random.seed(7)
    words = ["z", "(", ")", "+", "-", "*", "/", "^", "**", "|", "2", "9", ".", "e", "pi", " ", ","]
    words += [*FUNCTIONS, "__import__", "os", "exec", "eval", "lambda", "if", "[", "]", "{", ":=",
              "'", '"', "\\", "\n", ";", "=", "open", "é", "𝟗", "9**9**9", "1e999"]  # fmt: skip
    z = torch.linspace(-3.0, 3.0, 50, dtype=torch.float64)
    answers = 0
    for _ in range(10_000):
        if random.random() < 0.7:
            text = "".join(random.choices(words, k=random.randint(1, 12)))
        else:
            text = "".join(random.choices(string.printable, k=random.randint(1, 40)))
        start = time.perf_counter()
        try:
            answer = parse_formula(text).f(z)
        except FormulaError:
            answer = None
        assert answer is None or answer.shape == z.shape
        answers += answer is not None
        assert time.perf_counter() - start < 1.0
    assert answers > 100


def test_own_cost_is_measured_like_any_other():
    m = measure(Experiment("f=z^2", "pathwise", 2.0, 1.0, replicates=2000, seed=3))
    known = measure(Experiment("square", "pathwise", 2.0, 1.0, replicates=2000, seed=3))
    assert m.loc.mean == pytest.approx(known.loc.mean)
    assert m.loc.exact == pytest.approx(4.0, rel=1e-9)
    assert m.scale.exact == pytest.approx(2.0, rel=1e-9)


def test_own_cost_that_jumps_objects_to_the_path():
    assert not find_problem("f=step(z)").smooth
    assert find_problem("f=|z|").smooth


@pytest.mark.parametrize(
    ("text", "loc", "scale", "value", "by_loc"),
    [
        ("sin(z)", 2.0, 1.0, math.exp(-0.5) * math.sin(2.0), math.exp(-0.5) * math.cos(2.0)),
        ("step(z - 0.5)", 2.0, 1.0, ndtr(1.5), pdf(1.5)),
        ("relu(z)", 0.3, 3.0, 3.0 * pdf(0.1) + 0.3 * ndtr(0.1), ndtr(0.1)),
        ("|z|", 2.0, 1.0, 2.0 * pdf(2.0) + 2.0 * (2.0 * ndtr(2.0) - 1.0), 2.0 * ndtr(2.0) - 1.0),
        ("sign(z - 0.013)", 0.0, 1.0, 1.0 - 2.0 * ndtr(0.013), 2.0 * pdf(0.013)),
        ("cos(20z)", 0.1, 0.1, math.exp(-2.0) * math.cos(2.0), -20 * math.exp(-2) * math.sin(2)),
    ],
)
def test_quadrature_of_corners_and_jumps(text, loc, scale, value, by_loc):
    exact = Experiment(f"f={text}", "score", loc, scale).exact()
    assert exact.value.item() == pytest.approx(value, abs=1e-9)
    assert exact.loc.item() == pytest.approx(by_loc, abs=1e-9)
    assert exact.error < 1e-9


@pytest.mark.parametrize("text", ["1/(z - 0.013)", "1/(z - 0.013)^2", "tan(z)", "1/sin(z)"])
def test_a_pole_is_refused(text):
    with pytest.raises(ValueError, match=r"does not settle|not known"):
        measure(Experiment(f"f={text}", "score", replicates=100))


def test_a_jump_in_disguise_is_found():
    assert not find_problem("f=|z - 0.013|/(z - 0.013)").smooth
    assert find_problem("f=|z - 0.013|").smooth
    assert find_problem("f=sin(3z) + z^2/2").smooth


@pytest.mark.parametrize("text", ["log(z)", "1/z^40", "exp(exp(z))", "sqrt(z)", "z/0"])
def test_a_cost_that_is_not_everywhere_a_number_is_refused(text):
    with pytest.raises(ValueError, match="not a finite number"):
        check_finite(parse_formula(text).f)
    with pytest.raises(ValueError, match=r"not a finite number|does not settle"):
        measure(Experiment(f"f={text}", "score", 0.0, 1.0, replicates=2000))
