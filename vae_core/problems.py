"""Cost functions f(z) whose expectation under a Gaussian, and its gradient, are known exactly.

Every problem is a sum over the D dimensions of z, so its difficulty can be scaled: the gradient
in one dimension stays the same while the noise that the others add grows with D.
A new problem is one function f and one `exact`; `PROBLEMS` carries it to the shell, the pages
and the tests, which hold `exact` against quadrature.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from vae_core import quadrature
from vae_core.closed_form import ExponentialPolynomial, Moments, Step
from vae_core.estimators import Cost, Estimator
from vae_core.families import LOG_SQRT_2PI, Normal, sum_dimensions
from vae_core.formula import parse_formula
from vae_core.quadrature import adaptive_expectation, softplus_expectation


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

    def cost(self, q: Normal, **knobs: float) -> Cost:
        """f(z), summed over D: (K, B, D) -> (K, B); of q only an ELBO takes notice."""
        if self.elbo:
            return lambda z: sum_dimensions(self.terms(z, **knobs)) - q.log_prob(z)
        return lambda z: sum_dimensions(self.terms(z, **knobs))

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
        return estimator.unbiased and (self.smooth or not estimator.needs_smooth_cost)

    def objection(self, estimator: Estimator) -> str | None:
        """Why the estimator should not be used here, in one sentence; None if it may be."""
        if not estimator.unbiased:
            return "It is biased: in general its mean is not the gradient."
        if not self.allows(estimator):
            return "It follows the slope of f, and this f jumps: the jumps are lost."
        if estimator.needs_elbo and not self.elbo:
            return "It cancels the -log q of an ELBO; this f has none, so it only adds noise."
        return None


PROBLEMS: dict[str, Problem] = {}


OWN = "f="
UNSETTLED, BIASED = 1e-2, 1e-6


def find_problem(name: str) -> Problem:
    """The registry's entry of that name, or the learner's own cost: "f=sin(3z)".

    Raises:
        ValueError: when there is neither; a `FormulaError` points at what is not understood.
    """
    if name.startswith(OWN):
        return own_problem(name.removeprefix(OWN))
    if name not in PROBLEMS:
        raise ValueError(f"{name!r} is no problem; there are {', '.join(PROBLEMS)}, f=FORMULA.")
    return PROBLEMS[name]


@lru_cache(maxsize=64)
def own_problem(text: str) -> Problem:
    """A typed formula in z as a problem, by quadrature. Raises FormulaError."""
    formula = parse_formula(text)

    def exact(loc: Tensor, scale: Tensor) -> Exact:
        integral = Exact(*adaptive_expectation(formula.f, loc, scale))
        if not integral.error < UNSETTLED * (1.0 + integral.value.abs().max().item()):
            raise ValueError(
                "The expectation of this cost does not settle to a number: the cost is not "
                "finite for every z, grows too fast, or is a sum of parts that cancel."
            )
        return integral

    return Problem(
        name=OWN + text,
        title="Your own",
        formula=rf"\texttt{{{text}}}",
        terms=formula.f,
        exact=exact,
        moments=None,
        smooth=not formula.jumps and _path_is_unbiased(formula.f, exact),
        elbo=False,
        knobs={},
    )


def _path_is_unbiased(f: Callable[[Tensor], Tensor], exact: Callable[..., Exact]) -> bool:
    """Whether E[f'] is the gradient in mu, on a wide bell: it is not where f jumps."""

    def slope(z: Tensor) -> Tensor:
        point = z.clone().requires_grad_()
        value = f(point)
        if not value.requires_grad:
            return torch.zeros_like(z)
        return torch.autograd.grad(value.sum(), point)[0]

    loc = torch.tensor([0.1], dtype=torch.float64)
    scale = torch.tensor([2.0], dtype=torch.float64)
    try:
        truth = exact(loc, scale).loc
    except ValueError:
        return True  # the cost is refused when it is measured
    path = adaptive_expectation(slope, loc, scale).value
    return bool((path - truth).abs() < BIASED * (1.0 + truth.abs()))


def alike(moments: Callable[..., Moments]) -> Callable[..., tuple[Moments, ...]]:
    """The same moments in each dimension: **knobs -> moments becomes (dim, **knobs) -> tuple."""
    return lambda dim, **knobs: (moments(**knobs),) * dim


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
        knobs = {name: Knob(default, *ranges[name]) for name, default in defaults.items()}
        PROBLEMS[terms.__name__] = Problem(
            terms.__name__, title, formula, terms, exact, moments, smooth, elbo, knobs
        )
        return terms

    return register


@problem(
    title="Square",
    formula=r"z^2",
    exact=lambda loc, scale: Exact(loc**2 + scale**2, 2 * loc, 2 * scale),
    moments=alike(lambda: ExponentialPolynomial.polynomial(0, 0, 1)),
)
def square(z: Tensor) -> Tensor:
    """z^2: the textbook case."""
    return z.square()


@problem(
    title="Cubic",
    formula=r"z^3",
    exact=lambda loc, scale: Exact(
        loc**3 + 3 * loc * scale**2, 3 * loc**2 + 3 * scale**2, 6 * loc * scale
    ),
    moments=alike(lambda: ExponentialPolynomial.polynomial(0, 0, 0, 1)),
)
def cubic(z: Tensor) -> Tensor:
    """z^3: heavier tails for every estimator."""
    return z * z * z


def _exact_sine(loc: Tensor, scale: Tensor, *, omega: float) -> Exact:
    damping = torch.exp(-0.5 * (omega * scale) ** 2)
    sine, cosine = torch.sin(omega * loc), torch.cos(omega * loc)
    return Exact(damping * sine, omega * damping * cosine, -(omega**2) * scale * damping * sine)


@problem(
    title="Sine",
    formula=r"\sin(\omega z)",
    exact=_exact_sine,
    moments=alike(ExponentialPolynomial.sine),
    omega=(0.1, 20.0, "frequency ω"),
)
def sine(z: Tensor, *, omega: float = 3.0) -> Tensor:
    """sin(omega z): a fast omega makes the slope large while the cost stays within one."""
    return torch.sin(omega * z)


def _exact_exp(loc: Tensor, scale: Tensor) -> Exact:
    value = torch.exp(0.5 * loc + 0.125 * scale**2)
    return Exact(value, 0.5 * value, 0.25 * scale * value)


@problem(
    title="Exponential",
    formula=r"e^{z/2}",
    exact=_exact_exp,
    moments=alike(lambda: ExponentialPolynomial.exponential(0.5)),
)
def exp(z: Tensor) -> Tensor:
    """exp(z / 2): smooth, positive, never small on the right."""
    return torch.exp(0.5 * z)


def _exact_step(loc: Tensor, scale: Tensor, *, k: float) -> Exact:
    t = (loc - k) / scale
    density = torch.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    return Exact(torch.special.ndtr(t), density / scale, -t * density / scale)


@problem(
    title="Step",
    formula=r"\mathbf{1}[z > k]",
    exact=_exact_step,
    moments=alike(Step),
    smooth=False,
    k=(-10.0, 10.0, "threshold k"),
)
def step(z: Tensor, *, k: float = 0.5) -> Tensor:
    """1[z > k]: the slope is zero wherever it exists, so following the slope says nothing."""
    return (z > k).to(z.dtype)


@problem(
    title="Double well",
    formula=r"(z^2 - 1)^2",
    exact=lambda loc, scale: Exact(
        loc**4 + 6 * loc**2 * scale**2 + 3 * scale**4 - 2 * (loc**2 + scale**2) + 1,
        4 * loc**3 + 12 * loc * scale**2 - 4 * loc,
        12 * loc**2 * scale + 12 * scale**3 - 4 * scale,
    ),
    moments=alike(lambda: ExponentialPolynomial.polynomial(1, 0, -2, 0, 1)),
)
def double_well(z: Tensor) -> Tensor:
    """(z^2 - 1)^2: two valleys, and a hill between them at zero."""
    return (z * z - 1.0).square()


def curvatures(dim: int, condition: float) -> Tensor:
    """From 1 in the first dimension to `condition` in the last, evenly in the logarithm: (D,)."""
    return torch.logspace(0.0, math.log10(condition), dim, dtype=torch.float64)


def _exact_bowl(loc: Tensor, scale: Tensor, *, kappa: float) -> Exact:
    c = curvatures(loc.shape[-1], kappa)
    return Exact(0.5 * c * (loc**2 + scale**2), c * loc, c * scale)


@problem(
    title="Quadratic bowl",
    formula=r"\tfrac{1}{2} c_d z_d^2, \quad c_d = \kappa^{(d-1)/(D-1)}",
    exact=_exact_bowl,
    moments=lambda dim, kappa: tuple(
        ExponentialPolynomial.polynomial(0, 0, 0.5 * c) for c in curvatures(dim, kappa).tolist()
    ),
    kappa=(1.0, 1000.0, "condition number κ"),
)
def quadratic_bowl(z: Tensor, *, kappa: float = 100.0) -> Tensor:
    """c_d z_d^2 / 2: the first dimension is flat, and the last one steeper by kappa."""
    return 0.5 * curvatures(z.shape[-1], kappa) * z * z


def _entropy(scale: Tensor) -> Tensor:
    """E[-log q(z_d)] in nats."""
    return 0.5 + LOG_SQRT_2PI + scale.log()


def _exact_gaussian_elbo(loc: Tensor, scale: Tensor, *, x: float, noise: float) -> Exact:
    prior = -0.5 * (loc**2 + scale**2) - LOG_SQRT_2PI
    misfit = ((x - loc) ** 2 + scale**2) / noise**2
    likelihood = -0.5 * misfit - math.log(noise) - LOG_SQRT_2PI
    return Exact(
        prior + likelihood + _entropy(scale),
        -loc + (x - loc) / noise**2,
        -scale - scale / noise**2 + 1.0 / scale,
    )


@problem(
    title="ELBO, Gaussian model",
    formula=r"\log \mathcal{N}(z; 0, 1) + \log \mathcal{N}(x; z, s^2) - \log q(z)",
    exact=_exact_gaussian_elbo,
    elbo=True,
    x=(-10.0, 10.0, "observation x"),
    noise=(0.05, 10.0, "noise s"),
)
def gaussian_elbo(z: Tensor, *, x: float = 1.5, noise: float = 1.0) -> Tensor:
    """log p(z) + log p(x | z): one observation x in each dimension, log p(x) known."""
    prior = -0.5 * z * z - LOG_SQRT_2PI
    return prior - 0.5 * ((x - z) / noise) ** 2 - math.log(noise) - LOG_SQRT_2PI


def gaussian_log_evidence(dim: int, *, x: float, noise: float) -> float:
    """log p(x) of `gaussian_elbo` in nats, summed over D: what its ELBO cannot exceed."""
    spread = 1.0 + noise**2
    return dim * (-0.5 * x * x / spread - 0.5 * math.log(spread) - LOG_SQRT_2PI)


# Made up: dose given, and whether (+1) or not (-1) there was an effect.
DOSES = torch.tensor([-2.0, -1.2, -0.7, -0.3, 0.2, 0.4, 0.9, 1.6], dtype=torch.float64)
EFFECTS = torch.tensor([-1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 1.0], dtype=torch.float64)


def _exact_logistic_elbo(loc: Tensor, scale: Tensor) -> Exact:
    """log sigmoid(m z) is -softplus(-m z), and -m z is Gaussian too."""
    m = DOSES * EFFECTS
    parts = softplus_expectation(-m * loc.unsqueeze(-1), m.abs() * scale.unsqueeze(-1))
    prior = -0.5 * (loc**2 + scale**2) - LOG_SQRT_2PI
    value = prior + _entropy(scale) - parts.value.sum(-1)
    by_loc = (m * parts.loc).sum(-1) - loc
    by_scale = 1.0 / scale - scale - (m.abs() * parts.scale).sum(-1)
    largest = max(x.detach().abs().max().item() for x in (prior, value, by_loc, by_scale))
    error = 4.0 * quadrature.ROUNDING * largest + 2.0 * len(m) * parts.error
    return Exact(value, by_loc, by_scale, error, quadrature.CERTIFIED)


@problem(
    title="ELBO, logistic regression",
    formula=r"\log \mathcal{N}(z; 0, 1) + \sum_n \log \sigma(y_n x_n z) - \log q(z)",
    exact=_exact_logistic_elbo,
    elbo=True,
)
def logistic_elbo(z: Tensor) -> Tensor:
    """log p(z) + sum_n log p(y_n | x_n, z): eight observations, one weight z a dimension."""
    margins = z.unsqueeze(-1) * (DOSES * EFFECTS)
    return -0.5 * z * z - LOG_SQRT_2PI + torch.nn.functional.logsigmoid(margins).sum(-1)
