"""What a family of distributions is, and the registry of those there are.

A family turns noise that knows no parameters into a sample that does: eps ~ p(eps), z = T(eps).
Shapes: K samples, B batch, D latent size. Parameters broadcast to (B, D), samples are (K, B, D); a
parameter of another shape keeps the batch first, as (B, D, D) does. Noise is (K, B, D) too, or
(K, B, D, M) where M numbers stand behind each z. Randomness is an argument: the same generator
state gives the same noise whatever the parameters.

A new family is one class with one registration above it, in `families/entries`: its fields are the
parameters, and it says how the noise is transformed. Density, CDF and support come from
`torch.distributions` where that has them, and the scores from the density; `FAMILIES` carries the
entry to the estimators, the shell, the pages and the tests.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, distributions

from vae_core.families.parts import Noise, Parameter, Tails

Path = Literal["location-scale", "inverse CDF", "composition", "implicit", "none"]


def sum_dimensions(terms: Tensor) -> Tensor:
    """Sum over the last axis, D; of a single dimension it is a view, and costs nothing."""
    return terms.squeeze(-1) if terms.shape[-1] == 1 else terms.sum(-1)


@dataclass(frozen=True)
class Family:
    """One entry of the registry.

    Attributes:
        name: its name in `FAMILIES`, its class's in small letters.
        make: the class; its parameters are keywords.
        title: the name that a page shows.
        source: the paper.
        path: how z follows the parameters, eps held fixed; "none" where it jumps or stays.
        noise: the base noise.
        law: the same family in `torch.distributions`, or None; its keywords are the parameters.
        parameters: what each must be, by name.
        tails: (parameters by name, as numbers) -> which costs have a mean.
        formula: z of the noise in LaTeX, the noise being u where it is uniform, else epsilon.
        torch: torch's line that samples it with gradients in its parameters; None if it has none.
        also: another way to the same z, and remark: where the paper's list is loose; a sentence.
        reason: why z has no path, a sentence, where there is none.
        vector: whether z is one draw of D numbers together, not D draws of one number.
        discrete: whether z takes whole numbers alone.
        rising: names of parameters that must rise in this order, such as low and high.

    The same family may stand there in other parameters too, as a Bernoulli does by its logit: such
    an entry has the same name, and is found by `in_terms_of`.
    """

    name: str
    make: Callable[..., Distribution]
    title: str
    source: str
    path: Path
    noise: Noise
    law: Callable[..., distributions.Distribution] | None
    parameters: Mapping[str, Parameter]
    tails: Callable[..., Tails]
    formula: str = ""
    torch: str | None = None
    also: str = ""
    remark: str = ""
    reason: str = ""
    vector: bool = False
    discrete: bool = False
    rising: tuple[str, ...] = ()

    @property
    def differentiable(self) -> tuple[str, ...]:
        """Names of the parameters that there is a derivative in."""
        return tuple(name for name, p in self.parameters.items() if not p.discrete)

    def moments(self, **parameters: float) -> float:
        """The order r below which E|z|^r is finite."""
        return self.tails(**parameters).order

    def in_terms_of(self, names: Collection[str]) -> Family:
        """The same family in the parameters of these names; itself where there are none such."""
        others = (
            e for e in PARAMETRIZATIONS.get(self.name, ()) if e.parameters.keys() == set(names)
        )
        return next(others, self)

    def __call__(self, **parameters: Tensor) -> Distribution:
        """The member with these parameters, be they its own or those of another parametrization.

        Raises:
            ValueError: for a parameter that it has not, has not been given, or cannot take.

        >>> FAMILIES["normal"](loc=torch.zeros(1, 1), scale=torch.tensor([[-2.0]]))
        Traceback (most recent call last):
        ...
        ValueError: scale of the family normal must be a positive number.
        """
        if (other := self.in_terms_of(parameters)) is not self:
            return other(**parameters)
        if parameters.keys() != self.parameters.keys():
            names, given = ", ".join(self.parameters), ", ".join(parameters) or "none"
            raise ValueError(f"The family {self.name} takes {names}, and got {given}.")
        for name, value in parameters.items():
            needed, words = self.parameters[name].constraint, self.parameters[name].words
            if not (value.isfinite().all() and needed.check(value).all()):
                raise ValueError(f"{name} of the family {self.name} must be {words}.")
        for below, above in pairwise(self.rising):
            if not (parameters[below] < parameters[above]).all():
                raise ValueError(f"{below} of the family {self.name} must be less than {above}.")
        return self.make(**parameters)


FAMILIES: dict[str, Family] = {}
PARAMETRIZATIONS: dict[str, tuple[Family, ...]] = {}
"""By a family's name: the same family in other parameters."""


class Distribution(ABC):
    """A member q(z) of a family: its parameters are its fields, and tensors."""

    family: ClassVar[Family]

    @property
    def parameters(self) -> dict[str, Tensor]:
        """The parameters by name, in the registry's order."""
        return {name: getattr(self, name) for name in self.family.parameters}

    @property
    def shape(self) -> torch.Size:
        """The shape (B, D) that the parameters broadcast to."""
        return torch.Size(np.broadcast_shapes(*(p.shape for p in self.parameters.values())))

    def base(self, k: int, gen: torch.Generator) -> Tensor:
        """Draw k samples of the base noise eps: (K, B, D)."""
        dtype = next(iter(self.parameters.values())).dtype
        return self.family.noise.draw((k, *self.shape), gen, dtype)

    @abstractmethod
    def transform(self, eps: Tensor) -> Tensor:
        """Move base noise to the latent: z, (K, B, D)."""

    @property
    def law(self) -> distributions.Distribution:
        """The same distribution in `torch.distributions`, which has CDFs and moments."""
        if self.family.law is None:
            raise NotImplementedError(f"torch.distributions has no {self.family.title}.")
        return self.family.law(**self.parameters, validate_args=False)

    def log_prob(self, z: Tensor) -> Tensor:
        """Joint log-density log q(z) in nats, summed over D: (K, B)."""
        law = self.law
        terms: Tensor = law.log_prob(z)
        return terms if law.event_shape else self.sum_inside(terms, z)

    def sum_inside(self, terms: Tensor, z: Tensor) -> Tensor:
        """Each number's log-density, -inf where z is outside the support, summed: (K, B)."""
        low, high = self.support
        return sum_dimensions(terms.where((low <= z) & (z <= high), -math.inf))

    def cdf(self, z: Tensor) -> Tensor:
        """P(Z_d <= z_d), number by number: (K, B, D). Of a vector there is none."""
        found: Tensor = self.law.cdf(z.clamp(*self.support))  # torch's may not look for the ends
        return found

    @property
    def support(self) -> tuple[Tensor, Tensor]:
        """The least and the greatest z, (B, D) each; infinite where there is none.

        What torch says of its law; of what torch has not, all numbers.
        """
        values = self.law.support if self.family.law else distributions.constraints.real
        low = getattr(values, "lower_bound", -math.inf)
        high = getattr(values, "upper_bound", math.inf)
        return self.expand(low), self.expand(high)

    @property
    def first(self) -> Distribution:
        """The law of the first number of z alone, (B, 1); where D is 1 that of z itself."""
        if self.family.vector:
            raise NotImplementedError(f"The law of one number of a {self.family.title} is missing.")
        return type(self)(**{name: p[..., :1] for name, p in self.parameters.items()})

    def expand(self, value: Tensor | float) -> Tensor:
        """A number for each dimension, (B, D)."""
        like = next(iter(self.parameters.values()))
        return torch.as_tensor(value, dtype=like.dtype).expand(self.shape)

    def scores(self, z: Tensor) -> dict[str, Tensor]:
        """Derivatives of log q(z) in each parameter, by name, sample by sample: (K, B, D) each.

        A parameter that takes whole numbers alone has none.
        """
        at = {
            name: p.detach().expand(z.shape if p.dim() < z.dim() else (len(z), *p.shape))
            for name, p in self.parameters.items()
        }
        with torch.enable_grad():
            leaves = {name: at[name].requires_grad_() for name in self.family.differentiable}
            log_prob = type(self)(**at).log_prob(z.detach())
            found = torch.autograd.grad(log_prob.sum(), list(leaves.values()))
        return dict(zip(leaves, found, strict=True))

    def detach(self) -> Self:
        """The same distribution with its parameters held constant."""
        return type(self)(**{name: p.detach() for name, p in self.parameters.items()})


Member = TypeVar("Member", bound=type[Distribution])


def family(
    *,
    title: str,
    source: str,
    path: Path,
    noise: Noise,
    law: Callable[..., distributions.Distribution] | None = None,
    tails: Callable[..., Tails] = lambda **_: Tails(),
    again: str = "",
    **more: Any,
) -> Callable[[Member], Member]:
    """Register the decorated class under its name in small letters; see `Family`.

    Where it is a family that there is already, in other parameters, `again` is that one's name.
    Each keyword that is a `Parameter` is one of its parameters; the rest are fields of `Family`.
    """

    def register(member: Member) -> Member:
        name = again or member.__name__.lower()
        if law is None and member.log_prob is Distribution.log_prob:
            raise TypeError(f"{name}: torch has no law of it, so it needs log_prob of its own.")
        parameters = {key: each for key, each in more.items() if isinstance(each, Parameter)}
        fields = {key: each for key, each in more.items() if key not in parameters}
        entry = Family(name, member, title, source, path, noise, law, parameters, tails, **fields)
        member.family = entry
        if again:
            PARAMETRIZATIONS[name] = (*PARAMETRIZATIONS.get(name, ()), entry)
        else:
            FAMILIES[name] = entry
        return member

    return register
