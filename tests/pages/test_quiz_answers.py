"""The right answers of the questions in words, each by what makes it right: computed, or measured.

A test holds the answers that it names with `holds`; the last test asks whether all are held.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch.nn import functional

from pages.estimators.race import ways
from pages.estimators.race.fates import RACES, fates
from pages.goal.latent_variables import blind
from pages.review.quiz import items as reading
from pages.trick.lotus import shape
from vae_core.estimators import ESTIMATORS
from vae_core.families import FAMILIES, Normal
from vae_core.families.cube import wave, wave_deviation
from vae_core.families.divergence import Hills, bell_to_bell, descend
from vae_core.families.drawn import Drawn
from vae_core.lab.experiment import Experiment
from vae_core.lab.latent import Bell, ConjugateGaussian, Parabola, best_bell, climb, elbo
from vae_core.lab.latent import kl_to_posterior as gap
from vae_core.lab.measurement import measure
from vae_core.training.pretrained import load_pretrained
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.objective import elbo as vae_elbo
from vae_core.vae.priors import PRIORS

HELD: dict[str, str] = {}
Test = TypeVar("Test", bound=Callable[..., None])
NOISE = 0.75
SIGNIFICANT = 5.0


def holds(**answers: str) -> Callable[[Test], Test]:
    """Say which option of which question a test makes right."""
    assert not set(answers) & set(HELD)
    HELD.update(answers)
    return lambda test: test


def held_out(count: int) -> torch.Tensor:
    """Images that no training saw, (count, 784)."""
    return as_unit(load_mnist().test_images[:count])


def plane() -> Any:
    """The trained model with two latents."""
    return load_pretrained("latent2").model


def trainable() -> Any:
    """The same, as it would be trained on."""
    return copy.deepcopy(plane()).requires_grad_()


def generator(seed: int = 0) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


# ---- the goal ---------------------------------------------------------------------------------


@holds(learns_or_predicts="predicts")
def test_images_never_seen_get_a_mu_and_sigma_of_their_own_and_no_weight_moves() -> None:
    encoder = plane().encoder
    before = [weight.clone() for weight in encoder.parameters()]
    with torch.no_grad():
        q = encoder(held_out(50))
    assert all(torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))
    assert len({tuple(row) for row in q.loc.tolist()}) == 50
    assert len({tuple(row) for row in q.scale.tolist()}) == 50


@holds(reconstruction_error="negative")
def test_what_programs_print_is_the_negative_of_the_first_term() -> None:
    x = held_out(5)
    logits = plane().decoder(plane().encoder(x).loc)
    printed = functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    assert torch.allclose(LIKELIHOODS["bernoulli"].log_prob(x, logits, 0.1), -printed, rtol=1e-5)
    mean = torch.sigmoid(logits)
    scores = LIKELIHOODS["gaussian"].log_prob(x, logits, 0.5)
    squared = (x - mean).square().sum(-1) / (2 * 0.5**2)
    constant = scores + squared  # up to a factor and a constant
    assert torch.allclose(constant, constant[0].expand(5), rtol=1e-4)


@holds(decoder_gives="parameters", whose_mean="images")
def test_the_decoder_gives_parameters_of_a_density_of_x() -> None:
    model, z = plane(), torch.tensor([[0.3, -0.2]])
    with torch.no_grad():
        first, again = model.mean_of_x(z), model.mean_of_x(z)
        assert torch.equal(first, again)  # nothing is drawn
        assert first.shape == model.deviation_of_x(z).shape == (1, 784)
        between = (first > 0.01) & (first < 0.99)
        assert between.any()  # no image of zeros and ones
        assert model.encoder(held_out(1)).loc.shape == (1, 2)
    ones = torch.bernoulli(first.expand(4000, -1), generator=generator())
    error = (first * (1 - first) / 4000).sqrt()
    assert ((ones.mean(0) - first[0]).abs() < SIGNIFICANT * error[0] + 1e-6).all()


def joint(x: float, z: float, noise: float) -> float:
    """log p(x, z) of x = z + noise as one Gaussian of the pair."""
    covariance = [[1.0 + noise**2, 1.0], [1.0, 1.0]]
    return float(stats.multivariate_normal([0.0, 0.0], covariance).logpdf([x, z]))


@holds(one_density="joint")
@pytest.mark.parametrize(("x", "z"), [(0.3, -1.0), (2.0, 1.5)])
def test_the_two_logs_add_up_to_one_density_of_the_pair(x: float, z: float) -> None:
    apart = stats.norm.logpdf(x, z, NOISE) + stats.norm.logpdf(z)
    assert apart == pytest.approx(joint(x, z, NOISE), abs=1e-10)
    assert not trainable().log_prior(torch.zeros(1, 1, 2)).requires_grad  # no weight in it


@holds(joint_or_likelihood="complete")
def test_the_joint_is_a_density_of_the_pair_and_none_of_theta() -> None:
    def density(z: float, x: float, noise: float) -> float:
        return float(stats.norm.pdf(x, z, noise) * stats.norm.pdf(z))

    whole, _ = integrate.dblquad(density, -9, 9, -7, 7, args=(NOISE,), epsabs=1e-3)
    assert whole == pytest.approx(1.0, abs=1e-3)
    over_theta, _ = integrate.quad(lambda noise: density(0.5, 2.0, noise), 0.01, 200, limit=400)
    assert abs(over_theta - 1.0) > 0.1
    over_z, _ = integrate.quad(density, -7, 7, args=(2.0, NOISE))  # p(x): no z is left in it
    assert over_z == pytest.approx(stats.norm.pdf(2.0, 0, math.hypot(1, NOISE)), abs=1e-9)


@holds(touches="posterior", vae_or_gan="bound")
def test_the_bound_touches_at_the_posterior_and_lies_below_elsewhere() -> None:
    model = ConjugateGaussian(noise=NOISE)
    for x in (-0.5, 1.0, 2.5):
        at = Bell(x / (1 + NOISE**2), NOISE / math.hypot(1, NOISE))
        top = model.evidence(x).log
        assert elbo(model, x, at).value == pytest.approx(top, abs=1e-12)
        for other in (Bell(0.0, 1.0), Bell(at.loc + 0.3, at.scale), Bell(at.loc, 0.9)):
            assert elbo(model, x, other).value < top - 0.01
        prior = elbo(model, x, Bell(0.0, 1.0))
        assert prior.kl_to_prior == pytest.approx(0.0, abs=1e-12)


@holds(one_hill="reverse")
def test_the_reverse_direction_settles_on_one_hill() -> None:
    two = Hills(*torch.tensor([-2.0, 2.0, 0.5, 0.5], dtype=torch.float64))
    start = Normal(*torch.tensor([0.8, 1.0], dtype=torch.float64))
    ends = {way: descend(start, two, way, 80, 0.15) for way in ("reverse", "forward")}  # type: ignore[arg-type]
    assert ends["reverse"].loc[-1].item() == pytest.approx(2.0, abs=0.05)
    assert ends["reverse"].scale[-1].item() == pytest.approx(0.5, abs=0.05)
    assert ends["forward"].loc[-1].item() == pytest.approx(0.0, abs=0.05)
    assert ends["forward"].scale[-1].item() > 2.0


@holds(guessing_z="low")
def test_naive_draws_put_log_p_too_low_with_twenty_latents_and_not_with_two() -> None:
    digits = range(10)
    many = np.array([blind.naive(20, digit)[:, -1] for digit in digits])
    assert (many < -5).mean() > 0.7
    assert (many < -1).mean() > 0.9
    assert (np.abs(blind.naive(2, 4)[:, -1]) < 0.5).all()


# ---- the obstacle -----------------------------------------------------------------------------


@holds(may_it_go_inside="inside")
def test_the_derivative_may_go_inside_and_is_no_density_there() -> None:
    mu, h = 1.5, 1e-4

    def inside(z: float) -> float:
        return float(stats.norm.pdf(z, mu + h) - stats.norm.pdf(z, mu - h)) / (2 * h)

    weighed, _ = integrate.quad(lambda z: z * z * inside(z), -12, 12)
    assert weighed == pytest.approx(2 * mu, abs=1e-5)  # the derivative of mu^2 + 1
    assert integrate.quad(inside, -12, 12)[0] == pytest.approx(0.0, abs=1e-6)
    assert inside(mu - 1) < 0 < inside(mu + 1)


@holds(easy_in_theta="outside")
def test_draws_estimate_the_gradient_in_what_stands_in_the_cost_alone() -> None:
    draws = 1.0 + 0.5 * torch.randn(200_000, generator=generator(), dtype=torch.float64)
    theta = 0.7  # cost (2 - theta z)^2
    estimates = -2 * draws * (2 - theta * draws)
    exact = -4 * 1.0 + 2 * theta * (1.0 + 0.25)
    score = (estimates.mean() - exact) / (estimates.std() / len(estimates) ** 0.5)
    assert abs(score) < SIGNIFICANT
    parts = (plane().encoder, plane().decoder)
    counts = [sum(weight.numel() for weight in part.parameters()) for part in parts]
    assert [round(count, -5) for count in counts] == [300_000, 300_000]


@holds(what_the_draw_keeps="nothing")
def test_a_sample_of_torch_keeps_no_link() -> None:
    mu = torch.tensor(1.5, requires_grad=True)
    bell = torch.distributions.Normal(mu, 1.0)
    assert bell.sample().grad_fn is None
    assert not (bell.sample() ** 2).requires_grad
    assert bell.rsample().grad_fn is not None


@holds(log_is_biased="low")
@pytest.mark.parametrize("samples", [1, 5, 50])
def test_the_log_of_a_mean_is_too_low_on_average(samples: int) -> None:
    gen = generator(samples)
    squares = torch.randn(20_000, samples, generator=gen, dtype=torch.float64).square()
    mean = squares.mean(1)
    logs = mean.log()
    assert abs(mean.mean() - 1) / (mean.std() / 20_000**0.5) < SIGNIFICANT
    assert logs.mean() / (logs.std() / 20_000**0.5) < -SIGNIFICANT


@holds(dimension_of_the_error="spread")
@pytest.mark.parametrize("dim", [1, 4, 20])
def test_the_error_of_an_average_knows_no_dimension(dim: int) -> None:
    draws, averages = 50, 4000
    z = torch.rand(averages, draws, dim, generator=generator(dim), dtype=torch.float64)
    errors = wave(z).mean(1)
    expected = wave_deviation(dim) / draws**0.5
    assert errors.std().item() == pytest.approx(expected, rel=5 / (2 * averages) ** 0.5)
    assert wave_deviation(20) == pytest.approx(wave_deviation(4), rel=0.05)


# ---- the trick --------------------------------------------------------------------------------


@holds(dz_and_deps="sigma")
@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.0])
def test_a_step_stretches_by_sigma_and_keeps_its_probability(sigma: float) -> None:
    q = Normal(*torch.tensor([[[1.0]], [[sigma]]], dtype=torch.float64))
    steps = torch.tensor([0.3, 0.31], dtype=torch.float64)[:, None, None]
    low, high = q.transform(steps).flatten().tolist()
    assert high - low == pytest.approx(sigma * 0.01)
    before = stats.norm.cdf(0.31) - stats.norm.cdf(0.3)
    after = stats.norm.cdf(high, 1.0, sigma) - stats.norm.cdf(low, 1.0, sigma)
    assert after == pytest.approx(before, abs=1e-12)


@holds(needs_an_inverse="always")
@pytest.mark.parametrize("heights", [shape.BENT, shape.TURNING, shape.FLAT])
def test_the_average_over_eps_is_that_under_the_law_of_z(heights: tuple[float, ...]) -> None:
    """The law of z as a histogram of draws, which never asks for a density or an inverse."""
    g, rng = Drawn(heights), np.random.default_rng(1)
    z = g(rng.standard_normal(400_000))
    exact = shape.means(heights, "square").over_eps
    error = (z**2).std() / len(z) ** 0.5
    assert abs((z**2).mean() - exact) < SIGNIFICANT * error
    kind = shape.kind(g)
    assert kind == {shape.BENT: "bend", shape.TURNING: "turn", shape.FLAT: "flat"}[heights]
    assert shape.kind(Drawn((*shape.BENT[:3], 0.5, -1.0))) == "turn"  # the link's


@holds(averages_of_a_cauchy="nowhere")
@pytest.mark.parametrize("count", [1, 1000])
def test_an_average_of_cauchys_has_the_law_of_one(count: int) -> None:
    """Its quartiles stay at -1 and 1, however many are averaged; those of a tanh close in."""
    zero, one = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    q = FAMILIES["cauchy"](loc=zero, scale=one)
    z = q.transform(q.base(4000 * count, generator(count))).view(4000, count)
    shares = torch.tensor([0.25, 0.75], dtype=torch.float64)
    quartiles = z.mean(1).quantile(shares)
    error = (0.25 * 0.75 / 4000) ** 0.5 / stats.cauchy.pdf(1.0)
    assert quartiles.tolist() == pytest.approx([-1.0, 1.0], abs=SIGNIFICANT * error)
    assert (z.tanh().mean(1).quantile(shares).diff() < 0.1).item() == (count > 1)
    # The link's: with two degrees of freedom there is a mean, and no variance.
    assert FAMILIES["studentt"].moments(df=2.0, loc=0.0, scale=1.0) == 2.0


@holds(no_path="poisson")
def test_a_poisson_alone_stands_still_where_the_noise_is_held() -> None:
    for name, parameter in (
        ("poisson", "rate"),
        ("gamma", "concentration"),
        ("cauchy", "scale"),
        ("dirichlet", "concentration"),
    ):
        entry = FAMILIES[name]
        start = {
            n: torch.tensor(p.default, dtype=torch.float64).reshape(1, -1)
            for n, p in entry.parameters.items()
        }
        noise = entry(**start).base(50, generator(2))
        before, after = (
            entry(**start | {parameter: start[parameter] + h}).transform(noise) for h in (0, 1e-7)
        )
        moved = ((after - before).abs() > 0.0).double().mean().item()
        assert moved == (0.0 if name == "poisson" else pytest.approx(1.0, abs=0.05))


@holds(base_density="free")
def test_the_noise_has_no_parameter_in_it() -> None:
    drawn = []
    for mu, sigma in ((0.0, 1.0), (2.0, 0.3)):
        leaves = [torch.tensor([[v]], dtype=torch.float64, requires_grad=True) for v in (mu, sigma)]
        eps = Normal(*leaves).base(5, generator())
        assert not eps.requires_grad
        drawn.append(eps)
    assert torch.equal(*drawn)
    assert abs(stats.norm.pdf(0.0) - stats.norm.pdf(1.0)) > 0.1  # not flat in eps


@holds(which_is_reparameterized="q", whose_gradient="encoder")
def test_only_the_encoders_gradient_depends_on_the_estimator() -> None:
    model, x = trainable(), held_out(8)
    found = {}
    for name in ("pathwise", "score"):
        terms = vae_elbo(x, model, ESTIMATORS[name], 1, generator(3))
        parts = (model.encoder, model.decoder)
        found[name] = [
            torch.autograd.grad(terms.elbo.sum(), list(part.parameters()), retain_graph=True)
            for part in parts
        ]
    for mine, theirs in zip(found["pathwise"][1], found["score"][1], strict=True):
        assert torch.allclose(mine, theirs, atol=1e-3, rtol=1e-3)
    lengths = [sum(g.square().sum() for g in found[name][0]).sqrt().item() for name in found]
    assert lengths[1] > 3 * lengths[0]
    q = model.encoder(x)
    z = q.transform(q.base(1, generator()))
    slopes = torch.autograd.grad(z.sum(), list(model.encoder.parameters()))
    assert all(slope.abs().sum() > 0 for slope in slopes)  # z knows phi, by way of q


@holds(noise_is_zero="silent")
def test_a_noise_of_zero_tells_sigma_nothing() -> None:
    mu, sigma = (torch.tensor(v, requires_grad=True) for v in (1.2, 0.5))
    by_mu, by_sigma = torch.autograd.grad((mu + sigma * 0.0) ** 2, (mu, sigma))
    assert by_mu.item() == pytest.approx(2.4)
    assert by_sigma.item() == 0.0  # a number, and not None


# ---- estimators -------------------------------------------------------------------------------


@holds(where_it_jumps="score")
def test_where_the_cost_jumps_only_reinforce_is_right() -> None:
    exact = stats.norm.pdf((0.5 - 0.8) / 1.0)
    score, path = (
        measure(Experiment("step", name, loc=0.8, samples=5, replicates=20_000)).loc
        for name in ("score", "pathwise")
    )
    assert abs(score.mean - exact) < SIGNIFICANT * score.standard_error
    assert path.mean == 0.0


@holds(does_a_baseline_bias="stays")
def test_a_constant_leaves_the_mean_where_it_is() -> None:
    q = stats.norm(1.0, 0.7)

    def weighed(z: float, baseline: float) -> float:
        return (math.exp(z / 2) - baseline) * (z - 1.0) / 0.7**2

    means, spreads = [], []
    for baseline in (0.0, 1.75):
        first = _under(q, weighed, baseline)
        second = _under(q, lambda z, b: weighed(z, b) ** 2, baseline)
        means.append(first)
        spreads.append(second - first**2)
    assert means[0] == pytest.approx(means[1], abs=1e-9)
    assert spreads[1] < 0.5 * spreads[0]


def _under(q: Any, f: Callable[[float, float], float], baseline: float) -> float:
    return float(integrate.quad(lambda z: f(z, baseline) * q.pdf(z), -8, 10)[0])


@holds(fast_sine="score")
def test_on_a_fast_sine_reinforce_varies_less() -> None:
    def variance(f: Callable[[float], float]) -> float:
        first, second = (
            integrate.quad(lambda z, n=n: f(z) ** n * stats.norm.pdf(z), -9, 9, limit=200)[0]
            for n in (1, 2)
        )
        return float(second - first**2)

    assert variance(lambda z: math.sin(3 * z) * z) < 0.2 * variance(lambda z: 3 * math.cos(3 * z))


@holds(unbiased_walks="no")
def test_about_every_other_walk_of_reinforce_is_lost() -> None:
    start = ways.setting("square", mu=2, sigma=1, rate=0.1, k=1, seed=3)
    assert 0.4 * RACES < fates("score", start).diverged < 0.6 * RACES
    assert fates("pathwise", start).diverged == 0


@holds(more_dimensions="score")
def test_the_cost_of_all_dimensions_shakes_the_score_alone() -> None:
    rng = np.random.default_rng(5)
    eps = rng.standard_normal((100_000, 20))
    z = 2.0 + eps
    spread = {
        dim: ((z[:, :dim] ** 2).sum(1) * eps[:, 0]).var() for dim in (1, 20)
    }  # sigma is 1, so the score is eps
    assert spread[20] > 10 * spread[1]
    for dim in (1, 20):
        at = Experiment("square", "pathwise", loc=2.0, dim=dim)
        assert at.exact_variance("loc") == pytest.approx((2 * z[:, 0]).var(), rel=0.05)


# ---- in practice ------------------------------------------------------------------------------


@holds(kl_by_draws="closed")
def test_the_kl_of_two_gaussians_has_a_closed_form() -> None:
    q = Normal(*torch.tensor([0.7, 0.4], dtype=torch.float64))
    p = Normal(*torch.tensor([0.0, 1.0], dtype=torch.float64))
    theirs = torch.distributions.kl_divergence(
        torch.distributions.Normal(q.loc, q.scale), torch.distributions.Normal(p.loc, p.scale)
    )
    assert bell_to_bell(q, p).item() == pytest.approx(theirs.item(), abs=1e-12)
    draws = q.loc + q.scale * torch.randn(100_000, generator=generator(), dtype=torch.float64)
    prior = -0.5 * draws.square() - 0.5 * math.log(2 * math.pi)
    each = torch.distributions.Normal(q.loc, q.scale).log_prob(draws) - prior
    assert abs(each.mean() - theirs) < SIGNIFICANT * each.std() / 100_000**0.5


@holds(standard_prior="choice")
def test_with_another_prior_the_bound_is_still_one() -> None:
    assert set(PRIORS) >= {"standard", "gaussian", "mixture", "vamp"}
    wide, x = 2.0, 1.3  # z ~ N(0, 2^2)
    top = float(stats.norm.logpdf(x, 0, math.hypot(wide, NOISE)))
    for mu, sigma in ((0.0, 2.0), (1.0, 0.6), (1.3, 0.75)):
        q = stats.norm(mu, sigma)
        value, _ = integrate.quad(
            lambda z, q=q: (
                q.pdf(z)
                * (stats.norm.logpdf(x, z, NOISE) + stats.norm.logpdf(z, 0, wide) - q.logpdf(z))
            ),
            mu - 9 * sigma,
            mu + 9 * sigma,
        )
        assert value < top


@holds(which_gap_closes="amortization")
def test_steps_reach_the_best_bell_and_no_farther() -> None:
    hills = Parabola(noise=NOISE)
    x, start = 2.5, Bell(0.9, 0.5)
    best = gap(hills, x, best_bell(hills, x)).value
    way = climb(hills, x, start, 60, 0.15)
    assert gap(hills, x, start).value > best + 0.1
    assert gap(hills, x, way.bells[-1]).value == pytest.approx(best, abs=0.01)
    assert best > 0.5


# ---- beyond -----------------------------------------------------------------------------------


@holds(needs_a_gaussian="gaussian")
def test_half_the_curvature_is_the_slope_under_a_bell_alone() -> None:
    """f = z^4, whose second derivative is 12 z^2, by scipy's moments at a few variances."""
    laws = {"bell": stats.norm, "laplace": stats.laplace}
    widths = {"bell": lambda c: c**0.5, "laplace": lambda c: (c / 2) ** 0.5}
    for name, law in laws.items():
        for c in (0.5, 2.0):

            def mean(c: float, law: Any = law, name: str = name) -> float:
                return float(law(scale=widths[name](c)).moment(4))

            found = law(scale=widths[name](c))
            assert found.var() == pytest.approx(c)
            slope = (mean(c + 1e-4) - mean(c - 1e-4)) / 2e-4
            half = 12.0 * found.moment(2) / 2.0
            assert slope == pytest.approx((1.0 if name == "bell" else 2.0) * half, rel=1e-6)
            assert mean(c) == pytest.approx((3.0 if name == "bell" else 6.0) * c * c)


@holds(how_wide_is_diagonal="known")
def test_the_best_diagonal_is_as_wide_as_p_with_the_others_known() -> None:
    """Both KLs of torch, over a fine walk around each answer: each is least at its own."""
    normal, divergence = torch.distributions.MultivariateNormal, torch.distributions.kl_divergence
    c = torch.tensor([[1.0, 0.9, 0.3], [0.9, 1.0, 0.2], [0.3, 0.2, 1.0]], dtype=torch.float64)
    zero, wide = torch.zeros(3, dtype=torch.float64), c.diagonal()
    known = torch.stack(
        [
            c[d, d] - c[d, rest] @ torch.linalg.solve(c[rest][:, rest], c[rest, d])
            for d, rest in enumerate(([1, 2], [0, 2], [0, 1]))
        ]
    )
    assert (known < wide - 0.05).all()
    p = normal(zero, c)

    def both(v: torch.Tensor) -> tuple[float, float]:
        q = normal(zero, torch.diag(v))
        return divergence(q, p).item(), divergence(p, q).item()

    (least, _), (_, other) = both(known), both(wide)
    for d in range(3):
        for factor in (0.97, 1.03):
            moved = torch.ones(3, dtype=torch.float64)
            moved[d] = factor
            assert both(known * moved)[0] > least
            assert both(wide * moved)[1] > other


def noise_of(kind: str, batch: int, draws: int = 3000) -> tuple[float, float]:
    """Variance of doubly stochastic gradients in the mean, and of their means over the noise."""
    from pages.beyond.doubly_stochastic.climbed import best, two

    q, cases, gen = best("full")[0], two(), generator(batch)
    n = len(cases.x)
    picked = torch.stack([torch.randperm(n, generator=gen)[:batch] for _ in range(draws)])
    x, sign = cases.x[picked], cases.sign[picked]  # (draws, B, D)

    def gradient() -> torch.Tensor:
        shape = (draws, 1 if kind == "weights" else batch, x.shape[-1])
        w = q.loc + torch.randn(shape, generator=gen, dtype=torch.float64) @ q.chol.T
        pull = torch.sigmoid(-sign * (x * w).sum(-1)) * sign
        return (n / batch) * (pull.unsqueeze(-1) * x).sum(1)

    first, second = gradient(), gradient()
    common = ((first - first.mean(0)) * (second - second.mean(0))).mean(0).sum()
    return first.var(0).sum().item(), common.item()  # of two draws on one batch: its own part


@holds(noise_of_all_cases="noise")
def test_with_all_cases_the_draw_of_w_alone_is_noisy() -> None:
    whole, batch_part = noise_of("weights", 398)
    assert abs(batch_part) < 0.1 * whole
    few, batch_part = noise_of("weights", 4)
    assert batch_part > 0.2 * few
    assert whole < 0.5 * few


@holds(local_noise="cancel")
def test_noises_of_their_own_cancel_and_a_single_case_sees_no_difference() -> None:
    """What the minibatch leaves: less for independent noises, the less the larger B is."""
    shares = {}
    for batch in (1, 16, 128):
        together, alone = (
            (lambda total, part: total - part)(*noise_of(kind, batch))
            for kind in ("weights", "cases")
        )
        shares[batch] = alone / together
    assert shares[1] == pytest.approx(1.0, abs=0.2)
    assert shares[128] < 0.5 * shares[16] < 0.5 * shares[1]
    assert shares[128] < 0.2


@holds(colder="traded")
@pytest.mark.parametrize("logit", [-1.0, 0.4])
def test_a_colder_softmax_has_less_bias_and_more_noise_and_never_none(logit: float) -> None:
    """Over the uniform number behind it, by scipy, on exp 2z."""

    def relaxed(u: float, eta: float, tau: float) -> float:
        x = eta - math.log(u / (1 - u))
        return 1.0 / (1.0 + math.exp(-min(max(x / tau, -700.0), 700.0)))

    def moments(tau: float) -> tuple[float, float]:
        def slope(u: float) -> float:
            z = relaxed(u, logit, tau)
            return 2.0 * math.exp(2.0 * z) * z * (1.0 - z) / tau

        p = 1.0 / (1.0 + math.exp(-logit))
        cuts = sorted({min(max(p + s * tau, 1e-6), 1 - 1e-6) for s in (-1, -0.25, 0, 0.25, 1)})
        ends = [1e-12, *cuts, 1 - 1e-12]
        mean, square = (
            sum(
                integrate.quad(lambda u, n=n: slope(u) ** n, low, high, limit=300)[0]
                for low, high in pairwise(ends)
            )
            for n in (1, 2)
        )
        exact = p * (1.0 - p) * (math.exp(2.0) - 1.0)
        return abs(mean - exact), square - mean * mean

    biases, noises = zip(*(moments(tau) for tau in (0.5, 0.3, 0.15, 0.05)), strict=True)
    assert list(biases) == sorted(biases, reverse=True)
    assert list(noises) == sorted(noises)
    assert biases[-1] > 1e-4


@holds(cost_before_the_draw="noisier")
def test_a_cost_that_was_paid_before_adds_noise_alone() -> None:
    """x1 ~ N(theta, 1), f1 = x1^2, x2 ~ N(theta x1, 1), f2 = (x2 - 1)^2, in a million draws."""
    gen, theta = np.random.default_rng(0), 0.5
    x1 = theta + gen.standard_normal(1_000_000)
    eps = gen.standard_normal(len(x1))
    score, before, after = eps * x1, x1**2, (theta * x1 + eps - 1) ** 2
    added = score * before
    assert abs(added.mean()) < 4 * added.std() / 1e3
    assert (score * (before + after)).var() > 1.2 * (score * after).var()


@holds(value_of_a_surrogate="nothing")
def test_a_surrogate_loss_falls_while_its_cost_rises() -> None:
    """z ~ N(theta, 1) by its score and the cost z^2: both means over theta, by scipy."""

    def mean(theta: float, f: Callable[[float], float]) -> float:
        density = stats.norm(theta, 1).pdf
        return integrate.quad(lambda z: density(z) * f(z), theta - 12, theta + 12)[0]

    losses, costs = [], []
    for theta in (0.5, 1.0, 2.0):
        log_p = stats.norm(theta, 1).logpdf
        costs.append(mean(theta, lambda z: z * z))
        losses.append(mean(theta, lambda z, log_p=log_p: log_p(z) * z * z + z * z))
    assert costs == sorted(costs)
    assert losses == sorted(losses, reverse=True)


def test_every_answer_in_words_is_held() -> None:
    fixed = [item for item in reading.read_all() if not item.computed]
    right = {item.name: next(o.name for o in item.options if o.right) for item in fixed}
    assert right == HELD
