"""Every estimator under every family that it takes: right on average, or refused with a reason."""

import re

import pytest

from tests.support.family_checks import points
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES
from vae_core.families.quadrature import InfiniteExpectationError
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import Experiment, estimates
from vae_core.lab.measurement import Measurement, measure

OTHERS = [name for name in FAMILIES if name != "normal"]
ONE_DIMENSION = [name for name in OTHERS if not FAMILIES[name].vector]
UNBIASED = [name for name, rule in ESTIMATORS.items() if rule.unbiased]
Z = 4.5


def planned(
    family: str, problem: str, estimator: str, point: dict[str, float] | None = None, **more: int
) -> Experiment:
    k = max(2, ESTIMATORS[estimator].min_samples)
    parameters = point or points(FAMILIES[family])[0]
    words = {"family": family, "parameters": parameters, "replicates": 20_000, "seed": 3} | more
    return Experiment(problem, estimator, samples=k, **words)


def check(m: Measurement) -> None:
    """Each mean is the exact value, wherever a sample can tell."""
    e = m.experiment
    for name in ("value", *m.gradient):
        s = m.value if name == "value" else m.gradient[name]
        right = name == "value" or e.cost_problem.allows(e.rule)
        if right and m.doubt(name) is None:
            assert abs(s.z_score) < Z, (e.family, e.problem, e.estimator, name, s)


def measured(*args: object, **words: object) -> Measurement | None:
    """None where the family refuses the estimator, or the expectation does not exist."""
    try:
        return measure(planned(*args, **words))
    except InfiniteExpectationError:
        return None
    except ValueError:
        assert ESTIMATORS[args[2]].refusal(FAMILIES[args[0]])
        return None


@pytest.mark.parametrize("family", ONE_DIMENSION)
def test_estimates_are_right_on_average(family):
    seen = 0
    for problem, estimator in (("sine", "pathwise"), ("square", "score"), ("sine", "score_loo")):
        m = measured(family, problem, estimator, replicates=10_000)
        if m is not None:
            check(m)
            assert list(m.gradient) == list(FAMILIES[family].differentiable)
            seen += 1
    assert seen > 0


@pytest.mark.exhaustive
@pytest.mark.parametrize("estimator", UNBIASED)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("family", ONE_DIMENSION)
def test_every_combination_is_right_on_average(family, problem, estimator):
    for dim in (1, 3):
        m = measured(family, problem, estimator, dim=dim, replicates=40_000)
        if m is not None:
            check(m)


@pytest.mark.exhaustive
@pytest.mark.parametrize("estimator", ["pathwise", "score", "score_loo"])
@pytest.mark.parametrize("family", ONE_DIMENSION)
def test_so_it_is_near_the_ends_of_the_ranges(family, estimator):
    for point in points(FAMILIES[family]):
        for problem in ("sine", "square"):
            m = measured(family, problem, estimator, point=point, replicates=40_000)
            if m is not None:
                check(m)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_what_a_family_refuses_is_refused_before_a_draw(estimator):
    for family in ONE_DIMENSION:
        why = ESTIMATORS[estimator].refusal(FAMILIES[family])
        if why:
            with pytest.raises(ValueError, match=re.escape(why)):
                planned(family, "sine", estimator)
        else:
            assert planned(family, "sine", estimator).family == family


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"family": "nonsense"}, "is no family; there are normal"),
        ({"family": "exponential"}, "rate has no value: the family exponential has rate"),
        ({"family": "laplace", "parameters": {"loc": 0.0}}, "scale has no value"),
        ({"family": "laplace", "parameters": {"rate": 1.0}}, "'rate' is no parameter"),
        ({"family": "exponential", "parameters": {"rate": -1.0}}, "must be a positive number"),
        ({"family": "exponential", "parameters": {"rate": float("nan")}}, "must lie between"),
        ({"family": "exponential", "parameters": {"rate": 1e9}}, "must lie between"),
        ({"family": "uniform", "parameters": {"low": 2.0, "high": 1.0}}, "must be less than"),
        ({"family": "normal", "parameters": {"loc": 2.0}}, "scale has no value"),
        ({"family": "normal", "parameters": {"loc": 2.0, "scale": -1.0}}, "scale must lie"),
    ],
)
def test_impossible_members_are_refused_in_plain_words(words, message):
    with pytest.raises(ValueError, match=message):
        Experiment("square", "naive", **words)


def test_a_normal_may_be_told_by_its_parameters():
    told = Experiment("square", "score", parameters={"scale": 0.5, "loc": 1.0})
    same = Experiment("square", "score", 1.0, 0.5)
    assert told == same
    assert list(told.numbers.items()) == [("loc", 1.0), ("scale", 0.5)]
    assert measure(told).gradient == measure(same).gradient


def test_estimators_see_the_same_noise_under_any_family():
    words = {"family": "laplace", "parameters": {"loc": 0.3, "scale": 0.8}, "replicates": 1000}
    path, score = (estimates(Experiment("sine", name, **words)) for name in ("pathwise", "score"))
    assert list(path.gradient) == ["loc", "scale"]
    assert (path.value == score.value).all()


def test_an_infinite_variance_is_a_remark_and_not_an_error():
    words = {"family": "pareto", "parameters": {"scale": 1.0, "alpha": 3.0}, "replicates": 5000}
    m = measure(Experiment("square", "pathwise", **words))
    assert "the square of this cost has no finite expectation" in m.doubt("value")
    assert "the square of one estimate has no finite expectation" in m.doubt("scale")
    assert m.gradient["scale"].exact == pytest.approx(6.0)


def test_a_path_without_a_mean_is_said():
    words = {"family": "cauchy", "parameters": {"loc": 0.0, "scale": 1.0}, "replicates": 5000}
    m = measure(Experiment("sine", "pathwise", **words))
    assert "there is no mean" in m.doubt("scale")
    assert m.doubt("loc") is None
    assert measure(Experiment("sine", "score", **words)).doubt("scale") is None


@pytest.mark.parametrize(
    ("cost", "family", "parameters", "right"),
    [
        ("f=log(z)", "exponential", {"rate": 1.0}, True),
        ("f=step(z+1)", "exponential", {"rate": 1.0}, True),
        ("f=step(z-1)", "exponential", {"rate": 1.0}, False),
        ("f=step(z-1)", "uniform", {"low": 1.5, "high": 2.0}, True),
    ],
)
def test_what_a_cost_does_beyond_the_ends_of_z_does_not_matter(cost, family, parameters, right):
    e = Experiment(cost, "pathwise", family=family, parameters=parameters, replicates=20_000)
    assert e.cost_problem.allows(e.rule) is right
    m = measure(e)
    if right:
        check(m)
    else:
        assert max(abs(s.z_score) for s in m.gradient.values()) > Z
