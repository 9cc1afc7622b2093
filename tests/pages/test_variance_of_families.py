"""The variance lab where z is drawn from another family than the Normal."""

import math

import numpy as np
import pytest

from pages import contents
from pages.estimators.gradient_variance import drawn_from, draws, histograms
from pages.estimators.gradient_variance.views import MU, SIGMA, VIEWS, Chosen
from tests.support.pages_sweep import open_page
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import NORMAL, Experiment, estimates

PAIR = ("pathwise", "score")
OTHERS = [name for name in drawn_from.titles() if name != NORMAL]


def built(family: str, problem: str = "sine", view: str = "histogram", parameter: str = ""):
    taken, _ = drawn_from.split(PAIR, family)
    named = parameter or next(iter(drawn_from.gradients(family)[2]))
    return VIEWS[view].build(Chosen(problem, taken, named, "sigma", family=family))


def frame(picture, **at: float):
    return picture.frame(**{p.key: p.default for p in picture.axes} | dict(picture.extra) | at)


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("view", ["histogram", pytest.param("mean", marks=pytest.mark.exhaustive)])
def test_a_view_draws_every_family(view, family):
    picture = built(family, view=view)
    now = frame(picture)
    drawn = picture.figure(now)
    assert set(now.traces) <= {trace.name for trace in drawn.data}
    assert all(isinstance(n, str) or math.isfinite(n) for n in now.numbers.values())


@pytest.mark.exhaustive
@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_position_of_every_slider_has_its_picture(problem, family):
    if drawn_from.impossible(problem, family):
        return
    picture = built(family, problem)
    for param in drawn_from.sliders(problem, family):
        for position in param.positions:
            now = frame(picture, **{param.key: position})
            assert all(isinstance(n, str) or math.isfinite(n) for n in now.numbers.values())


def test_the_histogram_is_that_of_the_core():
    picture = built("gamma", "square", parameter="rate")
    now = frame(picture, gamma_concentration=0.7, gamma_rate=2.0)
    words = {"family": "gamma", "parameters": {"concentration": 0.7, "rate": 2.0}}
    found = estimates(Experiment("square", "pathwise", replicates=2000, **words)).gradient["rate"]
    assert now.numbers["exact"] == pytest.approx(-0.7 * 1.7 / 4)
    assert now.numbers["mean_pathwise"] == pytest.approx(found.mean())
    low, high = histograms.window("square", "rate", "gamma")
    counts, _ = np.histogram(np.clip(found, low, high), bins=histograms.BINS, range=(low, high))
    np.testing.assert_allclose(now.traces["pathwise"]["y"], counts / counts.max())


def test_a_normal_is_what_it_was():
    """Its sliders, its arguments and its addresses: no word of a family."""
    picture = built(NORMAL, "square")
    assert picture.params[:2] == (MU, SIGMA)
    assert set(picture.extra) == {"problem", "names", "parameter"}
    assert drawn_from.gradients(NORMAL) == ("of", "Gradient in", draws.GREEK)
    assert "family" not in draws.setting("square", "loc", {"mu": 1, "sigma": 1}).numbers


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("problem", ["square", "cubic", "exp"])
def test_sliders_stand_only_where_the_expectation_exists(family, problem):
    if drawn_from.impossible(problem, family):
        return
    for param in drawn_from.sliders(problem, family):
        assert param.positions[0] <= param.default <= param.positions[-1]
    tails = FAMILIES[family].tails(**dict(drawn_from.start(problem, family)))
    power = {"square": 2.0, "cubic": 3.0}.get(problem)
    assert tails.right > 0.5 if power is None else tails.order > power


@pytest.mark.parametrize("family", OTHERS)
def test_each_parameter_has_a_letter_of_its_own(family):
    letters = [drawn_from.letter(name, family) for name in FAMILIES[family].parameters]
    assert all(len(each) <= 2 for each in letters)
    assert len(set(letters)) == len(letters)


def test_a_slider_that_ends_early_says_why():
    rates = drawn_from.walk("exp", "exponential", "rate")
    assert min(rates) > 0.5
    (told,) = drawn_from.cut("exp", "exponential")
    assert told.startswith(f"The slider of rate begins at {min(rates):g}. At 0.1: There is no E[f]")
    assert drawn_from.cut("square", "exponential") == []
    assert "|z|^2" in drawn_from.impossible("square", "cauchy")


@pytest.mark.parametrize("family", OTHERS)
def test_estimators_that_refuse_are_left_out_with_the_reason(family):
    taken, told = drawn_from.split(PAIR, family)
    refusals = {name: ESTIMATORS[name].refusal(FAMILIES[family]) for name in PAIR}
    assert [f"**Left out.** {why}" for why in refusals.values() if why] == told
    assert all(not ESTIMATORS[name].refusal(FAMILIES[family]) for name in taken)
    assert drawn_from.split(("measure_valued",), family)[0]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"family": "laplace"}, "Drawn from a Laplace."),
        ({"family": "lognormal", "problem": "exp"}, "The page shows the sine"),
        ({"family": "uniform"}, "does not see the support move"),
        *(
            pytest.param(*case, marks=pytest.mark.exhaustive)
            for case in (
                ({"family": "gamma"}, "Drawn from a Gamma."),
                ({"family": "cauchy"}, "The page shows the sine"),
                ({"family": "exponential", "problem": "exp"}, "The slider of rate begins at"),
                ({"family": "bernoulli"}, "needs a z that moves"),
            )
        ),
    ],
)
def test_the_page_says_what_a_family_changes(address, told):
    page = open_page(contents.page_info("gradient_variance"), **address)
    assert not page.exception
    texts = [e.value for e in (*page.markdown, *page.caption, *page.warning)]
    assert any(told in text for text in texts)
