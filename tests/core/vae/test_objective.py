"""The ELBO and its terms, against torch.distributions, quadrature and autograd."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Independent, kl_divergence
from torch.distributions import Normal as TorchNormal

from vae_core.estimators import ESTIMATORS
from vae_core.families import Normal
from vae_core.training.config import trainable
from vae_core.training.gradient_noise import gradient_noise
from vae_core.vae.model import VAE
from vae_core.vae.objective import (
    bernoulli_log_prob,
    elbo,
    iwae_bound,
    kl_per_dimension,
    kl_to_standard_normal,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_vae(latent: int = 1, pixels: int = 6) -> VAE:
    vae = VAE(pixels=pixels, hidden=5, latent=latent, gen=generator(3)).double()
    with torch.no_grad():
        for weight in vae.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator(4), dtype=weight.dtype) * 0.3)
    return vae


def images(count: int = 3, pixels: int = 6) -> torch.Tensor:
    return torch.rand(count, pixels, generator=generator(1), dtype=torch.float64).round()


def fewest(name: str) -> int:
    return ESTIMATORS[name].min_samples


def test_kl_is_that_of_torch_distributions():
    loc = torch.randn(4, 3, generator=generator(), dtype=torch.float64)
    scale = torch.rand(4, 3, generator=generator(1), dtype=torch.float64) * 3 + 0.01
    expected = kl_divergence(TorchNormal(loc, scale), TorchNormal(0.0, 1.0))
    torch.testing.assert_close(kl_per_dimension(Normal(loc, scale)), expected)
    torch.testing.assert_close(kl_to_standard_normal(Normal(loc, scale)), expected.sum(-1))


def test_log_prob_is_that_of_torch_distributions():
    logits = torch.randn(2, 3, 6, generator=generator(), dtype=torch.float64) * 4
    expected = Independent(Bernoulli(logits=logits), 1).log_prob(images().expand(2, -1, -1))
    torch.testing.assert_close(bernoulli_log_prob(images(), logits), expected)


def test_log_prob_stays_finite_at_huge_logits():
    logits = torch.tensor([[1e4, -1e4]])
    assert bernoulli_log_prob(torch.tensor([[1.0, 0.0]]), logits).item() == 0.0
    assert bernoulli_log_prob(torch.tensor([[0.0, 1.0]]), logits).item() == -2e4


def integrals(vae: VAE, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The exact ELBO and log p(x) of a 1-D latent by the trapezoid rule: (B,) each."""
    z = torch.linspace(-15, 15, 6001, dtype=torch.float64)[:, None, None].expand(-1, len(x), 1)
    q = vae.encoder(x)
    prior = TorchNormal(torch.zeros((), dtype=torch.float64), 1.0)
    log_joint = bernoulli_log_prob(x, vae.decoder(z)) + prior.log_prob(z).sum(-1)
    log_q = TorchNormal(q.loc, q.scale).log_prob(z).sum(-1)
    bound = torch.trapezoid(log_q.exp() * (log_joint - log_q), z[:, 0, 0], dim=0)
    return bound, torch.trapezoid(log_joint.exp(), z[:, 0, 0], dim=0).log()


@pytest.mark.parametrize("name", trainable())
def test_elbo_agrees_with_quadrature_whichever_estimator(name):
    vae, x, k = small_vae(), images(), 20_000
    exact, evidence = integrals(vae, x)
    terms = elbo(x, vae, ESTIMATORS[name], k, generator())
    draws = ESTIMATORS[name](
        lambda z: bernoulli_log_prob(x, vae.decoder(z)), vae.encoder(x), k, generator()
    )
    error = draws.std(0) / math.sqrt(k)
    assert (((terms.elbo - exact) / error).abs() < 4).all()
    assert (exact < evidence).all()
    torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)


@pytest.mark.parametrize("name", trainable())
def test_gradients_are_those_of_the_exact_elbo(name):
    """Encoder and decoder weights, by z-score over independent estimates."""
    vae, x = small_vae(), images()
    weights = list(vae.parameters())
    exact = torch.autograd.grad(integrals(vae, x)[0].mean(), weights)
    gen, draws = generator(7), []
    for _ in range(400):
        bound = elbo(x, vae, ESTIMATORS[name], max(fewest(name), 50), gen).elbo.mean()
        draws.append(torch.cat([g.flatten() for g in torch.autograd.grad(bound, weights)]))
    estimates = torch.stack(draws)
    error = estimates.std(0) / math.sqrt(len(draws))
    gap = (estimates.mean(0) - torch.cat([g.flatten() for g in exact])).abs()
    assert (gap <= 4.5 * error + 1e-7).all()


def test_importance_weighted_bound_rises_to_the_evidence():
    vae, x = small_vae(), images()
    exact, evidence = integrals(vae, x)
    means, errors = [], []
    for k in (1, 8, 64):
        draws = torch.stack([iwae_bound(x, vae, k, generator(seed)) for seed in range(300)])
        means.append(draws.mean(0))
        errors.append(draws.std(0) / math.sqrt(len(draws)))
    assert (means[0] < means[1]).all()
    assert (means[1] < means[2]).all()
    assert (means[2] < evidence + 4 * errors[2]).all()
    assert ((means[0] - exact).abs() < 4 * errors[0]).all()
    single = iwae_bound(x, vae, 200_000, generator())
    torch.testing.assert_close(single, evidence, atol=0.01, rtol=0)


def test_gradient_noise_agrees_with_the_draws_themselves():
    vae, x, name = small_vae(2), images(), trainable()[0]
    weights = list(vae.encoder.parameters())
    gen, draws = generator(5), []
    for _ in range(30):
        bound = elbo(x, vae, ESTIMATORS[name], 2, gen).elbo.mean()
        draws.append(torch.cat([g.flatten() for g in torch.autograd.grad(bound, weights)]))
    stacked = torch.stack(draws)
    noise = gradient_noise(x, vae, ESTIMATORS[name], 2, 30, generator(5))
    assert noise.variance == pytest.approx(stacked.var(0).sum().item())
    squared = stacked.mean(0).square().sum().item()
    assert noise.signal == pytest.approx(squared - noise.variance / 30)


def test_reinforce_is_noisier_and_a_baseline_helps():
    vae, x = small_vae(2), images()
    noise = {
        name: gradient_noise(x, vae, ESTIMATORS[name], 4, 200, generator()).variance
        for name in ("pathwise", "score_loo", "score")
    }
    assert noise["pathwise"] < noise["score_loo"] < noise["score"]


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="at least 2"):
        elbo(images(), small_vae(), ESTIMATORS["score_loo"], 1, generator())
