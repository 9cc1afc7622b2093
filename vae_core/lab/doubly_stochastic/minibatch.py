"""Where the variance of a doubly stochastic gradient comes from: the data, or the noise.

The objective is an average over N data points, and one gradient looks at B of them, drawn without
replacement, each with K samples of z. By the law of total variance the minibatch and the noise
each contribute a part, and only the second one falls with K.

Source: Titsias & Lázaro-Gredilla 2014, "Doubly Stochastic Variational Bayes".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core.estimators import ESTIMATORS, Cost
from vae_core.families import Normal
from vae_core.lab.experiment import chunk_generator, within

Array = NDArray[np.float64]

DATA = 32
# All estimates are made at once, from one generator.
MOST_NUMBERS = 5_000_000


def data_points(spread: float, count: int = DATA) -> Array:
    """Fixed data x_n with mean zero and standard deviation `spread`, evenly spaced: (N,)."""
    points = np.linspace(-1.0, 1.0, count)
    scaled: Array = spread * points / points.std()
    return scaled


def misfit(x: Tensor) -> Cost:
    """The cost of each data point, (z - x_n)^2 / 2, along the batch: (K, B, 1) -> (K, B)."""
    return lambda z: 0.5 * (z - x.unsqueeze(-1)).square().sum(-1)


@dataclass(frozen=True)
class Decomposition:
    """The two parts of the variance of one gradient.

    Attributes:
        minibatch: variance because only B of N data points were looked at.
        noise: variance because z was sampled, K times for each of them.
    """

    minibatch: float
    noise: float

    @property
    def total(self) -> float:
        """Variance of the gradient."""
        return self.minibatch + self.noise


def single_gradients(
    estimator: str,
    loc: float,
    scale: float,
    x: Array,
    samples: int,
    replicates: int,
    seed: int,
    parameter: str = "loc",
) -> Array:
    """Estimates of each data point's own gradient in mu or sigma: (replicates, N).

    Raises:
        ValueError: for more numbers than fit the memory.
    """
    within("samples * replicates * data points", samples * replicates * x.size, 1, MOST_NUMBERS)
    repeated = torch.from_numpy(x).repeat(replicates)
    q = Normal(
        *(
            torch.full((repeated.numel(), 1), value, dtype=torch.float64, requires_grad=True)
            for value in (loc, scale)
        )
    )
    values = ESTIMATORS[estimator](misfit(repeated), q, samples, chunk_generator(seed, 0)).mean(0)
    if not values.requires_grad:
        return np.zeros((replicates, x.size))
    (gradient,) = torch.autograd.grad(values.sum(), q.parameters[parameter])
    return gradient.view(replicates, x.size).numpy()


def decompose(
    estimator: str,
    loc: float,
    scale: float,
    x: Array,
    batch: int,
    samples: int,
    replicates: int = 400,
    seed: int = 0,
    parameter: str = "loc",
) -> Decomposition:
    """The parts of the variance of the mean over a minibatch of B data points.

    Minibatch: (1 - B / N) S^2 / B, with S^2 the variance of the exact gradients over the data.
    Noise: the mean over the data of the variance of single estimates, over B; measured.

    Raises:
        ValueError: when B is not between 1 and N.
    """
    if not 1 <= batch <= x.size:
        raise ValueError(f"A minibatch holds 1 to {x.size} data points, not {batch}.")
    exact = loc - x if parameter == "loc" else np.full(x.size, scale)
    spread = float(exact.var(ddof=1)) * (1.0 - batch / x.size)
    found = single_gradients(estimator, loc, scale, x, samples, replicates, seed, parameter)
    return Decomposition(spread / batch, float(found.var(axis=0, ddof=1).mean()) / batch)
