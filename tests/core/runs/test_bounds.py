"""What one server allows: sizes counted, and sentences that name the way out."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from vae_core.runs.bounds import Bounds, JobsError, count_weights, planned_steps
from vae_core.training.config import Settings, TrainConfig, priors_of, trainable
from vae_core.training.train import train
from vae_core.vae.data import load_mnist
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.model import VAE
from vae_core.vae.posteriors import POSTERIORS


@pytest.mark.parametrize("prior", priors_of("diagonal"))
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_weights_are_counted(depth, likelihood, prior):
    config = TrainConfig(hidden=7, latent=3, depth=depth, likelihood=likelihood, prior=prior)
    model = VAE(**config.architecture)
    assert count_weights(config) == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("posterior", POSTERIORS)
@pytest.mark.parametrize("latent", [1, 4])
def test_so_is_what_an_encoder_gives_for_a_tilted_q(posterior, latent):
    estimator = trainable(posterior)[0]
    config = TrainConfig(estimator, hidden=7, latent=latent, posterior=posterior)
    model = VAE(**config.architecture)
    assert count_weights(config) == sum(p.numel() for p in model.parameters())
    Bounds().check(TrainConfig(estimator, epochs=50, latent=64, posterior=posterior))


def test_the_second_number_of_each_pixel_counts_towards_the_limit():
    plain, learned = TrainConfig(), TrainConfig(likelihood="gaussian_learned")
    bounds = Bounds(weights=count_weights(plain))
    bounds.check(plain)
    with pytest.raises(JobsError, match="narrower"):
        bounds.check(learned)


def test_steps_are_counted():
    config = TrainConfig(epochs=0.001, batch=30, hidden=4, latent=1)
    *_, last = train(config, load_mnist(), evaluate_every=10**9, test_images=1)
    assert planned_steps(config) == last.step == 2
    assert planned_steps(TrainConfig(seconds=3.0)) == 0


@pytest.mark.parametrize(
    ("bounds", "config", "words"),
    [
        (Bounds(), TrainConfig(epochs=1000, batch=10), "6,000,000 steps.*fewer epochs"),
        (Bounds(seconds=60), TrainConfig(seconds=61), "60 seconds.*shorter"),
        (Bounds(weights=1000), TrainConfig(), "weights.*narrower"),
        (Bounds(), TrainConfig(samples=64, batch=1000), "64,000 latents a step.*smaller batch"),
    ],
)
def test_too_large_a_run_is_refused_with_a_way_out(bounds, config, words):
    with pytest.raises(JobsError, match=re.compile(words)):
        bounds.check(config)


def test_what_the_page_offers_is_allowed():
    Bounds().check(TrainConfig(epochs=50, batch=20, latent=64))
    Bounds().check(TrainConfig(batch=1000, samples=32))
    Bounds().check_settings(TrainConfig(batch=1000), Settings(samples=32))


def test_the_environment_sets_bounds():
    bounds = Bounds.from_environment({"TTN_GRACE": "2.5", "TTN_KEPT": "7", "PATH": "x"})
    assert bounds == Bounds(grace=2.5, kept=7)
    assert Bounds.from_environment({}) == Bounds()
    with pytest.raises(ValueError, match="TTN_KEPT must be a number"):
        Bounds.from_environment({"TTN_KEPT": "many"})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("GRACE", "15m", 900),
        ("GRACE", " 1.5 h ", 5400),
        ("GRACE", "90s", 90),
        ("GRACE", "2d", 172_800),
        ("SECONDS", "30 min", 1800),
        ("DISK", "2GB", 2_000_000_000),
        ("DISK", "2.3 gb", 2_300_000_000),
        ("LOOKS", "512MiB", 512 * 2**20),
        ("MEMORY", "0", 0),
        ("STEPS", "200,000", 200_000),
        ("STEPS", "1_000", 1000),
        ("STEPS", "1e5", 100_000),
        ("WEIGHTS", "8M", 8_000_000),
        ("KEPT", "0", 0),
    ],
)
def test_units_are_understood(name, text, value):
    found = getattr(Bounds.from_environment({f"TTN_{name}": text}), name.lower())
    assert found == value
    assert type(found) is type(getattr(Bounds(), name.lower()))


NO_NUMBERS = [
    "nan",
    "inf",
    "-inf",
    "-5",
    "",
    " ",
    "many",
    "e5",
    ".",
    "1,5",
    "0x10",
    "1e999",
    "２",
    "5\n6",
]


@pytest.mark.parametrize("field", [field.name for field in fields(Bounds)])
@pytest.mark.parametrize("text", [*NO_NUMBERS, "5 parsecs", "1e30"])
def test_what_is_no_number_is_refused_in_one_line_that_names_the_variable(field, text):
    name = f"TTN_{field.upper()}"
    with pytest.raises(ValueError, match=f"^{name} m") as refused:
        Bounds.from_environment({name: text})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("GRACE", "2GB"), ("DISK", "15min"), ("STEPS", "1.5"), ("SECONDS", "0"), ("WAITING", "0")],
)
def test_what_fits_no_variable_of_its_kind_is_refused(name, text):
    with pytest.raises(ValueError, match=f"TTN_{name} must be"):
        Bounds.from_environment({f"TTN_{name}": text})
