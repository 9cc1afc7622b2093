"""The obstacle's numbers: areas as drawn, both ways out, the naive 0, and torch's own graph."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from pages.obstacle.stuck import cost, density, graph, support, ways
from pages.obstacle.stuck.views import VIEWS
from pages.ui.lesson import Lesson

LESSON = Lesson("stuck")
MEANS = [1.5, -2.0, 0.0, 2.0]
each_mean = pytest.mark.parametrize("mu", MEANS)
SENTENCES = ("{truth}", "{truth}", "{score} {path} {naive} {k}")


def area(trace: Any) -> float:
    return float(np.trapezoid(trace["y"], trace["x"]))


@each_mean
@pytest.mark.parametrize("c", [0.0, 1.0, 2.0])
def test_the_areas_are_those_that_are_drawn(mu: float, c: float) -> None:
    """The rows as drawn end at 3.6 deviations, so a little is missing."""
    now = density.frame(mu, c)
    for name, key in (("∂q/∂μ", "slope"), ("f ∂q/∂μ", "stuck")):
        for tail, half in ((", negative", "negative"), ("", "positive")):
            drawn = area(now.traces[f"{name}{tail}"])
            assert drawn == pytest.approx(now.numbers[f"{key}_{half}"], abs=0.04)
    seen = area(now.traces["q ∂f/∂μ, negative"]) + area(now.traces["q ∂f/∂μ"])
    assert seen == pytest.approx(now.numbers["seen"], abs=2e-3)


@each_mean
@pytest.mark.parametrize("c", [0.0, 1.0, 2.0])
def test_the_two_terms_add_up_to_the_truth(mu: float, c: float) -> None:
    """E[z^2 + c mu] = mu^2 + 1 + c mu, so its slope is 2 mu + c: by hand, and by differences."""

    def mean(at: float) -> float:
        return float(stats.norm.expect(lambda z: z**2 + c * at, loc=at))

    assert mean(mu) == pytest.approx(mu**2 + 1 + c * mu)
    numbers = density.frame(mu, c).numbers
    slope = (mean(mu + 1e-3) - mean(mu - 1e-3)) / 2e-3
    assert numbers["truth"] == pytest.approx(slope, abs=1e-6)
    assert numbers["stuck"] + numbers["seen"] == pytest.approx(numbers["truth"], abs=1e-12)
    assert numbers["stuck"] == pytest.approx(2 * mu, abs=1e-12)
    assert numbers["by_sigma"] == pytest.approx(2.0, abs=1e-12)


@each_mean
def test_naive_reports_zero_or_what_the_cost_itself_knows(mu: float) -> None:
    """Its 0 is demanded, and so is its bias where the cost knows mu."""
    assert density.frame(mu, 0.0).numbers["naive"] == 0.0
    assert density.frame(mu, 1.25).numbers["naive"] == pytest.approx(1.25, abs=1e-12)
    assert ways.frame(mu, 100, 0, 3, SENTENCES).numbers["naive"] == 0.0
    assert not cost.draws("naive", mu, 0).any()
    assert support.naive(2.0) == 0.0


def test_the_words_in_the_rows_are_the_areas() -> None:
    said = density.frame(1.5, 1.0).traces
    assert said["∂q/∂μ words"]["text"] == ["∂q/∂μ: area −0.40 + 0.40 = 0.00"]
    assert said["f ∂q/∂μ words"]["text"] == ["f ∂q/∂μ: area −0.79 + 3.79 = 3.00"]
    assert said["q ∂f/∂μ words"]["text"] == ["q ∂f/∂μ: area 1.00"]
    low = density.frame(-2.0, 2.0).traces["f ∂q/∂μ words"]["text"]
    assert low == ["f ∂q/∂μ: area −2.80 − 1.20 = −4.00"]


@pytest.mark.parametrize(("theta", "h"), [(2.0, 0.4), (0.5, 0.02), (3.0, 0.6)])
def test_the_strips_are_the_difference_of_the_means(theta: float, h: float) -> None:
    now = support.frame(theta, h)
    numbers, at = now.numbers, now.traces
    gained, lost = area(at["gained"]), area(at["before"]) - area(at["after"])
    assert gained / h == pytest.approx(numbers["step_gained"], rel=4e-3)
    assert -lost / h == pytest.approx(numbers["step_inside"], rel=4e-3)
    moved = ((theta + h) ** 2 - theta**2) / 3
    assert numbers["mean_after"] - numbers["mean"] == pytest.approx(moved, rel=1e-12)
    assert numbers["step_both"] == pytest.approx(moved / h, rel=1e-9)


def test_a_smaller_step_comes_to_the_two_terms() -> None:
    numbers = support.frame(2.0, 1e-6).numbers
    assert numbers["step_inside"] == pytest.approx(numbers["interior"], rel=1e-5)
    assert numbers["step_gained"] == pytest.approx(numbers["boundary"], rel=1e-5)
    assert numbers["interior"] == pytest.approx(-2 / 3)
    assert numbers["boundary"] == pytest.approx(2.0)
    assert numbers["truth"] == pytest.approx(4 / 3)
    assert numbers["score"] == pytest.approx(-2 / 3)  # the page: REINFORCE fails by the boundary
    assert numbers["path"] == pytest.approx(4 / 3)


def product(traces: Any, way: str, step: int) -> float:
    """The integral of the upper curve times the lower one, as they are drawn."""
    if step == ways.STUCK:
        halves = (traces[f"{way} slope, negative"]["y"], traces[f"{way} slope"]["y"][1:])
        upper = np.concatenate(halves)
    else:
        upper = traces[f"{way} bell"]["y"]
    factor = traces[f"{way} factor"]
    return float(np.trapezoid(upper * factor["y"], factor["x"]))


@each_mean
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("way", ways.WAYS)
def test_upper_times_lower_is_the_same_at_every_step(mu: float, step: int, way: str) -> None:
    now = ways.frame(mu, 100, 0, step, SENTENCES)
    assert product(now.traces, way, step) == pytest.approx(2 * mu, abs=0.03)
    for name in ("stuck", "integral_score", "integral_path"):
        assert now.numbers[name] == pytest.approx(now.numbers["truth"], abs=1e-12)


@each_mean
def test_each_dot_is_what_its_draw_says(mu: float) -> None:
    """z^2 (z - mu) on the left, 2 (mu + eps) on the right, on the same noise."""
    at = ways.frame(mu, 20, 3, 3, SENTENCES).traces
    eps, z = at["path draws"]["x"], at["score draws"]["x"]
    np.testing.assert_allclose(z, mu + eps)
    np.testing.assert_allclose(at["score says"]["y"], z**2 * (z - mu))
    np.testing.assert_allclose(at["path says"]["y"], 2 * (mu + eps))
    assert eps.size == 20
    for step in (1, 2):
        early = ways.frame(mu, 20, 3, step, SENTENCES).traces
        assert np.isnan(early["score says"]["y"]).all()
        assert np.isnan(early["path mean"]["x"]).all()


def test_the_averages_are_those_of_the_draws() -> None:
    now = ways.frame(1.5, 50, 7, 3, SENTENCES)
    z = 1.5 + cost.base_noise(7)[:50]
    said = z**2 * (z - 1.5)
    assert now.numbers["score"] == pytest.approx(said.mean())
    assert now.numbers["score_error"] == pytest.approx(said.std(ddof=1) / math.sqrt(50))
    assert now.numbers["path"] == pytest.approx(2 * z.mean())
    assert str(now.numbers["told"]).endswith(" 0.00 50")


@pytest.mark.parametrize("name", ["score", "pathwise"])
def test_both_ways_are_unbiased(name: str) -> None:
    """z-scores over forty seeds, a thousand draws each."""
    scores = []
    for seed in range(40):
        said = cost.draws(name, 1.5, seed)
        scores.append((said.mean() - 3.0) / (said.std(ddof=1) / math.sqrt(said.size)))
    assert abs(np.mean(scores)) * math.sqrt(40) < 4
    assert max(map(abs, scores)) < 5


def test_the_names_are_torchs_own() -> None:
    """Against a graph built here, and its repr."""
    loc, scale = torch.tensor([1.5, 1.0], requires_grad=True).mul(1.0).unbind()
    sampled = torch.distributions.Normal(loc, scale).sample()
    assert sampled.grad_fn is None
    assert (sampled**2).grad_fn is None
    made = {
        "path": loc + scale * 0.3,
        "normal": torch.normal(loc, scale),
    }
    for way, z in made.items():
        names = graph.record(way, 1.5).names
        assert names["z"] == type(z.grad_fn).__name__
        assert names["cost"] == type((z**2).grad_fn).__name__
        assert names["q"] == type(loc.grad_fn).__name__
    cut = graph.record("sample", 1.5)
    assert (cut.names["z"], cut.names["cost"]) == ("None", "None")
    assert not [link for link in cut.links if "z" in link]


@each_mean
def test_what_arrives_at_the_weights(mu: float) -> None:
    """None after a draw, zeros through torch's normal, 2z and 2z eps along the path."""
    assert graph.record("sample", mu).gradient is None
    assert "does not require grad" in graph.record("sample", mu).error
    assert graph.record("normal", mu).gradient == (0.0, 0.0)
    found = graph.record("path", mu)
    eps = cost.base_noise(0)[0]
    assert found.gradient == pytest.approx((2 * (mu + eps), 2 * (mu + eps) * eps))
    h = 1e-6
    by_differences = [
        ((mu + h + eps) ** 2 - (mu - h + eps) ** 2) / (2 * h),
        ((mu + (1 + h) * eps) ** 2 - (mu + (1 - h) * eps) ** 2) / (2 * h),
    ]
    assert found.gradient == pytest.approx(by_differences, abs=1e-6)
    assert found.error == ""


def test_the_picture_of_the_graph_has_an_arrow_for_each_link() -> None:
    records = {way: graph.record(way, 1.5) for way in graph.WAYS}
    drawn = graph.diagram(records)
    for way, found in records.items():
        own = [edge for edge in drawn.edges if str(edge.start).startswith(f"{way} ")]
        links = [edge for edge in own if edge.kind == "gradient"]
        assert len(links) == len(found.links)
        assert len([edge for edge in own if edge.kind == "lost"]) == (2 if way == "sample" else 0)
        for name, step in found.names.items():
            lines = next(n for n in drawn.nodes if n.name == f"{way} {name}").lines
            assert any(step in line.words for line in lines)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_every_trace(view: str) -> None:
    picture = VIEWS[view].build(LESSON)
    values = {param.key: param.default for param in picture.axes}
    now = picture.at(values)
    assert now
    for draw in filter(None, (picture.figure, picture.narrow)):
        figure: Any = draw(now)  # type: ignore[operator]
        assert set(now.traces) <= {trace.name for trace in figure.data}
        assert figure.layout.uirevision
    told = picture.takeaway.format(**{**now.numbers, **values})
    assert "nan" not in told
    for cell in (picture.table or {}).values():
        assert "nan" not in str(cell).format(**now.numbers)


@pytest.mark.parametrize("view", VIEWS)
def test_no_curve_that_belongs_in_sight_leaves_it(view: str) -> None:
    """At both ends of every slider: the rows of the density, and the bars."""
    picture = VIEWS[view].build(LESSON)
    at: dict[str, Any] = {param.key: param.default for param in picture.axes}
    if view == "density":
        for mu in (-2.0, 2.0):
            for c in (0.0, 2.0):
                for name, trace in density.frame(mu, c).traces.items():
                    low, high = density.RANGES[
                        "y3" if "f" in name else "y2" if "∂" in name else "y"
                    ]
                    assert low <= np.min(trace["y"])
                    assert np.max(trace["y"]) <= high
                    assert np.abs(trace["x"]).max() <= density.SIDE
    elif view == "support":
        now = support.frame(support.MOST_THETA, support.MOST_STEP)
        assert now.traces["gained"]["x"].max() <= support.END
        assert now.traces["gained"]["y"].max() <= support.TOP
        assert all(
            support.LEAST_RATE <= float(now.numbers[name]) <= support.MOST_RATE
            for name in support.BARS
        )
    else:
        now = ways.frame(**{**at, "mu": 2.0}, sentences=SENTENCES)
        assert abs(float(now.numbers["truth"])) <= ways.REACH
