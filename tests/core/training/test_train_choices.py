"""Training with every choice of model: it learns, it goes on, and it says what it cannot do."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_core.runs.disk.folder import pictures
from vae_core.runs.standing import Point, Standing
from vae_core.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from vae_core.training.config import ConfigError, Settings, TrainConfig, trainable
from vae_core.training.evaluate import evaluate, evidence, held_out
from vae_core.training.fast_step import standard_step
from vae_core.training.gradient_noise import GradientProbe
from vae_core.training.train import Progress, fresh_model, train
from vae_core.vae.data import Mnist, as_unit, binarize, binarized_bytes, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.posteriors import POSTERIORS

pytestmark = pytest.mark.usefixtures("one_thread")

GAUSSIANS = [name for name, kind in POSTERIORS.items() if not kind.family.discrete]
COINS = {"posterior": "bernoulli", "prior": "bernoulli"}
SMALL = TrainConfig(hidden=32, latent=3, batch=50, epochs=2, seed=3)
CHOICES = [
    {"depth": 3},
    {"likelihood": "gaussian", "noise": 0.3},
    {"likelihood": "gaussian_learned"},
    {"targets": "binary"},
    {"prior": "gaussian"},
    {"prior": "mixture"},
    {"prior": "vamp", "targets": "binary"},
    {"posterior": "rank_one"},
    {"posterior": "full", "prior": "gaussian"},
    {"posterior": "full", "prior": "vamp", "estimator": "score_loo", "samples": 4, "epochs": 6},
    {"beta": 0.5, "warm_up": 1.0},
    {"objective": "iwae", "samples": 5, "epochs": 6},
    {**COINS, "estimator": "disarm", "epochs": 4},
    {**COINS, "estimator": "rebar", "targets": "binary", "epochs": 4},
]


@pytest.fixture(scope="module")
def data() -> Mnist:
    return load_mnist().first(500, 100)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_it_learns_and_goes_on_from_a_file_as_if_never_interrupted(data, choice, tmp_path):
    config = replace(SMALL, **choice)
    whole = list(train(config, data, evaluate_every=5, checkpoint_seconds=0.0, noise_share=0.0))
    assert whole[-1].test.elbo > whole[0].test.elbo
    assert whole[-1].kl_per_dimension.sum() == pytest.approx(whole[-1].test.kl, rel=1e-4)
    middle = next(r for r in whole if r.step == 5)
    save_checkpoint(tmp_path / "run.safetensors", middle.checkpoint, config)
    checkpoint, read = load_checkpoint(tmp_path / "run.safetensors")
    assert read == config
    resumed = list(train(read, data, resume=checkpoint, evaluate_every=5, noise_share=0.0))
    assert resumed[0].test == middle.test
    late = [(r.step, r.train, r.test, r.beta) for r in whole if r.step > 5]
    assert [(r.step, r.train, r.test, r.beta) for r in resumed[1:]] == late
    judged = evaluate(checkpoint.model(read), held_out(data.test_images, config))
    assert judged.bound == middle.test


def test_a_checkpoint_of_another_model_is_refused(data):
    *_, last = train(SMALL, data, noise_share=0.0)
    others = (
        {"depth": 2},
        {"prior": "mixture"},
        {"likelihood": "gaussian_learned"},
        {"posterior": "full"},
    )
    for other in others:
        with pytest.raises(CheckpointError, match="does not fit"):
            last.checkpoint.model(replace(SMALL, **other))


def test_configurations_and_settings_saved_before_there_were_choices_still_load():
    old = ("estimator", "samples", "learning_rate", "latent", "hidden", "batch", "epochs", "seed")
    values = {name: SMALL.as_dict()[name] for name in old}
    assert TrainConfig(**json.loads(json.dumps(values)), seconds=None) == SMALL
    bound = {"elbo": -2.0, "reconstruction": -1.0, "kl": 1.0}
    point = {"step": 1, "epoch": 0.1, "seconds": 1.0, "images_per_second": 9.0, "test": None}
    settings = {"estimator": "score", "samples": 1, "learning_rate": 0.001}
    loaded = Point.from_dict({**point, "train": bound, "settings": settings})
    assert loaded.settings == Settings("score", 1, 0.001, beta=1.0)


def test_a_standard_model_starts_with_the_weights_and_names_that_it_always_had(data):
    names = list(fresh_model(SMALL, data).state_dict())
    layers = ("encoder.hidden", "encoder.parameters_of_q", "decoder.hidden", "decoder.logits")
    assert names == [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    start = fresh_model(replace(SMALL, prior="mixture"), data).state_dict()
    for name, value in fresh_model(SMALL, data).state_dict().items():
        assert torch.equal(value, start[name])


def test_pseudo_inputs_start_at_training_images(data):
    vae = fresh_model(replace(SMALL, prior="vamp"), data)
    pictures = {bytes(row) for row in data.train_images.numpy()}
    starts = (vae.prior.pseudo_inputs * 255).round().byte().detach().numpy()
    assert {bytes(row) for row in starts} <= pictures
    assert len({bytes(row) for row in starts}) > 40


def test_coins_are_0_or_1_with_the_grey_value_as_their_mean():
    grey = torch.linspace(0, 1, 11).repeat(20_000, 1)
    coins = binarize(grey, generator(1))
    assert coins.unique().tolist() == [0.0, 1.0]
    assert not coins[:, 0].any()
    assert coins[:, -1].all()
    error = (grey[0] * (1 - grey[0]) / len(coins)).sqrt()
    assert ((coins.mean(0) - grey[0]).abs() <= 4.5 * error + 1e-7).all()
    assert torch.equal(coins, binarize(grey, generator(1)))
    assert not torch.equal(coins, binarize(grey, generator(2)))


def test_training_tosses_its_coins_anew_from_the_runs_generator(data, monkeypatch):
    seen = []

    def watched(x, *others):
        seen.append(x.clone())
        return standard_step(x, *others)

    monkeypatch.setattr("vae_core.training.train.standard_step", watched)
    config = replace(SMALL, targets="binary", batch=500, epochs=3)
    list(train(config, data))
    assert len(seen) == 3
    assert all(set(x.unique().tolist()) == {0.0, 1.0} for x in seen)
    ink = torch.tensor([x.mean().item() for x in seen])
    torch.testing.assert_close(ink, data.pixel_mean.mean().expand(3), rtol=0.01, atol=0)
    sums = [sorted(x.sum(1).tolist()) for x in seen]
    assert sums[0] != sums[1] != sums[2]


def test_held_out_images_are_tossed_once_and_the_same_for_every_run(data):
    tossed = held_out(data.test_images, replace(SMALL, targets="binary", seed=1))
    assert torch.equal(tossed, held_out(data.test_images, replace(SMALL, targets="binary", seed=2)))
    assert tossed.unique().tolist() == [0, 255]
    assert held_out(data.test_images, SMALL) is data.test_images
    assert torch.equal(tossed, binarized_bytes(data.test_images, 20_131_220))


def test_beta_takes_effect_at_the_next_step(data):
    def weights_after(betas: list[float]) -> torch.Tensor:
        settings = iter([replace(SMALL.settings, beta=b) for b in betas])
        *_, last = train(SMALL, data, lambda: next(settings, None), noise_share=0.0)
        return last.checkpoint.tensors["encoder.parameters_of_q.weight"]

    assert torch.equal(weights_after([1, 1, 1]), weights_after([1, 1, 1.0]))
    assert not torch.equal(weights_after([1, 1, 3]), weights_after([1, 1, 1]))
    reports = list(train(SMALL, data, lambda: replace(SMALL.settings, beta=3.0)))
    assert reports[-1].settings.beta == reports[-1].beta == 3.0


def test_a_larger_beta_leaves_a_smaller_kl(data):
    ends = [list(train(replace(SMALL, beta=beta, epochs=6), data))[-1] for beta in (0.1, 1.0, 5.0)]
    assert ends[0].test.kl > ends[1].test.kl > ends[2].test.kl
    assert ends[0].test.elbo == pytest.approx(ends[0].test.reconstruction - ends[0].test.kl)


def test_the_kl_warms_up_in_a_straight_line(data):
    config = replace(SMALL, warm_up=1.0, beta=2.0)
    reports = list(train(config, data, evaluate_every=1))
    for report in reports:
        assert report.beta == pytest.approx(2.0 * min(1.0, report.epoch))
    assert config.weight_of_kl(Settings(beta=0.5), 0.5) == 0.25
    assert SMALL.weight_of_kl(SMALL.settings, 0.0) == 1.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"depth": 5}, "Hidden layers must be a whole number from 1 to 4"),
        ({"noise": 0.0}, "Sigma of x must be a number from 0.02 to 1"),
        ({"beta": -1.0}, "Beta must be a number from 0 to 100"),
        ({"beta": math.nan}, "Beta"),
        ({"warm_up": -1.0}, "KL warm-up"),
        ({"likelihood": "poisson"}, "Choose one of: bernoulli, gaussian, gaussian_learned"),
        ({"prior": "flat"}, "Choose one of: standard, gaussian, mixture, vamp, bernoulli"),
        ({"posterior": "round"}, "Choose one of: diagonal, rank_one, full, bernoulli"),
        ({"targets": "blue"}, "Choose one of: grey, binary"),
        ({"objective": "luck"}, "Choose one of: elbo, iwae"),
        ({"targets": "binary", "likelihood": "gaussian"}, "take grey targets"),
        ({"objective": "iwae", "estimator": "score"}, "needs the estimator pathwise"),
        (
            {"posterior": "bernoulli"},
            "needs a z that moves.*Bernoulli has none.*one of: score",
        ),
        ({"estimator": "arm"}, "ARM needs a Bernoulli z; this one is Normal.*one of: pathwise, sc"),
        ({"estimator": "disarm", "posterior": "full"}, "full covariance. With the posterior full"),
        (
            {**COINS, "estimator": "arm", "prior": "vamp"},
            "prior vamp.*Choose one of: bernoulli",
        ),
        ({"prior": "bernoulli"}, "posterior diagonal.*prior bernoulli.*Choose one of: standard, g"),
        ({**COINS, "estimator": "arm", "objective": "iwae"}, "has none: take the objective elbo"),
    ],
)
def test_wrong_choices_get_a_sentence(changes, message):
    with pytest.raises(ConfigError, match=message):
        TrainConfig(**changes)


def test_settings_that_do_not_fit_the_objective_are_refused_on_the_way(data):
    config = replace(SMALL, objective="iwae", samples=4)
    with pytest.raises(ConfigError, match="pathwise"):
        list(train(config, data, lambda: Settings("score", 4)))


def probes(data: Mnist, config: TrainConfig) -> list[Progress]:
    reports = train(config, data, evaluate_every=5, noise_share=math.inf)
    return [r for r in reports if r.gradient_noise]


def test_gradient_noise_of_each_estimator_is_measured_at_looks_and_repeatable(data):
    first, second = (probes(data, SMALL) for _ in range(2))
    assert [r.step for r in first] == [5, 10, 15, 20]
    assert [r.gradient_noise for r in first] == [r.gradient_noise for r in second]
    for report in first:
        noise = report.gradient_noise
        assert list(noise) == ["pathwise", "score", "score_loo"]
        assert noise["pathwise"].variance < noise["score_loo"].variance < noise["score"].variance


def test_of_coins_the_estimators_that_take_them_are_measured(data):
    (*_, last) = probes(data, replace(SMALL, **COINS, estimator="disarm"))
    noise = last.gradient_noise
    assert tuple(noise) == trainable("bernoulli")
    assert noise["disarm"].variance < noise["score"].variance
    assert noise["straight_through"].variance < noise["score"].variance


def test_measuring_leaves_the_run_as_it_is(data):
    coins = {**COINS, "estimator": "arm"}
    changes = ({}, {"targets": "binary", "prior": "vamp"}, {"posterior": "full"}, coins)
    for config in (replace(SMALL, **change) for change in changes):
        plain = list(train(config, data, evaluate_every=5, noise_share=0.0))
        assert not any(r.gradient_noise for r in plain)
        watched = list(train(config, data, evaluate_every=5, noise_share=math.inf))
        assert [(r.step, r.test) for r in plain] == [(r.step, r.test) for r in watched]


def test_measuring_keeps_within_its_share_of_the_time(data, monkeypatch):
    """With a clock of its own: a measurement takes one second, a step a hundredth."""
    now = iter(range(1000))
    monkeypatch.setattr("vae_core.training.gradient_noise.time.perf_counter", lambda: next(now))
    probe, spent = GradientProbe(SMALL, data.train_images, share=0.05), 0
    vae = fresh_model(SMALL, data)
    assert not probe.is_due(0.0, 0.0)
    for second in range(1, 101):
        if probe.is_due(second, 0.01):
            probe.measure(vae, SMALL.settings, 1.0, second)
            spent += 1
        assert spent <= max(1, 0.05 * second)
    assert spent == 5


def test_the_evidence_agrees_with_quadrature_whatever_the_portions(data):
    """A 1-D latent: log p(x) on a grid against 3000 samples, and its error over images."""
    *_, last = train(replace(SMALL, latent=1, targets="binary", epochs=30), data, noise_share=0.0)
    vae = last.checkpoint.model(replace(SMALL, latent=1))
    images = held_out(data.test_images[:20], replace(SMALL, targets="binary"))
    grid = torch.linspace(-8, 8, 4001)[:, None, None].expand(-1, 20, 1)
    with torch.no_grad():
        joint = (vae.log_prob_x(as_unit(images), grid) + vae.prior.log_prob(grid)).double()
    exact = torch.logsumexp(joint, 0) + math.log(16 / 4000)
    found = evidence(vae, images, 3000)
    assert found.log_prob == pytest.approx(exact.mean().item(), abs=0.1)
    assert found.standard_error == pytest.approx(exact.std().item() / math.sqrt(20), rel=0.05)
    assert (found.images, found.samples) == (20, 3000)
    assert found == evidence(vae, images, 3000)
    few = [evidence(vae, images, k).log_prob for k in (1, 30)]
    assert few[0] < few[1] < exact.mean() + 0.05


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"prior": "vamp"},
        {"targets": "binary", "depth": 2},
        {"posterior": "rank_one"},
        {"posterior": "full", "prior": "vamp"},
        {**COINS, "estimator": "score_loo", "samples": 2},
    ],
)
def test_a_run_read_back_from_its_files_shows_what_it_showed(choice):
    config = replace(SMALL, epochs=0.01, **choice)
    *_, last = train(config)
    saved = Standing(config, config.settings).after(replace(last, views=None)).ended("finished")
    seen = pictures(saved)
    assert np.array_equal(seen.reconstructions, last.views.reconstructions)
    assert np.array_equal(seen.samples, last.views.samples)
    assert pictures(replace(saved, checkpoint=None)) is None
    assert pictures(replace(saved, config=replace(config, hidden=31))) is None


@pytest.mark.parametrize("posterior", GAUSSIANS)
def test_the_mixtures_kl_per_dimension_is_that_of_a_large_sample(posterior):
    """Two ways to the same number: the chain rule over dimensions, and the joint density."""
    vae = VAE(hidden=8, latent=3, prior="mixture", posterior=posterior)
    images = load_mnist().test_images[:2000]
    found = evaluate(vae, images)
    with torch.no_grad():
        q = vae.encoder(as_unit(images))
        z = q.transform(q.base(50, generator(1)))
        draws = (q.log_prob(z) - vae.prior.log_prob(z)).mean(0)
        spread = (q.log_prob(z) - vae.prior.log_prob(z)).std() / math.sqrt(2000)
    assert abs(found.bound.kl - draws.mean()) < 4 * spread
