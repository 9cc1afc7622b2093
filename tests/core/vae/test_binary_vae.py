"""VAEs whose z are coins: bound and gradient by enumeration of all codes, and all that reads q."""

import itertools
import json
import math

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, kl_divergence

from vae_core.__main__ import main
from vae_core.estimators import ESTIMATORS
from vae_core.families import BernoulliByLogit
from vae_core.training.config import ConfigError, TrainConfig, priors_of, trainable
from vae_core.training.evaluate import evaluate, evidence, take_views
from vae_core.training.one_step import one_step
from vae_core.training.train import Diverged, fresh_model, train
from vae_core.vae.completion import complete
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.model import VAE
from vae_core.vae.objective import anatomy, elbo
from vae_core.vae.posterior import explained, grid_posterior, refine
from vae_core.vae.posteriors import POSTERIORS
from vae_core.vae.priors import PRIORS, FairCoins
from vae_core.vae.traversal import change_by_reconstruction, straight_path

pytestmark = pytest.mark.usefixtures("one_thread")

PIXELS, LATENT, BETA = 6, 3, 0.6
COINS = {"posterior": "bernoulli", "prior": "bernoulli"}
NAMES = trainable("bernoulli")
CALLS, ROWS = 40, 500
LOGITS = torch.tensor([0.4, -1.2, 2.0], dtype=torch.float64)
CODES = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LATENT)), dtype=torch.float64)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def small_vae() -> VAE:
    """Six pixels, three coins, and a decoder that each of them matters to, in double precision."""
    vae = VAE(PIXELS, 4, LATENT, gen=generator(3), **COINS).double()
    with torch.no_grad():
        for weight in vae.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator(4), dtype=weight.dtype))
    return vae


def image() -> torch.Tensor:
    return torch.rand(1, PIXELS, generator=generator(1), dtype=torch.float64).round()


class Given(nn.Module):
    """An encoder that gives the same coins for every image, each with logits of its own."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.logits = nn.Parameter(LOGITS.repeat(rows, 1))

    def forward(self, _x: torch.Tensor) -> BernoulliByLogit:
        return BernoulliByLogit(self.logits)


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """q of each of the codes, (8,)."""
    return Bernoulli(logits=logits).log_prob(CODES).sum(-1).exp()


def enumerated(vae: VAE, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Reconstruction and KL at the one image: sums over all codes."""
    q = probabilities(logits)
    fits = vae.log_prob_x(image(), CODES)
    return (q * fits).sum(), (q * (q.log() - LATENT * math.log(0.5))).sum()


def draws(name: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Bounds (N,), gradients in the logits (N, D), and means of those in theta (CALLS, P)."""
    vae, gen = small_vae(), generator(7)
    vae.encoder = Given(ROWS)
    theta, entry = list(vae.decoder.parameters()), ESTIMATORS[name]
    values, phi, by_theta = [], [], []
    for _ in range(CALLS):
        x = image().expand(ROWS, -1)
        terms = elbo(x, vae, entry, entry.min_samples, gen, BETA)
        found = torch.autograd.grad(terms.elbo.sum(), [vae.encoder.logits, *theta])
        values.append((terms.reconstruction - terms.kl).detach())
        torch.testing.assert_close(terms.elbo.detach(), values[-1])
        phi.append(found[0])
        by_theta.append(torch.cat([g.flatten() for g in found[1:]]) / ROWS)
    return torch.cat(values), torch.cat(phi), torch.stack(by_theta)


def z_scores(found: torch.Tensor, exact: torch.Tensor) -> torch.Tensor:
    error = found.std(0) / math.sqrt(len(found))
    return (found.mean(0) - exact).abs() / (error + 1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_bound_and_gradients_are_those_of_all_codes(name):
    """In the encoder's logits: unbiased ones by z-score, biased ones shown to be biased."""
    vae, logits = small_vae(), LOGITS.clone().requires_grad_()
    reconstruction, kl = enumerated(vae, logits)
    climbed = reconstruction - BETA * kl
    in_logits, *in_theta = torch.autograd.grad(climbed, [logits, *vae.decoder.parameters()])
    values, phi, theta = draws(name)
    assert z_scores(values, (reconstruction - kl).detach()) < 4.5
    assert (z_scores(theta, torch.cat([g.flatten() for g in in_theta])) < 4.5).all()
    scores = z_scores(phi, in_logits)
    assert (scores < 4.5).all() if ESTIMATORS[name].unbiased else scores.max() > 8.0


def test_straight_through_has_the_mean_of_the_slopes():
    """p (1 - p) times the mean slope at the codes: a definite other number."""
    vae = small_vae()
    at = CODES.clone().requires_grad_()
    (slopes,) = torch.autograd.grad(vae.log_prob_x(image(), at).sum(), at)
    p = LOGITS.sigmoid()
    pretended = p * (1.0 - p) * (probabilities(LOGITS).unsqueeze(-1) * slopes).sum(0)
    logits = LOGITS.clone().requires_grad_()
    _, kl = enumerated(vae, logits)
    (by_kl,) = torch.autograd.grad(kl, logits)
    _, phi, _ = draws("straight_through")
    assert (z_scores(phi, pretended - BETA * by_kl) < 4.5).all()


def test_kl_prior_and_draws_are_those_of_torch():
    q = BernoulliByLogit(torch.linspace(-6, 6, 12, dtype=torch.float64).view(4, 3))
    prior = FairCoins(3)
    half = Bernoulli(probs=torch.full((4, 3), 0.5, dtype=torch.float64))
    expected = kl_divergence(Bernoulli(logits=q.logit), half)
    torch.testing.assert_close(prior.kl_per_dimension(q), expected)
    p = q.logit.sigmoid()
    written = (math.log(2.0) + p * p.log() + (1.0 - p) * (1.0 - p).log()).sum(-1)
    torch.testing.assert_close(written, expected.sum(-1))
    assert (written <= 3 * math.log(2.0)).all()
    torch.testing.assert_close(
        prior.log_prob(CODES), torch.full((8,), -3 * math.log(2.0), dtype=torch.float64)
    )
    drawn = prior.sample(40_000, generator(2))
    assert drawn.unique().tolist() == [0.0, 1.0]
    assert ((drawn.mean(0) - 0.5).abs() * 2.0 * math.sqrt(len(drawn)) < 4.5).all()
    extreme = BernoulliByLogit(torch.tensor([[-80.0, 0.0, 80.0]]))
    kl = prior.kl_per_dimension(extreme)
    torch.testing.assert_close(kl, torch.tensor([[math.log(2.0), 0.0, math.log(2.0)]]))
    assert extreme.mode.tolist() == [[0.0, 0.0, 1.0]]


def test_judging_and_weighing_agree_with_all_codes():
    """After a short training: log p(x), and the bound below it, over eight codes."""
    config = TrainConfig("disarm", latent=LATENT, batch=50, epochs=20, targets="binary", **COINS)
    data = load_mnist().first(500, 100)
    *_, last = train(config, data, noise_share=0.0)
    vae = last.checkpoint.model(config)
    tossed = data.test_images[:20].ge(128).mul(255).byte()
    x, codes = as_unit(tossed), CODES.float().unsqueeze(1).expand(-1, 20, -1)
    with torch.no_grad():
        fits, q = vae.log_prob_x(x, codes), vae.encoder(x)
        exact = torch.logsumexp(fits - LATENT * math.log(2.0), 0)
        weights = q.log_prob(codes).exp()
        bound = (weights * (fits - q.log_prob(codes))).sum(0) - LATENT * math.log(2.0)
    assert evidence(vae, tossed, 4000).log_prob == pytest.approx(exact.mean().item(), abs=0.05)
    judged = evaluate(vae, tossed.repeat(200, 1)).bound
    assert judged.elbo == pytest.approx(bound.mean().item(), abs=0.3)
    assert judged.elbo < exact.mean()
    assert 0.5 * LATENT * math.log(2.0) < judged.kl <= LATENT * math.log(2.0)  # it uses its coins


def test_pictures_are_of_the_likelier_code_and_coins_make_no_map():
    data = load_mnist().first(50, 50)
    vae = fresh_model(TrainConfig("arm", hidden=8, latent=2, **COINS), data)
    views = take_views(vae, data.test_images, data.test_labels)
    assert views.latent_means is None
    with torch.no_grad():
        x = torch.from_numpy(views.originals)
        code = (vae.encoder(x).mean > 0.5).float()
        torch.testing.assert_close(torch.from_numpy(views.reconstructions), vae.mean_of_x(code))
        change = (vae.mean_of_x(code) - x).square().mean(-1).sqrt()
    torch.testing.assert_close(change_by_reconstruction(vae, x), change)


def test_completing_tosses_the_coins():
    vae = VAE(hidden=8, latent=3, **COINS)
    x, visible = torch.rand(784, generator=generator(1)), torch.rand(2, 784) < 0.5
    seen = complete(vae, x, visible, 1, 4, generator(6))
    gen = generator(6)
    start = torch.where(visible[:, None], x, torch.rand((4, 784), generator=gen))
    u = torch.rand((4, 3), generator=gen)
    with torch.no_grad():
        z = (u < vae.encoder(start).mean).float()
        expected = torch.where(visible[:, None], x, vae.mean_of_x(z))
    torch.testing.assert_close(seen[1], expected)


@pytest.mark.parametrize(
    "work",
    [
        refine,
        lambda vae, x: explained(vae, x, 10),
        grid_posterior,
        lambda vae, x: anatomy(x, vae, torch.zeros(1, 2)),
        lambda vae, x: straight_path(vae, x, x, torch.zeros(1)),
    ],
)
def test_what_is_worked_out_for_a_bell_says_so(work):
    vae, x = VAE(hidden=8, latent=2, **COINS), torch.rand(784)
    with pytest.raises(ValueError, match=r"worked out for a .*Bernoulli: z of zeros and ones"):
        work(vae, x)


def test_a_prior_of_another_kind_of_z_is_refused():
    for posterior, prior in itertools.product(POSTERIORS, PRIORS):
        words = {"posterior": posterior, "prior": prior, "estimator": trainable(posterior)[0]}
        if prior in priors_of(posterior):
            assert TrainConfig(**words).prior == prior
        else:
            with pytest.raises(ConfigError, match=f"posterior {posterior} .* prior {prior} draws"):
                TrainConfig(**words)
            with pytest.raises(ValueError, match="draws no z"):
                VAE(PIXELS, 4, 2, posterior=posterior, prior=prior)
    assert TrainConfig("arm", posterior="bernoulli") == TrainConfig("arm", **COINS)


def test_the_shell_trains_saves_and_judges_one_and_says_what_does_not_fit(tmp_path, capsys):
    quick = ["train", "--epochs", "0.02", "--hidden", "8", "--latent", "2", "--json"]
    path = str(tmp_path / "coins.safetensors")
    coins = [*quick, "--posterior", "bernoulli"]
    assert main([*coins, "--estimator", "disarm", "--save", path]) == 0
    assert main(["evaluate", path, "--samples", "5", "--images", "5", "--json"]) == 0
    judged = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert 0.0 <= judged["elbo"]["kl"] <= 2 * math.log(2.0)
    assert main(coins) == 2
    assert "needs a z that moves" in capsys.readouterr().err
    assert main([*coins, "--estimator", "arm", "--prior", "mixture"]) == 2
    assert "KL is infinite. Choose one of: bernoulli." in capsys.readouterr().err


def test_a_step_is_taken_apart_for_a_bell_and_a_blow_up_is_told():
    config = TrainConfig("arm", hidden=8, latent=2, epochs=1, **COINS)
    data = load_mnist().first(200, 50)
    *_, last = train(config, data, noise_share=0.0)
    with pytest.raises(ConfigError, match="posterior diagonal"):
        one_step(config, last.checkpoint, config.settings, data)
    *_, end = train(TrainConfig("arm", learning_rate=1e4, epochs=20, **COINS), data)
    assert isinstance(end, Diverged)
