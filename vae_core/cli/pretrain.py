"""python -m vae_core pretrain: make the trained models that come with the program."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from vae_core.training.checkpoint import try_target
from vae_core.training.config import ConfigError
from vae_core.training.pretrained import FOLDER, PLANS, file_of, pretrain
from vae_core.training.train import Progress
from vae_core.vae.data import load_mnist

ROOM = 4_000_000
"""Bytes that a file may take."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("--folder", metavar="FOLDER", default=str(FOLDER), help="where to write")
    parser.add_argument("--only", metavar="NAME", help=f"one of: {', '.join(PLANS)}")
    parser.add_argument("--epochs", type=float, help="another number than planned, for a trial")
    parser.add_argument("--hidden", type=int, help="another hidden width, for a trial")
    parser.add_argument("--data", metavar="FILE", help="another mnist.npz")


def run(args: argparse.Namespace) -> None:
    """Train and write. Raises ValueError, one line long, for what cannot be done."""
    if args.only is not None and args.only not in PLANS:
        raise ConfigError(f"--only: there is no plan {args.only!r}, only {', '.join(PLANS)}.")
    changes = {name: getattr(args, name) for name in ("epochs", "hidden")}
    changes = {name: value for name, value in changes.items() if value is not None}
    data = load_mnist(args.data)
    plans = {name: plan for name, plan in PLANS.items() if args.only in (None, name)}
    paths = {name: file_of(name, Path(args.folder)) for name in plans}
    for path in paths.values():  # before the minutes that a training takes
        path.parent.mkdir(parents=True, exist_ok=True)
        try_target(path, ROOM)
    for name, plan in plans.items():
        path, started = paths[name], time.perf_counter()
        bound = pretrain(replace(plan, **changes), path, data, _tell)
        print(
            f"{path}: held-out ELBO {bound.elbo:.2f} nats per image "
            f"(reconstruction {bound.reconstruction:.2f}, KL {bound.kl:.2f}), "
            f"{path.stat().st_size / 1e6:.2f} MB, {time.perf_counter() - started:.0f} s",
            flush=True,
        )


def _tell(report: Progress) -> None:
    if report.test:
        print(f"  epoch {report.epoch:6.2f}  held-out ELBO {report.test.elbo:9.2f}", flush=True)
