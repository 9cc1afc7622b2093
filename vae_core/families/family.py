"""What a family of distributions is, and the registry of those there are.

A family turns noise that knows no parameters into a sample that does: eps ~ p(eps), z = T(eps).
Shapes: K samples, B batch, D latent size. Parameters broadcast to (B, D), samples are (K, B, D); a
parameter of another shape keeps the batch first, as (B, D, D) does. Randomness is an argument:
the same generator state gives the same noise whatever the parameters.

A new family is one class with one registration above it: its fields are the parameters, and it
says how the noise is transformed. The density comes from `torch.distributions` where that has the
family, and the scores from the density; `FAMILIES` carries the entry to the estimators.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, distributions
from torch.distributions.constraints import Constraint

Path = Literal["location-scale", "inverse CDF", "composition", "implicit", "none"]


def sum_dimensions(terms: Tensor) -> Tensor:
    """Sum over the last axis, D; of a single dimension it is a view, and costs nothing."""
    return terms.squeeze(-1) if terms.shape[-1] == 1 else terms.sum(-1)


@dataclass(frozen=True)
class Noise:
    """Base noise, which knows no parameter.

    Attributes:
        title: its name.
        draw: (shape, generator, dtype) -> eps of that shape.
        mirror: eps -> noise of the same law from its other side, such as -eps.
    """

    title: str
    draw: Callable[[Sequence[int], torch.Generator, torch.dtype], Tensor]
    mirror: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Parameter:
    """What a family's parameter must be: the condition, and the condition in words."""

    constraint: Constraint
    words: str


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
    """

    name: str
    make: Callable[..., Distribution]
    title: str
    source: str
    path: Path
    noise: Noise
    law: Callable[..., distributions.Distribution] | None
    parameters: Mapping[str, Parameter]

    def __call__(self, **parameters: Tensor) -> Distribution:
        """The member with these parameters.

        Raises:
            ValueError: for a parameter that it has not, has not been given, or cannot take.

        >>> FAMILIES["normal"](loc=torch.zeros(1, 1), scale=torch.tensor([[-2.0]]))
        Traceback (most recent call last):
        ...
        ValueError: scale of the family normal must be a positive number.
        """
        if parameters.keys() != self.parameters.keys():
            needed, given = ", ".join(self.parameters), ", ".join(parameters) or "none"
            raise ValueError(f"The family {self.name} takes {needed}, and got {given}.")
        for name, value in parameters.items():
            if not self.parameters[name].constraint.check(value).all():
                words = self.parameters[name].words
                raise ValueError(f"{name} of the family {self.name} must be {words}.")
        return self.make(**parameters)


FAMILIES: dict[str, Family] = {}


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
        return terms if law.event_shape else sum_dimensions(terms)

    def scores(self, z: Tensor) -> dict[str, Tensor]:
        """Derivatives of log q(z) in each parameter, by name, sample by sample: (K, B, D) each."""
        at = {
            name: p.detach().expand(z.shape if p.dim() < z.dim() else (len(z), *p.shape))
            for name, p in self.parameters.items()
        }
        with torch.enable_grad():
            leaves = [p.requires_grad_() for p in at.values()]
            log_prob = type(self)(**at).log_prob(z.detach())
            found = torch.autograd.grad(log_prob.sum(), leaves)
        return dict(zip(at, found, strict=True))

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
    **parameters: Parameter,
) -> Callable[[Member], Member]:
    """Register the decorated class under its name in small letters; see `Family`."""

    def register(member: Member) -> Member:
        name = member.__name__.lower()
        if law is None and member.log_prob is Distribution.log_prob:
            raise TypeError(f"{name}: torch has no law of it, so it needs log_prob of its own.")
        entry = Family(name, member, title, source, path, noise, law, parameters)
        FAMILIES[name] = member.family = entry
        return member

    return register
