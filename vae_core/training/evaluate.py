"""Judge a VAE on held-out images, and take the pictures that show how far it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vae_core.families import LOG_SQRT_2PI, Normal
from vae_core.training.config import TrainConfig
from vae_core.vae.data import as_unit, binarized_bytes
from vae_core.vae.model import VAE
from vae_core.vae.objective import log_weights

CHUNK = 500
ROWS = 1000
PORTION = 100
PRIOR_PORTION = 2000
PICTURES = 10
MAP_POINTS = 1000
EVALUATION_SEED = 20_131_220

Array = np.ndarray


@dataclass(frozen=True)
class Bound:
    """ELBO = reconstruction - KL, each a mean over images, in nats per image."""

    elbo: float
    reconstruction: float
    kl: float


@dataclass(frozen=True)
class Evaluation:
    """A bound on held-out images, with the KL of each latent dimension, (D,), summing to `kl`.

    With a prior whose dimensions depend on each other, a mixture, a dimension's share is that of
    q(z_d|x) to p(z_d | z_1 ... z_{d-1}), estimated at the drawn samples.
    """

    bound: Bound
    kl_per_dimension: Array


@dataclass(frozen=True)
class Views:
    """What the model sees and dreams, as float32 arrays on the CPU.

    Attributes:
        originals: (10, 784) held-out images, one of each digit.
        reconstructions: (10, 784) the decoder's mean of x at z = mu(x).
        samples: (10, 784) the decoder's mean of x at z from the prior, the same z every time.
        latent_means: (M, 2) mu of held-out images when the latent size is 2, else None.
        labels: (M,) their digits.
    """

    originals: Array
    reconstructions: Array
    samples: Array
    latent_means: Array | None
    labels: Array


def spread(images: Tensor, count: int | None) -> Tensor:
    """`count` images, evenly spaced over the whole set; all of them when count is None."""
    if count is None or count >= len(images):
        return images
    return images[torch.linspace(0, len(images) - 1, count).long()]


@dataclass(frozen=True)
class Evidence:
    """An estimate of log p(x), a mean over `images` images in nats, with its standard error.

    The error is that of the choice of images; the estimate itself lies below the truth by what
    `samples` samples leave of the gap.
    """

    log_prob: float
    standard_error: float
    images: int
    samples: int


def held_out(images: Tensor, config: TrainConfig) -> Tensor:
    """The images (N, 784), as bytes, that a run of this configuration is judged on.

    Binary targets are tossed once, the same for every run, so that numbers can be compared.
    """
    return binarized_bytes(images, EVALUATION_SEED) if config.targets == "binary" else images


@torch.inference_mode()
def evaluate(model: VAE, images: Tensor) -> Evaluation:
    """The ELBO on (N, 784) bytes, one sample of z an image, the same noise at every call.

    Common noise makes the curve of a run show its learning and not the luck of the draw.
    """
    gen = torch.Generator().manual_seed(EVALUATION_SEED)
    reconstruction, kl = 0.0, torch.zeros(())
    for chunk in images.split(CHUNK):
        x = as_unit(chunk)
        q = model.encoder(x)
        eps = q.base(1, gen)
        z = q.transform(eps)
        each = model.prior.kl_per_dimension(q)
        if each is None:
            log_q = -0.5 * eps[0].square() - q.scale.log() - LOG_SQRT_2PI
            each = log_q - model.prior.log_prob_per_dimension(z[0])
        reconstruction += model.log_prob_x(x, z).double().sum().item()
        kl = kl + each.double().sum(0)
    mean_kl = kl / len(images)
    mean_reconstruction = reconstruction / len(images)
    total = mean_kl.sum().item()
    bound = Bound(mean_reconstruction - total, mean_reconstruction, total)
    return Evaluation(bound, mean_kl.float().numpy())


@torch.inference_mode()
def evidence(
    model: VAE,
    images: Tensor,
    samples: int,
    seed: int = EVALUATION_SEED,
    progress: Callable[[float], object] | None = None,
) -> Evidence:
    """The importance-weighted estimate of log p(x) on (N, 784) bytes; N at least 2.

    Burda et al. 2016, section 5: the log of the mean of p(x, z) / q(z|x) over the samples. They
    are drawn in portions, `ROWS` latents at a time, so memory does not grow with them.

    Args:
        samples: K, samples of z for each image.
        progress: told the share of the work that is done, from time to time.
    """
    gen = torch.Generator().manual_seed(seed)
    portion = min(samples, PORTION)
    found = []
    for chunk in images.split(max(1, ROWS // portion)):
        x = as_unit(chunk)
        q = model.encoder(x)
        total = torch.full((len(x),), -math.inf)
        for start in range(0, samples, portion):
            z = q.transform(q.base(min(portion, samples - start), gen))
            total = torch.logaddexp(total, log_weights(x, q, model, z).logsumexp(0))
        found.append(total.double() - math.log(samples))
        if progress is not None:
            progress(sum(map(len, found)) / len(images))
    each = torch.cat(found)
    error = each.std().item() / math.sqrt(len(each))
    return Evidence(each.mean().item(), error, len(each), samples)


# A z explains an image if its log p(x|z) is among the best nine tenths of the posterior's.
EXPLAINED = 0.9
# Rounds of proposals, and around how many of the z that seem likely the later ones look.
ROUNDS, CENTRES = 4, 50
# How many times as wide as q's the deviations are: q is often narrower than the posterior.
WIDER = (1.0, 1.25, 1.6)


@dataclass(frozen=True)
class Explained:
    """How rare a z is under the prior that explains an image, in nats; by importance sampling.

    Attributes:
        log_evidence: log p(x), and its standard error.
        threshold: the log p(x|z) that nine tenths of the posterior's mass reach.
        log_share: log of the prior's mass of all z that reach it, and its standard error.
        kl: KL(p(z|x) || p(z)), the mean of log p(x|z) over the posterior less log p(x).
    """

    log_evidence: float
    evidence_error: float
    threshold: float
    log_share: float
    share_error: float
    kl: float


@torch.inference_mode()
def explained(model: VAE, x: Tensor, samples: int, seed: int = EVALUATION_SEED) -> Explained:
    """What the posterior of one image (784,) says of the prior; with a standard normal prior.

    E_prior[f(z)] is the mean of f(z) p(z) / r(z) over draws from r, a mixture of q(z|x), wider
    ones, and the prior, since an encoder may look in the wrong place (defensive importance
    sampling: Hesterberg 1995); and then of bells around draws of the round before, picked by
    their weights (population Monte Carlo: Cappe et al. 2004). The last round alone is averaged.
    Where D is large, a hill of the posterior far from q may still be missed.

    Args:
        samples: draws from all of the mixture, in each round.
    """
    gen, q = torch.Generator().manual_seed(seed), model.encoder(x)
    known = [Normal(q.loc, q.scale * wider) for wider in WIDER]
    known.append(Normal(torch.zeros_like(q.loc), torch.ones_like(q.scale)))
    parts = known
    for number in range(ROUNDS):
        each = max(1, samples // len(parts))
        z = torch.cat([part.transform(part.base(each, gen)) for part in parts])
        log_mixture = torch.stack([part.log_prob(z) for part in parts]).double().logsumexp(0)
        ratio = model.prior.log_prob(z).double() - (log_mixture - math.log(len(parts)))
        likelihood = torch.cat([model.log_prob_x(x, some) for some in z.split(CHUNK)]).double()
        posterior = (ratio + likelihood).softmax(0)
        if number < ROUNDS - 1:
            picked = torch.multinomial(posterior, CENTRES, replacement=True, generator=gen)
            parts = known + [Normal(centre, q.scale) for centre in z[picked]]
    log_evidence, evidence_error = _log_mean(ratio + likelihood)
    order = likelihood.argsort(descending=True)
    reached = int((posterior[order].cumsum(0) < EXPLAINED).sum())
    threshold = round(float(likelihood[order[reached]]), 2)
    log_share, share_error = _log_mean(ratio.where(likelihood >= threshold, -math.inf))
    kl = float((posterior * likelihood).sum()) - log_evidence
    return Explained(log_evidence, evidence_error, threshold, log_share, share_error, kl)


def _log_mean(log_values: Tensor) -> tuple[float, float]:
    """Log of the mean of exp(log_values), (N,), and its standard error."""
    top = log_values.max()
    values = (log_values - top).exp()
    error = float(values.std() / values.mean()) / math.sqrt(len(values))
    return float(top + values.mean().log()), error


@torch.inference_mode()
def from_the_prior(
    model: VAE, images: Tensor, draws: int, seed: int = EVALUATION_SEED
) -> Iterator[tuple[Tensor, Tensor]]:
    """Portions of draws z from the prior, (N, D), with log p(x|z) of each image, (B, N), in nats.

    Every z is decoded once, for all images (B, 784): log p(x|z) is the sum over pixels of
    x logit - log(1 + exp(logit)), which is linear in x.
    """
    gen = torch.Generator().manual_seed(seed)
    for start in range(0, draws, PRIOR_PORTION):
        z = model.prior.sample(min(PRIOR_PORTION, draws - start), gen)
        logits = model.decoder(z)
        yield z, images @ logits.T - torch.nn.functional.softplus(logits).sum(-1)


@torch.inference_mode()
def take_views(model: VAE, images: Tensor, labels: Tensor) -> Views:
    """Pictures of the present model on held-out images (N, 784) with labels (N,)."""
    gen = torch.Generator().manual_seed(EVALUATION_SEED)
    x = as_unit(images[one_of_each(labels)])
    q = model.encoder(x)
    means = None
    if q.loc.shape[-1] == 2:
        means = model.encoder(as_unit(images[:MAP_POINTS])).loc.numpy().copy()
    return Views(
        originals=x.numpy(),
        reconstructions=model.mean_of_x(q.loc).numpy(),
        samples=model.mean_of_x(model.prior.sample(len(x), gen)).numpy(),
        latent_means=means,
        labels=labels[:MAP_POINTS].numpy(),
    )


def one_of_each(labels: Tensor) -> Tensor:
    """Positions of the first image of each digit in turn, filled up with the first images."""
    firsts = [int(i) for d in range(10) for i in (labels == d).nonzero()[:1, 0]]
    rest = [i for i in range(len(labels)) if i not in firsts[:PICTURES]]
    return torch.tensor((firsts + rest[: PICTURES - len(firsts)])[:PICTURES])
