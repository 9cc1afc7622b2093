"""A learner's own formula: what it means, what is refused, and that nothing else is evaluated."""

import math
import random
import string
import time

import pytest
import torch
from scipy import special

from vae_core.families.quadrature import adaptive_expectation
from vae_core.lab import find_problem
from vae_core.lab.experiment import Experiment
from vae_core.lab.formula import FUNCTIONS, FormulaError, check_finite, parse_formula
from vae_core.lab.formula.jumps import ENDLESS, JUMPS, flaw
from vae_core.lab.formula.tree import SEVERAL, plain, tex
from vae_core.lab.measurement import measure


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
    "sqrt|z|": lambda z: math.sqrt(abs(z)),
    "exp|z| - 2|z|": lambda z: math.exp(abs(z)) - 2 * abs(z),
    "|2(|z|)|": lambda z: 2 * abs(z),
    "max(0,z)": lambda z: max(0.0, z),
    "Min(z, 1, z^2)": lambda z: min(z, 1.0, z * z),
    "z>0": lambda z: float(z > 0),
    "(z ≤ 0.4) z": lambda z: z * (z <= 0.4),
    "1[-1 < z < 1]": lambda z: float(-1 < z < 1),
    "z >= 0.4": lambda z: float(z >= 0.4),
    "sin^2(z)": lambda z: math.sin(z) ** 2,
    "3sin²(2z)": lambda z: 3 * math.sin(2 * z) ** 2,
    "tanh^2|z|": lambda z: math.tanh(abs(z)) ** 2,
    "ReLU(z)": lambda z: max(0.0, z),
    "√(z^2+1)": lambda z: math.hypot(z, 1.0),
    "√2z": lambda z: math.sqrt(2.0) * z,
    "√|z|": lambda z: math.sqrt(abs(z)),
    "z¹⁰": lambda z: z**10,
    "1/2z": lambda z: z / 2,
    "z/2z": lambda z: z * z / 2,
    "e^2z": lambda z: math.e**2 * z,
    "2^3^z": lambda z: 2 ** (3**z),
    "z^-2": lambda z: z**-2,
    "2·z − z×z ÷ 4": lambda z: 2 * z - z * z / 4,
    "SIN(Z) + Ln(e^Z)": lambda z: math.sin(z) + z,
    "2e^-z": lambda z: 2 * math.exp(-z),
    "z - -z": lambda z: 2 * z,
    "arctan(z) + erf(z)": lambda z: math.atan(z) + math.erf(z),
    "sinh(z)cosh(z)": lambda z: math.sinh(z) * math.cosh(z),
    "[z+1](z-1)": lambda z: (z + 1) * (z - 1),
    "1/(2*z)/z": lambda z: 1 / (2 * z) / z,
    "z - (z - 1) - 2": lambda z: z - (z - 1) - 2,
    "(z>0) - (z<0)": lambda z: math.copysign(1, z),
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
        ("sin^-1(z)", 0, "1/sin"),
        ("zexp(-z^2)", 0, r"Write z\*exp"),
        ("1 + sinz", 4, r"Write sin\(z\)"),
        ("0,5z", 1, r"0\.5"),
        ("max(z)", 0, r"max\(0, z\)"),
        ("max z", 0, "in brackets"),
        ("x^2", 0, "called z"),
        ("tan(z)", 0, "poles"),
        ("y = z^2", 2, "right of f"),
        ("\\sin(z)", 0, "TeX"),
        ("z^2 3", 4, "%2B"),
        ("z + (z", 4, "no partner"),
        ("(z]", 2, "closes nothing"),
        ("log10(z)", 0, r"log\(10\)"),
        ("-" * 150 + "(" * 45, 190, "missing|nested"),
        ("z^" * 90 + "z", 80, "nested"),
        ("√" * 90 + "z", 40, "nested"),
        ("sin(z, 2)", 5, "comma"),
        ("1 + sin^(2)(z)", 4, "stands last"),
        ("sin^z(z)", 0, "stands last"),
    ],
)
def test_what_is_not_understood_is_pointed_at(text, position, words):
    with pytest.raises(FormulaError, match=words) as refusal:
        parse_formula(text)
    assert 0 <= refusal.value.position <= max(len(text), 1)
    if position:
        assert abs(refusal.value.position - position) <= 2


@pytest.mark.parametrize("text", MEANINGS)
def test_what_was_read_is_told_in_words_that_read_the_same(text):
    z = torch.tensor([-1.3, 0.4, 2.0], dtype=torch.float64)
    formula = parse_formula(text)
    again = parse_formula(plain(formula.tree))
    torch.testing.assert_close(again.f(z), formula.f(z), rtol=1e-12, atol=0.0)
    written = tex(formula.tree)
    assert written.count("{") == written.count("}")
    assert written.count(r"\left") == written.count(r"\right")


@pytest.mark.parametrize(
    ("text", "read", "other"),
    [
        ("sin(3z) z^2/2", "sin(3*z)*z^2", "%2B"),
        ("z z", "z*z", "%2B"),
        ("2 z", "2*z", "%2B"),
        ("|z| (z - 1)", "abs(z)*(z - 1)", "%2B"),
        ("z^2/2 sin(z)", "z^2", "%2B"),
        ("1/2z", "(1/2)*z", "1/(2*z)"),
        ("z/2z", "(z/2)*z", "z/(2*z)"),
        ("3/4sin(z)", "(3/4)*sin(z)", "3/(4*sin(z))"),
        ("1 + z^2/3(z - 1)", "(z^2/3)*(z - 1)", "z^2/(3*(z - 1))"),
        ("z2", "z*2", "z^2"),
        ("(z+1)2", "(z + 1)*2", "(z + 1)^2"),
        ("e^2z", "e^2*z", "e^(2*z)"),
        ("2^-3z", "2^(-3)*z", "2^(-3*z)"),
        ("e(z)", "e*z", "exp(z)"),
        ("√2z", "sqrt(2)*z", "sqrt(2*z)"),
        ("√z^2", "sqrt(z)^2", ""),
        ("z>0", "1 where it holds", ""),
    ],
)
def test_what_can_be_read_in_two_ways_gets_a_word(text, read, other):
    notes = " ".join(parse_formula(text).notes)
    assert read in notes
    assert other in notes


@pytest.mark.parametrize(
    "text",
    ["sin(3z) + z^2/2", "2z", "(z+1)(z-1)", "3sin(z)cos(z)", "z²z", "z^2(z-1)", "-z^2", "2π", "z/2",
     "z/2/3", "1/2*z", "1/(2z)", "2z/3", "exp(-z^2)", "2|z|", "max(0, z)", "2^z", "z^2sin(z)"],
)  # fmt: skip
def test_what_can_be_read_in_one_way_gets_none(text):
    assert parse_formula(text).notes == ()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sin(3z) z^2/2", r"\frac{\sin\!\left(3 z\right) \cdot {z}^{2}}{2}"),
        ("1/2z", r"\frac{1}{2} z"),
        ("1/(2z)", r"\frac{1}{2 z}"),
        ("-(z+1)^2", r"-{\left(z + 1\right)}^{2}"),
        ("2*3z", r"2 \cdot 3 z"),
        ("exp(z)^2", r"{\left(e^{z}\right)}^{2}"),
        ("|z|/pi", r"\frac{\left|z\right|}{\pi}"),
        ("1e-6z", r"10^{-6} z"),
        ("z <= 1", r"\mathbf{1}[z \le 1]"),
        ("sqrt(z^2)", r"\sqrt{{z}^{2}}"),
        ("z*(-z)", r"z \cdot \left(-z\right)"),
    ],
)
def test_the_cost_is_typeset_as_it_was_read(text, written):
    assert tex(parse_formula(text).tree) == written


CALLS = [f"{name}(z)" for name in FUNCTIONS] + [f"{name}(z^2, 2z, 1)" for name in SEVERAL]


@pytest.mark.parametrize(
    "text",
    [*CALLS, "(z > 1) z", "sqrt|z|", "√(z+3)", "sin^2(z)", "|z|^1.5", "max(0, z)^0.5", "2^z",
     "sqrt(relu(z))", "relu(z)^0.3 + z", "z^3", "(z+3)^z", "|z - 1|/2z", "sqrt(max(z, -1) + 1)",
     "sin(z)²", "z^-1", "1 <= z <= 2", "min(z, 1)^2 max(z, 0)", "(z+3)^(1/3)", "relu(z)^(1/2)"],
)  # fmt: skip
def test_slopes_are_those_of_finite_differences(text):
    f, h = parse_formula(text).f, 1e-6
    low = 0.3 if text.startswith("log") else -2.1
    z = torch.linspace(low, 2.2, 18, dtype=torch.float64, requires_grad=True)
    value = f(z)
    keep = value.isfinite().detach()
    slope = torch.zeros_like(z)
    if value.requires_grad:
        slope = torch.autograd.grad(value[keep].sum(), z)[0]
    with torch.no_grad():
        difference = (f(z + h) - f(z - h)) / (2.0 * h)
    assert keep.sum() > 5
    torch.testing.assert_close(slope[keep], difference[keep], rtol=1e-6, atol=1e-8)


def test_functions_are_those_of_scipy():
    z = torch.linspace(-3.0, 3.0, 13, dtype=torch.float64)
    known = {"erf": special.erf, "sigmoid": special.expit, "atan": math.atan, "tanh": math.tanh,
             "softplus": lambda t: math.log1p(math.exp(t)), "cosh": math.cosh}  # fmt: skip
    for name, function in known.items():
        want = [float(function(t)) for t in z.tolist()]
        assert parse_formula(f"{name}(z)").f(z).tolist() == pytest.approx(want, rel=1e-12), name


def test_ten_thousand_strings_give_an_answer_or_a_message():
    """Hostile ones among them; none takes over a second, and none runs anything."""
    random.seed(7)
    words = ["z", "(", ")", "+", "-", "*", "/", "^", "**", "|", "2", "9", ".", "e", "pi", " ", ","]
    words += ["²", "√", "<", ">=", "max(", "[", "]", ",", "=", "z2", "^-", "log10"]
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
            formula = parse_formula(text)
            answer, again = formula.f(z), parse_formula(plain(formula.tree)[:200]).f(z)
            assert len(plain(formula.tree)) > 200 or torch.equal(
                answer.nan_to_num(), again.nan_to_num()
            )
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


NO_JUMP = [
    "z*step(z)", "z*sign(z)", "step(z)*z^2", "step(z)-step(z)", "sign(z)^2", "sign(z - 0.3)^4",
    "(z-30.01)*step(z-30.01)", "1e9*(z-5)*step(z-5)", "step(z) + step(-z)", "(z>0) + (z<=0)",
    "(z-1)^2*sign(z-1)", "(z>1)(z-1) + (z<1)(1-z)", "sign(sin(z))*sin(z)", "sign(z) - z/|z|",
    "max(0,z)", "min(z,1)^2", "|z|", "sqrt|z|", "sign(z)*|z|^0.2", "z^3/|z|", "sin(z)/z",
    "(z^2-1)/(z-1)", "(z^2-2z+1)/(z-1)", "exp(-1/z^2)", "atan(1/z^2)", "(1-exp(-z))/z",
    "sigmoid(1000000z)", "z/sqrt(z^2+1e-12)", "1/(1+exp(-50z))", "step(exp(z))",
    "sign(exp(-z^2))", "(z > 0)(1 - cos(z))", "z^2", "log(1+z^2)", "7", "2^z", "step(z^2)",
    "(z+|z|)/2", "sign(z)*exp(-1/z^2)", "(z^3-3z^2+3z-1)/(z-1)^2", "sqrt(log(1+z^2))",
    "(1-cos(z))/z^2", "sign(z)*|z|^0.15", "(z-1)/sqrt(z^2-2z+1+1e-9)", "exp(z)*step(z)*z/(1+z^2)",
]  # fmt: skip
A_JUMP = [
    "step(z)", "sign(z)", "|z-30.01|/(z-30.01)", "|z+712.34|/(z+712.34)", "step(z-8000.123)",
    "z/|z|", "sqrt(z^2)/z", "z/sqrt(z^2)", "(z-1)/sqrt((z-1)^2)", "(z^2-1)/|z-1|", "z>0",
    "z <= 0.3", "0<z<1", "z*(z>1)", "(z>0)(1+z)", "atan(1/z)", "tanh(1/z)", "1/(1+exp(-1/z))",
    "sign(sin(20z))", "sign(z^3-2)", "1e-3step(z) + sin(z)", "1000 + 1e-3*step(z)",
    "step(z) - step(z-1e-3)", "step((z-0.01)(z-0.02))", "max(sign(z), 0)", "step(relu(z))",
    "(z-1)/sqrt(z^2-2z+1)", "1000z + 1e-3step(z)", "max(z,0)/z", "step(z)*sin(z)/z",
    "0^max(0,z)", "exp(step(z))", "z*z^-1*sign(z)", "cos(z)*sign(z-1)",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_JUMP)
def test_a_jump_that_is_none_is_not_called_one(text):
    assert flaw(parse_formula(text).tree) == ""


@pytest.mark.parametrize("text", A_JUMP)
def test_a_jump_is_found_whatever_it_is_made_of(text):
    assert flaw(parse_formula(text).tree) == JUMPS


@pytest.mark.parametrize("text", ["log|z-0.013|", "|z-0.013|^-0.25", "log(z^2)"])
def test_a_slope_without_a_mean_is_told_from_a_jump(text):
    assert flaw(parse_formula(text).tree) == ENDLESS


def random_cost(rng: random.Random, depth: int) -> str:
    if depth == 0:
        a = rng.choice(["z", "(z-0.3)", "(z-1)", "(z+1.1)", "2z", "(z^2-1)", "sin(2z)"])
        shapes = ["{0}", "step({0})", "sign({0})", "|{0}|", "relu({0})", "({0}>0.5)", "max({0},0)",
                  "cos({0})", "{0}^2", "exp(-{0}^2)", "min({0},1)/(1+|{0}|)"]  # fmt: skip
        return rng.choice(shapes).format(a)
    left, right = random_cost(rng, depth - 1), random_cost(rng, depth - 1)
    return f"({left}){rng.choice('**+-')}({right})"


@pytest.mark.slow
def test_a_cost_jumps_if_and_only_if_its_slope_misses_the_gradient():
    """E[f'] and E[f' eps] by quadrature, beside the gradients, which never look at the slope."""
    rng, jumping = random.Random(5), 0
    loc, scale = (torch.tensor([x], dtype=torch.float64) for x in (0.1, 1.7))
    for text in [random_cost(rng, rng.choice((1, 1, 2))) for _ in range(60)]:
        formula = parse_formula(text)

        def slope(z, f=formula.f):
            point = z.clone().requires_grad_()
            value = f(point)
            if not value.requires_grad:
                return torch.zeros_like(z)
            return torch.autograd.grad(value.sum(), point)[0]

        exact = adaptive_expectation(formula.f, loc, scale)
        by_loc = adaptive_expectation(slope, loc, scale).value
        by_scale = adaptive_expectation(
            lambda z, g=slope: g(z) * (z - loc) / scale, loc, scale
        ).value
        off = max((exact.loc - by_loc).abs().item(), (exact.scale - by_scale).abs().item())
        jumps = flaw(formula.tree) == JUMPS
        jumping += jumps
        assert off > 1e-9 if jumps else off < 1e-6, text
    assert 15 < jumping < 45


@pytest.mark.parametrize(
    ("text", "loc"), [("z*step(z)", 0.1), ("sign(z)^2", 0.0), ("(z>1)(z-1)", 1.0)]
)
def test_where_nothing_jumps_the_path_averages_to_the_gradient(text, loc):
    m = measure(Experiment(f"f={text}", "pathwise", loc, 1.0, replicates=20_000))
    assert m.experiment.cost_problem.allows(m.experiment.rule)
    assert abs(m.loc.z_score) < 4.0
    assert abs(m.scale.z_score) < 4.0


def test_where_it_jumps_the_path_does_not():
    m = measure(Experiment("f=|z-30.01|/(z-30.01)", "pathwise", 30.0, 1.0, replicates=2_000))
    assert not m.experiment.cost_problem.allows(m.experiment.rule)
    assert m.loc.exact == pytest.approx(2.0 * pdf(0.01), rel=1e-6)
    assert m.loc.mean == 0.0


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
