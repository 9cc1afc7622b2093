"""Likelihoods against torch.distributions and scipy, and the start of the decoder's outputs."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch.distributions import Bernoulli, Independent

from vae_core.vae.likelihoods import (
    LEAST_NOISE,
    LIKELIHOODS,
    bernoulli_log_prob,
    gaussian_log_prob,
    learned_deviation,
    learned_gaussian_log_prob,
)
from vae_core.vae.model import FIRST_DEVIATION, VAE


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


@pytest.mark.parametrize("pixels", [1, 6, 98, 99, 784])
def test_bernoulli_is_that_of_torch_distributions(pixels):
    logits = 6 * normals(3, 4, pixels)
    x = normals(4, pixels, seed=1).gt(0).double()
    expected = Independent(Bernoulli(logits=logits), 1).log_prob(x.expand_as(logits))
    torch.testing.assert_close(bernoulli_log_prob(x, logits), expected)
    single = bernoulli_log_prob(x.float(), logits.float()).double()
    torch.testing.assert_close(single, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("shape", [(4, 784), (2, 4, 784)])
def test_bernoulli_gradients_are_those_of_autograd_on_grey_values(shape):
    logits = (6 * normals(*shape)).requires_grad_()
    x = normals(4, 784, seed=1).sigmoid().requires_grad_()
    plain = -torch.nn.functional.binary_cross_entropy_with_logits(
        logits, x.expand_as(logits), reduction="none"
    ).sum(-1)
    weight = normals(*shape[:-1], seed=2)
    ours = bernoulli_log_prob(x, logits)
    torch.testing.assert_close(ours, plain)
    for mine, expected in zip(
        torch.autograd.grad((weight * ours).sum(), (logits, x)),
        torch.autograd.grad((weight * plain).sum(), (logits, x)),
        strict=True,
    ):
        torch.testing.assert_close(mine, expected)


def test_bernoulli_stays_finite_at_huge_logits_of_many_pixels():
    logits = torch.cat((torch.full((392,), 1e4), torch.full((392,), -1e4))).requires_grad_()
    right = torch.cat((torch.ones(392), torch.zeros(392)))
    value = bernoulli_log_prob(1.0 - right, logits)
    assert bernoulli_log_prob(right, logits).item() == 0.0
    assert value.item() == -784 * 1e4
    (gradient,) = torch.autograd.grad(value, logits)
    torch.testing.assert_close(gradient, 1.0 - 2.0 * right)
    assert bernoulli_log_prob(right, torch.zeros(784)).item() == pytest.approx(-784 * math.log(2))


def test_gaussian_with_fixed_sigma_is_that_of_scipy_constants_included():
    outputs, x = 3 * normals(2, 4, 784), normals(4, 784, seed=1).sigmoid()
    mean = 1.0 / (1.0 + np.exp(-outputs.numpy()))
    expected = scipy.stats.norm(mean, 0.17).logpdf(x.numpy()).sum(-1)
    np.testing.assert_allclose(gaussian_log_prob(x, outputs, 0.17).numpy(), expected)


def test_gaussian_with_learned_sigma_is_that_of_scipy():
    outputs, x = 3 * normals(2, 4, 1568), normals(4, 784, seed=1).sigmoid()
    mean = 1.0 / (1.0 + np.exp(-outputs[..., :784].numpy()))
    sigma = LEAST_NOISE + np.log1p(np.exp(outputs[..., 784:].numpy()))
    expected = scipy.stats.norm(mean, sigma).logpdf(x.numpy()).sum(-1)
    np.testing.assert_allclose(learned_gaussian_log_prob(x, outputs).numpy(), expected)


def test_the_learned_sigma_is_bounded_so_the_density_is_too():
    outputs = torch.full((1568,), -1e4)
    assert (learned_deviation(outputs) == LEAST_NOISE).all()
    most = -784 * (math.log(LEAST_NOISE) + 0.5 * math.log(2 * math.pi))
    assert learned_gaussian_log_prob(torch.zeros(784), outputs).item() == pytest.approx(most)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_mean_and_deviation_of_x_are_those_of_its_density(name):
    """Integrated over x for a Gaussian, summed over 0 and 1 for a Bernoulli, pixel by pixel."""
    vae = VAE(pixels=3, hidden=4, latent=2, likelihood=name, noise=0.2, gen=generator(2)).double()
    with torch.no_grad():
        for weight in vae.parameters():
            weight.add_(0.5 * normals(*weight.shape, seed=3))
    z, mean, deviation = normals(1, 2, seed=4), [], []
    for pixel in range(3):
        ends = (0, 1, 2) if name == "bernoulli" else (-30, 31, 60_001)
        points = torch.linspace(*ends, dtype=torch.float64)
        x = torch.zeros(len(points), 3, dtype=torch.float64)
        x[:, pixel] = points
        density = vae.log_prob_x(x, z.expand(len(points), -1)).exp()
        density = density / density.sum()
        mean.append((density * points).sum())
        deviation.append((density * (points - mean[-1]) ** 2).sum().sqrt())
    torch.testing.assert_close(vae.mean_of_x(z)[0], torch.stack(mean))
    torch.testing.assert_close(vae.deviation_of_x(z)[0], torch.stack(deviation))


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_the_decoder_starts_at_the_mean_image_and_the_spread_of_the_data(name):
    ink = torch.linspace(0.01, 0.99, 784)
    vae = VAE(hidden=5, latent=2, pixel_mean=ink, likelihood=name, noise=0.2)
    at_zero = torch.zeros(1, 2)
    torch.testing.assert_close(vae.mean_of_x(at_zero)[0], ink)
    spread = {
        "bernoulli": (ink * (1 - ink)).sqrt(),
        "gaussian": torch.full((784,), 0.2),
        "gaussian_learned": torch.full((784,), FIRST_DEVIATION),
    }[name]
    torch.testing.assert_close(vae.deviation_of_x(at_zero)[0], spread)
