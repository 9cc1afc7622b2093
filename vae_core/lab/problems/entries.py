"""The problems of the lab: cost functions with their exact values, and the learner's own cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI, quadrature
from vae_core.families.quadrature import adaptive_expectation, softplus_expectation
from vae_core.lab.exact.moments import ExponentialPolynomial, Moments, Step
from vae_core.lab.formula import parse_formula
from vae_core.lab.formula.jumps import flaw, kink
from vae_core.lab.formula.tree import plain, tex
from vae_core.lab.problems.registry import PROBLEMS, Exact, Problem, problem

OWN = "f="
UNSETTLED = 1e-2


def find_problem(name: str) -> Problem:
    """The registry's entry of that name, or the learner's own cost: "f=sin(3z)".

    Raises:
        ValueError: when there is neither; a `FormulaError` points at what is not understood.

    >>> two, one = torch.tensor([2.0]), torch.tensor([1.0])
    >>> find_problem("square").exact(loc=two, scale=one).value  # E[z^2] = mu^2 + sigma^2
    tensor([5.])
    >>> find_problem("f=|z|").smooth
    True
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
    found = flaw(formula.tree)

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
        formula=tex(formula.tree),
        terms=formula.f,
        exact=exact,
        moments=None,
        smooth=not found,
        elbo=False,
        knobs={},
        flaw=found,
        kink="" if found else kink(formula.tree),
        read_as=plain(formula.tree),
        notes=formula.notes,
    )


@lru_cache(maxsize=64)
def within_support(name: str, low: float, high: float) -> Problem:
    """The problem where z cannot leave an interval: a typed cost may do beyond it what it likes."""
    found = find_problem(name)
    if not name.startswith(OWN):
        return found
    trouble = flaw(parse_formula(name.removeprefix(OWN)).tree, low, high)
    return replace(found, smooth=not trouble, flaw=trouble)


def alike(moments: Callable[..., Moments]) -> Callable[..., tuple[Moments, ...]]:
    """The same moments in each dimension: **knobs -> moments becomes (dim, **knobs) -> tuple."""
    return lambda dim, **knobs: (moments(**knobs),) * dim


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
