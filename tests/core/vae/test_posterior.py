"""The true posterior on a grid, held against importance sampling, quadrature and the identity."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.objective import elbo
from vae_core.vae.posterior import exact_elbo, grid_posterior, log_joint, refine

IMAGES = (0, 1, 2, 9)
each_image = pytest.mark.parametrize(
    "index",
    [pytest.param(i, marks=pytest.mark.exhaustive if i in IMAGES[2:] else []) for i in IMAGES],
)


def model() -> VAE:
    return load_pretrained("latent2").model


def image(index: int) -> torch.Tensor:
    return as_unit(load_mnist().test_images[index])


def encoded(x: torch.Tensor) -> Normal:
    q = model().encoder(x.unsqueeze(0))
    return Normal(q.loc[0], q.scale[0])


@each_image
def test_log_evidence_agrees_with_importance_sampling(index: int) -> None:
    """Draws from a wide Gaussian around the mass: their weights average to p(x)."""
    x, count = image(index), 20_000
    found = grid_posterior(model(), x)
    mean, deviation = moments(found)
    proposal = MultivariateNormal(mean, torch.diag((1.7 * deviation).square()))
    gen = torch.Generator().manual_seed(index)
    z = mean + 1.7 * deviation * torch.randn((count, 2), generator=gen)
    with torch.no_grad():
        log_weights = (log_joint(model(), x, z) - proposal.log_prob(z)).double()
    weights = (log_weights - found.log_evidence).exp()
    standard_error = float(weights.std()) / math.sqrt(count)
    assert standard_error < 0.02
    assert abs(float(weights.mean()) - 1.0) / standard_error < 4.0


def moments(found) -> tuple[torch.Tensor, torch.Tensor]:
    share = found.density.float() * found.cell
    axes = (found.first, share.sum(0)), (found.second, share.sum(1))
    means = [float((axis * part).sum()) for axis, part in axes]
    deviations = [
        math.sqrt(float(((axis - mean) ** 2 * part).sum()))
        for (axis, part), mean in zip(axes, means, strict=True)
    ]
    return torch.tensor(means), torch.tensor(deviations)


@each_image
def test_the_grid_is_fine_and_wide_enough(index: int) -> None:
    found = grid_posterior(model(), image(index))
    assert found.error < 2e-3
    assert float(found.density.sum()) * found.cell == pytest.approx(1.0, abs=1e-9)
    edges = (found.density[0], found.density[-1], found.density[:, 0], found.density[:, -1])
    assert max(float(edge.sum()) for edge in edges) * found.cell < 1e-4


@each_image
def test_the_elbo_agrees_with_a_sum_over_a_grid(index: int) -> None:
    """Another rule: rectangles over eight deviations, in place of Gauss-Hermite nodes."""
    x = image(index)
    q = encoded(x)
    line = torch.linspace(-8, 8, 201)
    eps = torch.cartesian_prod(line, line)
    density = (-0.5 * eps.square().sum(-1)).exp().double()
    density /= density.sum()
    z = q.loc + q.scale * eps
    with torch.no_grad():
        log_ratio = log_joint(model(), x, z) - q.log_prob(z)
        exact = exact_elbo(model(), x, q)
    assert float(exact) == pytest.approx(float((density * log_ratio).sum()), abs=0.01)


def test_the_elbo_agrees_with_sampling() -> None:
    x = image(3)
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        draws = [
            elbo(x.unsqueeze(0), model(), ESTIMATORS["pathwise"], 1, gen).elbo for _ in range(2000)
        ]
        exact = float(exact_elbo(model(), x, encoded(x)))
    drawn = torch.cat(draws)
    z_score = (float(drawn.mean()) - exact) / (float(drawn.std()) / math.sqrt(len(drawn)))
    assert abs(z_score) < 4.0


@each_image
def test_the_gap_is_the_kl_to_the_true_posterior(index: int) -> None:
    """log p(x) - ELBO = KL(q || p(z|x)), the right side summed on the posterior's own grid."""
    x = image(index)
    found = grid_posterior(model(), x, fine=241)
    way = refine(model(), x)
    best = int(way.elbo.argmax())
    q = Normal(way.loc[best], way.scale[best])
    rows, columns = torch.meshgrid(found.second, found.first, indexing="ij")
    log_q = q.log_prob(torch.stack((columns, rows), -1)).double()
    part = log_q.exp() * found.cell
    assert float(part.sum()) == pytest.approx(1.0, abs=1e-3)
    kl = float((part * (log_q - found.density.clamp_min(1e-300).log())).sum())
    assert kl == pytest.approx(found.log_evidence - float(way.elbo[best]), abs=0.02)


@each_image
def test_refinement_closes_the_amortization_gap_and_no_more(index: int) -> None:
    x = image(index)
    found, way = grid_posterior(model(), x), refine(model(), x)
    first, last = float(way.elbo[0]), float(way.elbo[-1])
    q = encoded(x)
    assert torch.equal(way.loc[0], q.loc)
    assert torch.allclose(way.scale[0], q.scale)
    assert last > first
    assert float(way.elbo.max()) - last < 0.02
    assert found.log_evidence > float(way.elbo.max())
    # At the best Gaussian no direction leads further up.
    mu = way.loc[-1].clone().requires_grad_()
    log_sigma = way.scale[-1].log().requires_grad_()
    bound = exact_elbo(model(), x, Normal(mu, log_sigma.exp()))
    slopes = torch.autograd.grad(bound, (mu, log_sigma))
    step = torch.cat([slopes[0] * way.scale[-1], slopes[1]])
    assert float(step.norm()) < 0.3


def eights(number: int) -> int:
    """Index of one of the held-out eights."""
    return int(np.flatnonzero(load_mnist().test_labels.numpy() == 8)[number])


REST = [pytest.param(image, marks=pytest.mark.exhaustive) for image in (*IMAGES, eights(0))]


@pytest.mark.parametrize("index", [eights(2), *REST])
def test_the_digits_shown_are_known(index: int) -> None:
    """Two decimals, against Gauss's rule of 96 x 96 nodes and a grid of 361 x 361."""
    x = image(index)
    precise = copy.deepcopy(model()).double()
    way, found = refine(model(), x), grid_posterior(model(), x)
    assert way.error + found.error < 4e-3
    for t in (0, -1):
        q = Normal(way.loc[t].double(), way.scale[t].double())
        with torch.no_grad():
            true = float(exact_elbo(precise, x.double(), q, 96))
        assert abs(float(way.elbo[t]) - true) < way.error + 1.2e-3
    fine = grid_posterior(model(), x, fine=361)
    assert abs(fine.log_evidence - found.log_evidence) < found.error + 2e-4


def test_gradient_of_the_exact_elbo() -> None:
    precise = VAE(pixels=16, hidden=5, latent=2).double()
    x = torch.rand(16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.autograd.gradcheck(
        lambda mu, s: exact_elbo(precise, x, Normal(mu, s.exp()), 6),
        (
            torch.tensor([0.3, -0.2], dtype=torch.float64, requires_grad=True),
            torch.tensor([-0.5, 0.1], dtype=torch.float64, requires_grad=True),
        ),
    )


def test_regions_hold_the_mass_that_they_name() -> None:
    """A Gaussian has 1 - exp(-r^2 / 2) of its mass within r deviations in the plane."""
    found = grid_posterior(model(), image(0))
    line = torch.linspace(-5, 5, 201, dtype=torch.float64)
    squares = line[:, None].square() + line[None].square()
    gauss = type(found)(line, line, torch.exp(-0.5 * squares) / (2 * math.pi), 0.0, 0.0)
    ranks = gauss.mass_above()
    for radius in (1.0, 2.0):
        inside = float((squares < radius**2).sum()) * gauss.cell
        assert inside == pytest.approx(math.pi * radius**2, rel=0.02)
        edge = ranks[(squares - radius**2).abs() < 0.05]
        assert np.allclose(edge, 1 - math.exp(-(radius**2) / 2), atol=0.03)


def test_what_cannot_be_put_on_a_grid_is_said() -> None:
    with pytest.raises(ValueError, match="two dimensions"):
        grid_posterior(VAE(latent=3), image(0))
    with pytest.raises(ValueError, match="odd"):
        grid_posterior(model(), image(0), fine=10)
