"""The `evaluate` command: the importance-weighted estimate of log p(x) of a trained VAE."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

from vae_core.training.checkpoint import Checkpoint, CheckpointError, load_checkpoint
from vae_core.training.config import TrainConfig
from vae_core.training.evaluate import EVALUATION_SEED, evaluate, evidence, held_out, spread
from vae_core.training.options import Limit
from vae_core.vae.data import load_mnist
from vae_core.vae.likelihoods import LIKELIHOODS
from vae_core.vae.model import VAE

SAMPLES = Limit("Samples S", 1, 1_000_000)
IMAGES = Limit("Images", 2, 10_000)
SEED = Limit("Seed", 0, 2**32 - 1)
WHAT = {
    "binary": "binarized test images",
    "grey": "grey test images (no log of a probability: papers report binary targets)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument(
        "checkpoint",
        metavar="CHECKPOINT",
        help="what `train --save` wrote, or a model of assets/pretrained",
    )
    parser.add_argument("--samples", type=int, default=5000, help="S of z for each image")
    parser.add_argument("--images", type=int, default=10_000, help="test images, spread over all")
    parser.add_argument("--seed", type=int, default=EVALUATION_SEED, help="of the samples")
    parser.add_argument("--data", metavar="FILE", help="another mnist.npz")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> None:
    """Judge and print. Raises ValueError, one line long, for what cannot be done."""
    SAMPLES.check(args.samples)
    IMAGES.check(args.images)
    SEED.check(args.seed)
    checkpoint, config = load_checkpoint(Path(args.checkpoint))
    model = model_of(args.checkpoint, checkpoint, config)
    images = spread(held_out(load_mnist(args.data).test_images, config), args.images)
    found = evidence(model, images, args.samples, args.seed, show if sys.stderr.isatty() else None)
    bound = evaluate(model, images).bound
    if not all(map(math.isfinite, (found.log_prob, found.standard_error, bound.elbo))):
        raise CheckpointError(f"{args.checkpoint}: its weights give no finite log p(x).")
    if args.json:
        print(json.dumps({**asdict(found), "elbo": asdict(bound), "targets": config.targets}))
        return
    print(f"{found.images} {describe(config)}, nats per image, higher is better")
    print(f"log p(x), {found.samples} samples: {found.log_prob:.2f} +- {found.standard_error:.2f}")
    print(f"ELBO: {bound.elbo:.2f} = {bound.reconstruction:.2f} - {bound.kl:.2f}")
    time = f", {checkpoint.seconds:.1f} s" if checkpoint.seconds else ""
    print(f"after {checkpoint.step} steps{time} of training")


def model_of(name: str, checkpoint: Checkpoint, config: TrainConfig) -> VAE:
    """The model of a file. Raises CheckpointError, with its name, for weights of no use."""
    try:
        model = checkpoint.model(config)
    except CheckpointError as error:
        raise CheckpointError(f"{name}: its weights do not fit its own configuration.") from error
    if not checkpoint.finite:
        raise CheckpointError(f"{name} holds weights that are no numbers: its training blew up.")
    return model


def describe(config: TrainConfig) -> str:
    """What the number is about."""
    if LIKELIHOODS[config.likelihood].density:
        return "grey test images, log of a density"
    return WHAT[config.targets]


def show(share: float) -> None:
    """How far the work is, on a terminal."""
    end = "\r\x1b[K" if share >= 1.0 else ""
    print(f"\r{share:4.0%}{end}", end="", file=sys.stderr, flush=True)
