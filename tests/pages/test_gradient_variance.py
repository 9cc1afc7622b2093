"""The pictures of the variance lab: what their traces hold, against the core."""

import math
import re

import numpy as np
import pytest

from pages.estimators.gradient_variance import draws, duel, minibatch, sweep, who_wins
from pages.estimators.gradient_variance import histograms as figures
from pages.estimators.gradient_variance.views import VIEWS, Chosen
from pages.ui.live.marks import bar_heights
from pages.ui.numbers import short
from vae_core.estimators import taking
from vae_core.lab import PROBLEMS, find_problem
from vae_core.lab.experiment import Experiment
from vae_core.lab.measurement import measure

PAIR = ("pathwise", "score")
WHERE = {"mu": 2.0, "sigma": 1.0, "samples": 1, "dim": 1, "seed": 0}
SQUARE = {"problem": "square", "names": PAIR, "parameter": "loc"}


def at_default(view: str, problem: str, names: tuple[str, ...], parameter: str, along: str) -> dict:
    """The arguments of a view's frame at every slider's default."""
    built = VIEWS[view].build(Chosen(problem, names, parameter, along))
    return {param.key: param.default for param in built.axes} | dict(built.extra)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("problem", [*PROBLEMS, "f=|z|"])
@pytest.mark.parametrize("parameter", ["loc", "scale"])
def test_every_view_draws_every_problem(view, problem, parameter):
    """Traces keep their names from frame to figure, and the numbers are numbers."""
    built = VIEWS[view].build(Chosen(problem, PAIR, parameter, "sigma"))
    now = built.frame(**at_default(view, problem, PAIR, parameter, "sigma"))
    drawn = built.figure(now)
    assert set(now.traces) <= {trace.name for trace in drawn.data}
    assert all(isinstance(n, str) or math.isfinite(n) for n in now.numbers.values())
    assert drawn.layout.uirevision
    assert drawn.layout.xaxis.title.text
    assert drawn.layout.xaxis.range


@pytest.mark.parametrize("name", taking("normal"))
@pytest.mark.parametrize("view", ["histogram", "mean", "against", "map", "parts"])
def test_every_estimator_is_shown_by_every_view(view, name):
    built = VIEWS[view].build(Chosen("gaussian_elbo", (name,), "scale", "samples"))
    now = built.frame(**at_default(view, "gaussian_elbo", (name,), "scale", "samples"))
    built.figure(now)
    assert "nan" not in built.takeaway.format(**(WHERE | dict(now.numbers)))


def test_histogram_counts_the_estimates():
    now = figures.histograms(**WHERE, **SQUARE, n=500)
    low, high = figures.window("square", "loc")
    planned = Experiment("square", "pathwise", replicates=2000)
    drawn = draws.draws(draws.Setting("square", (), "loc", 2.0, 1.0), "pathwise", 2000)
    found = drawn.gradient["loc"][:500]
    counts, _ = np.histogram(np.clip(found, low, high), bins=figures.BINS, range=(low, high))
    np.testing.assert_allclose(now.traces["pathwise"]["y"], counts / counts.max())
    assert now.numbers["mean_pathwise"] == pytest.approx(found.mean())
    assert now.numbers["exact"] == float(planned.exact().loc[0])
    assert now.traces["exact"]["x"].tolist() == [4.0, 4.0]


def test_what_lies_outside_is_counted_in_the_outermost_bars():
    heights = bar_heights(np.array([-99.0, 0.5, 0.5, 99.0, 99.0, 99.0]), 0.0, 1.0, 9)
    assert heights[0] == pytest.approx(1 / 3)
    assert heights[-1] == 1.0


def test_window_stays_where_it_is_while_sliders_move():
    before = figures.histograms(**WHERE, **SQUARE, n=100).traces["score"]["x"]
    after = figures.histograms(**{**WHERE, "sigma": 3.0}, **SQUARE, n=100).traces["score"]["x"]
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("problem", "names", "words"),
    [
        ("square", PAIR, "REINFORCE has"),
        ("sine", PAIR, "Reparameterization has"),
        ("step", PAIR, "Reparameterization is wrong here"),
        ("square", ("naive",), "Naive is wrong here"),
        ("square", ("score",), "exact gradient is 4"),
    ],
)
def test_verdict_says_who_wins(problem, names, words):
    knobs = find_problem(problem).settings()
    words_of = {"problem": problem, "names": names, "parameter": "loc"}
    where = WHERE if problem == "square" else WHERE | {"mu": 0.0}
    assert words in figures.histograms(**where, **words_of, **knobs, n=2000).numbers["verdict"]


def test_running_mean_ends_at_the_mean():
    now = figures.running_means(**WHERE, **SQUARE, n=2000)
    found = draws.Setting("square", (), "loc", 2.0, 1.0).gradients("score", 2000)
    assert now.traces["score"]["y"][-1] == pytest.approx(found.mean() - 4.0)
    band = now.traces["score band"]["y"]
    assert band[-1] == pytest.approx(2.0 * math.sqrt(87.0 / 2000))


def test_running_means_stay_in_their_band_nineteen_times_of_twenty():
    inside = []
    for seed in range(40):
        now = figures.running_means(**{**WHERE, "seed": seed}, **SQUARE, n=2000)
        off, band = now.traces["pathwise"]["y"][-1], now.traces["pathwise band"]["y"][-1]
        inside.append(abs(off) <= band)
    assert 0.8 < np.mean(inside) <= 1.0


def test_duel_shows_both_gradients_of_the_same_draw():
    """For z^2: the slope gives 2z, the score gives z^2 (z - mu) / sigma^2."""
    now = duel.duel(mu=2.0, sigma=0.5, seed=3, n=7, problem="square", parameter="loc")
    z, eps = now.numbers["z"], now.numbers["eps"]
    assert z == pytest.approx(2.0 + 0.5 * eps)
    assert now.numbers["by_path"] == pytest.approx(2.0 * z)
    assert now.numbers["by_score"] == pytest.approx(z**2 * eps / 0.5)
    pushes = now.traces["pushes"]["x"].reshape(7, 3)
    unit = draws.reference("square", "loc").deviation
    np.testing.assert_allclose(pushes[:, 1] - pushes[:, 0], duel.ARROW * 2.0 * pushes[:, 0] / unit)


def test_variance_falls_as_one_over_k():
    now = sweep.against(**WHERE, **SQUARE, along="samples")
    x, y = now.traces["score"]["x"], now.traces["score"]["y"]
    np.testing.assert_allclose(y * x, y[0])


def test_no_curve_where_an_estimator_has_too_few_samples():
    words = SQUARE | {"names": ("score_loo",)}
    y = sweep.against(**WHERE, **words, along="samples").traces["score_loo"]["y"]
    assert np.isnan(y[0])
    assert np.isfinite(y[1:]).all()


def test_map_names_the_winner():
    """On sin(3z), the path wins for narrow bells and loses for wide ones."""
    at = draws.Setting("sine", (("omega", 3.0),), "loc")
    won = who_wins.winners(at, PAIR)
    assert won.shape == (who_wins.MAP_SIGMA.size, who_wins.MAP_MU.size)
    assert (won[0] == 0).all()
    assert (won[-1] == 1).all()
    assert np.isnan(who_wins.winners(at, ("naive",))).all()


def test_parts_are_those_of_the_core():
    now = minibatch.parts(4, 1.5, PAIR, "loc", mu=0.5, sigma=0.8, samples=1, seed=0)
    x = minibatch.data_points(1.5)
    parts = minibatch.decompose("score", 0.5, 0.8, x, 4, 1, minibatch.REPLICATES)
    assert now.numbers["noise_score"] == pytest.approx(parts.noise)
    assert now.numbers["minibatch"] == pytest.approx(parts.minibatch)


def test_table_is_measured_and_says_what_it_knows():
    at = draws.Setting("square", (), "loc", 2.0, 1.0)
    table = draws.variance_table(at, ("score", "measure_valued"))
    assert table["closed form"] == ["87", "none known"]
    m = measure(Experiment("square", "score", replicates=draws.TABLE_DRAWS))
    assert table["variance ± std. error"][0].startswith(f"{m.loc.variance:.3g}")
    assert table["K"] == ["1", "1"]


def test_a_biased_estimator_is_not_called_wrong_where_it_is_right():
    """A central difference is exact on a parabola."""
    words = SQUARE | {"names": ("finite_difference", "score")}
    assert "wrong" not in figures.histograms(**WHERE, **words, n=2000).numbers["verdict"]


def test_rounding_is_not_shown_as_variance():
    at = draws.Setting("square", (), "loc", 2.0, 1.0, samples=2)
    assert at.variance("pathwise_antithetic", 200) == 0.0


def test_a_jump_is_drawn_as_a_gap():
    heights = duel.cost_curve("step", (("k", 0.5),))
    assert np.isnan(heights[np.abs(duel.grid("step") - 0.5) < 0.07]).any()


def test_remarks_warn_of_what_is_wrong():
    at = draws.Setting("step", (("k", 0.5),), "loc")
    told = draws.remarks(at, ("pathwise", "score_loo", "score"))
    assert len(told) == 2
    assert "jumps" in told[0]
    assert "2 samples" in told[1]


def test_the_takeaway_tells_the_exact_ratio_from_the_measured_one():
    """Var[f s] = mu^4 / sigma^2 + 14 mu^2 + 15 sigma^2 = 87 and Var[2z] = 4 sigma^2 = 4."""
    found = {
        name: draws.Setting("square", (), "loc", 2.0, 1.0).gradients(name, 2000) for name in PAIR
    }
    measured = found["score"].var(ddof=1) / found["pathwise"].var(ddof=1)
    told = figures.histograms(**WHERE, **SQUARE, n=2000).numbers["verdict"]
    assert "21.8 times" in told
    assert "87 against 4" in told
    assert f"these 2,000 draws gave {measured:.3g}" in told
    assert f"{87 / 4:.3g}" != f"{measured:.3g}"


def test_a_ratio_that_was_only_measured_is_called_so():
    words = SQUARE | {"names": ("pathwise", "measure_valued")}
    told = figures.histograms(**WHERE, **words, n=2000).numbers["verdict"]
    assert "in these 2,000 draws" in told
    assert "closed form" not in told


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0e-7, "5 × 10⁻⁷"), (0.0, "0"), (-0.5, "−0.5"), (21.75, "21.8"), (1234.0, "1,230"),
     (99_999.9, "100,000"), (-1.234e8, "−1.23 × 10⁸"), (1.5e-4, "0.00015"), (math.inf, "none yet"),
     (9.9999e-6, "1 × 10⁻⁵"), (9.994e-6, "9.99 × 10⁻⁶"), (100.0, "100")],
)  # fmt: skip
def test_numbers_are_written_as_people_do(value, text):
    assert short(value) == text


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(("problem", "sigma"), [("exp", 3.0), ("cubic", 0.1), ("f=z/1000000", 0.1)])
def test_no_sentence_has_a_programmers_number(view, problem, sigma):
    built = VIEWS[view].build(Chosen(problem, PAIR, "loc", "sigma"))
    where = at_default(view, problem, PAIR, "loc", "sigma") | {"sigma": sigma}
    words = [n for n in built.frame(**where).numbers.values() if isinstance(n, str)]
    assert not [text for text in words if re.search(r"\de[-+]\d", text)]


def test_the_map_starts_with_a_border():
    """In the view's first state, at the default of every control, nobody wins everywhere."""
    first = VIEWS["map"].starts_with
    for compare in who_wins.COMPARE:
        knobs = tuple(find_problem(first).settings().items())
        won = who_wins.winners(draws.Setting(first, knobs, "loc"), PAIR, compare)
        assert 0.1 < (won == 0).mean() < 0.9


def test_equal_k_is_equal_for_all():
    """Leave-one-out needs two samples: the others get two as well, and half their variance."""
    at, names = draws.Setting("square", (), "loc", 2.0, 1.0), ("score", "score_loo")
    assert who_wins.price(at, "score", names, "samples") == pytest.approx(87.0 / 2.0)
    assert who_wins.price(at, "score", PAIR, "samples") == pytest.approx(87.0)
    told = who_wins.standing(
        **WHERE, problem="square", names=names, parameter="loc", compare="samples"
    )
    assert "K = 2 for all" in told.numbers["verdict"]


def test_equal_cost_is_variance_times_evaluations():
    """Averaging two estimates doubles the one and halves the other."""
    at = draws.Setting("square", (), "loc", 2.0, 1.0, samples=2)
    assert who_wins.price(at, "score", PAIR, "cost") == pytest.approx(87.0)
    four = draws.Setting("square", (), "loc", 2.0, 1.0, samples=4)
    assert who_wins.price(four, "score", PAIR, "cost") == pytest.approx(87.0)
    m = measure(Experiment("sine", "measure_valued", 0.5, 1.5, 1, 1, 200, 0))
    here = draws.Setting("sine", (("omega", 3.0),), "loc", 0.5, 1.5)
    assert who_wins.price(here, "measure_valued", PAIR, "cost") == pytest.approx(
        m.work_variance(m.loc)
    )


def test_equal_cost_changes_who_wins():
    """Measure-valued gradients of sin(3z) are quieter at every K, and five times as dear."""
    at = draws.Setting("sine", (("omega", 3.0),), "loc")
    names = ("score", "measure_valued")
    assert (who_wins.winners(at, names, "samples") == 1).mean() > 0.95
    assert 0.2 < (who_wins.winners(at, names, "cost") == 0).mean() < 0.8
