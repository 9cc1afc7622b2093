"""How rare a z is under the prior that explains an image: by importance sampling, and by counting.

E_prior[f(z)] is the mean of f(z) p(z) / r(z) over draws from any density r. Here r is a mixture
that is fitted in rounds (adaptive importance sampling: Cappé et al. 2008). It holds q(z|x), wider
ones, and the prior, since an encoder may look in the wrong place; then bells with the mean and the
covariance of what the round before has weighted, and bells around draws of it. With many
dimensions, a hill of the posterior that is far from all of these may still be missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI
from vae_core.vae.model import VAE

# A z explains an image if its log p(x|z) is among the best nine tenths of the posterior's.
EXPLAINED = 0.9
# How many times as wide as q's, and as the fitted covariance, the proposals are.
WIDER, FITTED = (1.0, 1.25, 1.6), (1.0, 1.3, 1.7)
# Rounds, bells around single draws, and how many of the largest weights are cut to fit the others.
ROUNDS, CENTRES, CUT = 5, 10, 200
LEAST_VARIANCE = 1e-6
PORTION = 2000

Bell = tuple[Tensor, Tensor]
"""A mean (D,) and a lower triangle (D, D) whose square is the covariance."""


@dataclass(frozen=True)
class Explained:
    """How rare a z is under the prior that explains an image, in nats.

    Attributes:
        log_evidence, evidence_error: log p(x), and its standard error.
        threshold: the log p(x|z) that nine tenths of the posterior's mass reach.
        log_share, share_error: log of the prior's mass of all z that reach it; its standard error.
        kl: KL(p(z|x) || p(z)), the mean of log p(x|z) over the posterior less log p(x).
        effective: how many draws of the posterior the last round is worth (Kish).
    """

    log_evidence: float
    evidence_error: float
    threshold: float
    log_share: float
    share_error: float
    kl: float
    effective: float


@torch.no_grad()
def explained(model: VAE, x: Tensor, samples: int, seed: int = 0) -> Explained:
    """What the posterior of one image (784,) says of the prior, which is a standard normal.

    Args:
        samples: draws in each round; the last round alone is averaged.
    """
    gen, q = torch.Generator().manual_seed(seed), model.gaussian_q(x)
    loc, scale = q.loc.double(), q.lower_triangle.double()
    known = [*((loc, scale * wider) for wider in WIDER), _standard(len(loc))]
    z, ratio, likelihood = _round(model, x, known, samples, gen)
    for _ in range(ROUNDS - 1):
        parts = known + _fitted(z, ratio + likelihood, gen)
        z, ratio, likelihood = _round(model, x, parts, samples, gen)
    return _told(ratio, likelihood)


def _round(
    model: VAE, x: Tensor, parts: list[Bell], samples: int, gen: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """As many draws z of each bell, (N, D), and log p(z) / r(z) and log p(x|z) there, (N,) each."""
    z = torch.cat([_draw(part, max(1, samples // len(parts)), gen) for part in parts])
    mixture = torch.stack([_log_density(part, z) for part in parts]).logsumexp(0)
    ratio = _log_density(_standard(z.shape[-1]), z) - (mixture - math.log(len(parts)))
    likelihood = torch.cat([model.log_prob_x(x, some.float()) for some in z.split(PORTION)])
    return z, ratio, likelihood.double()


def _standard(size: int) -> Bell:
    """The prior as a bell."""
    return torch.zeros(size, dtype=torch.float64), torch.eye(size, dtype=torch.float64)


def _told(ratio: Tensor, likelihood: Tensor) -> Explained:
    """From log p(z) / r(z) and log p(x|z) at all draws, (N,) each."""
    log_evidence, evidence_error = _log_mean(ratio + likelihood)
    posterior = (ratio + likelihood).softmax(0)
    order = likelihood.argsort(descending=True)
    reached = int((posterior[order].cumsum(0) < EXPLAINED).sum())
    threshold = round(float(likelihood[order[min(reached, len(order) - 1)]]), 2)
    log_share, share_error = _log_mean(ratio.where(likelihood >= threshold, -math.inf))
    kl = float((posterior * likelihood).sum()) - log_evidence
    effective = 1.0 / float(posterior.square().sum())
    return Explained(log_evidence, evidence_error, threshold, log_share, share_error, kl, effective)


def _fitted(z: Tensor, log_weights: Tensor, gen: torch.Generator) -> list[Bell]:
    """Bells for the next round; the largest weights are cut, so that no single draw decides."""
    most = log_weights.topk(min(CUT, len(log_weights))).values[-1]
    share = log_weights.clamp(max=float(most)).softmax(0)
    mean = share @ z
    off = z - mean
    covariance = (off.T * share) @ off
    root = torch.linalg.cholesky(covariance + LEAST_VARIANCE * torch.eye(len(mean), dtype=z.dtype))
    picked = torch.multinomial(share, CENTRES, replacement=True, generator=gen)
    fitted = [(mean, root * wider) for wider in FITTED]
    return 2 * fitted + [(z[each], root) for each in picked]


def _draw(bell: Bell, count: int, gen: torch.Generator) -> Tensor:
    """(count, D) draws."""
    mean, root = bell
    return mean + torch.randn(count, len(mean), generator=gen, dtype=torch.float64) @ root.T


def _log_density(bell: Bell, z: Tensor) -> Tensor:
    """The log density at z (N, D): (N,)."""
    mean, root = bell
    eps = torch.linalg.solve_triangular(root, (z - mean).T, upper=False)
    found: Tensor = -0.5 * eps.square().sum(0) - root.diagonal().log().sum()
    return found - len(mean) * LOG_SQRT_2PI


def _log_mean(log_values: Tensor) -> tuple[float, float]:
    """Log of the mean of exp(log_values), (N,), and its standard error."""
    top = log_values.max()
    values = (log_values - top).exp()
    error = float(values.std() / values.mean()) / math.sqrt(len(values))
    return float(top + values.mean().log()), error


@torch.no_grad()
def from_the_prior(
    model: VAE, images: Tensor, draws: int, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Portions of draws z from the prior, (N, D), with log p(x|z) of each image, (B, N), in nats.

    Every z is decoded once, for all images (B, 784): with a Bernoulli decoder log p(x|z) is the
    sum over pixels of x logit - log(1 + exp(logit)), which is linear in x.
    """
    gen = torch.Generator().manual_seed(seed)
    for start in range(0, draws, PORTION):
        z = model.prior.sample(min(PORTION, draws - start), gen)
        logits = model.decoder(z)
        yield z, images @ logits.T - torch.nn.functional.softplus(logits).sum(-1)
