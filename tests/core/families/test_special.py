"""Quantiles without a formula, and their derivatives, against mpmath at 25 digits and scipy."""

import mpmath as mp
import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor

from vae_core.families.entries.special.beta import beta_cdf
from vae_core.families.entries.special.gamma import log_gamma_quantile
from vae_core.families.entries.special.von_mises import von_mises_cdf, von_mises_quantile

LEVELS = (1e-12, 1e-6, 0.01, 0.3, 0.499, 0.51, 0.7, 0.95, 1 - 1e-6, 1 - 1e-12)
SHAPES = (0.05, 0.2, 0.7, 1.0, 2.5, 10.0, 40.0)
KAPPAS = (0.1, 1.0, 4.0, 20.0, 50.0)


def slopes(of: object, u: float, parameter: float) -> tuple[float, float, float]:
    """The quantile, and its derivatives in u and in the parameter."""
    at = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (u, parameter)]
    found = of(*at)
    return (found.item(), *(each.item() for each in torch.autograd.grad(found, at)))


def derivative(f: object, at: float) -> mp.mpf:
    """By central differences right to 15 digits."""
    h = mp.mpf(10) ** -8
    return (f(at + h) - f(at - h)) / (2 * h)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("u", LEVELS)
def test_gamma(u, shape):
    x, by_u, by_shape = slopes(log_gamma_quantile, u, shape)
    with mp.workdps(25):
        z, a = mp.e ** mp.mpf(x), mp.mpf(shape)
        mass = z**a * mp.e**-z / mp.gamma(a)  # z q(z)

        def lower(a: mp.mpf) -> mp.mpf:
            return mp.gammainc(a, 0, z, regularized=True)

        def upper(a: mp.mpf) -> mp.mpf:
            return mp.gammainc(a, z, mp.inf, regularized=True)

        off = lower(a) - mp.mpf(u) if u < 0.5 else 1 - mp.mpf(u) - upper(a)
        exact = -derivative(lower, a) / mass if u < 0.5 else derivative(upper, a) / mass
        assert abs(off / mass) < 2e-10 * (1 + abs(x))  # torch's own gammainc is no better
        assert abs(by_shape / exact - 1) < 1e-10
        assert abs(by_u * mass - 1) < 1e-10


@pytest.mark.parametrize("kappa", KAPPAS)
@pytest.mark.parametrize("u", LEVELS[1:-1])
def test_von_mises(u, kappa):
    w, by_u, by_kappa = slopes(von_mises_quantile, u, kappa)
    with mp.workdps(25):
        angle, k = abs(mp.mpf(w)), mp.mpf(kappa)

        def density(t: mp.mpf, k: mp.mpf) -> mp.mpf:
            return mp.e ** (k * mp.cos(t)) / (2 * mp.pi * mp.besseli(0, k))

        def tail(k: mp.mpf) -> mp.mpf:
            ends = [angle, angle + (mp.pi - angle) / 6, mp.pi]
            return mp.quad(lambda t: density(t, k), ends)

        mass = density(angle, k)
        exact = derivative(tail, k) / mass * (1 if w > 0 else -1)
        beyond = mp.mpf(u) if u < 0.5 else 1 - mp.mpf(u)
        assert abs(tail(k) - beyond) / mass < 2e-8 * (1 + abs(w))
        assert abs(by_kappa / exact - 1) < 1e-6
        assert abs(by_u * mass - 1) < 1e-9
    cdf = von_mises_cdf(*(torch.tensor(each, dtype=torch.float64) for each in (w, kappa)))
    np.testing.assert_allclose(cdf, u, 1e-6)


def test_many_angles_at_once_are_scipys():
    """A concentration for each; scipy's CDF is a Normal's from 50 on."""
    u = torch.rand(500, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    kappa = torch.linspace(0.05, 49.0, 500, dtype=torch.float64)
    w = von_mises_quantile(u, kappa)
    np.testing.assert_allclose(stats.vonmises.cdf(w, kappa), u, 1e-7, 1e-9)
    torch.testing.assert_close(von_mises_cdf(w, kappa), u, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("a", [0.05, 0.5, 1.0, 3.0, 20.0, 300.0])
@pytest.mark.parametrize("b", [0.05, 0.5, 1.0, 3.0, 20.0, 300.0])
def test_beta(a, b):
    rng = np.random.default_rng(3)
    x = np.concatenate([rng.beta(a, b, 20), rng.random(20), [0.0, 1e-9, 1.0 - 1e-9, 1.0]])
    got = beta_cdf(*(torch.tensor(each, dtype=torch.float64) for each in (a, b, x, 1.0 - x)))
    np.testing.assert_allclose(got, special.betainc(a, b, x), 1e-11, 1e-13)


@pytest.mark.parametrize("quantile", [log_gamma_quantile, von_mises_quantile])
def test_single_precision_and_broadcasting(quantile):
    u = torch.tensor([[0.1], [0.9]], requires_grad=True)
    parameter = torch.tensor([0.5, 2.0, 8.0], requires_grad=True)
    found: Tensor = quantile(u, parameter)
    assert found.shape == (2, 3)
    assert found.dtype == torch.float32
    double = quantile(u.double(), parameter.double())
    torch.testing.assert_close(found, double.float())
    ours = torch.autograd.grad(found.sum(), (u, parameter))
    theirs = torch.autograd.grad(double.sum(), (u, parameter))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)
