"""How much of a gradient's variance comes from the minibatch, and how much from the noise.

The gradient is that of the summed E_q[log p(y|w)] in the mean of q; its variance is summed over the
D weights. By the law of total variance it is the variance of what minibatches give on average over
the noise, and the noise's variance averaged over minibatches.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.lab.doubly_stochastic.bell import Bell, average
from vae_core.lab.doubly_stochastic.minibatch import Decomposition
from vae_core.lab.experiment import chunk_generator, within


@dataclass(frozen=True)
class Spread:
    """What a bell and its cases fix; any B and K follow from it.

    Attributes:
        count: N cases.
        among: S^2, how much the cases' own exact gradients differ, summed over the weights.
        alone: sum over cases of the noise's variance in the gradient of each; exact.
        together: the noise's variance in the gradient of all cases, if one draw of the weights
            serves them all; estimated from draws.
        together_error: its standard error.
    """

    count: int
    among: float
    alone: float
    together: float
    together_error: float

    def shares(self, noise: str, batch: int, samples: int = 1) -> Decomposition:
        """The parts for B cases without replacement and K draws.

        Args:
            noise: "weights" (one draw serves the minibatch) or "cases" (each has its own).

        Raises:
            ValueError: when B is not between 1 and N.
        """
        within("batch", batch, 1, self.count)
        n, ratio = self.count, self.count / batch
        minibatch = n * ratio * (1.0 - batch / n) * self.among
        noisy = ratio * self.alone
        if noise == "weights" and n > 1:
            pairs = batch * (batch - 1) / (n * (n - 1))
            noisy += ratio**2 * pairs * (self.together - self.alone)
        return Decomposition(minibatch, noisy / samples)


def spread(q: Bell, x: Tensor, sign: Tensor, draws: int = 4_000, seed: int = 0) -> Spread:
    """Measure `together` by draws of w, and compute the rest: (N, D), (N,)."""
    mean, deviation = q.along(x)

    def slope(a: Tensor) -> Tensor:
        return torch.sigmoid(-a)

    first = average(slope, sign * mean, deviation)
    second = average(lambda a: slope(a).square(), sign * mean, deviation)
    own = (sign * first).unsqueeze(1) * x
    among = float(own.var(dim=0).sum())
    alone = float(((second - first.square()) * x.square().sum(1)).sum())
    noise = torch.randn(draws, len(q.loc), dtype=torch.float64, generator=chunk_generator(seed, 0))
    w = q.loc + noise @ q.chol.T
    whole = (sign * torch.sigmoid(-sign * (w @ x.T))) @ x
    off = (whole - own.sum(0)).square().sum(1)  # from the exact mean: no draw is spent on it
    return Spread(len(x), among, alone, float(off.mean()), float(off.std() / draws**0.5))
