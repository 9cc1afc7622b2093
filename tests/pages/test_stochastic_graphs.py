"""The page of graphs: where nodes stand, what lights up, and that its numbers are the core's."""

from __future__ import annotations

import itertools
import math

import pytest

from pages import contents
from pages.beyond.stochastic_graphs import diagram, gradient, measured, tex, views, ways
from pages.beyond.stochastic_graphs.layers import REACH, laid_out
from pages.beyond.stochastic_graphs.measured import Question
from pages.beyond.stochastic_graphs.own import OWN
from pages.ui.lesson import Lesson
from tests.support import pages_sweep
from tests.support.generated_graphs import generated_graph
from vae_core.lab.graphs import estimate, exact, finite_differences, parse_graph
from vae_core.lab.graphs.exact import Exact
from vae_core.lab.graphs.presets import PRESETS

PAGE = contents.page_info("stochastic_graphs")
LESSON = Lesson("stochastic_graphs")
WORDS = ("{name}: {estimate}, {difference}, {exact}", "{name}: {estimate}", "{problem}")
TEXTS = [*(preset.text for preset in PRESETS.values()), *map(generated_graph, range(40))]
JUMP = views.JUMP.replace("; ", "\n")


def asked(text: str, **how: object) -> Question:
    graph = parse_graph(text)
    paths = tuple(n for n in measured.switchable(graph) if not graph.by_name[n].scored)
    return Question(text, paths, every_cost=False)._replace(**how)


@pytest.mark.parametrize("text", TEXTS)
def test_arrows_lead_onwards_and_pass_behind_no_node(text: str) -> None:
    graph = parse_graph(text)
    places = laid_out(graph)
    assert len(set(places.places.values())) == len(places.places)
    for _, row in places.places.values():
        assert 0 <= row <= places.rows - 1
    for parent, child in graph.edges:
        way = [places.places[parent], *places.turns(parent, child), places.places[child]]
        for (a, row), (b, other) in itertools.pairwise(way):
            assert a < b
            if row != other:  # it changes its row between two layers alone
                assert math.floor(a + REACH) < math.ceil(b - REACH)
                assert round(b - a, 9) == round(1 - 2 * REACH, 9)


def test_few_arrows_cross_in_a_chain() -> None:
    """Of h1, s1 and h2 with nothing to cross, all in one row."""
    graph = parse_graph("param a = 1\nx = a\ny ~ normal(x, 1)\ncost c = y")
    assert {row for _, row in laid_out(graph).places.values()} == {0.0}


@pytest.mark.parametrize("name", PRESETS)
def test_each_arrow_has_the_colour_of_what_it_passes(name: str) -> None:
    graph = parse_graph(PRESETS[name].text)
    drawn = diagram.drawn(graph)
    for edge in drawn.edges:
        passage = graph.passage(str(edge.start), str(edge.end))
        assert edge.colour == diagram.COLOURS[passage]
    things = {node.name: node for node in drawn.nodes}
    for node in graph.nodes:
        assert things[node.name].dashed == node.scored


def test_a_scores_stage_lights_it_its_costs_and_the_way_there() -> None:
    graph = parse_graph(PRESETS["recurrent"].text)
    drawn = diagram.drawn(graph)
    for stage, (name, below) in enumerate(graph.scores.items(), start=2):
        lit = {node.name for node in drawn.nodes if stage in node.lit}
        assert lit == {name, *below}
    second = {(edge.start, edge.end) for edge in drawn.edges if 3 in edge.lit}
    assert second == {("b", "h1"), ("b", "h2"), ("h1", "h2"), ("w", "h2"), ("h2", "s2")}
    last = {(edge.start, edge.end) for edge in drawn.edges if 5 in edge.lit}
    assert ("h3", "c3") in last
    assert ("h3", "s3") not in last


def test_a_graph_with_very_many_ways_is_drawn() -> None:
    """2^24 ways lead from the parameter to the cost."""
    lines = ["param x0 = 1"]
    for i in range(24):
        lines += [f"a{i} = sin(x{i})", f"x{i + 1} = a{i} + x{i}/2"]
    drawn = diagram.drawn(parse_graph("\n".join([*lines, "cost c = x24"])))
    assert all(2 in edge.lit for edge in drawn.edges)


def test_every_term_of_the_formula_leads_to_its_stage() -> None:
    graph = parse_graph(PRESETS["chain"].text)
    written = tex.surrogate(graph, every_cost=False)
    for stage in range(2, diagram.stages(graph) + 1):
        assert written.count(rf"\pick{{{stage}}}") == 1
    assert r"\log p(x_{1} \mid \theta)\,[f_{1} + f_{2}]" in written
    assert r"\log p(x_{2} \mid \theta, x_{1})\,[f_{2}]" in written
    every = tex.surrogate(graph, every_cost=True)
    assert r"\log p(x_{2} \mid \theta, x_{1})\,[f_{1} + f_{2}]" in every


def test_each_stage_says_what_the_surrogate_loss_does() -> None:
    question = asked(PRESETS["chain"].text)
    sections = ("told_graph", "told_all_below", "told_some_below", "told_costs")
    sentences = [LESSON.text(section) for section in sections]
    told = [
        diagram.frame(question, sentences, stage=stage).numbers["told"] for stage in range(1, 5)
    ]
    assert told[1] == "The score of x₁ is multiplied by f₁ and f₂: every cost comes after it."
    assert told[2] == (
        "The score of x₂ is multiplied by f₂, and not by f₁: it comes too late to change that."
    )
    assert "reaches no cost" in str(told[3])


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("theta*x1 + 2*x_2^2", "θ·x₁ + 2x₂²"),
        ("bernoulli(sigmoid(2*h1))", "bernoulli(sigmoid(2h₁))"),
        ("mu^2 - exp(eps)", "μ² - exp(ε)"),
    ],
)
def test_formulas_read_as_on_paper(plain: str, shown: str) -> None:
    assert diagram.written(plain) == shown


@pytest.mark.parametrize("name", PRESETS)
def test_the_gradient_is_what_the_core_gives(name: str) -> None:
    question = asked(PRESETS[name].text)
    graph = question.graph
    first = measured.sliders(graph)[0]
    at = {f"{name}_{first}": graph.by_name[first].value + 0.1}
    frame = gradient.frame(7, question, f"{name}_", WORDS, **at)
    moved = graph.at(**{first: graph.by_name[first].value + 0.1})
    found = estimate(moved, measured.FEW, 7).gradient[first]
    difference = finite_differences(moved, measured.FEW, 7)[first]
    truth = exact(moved)
    assert isinstance(truth, Exact)
    assert difference is not None
    row = len(measured.sliders(graph)) - 1
    assert frame.traces["estimate"]["x"][0 if row == 0 else -1] == found.mean
    assert frame.numbers[f"{first}_estimate"] == f"{found.mean:.3f} ± {2 * found.error:.2g}"
    assert str(frame.numbers[f"{first}_difference"]).startswith(f"{difference.mean:.3f}")
    assert frame.numbers[f"{first}_exact"] == f"{truth.gradient[first].value:.4f}"


def test_where_nothing_can_be_computed_a_sentence_stands_in_place_of_numbers() -> None:
    question = asked("param s = 0.5\nx ~ normal(0, s)\ncost c = x^2")
    for frame in (gradient.frame, ways.frame):
        found = frame(0, question, "own_", WORDS, own_s=-0.5)
        assert "scale of the family normal must be a positive number" in str(found.numbers["told"])
        assert all(not len(trace["x"]) for trace in found.traces.values())


def test_the_ways_are_those_that_the_graph_allows_each_once() -> None:
    chain = ways.choices(asked(PRESETS["chain"].text))
    assert list(chain) == [
        "as chosen",
        "x₁ by its path",
        "x₂ by its path",
        "all by their paths",
        "each score by all costs",
    ]
    for text in TEXTS:
        found = ways.choices(asked(text))
        assert len(set(found.values())) == len(found) <= ways.MOST_ROWS


def test_variances_are_the_cores_and_the_quietest_is_named() -> None:
    question = asked(PRESETS["early"].text)
    frame = ways.frame(3, question, "early_", ("{best} {least}", "none", ""), early_theta=0.5)
    variances = [
        estimate(question.graph.by_way({"x": way}), measured.MANY, 3).gradient["theta"].variance
        for way in ("score", "path")
    ]
    assert frame.traces["present"]["x"] == [variances[0]]
    assert frame.traces["others"]["x"] == [variances[1]]
    assert variances[1] < variances[0]
    assert str(frame.numbers["told"]).startswith("x by its path")


def test_a_way_across_a_jump_is_marked_and_is_not_the_quietest() -> None:
    frame = ways.frame(0, asked(JUMP), "own_", ("", "", "", "{best}"), own_theta=0.3)
    assert frame.numbers["row_0"] == "0, biased"
    assert frame.numbers["told"] == "x by its score"


def test_a_learners_own_graph_stands_in_the_address() -> None:
    app = pages_sweep.open_page(PAGE, graph=OWN)
    text = "param a = 1\nz ~ normal(a, 1)\ncost c = z^2"
    app = app.text_area("control:text").set_value(text).run()
    assert app.query_params["text"] == "param a = 1; z ~ normal(a, 1); cost c = z^2"
    assert not app.warning
    assert not app.exception
    assert app.text_area("control:text").value == text
    app = app.text_area("control:text").set_value("param a = 1\ncost c = d\nd = c").run()
    assert "c hangs on d, which hangs on c" in app.warning[0].value
    assert "Until it is mended" in app.warning[0].value


def test_a_graph_is_built_node_by_node() -> None:
    app = pages_sweep.open_page(PAGE, graph=OWN)

    def press(label: str) -> str:
        next(button for button in app.button if button.label == label).click().run()
        assert not app.exception
        return str(app.text_area("control:text").value)

    assert press("Place it").endswith("x3 ~ normal(0, 1)")
    app.selectbox("graph_from").set_value("x3").run()
    app.selectbox("graph_to").set_value("f2").run()
    assert "cost f2 = (x2 - 1)^2 + x3" in press("Connect")
    app.selectbox("graph_to").set_value("theta").run()
    press("Connect")
    assert any("no arrow leads to it" in warning.value for warning in app.warning)
    app.selectbox("graph_node").set_value("x3").run()
    assert "x3 ~" not in press("Remove it")


def test_too_long_an_address_is_said() -> None:
    app = pages_sweep.open_page(PAGE, graph=OWN, text="param a = 1;" * 400)
    assert any("your graph" in caption.value for caption in app.caption)
