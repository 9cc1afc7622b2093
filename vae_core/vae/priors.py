"""Priors p(z): log-density, samples, and the KL from q(z|x) where it has a closed form.

Shapes: z is (..., D), log-densities are in nats and summed over D, (...), and C counts the
components of a mixture. Samples come from the generator that is passed in.

A new prior is a class and one registered function that makes it; `PRIORS` carries it to the model,
the shell, the pages and the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from vae_core.families import LOG_SQRT_2PI, Coin, Gaussian, Normal

COMPONENTS = 20
PSEUDO_INPUTS = 50
LOG_2 = math.log(2.0)
APART = 0.6
"""How far a mixture's means start from zero, as the standard deviation of each coordinate."""


def kl_per_dimension(q: Gaussian) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, 1)) of each latent dimension: (B, D).

    Kingma & Welling 2014, appendix B: (mu^2 + sigma^2 - 1) / 2 - log sigma. Where dimensions depend
    on each other, the share of one is the mean KL of q(z_d | z_1 ... z_{d-1}) to N(0, 1): then the
    last sigma is the deviation given the dimensions before, and the shares still sum to the KL.
    """
    return 0.5 * (q.loc.square() + q.variance - 1.0) - q.conditional_scale.log()


class Prior(nn.Module):
    """What every prior offers; the standard normal N(0, I) as it stands.

    Args:
        latent: D, the size of z.
    """

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.latent = latent

    @property
    def numbers(self) -> int:
        """About how many numbers are kept of each sample while log p(z) is differentiated."""
        return 8 * self.latent

    def log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """log p(z_d | z_1 ... z_{d-1}), which sums to log p(z): (..., D)."""
        return -0.5 * z.square() - LOG_SQRT_2PI

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z): (..., D) -> (...)."""
        return self.log_prob_per_dimension(z).sum(-1)

    def kl_per_dimension(self, q: Any) -> Tensor | None:
        """KL(q || p) of each dimension, (B, D); None where there is no closed form.

        Args:
            q: a Gaussian, (B, D); where the prior is one of coins, coins.
        """
        return kl_per_dimension(q)

    def sample(self, count: int, gen: torch.Generator) -> Tensor:
        """Draw (count, D)."""
        return torch.randn((count, self.latent), generator=gen)


class LearnedGaussian(Prior):
    """N(mu, sigma^2), diagonal, with a mu and a sigma of its own for each dimension."""

    def __init__(self, latent: int) -> None:
        super().__init__(latent)
        self.loc = nn.Parameter(torch.zeros(latent))
        self.log_scale = nn.Parameter(torch.zeros(latent))

    @property
    def normal(self) -> Normal:
        """The prior itself, with parameters (D,)."""
        return Normal(self.loc, self.log_scale.exp())

    def log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """log N(z_d; mu_d, sigma_d^2): (..., D)."""
        return self.normal.log_prob_per_dimension(z)

    def kl_per_dimension(self, q: Gaussian) -> Tensor:
        """The KL to N(0, 1) after both are shifted and scaled so that the prior is N(0, 1)."""
        return kl_per_dimension(q.seen_from(self.normal))

    def sample(self, count: int, gen: torch.Generator) -> Tensor:
        """Draw (count, D)."""
        p = self.normal
        return p.loc + p.scale * torch.randn((count, self.latent), generator=gen)


class Mixture(Prior):
    """A mixture of C diagonal Gaussians whose weights, means and sigmas are learned.

    It starts with equal weights, with means apart, so that the components can part, and with
    sigmas that give the whole a variance near 1 in every coordinate, as N(0, I) has.
    """

    def __init__(self, latent: int, gen: torch.Generator, components: int = COMPONENTS) -> None:
        super().__init__(latent)
        self.logits = nn.Parameter(torch.zeros(components))
        self.loc = nn.Parameter(APART * torch.randn((components, latent), generator=gen))
        start = 0.5 * math.log(1.0 - APART**2)
        self.log_scale = nn.Parameter(torch.full((components, latent), start))

    @property
    def numbers(self) -> int:
        """Eight for each coordinate of each component."""
        return 8 * self.latent * len(self.components()[0])

    def components(self) -> tuple[Tensor, Gaussian]:
        """Log-weights (C,) and the components, with parameters (C, D)."""
        return self.logits.log_softmax(0), Normal(self.loc, self.log_scale.exp())

    def log_prob(self, z: Tensor) -> Tensor:
        """Log of the weighted sum of C densities: (..., D) -> (...)."""
        log_weights, each = self.components()
        parts = each.log_prob_per_dimension(z.unsqueeze(-2)).sum(-1)
        return (log_weights + parts).logsumexp(-1)

    def log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """By the chain rule: what each dimension adds to log p(z_1 ... z_d): (..., D)."""
        log_weights, each = self.components()
        up_to = each.log_prob_per_dimension(z.unsqueeze(-2)).cumsum(-1)
        joint = (log_weights.unsqueeze(-1) + up_to).logsumexp(-2)
        return torch.diff(joint, dim=-1, prepend=torch.zeros_like(joint[..., :1]))

    def kl_per_dimension(self, q: Gaussian) -> Tensor | None:
        """None: the KL from a Gaussian to a mixture has no closed form."""
        return None

    def sample(self, count: int, gen: torch.Generator) -> Tensor:
        """Choose a component for each draw by its weight, then draw from it: (count, D)."""
        log_weights, each = self.components()
        chosen = torch.multinomial(log_weights.exp(), count, replacement=True, generator=gen)
        noise = torch.randn((1, count, self.latent), generator=gen)
        own = type(each)(**{name: value[chosen] for name, value in each.parameters.items()})
        return own.transform(noise)[0]


class VampPrior(Mixture):
    """The mixture of the encoder's own posteriors at C learned pseudo-inputs, equally weighted.

    Tomczak & Welling 2018. Pseudo-inputs are pictures, kept in [0, 1].

    Args:
        pseudo_inputs: (C, 784) pictures to start at, such as training images.
        encoder: x -> q(z|x), shared with the model, which owns its weights.
    """

    def __init__(
        self, latent: int, pseudo_inputs: Tensor, encoder: Callable[[Tensor], Gaussian]
    ) -> None:
        Prior.__init__(self, latent)
        self.pseudo_inputs = nn.Parameter(pseudo_inputs.clone())
        self._encoder = (encoder,)  # in a tuple, where torch does not take it for the prior's own

    def components(self) -> tuple[Tensor, Gaussian]:
        """Equal log-weights (C,) and q(z|u) of each pseudo-input u, with parameters (C, D)."""
        count = len(self.pseudo_inputs)
        log_weights = self.pseudo_inputs.new_full((count,), -math.log(count))
        return log_weights, self._encoder[0](self.pseudo_inputs.clamp(0.0, 1.0))


class FairCoins(Prior):
    """Bernoulli(1/2) in each dimension: 2^D codes, all alike."""

    def log_prob_per_dimension(self, z: Tensor) -> Tensor:
        """-log 2, whichever the coin shows: (..., D)."""
        return torch.full_like(z, -LOG_2)

    def kl_per_dimension(self, q: Coin) -> Tensor:
        """log 2 less the entropy of each coin, between 0 and log 2: (B, D)."""
        logit, p = q.log_odds, q.mean
        by_one, by_zero = functional.softplus(-logit), functional.softplus(logit)
        return LOG_2 - p * by_one - (1.0 - p) * by_zero

    def sample(self, count: int, gen: torch.Generator) -> Tensor:
        """Draw (count, D) of 0 and 1."""
        return torch.randint(2, (count, self.latent), generator=gen).float()


@dataclass(frozen=True)
class PriorKind:
    """One entry of the registry.

    Attributes:
        title: the name that a page shows.
        watch: one line on what to watch for.
        make: (latent, *, encoder, pseudo_inputs, gen) -> the prior before training.
        discrete: whether its z are zeros and ones, as a posterior's must be then.
    """

    title: str
    watch: str
    make: Callable[..., Prior]
    discrete: bool = False


PRIORS: dict[str, PriorKind] = {}


def prior(
    *, title: str, watch: str, discrete: bool = False
) -> Callable[[Callable[..., Prior]], Callable[..., Prior]]:
    """Register the decorated function, which makes a prior, under its own name.

    It is given D, and may take by keyword what else `make_prior` has to start from.
    """

    def register(make: Callable[..., Prior]) -> Callable[..., Prior]:
        PRIORS[make.__name__] = PriorKind(title, watch, make, discrete)
        return make

    return register


@prior(title="Standard normal", watch="The KL has a closed form and no noise.")
def standard(latent: int, **_start: object) -> Prior:
    """N(0, I)."""
    return Prior(latent)


@prior(
    title="Learned Gaussian",
    watch="The decoder could move and stretch z by itself, so this gains little.",
)
def gaussian(latent: int, **_start: object) -> Prior:
    """It starts at N(0, I)."""
    return LearnedGaussian(latent)


@prior(
    title="Mixture of Gaussians",
    watch="Clusters may part; the KL is sampled, which adds noise.",
)
def mixture(latent: int, *, gen: torch.Generator, **_start: object) -> Prior:
    """`COMPONENTS` of them."""
    return Mixture(latent, gen)


@prior(
    title="VampPrior",
    watch="The prior is where the encoder puts pictures that it has thought up.",
)
def vamp(
    latent: int, *, encoder: Callable[[Tensor], Gaussian], pseudo_inputs: Tensor, **_start: object
) -> Prior:
    """It starts at the posteriors of the given pictures."""
    return VampPrior(latent, pseudo_inputs, encoder)


@prior(
    title="Fair coins",
    watch="For a z of zeros and ones: at most log 2 of KL for each.",
    discrete=True,
)
def bernoulli(latent: int, **_start: object) -> Prior:
    """Bernoulli(1/2) in each dimension."""
    return FairCoins(latent)


def make_prior(
    name: str,
    latent: int,
    encoder: Callable[[Tensor], Gaussian],
    pseudo_inputs: Tensor,
    gen: torch.Generator,
) -> Prior:
    """The prior of this name, before training; an entry of `PRIORS`."""
    return PRIORS[name].make(latent, encoder=encoder, pseudo_inputs=pseudo_inputs, gen=gen)
