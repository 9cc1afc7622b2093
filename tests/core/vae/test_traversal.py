"""Walks through the latent space, against the normal distribution function and plain sums."""

from __future__ import annotations

import math

import pytest
import torch

from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.traversal import (
    change_by_reconstruction,
    manifold,
    quantiles,
    shares,
    straight_path,
)


def test_quantiles_invert_the_distribution_function() -> None:
    u = shares(20)
    assert float(u[0]) == 0.025
    back = [0.5 * (1.0 + math.erf(float(z) / math.sqrt(2.0))) for z in quantiles(u)]
    assert back == pytest.approx(u.tolist(), abs=1e-12)


def test_the_manifold_runs_along_both_axes() -> None:
    model = load_pretrained("latent2").model
    found = manifold(model, 4)
    line = quantiles(shares(4)).float()
    assert found.shape == (4, 4, 784)
    for row, column in ((0, 3), (2, 1)):
        z = torch.stack((line[column], line[row]))
        assert torch.allclose(found[row, column], model.mean_of_x(z), atol=1e-6)


def test_paths_begin_and_end_where_they_should() -> None:
    model = load_pretrained("latent20").model
    start, end = as_unit(load_mnist().test_images[:2])
    latent, pixels = straight_path(model, start, end, torch.linspace(0, 1, 5))
    assert torch.equal(pixels[0], start)
    assert torch.equal(pixels[-1], end)
    assert torch.allclose(pixels[2], (start + end) / 2)
    mu = model.encoder(torch.stack((start, end))).loc
    assert torch.allclose(latent[0], model.mean_of_x(mu[0]), atol=1e-6)
    assert torch.allclose(latent[-1], model.mean_of_x(mu[1]), atol=1e-6)
    assert torch.allclose(latent[1], model.mean_of_x(0.75 * mu[0] + 0.25 * mu[1]), atol=1e-6)


def test_the_model_redraws_its_own_pictures_and_no_mixtures() -> None:
    model = load_pretrained("latent20").model
    images = as_unit(load_mnist().test_images[:40])
    middle = torch.tensor([0.5])
    ways = [straight_path(model, *pair, middle) for pair in images.view(20, 2, 784)]
    latent, pixels = (
        change_by_reconstruction(model, torch.cat(each)).mean() for each in zip(*ways, strict=True)
    )
    assert float(latent) < 0.5 * float(pixels)
    blank = torch.zeros(1, 784)
    by_hand = (model.mean_of_x(model.encoder(blank).loc) - blank).square().mean().sqrt()
    assert torch.allclose(change_by_reconstruction(model, blank), by_hand)
