"""The costs of the page: as the laboratory reads them, and the windows they are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vae_core.lab import find_problem
from vae_core.lab.exact.coin import Toss

LOGITS = (-4.0, 4.0)
GRID = np.linspace(*LOGITS, 161)


@dataclass(frozen=True)
class Cost:
    """A cost f(z).

    Attributes:
        title: as the picker calls it.
        formula: as the laboratory reads it.
        means: window of E[f] and of averages of f(z).
        estimates: window of single estimates.
        bias: window of their means less the gradient.
        spreads: window of their deviations, in powers of ten.
    """

    title: str
    formula: str
    means: tuple[float, float]
    estimates: tuple[float, float]
    bias: tuple[float, float]
    spreads: tuple[float, float]

    def f(self, z: Tensor) -> Tensor:
        """The cost, number by number."""
        found: Tensor = find_problem(self.formula).terms(z)
        return found

    def toss(self, logit: float, samples: int = 1, temperature: float = 0.5) -> Toss:
        """It under a coin."""
        return Toss(self.f, logit, samples, temperature)

    @property
    def ends(self) -> tuple[float, float]:
        """f(0) and f(1)."""
        low, high = self.f(torch.tensor([0.0, 1.0], dtype=torch.float64)).tolist()
        return low, high


COSTS = {
    "toy": Cost(
        "(z − 0.45)²", "f=(z-0.45)^2", (0.19, 0.315), (-0.6, 0.6), (-0.11, 0.11), (-2.8, 0.1)
    ),
    "exp": Cost("exp 2z", "f=exp(2z)", (0.3, 8.1), (-4.0, 9.0), (-1.6, 1.1), (-2.2, 1.1)),
    "sine": Cost("sin 3z", "f=sin(3z)", (-0.03, 0.17), (-2.0, 2.0), (-0.33, 0.33), (-3.6, 0.6)),
    "line": Cost("z", "f=z", (-0.08, 1.08), (-0.5, 1.3), (-0.25, 0.25), (-3.6, 0.1)),
}


@lru_cache(maxsize=8)
def expected(cost: str) -> np.ndarray:
    """E[f] at each of `GRID`."""
    low, high = COSTS[cost].ends
    found: np.ndarray = low + (high - low) / (1.0 + np.exp(-GRID))
    found.setflags(write=False)
    return found
