"""The measurement itself: its statistics, its seeds, its refusals."""

import json
import math

import numpy as np
import pytest
import torch

from pages.estimators.gradient_variance import draws as lab_draws
from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS, taking
from vae_core.lab import PROBLEMS
from vae_core.lab.experiment import Experiment, estimates
from vae_core.lab.measurement import measure


@pytest.mark.parametrize("estimator", ["score", "pathwise"])
def test_statistics_are_those_of_numpy(estimator):
    experiment = Experiment("exp", estimator, replicates=150_000)
    draws, m = estimates(experiment), measure(experiment)
    for x, s in zip(
        (draws.value, *draws.gradient.values()), (m.value, m.loc, m.scale), strict=True
    ):
        assert s.mean == pytest.approx(x.mean(), rel=1e-12)
        assert s.variance == pytest.approx(x.var(ddof=1), rel=1e-10)
        assert s.standard_error == pytest.approx(x.std(ddof=1) / math.sqrt(len(x)), rel=1e-10)
        blocks = x.reshape(150, 1000).var(axis=1, ddof=1)
        by_blocks = blocks.std(ddof=1) / math.sqrt(150)
        assert s.variance_standard_error == pytest.approx(by_blocks, rel=0.35)


def test_variance_of_the_textbook_case():
    """z^2 at mu = 2, sigma = 1: 87 against 4 for mu, 346 against 24 for sigma."""
    for estimator, by_loc, by_scale in (("score", 87.0, 346.0), ("pathwise", 4.0, 24.0)):
        m = measure(Experiment("square", estimator, replicates=200_000))
        assert abs(m.loc.variance - by_loc) < 3 * m.loc.variance_standard_error
        assert abs(m.scale.variance - by_scale) < 3 * m.scale.variance_standard_error


def test_same_seed_same_numbers_other_seed_other_numbers():
    first, again, other = (
        measure(Experiment("square", "score", replicates=1000, seed=seed)) for seed in (1, 1, 2)
    )
    assert first.loc == again.loc
    assert first.loc != other.loc


@pytest.mark.parametrize("estimator", taking("normal"))
def test_every_estimator_sees_the_same_noise(estimator):
    """Across chunks too: 100,000 replicates of two samples take seven of them.

    The cost is odd, so that mirrored pairs cancel where half of the noise is mirrored.
    """
    k = max(2, ESTIMATORS[estimator].min_samples)
    shared = {"loc": 0.0, "replicates": 100_000, "samples": k, "seed": 4}
    mine = estimates(Experiment("cubic", estimator, **shared)).value
    reference = estimates(Experiment("cubic", "score", **shared)).value
    np.testing.assert_allclose(mine, 0.0 if "antithetic" in estimator else reference, atol=1e-12)


def test_variance_falls_with_samples_and_not_with_dimension_for_the_path():
    def variance(**change: int) -> float:
        return measure(Experiment("square", "pathwise", replicates=50_000, **change)).loc.variance

    assert variance(samples=10) == pytest.approx(0.4, rel=0.05)
    assert variance(dim=10) == pytest.approx(4.0, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"problem": "nonsense"}, "there are square, cubic"),
        ({"estimator": "nonsense"}, "there are pathwise, score"),
        ({"scale": 0.0}, "scale must lie between"),
        ({"scale": math.nan}, "scale must lie between"),
        ({"loc": math.inf}, "loc must lie between"),
        ({"dim": 0}, "dim must lie between"),
        ({"replicates": 1}, "replicates must lie between"),
        ({"estimator": "score_loo", "samples": 1}, "needs at least 2 samples"),
        ({"knobs": {"omega": 3.0}}, "has no setting"),
    ],
)
def test_impossible_experiments_are_refused_in_plain_words(change, message):
    words = {"problem": "square", "estimator": "score", **change}
    with pytest.raises(ValueError, match=message):
        Experiment(**words)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("estimator", taking("normal"))
def test_the_ends_give_numbers_or_a_sentence(problem, estimator):
    k = max(2, ESTIMATORS[estimator].min_samples)
    for loc, scale in ((1000.0, 1000.0), (-1000.0, 1e-4), (0.0, 1000.0), (0.0, 1e-4)):
        experiment = Experiment(problem, estimator, loc, scale, 2, k, 50)
        try:
            m = measure(experiment)
            closed = [experiment.exact_variance(p) for p in ("loc", "scale")]
        except ValueError as refusal:
            message = str(refusal)
            assert "not a finite number" in message
            continue
        numbers = [m.loc.mean, m.scale.mean, m.loc.variance, m.scale.variance, m.value.exact]
        assert all(math.isfinite(x) for x in numbers)
        assert all(v is None or math.isfinite(v) for v in closed)


def test_signal_to_noise_and_variance_per_compute():
    m = measure(Experiment("square", "measure_valued", replicates=5000, samples=2))
    assert m.loc.signal_to_noise == pytest.approx(4.0 / math.sqrt(m.loc.variance))
    assert m.work_variance(m.loc) == pytest.approx(m.loc.variance * 2 * 5)
    assert measure(Experiment("square", "naive", replicates=100)).loc.signal_to_noise == math.inf


def test_threads_change_no_digit(monkeypatch):
    experiment = Experiment("exp", "score", replicates=150_000)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    alone = measure(experiment)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    together = measure(experiment)
    assert (alone.value, alone.loc, alone.scale) == (together.value, together.loc, together.scale)


HEAVY = [
    ("exp", 0.0, 20.0, {}),
    ("exp", 2.0, 20.0, {}),
    ("f=exp(z)", 0.0, 6.0, {}),
    ("f=exp(2z)+z", 1.0, 3.0, {}),
    ("f=exp(z^2/10)", 0.3, 2.2, {}),
    ("f=exp(z^2/10)", 0.3, 1.6, {}),
    ("f=z^60", 0.0, 1.0, {}),
]


@pytest.mark.parametrize("case", HEAVY, ids=str)
@pytest.mark.parametrize("estimator", ["pathwise", "score", "score_loo", "measure_valued"])
def test_under_heavy_tails_the_sample_cannot_tell(case, estimator, capsys):
    """exp at scale 20 was reported with z = -226,923 and without a word."""
    problem, loc, scale, knobs = case
    words = Experiment(problem, estimator, loc, scale, 1, 2, 20_000, 0, knobs)
    m = measure(words)
    for parameter in ("value", "loc", "scale"):
        assert "cannot tell" in str(m.doubt(parameter))
    arguments = ["gradients", "--problem", problem, "--estimator", estimator, "--samples", "2"]
    arguments += ["--replicates", "20000", "--loc", str(loc), "--scale", str(scale)]
    main(arguments)
    text = capsys.readouterr().out
    assert "d/dmu: The sample cannot tell here" in text
    assert "e+05" not in "".join(line[-20:-9] for line in text.splitlines()[4:7])
    main([*arguments, "--json"])
    told = json.loads(capsys.readouterr().out)
    for parameter in ("loc", "scale"):
        assert "cannot tell" in told["doubts"][parameter]
        assert told["gradient"][parameter]["z_score"] is None
    setting = lab_draws.Setting(problem, tuple(knobs.items()), "loc", loc, scale)
    assert any("cannot tell" in said for said in lab_draws.remarks(setting, (estimator,)))


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("estimator", ["pathwise", "score", "naive", "stl", "measure_valued"])
def test_a_sample_that_can_tell_is_not_doubted(problem, estimator):
    m = measure(Experiment(problem, estimator, 0.7, 0.5, replicates=20_000, samples=2, seed=2))
    assert [m.doubt(parameter) for parameter in ("value", "loc", "scale")] == [None] * 3
