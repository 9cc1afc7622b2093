"""What one pass of the encoder costs and loses, against the search for each image."""

from __future__ import annotations

import math

import pytest
import torch

from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, held_out_digit, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.posterior import QUICK, climb, exact_elbo, measured_elbo, refine
from vae_core.vae.posterior.amortize import Comparison, compare


def model() -> VAE:
    return load_pretrained("latent2").model


def images(count: int) -> torch.Tensor:
    return as_unit(load_mnist().test_images[:count])


def test_many_images_climb_as_each_does_alone() -> None:
    x = images(4)
    with torch.no_grad():
        start = model().encoder(x)
    locs, scales = climb(model(), x, start, steps=6)
    for i in range(4):
        alone = refine(model(), x[i], steps=6)
        torch.testing.assert_close(locs[:, i], alone.loc, atol=2e-4, rtol=1e-3)
        torch.testing.assert_close(scales[:, i], alone.scale, atol=2e-4, rtol=1e-3)


def test_no_step_lowers_a_bound() -> None:
    x = images(5)
    locs, scales = climb(model(), x, Normal(torch.zeros(5, 2), torch.ones(5, 2)), steps=8)
    with torch.no_grad():
        bounds = torch.stack(
            [exact_elbo(model(), x, Normal(*at)) for at in zip(locs, scales, strict=True)]
        )
    assert (bounds[1:] >= bounds[:-1] - 1e-3).all()
    assert (bounds[-1] > bounds[0] + 50).all()


def test_the_quick_rule_is_as_near_as_it_says() -> None:
    for digit in (1, 3, 8):
        x = held_out_digit(digit, 2)
        for scale, near in ((0.05, 0.05), (0.2, 0.1), (1.0, 1.0)):
            q = Normal(torch.tensor([0.6, -0.1]), torch.full((2,), scale))
            value, apart = measured_elbo(model(), x, q, QUICK)
            assert value == pytest.approx(measured_elbo(model(), x, q)[0], abs=near)
            assert apart < 2.5 * near


def test_a_comparison_goes_on_where_it_stood() -> None:
    first = compare(model(), images(6)[:3])
    both = compare(model(), images(6)[3:], first)
    whole = compare(model(), images(6))
    assert both.gaps[:3] == first.gaps
    assert both.gaps == pytest.approx(whole.gaps, abs=0.01)
    assert both.fit_seconds > first.fit_seconds > first.encoder_seconds > 0


@pytest.mark.exhaustive
def test_the_gap_is_what_a_longer_search_gains() -> None:
    """A search by another rule, twice as long, from the same start; measured on finer grids."""
    for gap, x in zip(compare(model(), images(3)).gaps, images(3), strict=True):
        way = refine(model(), x, steps=40)
        assert gap == pytest.approx(float(way.elbo[-1] - way.elbo[0]), abs=0.1)
        assert gap > 0


def test_mean_and_its_standard_error() -> None:
    found = Comparison((1.0, 2.0, 6.0), 0.5, 20.0)
    assert found.mean == 3.0
    assert found.standard_error == pytest.approx(torch.tensor(found.gaps).std().item() / 3**0.5)
    assert found.ratio == 40.0
    assert math.isinf(Comparison((1.0,), 1, 1).standard_error)
