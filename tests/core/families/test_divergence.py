"""Divergences against torch, mpmath, autograd and a search: values, errors, slopes, the best q."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import pytest
import torch
from scipy import optimize
from torch import Tensor, distributions

from vae_core.families import Normal
from vae_core.families.divergence import (
    Direction,
    Hills,
    bell_to_bell,
    descend,
    divergences,
    moment_match,
    running_mean,
    slopes,
)

BELLS = [(0.0, 1.0), (1.5, 0.4), (-3.0, 2.0), (0.3, 0.9)]
HILLS = [
    (-2.0, 2.0, 0.6, 0.5),
    (-3.0, 3.0, 0.4, 0.9),
    (-3.0, 3.0, 0.4, 0.1),
    (-0.1, 0.1, 1.5, 0.3),
    (0.0, 0.0, 0.7, 0.5),
    (-1.0, 1.0, 1.0, 0.8),
]
WAYS: tuple[Direction, Direction] = ("reverse", "forward")


def t(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def bell(loc: float, scale: float) -> Normal:
    return Normal(t(loc), t(scale))


def hills(*given: float) -> Hills:
    return Hills(*map(t, given))


def mixture(left: float, right: float, scale: float, share: float) -> distributions.Distribution:
    """The same by torch."""
    return distributions.MixtureSameFamily(
        distributions.Categorical(torch.tensor([share, 1 - share], dtype=torch.float64)),
        distributions.Normal(torch.tensor([left, right], dtype=torch.float64), t(scale)),
    )


def by_mpmath(q: tuple[float, float], p: tuple[float, float, float, float]) -> list[mp.mpf]:
    """Both directions in 25 digits, by tanh-sinh quadrature of the definition."""
    with mp.workdps(25):
        loc, s_q = map(mp.mpf, q)
        left, right, s_p, share = map(mp.mpf, p)

        def log_q(z: mp.mpf) -> mp.mpf:
            return -(((z - loc) / s_q) ** 2) / 2 - mp.log(s_q * mp.sqrt(2 * mp.pi))

        def density(z: mp.mpf) -> mp.mpf:
            return share * mp.npdf(z, left, s_p) + (1 - share) * mp.npdf(z, right, s_p)

        def reverse(z: mp.mpf) -> mp.mpf:
            return mp.exp(log_q(z)) * (log_q(z) - mp.log(density(z)))

        def forward(z: mp.mpf) -> mp.mpf:
            return density(z) * (mp.log(density(z)) - log_q(z))

        steps = range(-12, 13, 2)
        mine = sorted({*(loc + s_q * k for k in steps), (left + right) / 2})
        theirs = sorted({a + s_p * k for a in (left, right) for k in steps} | {(left + right) / 2})
        return [mp.quad(reverse, mine), mp.quad(forward, theirs)]


@pytest.mark.parametrize(("q", "p"), list(itertools.permutations(BELLS, 2)))
def test_bell_to_bell_is_that_of_torch_distributions(
    q: tuple[float, float], p: tuple[float, float]
) -> None:
    wanted = distributions.kl_divergence(bell(*q).law, bell(*p).law)
    torch.testing.assert_close(bell_to_bell(bell(*q), bell(*p)), wanted, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(("q", "p"), [*zip(BELLS, HILLS[:4], strict=True), (BELLS[1], HILLS[0])])
def test_both_directions_are_within_their_error(
    q: tuple[float, float], p: tuple[float, float, float, float]
) -> None:
    found = divergences(bell(*q), hills(*p))
    for got, true in zip(found[:2], by_mpmath(q, p), strict=True):
        assert abs(mp.mpf(got.item()) - true) <= found.error
    assert found.error < 1e-10


@pytest.mark.parametrize("q", BELLS)
@pytest.mark.parametrize("p", BELLS)
def test_two_hills_in_one_place_are_a_bell(q: tuple[float, float], p: tuple[float, float]) -> None:
    found = divergences(bell(*q), hills(p[0], p[0], p[1], 0.3))
    assert abs(found.reverse - bell_to_bell(bell(*q), bell(*p))) <= found.error
    assert abs(found.forward - bell_to_bell(bell(*p), bell(*q))) <= found.error


@pytest.mark.parametrize("p", HILLS)
def test_hills_are_the_mixture_of_torch_distributions(
    p: tuple[float, float, float, float],
) -> None:
    z = torch.linspace(-9, 9, 61, dtype=torch.float64)
    law = mixture(*p)
    torch.testing.assert_close(hills(*p).log_prob(z), law.log_prob(z), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(hills(*p).mean, law.mean)
    torch.testing.assert_close(hills(*p).variance, law.variance)
    gen = torch.Generator().manual_seed(5)
    u = torch.rand(40_000, generator=gen, dtype=torch.float64)
    eps = torch.randn(40_000, generator=gen, dtype=torch.float64)
    drawn = hills(*p).transform(u, eps).sort().values
    middle = (torch.arange(40_000) + 0.5) / 40_000
    parts = [distributions.Normal(t(place), t(p[2])).cdf(drawn) for place in p[:2]]
    distance = (p[3] * parts[0] + (1 - p[3]) * parts[1] - middle).abs().max().item()
    assert distance * math.sqrt(40_000) < 1.63  # Kolmogorov and Smirnov, at one per cent


@pytest.mark.parametrize("direction", WAYS)
@pytest.mark.parametrize(("q", "p"), list(itertools.product(BELLS, HILLS)))
def test_slopes_are_those_of_the_value(
    direction: Direction, q: tuple[float, float], p: tuple[float, float, float, float]
) -> None:
    step = 1e-5

    def kl(loc: float, log_scale: float) -> float:
        return float(getattr(divergences(bell(loc, math.exp(log_scale)), hills(*p)), direction))

    at, log_at = q[0], math.log(q[1])
    by_loc, by_log_scale = slopes(bell(*q), hills(*p), direction)
    wanted = (kl(at + step, log_at) - kl(at - step, log_at)) / (2 * step)
    assert by_loc.item() == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    wanted = (kl(at, log_at + step) - kl(at, log_at - step)) / (2 * step)
    assert by_log_scale.item() == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("p", HILLS)
def test_the_best_forward_bell_has_the_moments_and_nothing_is_better(
    p: tuple[float, float, float, float],
) -> None:
    law, found = mixture(*p), moment_match(hills(*p))
    torch.testing.assert_close(found.loc, law.mean)
    torch.testing.assert_close(found.scale.square(), law.variance)
    way = descend(bell(1.0, 1.0), hills(*p), "forward", 80, 0.15)
    torch.testing.assert_close(way.loc[-1], found.loc, rtol=0, atol=1e-4)
    torch.testing.assert_close(way.scale[-1], found.scale, rtol=1e-4, atol=0)
    by_loc, by_log_scale = slopes(found, hills(*p), "forward")
    assert abs(by_loc) < 1e-14
    assert abs(by_log_scale) < 1e-14
    least = divergences(found, hills(*p)).forward
    for loc, scale in itertools.product((-0.1, 0.0, 0.1), (0.9, 1.0, 1.1)):
        other = divergences(Normal(found.loc + loc, found.scale * scale), hills(*p)).forward
        assert other >= least


@pytest.mark.parametrize("p", HILLS[:3])
@pytest.mark.parametrize("start", [-2.0, 2.0])
def test_the_reverse_descent_ends_where_a_search_does(
    p: tuple[float, float, float, float], start: float
) -> None:
    """On a grid around the hill by torch's own mixture, and from there by scipy."""
    law, z = mixture(*p), torch.linspace(-12, 12, 4801, dtype=torch.float64)
    log_p, h = law.log_prob(z), (z[1] - z[0]).item()

    def kl(place: tuple[float, float]) -> float:
        log_q = bell(place[0], math.exp(place[1])).law.log_prob(z)
        return float((log_q.exp() * (log_q - log_p)).sum()) * h

    home = p[0] if start < 0 else p[1]
    grid = itertools.product((home - 0.5, home, home + 0.5), (-1.5, -0.9, -0.3))
    best = min(grid, key=kl)
    found = optimize.minimize(kl, best, method="Nelder-Mead", options={"xatol": 1e-6})
    way = descend(bell(start, 1.0), hills(*p), "reverse", 80, 0.15)
    assert way.loc[-1].item() == pytest.approx(found.x[0], abs=1e-3)
    assert way.scale[-1].item() == pytest.approx(math.exp(found.x[1]), abs=1e-3)


@pytest.mark.parametrize("direction", WAYS)
def test_a_step_is_the_natural_gradient(direction: Direction) -> None:
    """Fisher's information is the curvature of a bell's KL to itself, here by torch."""
    q, p, rate, step = bell(0.7, 1.1), hills(*HILLS[0]), 0.15, 1e-5
    at = torch.tensor([0.7, 1.1**2], dtype=torch.float64)

    def from_q(moved: Tensor) -> Tensor:
        return distributions.kl_divergence(
            q.law, distributions.Normal(moved[0], moved[1].sqrt(), validate_args=False)
        )

    fisher = torch.autograd.functional.hessian(from_q, at)

    def kl(moved: Tensor) -> float:
        return float(getattr(divergences(Normal(moved[0], moved[1].sqrt()), p), direction))

    gradient = [(kl(at + step * e) - kl(at - step * e)) / (2 * step) for e in torch.eye(2).double()]
    wanted = at - rate * torch.linalg.solve(fisher, torch.tensor(gradient, dtype=torch.float64))
    way = descend(q, p, direction, 1, rate)
    torch.testing.assert_close(way.loc[1], wanted[0], rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(way.scale[1].square(), wanted[1], rtol=1e-7, atol=1e-7)


def test_the_forward_descent_goes_a_share_of_what_is_left() -> None:
    p = hills(*HILLS[1])
    way = descend(bell(3.0, 1.0), p, "forward", 30, 0.15)
    left = (way.loc - p.mean) / (way.loc[0] - p.mean)
    torch.testing.assert_close(left, 0.85 ** torch.arange(31, dtype=torch.float64))


def test_a_start_too_wide_for_the_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        descend(bell(0.0, 5.0), hills(*HILLS[0]), "reverse", 3, 0.5)


def test_running_means_and_their_errors() -> None:
    values = torch.randn(50, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 9
    mean, error = running_mean(values)
    for n in (2, 3, 17, 50):
        assert mean[n - 1].item() == pytest.approx(values[:n].mean().item(), rel=1e-12)
        wanted = values[:n].std().item() / math.sqrt(n)
        assert error[n - 1].item() == pytest.approx(wanted, rel=1e-9)
    assert mean[0] == values[0]
    assert error[0].isnan()


@pytest.mark.parametrize("p", [HILLS[0], HILLS[3]])
def test_the_estimate_is_unbiased_in_both_directions(
    p: tuple[float, float, float, float],
) -> None:
    """The mean of log q - log p over q's draws, of log p - log q over p's: z-scores."""
    q, gen, n = bell(0.5, 1.2), torch.Generator().manual_seed(3), 100_000
    eps = torch.randn(2, n, generator=gen, dtype=torch.float64)
    z_q = q.transform(eps[0])
    z_p = hills(*p).transform(torch.rand(n, generator=gen, dtype=torch.float64), eps[1])
    ratios = [
        (q.law.log_prob(z) - hills(*p).log_prob(z)) * sign for z, sign in ((z_q, 1), (z_p, -1))
    ]
    for ratio, exact in zip(ratios, divergences(q, hills(*p))[:2], strict=True):
        mean, error = running_mean(ratio)
        assert abs(mean[-1] - exact) < 4 * error[-1]


@pytest.mark.parametrize(("q", "p"), list(itertools.product(BELLS, HILLS)))
def test_no_direction_is_negative(
    q: tuple[float, float], p: tuple[float, float, float, float]
) -> None:
    found = divergences(bell(*q), hills(*p))
    assert min(found.reverse, found.forward) >= -found.error


def test_whole_batches_are_elementwise() -> None:
    loc = torch.linspace(-3, 3, 7, dtype=torch.float64)
    p = hills(*HILLS[0])
    many = divergences(Normal(loc, t(0.8)), p)
    for at, place in enumerate(loc.tolist()):
        one = divergences(bell(place, 0.8), p)
        assert many.reverse[at].item() == pytest.approx(one.reverse.item(), abs=1e-12)
        assert many.forward[at].item() == pytest.approx(one.forward.item(), abs=1e-12)
