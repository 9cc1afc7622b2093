"""Dense layers on the CPU's widest vectors: x W^T + b, one after another with a ReLU between them.

torch multiplies float32 matrices with MKL, which leaves AVX-512 alone on processors that are not
Intel's. oneDNN, which torch ships too, does not, and is then up to twice as fast at the sizes of
our layers. All layers of a network are one node of autograd's graph: in a model as small as ours,
walking through a graph of many nodes takes a good part of a step. The numbers are float32's either
way, summed in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
NARROW = 64
"""Inputs or outputs below which MKL does as well: a call of oneDNN takes 10 microseconds more."""


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
    """The layers, with large products given to oneDNN on the way there and back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights_and_biases: Tensor) -> Tensor:
        weights, biases = weights_and_biases[::2], weights_and_biases[1::2]
        rows = x.reshape(-1, x.shape[-1])
        inputs: list[Tensor] = []
        for weight, bias in zip(weights, biases, strict=True):
            if inputs:  # not oneDNN's own ReLU, which makes zeros of what is no number
                rows.relu_()
            inputs.append(rows)
            rows = product(rows, weight, bias) if _large(weight) else F.linear(rows, weight, bias)
        ctx.save_for_backward(*inputs, *weights)
        return rows.view(*x.shape[:-1], rows.shape[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        depth = len(ctx.saved_tensors) // 2
        inputs, weights = ctx.saved_tensors[:depth], ctx.saved_tensors[depth:]
        by_weights: list[Tensor | None] = []
        rows = grad.reshape(-1, grad.shape[-1])
        for i in reversed(range(depth)):
            x, weight = inputs[i], weights[i]
            multiply = product if _large(weight) else F.linear
            by_weight = by_bias = None
            if ctx.needs_input_grad[2 * i + 1]:
                by_weight, by_bias = multiply(rows.t(), x.t()), rows.sum(0)
            by_weights = [by_weight, by_bias, *by_weights]
            if i == 0:
                break
            rows = torch.ops.aten.threshold_backward(multiply(rows, weight.t()), x, 0)
        by_x = None
        if ctx.needs_input_grad[0]:
            by_x = multiply(rows, weight.t()).view(*grad.shape[:-1], weight.shape[1])
        return by_x, *by_weights


def _large(weight: Tensor) -> bool:
    return min(weight.shape) >= NARROW


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b by oneDNN: float32 (..., wide) and (out, wide) to (..., out). Needs `ONEDNN`."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y
