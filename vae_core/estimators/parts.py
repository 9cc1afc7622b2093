"""Costs of many samples, some of them at a time, so that memory does not grow with K."""

from __future__ import annotations

import torch
from torch import Tensor
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
    at_once = max(1, most // z.shape[:-1][1:].numel())
    if len(z) <= at_once:
        return cost(z)
    parts = z.split(at_once)
    if not torch.is_grad_enabled():
        return torch.cat([cost(some) for some in parts])
    return torch.cat(
        [checkpoint(cost, some, use_reentrant=False, preserve_rng_state=False) for some in parts]
    )
