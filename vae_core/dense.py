"""Dense layers on the CPU's widest vectors: x W^T + b, with a ReLU after it or without.

torch multiplies float32 matrices with MKL, which leaves AVX-512 alone on processors that are not
Intel's. oneDNN, which torch ships too, does not, and is then twice as fast at the sizes of our
layers. The numbers are float32's either way, summed in another order.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
NARROW = 64
"""Inputs or outputs below which MKL does as well: a call of oneDNN takes 10 microseconds more."""


class Dense(nn.Linear):
    """A linear layer, made without drawing its weights: whoever makes it fills them in.

    Args:
        wide: size of its inputs.
        out: size of its outputs.
        rectified: whether a ReLU follows.
    """

    def __init__(self, wide: int, out: int, *, rectified: bool = False) -> None:
        super().__init__(wide, out, device="meta")
        self.to_empty(device="cpu")
        self.rectified = rectified
        self.is_large = min(wide, out) >= NARROW

    def forward(self, x: Tensor) -> Tensor:
        """(..., wide) to (..., out). Can be differentiated once, as training needs it."""
        if ONEDNN and self.is_large and x.dtype == self.weight.dtype == torch.float32:
            y: Tensor = _Dense.apply(x, self.weight, self.bias, self.rectified)  # type: ignore[no-untyped-call]
            return y
        y = F.linear(x, self.weight, self.bias)
        return F.relu(y) if self.rectified else y


class _Dense(torch.autograd.Function):
    """The layer with both of its backward products given to oneDNN as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, rectified: bool) -> Tensor:
        y = product(x, weight, bias)
        if rectified:  # not oneDNN's own ReLU, which makes zeros of what is no number
            y.relu_()
        ctx.rectified = rectified
        ctx.save_for_backward(x, weight, y if rectified else None)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None]:
        x, weight, y = ctx.saved_tensors
        if ctx.rectified:
            grad = torch.ops.aten.threshold_backward(grad, y, 0)
        by_x = product(grad, weight.t()) if ctx.needs_input_grad[0] else None
        grad, x = grad.reshape(-1, grad.shape[-1]), x.reshape(-1, x.shape[-1])
        return by_x, product(grad.t(), x.t()), grad.sum(0), None


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b by oneDNN: float32 (..., wide) and (out, wide) to (..., out). Needs `ONEDNN`."""
    y: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return y
