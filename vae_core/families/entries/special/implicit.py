"""Quantiles that are solved for, and differentiated implicitly: what Gamma and von Mises share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from vae_core.families.quadrature.expectation import legendre_rule


class Law(NamedTuple):
    """A law of x with one parameter, in float64, all of the same shape.

    Attributes:
        solve: (u, parameter) -> the x with F(x) = u.
        log_density: (x, parameter) -> the log of F's slope, in nats.
        slope: (x, parameter) -> the derivative of x in the parameter, u held fixed.
    """

    solve: Callable[[Tensor, Tensor], Tensor]
    log_density: Callable[[Tensor, Tensor], Tensor]
    slope: Callable[[Tensor, Tensor], Tensor]


def quantile_of(law: Law, u: Tensor, parameter: Tensor) -> Tensor:
    """The x with F(x) = u, of u's dtype; differentiable in both, which broadcast."""
    found: Tensor = _Quantile.apply(*torch.broadcast_tensors(u, parameter), law)  # type: ignore[no-untyped-call]
    return found


class _Quantile(torch.autograd.Function):
    """Solved on the way there, differentiated implicitly on the way back."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, parameter: Tensor, law: Law) -> Tensor:
        x = law.solve(u.double(), parameter.double())
        ctx.save_for_backward(x, parameter)
        ctx.law = law
        return x.to(u.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, parameter = ctx.saved_tensors
        at = x, parameter.double()
        by_u = (-ctx.law.log_density(*at)).exp() if ctx.needs_input_grad[0] else None
        by_parameter = ctx.law.slope(*at) if ctx.needs_input_grad[1] else None
        along_u, along = (
            None if by is None else (grad * by).to(grad.dtype) for by in (by_u, by_parameter)
        )
        return along_u, along, None


def between(f: Callable[[Tensor], Tensor], low: Tensor, high: Tensor, nodes: int) -> Tensor:
    """The integral of f by Gauss-Legendre, node by node, so that memory does not grow with them."""
    places, weights = legendre_rule(nodes)
    found, width = torch.zeros_like(high), high - low
    pairs = zip(((places + 1.0) / 2.0).tolist(), (weights / 2.0).tolist(), strict=True)
    for place, weight in pairs:
        found += weight * f(low + width * place)
    return found * width
