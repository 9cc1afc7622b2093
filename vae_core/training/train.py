"""Train a VAE: `train(config)` yields the run's `Progress`, report by report.

A generator and nothing more: the shell, a notebook, a test and the live page iterate over it. It
knows nothing of threads. The same configuration gives the same numbers on the same machine and
number of threads, whether it runs through or goes on from a checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import Checkpoint, capture, restore
from vae_core.training.config import Settings, TrainConfig, warm_up_and_decay
from vae_core.training.evaluate import Bound, Evaluation, evaluate, held_out, spread, take_views
from vae_core.training.fast_step import AdamSteps, is_standard, standard_step
from vae_core.training.gradient_noise import GradientNoise, GradientProbe
from vae_core.training.reports import BlowUpError, Diverged, Progress, State, refuse_blow_up
from vae_core.vae.data import Mnist, as_unit, binarize, load_mnist, minibatches, mix_seeds
from vae_core.vae.model import VAE
from vae_core.vae.objective import Terms, elbo, iwae_terms
from vae_core.vae.priors import PSEUDO_INPUTS

__all__ = ["Control", "Diverged", "Progress", "fresh_model", "train"]

IMAGES_PER_REPORT = 6000
FIRST_LOOK = 1000
NOISE_SHARE = 0.05

Control = Callable[[], Settings | None]


def train(
    config: TrainConfig,
    data: Mnist | None = None,
    control: Control | None = None,
    *,
    resume: Checkpoint | None = None,
    evaluate_every: int | None = None,
    test_images: int | None = None,
    checkpoint_seconds: float | None = None,
    noise_share: float = NOISE_SHARE,
    exact: bool = False,
) -> Iterator[Progress | Diverged]:
    """Train a VAE as `config` says.

    Args:
        config: the model, the estimator and the plan.
        data: images; MNIST when None.
        control: asked before every step for the `Settings` of that step; it may wait (that is a
            pause), and None ends the run there.
        resume: go on from here, with the very numbers of a run that was never interrupted.
        evaluate_every: steps between two looks at held-out images; an epoch when None.
        test_images: number of held-out images for these looks; all when None. The last report
            always judges on all of them.
        checkpoint_seconds: time between two checkpoints; only at the end when None.
        noise_share: of the time, for measuring the estimators' gradient noise at looks.
        exact: every gradient by autograd and in float32, as `one_step` takes it apart.
            Otherwise large products are rounded (see `VAE.rounded`), and the standard VAE's
            gradient is written out (see `fast_step`), which is up to twice as fast.

    Yields:
        `Progress` before the first step, then every few steps, then a last one whose state is
        "finished" or "stopped"; or, where the numbers blow up, a last `Diverged`.

    Raises:
        DataError: there are no usable images.
        CheckpointError: `resume` belongs to another configuration.
        ConfigError: `control` asks for settings that this run cannot go on with.

    >>> few = load_mnist().first(500, 100)
    >>> reports = list(train(TrainConfig(hidden=20, latent=2, batch=50, epochs=2), few))
    >>> reports[-1].state, reports[-1].step
    ('finished', 20)
    >>> reports[-1].test.elbo > reports[0].test.elbo
    True
    """
    run = _Run(config, data or load_mnist(), resume, noise_share, exact)
    looks = spread(run.test_images, test_images)
    evaluate_every = evaluate_every or run.steps_per_epoch
    batches = run.minibatches()
    saved_at = time.perf_counter()
    try:
        yield run.report(looks)
        while run.fraction < 1.0 and run.obey(control):
            run.advance(next(batches))
            look = run.step % evaluate_every == 0
            if run.fraction < 1.0 and (look or run.report_is_due()):
                now = time.perf_counter()
                save = look and checkpoint_seconds is not None
                save = save and now - saved_at >= (checkpoint_seconds or 0.0)
                saved_at = now if save else saved_at
                yield run.report(looks if look else None, save)
        state: State = "finished" if run.fraction >= 1.0 else "stopped"
        yield run.report(run.test_images, save=True, state=state)
    except BlowUpError as error:
        yield error.diverged


def fresh_model(config: TrainConfig, data: Mnist) -> VAE:
    """The model as it is before the first step; the seed decides its weights."""
    chosen = torch.Generator().manual_seed(mix_seeds(config.seed, 2))
    pseudo_inputs = data.train_images[
        torch.randint(len(data.train_images), (PSEUDO_INPUTS,), generator=chosen)
    ]
    return VAE(
        **config.architecture,
        pixel_mean=data.pixel_mean,
        gen=torch.Generator().manual_seed(mix_seeds(config.seed, 0)),
        pseudo_inputs=as_unit(pseudo_inputs),
    )


class _Run:
    """The state of a run from one step to the next."""

    def __init__(
        self,
        config: TrainConfig,
        data: Mnist,
        resume: Checkpoint | None,
        noise_share: float,
        exact: bool,
    ) -> None:
        self.config = config
        self.data = data
        self.test_images = held_out(data.test_images, config)
        self.settings = config.settings
        self.gen = torch.Generator().manual_seed(mix_seeds(config.seed, 1))
        self.model = fresh_model(config, data)
        self.exact = exact
        self.written_out = not exact and is_standard(self.model)
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=True)
        self.batch = min(config.batch, len(data.train_images))
        self.steps_per_epoch = len(data.train_images) // self.batch
        self.step = 0
        self.seconds = 0.0
        if resume is not None:
            restore(resume, self.model, self.optimizer, self.gen)
            self.step, self.seconds = resume.step, resume.seconds
        self.probe = GradientProbe(config, data.train_images, noise_share)
        self.seconds_before = self.seconds
        self.adam = AdamSteps(self.optimizer)
        self.parameters = list(self.model.parameters())
        self.shares = torch.full((self.batch,), 1.0 / self.batch)
        self._forget_totals()

    def _forget_totals(self) -> None:
        self.totals = (0.0, 0.0)
        self.counted_steps = 0
        self.training_seconds = 0.0

    @property
    def fraction(self) -> float:
        """Share of the planned run that is done, 0 to 1."""
        if self.config.epochs is None:
            return min(1.0, self.seconds / (self.config.seconds or 1.0))
        return min(1.0, self.step / max(1, round(self.config.epochs * self.steps_per_epoch)))

    def report_is_due(self) -> bool:
        """Whether enough work lies behind for a report; each further sample counts half."""
        work = self.counted_steps * self.batch * (1 + self.settings.samples) / 2
        return work >= IMAGES_PER_REPORT

    def minibatches(self) -> Iterator[Tensor]:
        """Minibatches without end, from the present step on."""
        epoch, skip = divmod(self.step, self.steps_per_epoch)
        while True:
            yield from minibatches(
                self.data.train_images, self.batch, self.config.seed, epoch, skip
            )
            epoch, skip = epoch + 1, 0

    def obey(self, control: Control | None) -> bool:
        """Take over the settings of the next step; False when the run is to end here."""
        settings = self.config.settings if control is None else control()
        if settings is None:
            return False
        self.config.check(settings)
        self.settings = settings
        return True

    @property
    def beta(self) -> float:
        """Weight of the KL at the next step."""
        return self.config.weight_of_kl(self.settings, self.step / self.steps_per_epoch)

    def advance(self, x: Tensor) -> None:
        """One update of all weights on a minibatch (B, 784) of grey values.

        Both terms are read at every step, so that a blow-up is seen where it happens: on the CPU
        that takes some microseconds.
        """
        started = time.perf_counter()
        rate = self.settings.learning_rate * warm_up_and_decay(self.fraction)
        if self.config.targets == "binary":
            x = binarize(x, self.gen)
        with self.model.rounded(not self.exact):
            terms, gradients = self._gradients(x)
        self.adam.climb(gradients, rate)
        self.step += 1
        reconstruction = torch.dot(terms.reconstruction.detach(), self.shares).item()
        kl = torch.dot(terms.kl.detach(), self.shares).item()
        refuse_blow_up(self.step, reconstruction, kl, self.settings)
        self.totals = (self.totals[0] + reconstruction, self.totals[1] + kl)
        self.counted_steps += 1
        elapsed = time.perf_counter() - started
        self.seconds += elapsed
        self.training_seconds += elapsed

    def _gradients(self, x: Tensor) -> tuple[Terms, Sequence[Tensor]]:
        """What this run climbs, and the gradient of its mean over a minibatch."""
        plain = (self.config.objective, self.settings.estimator) == ("elbo", "pathwise")
        if self.written_out and plain and self.settings.samples == 1:
            return standard_step(x, self.model, self.gen, self.beta)
        terms = self._terms(x)
        return terms, torch.autograd.grad(terms.elbo, self.parameters, self.shares)

    def _terms(self, x: Tensor) -> Terms:
        """What this run climbs, on a minibatch."""
        k, beta = self.settings.samples, self.beta
        if self.config.objective == "iwae":
            return iwae_terms(x, self.model, k, self.gen, beta)
        return elbo(x, self.model, ESTIMATORS[self.settings.estimator], k, self.gen, beta)

    def report(
        self, looks: Tensor | None = None, save: bool = False, state: State = "running"
    ) -> Progress:
        """Where the run stands; judged on the held-out images `looks`, with pictures, if given."""
        started = time.perf_counter()
        evaluation = views = noise = None
        if looks is not None:
            evaluation = self._judge(looks)
            views = take_views(self.model, self.test_images, self.data.test_labels)
            noise = self._gradient_noise()
        train = self._train_bound()
        self.seconds += time.perf_counter() - started
        counted = self.counted_steps * self.batch
        speed = counted / self.training_seconds if self.training_seconds else 0.0
        self._forget_totals()
        return Progress(
            step=self.step,
            epoch=self.step / self.steps_per_epoch,
            images=self.step * self.batch,
            seconds=self.seconds,
            images_per_second=speed,
            fraction=self.fraction,
            settings=self.settings,
            train=train,
            test=evaluation.bound if evaluation else None,
            kl_per_dimension=evaluation.kl_per_dimension if evaluation else None,
            views=views,
            gradient_noise=noise,
            beta=self.beta,
            checkpoint=self._checkpoint() if save else None,
            state=state,
        )

    def _judge(self, images: Tensor) -> Evaluation:
        evaluation = evaluate(self.model, images)
        bound = evaluation.bound
        refuse_blow_up(self.step, bound.reconstruction, bound.kl, self.settings)
        return evaluation

    def _gradient_noise(self) -> dict[str, GradientNoise] | None:
        """What the probe finds, where it is time for it."""
        per_step = self.training_seconds / self.counted_steps if self.counted_steps else 0.0
        if not self.probe.is_due(self.seconds - self.seconds_before, per_step):
            return None
        return self.probe.measure(self.model, self.settings, self.beta, self.step)

    def _train_bound(self) -> Bound:
        """Mean over the minibatches since the last report; before the first, a look ahead."""
        if not self.counted_steps:
            first = held_out(spread(self.data.train_images, FIRST_LOOK), self.config)
            return self._judge(first).bound
        reconstruction, kl = (total / self.counted_steps for total in self.totals)
        return Bound(reconstruction - kl, reconstruction, kl)

    def _checkpoint(self) -> Checkpoint:
        return capture(self.model, self.optimizer, self.gen, self.step, self.seconds)
