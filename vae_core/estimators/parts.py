"""Costs of many samples, some of them at a time, so that memory does not grow with K."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import checkpoint

from vae_core.estimators.registry import Cost


def in_parts(cost: Cost, z: Tensor, most: int) -> Tensor:
    """The cost of samples (K, B, D), taken for at most `most` of the K * B at a time: (K, B).

    Where there are no more, the cost is called once. Else the graph of one part is kept at a time:
    on the way back each part's costs are computed again. Gradients in z are the same to the last
    digit; those in weights inside the cost are added part by part.

    >>> z = torch.ones((6, 1, 2), requires_grad=True)
    >>> in_parts(lambda some: some.square().sum(-1), z, most=4).sum().item()
    12.0
    """
    if z.shape[:-1].numel() <= most:
        return cost(z)
    parts = [z[some] for some in _slices(z, most)]
    if not torch.is_grad_enabled():
        return torch.cat([cost(some) for some in parts])
    return torch.cat(
        [checkpoint(cost, some, use_reentrant=False, preserve_rng_state=False) for some in parts]
    )


def in_parts_of_z(cost: Cost, z: Tensor, most: int) -> Tensor:
    """The same for a cost without weights inside: (K, B), and its gradient is in z alone.

    All that outlives a part is made before the first one. Small results between large ones would
    keep the memory of the large ones from being used again.
    """
    if z.shape[:-1].numel() <= most:
        return cost(z)
    found: Tensor = _OfZ.apply(z, cost, most)  # type: ignore[no-untyped-call]
    return found


def _slices(z: Tensor, most: int) -> Iterator[slice]:
    at_once = max(1, most // z.shape[1:-1].numel())
    return (slice(start, start + at_once) for start in range(0, len(z), at_once))


class _OfZ(torch.autograd.Function):
    """A cost part by part, and once more part by part on the way back."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, cost: Cost, most: int) -> Tensor:
        ctx.save_for_backward(z)
        ctx.cost, ctx.most = cost, most
        found = z.new_empty(z.shape[:-1])
        for some in _slices(z, most):
            found[some] = cost(z[some])
        return found

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_cost: Tensor) -> tuple[Tensor, None, None]:
        (z,) = ctx.saved_tensors
        by_z = torch.zeros_like(z)
        for some in _slices(z, ctx.most):
            part = z[some].detach().requires_grad_()
            with torch.enable_grad():
                cost = ctx.cost(part)
            if cost.requires_grad:
                by_z[some] = torch.autograd.grad(
                    cost, part, by_cost[some], allow_unused=True, materialize_grads=True
                )[0]
        return by_z, None, None
