"""Dense layers on oneDNN give what torch's own layers give: values, gradients, and no numbers."""

from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from vae_core.vae.fast_dense import NARROW, ONEDNN, Dense, through

NETWORKS = [(784, 400), (784, 400, 40), (20, 400, 784), (3, 5, 64, 64, 2), (NARROW, NARROW), (1, 1)]


def network(sizes: tuple[int, ...]) -> list[Dense]:
    gen = torch.Generator().manual_seed(0)
    layers = [Dense(wide, out) for wide, out in pairwise(sizes)]
    with torch.no_grad():
        for layer in layers:
            layer.weight.normal_(generator=gen).div_(layer.in_features**0.5)
            layer.bias.normal_(generator=gen)
    return layers


def weights_of(layers: list[Dense]) -> list[torch.Tensor]:
    return [weight for layer in layers for weight in layer.parameters()]


def by_torch(x: torch.Tensor, layers: list[Dense]) -> list[torch.Tensor]:
    """Output and gradients in float64: autograd on torch's own functions."""
    x, *weights = (t.detach().double().requires_grad_() for t in (x, *weights_of(layers)))
    y = x
    for i in range(0, len(weights), 2):
        y = F.linear(y if i == 0 else F.relu(y), weights[i], weights[i + 1])
    return [y, *torch.autograd.grad(y.square().sum(), (x, *weights))]


@pytest.mark.parametrize("shape", [(7,), (3, 5), (1, 7), ()], ids=str)
@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_values_and_gradients_are_those_of_torch(sizes, shape):
    layers = network(sizes)
    gen = torch.Generator().manual_seed(1)
    x = torch.randn((*shape, sizes[0]), generator=gen).requires_grad_()
    y = through(layers, x)
    found = [y, *torch.autograd.grad(y.square().sum(), (x, *weights_of(layers)))]
    for ours, theirs in zip(found, by_torch(x, layers), strict=True):
        assert ours.shape == theirs.shape
        size = theirs.abs().max().clamp_min(1.0)
        torch.testing.assert_close(ours.double() / size, theirs / size, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("frozen", [0, 1])
def test_frozen_layers_take_no_gradient(frozen):
    layers = network((20, 400, 784))
    layers[frozen].requires_grad_(False)
    x = torch.randn(4, 20)
    wanted = by_torch(x, layers)[2:]
    through(layers, x).square().sum().backward()
    for i, weight in enumerate(weights_of(layers)):
        if i // 2 == frozen:
            assert weight.grad is None
        else:
            torch.testing.assert_close(weight.grad.double(), wanted[i], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_stays_none(value):
    """A ReLU that made zeros of it would hide that a run has blown up."""
    layers = network((784, 400, 784))
    with torch.no_grad():
        layers[0].weight.fill_(value)
    assert not through(layers, torch.ones(2, 784)).isfinite().any()
    assert not through(layers, torch.zeros(2, 784)).isfinite().any()


def test_float64_keeps_its_precision():
    layers = [layer.double() for layer in network((784, 400, 20))]
    x = torch.rand(3, 784, dtype=torch.float64)
    wanted = by_torch(x, layers)[0]
    torch.testing.assert_close(through(layers, x), wanted, rtol=1e-14, atol=1e-12)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
def test_the_pinned_torch_has_the_product():
    assert ONEDNN
