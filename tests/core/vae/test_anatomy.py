"""The bound of one image, symbol by symbol and step by step, held against torch.distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Independent, kl_divergence
from torch.distributions import Normal as TorchNormal
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import DataError, held_out_digit, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.objective import Anatomy, anatomy
from vae_core.vae.posterior import Rewritten, grid_posterior, rewritten

DIGITS = (1, 3, 7)
SPECIMEN = 2
each_digit = pytest.mark.parametrize("digit", DIGITS)


def model() -> VAE:
    return load_pretrained("latent2").model


def noise(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn((count, 2), generator=torch.Generator().manual_seed(seed))


def apart(digit: int, count: int = 5) -> Anatomy:
    return anatomy(held_out_digit(digit, SPECIMEN), model(), noise(count))


def steps(digit: int) -> Rewritten:
    return rewritten(model(), held_out_digit(digit, SPECIMEN))


def densities(digit: int) -> tuple[Independent, Independent]:
    found = apart(digit)
    q = Independent(TorchNormal(found.q.loc, found.q.scale), 1)
    return q, Independent(TorchNormal(torch.zeros(2), torch.ones(2)), 1)


@each_digit
def test_every_symbol_is_what_torch_distributions_says(digit: int) -> None:
    x, found, (q, prior) = held_out_digit(digit, SPECIMEN), apart(digit), densities(digit)
    torch.testing.assert_close(found.z, q.mean + q.stddev * noise(5))
    each_pixel = binary_cross_entropy_with_logits(found.logits, x.expand(5, 784), reduction="none")
    torch.testing.assert_close(found.log_px, -each_pixel.sum(-1))
    torch.testing.assert_close(found.log_pz, prior.log_prob(found.z))
    torch.testing.assert_close(found.log_joint, found.log_px + prior.log_prob(found.z))
    torch.testing.assert_close(found.reconstruction, found.log_px.sum() / 5)
    torch.testing.assert_close(found.kl, kl_divergence(q, prior))
    torch.testing.assert_close(found.elbo, found.log_px.sum() / 5 - kl_divergence(q, prior))


@each_digit
def test_the_bound_averages_to_the_one_that_is_integrated(digit: int) -> None:
    count = 20_000
    found, exact = apart(digit, count), steps(digit)
    log_weights = found.log_joint - found.q.log_prob(found.z)
    for samples, value in (
        (found.log_px, exact.reconstruction),
        (found.log_joint, exact.joint),
        (log_weights, exact.bound),
        (-found.q.log_prob(found.z), exact.entropy),
    ):
        error = float(samples.double().std()) / math.sqrt(count)
        assert abs(float(samples.double().mean()) - value) < 4.0 * error


@each_digit
def test_each_step_of_the_derivation_keeps_its_number_but_jensens(digit: int) -> None:
    found = steps(digit)
    (q, prior) = densities(digit)
    bound = 3.0 * found.error + 1e-3
    assert found.error < 2e-3
    assert found.reweighted == pytest.approx(found.log_evidence, abs=bound)
    assert found.bound < found.log_evidence - 0.1
    assert found.joint + found.entropy == pytest.approx(found.bound, abs=bound)
    assert found.reconstruction - found.kl == pytest.approx(found.bound, abs=bound)
    assert found.entropy == pytest.approx(float(q.entropy()), abs=1e-5)
    assert found.kl == pytest.approx(float(kl_divergence(q, prior)), abs=1e-5)


@each_digit
def test_what_jensen_loses_is_the_kl_to_the_posterior(digit: int) -> None:
    """Summed over the grid of p(z|x), where nothing of the ELBO is used."""
    found, truth = steps(digit), grid_posterior(model(), held_out_digit(digit, SPECIMEN), 241)
    rows, columns = torch.meshgrid(truth.second, truth.first, indexing="ij")
    log_q = densities(digit)[0].log_prob(torch.stack((columns, rows), -1)).double()
    summand = log_q.exp() * (log_q - truth.density.double().clamp_min(1e-300).log())
    kl = float(summand.sum()) * truth.cell
    assert found.log_evidence - found.bound == pytest.approx(kl, abs=0.01)


def test_an_image_that_there_is_not_is_said() -> None:
    labels = load_mnist().test_labels
    last = int((labels == 5).sum())
    assert held_out_digit(5, last).shape == (784,)
    for specimen in (0, last + 1):
        with pytest.raises(DataError, match=f"images 1 to {last}, and no number {specimen}"):
            held_out_digit(5, specimen)
