"""One step taken apart: the same as the trainer's, and its numbers as somebody else finds them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import ConfigError, Settings, TrainConfig, trainable
from vae_core.training.one_step import OneStep, one_step, run_up
from vae_core.vae.data import Mnist, load_mnist

pytestmark = pytest.mark.usefixtures("one_thread")

CONFIG = TrainConfig(hidden=24, latent=2, batch=50, epochs=2, seed=3)
each_estimator = pytest.mark.parametrize("name", trainable())


@cache
def data() -> Mnist:
    return load_mnist().first(500, 100)


def settings(name: str, more: int = 0) -> Settings:
    return Settings(name, ESTIMATORS[name].min_samples + more)


@cache
def start(updates: int) -> Checkpoint:
    return run_up(CONFIG, updates, data())


@cache
def made(name: str, updates: int = 4, more: int = 0) -> OneStep:
    return one_step(CONFIG, start(updates), settings(name, more), data())


# The ELBO written out anew, in double precision, from the weights' names alone.
def encode(weights: dict[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    hidden = (x @ weights["encoder.hidden.weight"].T + weights["encoder.hidden.bias"]).clamp(min=0)
    out = hidden @ weights["encoder.parameters_of_q.weight"].T
    mu, log_sigma = (out + weights["encoder.parameters_of_q.bias"]).split(2, -1)
    return mu, torch.exp(log_sigma)


def log_likelihood(weights: dict[str, Tensor], x: Tensor, z: Tensor) -> Tensor:
    hidden = (z @ weights["decoder.hidden.weight"].T + weights["decoder.hidden.bias"]).clamp(min=0)
    logits = hidden @ weights["decoder.logits.weight"].T + weights["decoder.logits.bias"]
    ink = 1 / (1 + torch.exp(-logits))
    return (x * ink.log() + (1 - x) * (1 - ink).log()).sum(-1)


def divergence(mu: Tensor, sigma: Tensor) -> Tensor:
    p = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(sigma))
    return torch.distributions.kl_divergence(torch.distributions.Normal(mu, sigma), p).sum(-1)


def doubles(checkpoint: Checkpoint) -> dict[str, Tensor]:
    return {name: value.double().requires_grad_() for name, value in checkpoint.weights.items()}


def independent(weights: dict[str, Tensor], step: OneStep) -> Tensor:
    """The mean ELBO of the step's minibatch on its noise."""
    mu, sigma = encode(weights, step.x.double())
    z = mu + sigma * step.before.eps.double()
    return (log_likelihood(weights, step.x.double(), z).mean(0) - divergence(mu, sigma)).mean()


def assert_alike(found: Tensor, expected: Tensor) -> None:
    scale = float(expected.detach().abs().max())
    torch.testing.assert_close(found.double(), expected.detach(), rtol=2e-4, atol=2e-5 * scale)


@each_estimator
@pytest.mark.parametrize("updates", [0, 4, 10, 19])
def test_it_is_the_trainers_own_step_to_the_last_bit(name: str, updates: int) -> None:
    """At the start, inside an epoch, at an epoch's first minibatch, and at the run's last."""
    config = replace(CONFIG, estimator=name, samples=ESTIMATORS[name].min_samples)
    before = run_up(config, updates, data())
    mine = one_step(config, before, config.settings, data()).state
    theirs = run_up(config, updates + 1, data())
    assert mine.step == theirs.step == updates + 1
    assert mine.tensors.keys() == theirs.tensors.keys()
    for key, value in theirs.tensors.items():
        assert torch.equal(mine.tensors[key], value), key


def test_the_run_up_goes_on_from_an_earlier_state() -> None:
    resumed = run_up(CONFIG, 9, data(), resume=start(4))
    assert all(torch.equal(v, start(9).tensors[k]) for k, v in resumed.tensors.items())


@each_estimator
def test_the_way_forward(name: str) -> None:
    step, weights = made(name), doubles(start(4))
    there = step.before
    mu, sigma = encode(weights, step.x.double())
    assert_alike(there.mu, mu)
    assert_alike(there.sigma, sigma)
    assert_alike(there.z, mu + sigma * there.eps.double())
    assert_alike(there.log_likelihood, log_likelihood(weights, step.x.double(), there.z.double()))
    assert_alike(there.reconstruction, there.log_likelihood.double().mean(0))
    assert_alike(there.kl, divergence(mu, sigma))
    assert torch.equal(there.elbo, there.reconstruction - there.kl)
    assert there.mean_of_x.shape == step.x.shape
    assert float(there.elbo.mean()) == pytest.approx(independent(weights, step).item(), rel=1e-5)
    assert float(there.eps.abs().max()) > 1


def test_the_picture_is_the_mean_of_x_of_the_first_sample() -> None:
    """Coins with these probabilities have the likelihood that was recorded."""
    step = made("score_loo")
    ink, x = step.before.mean_of_x.double(), step.x.double()
    assert_alike(step.before.log_likelihood[0], (x * ink.log() + (1 - x) * (1 - ink).log()).sum(-1))


def test_the_derivative_in_z_against_finite_differences() -> None:
    step, weights, h = made("pathwise"), doubles(start(4)), 1e-6
    z, x = step.before.z.double(), step.x.double()
    assert step.backward.by_z is not None
    for d in range(2):
        aside = torch.zeros(2, dtype=torch.float64)
        aside[d] = h
        up, down = (log_likelihood(weights, x, z + side * aside) for side in (1, -1))
        assert_alike(step.backward.by_z[..., d], (up - down) / (2 * h))


@pytest.mark.parametrize("more", [0, 2])
def test_the_path_multiplies_by_one_and_by_eps(more: int) -> None:
    step = made("pathwise", more=more)
    back = step.backward
    assert back.signal is None
    assert back.by_z is not None
    torch.testing.assert_close(back.by_mu, back.by_z)
    torch.testing.assert_close(back.by_sigma, back.by_z * step.before.eps)


@pytest.mark.parametrize("more", [0, 2])
def test_what_arrives_at_mu_and_sigma_on_the_path(more: int) -> None:
    step, weights = made("pathwise", more=more), doubles(start(4))
    mu, sigma = (each.double().requires_grad_() for each in (step.before.mu, step.before.sigma))
    z = mu + sigma * step.before.eps.double()
    own = log_likelihood(weights, step.x.double(), z).mean(0) - divergence(mu, sigma)
    by_mu, by_sigma = torch.autograd.grad(own.sum(), (mu, sigma))
    assert_alike(step.backward.at_mu, by_mu)
    assert_alike(step.backward.at_sigma, by_sigma)


@pytest.mark.parametrize(("name", "more"), [("score", 0), ("score", 2), ("score_loo", 1)])
def test_the_score_is_weighed_and_nothing_passes_z(name: str, more: int) -> None:
    step = made(name, more=more)
    back, there = step.backward, step.before
    assert back.by_z is None
    assert back.signal is not None
    f = there.log_likelihood
    others = (f.sum(0) - f) / (len(f) - 1) if name == "score_loo" else torch.zeros(())
    # Between samples of similar likelihood little is left of the hundreds that are subtracted.
    torch.testing.assert_close(back.signal, f - others, rtol=1e-4, atol=2e-3)
    mu, sigma = (each.clone().requires_grad_() for each in (there.mu, there.sigma))
    log_q = torch.distributions.Normal(mu, sigma)
    scores = torch.autograd.grad(log_q.log_prob(there.z).sum(), (mu, sigma))
    if len(f) == 1:
        assert_alike(back.score_mu[0], scores[0].double())
        assert_alike(back.score_sigma[0], scores[1].double())
    weight = back.signal.unsqueeze(-1)
    torch.testing.assert_close(back.by_mu, weight * back.score_mu, rtol=1e-4, atol=1e-2)
    torch.testing.assert_close(back.by_sigma, weight * back.score_sigma, rtol=1e-4, atol=1e-2)


@each_estimator
def test_the_gradients_lengths_against_a_loss_written_anew(name: str) -> None:
    """phi learns from what arrives at mu and sigma; theta from the likelihood alone."""
    step, weights = made(name), doubles(start(4))
    mu, sigma = encode(weights, step.x.double())
    at = (step.backward.at_mu.double(), step.backward.at_sigma.double())
    surrogate = (mu * at[0] + sigma * at[1]).sum() / len(step.x)
    phi = [value for key, value in weights.items() if key.startswith("encoder")]
    theta = [value for key, value in weights.items() if key.startswith("decoder")]
    found = torch.autograd.grad(surrogate, phi)
    length = float(sum(each.square().sum() for each in found)) ** 0.5
    assert step.backward.encoder == pytest.approx(length, rel=1e-4)
    found = torch.autograd.grad(independent(weights, step), theta)
    length = float(sum(each.square().sum() for each in found)) ** 0.5
    assert step.backward.decoder == pytest.approx(length, rel=1e-4)


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_the_lengths_against_finite_differences(part: str) -> None:
    """A short walk along the path's gradient climbs by its length for each unit of way."""
    step, weights, h = made("pathwise"), doubles(start(4)), 1e-5
    own = [key for key in weights if key.startswith(part)]
    found = torch.autograd.grad(independent(weights, step), [weights[key] for key in own])
    length = float(sum(each.square().sum() for each in found)) ** 0.5
    heights = []
    for way in (h, -h):
        moved = dict(weights)
        moved |= {k: weights[k] + way / length * g for k, g in zip(own, found, strict=True)}
        heights.append(independent(moved, step).item())
    climbed = (heights[0] - heights[1]) / (2 * h)
    assert getattr(step.backward, part) == pytest.approx(climbed, rel=1e-3)


@each_estimator
def test_the_update_and_what_it_does_on_the_same_noise(name: str) -> None:
    step = made(name)
    now, old = step.state.weights, start(4).weights
    for part, move in (("encoder", step.encoder_move), ("decoder", step.decoder_move)):
        ways = [(now[key] - old[key]).double() for key in now if key.startswith(part)]
        length = float(sum(way.square().sum() for way in ways)) ** 0.5
        assert move == pytest.approx(length, rel=1e-5)
        assert 0 < move < 1
    assert torch.equal(step.after.eps, step.before.eps)
    found = float(step.after.elbo.mean())
    assert found == pytest.approx(independent(doubles(step.state), step).item(), rel=1e-5)
    assert found != float(step.before.elbo.mean())


def test_the_first_samples_agree_whichever_estimator_looks() -> None:
    """The same weights, images and noise: only the way back differs."""
    path, score = made("pathwise").before, made("score").before
    assert all(torch.equal(getattr(path, f), getattr(score, f)) for f in ("mu", "eps", "z", "elbo"))


def test_the_path_climbs_over_a_few_steps() -> None:
    gains = []
    for updates in (2, 5, 8):
        step = made("pathwise", updates)
        gains.append(float((step.after.elbo - step.before.elbo).mean()))
    assert min(gains) > 0


def test_the_global_stream_is_left_alone() -> None:
    before = torch.get_rng_state()
    one_step(CONFIG, start(0), settings("score"), data())
    assert torch.equal(torch.get_rng_state(), before)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ConfigError, match="20 updates"):
        run_up(CONFIG, 21, data())
    with pytest.raises(ConfigError, match="At step"):
        run_up(replace(CONFIG, learning_rate=1e4), 20, data())
    timed = replace(CONFIG, epochs=None, seconds=1.0)
    with pytest.raises(ConfigError, match="seconds"):
        one_step(timed, start(0), CONFIG.settings, data())
