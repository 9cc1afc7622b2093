"""Mean, bias and variance of a gradient estimator on a problem, over many replicates at once.

A replicate is one estimate made from K samples. Replicates lie along the batch dimension B: the
parameters are repeated B times and one backward call gives B independent estimates, so there is
no Python loop over them, only over chunks that fit the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_core.estimators import ESTIMATORS, Estimator
from vae_core.families import Coin, Distribution, Family
from vae_core.lab.exact import closed_form, coin
from vae_core.lab.exact.integrals import any_variance
from vae_core.lab.exact.integrals.any_family import Expectation, expectation
from vae_core.lab.exact.integrals.case import Pairs
from vae_core.lab.exact.integrals.spread import endless
from vae_core.lab.members import complete, find_family
from vae_core.lab.problems import Exact, Problem, find_problem, within_support

# A chunk fits the cache, and is small enough for torch to leave each thread to one of them.
CHUNK_ELEMENTS, WIDE, GROUP = 2**15, 64, 256
# A single estimate of the largest kind takes a gigabyte; these are not made side by side.
MOST_TOGETHER = 10**7
# Numbers kept one by one, three a replicate: 1.2 GB.
MOST_KEPT = 50_000_000
MAX_SAMPLES, MAX_DIM, MAX_REPLICATES, MAX_SEED = 10_000, 1_000, 100_000_000, 2**32 - 1
MAX_LOC, MIN_SCALE, MAX_SCALE, MOST_PARAMETER = 1_000.0, 1e-4, 1_000.0, 1e6
NORMAL = "normal"

Array = NDArray[np.float64]


def within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError that gives the range, unless low <= value <= high; NaN is outside."""
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low:g} and {high:g}, and is {value:g}.")


@dataclass(frozen=True)
class Experiment:
    """What is measured. Raises ValueError, in a learner's words, when it cannot be.

    Attributes:
        problem, estimator: names in the registries.
        loc, scale: mu and sigma of a Normal, the same in each of the `dim` dimensions.
        samples: K behind one estimate.
        replicates: number of independent estimates.
        knobs: the problem's settings; those left out take their defaults.
        family: name of q's family.
        parameters: of q by name, the same in each dimension; a Normal's become loc and scale.
        settings: the estimator's own, such as a temperature; those left out take their defaults.
    """

    problem: str
    estimator: str
    loc: float = 2.0
    scale: float = 1.0
    dim: int = 1
    samples: int = 1
    replicates: int = 100_000
    seed: int = 0
    knobs: Mapping[str, float] = field(default_factory=dict)
    family: str = NORMAL
    parameters: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.estimator not in ESTIMATORS:
            allowed = ", ".join(ESTIMATORS)
            raise ValueError(f"{self.estimator!r} is no estimator; there are {allowed}.")
        if self.family == NORMAL:
            self._settle_normal()
        else:
            self._check_family()
        within("dim", self.dim, 1, MAX_DIM)
        within("samples", self.samples, 1, MAX_SAMPLES)
        within("replicates", self.replicates, 2, MAX_REPLICATES)
        within("seed", self.seed, 0, MAX_SEED)
        if self.samples < self.rule.min_samples:
            raise ValueError(
                f"{self.rule.name} needs at least {self.rule.min_samples} samples, "
                f"and samples is {self.samples}."
            )
        object.__setattr__(self, "knobs", self.cost_problem.settings(**self.knobs))
        object.__setattr__(self, "settings", self.rule.settings(**self.settings))

    def _settle_normal(self) -> None:
        """A Normal's parameters by name become loc and scale."""
        if self.parameters:
            for name, value in complete(self.entry, self.parameters).items():
                object.__setattr__(self, name, value)
            object.__setattr__(self, "parameters", {})
        within("loc", self.loc, -MAX_LOC, MAX_LOC)
        within("scale", self.scale, MIN_SCALE, MAX_SCALE)

    def _check_family(self) -> None:
        """Whether there is such a member, of one dimension, and the estimator takes it."""
        entry = self.entry
        if entry.vector:
            raise ValueError(
                f"The lab measures one number z at a time, and one draw of the family {entry.name} "
                "is a whole vector: its numbers depend on each other."
            )
        object.__setattr__(self, "parameters", complete(entry, self.parameters))
        for name, value in self.parameters.items():
            within(f"{name} of the family {entry.name}", value, -MOST_PARAMETER, MOST_PARAMETER)
        entry(**self.distribution(1).parameters)
        if refusal := self.rule.refusal(entry):
            raise ValueError(refusal)

    @cached_property
    def cost_problem(self) -> Problem:
        """The registry's entry of the problem, its flaws beyond the ends of z left out."""
        if self.normal:
            return find_problem(self.problem)
        low, high = self.distribution(1).detach().support
        return within_support(self.problem, low.flatten()[0].item(), high.flatten()[0].item())

    @property
    def rule(self) -> Estimator:
        """The registry's entry of the estimator."""
        return ESTIMATORS[self.estimator]

    @property
    def normal(self) -> bool:
        """Whether q is a Normal, where loc and scale mean something."""
        return self.family == NORMAL

    @property
    def numbers(self) -> Mapping[str, float]:
        """The parameters of q by name, in the registry's order."""
        return {"loc": self.loc, "scale": self.scale} if self.normal else self.parameters

    @property
    def entry(self) -> Family:
        """The registry's entry of the family."""
        return find_family(self.family).in_terms_of(self.parameters)

    def distribution(self, batch: int) -> Distribution:
        """q(z), its parameters leaves in float64, each (batch, D)."""
        shape, entry = (batch, self.dim), self.entry
        leaves = {
            name: torch.full(shape, value, dtype=torch.float64)
            for name, value in self.numbers.items()
        }
        for name in entry.differentiable:
            leaves[name].requires_grad_()
        return entry.make(**leaves)

    def base_noise(self, batch: int, gen: torch.Generator) -> Array:
        """The noise that every estimator draws first: eps, (K, batch, D)."""
        return self.distribution(batch).base(self.samples, gen).numpy()

    def exact(self) -> Exact | Expectation:
        """E[f] of each dimension and its gradient, (D,) each.

        Under a Normal by the problem's closed form, under another family by quadrature.

        Raises:
            InfiniteExpectationError: there is none; the sentence says why.
        """
        if not self.normal:
            return expectation(self.problem, self.family, *self._words())
        at = self.distribution(1).detach().parameters.values()
        return self.cost_problem.exact(*(p[0] for p in at), **self.knobs)

    def exact_variance(
        self, parameter: str, tolerance: float = any_variance.TOLERANCE
    ) -> float | None:
        """Variance of one estimate of d/d(parameter) of the first dimension, if known.

        Under a Normal by closed form, under one coin by enumeration, under another family by
        quadrature to within a relative tolerance; None where it is infinite.
        """
        if not self.normal:
            return self._integrated(parameter, tolerance)
        if (moments := self.cost_problem.moments) is None:
            return None
        at = parameter, self.loc, self.scale, self.samples
        return closed_form.variance(moments(self.dim, **self.knobs), self.estimator, *at)

    def _integrated(self, parameter: str, tolerance: float) -> float | None:
        q = self.distribution(1).detach()
        if isinstance(q, Coin) and self.dim == 1 and not self.cost_problem.elbo:
            f = partial(self.cost_problem.terms, **self.knobs)
            return coin.variance(self.estimator, f, q, self.samples, **self.settings)
        which = self.problem, self.family, *self._words(), self.estimator
        found = any_variance.variance(*which, parameter, self.samples, tolerance)
        return None if found is None else found.value

    @property
    def variance_is(self) -> str:
        """What `exact_variance` comes from."""
        by_density = "exact sum" if self.entry.discrete else "quadrature"
        return "closed form" if self.normal else by_density

    def is_endless(self, moment: int, parameter: str) -> bool:
        """Whether one estimate of "value" or a parameter is known to have no such moment.

        Args:
            moment: 1 for the mean, 2 for the variance.
            parameter: "value", or the one that the gradient is taken in.
        """
        parameters, dim, knobs = self._words()
        together = max(dim, self.rule.min_samples) > 1
        path = self.rule.needs_path
        which = self.problem, self.family, parameters, knobs, parameter
        return endless(moment, *which, path, together)

    def _words(self) -> tuple[Pairs, int, Pairs]:
        """Parameters, dimensions and settings, to be looked up by."""
        return tuple(self.numbers.items()), self.dim, tuple(self.knobs.items())


class Estimates(NamedTuple):
    """Independent estimates, one a replicate: the value, and the first dimension's gradient.

    Attributes:
        value: (B,).
        gradient: by the parameter's name, (B,) each.
    """

    value: Array
    gradient: dict[str, Array]


def estimates(experiment: Experiment) -> Estimates:
    """Draw all replicates.

    Each chunk has a generator of its own, seeded from the experiment's seed and the chunk's
    number, and every estimator draws its base noise first: two estimators measured with the same
    seed see the same noise.

    >>> drawn = estimates(Experiment("square", "pathwise", replicates=1000))
    >>> {name: each.shape for name, each in drawn.gradient.items()}
    {'loc': (1000,), 'scale': (1000,)}

    Raises:
        ValueError: for more replicates than are kept.
    """
    count, names = experiment.replicates, experiment.entry.differentiable
    if count > MOST_KEPT:
        raise ValueError(
            f"At most {MOST_KEPT:,} single estimates are kept, and replicates is {count:,}: "
            "`measure` takes more, since it keeps sums alone."
        )
    kept, done = np.empty((1 + len(names), count)), 0
    for number, size in chunk_sizes(experiment):
        kept[:, done : done + size] = columns(draw_chunk(experiment, number, size))
        done += size
    return Estimates(kept[0], dict(zip(names, kept[1:], strict=True)))


def chunk_sizes(experiment: Experiment) -> Iterator[tuple[int, int]]:
    """Number and size of each chunk; some estimators need D times the memory of the samples."""
    per_replicate = experiment.samples * experiment.dim
    widest = CHUNK_ELEMENTS // max(per_replicate, per_replicate * experiment.dim // WIDE)
    for number, start in enumerate(range(0, experiment.replicates, max(1, widest))):
        yield number, min(max(1, widest), experiment.replicates - start)


def chunk_generator(seed: int, chunk: int) -> torch.Generator:
    """An independent generator for each pair of seed and chunk."""
    state = np.random.SeedSequence((seed, chunk)).generate_state(1)[0]
    return torch.Generator().manual_seed(int(state))


def draw_chunk(experiment: Experiment, number: int, batch: int) -> Estimates:
    """The estimates of one chunk; a chunk's number decides its noise."""
    gen = chunk_generator(experiment.seed, number)
    q, k = experiment.distribution(batch), experiment.samples
    cost = experiment.cost_problem.cost(q, **experiment.knobs)
    values = experiment.rule(cost, q, k, gen, **experiment.settings)
    names = q.family.differentiable
    leaves = [q.parameters[name] for name in names]
    if values.requires_grad:
        # One call for all replicates: each row of the parameters meets its own costs only.
        found: Sequence[Tensor] = torch.autograd.grad(values.sum(), leaves)
    else:  # The estimator cut the path from the parameters to the cost.
        found = [torch.zeros_like(leaf) for leaf in leaves]
    value = values.detach()[0] if k == 1 else values.detach().mean(0)
    columns = (each[:, 0] if k == 1 else each[:, 0] / k for each in found)
    gradient = {name: each.numpy() for name, each in zip(names, columns, strict=True)}
    return Estimates(value.numpy(), gradient)


def columns(chunk: Estimates) -> list[Array]:
    """The value and each gradient, in the order of the parameters."""
    return [chunk.value, *chunk.gradient.values()]
