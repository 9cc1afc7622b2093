"""Hidden parts, and the Markov chain that fills them."""

from __future__ import annotations

import pytest
import torch

from vae_core.training.pretrained import load_pretrained
from vae_core.vae.completion import PARTS, complete, visible_pixels
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.model import VAE

CORNERS = {"left": (0, 0), "right": (0, 27), "top": (0, 5), "bottom": (27, 5)}


@pytest.mark.parametrize("part", PARTS)
def test_the_part_is_hidden_from_its_side(part: str) -> None:
    shown = visible_pixels(part, 10).view(28, 28)
    assert int((~shown).sum()) == 280
    assert not shown[CORNERS[part]]
    assert visible_pixels(part, 0).all()
    assert not visible_pixels(part, 28).any()
    # The opposite side's 18 lines are the rest.
    other = PARTS[PARTS.index(part) ^ 1]
    assert torch.equal(~shown.flatten(), visible_pixels(other, 18))


@pytest.mark.parametrize(("part", "lines"), [("middle", 3), ("left", 29), ("top", -1)])
def test_no_such_part(part: str, lines: int) -> None:
    with pytest.raises(ValueError, match="hidden"):
        visible_pixels(part, lines)


def chain(x: torch.Tensor, part: str = "left", lines: int = 14, seed: int = 0) -> torch.Tensor:
    model = load_pretrained("latent20").model
    gen = torch.Generator().manual_seed(seed)
    return complete(model, x, visible_pixels(part, lines).unsqueeze(0), 20, 3, gen)[:, 0]


def test_visible_pixels_stay_and_hidden_ones_are_never_looked_at() -> None:
    x = as_unit(load_mnist().test_images[7])
    shown = visible_pixels("left", 14)
    found = chain(x)
    assert found.shape == (21, 3, 784)
    assert torch.equal(found[:, :, shown], x[shown].expand(21, 3, -1))
    spoilt = torch.where(shown, x, 1.0 - x)
    assert torch.equal(found, chain(spoilt))
    assert torch.equal(found, chain(x))
    assert not torch.equal(found, chain(x, seed=1))


def test_each_step_is_encode_draw_decode_keep() -> None:
    """One step, done by hand with the same noise."""
    model = VAE(hidden=7, latent=3)
    x = as_unit(load_mnist().test_images[3])
    shown = visible_pixels("top", 9)
    both = torch.stack([shown, visible_pixels("top", 20)])
    found = complete(model, x, both, 1, 2, torch.Generator().manual_seed(5))
    gen = torch.Generator().manual_seed(5)
    start = torch.rand((2, 784), generator=gen)
    start[:, shown] = x[shown]
    assert torch.equal(found[0, 0], start)
    q = model.encoder(start)
    z = q.loc + q.scale * torch.randn((2, 3), generator=gen)
    expected = torch.where(shown, x, model.decoder(z).sigmoid())
    assert torch.allclose(found[1, 0], expected, atol=1e-6)


def test_completion_comes_nearer_to_the_truth_than_noise_and_than_the_mean_image() -> None:
    data = load_mnist()
    hidden = ~visible_pixels("left", 14)
    images = as_unit(data.test_images[:40])
    ends = torch.stack([chain(x)[-1].mean(0) for x in images])
    errors = (ends - images)[:, hidden].square().mean()
    by_mean = (data.pixel_mean - images)[:, hidden].square().mean()
    assert float(errors) < 0.9 * float(by_mean)


def test_with_nothing_hidden_nothing_changes_and_with_everything_hidden_it_dreams() -> None:
    x = as_unit(load_mnist().test_images[0])
    assert torch.equal(chain(x, lines=0)[-1], x.expand(3, -1))
    assert torch.equal(chain(x, lines=28), chain(1.0 - x, lines=28))
