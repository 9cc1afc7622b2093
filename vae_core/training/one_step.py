"""One training step taken apart: what each of its sub-operations gives, for every image.

The step is the trainer's own, as `train` makes it where it is to be exact: the same model,
minibatch, bound, estimator and optimizer, from the state in which a run stands. Nothing is computed
twice for show: the estimator is watched while `elbo` calls it, and the numbers are read off the
graph that is then differentiated.

Shapes: K samples, B images, D latent dimensions. Values and gradients are in nats, each image's
for its own ELBO, and gradients point uphill; the weights follow the mean over the minibatch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import torch
from torch import Tensor, nn

from vae_core.estimators import ESTIMATORS, Cost, Estimator
from vae_core.families import Normal
from vae_core.training.checkpoint import Checkpoint, capture, restore
from vae_core.training.config import ConfigError, Settings, TrainConfig, warm_up_and_decay
from vae_core.training.train import Diverged, fresh_model, train
from vae_core.vae.data import Mnist, minibatches
from vae_core.vae.model import VAE
from vae_core.vae.objective import Terms, elbo


@dataclass(frozen=True)
class Forward:
    """What a minibatch gives on the way from x to the ELBO.

    Attributes:
        mu, sigma: (B, D) what the encoder predicts.
        eps, z: (K, B, D) base noise, and z = mu + sigma eps.
        mean_of_x: (B, 784) what the decoder makes of the first sample.
        log_likelihood: (K, B) log p(x|z), the estimator's f(z).
        reconstruction, kl, elbo: (B,) the two terms, and their difference.
    """

    mu: Tensor
    sigma: Tensor
    eps: Tensor
    z: Tensor
    mean_of_x: Tensor
    log_likelihood: Tensor
    reconstruction: Tensor
    kl: Tensor
    elbo: Tensor


@dataclass(frozen=True)
class Backward:
    """What comes back of it, sample by sample, before the mean over K.

    Attributes:
        by_z: (K, B, D) derivative of log p(x|z) in z; None where the estimator cuts z off.
        signal: (K, B) what the estimator weighs the score with instead; None where it does not.
        score_mu, score_sigma: (K, B, D) derivatives of log q(z) in mu and sigma.
        by_mu, by_sigma: (K, B, D) the estimates of the reconstruction's gradient.
        kl_by_mu, kl_by_sigma: (B, D) the exact gradient of the KL.
        encoder, decoder: Euclidean length of the mean ELBO's gradient in phi, and in theta.
    """

    by_z: Tensor | None
    signal: Tensor | None
    score_mu: Tensor
    score_sigma: Tensor
    by_mu: Tensor
    by_sigma: Tensor
    kl_by_mu: Tensor
    kl_by_sigma: Tensor
    encoder: float
    decoder: float

    @property
    def at_mu(self) -> Tensor:
        """What arrives at mu: the mean of the estimates, less the KL's gradient; (B, D)."""
        return self.by_mu.mean(0) - self.kl_by_mu

    @property
    def at_sigma(self) -> Tensor:
        """The same at sigma, (B, D)."""
        return self.by_sigma.mean(0) - self.kl_by_sigma


@dataclass(frozen=True)
class OneStep:
    """One update of all weights.

    Attributes:
        x: (B, 784) the minibatch.
        before, after: the same minibatch on the same noise with the weights before, and after.
        backward: the gradients in between.
        rate: learning rate of this update.
        encoder_move, decoder_move: Euclidean length of the change of phi, and of theta.
        state: the run after this step; `train` goes on from it.
    """

    x: Tensor
    before: Forward
    backward: Backward
    rate: float
    encoder_move: float
    decoder_move: float
    after: Forward
    state: Checkpoint


def run_up(
    config: TrainConfig, updates: int, data: Mnist, resume: Checkpoint | None = None
) -> Checkpoint:
    """The state of a run after `updates` updates.

    Raises:
        ConfigError: the run ends, or diverges, before that.
    """
    made = count(resume.step if resume else 0)

    def control() -> Settings | None:
        return config.settings if next(made) < updates else None

    *_, last = train(config, data, control, resume=resume, exact=True)
    if isinstance(last, Diverged):
        raise ConfigError(last.explanation)
    if last.checkpoint is None or last.step != updates:
        raise ConfigError(f"The run has {last.step} updates, so there is no step {updates} in it.")
    return last.checkpoint


def one_step(config: TrainConfig, start: Checkpoint, settings: Settings, data: Mnist) -> OneStep:
    """Make the next step of a run, and keep what each sub-operation gives.

    Args:
        config: the run, planned in epochs.
        start: where it stands.
        settings: what this step uses; the run may have used others before.

    Raises:
        CheckpointError: `start` belongs to another model.
        ConfigError: the run is planned in seconds, so nobody knows this step's learning rate; or
            its q is not diagonal, and so not told by mu and sigma alone.
    """
    if config.posterior != "diagonal":
        raise ConfigError(
            "One step is taken apart for the posterior diagonal, which mu and sigma describe; "
            f"this run's is {config.posterior}."
        )
    model, gen = fresh_model(config, data), torch.Generator()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    restore(start, model, optimizer, gen)
    batch = min(config.batch, len(data.train_images))
    x = _minibatch(config.seed, batch, start.step, data.train_images)
    rate = settings.learning_rate * _schedule(config, start.step, len(data.train_images) // batch)
    for group in optimizer.param_groups:
        group["lr"] = rate
    noise, seen = gen.get_state(), _Seen(ESTIMATORS[settings.estimator])
    terms = elbo(x, model, seen.estimator, settings.samples, gen)
    before = _forward(seen, terms, model.mean_of_x)
    optimizer.zero_grad()
    (-terms.elbo.mean()).backward(retain_graph=True)
    backward = _backward(seen, terms, model)
    phi, theta = _copies(model.encoder), _copies(model.decoder)
    optimizer.step()
    state = capture(model, optimizer, gen, start.step + 1, start.seconds)
    with torch.no_grad():
        terms = elbo(x, model, seen.estimator, settings.samples, gen.set_state(noise))
        after = _forward(seen, terms, model.mean_of_x)
    moves = _moved(model.encoder, phi), _moved(model.decoder, theta)
    return OneStep(x, before, backward, rate, *moves, after, state)


class _Seen:
    """What an estimator is given and gives, while `elbo` calls it."""

    q: Normal
    eps: Tensor
    z: Tensor
    f: Tensor
    values: Tensor

    def __init__(self, entry: Estimator) -> None:
        self.original = entry.function
        self.estimator = replace(entry, function=self._watch)

    def _watch(self, cost: Cost, q: Normal, k: int, gen: torch.Generator) -> Tensor:
        self.q = q
        self.eps = q.base(k, torch.Generator().set_state(gen.get_state()))

        def watched(z: Tensor) -> Tensor:
            self.z, self.f = z, cost(z)
            return self.f

        self.values = self.original(watched, q, k, gen)
        return self.values


def _forward(seen: _Seen, terms: Terms, mean_of_x: Cost) -> Forward:
    with torch.no_grad():
        picture = mean_of_x(seen.z[0])
    q, z, f = seen.q.detach(), seen.z.detach(), seen.f.detach()
    found = (terms.reconstruction.detach(), terms.kl.detach(), terms.elbo.detach())
    return Forward(q.loc, q.scale, seen.eps, z, picture, f, *found)


def _backward(seen: _Seen, terms: Terms, model: VAE) -> Backward:
    """The gradients that the graph of one ELBO holds, after its own backward pass."""
    parameters = (seen.q.loc, seen.q.scale)
    by_name = seen.q.detach().scores(seen.z.detach())
    scores = by_name["loc"], by_name["scale"]
    # Images do not mix, so the gradient of their sum holds each image's own.
    each = [torch.autograd.grad(v.sum(), parameters, retain_graph=True) for v in seen.values]
    by_mu, by_sigma = (torch.stack(found) for found in zip(*each, strict=True))
    kl = torch.autograd.grad(terms.kl.sum(), parameters, retain_graph=True)
    by_z = signal = None
    if seen.z.requires_grad:
        (by_z,) = torch.autograd.grad(seen.f.sum(), seen.z)
    else:
        along, score = torch.cat((by_mu, by_sigma), -1), torch.cat(scores, -1)
        signal = (along * score).sum(-1) / score.square().sum(-1)
    lengths = (_length([w.grad for w in p.parameters()]) for p in (model.encoder, model.decoder))
    return Backward(by_z, signal, *scores, by_mu, by_sigma, kl[0], kl[1], *lengths)


def _minibatch(seed: int, batch: int, step: int, images: Tensor) -> Tensor:
    epoch, skip = divmod(step, len(images) // batch)
    return next(minibatches(images, batch, seed, epoch, skip))


def _schedule(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    if config.epochs is None:
        raise ConfigError("A run that is planned in seconds has no fixed learning rates.")
    return warm_up_and_decay(min(1.0, step / max(1, round(config.epochs * steps_per_epoch))))


def _copies(part: nn.Module) -> list[Tensor]:
    return [weight.detach().clone() for weight in part.parameters()]


def _moved(part: nn.Module, before: list[Tensor]) -> float:
    return _length([now - old for now, old in zip(part.parameters(), before, strict=True)])


def _length(parts: Sequence[Tensor | None]) -> float:
    """Euclidean length of all numbers in some tensors; None counts as zero."""
    return math.sqrt(sum(float(p.detach().square().sum()) for p in parts if p is not None))
