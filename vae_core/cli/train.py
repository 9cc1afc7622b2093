"""The `train` command: train a VAE on MNIST from the shell."""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any

from vae_core.estimators import ESTIMATORS
from vae_core.training.checkpoint import save_checkpoint, try_target
from vae_core.training.config import OPTIONS, ConfigError, TrainConfig
from vae_core.training.train import Diverged, Progress, train
from vae_core.vae.data import load_mnist
from vae_core.vae.model import VAE

ORDER = (
    *("estimator", "samples", "epochs", "seconds", "learning_rate", "batch", "latent"),
    *("hidden", "depth", "likelihood", "targets", "prior", "posterior", "objective"),
    *("noise", "beta", "warm_up", "seed"),
)
BAR = 30
INTERRUPTED = 130
WEIGHT_BYTES = 12
"""Of each weight in a checkpoint: itself and the optimizer's two moments, in float32."""
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

    Ends the program with status 1 when the training diverged, and 130 after Ctrl-C, which leaves
    what there is in the file of --save.
    """
    config = config_from(args)
    data = load_mnist(args.data)
    target = None if args.save is None else target_of(args.save, config)
    warn_of_warm_up(config.warm_up, config.epochs)
    show = print_json if args.json else print_table
    with interruptible(target is not None) as stopping:
        reports = Latest(
            train(
                config,
                data,
                lambda: None if stopping.is_set() else config.settings,
                noise_share=0.0,
            )
        )
        try:
            show(reports)
        except KeyboardInterrupt:
            print("\nInterrupted.", file=sys.stderr)
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:  # nobody reads on, `head` say; what there is is kept all the same
            stopping.set()
            if target is not None:
                keep(target, reports.end(), config)
            raise
    conclude(reports.last, target, config, stopped=stopping.is_set())


class Latest:
    """Reports as they come, the last one remembered."""

    def __init__(self, reports: Iterator[Progress | Diverged]) -> None:
        self._reports = reports
        self.last: Progress | Diverged | None = None

    def __iter__(self) -> Iterator[Progress | Diverged]:
        for report in self._reports:
            self.last = report
            yield report

    def end(self) -> Progress | Diverged | None:
        """The last report of all."""
        for report in self._reports:
            self.last = report
        return self.last


def conclude(
    last: Progress | Diverged | None, target: Path | None, config: TrainConfig, *, stopped: bool
) -> None:
    """Save, and say what there is to say of the end; statuses as in `run`."""
    if isinstance(last, Diverged):
        lost = "" if target is None else f" Nothing was saved in {target}."
        print(last.explanation + lost, file=sys.stderr)
        raise SystemExit(1)
    if last is None:
        return
    if last.state == "finished":
        warn_of_a_short_run(last, config)
    if target is not None:
        keep(target, last, config)
    if stopped:
        print(f"\nInterrupted at step {last.step}; that is saved in {target}.", file=sys.stderr)
        raise SystemExit(INTERRUPTED)


@contextmanager
def interruptible(saving: bool) -> Iterator[Event]:
    """An event that Ctrl-C sets, so that a run can end as planned; a second Ctrl-C ends at once.

    Without something to save, and beside the main thread, Ctrl-C stays what it is.
    """
    stopping = Event()
    if not saving or current_thread() is not main_thread():
        yield stopping
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        stopping.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before)


def keep(target: Path, last: Progress | Diverged | None, config: TrainConfig) -> None:
    """Write what the last report brought. Raises ConfigError where that cannot be."""
    if not isinstance(last, Progress) or last.checkpoint is None:
        return
    try:
        save_checkpoint(target, last.checkpoint, config)
    except OSError as problem:
        raise ConfigError(f"--save: {target} could not be written: {problem.strerror}.") from None


def target_of(name: str, config: TrainConfig) -> Path:
    """The file of --save, tried. Raises ConfigError where it could not be written."""
    path = Path(name)
    if not name.strip():
        raise ConfigError("--save: the name of the file is empty.")
    weights = sum(p.numel() for p in VAE(**config.architecture).parameters())
    try:
        if name.endswith(("/", os.sep)) or path.is_dir():
            raise ConfigError(f"--save: {name} is a folder. Name a file in it.")
        if not path.resolve().parent.is_dir():
            raise ConfigError(f"--save: there is no folder for {name}.")
        try_target(path, WEIGHT_BYTES * weights)
    except (OSError, RuntimeError) as problem:  # a RuntimeError: links that lead in a circle
        reason = getattr(problem, "strerror", None) or problem
        raise ConfigError(f"--save: {name} cannot be written: {reason}.") from None
    return path


def warn_of_warm_up(warm_up: float, epochs: float | None) -> None:
    """Say that the weight of the KL does not come to beta, where it does not."""
    if epochs is not None and warm_up > epochs:
        print(
            f"The KL warm-up of {warm_up:g} epochs is longer than the run of {epochs:g}: "
            f"the weight of the KL ends at {epochs / warm_up:.2g} beta.",
            file=sys.stderr,
        )


def warn_of_a_short_run(last: Progress, config: TrainConfig) -> None:
    """Say what a run planned in seconds had no time for."""
    if last.step == 0:
        print(
            f"No step was made: the first look took the {config.seconds:g} seconds. Give more.",
            file=sys.stderr,
        )
    elif config.epochs is None:
        warn_of_warm_up(config.warm_up, round(last.epoch, 2))


def config_from(args: argparse.Namespace) -> TrainConfig:
    """The configuration that the words describe; K defaults to the fewest the estimator allows."""
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
