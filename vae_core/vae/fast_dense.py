"""Dense layers on the CPU's widest vectors: x W^T + b, one after another with a ReLU between them.

torch multiplies float32 matrices with MKL, which leaves AVX-512 alone on processors that are not
Intel's. oneDNN, which torch ships too, does not, and is then up to twice as fast at the sizes of
our layers. The numbers are float32's either way, summed in another order. All layers of a network
are one node of autograd's graph: in a model as small as ours, the walk through a graph of many
nodes takes a good part of a step.

Within `mixed_precision`, large products are twice as fast again where the processor multiplies
bfloat16 natively (Micikevicius et al. 2018): the factors are rounded to eight bits, their products
are summed in float32. A gradient is then off by about one percent of its length, and another
minibatch moves it many times as far (`tests/core/training/test_fast_step.py` measures both).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
NARROW = 64
"""Inputs or outputs below which MKL does as well: a call of oneDNN takes 10 microseconds more."""
BFLOAT16: bool = torch.cpu.get_capabilities().get("avx512_bf16", False)
"""Whether the processor has instructions for products of bfloat16."""
_mixed: ContextVar[bool] = ContextVar("mixed", default=False)


@contextmanager
def mixed_precision(wanted: bool = True) -> Iterator[None]:
    """Large products of this thread take bfloat16 meanwhile, where the processor has it."""
    token = _mixed.set(wanted and BFLOAT16)
    try:
        yield
    finally:
        _mixed.reset(token)


def factor_type(weight: Tensor) -> torch.dtype:
    """What a product with this weight takes at the moment: its own type, or bfloat16."""
    return torch.bfloat16 if _mixed.get() and is_large(weight) else weight.dtype


def is_large(weight: Tensor) -> bool:
    """Whether a product with this matrix is worth the call of oneDNN."""
    return min(weight.shape) >= NARROW


class Dense(nn.Linear):
    """A linear layer, made without drawing its weights: whoever makes it fills them in."""

    def __init__(self, wide: int, out: int) -> None:
        super().__init__(wide, out, device="meta")
        self.to_empty(device="cpu")


def through(layers: Sequence[Dense], x: Tensor) -> Tensor:
    """x after all layers, with a ReLU between any two and none at the end.

    Can be differentiated once in float32, as training needs it.

    Args:
        x: (..., wide), as wide as the first layer takes it.

    Returns:
        (..., out), as the last layer gives it.
    """
    if ONEDNN and x.dtype == layers[0].weight.dtype == torch.float32:
        y: Tensor = _Layers.apply(x, *(p for layer in layers for p in (layer.weight, layer.bias)))  # type: ignore[no-untyped-call]
        return y
    *inner, last = layers
    for layer in inner:
        x = F.relu(layer(x))
    return F.linear(x, last.weight, last.bias)


class _Layers(torch.autograd.Function):
    """The layers; what large products take is kept beside what the ReLU gave."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights_and_biases: Tensor) -> Tensor:
        weights, biases = weights_and_biases[::2], weights_and_biases[1::2]
        rows = x.reshape(-1, x.shape[-1])
        kept: list[Tensor] = []
        for weight, bias in zip(weights, biases, strict=True):
            if kept:  # not oneDNN's own ReLU, which makes zeros of what is no number
                rows.relu_()
            dtype = factor_type(weight)
            factor, cast = rows.to(dtype), weight.to(dtype)
            kept += [rows, factor, cast]
            rows = multiply(factor, cast, bias)
        ctx.save_for_backward(*kept)
        return rows.view(*x.shape[:-1], rows.shape[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        kept = ctx.saved_tensors
        gradients: list[Tensor | None] = []
        rows = grad.reshape(-1, grad.shape[-1])
        for i in reversed(range(0, len(kept), 3)):
            h, factor, weight = kept[i : i + 3]
            cast = rows.to(weight.dtype)
            by_weight = by_bias = None
            if ctx.needs_input_grad[1 + i // 3 * 2]:
                by_weight, by_bias = multiply(cast.t(), factor.t()), rows.sum(0)
            gradients = [by_weight, by_bias, *gradients]
            if i > 0:
                rows = behind_relu(multiply(cast, weight.t()), h)
        by_x = None
        if ctx.needs_input_grad[0]:
            by_x = multiply(cast, weight.t()).view(*grad.shape[:-1], weight.shape[1])
        return by_x, *gradients


def behind_relu(grad: Tensor, h: Tensor) -> Tensor:
    """The gradient in what a ReLU was given, from that in what it gave, h; the same shape."""
    passed: Tensor = torch.ops.aten.threshold_backward(grad, h, 0)
    return passed


def multiply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b by whichever library is the faster: (N, wide) and (out, wide) to (N, out).

    Both factors are float32 or both bfloat16, whose product is made float32 before b is added.
    """
    if x.dtype is torch.bfloat16:
        y = F.linear(x, weight).float()
        return y if bias is None else y.add_(bias)
    if ONEDNN and x.dtype is torch.float32 and is_large(weight):
        return product(x, weight, bias)
    return F.linear(x, weight, bias)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b by oneDNN: float32 (..., wide) and (out, wide) to (..., out). Needs `ONEDNN`."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y
