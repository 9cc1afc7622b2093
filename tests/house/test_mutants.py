"""Do the tests see a wrong estimator? Each mutant is a change of a few characters; one must fail.

The estimators' source is changed, compiled, and put into the registry in place of the right one;
then the tests of the estimators run against it.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.core.estimators import test_estimators
from tests.core.lab import test_closed_form
from vae_core.estimators import continuous, registry, second_order
from vae_core.lab import PROBLEMS
from vae_core.lab.exact import closed_form
from vae_core.lab.experiment import Experiment

MODULES = (registry, continuous, second_order)
# name of the estimator, what is wrong, the text to replace within its source, its replacement
MUTANTS = [
    ("score", "sample not detached", "gen)).detach()", "gen))"),
    ("score", "2 % too large", "weight=f", "weight=1.02 * f"),
    ("score", "wrong sign", "weight=f", "weight=-f"),
    ("score_loo", "sample not detached", "gen)).detach()", "gen))"),
    ("score_loo", "own sample in its baseline", "(f.sum(0) - f) / (k - 1)", "f.sum(0) / k"),
    ("score_loo", "wrong sign of the baseline", "f - others", "f + others"),
    ("score_loo", "2 % too large", "f - others", "1.02 * (f - others)"),
    ("score_baseline", "own sample in its baseline", " - weight * square", ""),
    ("score_baseline", "wrong sign of the baseline", "weight - others", "weight + others"),
    ("vargrad", "2 % too large", "(k / (k - 1))", "(1.02 * k / (k - 1))"),
    ("vargrad", "biased by its own mean", "(k / (k - 1))", "1.0"),
    ("vargrad", "wrong sign of the score", "centred + 1.0", "centred - 1.0"),
    ("pathwise", "2 % too wide", "q.base(k, gen)", "1.02 * q.base(k, gen)"),
    ("pathwise", "path cut", "gen)))", "gen)).detach())"),
    ("pathwise_antithetic", "not mirrored", "q.family.noise.mirror(half)", "half"),
    ("stl", "wrong sign of the score", "q.log_prob(z.detach())", "-q.log_prob(z.detach())"),
    ("stl", "sample not detached", "z.detach()", "z"),
    ("measure_valued", "wrong sign of a side", "(rayleigh, -rayleigh)", "(rayleigh, rayleigh)"),
    ("measure_valued", "sides not coupled", "uniform * maxwell", "uniform * maxwell.flip(1)"),
    ("measure_valued", "Gaussian for Maxwell", "uniform * maxwell)", "eps)"),
    ("finite_difference", "half the step", "(2.0 * h)", "h"),
    ("second_order", "by the variance, not by sigma", "q.scale.detach() * ", "0.5 * "),
    ("second_order", "slope for curvature", "found.curvature", "found.slope"),
]  # fmt: skip


SLIP = "(1.02 if name == 'scale' else 1.0)"
# name of the estimator that is tested, the function that it calls, and the same again
SHARED = [
    ("score", "with_score", "weight not detached", "weight.detach()", "weight"),
    ("score_loo", "with_score", "weight not detached", "weight.detach()", "weight"),
    ("score", "with_score", "parameters not detached", "q.detach()", "q"),
    (
        "score",
        "with_gradients",
        "2 % too large in sigma",
        "p * gradients",
        f"{SLIP} * p * gradients",
    ),
    ("measure_valued", "weak_derivative", "2 % too large in mu", "math.sqrt(2.0", "math.sqrt(1.92"),
    ("second_order", "bent", "curvature of one coordinate", "[..., d] for", "[..., -1] for"),
    ("measure_valued", "weak_noise", "one-sided Maxwell", " * (coin - 0.5).sign()", ""),
]


def mutate(name: str, old: str, new: str, function: str = "") -> registry.Estimator:
    """The registry's entry of an estimator, made from source that is changed in one function."""
    sources = [Path(module.__file__).read_text(encoding="utf-8") for module in MODULES]
    wanted = f"def {function or name}("
    at = next(i for i, source in enumerate(sources) if wanted in source)
    start = sources[at].index(wanted)
    end = sources[at].find("\n\n\n", start)
    assert sources[at].count(old, start, end) == 1, "the mutation must hit one place"
    function_now = sources[at][start:end].replace(old, new)
    sources[at] = sources[at][:start] + function_now + sources[at][end:]
    namespace = {"__name__": registry.__name__}
    for source in sources:
        # One namespace for both, so that the estimators call the changed helpers.
        alone = re.sub(r"from vae_core\.estimators\.registry import (\([^)]*\)|.*)", "", source)
        exec(compile(alone, "mutant", "exec"), namespace)  # noqa: S102 - our own source
    entry = namespace["ESTIMATORS"][name]
    return registry.Estimator(**vars(entry))


def suite(name: str) -> Iterator[Callable[[], object]]:
    """The tests that speak of an estimator, quick ones first."""
    yield lambda: test_estimators.test_value_is_the_cost_at_the_draws(name)
    yield lambda: test_estimators.test_weights_inside_the_cost_get_their_ordinary_gradient(name)
    yield test_estimators.test_score_of_two_draws_by_hand
    yield test_estimators.test_path_of_two_draws_by_hand
    yield test_estimators.test_vargrad_of_two_draws_by_hand
    yield test_estimators.test_mirrored_samples_cancel_what_is_odd
    yield test_estimators.test_finite_difference_is_off_by_its_step_squared
    yield test_estimators.test_measure_valued_variance_in_closed_form
    for other in ("score_loo", "score_baseline"):
        yield lambda other=other: test_estimators.test_baselines_of_two_draws_by_hand(other)
        yield lambda other=other: test_estimators.test_a_baseline_ignores_a_constant(other)
    for other in ("stl", "vargrad"):
        yield lambda other=other: test_estimators.test_no_noise_at_the_posterior(other)
    for problem, (loc, scale, dim) in itertools.product(PROBLEMS, test_estimators.POINTS):
        k = test_estimators.fewest(name)
        planned = Experiment(problem, name, loc, scale, dim, k, 15_000, seed=11)
        yield lambda planned=planned: test_estimators.assert_unbiased(planned, 4.5)
    if name in closed_form.VARIANCES:
        yield lambda: test_closed_form.test_variances_are_within_their_error_at_random_points(
            name, "square"
        )


def first_failure(name: str) -> Exception | None:
    """What the first failing test says, be it an assertion or that it cannot go on."""
    for test in suite(name):
        try:
            test()
        except Exception as failure:
            return failure
    return None


@pytest.mark.parametrize(("name", "wrong", "old", "new"), MUTANTS, ids=str)
def test_the_tests_catch(monkeypatch, name, wrong, old, new):
    mutant = mutate(name, old, new)
    monkeypatch.setitem(registry.ESTIMATORS, name, mutant)
    assert first_failure(name) is not None, f"{name}: {wrong} went unseen"


@pytest.mark.parametrize(("name", "function", "wrong", "old", "new"), SHARED, ids=str)
def test_the_tests_catch_what_estimators_share(monkeypatch, name, function, wrong, old, new):
    monkeypatch.setitem(registry.ESTIMATORS, name, mutate(name, old, new, function))
    assert first_failure(name) is not None, f"{name}, in {function}: {wrong} went unseen"


@pytest.mark.parametrize("name", sorted({name for name, *_ in MUTANTS}))
def test_the_right_ones_pass_the_same_tests(name):
    assert first_failure(name) is None
