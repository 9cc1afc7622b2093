"""Shapes and the start of encoder and decoder."""

import pytest
import torch

from vae_core.vae.model import LEAST_INK, VAE


@pytest.mark.parametrize(("latent", "hidden"), [(1, 3), (2, 400), (64, 7)])
def test_shapes(latent, hidden):
    vae = VAE(hidden=hidden, latent=latent)
    q = vae.encoder(torch.rand(5, 784))
    assert q.loc.shape == q.scale.shape == (5, latent)
    assert (q.scale > 0).all()
    assert vae.decoder(torch.randn(4, 5, latent)).shape == (4, 5, 784)


def test_the_same_seed_draws_the_same_weights_and_leaves_the_global_stream_alone():
    before = torch.get_rng_state()
    first, second, other = (
        VAE(hidden=6, latent=2, gen=torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)
    )
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.encoder.hidden.weight, second.encoder.hidden.weight)
    assert not torch.equal(first.encoder.hidden.weight, other.encoder.hidden.weight)
    assert not first.encoder.hidden.bias.any()


def test_output_bias_starts_at_the_mean_image():
    mean = torch.linspace(0, 1, 784)
    vae = VAE(hidden=5, latent=2, pixel_mean=mean)
    expected = mean.clamp(LEAST_INK, 1 - LEAST_INK)
    torch.testing.assert_close(vae.decoder.logits.bias.sigmoid(), expected)
