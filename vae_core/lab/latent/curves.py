"""Two decoder curves: a line, whose posterior is a bell, and a parabola, whose own is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from vae_core.families import LOG_SQRT_2PI
from vae_core.lab.latent.model import Bell, Evidence, LatentModel, Misfit, closed_form


@dataclass(frozen=True)
class ConjugateGaussian(LatentModel):
    """x = slope * z + noise: prior, posterior and p(x) are Gaussian, all in closed form.

    Source: Bishop 2006, equations 2.115 and 2.116.

    >>> model = ConjugateGaussian(noise=0.75)
    >>> loc, scale = model.posterior_bell(2.5)
    >>> round(loc, 6), round(scale, 6)
    (1.6, 0.6)
    >>> round(model.evidence(2.5).log, 4)
    -3.1421
    """

    slope: float = 1.0

    def decode(self, z: Any) -> Any:
        """slope * z."""
        return self.slope * z

    def posterior_bell(self, x: float) -> Bell:
        """p(z|x): mean slope x / v and variance noise^2 / v, where v = slope^2 + noise^2."""
        spread = self.slope**2 + self.noise**2
        return Bell(self.slope * x / spread, self.noise / math.sqrt(spread))

    def evidence(self, x: float) -> Evidence:
        """log N(x; 0, slope^2 + noise^2)."""
        spread = self.slope**2 + self.noise**2
        return closed_form(-0.5 * x * x / spread - 0.5 * math.log(spread) - LOG_SQRT_2PI)

    def misfit(self, x: float, q: Bell) -> Misfit:
        """(x - slope * loc)^2 + slope^2 scale^2, and its derivatives."""
        off, square = x - self.slope * q.loc, self.slope**2
        return Misfit(
            off * off + square * q.scale**2, -2.0 * self.slope * off, 2.0 * square * q.scale
        )


@dataclass(frozen=True)
class Parabola(LatentModel):
    """x = z^2 + noise: z and -z explain an x equally well.

    The posterior is even in z. It has two hills, at z^2 = x - noise^2 / 2, where that is positive;
    else one, at 0.

    >>> model = Parabola(noise=0.75)
    >>> round(model.hills(2.5), 4)
    1.4895
    """

    def decode(self, z: Any) -> Any:
        """z^2."""
        return z * z

    def hills(self, x: float) -> float:
        """Where the posterior is highest on the right, or at 0."""
        return math.sqrt(max(0.0, x - 0.5 * self.noise**2))
