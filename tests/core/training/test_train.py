"""The trainer: reproducible, improving, obedient, and honest when it blows up."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from vae_core.training.config import (
    ConfigError,
    Settings,
    TrainConfig,
    trainable,
    warm_up_and_decay,
)
from vae_core.training.train import Diverged, Progress, train
from vae_core.vae.data import Mnist, load_mnist

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = TrainConfig(hidden=32, latent=3, batch=50, epochs=4, seed=3)


@pytest.fixture(scope="module")
def data() -> Mnist:
    return load_mnist().first(500, 100)


def numbers(reports: list[Progress]) -> list:
    return [(r.step, r.train, r.test) for r in reports]


def fewest(name: str) -> int:
    return ESTIMATORS[name].min_samples


def test_reports(data):
    reports = list(train(SMALL, data))
    first, last = reports[0], reports[-1]
    assert (first.step, first.images, first.fraction, first.state) == (0, 0, 0.0, "running")
    assert (last.step, last.epoch, last.images, last.fraction) == (40, 4.0, 2000, 1.0)
    assert last.state == "finished"
    assert last.images_per_second > 0
    assert [r.epoch for r in reports if r.test] == [0.0, 1.0, 2.0, 3.0, 4.0]
    for bound in (r.test for r in reports if r.test):
        assert bound.elbo == pytest.approx(bound.reconstruction - bound.kl)
    assert last.kl_per_dimension.sum() == pytest.approx(last.test.kl, rel=1e-5)
    assert last.views.reconstructions.shape == last.views.samples.shape == (10, 784)
    assert last.views.latent_means is None


@pytest.mark.parametrize("name", trainable())
def test_the_same_seed_gives_the_same_numbers(data, name):
    config = replace(SMALL, estimator=name, samples=fewest(name), epochs=1)
    first, second = (numbers(list(train(config, data))) for _ in range(2))
    assert first == second
    assert first != numbers(list(train(replace(config, seed=4), data)))


def test_the_global_stream_is_left_alone(data):
    before = torch.get_rng_state()
    list(train(replace(SMALL, epochs=1), data))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", trainable())
def test_it_learns(data, name):
    config = replace(SMALL, estimator=name, samples=16, epochs=12)
    first, *_, last = train(config, data)
    assert last.test.elbo > first.test.elbo


def test_held_out_looks(data):
    reports = list(train(SMALL, data, evaluate_every=4, test_images=30))
    assert [r.step for r in reports if r.test] == list(range(0, 41, 4))
    *_, plain = train(SMALL, data)
    assert reports[-1].test == plain.test


def test_latent_map_of_a_plane(data):
    *_, last = train(replace(SMALL, latent=2, epochs=1), data)
    assert last.views.latent_means.shape == (100, 2)
    assert last.views.labels.shape == (100,)


def test_goes_on_from_a_checkpoint_as_if_never_interrupted(data, tmp_path):
    whole = list(train(SMALL, data, evaluate_every=5, checkpoint_seconds=0.0))
    middle = next(r for r in whole if r.step == 15)
    path = tmp_path / "run.safetensors"
    save_checkpoint(path, middle.checkpoint, SMALL)
    checkpoint, config = load_checkpoint(path)
    assert config == SMALL
    resumed = list(train(config, data, resume=checkpoint, evaluate_every=5))
    assert numbers(resumed)[1:] == numbers([r for r in whole if r.step > 15])
    assert resumed[0].test == middle.test
    assert resumed[-1].seconds > middle.seconds


def test_checkpoints_of_another_model_or_damaged_are_refused(data, tmp_path):
    *_, last = train(replace(SMALL, epochs=0.1), data)
    with pytest.raises(CheckpointError, match="does not fit"):
        next(train(replace(SMALL, hidden=31), data, resume=last.checkpoint))
    path = tmp_path / "run.safetensors"
    with pytest.raises(CheckpointError, match=r"There is no file .*run\.safetensors"):
        load_checkpoint(path)
    save_checkpoint(path, last.checkpoint, SMALL)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"run\.safetensors is damaged"):
        load_checkpoint(path)


def test_settings_change_between_steps(data):
    asked = []

    def control() -> Settings:
        asked.append(1)
        late = len(asked) > 10
        return Settings("score_loo", 4, 1e-3) if late else SMALL.settings

    reports = list(train(SMALL, data, control, evaluate_every=10))
    assert reports[1].settings == SMALL.settings
    assert reports[2].settings == Settings("score_loo", 4, 1e-3)
    assert len(asked) == 40


def test_control_ends_the_run(data):
    answers = iter([SMALL.settings] * 7)
    *_, last = train(SMALL, data, lambda: next(answers, None))
    assert (last.step, last.state) == (7, "stopped")
    assert last.test is not None
    assert last.checkpoint.step == 7


def test_divergence_is_an_end_that_explains(data):
    *before, last = train(replace(SMALL, learning_rate=1000.0), data, evaluate_every=1)
    assert isinstance(last, Diverged)
    assert last.term in ("KL", "reconstruction")
    assert f"At step {last.step} the {last.term} term" in last.explanation
    assert "learning rate below 1000" in last.explanation
    values = [b.elbo for r in before for b in (r.train, r.test) if b]
    assert all(math.isfinite(v) and v > -1e6 for v in values)


def test_a_run_planned_in_seconds(data):
    *_, last = train(replace(SMALL, epochs=None, seconds=0.2), data)
    assert last.state == "finished"
    assert 0.2 <= last.seconds < 5
    assert last.step > 0


def test_fewer_images_than_a_batch(data):
    *_, last = train(replace(SMALL, batch=100, epochs=2), data.first(30, 10))
    assert (last.step, last.images) == (2, 60)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": "naive"}, "Choose one of: pathwise"),
        ({"estimator": "score_loo"}, "at least 2 samples"),
        ({"latent": 0}, "Latent size must be a whole number from 1 to 64, and is 0"),
        ({"latent": 2.5}, "whole number"),
        ({"learning_rate": math.nan}, "Learning rate must be a number"),
        ({"learning_rate": 0.0}, "Learning rate"),
        ({"batch": 10**6}, "Batch size"),
        ({"epochs": -1.0}, "Epochs"),
        ({"seconds": 5.0, "epochs": 1.0}, "not in both"),
        ({"seed": "x"}, "Seed"),
    ],
)
def test_wrong_words(changes, message):
    with pytest.raises(ConfigError, match=message):
        TrainConfig(**changes)


def test_schedule():
    shares = [warm_up_and_decay(f) for f in np.linspace(0, 1, 101)]
    assert shares[0] > 0
    assert max(shares) == pytest.approx(1.0)
    assert shares.index(max(shares)) == 10
    assert shares[-1] == pytest.approx(0.0)
    assert shares[10:] == sorted(shares[10:], reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "samples", "least", "most"),
    [
        ("pathwise", 1, -118, -100),
        pytest.param("score_loo", 4, -135, -110, marks=pytest.mark.exhaustive),
        ("score", 1, -230, -160),
    ],
)
def test_one_epoch_of_mnist(name, samples, least, most):
    """The gap between these three is the lesson; nobody may close it by accident."""
    *_, last = train(TrainConfig(estimator=name, samples=samples))
    assert least < last.test.elbo < most
