"""Gradients of a Gaussian expectation that need no path: by the slope and the curvature of f.

For z ~ N(mu, C) the two derivatives of E[f(z)] are expectations of derivatives of f itself,

    d/dmu E[f] = E[f'(z)]        (Bonnet 1964)
    d/dC  E[f] = E[f''(z)] / 2   (Price 1958),

since the density solves the heat equation: its derivative in C is half its second one in z. With
C = sigma^2 the second is d/dsigma E[f] = sigma E[f''(z)].

Source: Rezende, Mohamed & Wierstra 2014, "Stochastic Backpropagation and Approximate Inference in
Deep Generative Models", section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vae_core.estimators.registry import Cost, estimator, with_gradients
from vae_core.estimators.slopes import derivative
from vae_core.families import Normal

MOST_BENT = 2**16
"""Numbers of z whose slopes keep a graph at once: that of a long formula holds a hundred each."""


@estimator(
    title="Second order (Price)",
    summary="Takes the slope of f for mu and its curvature for sigma: nothing follows a path.",
    source="Price 1958; Bonnet 1964; Rezende et al. 2014",
    formula=r"f'(z), \quad \sigma f''(z)",
    needs_smooth_cost=True,
    needs_smooth_slope=True,
    families=("normal",),
)
def second_order(cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
    """Bonnet's and Price's identities: f'(z) for mu, sigma f''(z) for sigma, z a constant."""
    found = bent(cost, q.transform(q.base(k, gen)).detach())
    by_scale = q.scale.detach() * found.curvature
    return with_gradients(found.cost, q, {"loc": found.slope, "scale": by_scale})


class Bent(NamedTuple):
    """A cost at fixed samples, with its derivatives there in each coordinate of z.

    Attributes:
        cost: f, (K, B), with the graph of whatever parameters it has inside.
        slope: df/dz_d, (K, B, D), a constant.
        curvature: d^2f/dz_d^2, the diagonal of the Hessian, (K, B, D), a constant.
    """

    cost: Tensor
    slope: Tensor
    curvature: Tensor


def bent(cost: Cost, z: Tensor) -> Bent:
    """The cost, its slope and the diagonal of its Hessian at fixed samples z, (K, B, D).

    The diagonal takes D ways back. Where there are many samples, the derivatives are taken for
    some of them at a time, and the cost is called once more for its value.

    >>> one = torch.tensor([[[2.0]]])
    >>> [found.item() for found in bent(lambda z: z.pow(3).sum(-1), one)]
    [8.0, 12.0, 12.0]
    """
    at_once = max(1, MOST_BENT // z[0].numel())
    if len(z) > at_once:
        parts = [bent(cost, some) for some in z.split(at_once)]
        derivatives = (torch.cat([part[i] for part in parts]) for i in (1, 2))
        return Bent(cost(z), *derivatives)
    z = z.clone().requires_grad_()
    f = cost(z)
    slope = derivative(f, z, keep_graph=True)
    curvature = torch.stack(
        [derivative(each, z, keep_graph=True)[..., d] for d, each in enumerate(slope.unbind(-1))],
        dim=-1,
    )
    return Bent(f, slope.detach(), curvature.detach())
