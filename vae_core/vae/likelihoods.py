"""Likelihoods p(x|z): what the decoder's outputs mean, and log p(x|z) in nats.

A likelihood reads one or two numbers a pixel off the decoder's last layer. Sums run over pixels;
nothing is averaged. Gaussian log-densities include their constants: they are logs of a density
and may be positive, while a Bernoulli's are logs of a probability and may not. The two are not to
be compared.

A new likelihood is one function, log p(x|z), with one registration; `LIKELIHOODS` carries it to
the model, the shell, the pages and the tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from vae_core.families import LOG_SQRT_2PI

LEAST_NOISE = 0.02
"""The least sigma of x that can be learned: five of the 255 steps that grey values come in.

Pixels that are black in every image are predicted without error. A density that could narrow
around them without limit would grow without limit, and the bound would count nothing but them.
"""


LogProb = Callable[[Tensor, Tensor, float], Tensor]
Registered = TypeVar("Registered", bound=LogProb)


@dataclass(frozen=True)
class Likelihood:
    """One entry of the registry.

    Attributes:
        title: the name that a page shows; up to a comma, what kind of distribution it is.
        watch: one line on what to watch for.
        density: whether it is a density of grey values, and so no probability of 0 or 1.
        outputs: numbers a pixel that the decoder gives.
        log_prob: log p(x|z) from x (..., 784), outputs (..., outputs * 784) and the fixed sigma
            of x: (...).
        deviation: standard deviation of x under p(x|z), from outputs and the fixed sigma:
            (..., 784).
    """

    title: str
    watch: str
    density: bool
    outputs: int
    log_prob: LogProb
    deviation: Callable[[Tensor, float], Tensor]


LIKELIHOODS: dict[str, Likelihood] = {}


def likelihood(
    name: str,
    *,
    title: str,
    watch: str,
    deviation: Callable[[Tensor, float], Tensor],
    density: bool = True,
    outputs: int = 1,
) -> Callable[[Registered], Registered]:
    """Register the decorated log p(x|z) under a name; see `Likelihood` for the fields."""

    def register(log_prob: Registered) -> Registered:
        LIKELIHOODS[name] = Likelihood(title, watch, density, outputs, log_prob, deviation)
        return log_prob

    return register


def mean_of_pixels(outputs: Tensor, pixels: int) -> Tensor:
    """The mean of x, (..., 784) in (0, 1): the sigmoid of the first number of each pixel.

    Grey values lie in [0, 1], so a Gaussian's mean is kept there too (Kingma & Welling 2014,
    section 5).
    """
    return outputs[..., :pixels].sigmoid()


def _bernoulli_deviation(logits: Tensor, _noise: float) -> Tensor:
    pi = logits.sigmoid()
    return (pi * (1.0 - pi)).sqrt()


@likelihood(
    "bernoulli",
    title="Bernoulli",
    watch="Each pixel is a coin, and grey counts as a share of ink.",
    deviation=_bernoulli_deviation,
    density=False,
)
def bernoulli_log_prob(x: Tensor, logits: Tensor, _noise: float = 0.0) -> Tensor:
    """log p(x|z) of independent Bernoulli pixels, summed over pixels: (..., 784) -> (...).

    x log pi + (1 - x) log(1 - pi), pi = sigmoid(logits), stable for logits of any size. Grey
    targets in [0, 1] are allowed; the number is then not the log of a normalized density. Can be
    differentiated once, in both arguments.
    """
    log_prob: Tensor = _BernoulliLogProb.apply(x, logits)  # type: ignore[no-untyped-call]
    return log_prob


def bernoulli_terms(x: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    """log p(x|z) as `bernoulli_log_prob` has it, and pi, (..., 784), without a gradient."""
    pi = logits.sigmoid()
    likely = torch.maximum(pi, 1.0 - pi)
    return (x * logits).sub_(logits.relu()).sum(-1).add_(_sum_of_logs(likely)), pi


class _BernoulliLogProb(torch.autograd.Function):
    """x l - max(l, 0) + log max(pi, 1 - pi), with one sigmoid for value and gradient.

    The last factor lies in [1/2, 1], so that dozens of them can be multiplied before a log is
    taken: the exponentials and logarithms are most of the time that a likelihood takes.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        log_prob, pi = bernoulli_terms(x, logits)
        ctx.save_for_backward(x, logits, pi)
        return log_prob

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, logits, pi = ctx.saved_tensors
        grad = grad.unsqueeze(-1)
        by_x = (grad * logits).sum_to_size(x.shape) if ctx.needs_input_grad[0] else None
        by_logits = (x - pi).mul_(grad).sum_to_size(logits.shape)
        return by_x, by_logits


FACTORS = 98
"""Factors in [1/2, 1] to a product: at least 2^-98, above the least normal float32, 2^-126."""


def _sum_of_logs(factors: Tensor) -> Tensor:
    """Sum over the last axis of the logs of factors in [1/2, 1]: (..., N) -> (...)."""
    size = factors.shape[-1]
    groups = math.ceil(size / FACTORS)
    if size % groups:
        return factors.log().sum(-1)
    products: Tensor = factors.unflatten(-1, (size // groups, groups)).prod(-2)
    return products.log_().sum(-1)


def _fixed_deviation(outputs: Tensor, noise: float) -> Tensor:
    return torch.full_like(outputs, noise)


@likelihood(
    "gaussian",
    title="Gaussian, fixed sigma of x",
    watch="The smaller sigma of x, the more a pixel's error counts against the KL.",
    deviation=_fixed_deviation,
)
def gaussian_log_prob(x: Tensor, outputs: Tensor, noise: float) -> Tensor:
    """log p(x|z) of independent Gaussian pixels with one fixed sigma: (..., 784) -> (...)."""
    pixels = x.shape[-1]
    error = (x - mean_of_pixels(outputs, pixels)).square().sum(-1)
    constant = pixels * (math.log(noise) + LOG_SQRT_2PI)
    return -0.5 / noise**2 * error - constant


def learned_deviation(outputs: Tensor, _noise: float = 0.0) -> Tensor:
    """sigma of x, (..., 784), above `LEAST_NOISE`: the softplus of each pixel's second number."""
    return LEAST_NOISE + F.softplus(outputs[..., outputs.shape[-1] // 2 :])


@likelihood(
    "gaussian_learned",
    title="Gaussian, learned sigma of x",
    watch="Pixels that are always black take the least sigma allowed, and lead the bound.",
    deviation=learned_deviation,
    outputs=2,
)
def learned_gaussian_log_prob(x: Tensor, outputs: Tensor, _noise: float = 0.0) -> Tensor:
    """log p(x|z) of Gaussian pixels whose sigma the decoder gives too: (..., 1568) -> (...)."""
    pixels = x.shape[-1]
    sigma = learned_deviation(outputs)
    error = (x - mean_of_pixels(outputs, pixels)) / sigma
    return (-0.5 * error.square() - sigma.log()).sum(-1) - pixels * LOG_SQRT_2PI


def bias_for_deviation(sigma: float) -> float:
    """The second number of a pixel at which its learned sigma is the given one."""
    return math.log(math.expm1(sigma - LEAST_NOISE))
