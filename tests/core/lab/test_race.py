"""The race: against closed-form gradient descent, on the same noise, with honest endings."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vae_core.estimators import taking
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import MAX_LOC, MAX_SCALE, MIN_SCALE
from vae_core.lab.race import Course, Lane, race, run, run_exact

START = Lane(loc=2.0, scale=1.0, learning_rate=0.05)
CURVATURES = {"square": 2.0, "quadratic_bowl": 1.0}
REPEATS = 2_000


def z_scores(sample: np.ndarray, truth: np.ndarray | float) -> np.ndarray:
    """Deviation of the mean over the last axis from the truth, in standard errors.

    Mirrored pairs cancel all the noise of a straight slope: rounding is allowed for.
    """
    error = sample.std(axis=-1, ddof=1) / math.sqrt(sample.shape[-1])
    return (sample.mean(axis=-1) - truth) / np.maximum(error, 1e-9)


@pytest.mark.parametrize("problem", CURVATURES)
@pytest.mark.parametrize("estimator", ["pathwise", "pathwise_antithetic"])
def test_the_mean_of_mu_follows_gradient_descent_in_closed_form(problem, estimator):
    """f = c z^2 / 2: each step multiplies E[mu] by (1 - rate c), whatever sigma does."""
    found = run(estimator, Course(problem, 3, 25), [START] * REPEATS, same_noise=False)
    shrink = 1.0 - START.learning_rate * CURVATURES[problem]
    expected = START.loc * shrink ** np.arange(1, 26)
    assert np.all(found.last == 25)
    assert np.abs(z_scores(found.loc[1:], expected)).max() < 4.5


@pytest.mark.parametrize("problem", CURVATURES)
def test_the_exact_race_is_gradient_descent_in_closed_form(problem):
    c, rate = CURVATURES[problem], START.learning_rate
    sigma = START.scale
    found = run_exact(Course(problem, steps=50), [START]).trajectory(0)
    for step in range(51):
        assert found.loc[step] == pytest.approx(START.loc * (1.0 - rate * c) ** step, rel=1e-12)
        assert found.scale[step] == pytest.approx(sigma, rel=1e-12)
        sigma *= math.exp(-rate * c * sigma * sigma)  # d loss / d log sigma = c sigma^2


def test_with_many_samples_the_path_is_the_exact_one():
    course = Course("square", 10_000, 60)
    exact = run_exact(course, [START]).trajectory(0)
    walked = race(["pathwise"], course, START)["pathwise"]
    np.testing.assert_allclose(walked.loc, exact.loc, atol=0.02)
    np.testing.assert_allclose(walked.scale, exact.scale, atol=0.02)


UNBIASED = [
    name for name, rule in taking("normal").items() if rule.unbiased and not rule.needs_elbo
]


@pytest.mark.parametrize("estimator", UNBIASED)
@pytest.mark.parametrize("problem", ["square", "gaussian_elbo"])
def test_one_step_goes_down_the_exact_slope_on_average(problem, estimator):
    """Down in E[f], up in an ELBO; in log sigma by the chain rule. The slopes by differences."""
    lane, h = Lane(0.7, 0.9, 0.01), 1e-5
    course = Course(problem, 2, 1, seed=3)
    found = run(estimator, course, [lane] * REPEATS, same_noise=False)
    by_mu = (course.loss(0.7 + h, 0.9) - course.loss(0.7 - h, 0.9)) / (2 * h)
    by_log = course.loss(0.7, 0.9 * math.exp(h)) - course.loss(0.7, 0.9 * math.exp(-h))
    steps = np.stack((found.loc[1] - lane.loc, np.log(found.scale[1] / lane.scale)))
    truth = -lane.learning_rate * np.array([by_mu, by_log / (2 * h)])
    assert np.abs(z_scores(steps, truth)).max() < 4.0


def test_the_loss_of_an_elbo_is_its_negative_and_falls():
    course = Course("gaussian_elbo", 10, 150)
    found = race(["pathwise"], course, Lane(-1.0, 1.0, 0.05))["pathwise"]
    exact = PROBLEMS["gaussian_elbo"].exact(
        *(np_tensor(x) for x in (found.loc, found.scale)), x=1.5, noise=1.0
    )
    np.testing.assert_allclose(found.loss, -exact.value.numpy()[:, 0], rtol=1e-12)
    assert found.loss[-1] < found.loss[0] - 1.0
    assert found.loc[-1] == pytest.approx(0.75, abs=0.1)  # the posterior's mean x / 2


def np_tensor(values: np.ndarray):
    import torch

    return torch.from_numpy(values.copy()).unsqueeze(-1)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_loss_is_the_problem_s_own_expectation(problem):
    course = Course(problem, 2, 5)
    found = race(["score_loo"], course, Lane(0.5, 0.8, 0.01))["score_loo"]
    exact = PROBLEMS[problem].exact(np_tensor(found.loc), np_tensor(found.scale), **course.knobs)
    np.testing.assert_allclose(found.loss, course.sign * exact.value.numpy()[:, 0], rtol=1e-12)


@pytest.mark.parametrize("problem", [name for name, p in PROBLEMS.items() if not p.elbo])
def test_naive_goes_nowhere(problem):
    found = race(["naive"], Course(problem, 5, 50), START)["naive"]
    assert np.all(found.loc == START.loc)
    assert np.all(found.scale == START.scale)
    assert found.stopped is None


def test_same_seed_same_path_other_seed_other_path():
    first, again, other = (
        race(["score"], Course("square", 5, 40, seed), START)["score"] for seed in (7, 7, 8)
    )
    assert np.array_equal(first.loc, again.loc)
    assert not np.array_equal(first.loc, other.loc)


def test_runners_get_the_same_base_noise():
    """On z^2, one step of pathwise and of finite differences differ by rounding only."""
    found = race(["pathwise", "finite_difference"], Course("square", 4, 30, seed=2), START)
    ways = [np.stack((way.loc, way.scale)) for way in found.values()]
    np.testing.assert_allclose(*ways, rtol=1e-9)
    noise = (found["pathwise"].loc[0] - found["pathwise"].loc[1]) / (2 * START.learning_rate)
    alone = race(["pathwise"], Course("square", 4, 1, seed=2), Lane(0.0, 1.0, 0.05))["pathwise"]
    assert noise - START.loc == pytest.approx(-alone.loc[1] / (2 * 0.05), rel=1e-9)


@pytest.mark.parametrize("estimator", taking("normal"))
def test_a_lane_runs_as_if_alone(estimator):
    lanes = [START, Lane(-1.0, 0.3, 0.01), Lane(0.5, 2.0, 0.1)]
    course = Course("gaussian_elbo", 3, 12, seed=5)
    together = run(estimator, course, lanes)
    for number, lane in enumerate(lanes):
        alone = run(estimator, course, [lane])
        np.testing.assert_allclose(together.loc[:, number], alone.loc[:, 0], rtol=1e-8)
        np.testing.assert_allclose(together.scale[:, number], alone.scale[:, 0], rtol=1e-8)
        assert together.last[number] == alone.last[0]


def test_evaluations_are_those_of_the_registry():
    names = ["pathwise", "score_loo", "measure_valued"]
    found = race(names, Course("square", 1, 10), START)
    assert [int(found[name].evaluations[-1]) for name in names] == [10, 20, 50]
    assert all(way.evaluations[0] == 0 for way in found.values())


def test_divergence_ends_the_path_at_the_last_good_step_and_says_so():
    """REINFORCE at learning rate 1 leaves the bounds within a few steps."""
    found = race(["score"], Course("square", 1, 200), START._replace(learning_rate=1.0))["score"]
    assert len(found.loc) == len(found.scale) == len(found.loss) == len(found.evaluations) < 201
    assert found.stopped is not None
    assert found.stopped.startswith(f"Step {len(found.loc)} leads out of bounds")
    assert np.isfinite(found.loss).all()
    assert np.all(np.abs(found.loc) <= MAX_LOC)
    assert np.all((found.scale >= MIN_SCALE) & (found.scale <= MAX_SCALE))


def test_overflow_is_called_by_its_name():
    found = race(["pathwise"], Course("exp", 1, 5), Lane(1000.0, 1000.0, 0.01))["pathwise"]
    assert len(found.loc) == 1
    assert "too large to compute" in (found.stopped or "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loc": math.nan}, "mu must lie"),
        ({"scale": 0.0}, "sigma must lie"),
        ({"learning_rate": -1.0}, "learning_rate must lie"),
    ],
)
def test_impossible_starts_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        race(["score"], Course("square"), START._replace(**change))


def test_impossible_courses_are_refused():
    with pytest.raises(ValueError, match="is no problem"):
        Course("nonsense")
    with pytest.raises(ValueError, match="steps must lie"):
        Course("square", steps=0)
    with pytest.raises(ValueError, match="is no estimator"):
        race(["nonsense"], Course("square"), START)
    with pytest.raises(ValueError, match="at least one lane"):
        run("score", Course("square"), [])


def test_what_the_question_says_of_reinforce_is_so():
    """f = z^2, learning rate 0.1, one sample: about half of the races diverge, and none beside."""
    lanes, course = [START._replace(learning_rate=0.1)] * 400, Course("square", 1, 120, seed=1)
    lost = {
        name: float((run(name, course, lanes, same_noise=False).last < 120).mean())
        for name in ("score", "pathwise")
    }
    assert 0.4 < lost["score"] < 0.7
    assert lost["pathwise"] < 0.01
