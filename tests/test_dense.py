"""Dense layers on oneDNN give what torch's own layers give: values, gradients, and no numbers."""

import pytest
import torch
from torch.nn import functional as F

from vae_core.dense import NARROW, ONEDNN, Dense

SIZES = [(784, 400), (NARROW, NARROW), (400, 40), (20, 400), (1, 1)]


def layer(wide: int, out: int, rectified: bool) -> Dense:
    gen = torch.Generator().manual_seed(0)
    made = Dense(wide, out, rectified=rectified)
    with torch.no_grad():
        for weight in made.parameters():
            weight.normal_(generator=gen)
    return made


def by_torch(x: torch.Tensor, like: Dense) -> list[torch.Tensor]:
    """The layer's output and gradients in float64: autograd on torch's own functions."""
    x, weight, bias = (t.detach().double().requires_grad_() for t in (x, like.weight, like.bias))
    y = F.linear(x, weight, bias)
    y = F.relu(y) if like.rectified else y
    return [y, *torch.autograd.grad(y.square().sum(), (x, weight, bias))]


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("shape", [(7,), (3, 5), (1, 7), ()], ids=str)
@pytest.mark.parametrize(("wide", "out"), SIZES)
def test_values_and_gradients_are_those_of_torch(wide, out, shape, rectified):
    made = layer(wide, out, rectified)
    gen = torch.Generator().manual_seed(1)
    x = torch.randn((*shape, wide), generator=gen).requires_grad_()
    y = made(x)
    found = [y, *torch.autograd.grad(y.square().sum(), (x, made.weight, made.bias))]
    for ours, theirs in zip(found, by_torch(x, made), strict=True):
        assert ours.shape == theirs.shape
        size = theirs.abs().max().clamp_min(1.0)
        torch.testing.assert_close(ours.double() / size, theirs / size, rtol=0.0, atol=1e-5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_stays_none(value):
    """A ReLU that made zeros of it would hide that a run has blown up."""
    made = layer(784, 400, rectified=True)
    with torch.no_grad():
        made.weight.fill_(value)
    assert not made(torch.ones(2, 784)).isfinite().any()
    assert not made(torch.zeros(2, 784)).isfinite().any()


def test_float64_keeps_its_precision():
    made = layer(784, 400, rectified=False).double()
    x = torch.rand(3, 784, dtype=torch.float64)
    torch.testing.assert_close(made(x), by_torch(x, made)[0], rtol=1e-14, atol=1e-12)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN")
def test_the_pinned_torch_has_the_product():
    assert ONEDNN
