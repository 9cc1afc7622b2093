"""Logistic regression by doubly stochastic gradients: against quadrature, autograd, simulation."""

import itertools
import math

import pytest
import torch
from scipy import integrate, special
from torch.distributions import MultivariateNormal, kl_divergence
from torch.nn import functional

from tests.support.posterior_sampler import moments, posterior_draws
from vae_core.lab.doubly_stochastic import cases as data
from vae_core.lab.doubly_stochastic.bell import (
    Bell,
    FixedPrior,
    Relevance,
    average,
    bound,
    divergence,
    held_out,
    log_likelihood,
    predicted,
)
from vae_core.lab.doubly_stochastic.beside import best_bell, laplace, log_posterior, posterior
from vae_core.lab.doubly_stochastic.cases import TWO, load
from vae_core.lab.doubly_stochastic.climb import Plan, climb, less_divergence, minibatches
from vae_core.lab.doubly_stochastic.gradient import PLACES, Gradient, drawn
from vae_core.lab.doubly_stochastic.shares import spread

PRIORS = {"fixed": FixedPrior(1.0), "ard": Relevance()}


def tilted(size=3, scale=0.6):
    gen = torch.Generator().manual_seed(4)
    loc = torch.randn(size, dtype=torch.float64, generator=gen)
    below = torch.tril(torch.randn(size, size, dtype=torch.float64, generator=gen), -1)
    return Bell(loc, scale * (0.5 * below + torch.eye(size, dtype=torch.float64)))


def sample(q, count, seed=0):
    noise = torch.randn(
        count, len(q.loc), dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    return q.loc + noise @ q.chol.T


@pytest.mark.parametrize("deviation", [1e-6, 0.03, 0.5, 3.0, 20.0, 150.0])
@pytest.mark.parametrize("mean", [-30.0, -1.0, 0.0, 4.0])
def test_averages_against_adaptive_quadrature(mean, deviation):
    at = (torch.tensor([mean], dtype=torch.float64), torch.tensor([deviation], dtype=torch.float64))
    for ours, plain in (
        (functional.logsigmoid, lambda a: -special.softplus(-a)),
        (torch.sigmoid, special.expit),
    ):

        def weighed(t, plain=plain):
            return plain(mean + deviation * t) * math.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)

        kink = min(max(-mean / deviation, -11.5), 11.5)
        edges = sorted({-12.0, kink - 0.2, kink, kink + 0.2, 12.0})
        pieces = (
            integrate.quad(weighed, a, b, epsabs=1e-14, epsrel=1e-13, limit=400)[0]
            for a, b in itertools.pairwise(edges)
        )
        assert float(average(ours, *at)) == pytest.approx(math.fsum(pieces), rel=1e-11, abs=1e-13)


def test_a_deviation_without_measure_is_refused():
    one = torch.ones(1, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"deviation of x\.w must lie between"):
        average(torch.sigmoid, one, 2_000.0 * one)


def test_the_divergence_is_torchs():
    q, size = tilted(4), 4
    variance = FixedPrior(0.7).variance(q)
    prior = MultivariateNormal(torch.zeros(size, dtype=torch.float64), torch.diag(variance))
    theirs = kl_divergence(MultivariateNormal(q.loc, scale_tril=q.chol), prior)
    assert float(divergence(q, FixedPrior(0.7))) == pytest.approx(float(theirs), rel=1e-12)


def test_relevance_takes_the_prior_that_lifts_the_bound_most():
    q = tilted(4)

    def with_variance(log_variance):
        spread = (q.loc.square() + q.variance) / log_variance.exp()
        return 0.5 * (spread - 1.0 + log_variance).sum() - q.chol.diagonal().log().sum()

    chosen = Relevance().variance(q).log().requires_grad_()
    value = with_variance(chosen)
    assert float(value.detach()) == pytest.approx(float(divergence(q, Relevance())), rel=1e-12)
    (slope,) = torch.autograd.grad(value, chosen)
    assert slope[:-1].abs().max() < 1e-12  # the constant's prior stays
    upright = Bell(q.loc, torch.diag(q.chol.diagonal()))
    told = 0.5 * torch.log1p(q.loc.square() / upright.variance)[:-1].sum()
    last = Bell(upright.loc[-1:], upright.chol[-1:, -1:])
    of_constant = float(divergence(last, Relevance()))
    assert float(divergence(upright, Relevance())) == pytest.approx(float(told) + of_constant)


def test_bound_prediction_and_held_out_against_draws_of_the_weights():
    found, q, prior = load(TWO), tilted(), FixedPrior(1.0)
    w = sample(q, 100_000)
    logs = functional.logsigmoid(found.sign[:40] * (w @ found.x[:40].T))
    off = (logs.mean(0) - log_likelihood(q, found.x[:40], found.sign[:40])) / logs.std(0) * 316.2
    assert off.abs().max() < 4.5
    chances = torch.sigmoid(w @ found.held_x[:40].T)
    off = (chances.mean(0) - predicted(q, found.held_x[:40])) / chances.std(0) * 316.2
    assert off.abs().max() < 4.5
    own = torch.sigmoid(found.held_sign[:40] * (w @ found.held_x[:40].T)).mean(0).log().mean()
    exact = held_out(q, found.held_x[:40], found.held_sign[:40])
    assert exact == pytest.approx(float(own), abs=2e-3)
    log_q = MultivariateNormal(q.loc, scale_tril=q.chol).log_prob(w)
    each = torch.cat([log_posterior(p, prior, found.x, found.sign) for p in w.split(20_000)])
    each -= log_q
    value = float(bound(q, prior, found.x, found.sign))
    assert abs(float(each.mean()) - value) < 4.5 * float(each.std()) / len(w) ** 0.5


@pytest.mark.parametrize("place", PLACES)
def test_a_gradient_is_autograds_on_the_same_noise(place):
    found, q = load(TWO), tilted()
    x, sign = found.x[:7], found.sign[:7]
    noise = drawn(place, 5, 7, 3, torch.Generator().manual_seed(1))
    loc, chol = q.loc.clone().requires_grad_(), q.chol.clone().requires_grad_()
    if place == "weights":
        a = (loc + noise @ chol.T) @ x.T
    else:
        a = x @ loc + (x @ chol).norm(dim=1) * noise
    value = 3.0 * functional.logsigmoid(sign * a).sum(1).mean()
    in_loc, in_chol = torch.autograd.grad(value, (loc, chol))
    ours = PLACES[place](q, x, sign, noise, 3.0)
    torch.testing.assert_close(ours.loc, in_loc, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.chol, torch.tril(in_chol), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_divergences_part_is_autograds(prior):
    q = tilted(4)
    loc, chol = q.loc.clone().requires_grad_(), q.chol.clone().requires_grad_()
    in_loc, in_chol = torch.autograd.grad(-divergence(Bell(loc, chol), PRIORS[prior]), (loc, chol))
    nothing = Gradient(torch.zeros_like(q.loc), torch.zeros_like(q.chol))
    ours = less_divergence(nothing, q, PRIORS[prior])
    torch.testing.assert_close(ours.loc, in_loc, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(ours.chol, torch.tril(in_chol), rtol=1e-10, atol=1e-12)


def many(place, q, found, batch, replicates):
    """Gradients in loc, then below and on C's diagonal, over minibatches and noise: (R, ...)."""
    gen, rows = torch.Generator().manual_seed(8), []
    for _, chosen in zip(range(replicates), minibatches(len(found.x), batch, gen), strict=False):
        noise = drawn(place, 1, batch, len(q.loc), gen)
        at = PLACES[place](q, found.x[chosen], found.sign[chosen], noise, len(found.x) / batch)
        rows.append(torch.cat([at.loc, at.chol[torch.tril_indices(3, 3).unbind()]]))
    return torch.stack(rows)


@pytest.mark.parametrize("place", PLACES)
def test_unbiased_and_its_variance_split_as_computed(place):
    """Each minibatch is drawn anew: within one shuffled order they are not independent."""
    found, q, batch = load(TWO), tilted(), 199
    loc, chol = q.loc.clone().requires_grad_(), q.chol.clone().requires_grad_()
    value = log_likelihood(Bell(loc, chol), found.x, found.sign).sum()
    in_loc, in_chol = torch.autograd.grad(value, (loc, chol))
    exact = torch.cat([in_loc, in_chol[torch.tril_indices(3, 3).unbind()]])
    got = many(place, q, found, batch, 6_000)[::2]
    z = (got.mean(0) - exact) / got.std(0) * len(got) ** 0.5
    assert z.abs().max() < 4.5
    parts = spread(q, found.x, found.sign).shares(place, batch)
    assert parts.total == pytest.approx(float(got[:, :3].var(0).sum()), rel=0.1)
    assert parts.noise > 0.2 * parts.minibatch or place == "cases"


def test_own_noise_falls_with_the_batch_and_shared_noise_does_not():
    found, q = load(TWO), tilted()
    known = spread(q, found.x, found.sign)
    whole = len(found.x)
    assert known.shares("cases", whole).minibatch == pytest.approx(0.0, abs=1e-9)
    assert known.shares("cases", whole).noise == pytest.approx(known.alone)
    assert known.shares("weights", whole).noise == pytest.approx(known.together)
    assert known.together > 5.0 * known.alone
    assert known.shares("weights", 8, 4).noise == pytest.approx(
        known.shares("weights", 8).noise / 4
    )
    with pytest.raises(ValueError, match="batch must lie between"):
        known.shares("cases", whole + 1)


def test_laplace_stands_at_the_summit_with_its_curvature():
    found, prior = load(), FixedPrior(1.0)
    bell = laplace(prior, found.x, found.sign)

    def log(w):
        return log_posterior(w.unsqueeze(0), prior, found.x, found.sign).squeeze()

    slope = torch.autograd.functional.jacobian(log, bell.loc)
    assert slope.abs().max() < 1e-8
    hessian = torch.autograd.functional.hessian(log, bell.loc)
    torch.testing.assert_close(bell.covariance, torch.linalg.inv(-hessian), rtol=1e-6, atol=1e-9)


@pytest.mark.exhaustive
def test_the_full_bell_is_the_posterior_but_for_its_error_and_the_diagonal_one_is_too_narrow():
    """The sampler's own errors are below 0.01 deviations; what is beyond them is the bell's."""
    found, prior = load(TWO), FixedPrior(1.0)
    mean, mean_error, covariance, _ = moments(
        posterior_draws(prior, found.x, found.sign, 100_000, seed=0)
    )
    deviation = covariance.diagonal().sqrt()
    assert (mean_error / deviation).max() < 0.01
    sampled = posterior(prior, found.x, found.sign)
    assert ((sampled.loc - mean).abs() / deviation).max() < 0.03
    off = (sampled.covariance - covariance) / deviation / deviation.unsqueeze(1)
    assert off.abs().max() < 0.05
    best = best_bell("full", prior, found.x, found.sign)
    assert ((best.loc - mean).abs() / deviation).max() < 0.05
    assert (best.variance.sqrt() / deviation - 1.0).abs().max() < 0.03
    climbed = list(climb(Plan(steps=6_000, noise="cases"), found))[-1].q
    assert ((climbed.loc - mean).abs() / deviation).max() < 0.1
    assert (climbed.variance.sqrt() / deviation - 1.0).abs().max() < 0.08
    narrow = best_bell("diagonal", prior, found.x, found.sign)
    assert (narrow.variance.sqrt() / deviation)[:2].max() < 0.75


def test_the_best_bell_is_below_the_evidence_and_above_what_was_climbed():
    found, prior = load(TWO), FixedPrior(1.0)
    full, diagonal = (
        best_bell(shape, prior, found.x, found.sign) for shape in ("full", "diagonal")
    )
    around = Bell(full.loc, 1.3 * full.chol)
    w = sample(around, 40_000)
    weights = log_posterior(w, prior, found.x, found.sign) - MultivariateNormal(
        around.loc, scale_tril=around.chol
    ).log_prob(w)
    evidence = float(weights.logsumexp(0)) - math.log(len(w))
    best, less = (float(bound(q, prior, found.x, found.sign)) for q in (full, diagonal))
    *_, end = climb(Plan(), found)
    climbed = float(bound(end.q, prior, found.x, found.sign))
    weighed = posterior(prior, found.x, found.sign)
    assert weighed.evidence == pytest.approx(evidence, abs=0.02)
    assert weighed.even > 0.8
    assert evidence > best > less
    assert best - 0.2 < climbed < best
    assert evidence - best < 0.1


@pytest.mark.exhaustive
def test_relevance_prunes_and_more_bound_is_reached():
    found = load()
    plan = Plan(shape="diagonal", noise="cases", prior_scale=None, steps=1_500)
    *_, end = climb(plan, found)
    size = end.q.loc[:-1].abs()
    assert int((size < 0.05).sum()) >= 15
    fixed = Plan(shape="diagonal", noise="cases", steps=1_500)
    *_, other = climb(fixed, found)
    ours, theirs = (
        float(bound(q, p.prior, found.x, found.sign)) for q, p in ((end.q, plan), (other.q, fixed))
    )
    assert ours > theirs + 5.0


def test_the_same_seed_gives_the_same_way_and_looks_do_not_change_it():
    found = load(TWO)
    first, second = (list(climb(Plan(steps=60, seed=3), found, looks=n)) for n in (7, 60))
    assert torch.equal(first[-1].q.loc, second[-1].q.loc)
    assert [at.step for at in first] == [*range(0, 60, 7), 60]
    *_, other = climb(Plan(steps=60, seed=4), found)
    assert not torch.equal(other.q.loc, first[-1].q.loc)


def test_an_absurd_rate_ends_in_a_sentence_with_a_bell_left():
    *_, end = climb(Plan(rate=1_000.0), load(TWO))
    assert end.stopped is not None
    assert "lost its footing" in end.stopped
    assert torch.isfinite(end.q.loc).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"shape": "round"}, "q must be one of diagonal, full"),
        ({"noise": "loud"}, "noise must be one of weights, cases"),
        ({"batch": 0}, "batch must lie between"),
        ({"rate": math.nan}, "learning rate must lie between"),
        ({"prior_scale": 0.0}, "prior scale must lie between"),
        ({"seconds": -1.0}, "seconds must lie between"),
    ],
)
def test_what_cannot_be_climbed_is_said(wrong, words):
    with pytest.raises(ValueError, match=words):
        Plan(**wrong)


def test_a_missing_or_changed_file_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"cannot be read.*git checkout"):
        load(TWO, tmp_path / "breast_cancer.csv")
    (tmp_path / "breast_cancer.csv").write_bytes(data.PATH.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not the original file"):
        load(TWO, tmp_path / "breast_cancer.csv")


def test_the_cases_are_in_standard_units_and_split_once():
    found = load()
    assert found.x.shape == (398, 31)
    assert found.held_x.shape == (171, 31)
    assert found.names[-1] == "constant"
    torch.testing.assert_close(found.x[:, :-1].mean(0), torch.zeros(30, dtype=torch.float64))
    torch.testing.assert_close(found.x[:, :-1].std(0), torch.ones(30, dtype=torch.float64))
    malignant = int((found.sign > 0).sum() + (found.held_sign > 0).sum())
    assert malignant == 212  # as the data's description says
