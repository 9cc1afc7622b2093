"""Base noises, and what parameters may be: words that many entries use."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import constraints

from vae_core.families.parts import Noise, Parameter

PAPER = "Kingma & Welling 2014, section 2.4"


def draw_uniform(shape: Sequence[int], gen: torch.Generator, dtype: torch.dtype) -> Tensor:
    """Numbers between 0 and 1, and neither: both ends may have no quantile."""
    half = torch.finfo(dtype).eps / 2
    return torch.rand(shape, generator=gen, dtype=dtype).clamp(half, 1.0 - half)


UNIFORM = Noise("uniform", draw_uniform, lambda u: 1.0 - u)

LOC = Parameter(constraints.real, "a number", 0.0, -3.0, 3.0, r"\mu")
SCALE = Parameter(constraints.positive, "a positive number", 1.0, 0.1, 3.0, r"\sigma")
