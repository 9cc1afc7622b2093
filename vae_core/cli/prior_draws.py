"""The `prior-draws` command: log p(x) of held-out images from draws of the prior alone.

The naive estimate of p(x) is the mean of p(x|z) over draws z from the prior. It is unbiased, and
its logarithm is not: where no draw explains the image, it lies nats below. What it should give
comes from importance sampling, and for a plane from a grid (`vae_core.vae.posterior`).
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from vae_core.training.config import ConfigError
from vae_core.training.evaluate import EVALUATION_SEED
from vae_core.training.options import Limit
from vae_core.training.pretrained import PLANS, load_pretrained
from vae_core.vae.data import held_out_digit
from vae_core.vae.model import VAE
from vae_core.vae.posterior import explained, from_the_prior

DRAWS = Limit("Draws", 10, 1_000_000)
WEIGHTS = Limit("Samples", 100, 1_000_000)
DIGITS = range(10)
RUNS, SAMPLES = 10, 100_000
STEPS = (1, 2, 5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--draws", type=int, default=100_000, help=f"of z in each of {RUNS} runs")
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help="of importance sampling, a round"
    )
    parser.add_argument("--only", metavar="NAME", help=f"one of: {', '.join(PLANS)}")
    parser.add_argument("--seed", type=int, default=EVALUATION_SEED, help="of all draws")


def run(args: argparse.Namespace) -> None:
    """Measure and print one JSON object. Raises ValueError for what cannot be done."""
    DRAWS.check(args.draws)
    WEIGHTS.check(args.samples)
    if args.only is not None and args.only not in PLANS:
        raise ConfigError(f"--only: there is no plan {args.only!r}, only {', '.join(PLANS)}.")
    names = [name for name in PLANS if args.only in (None, name)]
    images = torch.stack([held_out_digit(digit, 1) for digit in DIGITS])
    found = {
        name: measure(load_pretrained(name).model, images, args.draws, args.samples, args.seed)
        for name in names
    }
    print(json.dumps({"runs": RUNS, "stops": stops(args.draws), "models": found}))


def stops(draws: int) -> list[int]:
    """After how many draws of a run its estimate is looked at: 1, 2, 5, 10, ..., `draws`."""
    decades = range(math.floor(math.log10(draws)) + 1)
    walk = [step * 10**power for power in decades for step in STEPS]
    return [*(stop for stop in walk if stop < draws), draws]


def measure(
    model: VAE, images: Tensor, draws: int, samples: int, seed: int
) -> list[dict[str, Any]]:
    """For each image (B, 784) what `explained` finds, and what the runs of naive draws do.

    Returns:
        For each image the fields of `Explained`, and: `naive`, for each run the log of the mean of
        p(x|z) over its first draws, at each stop; `count`, how many of all draws reach the
        threshold; `best`, the z with the highest log p(x|z) of all draws, and that `best_log`.
    """
    told = [explained(model, image, samples, seed) for image in images]
    thresholds = torch.tensor([each.threshold for each in told]).unsqueeze(1)
    counts, best_log = torch.zeros(len(images), dtype=torch.long), torch.full((len(images),), -1e9)
    best = torch.zeros(len(images), model.gaussian_q(images).loc.shape[-1])
    naive = []
    for number in range(RUNS):
        seen = []
        for z, likelihood in from_the_prior(model, images, draws, seed + number):
            seen.append(likelihood)
            counts += (likelihood >= thresholds).sum(1)
            top, place = likelihood.max(1)
            best[top > best_log] = z[place][top > best_log]
            best_log = torch.maximum(best_log, top)
        running = torch.cat(seen, 1).double().logcumsumexp(1)
        naive.append([(running[:, stop - 1] - math.log(stop)).tolist() for stop in stops(draws)])
    return [
        {
            **{name: round(value, 4) for name, value in asdict(each).items()},
            "naive": [[round(stop[place], 2) for stop in run] for run in naive],
            "count": int(counts[place]),
            "best": [round(value, 4) for value in best[place].tolist()],
            "best_log": round(float(best_log[place]), 2),
        }
        for place, each in enumerate(told)
    ]
