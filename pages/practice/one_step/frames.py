"""One training step as frames: the step itself, made once and kept, told stage by stage."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pages.practice.one_step.picture import BACK_TO_Q, BACK_TO_Z, SAMPLE, TAKE, UPDATE
from pages.ui.live import Frame
from pages.ui.numbers import number, short, three_digits, vector
from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import Checkpoint
from vae_core.training.config import ConfigError, Settings, TrainConfig, trainable
from vae_core.training.one_step import OneStep, one_step, run_up
from vae_core.vae.data import SIDE, DataError, Mnist, load_mnist

UPDATES = {"0": "none: fresh weights", "100": "100 updates", "300": "300 updates"}
IMAGES = {str(i): f"image {i}" for i in range(1, 9)}
BATCH = 50
TITLES = {name: ESTIMATORS[name].title for name in trainable()}

_one_at_a_time = threading.Lock()


@lru_cache(maxsize=1)
def _data() -> Mnist:
    """All training images, and a few held-out ones: nobody is judged here."""
    mnist = load_mnist()
    return mnist.first(len(mnist.train_images), BATCH)


def _config(seed: int) -> TrainConfig:
    return TrainConfig(latent=2, batch=BATCH, seed=seed)


@lru_cache(maxsize=4)
def _trained(updates: int, seed: int) -> Checkpoint:
    earlier = [each for each in sorted(map(int, UPDATES)) if each < updates]
    resume = _trained(earlier[-1], seed) if earlier else None
    return run_up(_config(seed), updates, _data(), resume)


def _start(updates: int, seed: int) -> Checkpoint:
    """The run before the step; earlier updates are pathwise whichever estimator makes this one."""
    with _one_at_a_time:  # thirty visitors who ask for the same run wait for it, and find it made
        return _trained(updates, seed)


@lru_cache(maxsize=32)
def made(estimator: str, updates: int, seed: int) -> OneStep:
    """The step of an estimator after some updates, without the run's state; made once and kept."""
    settings = Settings(estimator, ESTIMATORS[estimator].min_samples)
    step = one_step(_config(seed), _start(updates, seed), settings, _data())
    return replace(step, state=Checkpoint(step.state.step, 0.0, {}))


def problem(estimator: str, updates: int, seed: int) -> str:
    """Why the step cannot be made, in a sentence or two; empty where it can, and is made now."""
    try:
        made(estimator, updates, seed)
    except (DataError, ConfigError) as error:
        return str(error)
    return ""


def frame(
    stage: int, seed: int, estimator: str, updates: int, image: int, sentences: tuple[str, ...]
) -> Frame:
    """The picture at a stage of the step.

    Args:
        stage: 1 to `picture.STAGES`.
        seed: of weights, order of the images and noise.
        estimator: which estimator makes this step.
        updates: how many updates were made before.
        image: which image of the minibatch is followed, from 1.
        sentences: what is said at each stage, with blanks for the numbers.
    """
    step = made(estimator, updates, seed)
    words, numbers = _words(step, image - 1), _numbers(step, image - 1)
    told = {"image": image, "batch_size": len(step.x), "updates": updates, **words}
    told |= {name: number(numbers[name]) for name in ("before", "after")}
    pictures = {"x": step.x, "mean of x": step.before.mean_of_x}
    traces: dict[str, dict[str, Any]] = {
        name: {"z": images[image - 1].view(SIDE, SIDE).numpy().round(3)}
        for name, images in pictures.items()
    }
    words["past_z"] = "a constant" if stage == BACK_TO_Z else f"signal {words['signal']}"
    texts = {f"{name}_text": text for name, text in words.items()}
    said = sentences[stage - 1].format(**told)
    return Frame(traces, {**numbers, **texts, "batch_size": len(step.x), "told": said})


def sections(back: str) -> list[str]:
    """Names of what the lesson says at each stage, where the way back is "path" or "score"."""
    forks = (SAMPLE, BACK_TO_Z, BACK_TO_Q)
    stages = range(TAKE, UPDATE + 1)
    return [f"stage_{stage}{f'_{back}' if stage in forks else ''}" for stage in stages]


def _words(step: OneStep, i: int) -> dict[str, str]:
    """The numbers of image i as the picture and its sentence write them."""
    there, back = step.before, step.backward
    signal = "" if back.signal is None else three_digits(float(back.signal[0, i]))
    return {
        "mu": vector(there.mu[i]),
        "sigma": vector(there.sigma[i]),
        "eps": vector(there.eps[0, i]),
        "z": vector(there.z[0, i]),
        "log_p": three_digits(float(there.reconstruction[i])),
        "kl": three_digits(float(there.kl[i])),
        "elbo": three_digits(float(there.elbo[i])),
        "by_z": "" if back.by_z is None else vector(back.by_z[0, i]),
        "signal": signal,
        "by_mu": vector(back.at_mu[i]),
        "by_sigma": vector(back.at_sigma[i]),
        "by_phi": three_digits(back.encoder),
        "by_theta": three_digits(back.decoder),
        "phi_move": f"{step.encoder_move:.2g}",
        "theta_move": f"{step.decoder_move:.2g}",
        "gain": _gain(step),
        "rate": short(step.rate, 2),
        "which": f" (the first of {len(there.z)} samples)" if len(there.z) > 1 else "",
        "over": f" (mean of {len(there.z)} samples)" if len(there.z) > 1 else "",
    }


def _numbers(step: OneStep, i: int) -> dict[str, float]:
    """The numbers of image i, of the first sample and the first dimension where there are more."""
    there, back = step.before, step.backward
    found = {
        "mu": there.mu[i, 0],
        "sigma": there.sigma[i, 0],
        "eps": there.eps[0, i, 0],
        "z": there.z[0, i, 0],
        "log_p": there.reconstruction[i],
        "kl": there.kl[i],
        "elbo": there.elbo[i],
        "score_mu": back.score_mu[0, i, 0],
        "score_sigma": back.score_sigma[0, i, 0],
        "first_mu": back.by_mu[0, i, 0],
        "share_mu": back.by_mu[:, i, 0].mean(),
        "share_sigma": back.by_sigma[:, i, 0].mean(),
        "kl_by_mu": back.kl_by_mu[i, 0],
        "kl_by_sigma": back.kl_by_sigma[i, 0],
        "at_mu": back.at_mu[i, 0],
        "at_sigma": back.at_sigma[i, 0],
        "before": there.elbo.mean(),
        "after": step.after.elbo.mean(),
    }
    for name, tensor in (("by_z", back.by_z), ("signal", back.signal)):
        if tensor is not None:
            found[name] = tensor[0, i].flatten()[0]
    plain = {name: float(value) for name, value in found.items()}
    lengths = {"by_phi": back.encoder, "by_theta": back.decoder, "rate": step.rate}
    return plain | lengths | {"phi_move": step.encoder_move, "theta_move": step.decoder_move}


def table(*, path: bool) -> dict[str, str]:
    """The numbers behind the picture, by what they are, in the first dimension of z."""
    common = {
        "μ": "{mu:.4f}",
        "σ": "{sigma:.4f}",
        "ε": "{eps:.4f}",
        "z = μ + σε": "{z:.4f}",
        "log p(x|z), mean over the samples": "{log_p:.3f}",
        "KL, over all dimensions": "{kl:.4f}",
        "ELBO": "{elbo:.3f}",
    }
    through = {"∂log p(x|z)/∂z": "{by_z:.4f}"}
    past = {
        "signal of the first sample": "{signal:.3f}",
        "∂log q(z)/∂μ of the first sample": "{score_mu:.4f}",
        "∂log q(z)/∂σ of the first sample": "{score_sigma:.4f}",
    }
    arrived = {
        "estimate in μ": "{share_mu:.4f}",
        "estimate in σ": "{share_sigma:.4f}",
        "∂KL/∂μ": "{kl_by_mu:.4f}",
        "∂KL/∂σ": "{kl_by_sigma:.4f}",
        "∂ELBO/∂μ": "{at_mu:.4f}",
        "∂ELBO/∂σ": "{at_sigma:.4f}",
        "length of the gradient in ϕ": "{by_phi:.3f}",
        "length of the gradient in θ": "{by_theta:.3f}",
        "learning rate of this update": "{rate:.3g}",
        "length of the update of ϕ": "{phi_move:.4f}",
        "length of the update of θ": "{theta_move:.4f}",
        "ELBO of the minibatch before": "{before:.3f}",
        "ELBO of the minibatch after, on the same ε": "{after:.3f}",
    }
    return common | (through if path else past) | arrived


def comparison(updates: int, seed: int) -> dict[str, list[str]]:
    """The same step by every estimator that trains a VAE, as columns of a table."""
    steps = [made(name, updates, seed) for name in TITLES]
    return {
        "Gradient by": list(TITLES.values()),
        "samples K": [str(len(step.before.z)) for step in steps],
        "‖∂/∂θ‖": [three_digits(step.backward.decoder) for step in steps],
        "‖∂/∂ϕ‖": [three_digits(step.backward.encoder) for step in steps],
        "ELBO before → after": [_gain(step) for step in steps],
    }


def _gain(step: OneStep) -> str:
    before, after = (number(float(there.elbo.mean())) for there in (step.before, step.after))
    return f"{before} → {after}"
