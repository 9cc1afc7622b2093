"""Graphs with chance in them: what they mean, and that their gradients are right."""

from __future__ import annotations

import contextlib
import io
import itertools
import math
import re

import pytest
from scipy import integrate, special, stats

from tests.support.generated_graphs import generated_graph
from vae_core.lab.graphs import (
    GraphError,
    estimate,
    exact,
    finite_differences,
    parse_graph,
    text_of,
)
from vae_core.lab.graphs.code import program
from vae_core.lab.graphs.exact import Exact
from vae_core.lab.graphs.presets import PRESETS
from vae_core.lab.graphs.remarks import remarks
from vae_core.lab.graphs.surrogate import as_text

REPLICATES = 40_000
MOST_Z = 4.5


def known(text: str, **values: float) -> Exact:
    found = exact(parse_graph(text).at(**values))
    assert isinstance(found, Exact), found
    return found


def worst_z(estimates, truth) -> float:
    return max(
        abs(found.mean - truth[name].value) / (found.error or 1e-12)
        for name, found in estimates.items()
    )


@pytest.mark.parametrize("name", PRESETS)
def test_each_presets_gradient_is_the_exact_one(name: str) -> None:
    graph = parse_graph(PRESETS[name].text)
    truth = known(PRESETS[name].text).gradient
    assert remarks(graph) == ()
    for every_cost in (False, True):
        found = estimate(graph, REPLICATES, seed=1, every_cost=every_cost)
        assert worst_z(found.gradient, truth) < MOST_Z
    differences = finite_differences(graph, REPLICATES, seed=2)
    assert worst_z(differences, truth) < MOST_Z


@pytest.mark.parametrize("name", PRESETS)
def test_each_presets_gradient_is_the_same_by_path_and_by_score(name: str) -> None:
    graph = parse_graph(PRESETS[name].text)
    moving = [n.name for n in graph.of_kind("random") if n.drawn_from.path != "none"]
    truth = known(PRESETS[name].text).gradient
    for ways in itertools.product(("path", "score"), repeat=len(moving)):
        other = graph.by_way(dict(zip(moving, ways, strict=True)))
        assert exact(other) == exact(graph)
        assert worst_z(estimate(other, REPLICATES, seed=3).gradient, truth) < MOST_Z


def test_exact_gradients_agree_with_closed_forms() -> None:
    pair = known(PRESETS["pair"].text, mu=0.7, sigma=1.3)
    assert pair.cost.value == pytest.approx(0.7**2 + 1.3**2 + 0.25, abs=1e-12)
    assert pair.gradient["mu"].value == pytest.approx(1.4, abs=1e-12)
    assert pair.gradient["sigma"].value == pytest.approx(2.6, abs=1e-12)
    # E[x1^2 + (x2 - 1)^2] = theta^2 + 1 + E[(theta x1 - 1)^2] + 1
    at = 0.4
    chain = known(PRESETS["chain"].text, theta=at)
    assert chain.cost.value == pytest.approx(at**2 + 2 + (at**2 - 1) ** 2 + at**2, abs=1e-12)
    assert chain.gradient["theta"].value == pytest.approx(
        2 * at + 4 * at * (at**2 - 1) + 2 * at, abs=1e-12
    )


def test_exact_gradients_agree_with_scipy() -> None:
    def late(theta: float) -> float:
        density = stats.norm(math.tanh(theta), 1).pdf
        return integrate.quad(lambda y: density(y) * (y - 1) ** 2, -12, 12, epsabs=1e-13)[0]

    def early(theta: float) -> float:
        density = stats.norm(theta, 1).pdf
        cost = lambda x: (math.tanh(x) - 1) ** 2  # noqa: E731
        return integrate.quad(lambda x: density(x) * cost(x), -12, 12, epsabs=1e-13)[0]

    def exponential(rate: float) -> float:
        law = stats.expon(scale=1 / rate)
        return integrate.quad(lambda z: law.pdf(z) * math.sin(z), 0, 60, epsabs=1e-13)[0]

    text = "param theta = 1.2\nz ~ exponential(theta)\ncost c = sin(z)"
    for f, graph in ((late, PRESETS["late"].text), (early, PRESETS["early"].text),
                     (exponential, text)):  # fmt: skip
        found, step = known(graph, theta=0.8), 1e-3
        slope = (f(0.8 + step) - f(0.8 - step)) / (2 * step)
        assert found.cost.value == pytest.approx(f(0.8), abs=1e-10)
        assert found.gradient["theta"].value == pytest.approx(slope, abs=1e-5)


def test_exact_gradients_agree_with_an_enumeration_by_hand() -> None:
    def bandit(a: float, b: float) -> float:
        shares = special.softmax([0.0, a, b])
        return sum(share * ((arm - 1) ** 2 - arm / 2) for arm, share in enumerate(shares))

    def recurrent(w: float, b: float) -> float:
        total = 0.0
        for s1, s2, s3 in itertools.product((0, 1), repeat=3):
            h1 = math.tanh(b)
            h2 = math.tanh(w * h1 + b * s1)
            h3 = math.tanh(w * h2 + b * s2)
            share = 1.0
            for s, h in ((s1, h1), (s2, h2), (s3, h3)):
                share *= special.expit(2 * h) if s else special.expit(-2 * h)
            total += share * ((s1 - 1) ** 2 + (s2 - s1) ** 2 + (s3 - h3) ** 2)
        return total

    for name, f, at in (("bandit", bandit, (0.2, 0.5)), ("recurrent", recurrent, (0.8, 0.3))):
        found, step = known(PRESETS[name].text), 1e-4
        assert found.cost.value == pytest.approx(f(*at), abs=1e-12)
        for place, slope in enumerate(found.gradient.values()):
            up, down = list(at), list(at)
            up[place] += step
            down[place] -= step
            assert slope.value == pytest.approx((f(*up) - f(*down)) / (2 * step), abs=1e-7)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("param m = 1\nz ~ normal(m, 1)\ncost c = tanh(4z)", None),
        ("param m = 1\nz ~ normal(m, 1)\ncost c = z^4", 4 * 1 + 12 * 1),
        ("param m = 2\nz ~ gamma(m, 1)\ncost c = z^2", 2 * 2 + 1),
        ("param m = 2\nz ~ weibull(m, 2)\ncost c = z^2", 2 * 2 * special.gamma(2)),
        ("param m = 0.3\nz ~ uniform(0, m)\ncost c = z^2", 2 * 0.3 / 3),
    ],
)
def test_what_is_shown_as_exact_has_a_bound_that_holds(text: str, truth: float | None) -> None:
    found = known(text).gradient["m"]
    if truth is None:
        truth = integrate.quad(
            lambda z: stats.norm(1, 1).pdf(z) * 4 / math.cosh(4 * z) ** 2,
            -8,
            10,
            epsabs=1e-14,
            limit=200,
        )[0]
    assert abs(found.value - truth) <= found.error + 1e-12
    assert found.error < 1e-6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("z ~ normal(a, 1)\ncost c = |z|", "c has a kink or a jump (abs)"),
        ("z ~ laplace(a, 1)\ncost c = z", "the noise of z is neither normal nor uniform"),
        ("z ~ poisson(1 + a^2)\ncost c = z", "z takes too many values"),
        ("z ~ cauchy(a, 1)\ncost c = z^2", "too coarse"),
        (f"z ~ normal(a, 1)\ncost c = cos({2 * math.pi / 0.05} z)", "too coarse"),
    ],
)
def test_where_there_is_no_exact_gradient_a_sentence_says_why(text: str, words: str) -> None:
    found = exact(parse_graph(f"param a = 0.5\n{text}"))
    assert isinstance(found, str)
    assert words in found


def agrees_with_differences(seed: int, replicates: int) -> None:
    text = generated_graph(seed)
    graph = parse_graph(text)
    found = estimate(graph, replicates, seed=1).gradient
    differences = finite_differences(graph, replicates, seed=2)
    for name, slope in found.items():
        difference = differences[name]
        assert difference is not None, text
        apart = abs(slope.mean - difference.mean)
        # What the four points leave out is below this for formulas so tame.
        assert apart < 5 * math.hypot(slope.error, difference.error) + 1e-3, (name, text)


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs_agree_with_finite_differences(seed: int) -> None:
    agrees_with_differences(seed, 10_000)


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(0, 500, 25))
def test_five_hundred_random_graphs_agree_with_finite_differences(start: int) -> None:
    for seed in range(start, start + 25):
        agrees_with_differences(seed, 20_000)


@pytest.mark.parametrize("seed", range(60))
def test_text_is_read_as_it_is_written(seed: int) -> None:
    graph = parse_graph(generated_graph(seed))
    again = parse_graph(text_of(graph))
    assert text_of(again) == text_of(graph)
    assert [node.name for node in again.nodes] == [node.name for node in graph.nodes]
    assert again.scores == graph.scores


def test_the_surrogate_loss_is_written_out() -> None:
    graph = parse_graph(PRESETS["chain"].text)
    assert as_text(graph) == ("log p(x1 | theta) [f1 + f2] + log p(x2 | theta, x1) [f2] + f1 + f2")
    assert "[f1 + f2] + log p(x2 | theta, x1) [f1 + f2]" in as_text(graph, every_cost=True)
    assert as_text(graph.by_way({"x1": "path", "x2": "path"})) == "f1 + f2"


def test_dropping_costs_that_came_before_saves_variance() -> None:
    graph = parse_graph(PRESETS["chain"].text)
    kept = estimate(graph, REPLICATES, seed=0).gradient["theta"].variance
    every = estimate(graph, REPLICATES, seed=0, every_cost=True).gradient["theta"].variance
    assert 1.5 < every / kept < 2.5


def test_edges_pass_a_derivative_a_score_or_nothing() -> None:
    graph = parse_graph(PRESETS["recurrent"].text)
    assert graph.passage("b", "h2") == "path"
    assert graph.passage("h2", "s2") == "score"
    assert graph.passage("s1", "h2") == "none"
    assert graph.scores == {
        "s1": ("c1", "c2", "c3"),
        "s2": ("c2", "c3"),
        "s3": ("c3",),
    }


def test_a_jump_in_the_way_of_a_path_is_said_and_its_bias_is_seen() -> None:
    text = "param a = 0.3\nz ~ normal(a, 1){}\nb = step(z)\ncost c = 2b"
    lost = parse_graph(text.format(""))
    (remark,) = remarks(lost)
    assert remark.wrong
    assert remark.words.startswith("b jumps as z moves")
    truth = 2 * stats.norm.pdf(0.3)
    assert estimate(lost, 1_000).gradient["a"].mean == 0.0
    difference = finite_differences(lost, REPLICATES, seed=0)["a"]
    assert difference is not None
    assert abs(difference.mean - truth) < MOST_Z * difference.error
    scored = parse_graph(text.format(" by score"))
    assert remarks(scored) == ()
    found = estimate(scored, REPLICATES).gradient["a"]
    assert abs(found.mean - truth) < MOST_Z * found.error


@pytest.mark.parametrize("way", ["path", "score"])
def test_a_jump_that_a_parameter_moves_past_a_draw_is_said(way: str) -> None:
    """E[step(z + a)] rises by the density at -a, and neither way of z sees that."""
    graph = parse_graph(f"param a = 0.3\nz ~ normal(0, 1) by {way}\ncost c = step(z + a)")
    (remark,) = remarks(graph)
    assert remark.wrong
    assert remark.words.startswith("c jumps as a moves")
    assert "No score of this graph sees it" in remark.words
    assert estimate(graph, 1_000).gradient["a"].mean == 0.0
    difference = finite_differences(graph, REPLICATES, seed=0)["a"]
    assert difference is not None
    assert abs(difference.mean - stats.norm.pdf(0.3)) < MOST_Z * difference.error


def test_what_only_looks_like_a_jump_is_no_remark() -> None:
    graph = parse_graph("param a = 0.3\nz ~ normal(a, 1)\ny = 2\ncost c = (z > 0) z y")
    assert remarks(graph) == ()
    graph = parse_graph("param a = 0.3\nz ~ normal(0, 1)\ncost c = (z > 0) a")
    assert remarks(graph) == ()


@pytest.mark.parametrize(
    ("text", "words", "wrong"),
    [
        ("z ~ uniform(a, 2) by score\ncost c = z", "a score does not see that", True),
        ("z ~ erlang(2 + a, 1)\ncost c = z", "takes whole numbers alone", True),
        ("cost d = 3\ncost c = a", "The cost d hangs on no parameter", False),
        ("param b = 1\ncost c = a", "No cost hangs on b", False),
        ("y = a^2\ncost c = a", "No cost hangs on y", False),
    ],
)
def test_remarks(text: str, words: str, wrong: bool) -> None:
    (remark,) = remarks(parse_graph(f"param a = 0\n{text}"))
    assert words in remark.words
    assert remark.wrong == wrong


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is no cost yet"),
        ("cost c = 1", "There is no parameter yet"),
        ("param a = 1", "There is no cost yet"),
        ("param a = 1\ncost c = a + d\nd = 2c", "Line 2: c hangs on d, which hangs on c"),
        ("param a = 1\ncost c = c", "c hangs on c: that is a circle"),
        ("param a = 1\ncost c = a\nc = 2", "Line 3: There is a `c` already, in line 2"),
        ("param a = 1\ncost c = b", "Line 2: 'b' is not known here"),
        ("param a = x", "The value of a is to be a number"),
        ("param a = inf", "may lie between"),
        ("param a = 1\ncost c =", "Line 2: There is no formula yet"),
        ("hello", "Line 1: `hello` is not understood"),
        ("param exp = 1", "has a meaning of its own"),
        ("param a = 1\nz ~ normal(a)\ncost c = z", "Normal is written normal(loc, scale)"),
        ("param a = 1\nz ~ dirichlet(a)\ncost c = z", "`dirichlet` is no family of a graph"),
        ("param a = 1\nz ~ a\ncost c = z", "`a` is not understood. Write `z ~ normal(0, 1)`"),
        ("param a = 1\ncost z ~ normal(0, 1)", "A cost is no random node"),
        ("param a = .5\nz ~ bernoulli(a) by path\ncost c = z", "Bernoulli has no path"),
        ("param a = 1\ncost c = sin(a", "This bracket has no partner. At `sin>>(a`"),
        ("\n".join(f"n{i} = 1" for i in range(61)), "There are 61 nodes; a graph may have 60"),
        ("#" * 6_001, "longer than 6000 letters"),
    ],
)
def test_what_is_no_graph_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(GraphError, match=re.escape(words)):
        parse_graph(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("z ~ normal(0, a)\ncost c = z", "Line 2: z: scale of the family normal must be"),
        ("z ~ normal(a, 1)\ncost c = log(z)", "no finite number"),
        ("z ~ normal(a, 1)\ncost c = exp(exp(9z))", "no finite number"),
    ],
)
def test_what_cannot_be_computed_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(GraphError, match=re.escape(words)):
        estimate(parse_graph(f"param a = -1\n{text}"), 1_000)


def test_a_difference_keeps_to_what_the_family_takes() -> None:
    graph = parse_graph("param p = 0.01\nz ~ bernoulli(p)\ncost c = z")
    difference = finite_differences(graph, REPLICATES, seed=0)["p"]
    assert difference is not None
    assert abs(difference.mean - 1.0) < MOST_Z * difference.error


FAMILIES_IN_TORCH = (
    "param a = 0.4\nn ~ {law}\nm ~ normal(n, 1) by score\ncost c = tanh(m) (1 + a)\ncost d = n"
)


def printed(code: str) -> dict[str, tuple[float, float]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "graph", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own
    rows = (line.replace("+-", "").split() for line in out.getvalue().splitlines())
    return {name: (float(mean), float(error)) for name, mean, error in rows}


@pytest.mark.parametrize(
    "text",
    [
        *(preset.text for preset in PRESETS.values()),
        FAMILIES_IN_TORCH.format(law="rayleigh(1 + a^2)"),
        FAMILIES_IN_TORCH.format(law="gamma(2 + a, exp(a)) by score"),
        FAMILIES_IN_TORCH.format(law="beta(1 + a, 2)"),
        FAMILIES_IN_TORCH.format(law="poisson(2a)"),
        FAMILIES_IN_TORCH.format(law="bernoulli(a)"),
        FAMILIES_IN_TORCH.format(law="studentt(5, a, max(1, a, 2a))"),
        "param lambda = 1\ntorch ~ normal(lambda, 1)\ncost slope = step(torch) torch^2 + 3",
        "param a = 1\ncost c = 3",
    ],
)
def test_the_program_gives_the_same_gradient(text: str) -> None:
    graph = parse_graph(text)
    got = printed(program(graph, REPLICATES, seed=5))
    found = estimate(graph, REPLICATES, seed=6).gradient
    assert {name.rstrip("_") for name in got} == set(found)
    for name, (mean, error) in got.items():
        other = found[name]
        assert abs(mean - other.mean) <= MOST_Z * math.hypot(error, other.error) + 1e-6
