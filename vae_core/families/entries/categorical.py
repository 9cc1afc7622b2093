"""Categories, numbered from 0: three, four or five of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from vae_core.families.entries.discrete import LOGIT, STILL, WILLIAMS, Relaxable
from vae_core.families.entries.noise import UNIFORM, beside
from vae_core.families.family import family


def _categorical(count: int, again: str = "") -> Callable[[type[Categories]], type[Categories]]:
    """The registration of so many categories; of more than three it is `again` a categorical."""
    more: Any = {f"logit{i}": replace(LOGIT, symbol=rf"\eta_{i}") for i in range(count)}
    return family(
        again=again,
        title="Categorical",
        source=WILLIAMS,
        path="none",
        noise=replace(beside(*[UNIFORM] * count), title="uniform, for each category"),
        formula=r"\operatorname{argmax}_c \,(\eta_c - \ln(-\ln u_c))",
        reason=STILL.format("a logit", "where another category comes to the top"),
        discrete=True,
        **more,
    )


class Categories(Relaxable):
    """z = c with probability proportional to exp(logit c)."""

    @property
    def log_shares(self) -> Tensor:
        """Log-probability of each category: (B, D, C)."""
        logits = torch.broadcast_tensors(*self.parameters.values())
        return torch.stack(logits, -1).log_softmax(-1)

    @property
    def mean(self) -> Tensor:
        """The average number of the category."""
        return self._middle(self.log_shares.exp())

    def _middle(self, shares: Tensor) -> Tensor:
        """The average of 0, 1, ... by shares on the last axis."""
        return (shares * torch.arange(shares.shape[-1], dtype=shares.dtype)).sum(-1)

    def transform(self, eps: Tensor) -> Tensor:
        """The category whose log-share plus Gumbel noise is greatest."""
        return self.perturbed(eps).argmax(-1).to(eps.dtype)

    def perturbed(self, eps: Tensor) -> Tensor:
        """x = log-shares plus Gumbel noise: (K, B, D, C)."""
        return self.log_shares - (-eps.log()).log()

    def perturbed_given(self, z: Tensor, eps: Tensor) -> Tensor:
        """The greatest x is Gumbel noise whichever it is; the others are drawn from below it."""
        waits = -eps.log()
        top = functional.one_hot(z.long(), waits.shape[-1]).bool()
        first = waits.where(top, 0.0).sum(-1, keepdim=True)
        return -(waits.where(top, waits * (-self.log_shares).exp() + first)).log()

    def relax(self, perturbed: Tensor, temperature: float) -> Tensor:
        """The average category under the softmax of x / temperature (Gumbel-softmax)."""
        return self._middle((perturbed / temperature).softmax(-1))

    def log_prob(self, z: Tensor) -> Tensor:
        """Log-probability of the categories, summed over D: (K, B)."""
        shares = self.log_shares
        at = z.long().clamp(0, shares.shape[-1] - 1).unsqueeze(-1)
        found = shares.expand(*z.shape, -1).gather(-1, at).squeeze(-1)
        return self.sum_inside(found, z)

    def cdf(self, z: Tensor) -> Tensor:
        """The shares of all categories up to z: (K, B, D)."""
        shares = self.log_shares.exp()
        within = torch.arange(shares.shape[-1], dtype=shares.dtype) <= z.unsqueeze(-1)
        return shares.where(within, 0.0).sum(-1)

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """From 0 to the last category."""
        return self.expand(0.0), self.expand(len(self.parameters) - 1.0)


@_categorical(3)
@dataclass(frozen=True)
class Categorical(Categories):
    """Three categories; an entry with more of them has the same name."""

    logit0: Tensor
    logit1: Tensor
    logit2: Tensor


@_categorical(4, again="categorical")
@dataclass(frozen=True)
class FourCategories(Categorical):
    """Four."""

    logit3: Tensor


@_categorical(5, again="categorical")
@dataclass(frozen=True)
class FiveCategories(FourCategories):
    """Five."""

    logit4: Tensor
