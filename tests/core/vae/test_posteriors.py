"""What q(z|x) can be, against torch.distributions, autograd, finite differences and draws."""

import math

import pytest
import torch
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal, kl_divergence

from vae_core.families import Gaussian, Normal
from vae_core.vae.model import VAE
from vae_core.vae.objective import kl_to_standard_normal
from vae_core.vae.posteriors import POSTERIORS, outputs_of_encoder, rank_one
from vae_core.vae.priors import LearnedGaussian, kl_per_dimension

SIZES = [1, 2, 5]
BATCH = 3
TILTED = ["rank_one", "full"]
GAUSSIANS = [name for name, kind in POSTERIORS.items() if not kind.family.discrete]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normals(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=generator(seed), dtype=torch.float64)


def made(name: str, outputs: torch.Tensor, size: int) -> Gaussian:
    """What an encoder of this kind makes of its last layer's outputs."""
    found = POSTERIORS[name].make(outputs, size)
    assert isinstance(found, Gaussian)
    return found


def outputs_of(name: str, size: int, seed: int = 0) -> torch.Tensor:
    return 0.8 * normals(BATCH, outputs_of_encoder(name, size), seed=seed)


def posterior(name: str, size: int, seed: int = 0) -> Gaussian:
    return made(name, outputs_of(name, size, seed), size)


def reference(name: str, outputs: torch.Tensor, size: int) -> torch.distributions.Distribution:
    """The same distribution, put together from the outputs in torch's own words."""
    mu, log_sigma, tilt = outputs.split((size, size, outputs.shape[-1] - 2 * size), -1)
    variance = (2.0 * log_sigma).exp()
    if name == "rank_one":
        factor = (log_sigma.exp() * tilt).unsqueeze(-1)
        return LowRankMultivariateNormal(mu, factor, variance)
    tril = torch.diag_embed(log_sigma.exp())
    if name == "full":
        at = 0
        for row in range(size):
            for column in range(row):
                tril[:, row, column] = log_sigma[:, row].exp() * tilt[:, at]
                at += 1
    return MultivariateNormal(mu, scale_tril=tril)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", GAUSSIANS)
def test_the_log_density_is_that_of_torch(name, size):
    q, z = posterior(name, size), 2.0 * normals(4, BATCH, size, seed=1)
    expected = reference(name, outputs_of(name, size), size)
    torch.testing.assert_close(q.log_prob(z), expected.log_prob(z), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_the_shares_of_the_density_are_conditional_ones(name):
    """log q(z_1 ... z_d) of the marginal in torch, for every d."""
    q, z = posterior(name, 4), normals(6, BATCH, 4, seed=1)
    covariance = q.lower_triangle @ q.lower_triangle.mT
    shares = q.log_prob_per_dimension(z)
    assert shares.shape == z.shape
    for d in range(1, 5):
        marginal = MultivariateNormal(q.loc[:, :d], covariance[:, :d, :d])
        torch.testing.assert_close(shares[..., :d].sum(-1), marginal.log_prob(z[..., :d]))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", GAUSSIANS)
def test_the_triangle_is_choleskys_and_its_parts_fit(name, size):
    q, law = posterior(name, size), reference(name, outputs_of(name, size), size)
    triangle = torch.linalg.cholesky(law.covariance_matrix)
    torch.testing.assert_close(q.lower_triangle, triangle)
    torch.testing.assert_close(q.variance, law.variance)
    torch.testing.assert_close(q.conditional_scale, triangle.diagonal(dim1=-2, dim2=-1))
    eps = q.base(7, generator(2))
    z = q.transform(eps)
    torch.testing.assert_close(z, q.loc + torch.einsum("bij,kbj->kbi", triangle, eps))
    torch.testing.assert_close(q.inverse(z), eps)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", GAUSSIANS)
def test_the_kl_is_that_of_torch(name, size):
    q, law = posterior(name, size), reference(name, outputs_of(name, size), size)
    law = MultivariateNormal(law.mean, law.covariance_matrix)
    zero = torch.zeros(size, dtype=torch.float64)
    standard = MultivariateNormal(zero, torch.eye(size, dtype=torch.float64))
    torch.testing.assert_close(kl_to_standard_normal(q), kl_divergence(law, standard))
    learned = LearnedGaussian(size).double()
    with torch.no_grad():
        learned.loc.copy_(normals(size, seed=3))
        learned.log_scale.copy_(0.5 * normals(size, seed=4))
    other = MultivariateNormal(learned.loc, torch.diag(learned.normal.variance))
    torch.testing.assert_close(learned.kl_per_dimension(q).sum(-1), kl_divergence(law, other))


def test_the_kl_and_the_determinant_as_the_lesson_writes_them():
    size = 3
    outputs = outputs_of("rank_one", size)
    mu, log_sigma, t = outputs.split(size, -1)
    q, law = made("rank_one", outputs, size), reference("rank_one", outputs, size)
    covariance = torch.diag_embed((2.0 * log_sigma).exp()) + torch.einsum(
        "bi,bj->bij", log_sigma.exp() * t, log_sigma.exp() * t
    )
    torch.testing.assert_close(covariance, law.covariance_matrix)
    triangle = q.lower_triangle
    torch.testing.assert_close(triangle @ triangle.mT, covariance)
    log_det = 2.0 * triangle.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    torch.testing.assert_close(log_det, torch.logdet(covariance))
    torch.testing.assert_close(log_det, 2.0 * log_sigma.sum(-1) + (1.0 + t.square().sum(-1)).log())
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(-1)
    written = 0.5 * (mu.square().sum(-1) + trace - size - log_det)
    standard = MultivariateNormal(torch.zeros_like(mu), torch.eye(size, dtype=mu.dtype))
    exact = kl_divergence(MultivariateNormal(mu, covariance), standard)
    torch.testing.assert_close(written, exact)
    torch.testing.assert_close(kl_to_standard_normal(q), exact)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_a_dimensions_share_of_the_kl_is_what_it_adds_to_those_before(name):
    q = posterior(name, 4)
    covariance, shares = q.lower_triangle @ q.lower_triangle.mT, kl_per_dimension(q)
    for d in range(1, 5):
        marginal = MultivariateNormal(q.loc[:, :d], covariance[:, :d, :d])
        standard = MultivariateNormal(0.0 * q.loc[:, :d], torch.eye(d, dtype=torch.float64))
        torch.testing.assert_close(shares[:, :d].sum(-1), kl_divergence(marginal, standard))
    assert (shares > 0.0).all()


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("name", GAUSSIANS)
def test_gradients_are_those_of_finite_differences(name, size):
    """Of z, of log q at a fixed z, and of the KL, in all that the encoder gives."""
    z, eps = normals(2, BATCH, size, seed=1), normals(2, BATCH, size, seed=2)
    outputs = outputs_of(name, size).requires_grad_()

    def told(values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        q = made(name, values, size)
        return q.transform(eps), q.log_prob(z), kl_to_standard_normal(q)

    assert torch.autograd.gradcheck(told, (outputs,))


@pytest.mark.parametrize("name", TILTED)
def test_the_scores_sample_by_sample_are_autograds_own(name):
    q, z = posterior(name, 3), normals(4, BATCH, 3, seed=1)
    found = q.scores(z)
    for k in range(4):
        leaves = {key: p.detach().clone().requires_grad_() for key, p in q.parameters.items()}
        law = (
            LowRankMultivariateNormal(
                leaves["loc"],
                (leaves["own"] * leaves["tilt"]).unsqueeze(-1),
                leaves["own"].square(),
            )
            if name == "rank_one"
            else MultivariateNormal(leaves["loc"], scale_tril=leaves["scale_tril"])
        )
        exact = torch.autograd.grad(law.log_prob(z[k]).sum(), list(leaves.values()))
        for key, gradient in zip(leaves, exact, strict=True):
            torch.testing.assert_close(
                found[key][k].tril() if gradient.dim() > 2 else found[key][k],
                gradient.tril() if gradient.dim() > 2 else gradient,
            )


@pytest.mark.parametrize("name", GAUSSIANS)
def test_draws_have_the_mean_and_covariance(name):
    """By z-score, each entry; and a covariance of other outputs is told from it."""
    count, q = 40_000, posterior(name, 3)
    off = q.transform(q.base(count, generator(5))) - q.loc
    products = off.unsqueeze(-1) * off.unsqueeze(-2)

    def scores(covariance: torch.Tensor) -> torch.Tensor:
        return (products.mean(0) - covariance).abs() / products.std(0) * math.sqrt(count)

    assert (off.mean(0).abs() / off.std(0) * math.sqrt(count) < 4.5).all()
    assert (scores(reference(name, outputs_of(name, 3), 3).covariance_matrix) < 4.5).all()
    wrong = reference(name, outputs_of(name, 3, seed=8), 3).covariance_matrix
    assert (scores(wrong) > 4.5).any()


@pytest.mark.parametrize("name", TILTED)
def test_without_a_tilt_it_is_the_diagonal_one(name):
    outputs = outputs_of(name, 4)
    outputs[:, 8:] = 0.0
    q, plain = made(name, outputs, 4), made("diagonal", outputs, 4)
    z, eps = normals(5, BATCH, 4, seed=1), normals(5, BATCH, 4, seed=2)
    torch.testing.assert_close(q.transform(eps), plain.transform(eps))
    torch.testing.assert_close(q.log_prob(z), plain.log_prob(z))
    torch.testing.assert_close(kl_per_dimension(q), kl_per_dimension(plain))


def test_on_a_plane_rank_one_reaches_every_covariance():
    """Any sigma_1, sigma_2 and correlation: t_1 and t_2 are taken so that t_1 t_2 / ... is it."""
    for correlation in (-0.99, -0.4, 0.0, 0.7, 0.999):
        tilt = math.sqrt(abs(correlation) / (1.0 - abs(correlation)))
        deviation = torch.tensor([[0.3, 2.0]], dtype=torch.float64)
        own = deviation / math.sqrt(1.0 + tilt**2)
        signs = torch.tensor([[tilt, math.copysign(tilt, correlation)]], dtype=torch.float64)
        triangle = rank_one(0.0 * own, own, signs).lower_triangle[0]
        covariance = triangle @ triangle.T
        torch.testing.assert_close(covariance.diagonal(), deviation[0].square())
        found = covariance[0, 1] / deviation.prod()
        assert found.item() == pytest.approx(correlation, abs=1e-12)


@pytest.mark.parametrize("name", TILTED)
@pytest.mark.parametrize("prior", ["standard", "mixture"])
def test_the_same_seed_starts_with_the_same_weights_as_the_diagonal_one(name, prior):
    plain, tilted = (
        VAE(6, 5, 3, gen=generator(1), prior=prior, posterior=kind) for kind in ("diagonal", name)
    )
    theirs = tilted.state_dict()
    for key, value in plain.state_dict().items():
        assert torch.equal(value, theirs[key][: len(value)])
    q = tilted.encoder(torch.rand(4, 6, generator=generator(2)))
    assert (q.conditional_scale / q.variance.sqrt())[:, 1:].max() < 1.0  # it is tilted, somewhat
    assert kl_to_standard_normal(q).max() < 1.0


def test_with_one_dimension_full_is_diagonal_to_the_last_digit():
    x = torch.rand(4, 6, generator=generator(2))
    plain, whole = (
        VAE(6, 5, 1, gen=generator(1), posterior=name).encoder(x) for name in ("diagonal", "full")
    )
    eps = torch.randn(3, 4, 1, generator=generator(3))
    assert torch.equal(plain.transform(eps), whole.transform(eps))
    assert torch.equal(kl_per_dimension(plain), kl_per_dimension(whole))


@pytest.mark.parametrize("name", TILTED)
def test_huge_outputs_give_no_trace_and_no_wrong_number(name):
    """A run that blows up is told by its terms, which are then no numbers."""
    outputs = outputs_of(name, 3).float()
    outputs[0] = 200.0
    q = made(name, outputs, 3)
    z = q.transform(q.base(2, generator()))
    assert not kl_to_standard_normal(q)[0].isfinite()
    assert q.log_prob(z)[:, 1:].isfinite().all()
    extreme = outputs_of(name, 3)
    extreme[:, 6:] *= 1e6
    wide = made(name, extreme, 3)
    eps = wide.base(2, generator())
    torch.testing.assert_close(wide.inverse(wide.transform(eps))[..., 0], eps[..., 0])
    assert kl_to_standard_normal(wide).isfinite().all()


def test_a_model_says_in_a_sentence_that_its_q_is_not_diagonal():
    x = torch.rand(2, 6)
    assert isinstance(VAE(6, 5, 2).diagonal_q(x), Normal)
    with pytest.raises(ValueError, match=r"worked out for a diagonal q.*Full covariance"):
        VAE(6, 5, 2, posterior="full").diagonal_q(x)
