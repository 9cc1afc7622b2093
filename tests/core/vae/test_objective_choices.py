"""The ELBO and its gradient under every prior, likelihood, estimator and beta; the IWAE's too."""

import math

import pytest
import torch

from vae_core.estimators import ESTIMATORS, taking
from vae_core.training.config import priors_of
from vae_core.training.gradient_noise import gradient_noise
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.model import VAE
from vae_core.vae.objective import Terms, elbo, iwae_bound, iwae_terms

PIXELS = 6
NORMALS = taking("normal")
UNBIASED = [n for n, e in NORMALS.items() if e.unbiased and not e.needs_smooth_slope]
BENT = [n for n, e in NORMALS.items() if e.needs_smooth_slope]  # a decoder of ReLUs has kinks
PAIRS = [
    *((name, prior) for name in UNBIASED for prior in ("standard", "mixture")),
    *((name, prior) for name in ("pathwise", "score", "stl") for prior in ("gaussian", "vamp")),
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_vae(prior: str = "standard", likelihood: str = "bernoulli") -> VAE:
    """Six pixels, a 1-D latent and random weights, in double precision."""
    pictures = torch.rand(3, PIXELS, generator=generator(2))
    vae = VAE(
        pixels=PIXELS,
        hidden=4,
        latent=1,
        gen=generator(3),
        depth=2,
        likelihood=likelihood,
        noise=0.4,
        prior=prior,
        pseudo_inputs=pictures,
    ).double()
    with torch.no_grad():
        for weight in (*vae.encoder.parameters(), *vae.decoder.parameters()):
            weight.add_(torch.randn(weight.shape, generator=generator(4), dtype=weight.dtype) * 0.3)
    return vae


def images(count: int = 3) -> torch.Tensor:
    return torch.rand(count, PIXELS, generator=generator(1), dtype=torch.float64).round()


def integrals(vae: VAE, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Exact reconstruction, KL and log p(x) of a 1-D latent by the trapezoid rule: (B,) each."""
    grid = torch.linspace(-12, 12, 1601, dtype=torch.float64)
    z = grid[:, None, None].expand(-1, len(x), 1)
    q = vae.encoder(x)
    fit, log_p, log_q = vae.log_prob_x(x, z), vae.prior.log_prob(z), q.log_prob(z)
    reconstruction = torch.trapezoid(log_q.exp() * fit, grid, dim=0)
    kl = torch.trapezoid(log_q.exp() * (log_q - log_p), grid, dim=0)
    return reconstruction, kl, torch.trapezoid((fit + log_p).exp(), grid, dim=0).log()


def flat(gradients: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return torch.cat([g.flatten() for g in gradients])


def assert_mean(draws: torch.Tensor, exact: torch.Tensor, most: float = 4.5) -> None:
    """By z-score, for each column of the draws."""
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - exact).abs() <= most * error + 2e-6).all()


def draws_of(vae: VAE, name: str, beta: float, repeats: int) -> tuple[torch.Tensor, Terms]:
    """Gradients of the mean ELBO in all weights, one a row, and the terms of all draws."""
    x, weights, gen = images(), list(vae.parameters()), generator(7)
    k = max(ESTIMATORS[name].min_samples, 8)
    gradients, terms = [], []
    for _ in range(repeats):
        found = elbo(x, vae, ESTIMATORS[name], k, gen, beta)
        gradients.append(flat(torch.autograd.grad(found.elbo.mean(), weights)))
        terms.append(torch.stack((found.elbo, found.reconstruction, found.kl)).detach())
    return torch.stack(gradients), Terms(*torch.stack(terms).unbind(1))


@pytest.mark.parametrize(("name", "prior"), PAIRS)
def test_values_and_gradients_are_those_of_the_exact_bound(name, prior):
    """Encoder, decoder and prior weights; beta weighs the KL in the gradient, never in values."""
    vae, beta = small_vae(prior), 0.6
    reconstruction, kl, _ = integrals(vae, images())
    objective = (reconstruction - beta * kl).mean()
    exact = flat(torch.autograd.grad(objective, list(vae.parameters())))
    gradients, terms = draws_of(vae, name, beta, 120)
    assert_mean(gradients, exact)
    assert_mean(terms.reconstruction, reconstruction)
    assert_mean(terms.kl, kl)
    torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)


@pytest.mark.parametrize("name", BENT)
def test_a_decoder_of_relus_hides_its_curvature(name):
    """Each piece is straight, so what bends it sits in the kinks, and the estimate is far off."""
    vae = small_vae()
    reconstruction, kl, _ = integrals(vae, images())
    exact = flat(torch.autograd.grad((reconstruction - kl).mean(), list(vae.parameters())))
    gradients, terms = draws_of(vae, name, 1.0, 120)
    assert_mean(terms.reconstruction, reconstruction)
    error = gradients.std(0) / math.sqrt(len(gradients))
    assert ((gradients.mean(0) - exact).abs() / error.clamp_min(1e-9)).max() > 10.0


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_bound_holds_for_every_likelihood(likelihood):
    vae = small_vae("mixture", likelihood)
    reconstruction, kl, evidence = integrals(vae, images())
    objective = (reconstruction - kl).mean()
    exact = flat(torch.autograd.grad(objective, list(vae.parameters())))
    gradients, terms = draws_of(vae, "pathwise", 1.0, 120)
    assert_mean(gradients, exact)
    assert_mean(terms.elbo, reconstruction - kl)
    assert (reconstruction - kl < evidence).all()


def test_the_checks_see_a_wrong_beta():
    vae = small_vae("mixture")
    reconstruction, kl, _ = integrals(vae, images())
    exact = flat(torch.autograd.grad((reconstruction - kl).mean(), list(vae.parameters())))
    gradients, _ = draws_of(vae, "pathwise", 0.6, 120)
    with pytest.raises(AssertionError):
        assert_mean(gradients, exact)


def test_sticking_the_landing_has_no_noise_where_q_is_the_posterior():
    """With a decoder that ignores z, the posterior is the prior; q is set to be it."""
    vae = small_vae("standard")
    with torch.no_grad():
        vae.decoder.hidden.weight.zero_()
        vae.encoder.parameters_of_q.weight.zero_()
        vae.encoder.parameters_of_q.bias.zero_()
    for name, quiet in (("stl", True), ("pathwise_antithetic", True), ("score", False)):
        noise = gradient_noise(images(), vae, ESTIMATORS[name], 2, 20, generator())
        assert (noise.variance < 1e-20) == quiet, name


def test_a_single_sample_of_the_importance_weighted_bound_is_the_sampled_elbo():
    vae = small_vae("mixture")
    x, weights = images(), list(vae.parameters())
    single = iwae_terms(x, vae, 1, generator(5))
    plain = elbo(x, vae, ESTIMATORS["pathwise"], 1, generator(5))
    for ours, theirs in zip(vars(single).values(), vars(plain).values(), strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        flat(torch.autograd.grad(single.elbo.mean(), weights)),
        flat(torch.autograd.grad(plain.elbo.mean(), weights)),
    )
    torch.testing.assert_close(iwae_bound(x, vae, 1, generator(5)), single.elbo)


@pytest.mark.parametrize("prior", priors_of("diagonal"))
def test_the_importance_weighted_bound_rises_with_k_to_the_evidence(prior):
    vae, x = small_vae(prior), images()
    reconstruction, kl, evidence = integrals(vae, x)
    with torch.no_grad():
        means = []
        for k in (1, 8, 64):
            draws = torch.stack([iwae_bound(x, vae, k, generator(seed)) for seed in range(400)])
            means.append(draws.mean(0))
            assert (draws.mean(0) < evidence + 4 * draws.std(0) / 20).all()
            if k == 1:
                assert_mean(draws, reconstruction - kl)
        assert (means[0] < means[1]).all()
        assert (means[1] < means[2]).all()


def test_the_importance_weighted_gradient_is_that_of_its_bound():
    """Of E log mean w at K = 2, by quadrature over both samples; the values stay the ELBO's."""
    vae, x, beta = small_vae("mixture"), images(2), 0.7
    eps = torch.linspace(-7, 7, 281, dtype=torch.float64)
    weight = torch.exp(-0.5 * eps.square()) / math.sqrt(2 * math.pi) * (eps[1] - eps[0])
    q = vae.encoder(x)
    z = q.transform(eps[:, None, None].expand(-1, len(x), 1))
    log_w = vae.log_prob_x(x, z) + beta * (vae.prior.log_prob(z) - q.log_prob(z))
    both = torch.logaddexp(log_w[:, None], log_w[None]) - math.log(2)
    bound = torch.einsum("i,j,ijb->b", weight, weight, both).mean()
    exact = flat(torch.autograd.grad(bound, list(vae.parameters())))
    gen, draws, values = generator(9), [], []
    for _ in range(1000):
        terms = iwae_terms(x, vae, 2, gen, beta)
        draws.append(flat(torch.autograd.grad(terms.elbo.mean(), list(vae.parameters()))))
        values.append(terms.elbo.detach())
    assert_mean(torch.stack(draws), exact)
    reconstruction, kl, _ = integrals(vae, x)
    assert_mean(torch.stack(values), reconstruction - kl)
