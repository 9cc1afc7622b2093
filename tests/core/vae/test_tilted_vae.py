"""VAEs whose q is tilted: bound and gradient by quadrature on a plane, and all that reads q."""

import math

import pytest
import torch

from vae_core.estimators import ESTIMATORS
from vae_core.training.config import ConfigError, TrainConfig
from vae_core.training.evaluate import evaluate, evidence
from vae_core.training.one_step import one_step
from vae_core.training.train import train
from vae_core.vae.completion import complete
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.objective import anatomy, elbo, iwae_terms
from vae_core.vae.posterior import explained, grid_posterior, refine, rewritten
from vae_core.vae.posterior.amortize import compare
from vae_core.vae.posteriors import POSTERIORS

pytestmark = pytest.mark.usefixtures("one_thread")

PIXELS, BETA = 6, 0.6
GAUSSIANS = [name for name, kind in POSTERIORS.items() if not kind.family.discrete]
TILTED = [name for name in GAUSSIANS if name != "diagonal"]
CASES = [
    *((name, "standard", "pathwise") for name in GAUSSIANS),
    *(
        (name, "standard", estimator)
        for name in TILTED
        for estimator in ("score", "score_loo", "vargrad", "stl")
    ),
    *((name, prior, "pathwise") for name in TILTED for prior in ("gaussian", "mixture", "vamp")),
    *((name, "vamp", "score_loo") for name in TILTED),
]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_vae(posterior: str, prior: str = "standard") -> VAE:
    """Six pixels, a plane of z, and random weights that tilt q well, in double precision."""
    pictures = torch.rand(3, PIXELS, generator=generator(2))
    vae = VAE(
        PIXELS,
        4,
        2,
        gen=generator(3),
        prior=prior,
        posterior=posterior,
        pseudo_inputs=pictures,
    ).double()
    with torch.no_grad():
        for weight in (*vae.encoder.parameters(), *vae.decoder.parameters()):
            weight.add_(
                torch.randn(weight.shape, generator=generator(4), dtype=weight.dtype) * 0.25
            )
        vae.encoder.parameters_of_q.weight[4:].mul_(4.0)
    return vae


def images(count: int = 2) -> torch.Tensor:
    return torch.rand(count, PIXELS, generator=generator(1), dtype=torch.float64).round()


def integrals(vae: VAE, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Exact reconstruction and KL on a grid over the plane: (B,) each."""
    line = torch.linspace(-16, 16, 321, dtype=torch.float64)
    z = torch.cartesian_prod(line, line)[:, None, :].expand(-1, len(x), 2)
    log_q = vae.encoder(x).log_prob(z)
    mass = log_q.exp() * (line[1] - line[0]) ** 2
    assert (mass.sum(0) - 1.0).abs().max() < 1e-6
    kl = (mass * (log_q - vae.prior.log_prob(z))).sum(0)
    return (mass * vae.log_prob_x(x, z)).sum(0), kl


def flat(gradients: tuple[torch.Tensor, ...]) -> torch.Tensor:
    return torch.cat([g.flatten() for g in gradients])


def assert_mean(draws: torch.Tensor, exact: torch.Tensor) -> None:
    """By z-score, for each column of the draws."""
    error = draws.std(0) / math.sqrt(len(draws))
    assert ((draws.mean(0) - exact).abs() <= 4.5 * error + 2e-6).all()


@pytest.mark.parametrize(("posterior", "prior", "estimator"), CASES)
def test_values_and_gradients_are_those_of_the_exact_bound(posterior, prior, estimator):
    """In all weights, those that tilt q among them; beta weighs the KL in the gradient alone."""
    vae, x, gen = small_vae(posterior, prior), images(), generator(7)
    weights, entry = list(vae.parameters()), ESTIMATORS[estimator]
    reconstruction, kl = integrals(vae, x)
    exact = flat(torch.autograd.grad((reconstruction - BETA * kl).mean(), weights))
    gradients, values = [], []
    for _ in range(150):
        terms = elbo(x, vae, entry, max(entry.min_samples, 8), gen, BETA)
        gradients.append(flat(torch.autograd.grad(terms.elbo.mean(), weights)))
        values.append(torch.cat((terms.reconstruction, terms.kl)).detach())
    assert_mean(torch.stack(gradients), exact)
    assert_mean(torch.stack(values), torch.cat((reconstruction, kl)))


@pytest.mark.parametrize("posterior", TILTED)
def test_the_check_sees_a_tilt_that_is_left_out(posterior):
    vae, x = small_vae(posterior), images()
    reconstruction, kl = integrals(vae, x)
    with torch.no_grad():
        vae.encoder.parameters_of_q.weight[4:] = 0.0
        vae.encoder.parameters_of_q.bias[4:] = 0.0
        gen, entry = generator(7), ESTIMATORS["pathwise"]
        draws = torch.stack([elbo(x, vae, entry, 8, gen).elbo for _ in range(150)])
    with pytest.raises(AssertionError):
        assert_mean(draws, reconstruction - kl)


@pytest.mark.parametrize("posterior", TILTED)
def test_one_sample_of_the_importance_weighted_bound_is_the_sampled_elbo(posterior):
    vae, x = small_vae(posterior, "mixture"), images()
    single = iwae_terms(x, vae, 1, generator(5))
    plain = elbo(x, vae, ESTIMATORS["pathwise"], 1, generator(5))
    torch.testing.assert_close(single.elbo, plain.elbo)
    torch.testing.assert_close(single.kl, plain.kl)


@pytest.mark.parametrize("posterior", TILTED)
def test_very_many_samples_of_a_matrix_need_no_score_of_each(posterior):
    """D = 64 and ten thousand samples: their scores alone would be 160 MB, twice over."""
    vae = VAE(PIXELS, 4, 64, posterior=posterior)
    x = torch.rand(100, PIXELS, generator=generator(1))
    terms = elbo(x, vae, ESTIMATORS["score_loo"], 100, generator(2))
    gradient = torch.autograd.grad(terms.elbo.mean(), list(vae.parameters()))
    assert flat(gradient).isfinite().all()


@pytest.mark.parametrize("posterior", GAUSSIANS)
def test_judging_and_weighing_agree_with_a_grid(posterior):
    """After a short training on the plane: log p(x), and the bound below it."""
    config = TrainConfig(
        hidden=32, latent=2, batch=50, epochs=30, seed=3, targets="binary", posterior=posterior
    )
    data = load_mnist().first(500, 100)
    *_, last = train(config, data, noise_share=0.0)
    vae = last.checkpoint.model(config)
    tossed = data.test_images[:3].ge(128).mul(255).byte()
    exact = [grid_posterior(vae, as_unit(each)).log_evidence for each in tossed]
    found = evidence(vae, tossed, 4000)
    assert -0.25 < found.log_prob - sum(exact) / 3 < 0.05  # below, by what 4000 draws leave
    told = explained(vae, as_unit(tossed[0]), 4000)
    assert told.log_evidence == pytest.approx(exact[0], abs=5.0 * told.evidence_error + 0.02)
    judged = evaluate(vae, tossed.repeat(200, 1))
    assert judged.bound.elbo < sum(exact) / 3
    assert judged.kl_per_dimension.sum() == pytest.approx(judged.bound.kl, rel=1e-5)


@pytest.mark.parametrize("posterior", TILTED)
def test_completing_draws_z_from_the_whole_q(posterior):
    vae = VAE(hidden=8, latent=3, posterior=posterior)
    with torch.no_grad():
        vae.encoder.parameters_of_q.weight[6:].mul_(20.0)
    x, visible = torch.rand(784, generator=generator(1)), torch.rand(2, 784) < 0.5
    seen = complete(vae, x, visible, 1, 4, generator(6))
    gen = generator(6)
    start = torch.where(visible[:, None], x, torch.rand((4, 784), generator=gen))
    eps = torch.randn((4, 3), generator=gen)
    with torch.no_grad():
        q = vae.encoder(start)
        z = q.loc + torch.einsum("vcij,cj->vci", q.lower_triangle, eps)
        expected = torch.where(visible[:, None], x, vae.mean_of_x(z))
    torch.testing.assert_close(seen[1], expected)


@pytest.mark.parametrize("work", [refine, rewritten])
def test_what_is_worked_out_for_an_upright_bell_says_so(work):
    vae, x = VAE(hidden=8, latent=2, posterior="full"), torch.rand(784)
    with pytest.raises(ValueError, match="worked out for a diagonal q"):
        work(vae, x)


def test_so_do_the_anatomy_and_the_thousand_images():
    vae = VAE(hidden=8, latent=2, posterior="rank_one")
    with pytest.raises(ValueError, match="Diagonal plus rank one"):
        anatomy(torch.rand(784), vae, torch.zeros(1, 2))
    with pytest.raises(ValueError, match="Diagonal plus rank one"):
        compare(vae, torch.rand(2, 784))


def test_a_step_is_taken_apart_for_a_diagonal_q_alone():
    config = TrainConfig(hidden=8, latent=2, posterior="full", epochs=1)
    data = load_mnist().first(200, 50)
    *_, last = train(config, data, noise_share=0.0)
    with pytest.raises(ConfigError, match=r"posterior diagonal.*this run's is full"):
        one_step(config, last.checkpoint, config.settings, data)
