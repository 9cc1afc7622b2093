"""Cost functions f(z) whose expectation under a Gaussian, and its gradient, are known exactly.

Every problem is a sum over the D dimensions of z, so its difficulty can be scaled: the gradient
in one dimension stays the same while the noise that the others add grows with D.
A new problem is one function f and one `exact`; `PROBLEMS` carries it to the shell, the pages
and the tests, which hold `exact` against quadrature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from vae_core.estimators import Cost, Estimator, in_parts_of_z
from vae_core.families import Distribution, quadrature, sum_dimensions
from vae_core.lab.exact.moments import Moments
from vae_core.lab.formula.jumps import JUMPS

# How much of z a cost is taken at in one go: a long formula keeps a hundred numbers for each. An
# ELBO's own -log q meets the same z, so there parts may change the last digit of a gradient, and
# are made only where the whole would need two gigabytes.
MOST_NUMBERS, MOST_OF_ELBO = 2**16, 7_000_000


class Exact(NamedTuple):
    """E_q[f(z)] and its gradient, one entry a dimension: f is the sum over the last axis.

    Attributes:
        value: E[f_d(z_d)], (..., D).
        loc: its derivative in mu_d, (..., D).
        scale: its derivative in sigma_d, (..., D).
        error: the numerical error of each entry of all three at most; 0 for a closed form.
        known: "closed form"; "certified", if the error is proven; "estimate", if it is only what
            two rules differ by. What is infinite is refused with `InfiniteExpectationError`.
    """

    value: Tensor
    loc: Tensor
    scale: Tensor
    error: float = 0.0
    known: str = quadrature.CLOSED_FORM

    def words(self) -> str | None:
        """What is known of the numbers, in a sentence; None if there is nothing to say."""
        return quadrature.words(self.known, self.error)

    @property
    def gradient(self) -> dict[str, Tensor]:
        """The derivatives by the parameter's name."""
        return {"loc": self.loc, "scale": self.scale}


@dataclass(frozen=True)
class Knob:
    """A setting of a problem: default, range, and what a slider calls it."""

    default: float
    minimum: float
    maximum: float
    label: str


@dataclass(frozen=True)
class Problem:
    """One entry of the registry.

    Attributes:
        title: the name that a page shows.
        formula: f of one dimension in LaTeX, with the knobs' symbols.
        terms: f_d(z_d) for each dimension, (..., D) -> (..., D); knobs by keyword.
        exact: (loc, scale, **knobs), each (..., D), -> `Exact`.
        moments: (dim, **knobs) -> closed-form Gaussian moments of each dimension's f and f',
            or None where there are none.
        smooth: whether f is continuous, so that differentiating it is allowed.
        elbo: whether -log q(z) is added to f, which makes E[f] an ELBO.
        knobs: its settings by name.
        flaw: why following the slope of f does not tell the gradient, where f is not smooth.
        kink: why the second derivative of f does not tell that of E[f]; empty where it does.
        read_as: a typed formula with every sign, and `notes` on what could be read otherwise.
    """

    name: str
    title: str
    formula: str
    terms: Callable[..., Tensor]
    exact: Callable[..., Exact]
    moments: Callable[..., tuple[Moments, ...]] | None
    smooth: bool
    elbo: bool
    knobs: Mapping[str, Knob]
    flaw: str = JUMPS
    kink: str = ""
    read_as: str = ""
    notes: tuple[str, ...] = ()

    def cost(self, q: Distribution, **knobs: float) -> Cost:
        """f(z), summed over D: (K, B, D) -> (K, B); of q only an ELBO takes notice."""

        def summed(z: Tensor) -> Tensor:
            return sum_dimensions(self.terms(z, **knobs))

        def cost(z: Tensor) -> Tensor:
            if self.elbo and z.numel() <= MOST_OF_ELBO:
                return summed(z)
            return in_parts_of_z(summed, z, max(1, MOST_NUMBERS // z.shape[-1]))

        return (lambda z: cost(z) - q.log_prob(z)) if self.elbo else cost

    def settings(self, **knobs: float) -> dict[str, float]:
        """All knobs with their values. Raises ValueError for an unknown or impossible one."""
        for name, value in knobs.items():
            if name not in self.knobs:
                allowed = ", ".join(self.knobs) or "no settings"
                raise ValueError(f"{self.name} has no setting {name!r}; it has {allowed}.")
            knob = self.knobs[name]
            if not knob.minimum <= value <= knob.maximum:
                raise ValueError(
                    f"{name} must lie between {knob.minimum:g} and {knob.maximum:g}, "
                    f"and is {value:g}."
                )
        return {name: knobs.get(name, knob.default) for name, knob in self.knobs.items()}

    def allows(self, estimator: Estimator) -> bool:
        """Whether the estimator's mean is the true gradient here."""
        seen = self.smooth or not estimator.needs_smooth_cost
        seen_twice = not (self.kink and estimator.needs_smooth_slope)
        return estimator.unbiased and seen and seen_twice

    def objection(self, estimator: Estimator) -> str | None:
        """What to know before the estimator is used here, in one sentence; None if nothing.

        Where `allows` holds too, the estimator is right, and the sentence speaks of its noise.
        """
        if not estimator.unbiased:
            return "It is biased, and cannot be trusted: in general its mean is not the gradient."
        if not self.smooth and estimator.needs_smooth_cost:
            return f"It follows the slope of f, and cannot be trusted here: {self.flaw}"
        if self.kink and estimator.needs_smooth_slope:
            return f"It takes the curvature of f, and cannot be trusted in sigma here: {self.kink}"
        if estimator.needs_elbo and not self.elbo:
            return (
                "Its extra term is made for an ELBO, where it cancels the gradient of -log q. On "
                "this f, no ELBO, it has mean zero too, and may lower the variance or raise it."
            )
        return None


PROBLEMS: dict[str, Problem] = {}


def problem(
    *,
    title: str,
    formula: str,
    exact: Callable[..., Exact],
    moments: Callable[..., tuple[Moments, ...]] | None = None,
    smooth: bool = True,
    elbo: bool = False,
    **ranges: tuple[float, float, str],
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Register the decorated f. Each knob is a keyword of f; `ranges` gives (min, max, label)."""

    def register(terms: Callable[..., Tensor]) -> Callable[..., Tensor]:
        parameters = inspect.signature(terms).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        if defaults.keys() != ranges.keys():
            raise TypeError(
                f"{terms.__name__}: each keyword of f needs its range and label, such as "
                f"k=(0.0, 2.0, 'offset k'); f has {list(defaults)}, ranges are {list(ranges)}"
            )
        knobs = {name: Knob(default, *ranges[name]) for name, default in defaults.items()}
        PROBLEMS[terms.__name__] = Problem(
            terms.__name__, title, formula, terms, exact, moments, smooth, elbo, knobs
        )
        return terms

    return register
