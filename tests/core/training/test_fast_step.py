"""The step written out by hand gives what autograd gives, and rounding does little to it."""

import threading
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from vae_core.estimators import ESTIMATORS
from vae_core.training import train
from vae_core.training.config import TrainConfig
from vae_core.training.fast_step import is_standard, standard_step
from vae_core.vae import fast_dense
from vae_core.vae.data import as_unit, load_mnist
from vae_core.vae.fast_dense import Dense, mixed_precision, through
from vae_core.vae.model import VAE
from vae_core.vae.objective import elbo

SMALL = TrainConfig(hidden=64, latent=4, batch=100, epochs=0.1)


@pytest.fixture(params=[True, False], ids=["bfloat16", "float32"])
def rounding(request, monkeypatch):
    """A processor with or without bfloat16: torch can multiply it either way."""
    monkeypatch.setattr(fast_dense, "BFLOAT16", request.param)
    return request.param


@pytest.fixture(scope="module")
def data():
    return load_mnist().first(6000, 1000)


def trained(data, **config) -> VAE:
    """A model after a few steps, where no gradient is small by accident."""
    plan = TrainConfig(epochs=0.5, batch=100, **config)
    *_, last = train.train(plan, data, exact=True, noise_share=0.0)
    model = VAE(**plan.architecture)
    model.load_state_dict(
        {name: last.checkpoint.tensors[name].clone() for name in model.state_dict()}
    )
    return model


def by_plain_torch(x, model, eps, beta):
    """The two terms and the gradient, in torch's own functions and float64 autograd."""
    weights = [w.detach().double().requires_grad_() for w in model.parameters()]
    w1, b1, w2, b2, w3, b3, w4, b4 = weights
    mu, log_sigma = F.linear(F.relu(F.linear(x, w1, b1)), w2, b2).chunk(2, -1)
    z = mu + log_sigma.exp() * eps
    logits = F.linear(F.relu(F.linear(z, w3, b3)), w4, b4)
    fit = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    kl = -0.5 * (1 + 2 * log_sigma - mu**2 - (2 * log_sigma).exp()).sum(-1)
    return fit, kl, torch.autograd.grad((fit - beta * kl).mean(), weights)


@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
@pytest.mark.parametrize(("hidden", "latent", "batch"), [(400, 20, 128), (70, 1, 7), (5, 3, 1)])
def test_terms_and_gradient_are_those_of_plain_torch(data, hidden, latent, batch, beta):
    model = trained(data, hidden=hidden, latent=latent).double()
    x = as_unit(data.test_images[:batch]).double()
    terms, found = standard_step(x, model, torch.Generator().manual_seed(3), beta)
    eps = torch.randn(
        (1, batch, latent), generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )[0]
    fit, kl, wanted = by_plain_torch(x, model, eps, beta)
    torch.testing.assert_close(terms.reconstruction, fit.detach(), rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(terms.kl, kl.detach(), rtol=1e-12, atol=1e-9)
    torch.testing.assert_close(terms.elbo, (fit - kl).detach(), rtol=1e-12, atol=1e-9)
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)


def gradients(x, model, beta=1.0):
    """By hand, and by the estimator that it stands for, from the same noise."""
    terms, by_hand = standard_step(x, model, torch.Generator().manual_seed(3), beta)
    gen = torch.Generator().manual_seed(3)
    bound = elbo(x, model, ESTIMATORS["pathwise"], 1, gen, beta)
    graph = torch.autograd.grad(bound.elbo.mean(), list(model.parameters()))
    return terms, by_hand, bound, graph


def distance(ours, theirs) -> float:
    """Of two gradients, as a share of the second one's length."""
    apart = sum((a - b).square().sum() for a, b in zip(ours, theirs, strict=True))
    return float((apart / sum(b.square().sum() for b in theirs)).sqrt())


def test_it_is_the_estimator_pathwise_rounded_or_not(data, rounding):
    model, x = trained(data), as_unit(data.test_images[:128])
    with mixed_precision():
        terms, by_hand, bound, graph = gradients(x, model)
    assert torch.equal(terms.reconstruction, bound.reconstruction)
    assert torch.equal(terms.kl, bound.kl)
    assert distance(by_hand, graph) < 1e-6


def test_rounding_moves_a_gradient_by_little_and_the_choice_of_images_by_more(data, monkeypatch):
    monkeypatch.setattr(fast_dense, "BFLOAT16", True)
    model, (x, others) = trained(data), as_unit(data.test_images[:256]).split(128)
    terms, exact, *_ = gradients(x, model)
    with mixed_precision():
        rounded_terms, rounded, _, graph = gradients(x, model)
    _, elsewhere, *_ = gradients(others, model)
    assert 1e-4 < distance(rounded, exact) < 0.02
    assert 1e-4 < distance(graph, exact) < 0.02
    assert distance(elsewhere, exact) > 0.2
    shift = rounded_terms.elbo - terms.elbo
    assert 0.0 < shift.abs().max() < 0.2
    assert shift.mean().abs() < 0.02


def test_only_large_products_are_rounded_and_only_where_it_was_asked_for(data, rounding):
    x = as_unit(data.test_images[:128])
    model, narrow = trained(data), trained(data, hidden=20)
    with mixed_precision():
        rounded, kept = model.encoder(x).loc, narrow.encoder(x).loc
        with mixed_precision(False):
            inner = model.encoder(x).loc
    assert torch.equal(rounded, model.encoder(x).loc) is not rounding
    assert torch.equal(inner, model.encoder(x).loc)
    assert torch.equal(kept, narrow.encoder(x).loc)


def test_other_threads_and_later_work_are_not_rounded(monkeypatch):
    monkeypatch.setattr(fast_dense, "BFLOAT16", True)
    weight, seen = torch.zeros(400, 784), []

    def interrupted():
        with mixed_precision():
            other = threading.Thread(target=lambda: seen.append(fast_dense.factor_type(weight)))
            other.start()
            other.join()
            seen.append(fast_dense.factor_type(weight))
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        interrupted()
    assert seen == [torch.float32, torch.bfloat16]
    assert fast_dense.factor_type(weight) is torch.float32


def test_what_is_no_number_stays_none_when_rounded(rounding):
    layers = [Dense(784, 400), Dense(400, 784)]
    with torch.no_grad():
        for weight in (w for layer in layers for w in layer.parameters()):
            weight.fill_(float("nan"))
    with mixed_precision():
        assert not through(layers, torch.zeros(2, 784)).isfinite().any()


@pytest.mark.parametrize(
    ("change", "standard"),
    [
        ({}, True),
        ({"beta": 4.0, "warm_up": 2.0, "targets": "binary"}, True),
        ({"samples": 2}, False),
        ({"estimator": "score"}, False),
        ({"objective": "iwae"}, False),
        ({"depth": 2}, False),
        ({"likelihood": "gaussian"}, False),
        ({"likelihood": "gaussian_learned"}, False),
        ({"prior": "gaussian"}, False),
        ({"prior": "mixture"}, False),
        ({"prior": "vamp"}, False),
        ({"posterior": "rank_one"}, False),
        ({"posterior": "full"}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("exact", [False, True])
def test_the_trainer_takes_it_where_it_fits(data, monkeypatch, change, standard, exact):
    calls = []

    def counted(*args):
        calls.append(1)
        return standard_step(*args)

    monkeypatch.setattr(train, "standard_step", counted)
    list(train.train(replace(SMALL, **change), data, exact=exact, noise_share=0.0))
    assert bool(calls) is (standard and not exact)


@pytest.mark.parametrize("objective", ["elbo", pytest.param("iwae", marks=pytest.mark.exhaustive)])
def test_a_rounded_run_is_as_good_as_an_exact_one(data, rounding, objective):
    config = TrainConfig(epochs=2.0, batch=100, objective=objective)
    (*_, exact), (*_, fast) = (
        train.train(config, data, exact=each, noise_share=0.0) for each in (True, False)
    )
    assert abs(fast.test.elbo - exact.test.elbo) < (0.5 if rounding else 0.05)
    assert torch.equal(
        fast.checkpoint.tensors["encoder.hidden.weight"],
        exact.checkpoint.tensors["encoder.hidden.weight"],
    ) is (objective == "iwae" and not rounding)


def test_a_gaussian_is_never_rounded(data, monkeypatch):
    monkeypatch.setattr(fast_dense, "BFLOAT16", True)
    config = replace(SMALL, likelihood="gaussian", hidden=400)
    (*_, exact), (*_, usual) = (
        train.train(config, data, exact=each, noise_share=0.0) for each in (True, False)
    )
    assert usual.test == exact.test


def test_standard_is_one_layer_bernoulli_pixels_a_diagonal_q_and_a_standard_normal():
    assert is_standard(VAE())
    assert not any(
        is_standard(VAE(**change))
        for change in (
            {"depth": 2},
            {"likelihood": "gaussian"},
            {"prior": "vamp"},
            {"posterior": "full"},
        )
    )
