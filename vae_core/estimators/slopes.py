"""The slope of a cost in z, as autograd sees it: zero where z has no part in the cost."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_core.estimators.registry import Cost


def derivative(value: Tensor, z: Tensor, *, keep_graph: bool = False) -> Tensor:
    """The derivative of the sum of `value` in z, of z's shape; zero where z has no part in it.

    Args:
        keep_graph: whether what comes out can be differentiated in its turn.

    >>> z = torch.tensor([2.0, 3.0], requires_grad=True)
    >>> derivative(z.square(), z).tolist(), derivative(torch.ones(2), z).tolist()
    ([4.0, 6.0], [0.0, 0.0])
    """
    if not value.requires_grad:
        return torch.zeros_like(z)
    (found,) = torch.autograd.grad(
        value.sum(), z, create_graph=keep_graph, allow_unused=True, materialize_grads=True
    )
    return found


def cost_and_slope(cost: Cost, z: Tensor) -> tuple[Tensor, Tensor]:
    """f at fixed z, (K, B), and its slope there, (K, B, D): constants both."""
    with torch.enable_grad():
        at = z.detach().requires_grad_()
        f = cost(at)
        slope = derivative(f, at)
    return f.detach(), slope
