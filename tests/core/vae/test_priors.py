"""Priors against torch.distributions, quadrature and their own samples."""

import math

import pytest
import torch
from scipy import integrate, stats
from torch.distributions import Categorical, Independent, MixtureSameFamily, kl_divergence
from torch.distributions import Normal as TorchNormal

from vae_core.families import Normal
from vae_core.vae.model import VAE
from vae_core.vae.priors import PRIORS, LearnedGaussian, Mixture, Prior, VampPrior, make_prior

DENSITIES = [name for name, entry in PRIORS.items() if not entry.discrete]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def prior_of(name: str, latent: int) -> Prior:
    """A prior away from its start, in double precision."""
    vae = VAE(pixels=6, hidden=5, latent=latent, gen=generator(1)).double()
    pictures = torch.rand(4, 6, generator=generator(2))
    prior = make_prior(name, latent, vae.encoder, pictures, generator(3)).double()
    with torch.no_grad():
        for index, weight in enumerate([*prior.parameters(), *vae.encoder.parameters()]):
            weight.add_(0.4 * normals(*weight.shape, seed=index))
    return prior


def reference(prior: Prior) -> torch.distributions.Distribution:
    """The same distribution, made of torch.distributions."""
    if isinstance(prior, Mixture):
        log_weights, each = prior.components()
        parts = Independent(TorchNormal(each.loc, each.scale), 1)
        return MixtureSameFamily(Categorical(logits=log_weights), parts)
    one = torch.ones(prior.latent, dtype=torch.float64)
    loc, scale = 0 * one, one
    if isinstance(prior, LearnedGaussian):
        loc, scale = prior.normal.loc, prior.normal.scale
    return Independent(TorchNormal(loc, scale), 1)


@pytest.mark.parametrize("latent", [1, 3])
@pytest.mark.parametrize("name", DENSITIES)
def test_log_density_is_that_of_torch_distributions(name, latent):
    prior, z = prior_of(name, latent), 2 * normals(5, 4, latent)
    torch.testing.assert_close(prior.log_prob(z), reference(prior).log_prob(z))
    each = prior.log_prob_per_dimension(z)
    assert each.shape == z.shape
    torch.testing.assert_close(each.sum(-1), prior.log_prob(z))


@pytest.mark.parametrize("name", DENSITIES)
def test_the_first_dimensions_share_is_its_marginal_density(name):
    """Integrated over the second dimension, as the chain rule says."""
    prior = prior_of(name, 2)
    at = 0.7
    marginal, _ = integrate.quad(
        lambda z2: prior.log_prob(torch.tensor([at, z2], dtype=torch.float64)).exp().item(),
        -20,
        20,
        limit=200,
    )
    first = prior.log_prob_per_dimension(torch.tensor([at, 5.0], dtype=torch.float64))[0]
    assert first.item() == pytest.approx(math.log(marginal), abs=1e-7)


@pytest.mark.parametrize("name", DENSITIES)
def test_samples_come_from_the_density(name):
    """Kolmogorov and Smirnov's test against the distribution function by quadrature, 1-D."""
    prior = prior_of(name, 1)
    with torch.no_grad():
        drawn = prior.sample(20_000, generator(8))
        grid = torch.linspace(-25, 25, 200_001, dtype=torch.float64)
        density = prior.log_prob(grid[:, None]).exp()
    cumulative = torch.cumulative_trapezoid(density, grid)
    assert cumulative[-1].item() == pytest.approx(1.0, abs=1e-6)

    def distribution(z):
        index = torch.searchsorted(grid, torch.as_tensor(z)).clamp(1, len(cumulative)) - 1
        return cumulative[index].numpy()

    assert stats.kstest(drawn[:, 0].numpy(), distribution).pvalue > 1e-3
    assert drawn.shape == (20_000, 1)


def test_the_closed_form_to_a_learned_gaussian_is_that_of_torch_distributions():
    prior = prior_of("gaussian", 3)
    q = Normal(normals(4, 3), normals(4, 3, seed=1).exp())
    expected = kl_divergence(
        TorchNormal(q.loc, q.scale), TorchNormal(prior.normal.loc, prior.normal.scale)
    )
    torch.testing.assert_close(prior.kl_per_dimension(q), expected)


@pytest.mark.parametrize("name", ["mixture", "vamp"])
def test_sampled_kl_to_a_mixture_agrees_with_quadrature(name):
    prior = prior_of(name, 1)
    loc, scale = 0.4, 0.6
    q = Normal(*(torch.tensor([[v]], dtype=torch.float64) for v in (loc, scale)))
    assert prior.kl_per_dimension(q) is None

    def integrand(z: float) -> float:
        log_q = stats.norm(loc, scale).logpdf(z)
        log_p = prior.log_prob(torch.tensor([z], dtype=torch.float64)).item()
        return math.exp(log_q) * (log_q - log_p)

    exact, _ = integrate.quad(integrand, loc - 10 * scale, loc + 10 * scale, limit=200)
    z = q.transform(q.base(100_000, generator(5)))
    draws = (q.log_prob(z) - prior.log_prob(z))[:, 0]
    error = draws.std() / math.sqrt(len(draws))
    assert abs((draws.mean() - exact) / error) < 4


def test_a_vamp_prior_is_the_mean_posterior_of_its_pseudo_inputs():
    vae = VAE(pixels=6, hidden=5, latent=2, prior="vamp", pseudo_inputs=torch.rand(4, 6)).double()
    z = normals(7, 2)
    posteriors = vae.encoder(vae.prior.pseudo_inputs)
    each = TorchNormal(posteriors.loc, posteriors.scale).log_prob(z[:, None]).sum(-1)
    torch.testing.assert_close(vae.prior.log_prob(z), each.exp().mean(1).log())
    assert isinstance(vae.prior, VampPrior)
    names = [name for name, _ in vae.named_parameters()]
    assert len(names) == len(set(names)) == 9
    assert "prior.pseudo_inputs" in names


def test_pseudo_inputs_stay_pictures():
    vae = VAE(pixels=6, hidden=5, latent=2, prior="vamp", pseudo_inputs=torch.full((4, 6), 7.0))
    white = VAE(pixels=6, hidden=5, latent=2, prior="vamp", pseudo_inputs=torch.ones(4, 6))
    z = torch.randn(3, 2, generator=generator())
    torch.testing.assert_close(vae.prior.log_prob(z), white.prior.log_prob(z))


@pytest.mark.parametrize("name", ["standard", "gaussian", "mixture"])
def test_priors_start_with_the_moments_of_the_standard_normal(name):
    prior = make_prior(name, 50, lambda x: x, torch.zeros(1, 1), generator(1))
    with torch.no_grad():
        drawn = prior.sample(4000, generator(2))
    assert drawn.mean().abs() < 0.05
    assert drawn.var().item() == pytest.approx(1.0, abs=0.1)
