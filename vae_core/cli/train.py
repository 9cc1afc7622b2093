"""The `train` command: train a VAE on MNIST from the shell."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import save_checkpoint
from vae_core.training.config import OPTIONS, ConfigError, TrainConfig
from vae_core.training.train import Diverged, Progress, train
from vae_core.vae.data import load_mnist

ORDER = (
    *("estimator", "samples", "epochs", "seconds", "learning_rate", "batch", "latent"),
    *("hidden", "depth", "likelihood", "targets", "prior", "objective", "noise", "beta"),
    *("warm_up", "seed"),
)
BAR = 30
INTERRUPTED = 130
HEAD = (
    f"{'epoch':>7}{'step':>8}{'seconds':>9}{'images/s':>10}"
    f"{'train ELBO':>12}{'recon.':>9}{'KL':>7}{'test ELBO':>12}{'recon.':>9}{'KL':>7}"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    for name in sorted(OPTIONS, key=_place):
        told = OPTIONS[name]
        flag = told.flag or name.replace("_", "-")
        parser.add_argument(
            f"--{flag}",
            dest=name,
            type=told.values.kind,
            default=getattr(TrainConfig, name),
            metavar=told.metavar or flag.upper(),
            help=told.help,
        )
    parser.set_defaults(samples=None)
    parser.add_argument("--data", metavar="FILE", help="another mnist.npz")
    parser.add_argument("--save", metavar="FILE", help="write weights and state (safetensors)")
    parser.add_argument("--json", action="store_true", help="a JSON object for each report")


def _place(name: str) -> int:
    """Where the help lists an option; a new one stands before the seed."""
    return ORDER.index(name) if name in ORDER else len(ORDER) - 2


def run(args: argparse.Namespace) -> None:
    """Train and print. Raises ValueError, one line long, for what cannot be done.

    Ends the program with status 1 when the training diverged, and 130 after Ctrl-C.
    """
    config = config_from(args)
    reports = train(config, load_mnist(args.data), noise_share=0.0)
    try:
        last = print_json(reports) if args.json else print_table(reports)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    if isinstance(last, Diverged):
        print(last.explanation, file=sys.stderr)
        raise SystemExit(1)
    if args.save and last is not None and last.checkpoint is not None:
        save_checkpoint(Path(args.save), last.checkpoint, config)


def config_from(args: argparse.Namespace) -> TrainConfig:
    """The configuration that the words describe; K defaults to the fewest the estimator allows."""
    if args.save and not Path(args.save).resolve().parent.is_dir():
        raise ConfigError(f"--save: there is no folder for {args.save}.")
    entry = ESTIMATORS.get(args.estimator)
    fewest = entry.min_samples if entry else 1
    told = {name: getattr(args, name) for name in OPTIONS}
    return TrainConfig(**{**told, "samples": fewest if args.samples is None else args.samples})


def as_json(report: Progress | Diverged) -> dict[str, Any]:
    """One report as the shell prints it; only a run that diverged has the key `diverged`."""
    if isinstance(report, Diverged):
        value = report.value if math.isfinite(report.value) else None
        ending = {"term": report.term, "value": value, "explanation": report.explanation}
        return {"step": report.step, "diverged": ending}
    return {
        "step": report.step,
        "epoch": round(report.epoch, 4),
        "images": report.images,
        "seconds": round(report.seconds, 3),
        "images_per_second": round(report.images_per_second, 1),
        "train": asdict(report.train),
        "test": asdict(report.test) if report.test else None,
    }


def print_json(reports: Iterable[Progress | Diverged]) -> Progress | Diverged | None:
    """A JSON object a line, each written out at once; returns the last report."""
    report = None
    for report in reports:
        print(json.dumps(as_json(report)), flush=True)
    return report


def print_table(reports: Iterable[Progress | Diverged]) -> Progress | Diverged | None:
    """A line for each look at held-out images, and a progress bar on a terminal's stderr."""
    print(f"ELBO, reconstruction and KL in nats per image; higher ELBO is better.\n{HEAD}")
    report = None
    bar = sys.stderr.isatty()
    for report in reports:
        if bar:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        if isinstance(report, Diverged):
            break
        if report.test:
            print(as_row(report), flush=True)
        if bar and report.state == "running":
            print(as_bar(report), end="", file=sys.stderr, flush=True)
    return report


def as_row(report: Progress) -> str:
    """One report as a line of the table."""
    bounds = "".join(
        f"{b.elbo:>12.2f}{b.reconstruction:>9.2f}{b.kl:>7.2f}"
        for b in (report.train, report.test)
        if b
    )
    return (
        f"{report.epoch:>7.2f}{report.step:>8}{report.seconds:>9.1f}"
        f"{report.images_per_second:>10.0f}{bounds}"
    )


def as_bar(report: Progress) -> str:
    """How far the run is, the present ELBO, and the time that is left."""
    done = round(report.fraction * BAR)
    left = report.seconds * (1.0 / report.fraction - 1.0) if report.fraction else 0.0
    return (
        f"[{'#' * done}{'.' * (BAR - done)}] {report.fraction:4.0%}  "
        f"ELBO {report.train.elbo:.1f}  {left:.0f} s left"
    )
