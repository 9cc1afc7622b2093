"""The variance lab where z is drawn from another family than the Normal."""

import math

import numpy as np
import pytest
from scipy import special

from pages import contents
from pages.estimators.gradient_variance import drawn_from, draws, histograms, sweep
from pages.estimators.gradient_variance.views import MU, SIGMA, VIEWS, Chosen
from tests.support.pages_sweep import open_page
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import NORMAL, Experiment, estimates

PAIR = ("pathwise", "score")
CAUCHY = (("loc", 0.0), ("scale", 1.0))
SLOW = pytest.mark.exhaustive
OTHERS = [name for name in drawn_from.titles() if name != NORMAL]


def built(family: str, problem: str = "sine", view: str = "histogram", parameter: str = ""):
    taken, _ = drawn_from.split(PAIR, family)
    named = parameter or next(iter(drawn_from.gradients(family)[2]))
    along = next(iter(drawn_from.sliders(problem, family)), SIGMA).key
    return VIEWS[view].build(Chosen(problem, taken, named, along, family=family))


def frame(picture, **at: float):
    return picture.frame(**{p.key: p.default for p in picture.axes} | dict(picture.extra) | at)


@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize(
    "view",
    ["histogram", "against", *(pytest.param(v, marks=SLOW) for v in ("mean", "duel"))],
)
def test_a_view_draws_every_family(view, family):
    if VIEWS[view].instead(family):
        return
    picture = built(family, view=view)
    now = frame(picture)
    drawn = picture.figure(now)
    assert set(now.traces) <= {trace.name for trace in drawn.data}
    assert all(isinstance(n, str) or math.isfinite(n) for n in now.numbers.values())


@pytest.mark.exhaustive
@pytest.mark.parametrize("family", OTHERS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_positions_all_along_every_slider_have_their_picture(problem, family):
    """Its ends, and every fifth between them."""
    if drawn_from.impossible(problem, family):
        return
    picture = built(family, problem)
    for param in drawn_from.sliders(problem, family):
        for position in {*param.positions[::5], param.positions[-1]}:
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


def test_the_duel_shows_both_gradients_of_the_same_draw():
    """For z^2 under a Gamma: dz/drate = -z / rate, and the score is a / rate - z."""
    picture = built("gamma", "square", "duel", "rate")
    now = frame(picture, n=9, gamma_concentration=2.0, gamma_rate=0.5)
    z, u = now.numbers["z"], now.numbers["eps"]
    assert z == pytest.approx(2.0 * special.gammaincinv(2.0, u))
    assert now.numbers["by_path"] == pytest.approx(-2.0 * z * z / 0.5)
    assert now.numbers["by_score"] == pytest.approx(z * z * (2.0 / 0.5 - z))
    assert now.numbers["exact"] == pytest.approx(-2.0 * 6.0 / 0.5**3)
    assert "u = " in picture.takeaway
    assert built("normal", "square", "duel").takeaway.startswith("The ringed draw ε = {eps:.2f} l")
    assert "eps" not in built("beta", view="duel").takeaway


@pytest.mark.parametrize("family", OTHERS)
def test_the_duel_has_its_draws_in_the_window(family):
    """Most of them where the sliders start, and some of them at either end of each."""
    if VIEWS["duel"].instead(family):
        return
    low, high = drawn_from.stretch("sine", family)
    start = dict(drawn_from.start("sine", family))
    for name, value in start.items():
        places = drawn_from.walk("sine", family, name)
        for end in (places[0], value, places[-1]):
            numbers = tuple((start | {name: end}).items())
            at = draws.Setting("sine", (), "", family=family, numbers=numbers)
            _, z = draws.noise_and_draws(at, 1000)
            shown = ((low <= z) & (z <= high)).mean()
            assert shown > 0.8 or end != value
            assert shown > 0.1 or (family == "lognormal" and end == 3.0)  # out at e^3


def test_a_draw_beyond_the_picture_is_said_to_be():
    now = frame(built("lognormal", view="duel"), lognormal_loc=3.0)
    assert now.numbers["beyond"] == ", beyond the picture's edge"
    assert frame(built("lognormal", view="duel")).numbers["beyond"] == ""


def test_a_view_that_needs_both_gradients_says_what_a_family_lacks():
    assert VIEWS["duel"].instead("gamma") is None
    assert "does not see the support move" in VIEWS["duel"].instead("uniform")
    assert "needs a z that moves" in VIEWS["duel"].instead("poisson")


def test_along_a_parameter_the_variance_is_that_on_paper():
    """For z^2 under a Gamma in the rate: E[z^4 (a / rate - z)^2], less the gradient's square."""
    picture = built("gamma", "square", "against", "rate")
    now = frame(picture, gamma_concentration=2.0, gamma_rate=0.5)
    found = now.traces["score"]
    assert set(found["x"]) < set(drawn_from.walk("square", "gamma", "concentration"))
    here = now.traces["score here"]["y"][0]
    for a, height in (*zip(found["x"], found["y"], strict=True), (2.0, here)):
        two, four, five, six = (math.gamma(a + n) / math.gamma(a) / 0.5**n for n in (2, 4, 5, 6))
        paper = 4 * a**2 * four - 4 * a * five + six - (2 * two / 0.5) ** 2
        assert height == pytest.approx(paper, rel=1e-4)


def test_a_measured_variance_stands_where_none_is_known():
    """Two numbers stand behind a Beta's z, so that its path is no function of z."""
    now = frame(built("beta", view="against"), samples=2, beta_concentration1=3.0)
    words = {"family": "beta", "parameters": {"concentration1": 3.0, "concentration0": 2.0}}
    e = Experiment("sine", "pathwise", samples=2, replicates=sweep.SWEEP_DRAWS, **words)
    drawn = estimates(e).gradient["concentration1"]
    assert now.traces["pathwise here"]["y"][0] == pytest.approx(drawn.var(ddof=1))


def test_the_table_and_the_sentence_say_what_is_known_and_how():
    knobs, numbers = (("omega", 3.0),), (("rate", 1.0),)
    at = draws.Setting("square", (), "rate", family="exponential", numbers=numbers)
    table = draws.variance_table(at, PAIR)
    assert table["quadrature"] == ["80", "488"]
    swings = draws.Setting("sine", knobs, "scale", family="cauchy", numbers=CAUCHY)
    assert draws.variance_table(swings, PAIR)["quadrature"] == ["infinite", "none known"]
    whole = draws.Setting("square", (), "probs", family="bernoulli", numbers=(("probs", 0.3),))
    assert draws.variance_table(whole, ("score",))["exact sum"] == ["2.33"]
    told = frame(built("exponential", "square", parameter="rate")).numbers["verdict"]
    assert "6.1 times" in told
    assert "488 against 80 by quadrature" in told


def test_where_a_variance_is_infinite_there_is_no_curve():
    """A sine's slope does not fall, and z moves with a Cauchy's scale as far as it lies out."""
    picture = built("cauchy", view="against", parameter="scale")
    now = frame(picture)
    assert now.numbers["var_pathwise"] == "infinite"
    assert np.isnan(now.traces["pathwise"]["y"]).all()
    assert np.isfinite(now.traces["score"]["y"]).all()
    assert "Reparameterization has none: it is infinite" in now.numbers["verdict"]
    running = frame(built("cauchy", view="mean", parameter="scale"))
    assert np.isnan(running.traces["pathwise band"]["y"]).all()


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
        ({"family": "uniform", "view": "duel"}, "so it shows a Normal"),
        ({"family": "gamma", "view": "map"}, "for the Gamma, look at the variance against"),
        *(
            pytest.param(*case, marks=pytest.mark.exhaustive)
            for case in (
                ({"family": "gamma"}, "Drawn from a Gamma."),
                ({"family": "cauchy"}, "The page shows the sine"),
                ({"family": "exponential", "problem": "exp"}, "The slider of rate begins at"),
                ({"family": "bernoulli"}, "needs a z that moves"),
                ({"family": "gamma", "view": "duel"}, "Drawn from a Gamma."),
                ({"family": "gamma", "view": "parts"}, "for the Gamma, look at the histograms"),
                (
                    {"family": "gamma", "view": "against", "along_gamma": "gamma_rate"},
                    "Drawn from a Gamma.",
                ),
            )
        ),
    ],
)
def test_the_page_says_what_a_family_changes(address, told):
    page = open_page(contents.page_info("gradient_variance"), **address)
    assert not page.exception
    texts = [e.value for e in (*page.markdown, *page.caption, *page.warning)]
    assert any(told in text for text in texts)
