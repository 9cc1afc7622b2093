"""What a learner takes away from a run: its weights, its curves, and a script that repeats it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from tempfile import TemporaryDirectory

from vae_core.runs.standing import Point
from vae_core.training.checkpoint import Checkpoint, save_checkpoint
from vae_core.training.config import Settings, TrainConfig
from vae_core.training.evaluate import Bound

_TERMS = ("ELBO", "reconstruction", "KL")
_SCRIPT = '''"""Repeats one training of Through the Noise, with its very configuration and seed.

Put this file beside app.py and run it with Python. It gives the run's own numbers on the same
machine with the same number of threads, and numbers close to them anywhere else.
"""

from vae_core.config import TrainConfig
from vae_core.train import Diverged, train

config = TrainConfig(
{values}
)

print("step    held-out ELBO, nats per image")
for report in train(config):
    if isinstance(report, Diverged):
        raise SystemExit(report.explanation)
    if report.test is not None:
        print(f"{{report.step:<7}} {{report.test.elbo:.4f}}", flush=True)
'''


def checkpoint_file(checkpoint: Checkpoint, config: TrainConfig) -> bytes:
    """A safetensors file of weights, optimizer and noise, the configuration in its header.

    `vae_core.training.checkpoint.load_checkpoint` reads it; `train(config, resume=...)` goes on.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.safetensors"
        save_checkpoint(path, checkpoint, config)
        return path.read_bytes()


def curves_csv(history: Iterable[Point]) -> str:
    """All points of a run's history as CSV, one a line, under a header with units.

    Where a point was not judged on held-out images, these columns are empty.
    """
    settings = [field.name for field in fields(Settings)]
    bounds = [f"{part} {term} (nats/image)" for part in ("train", "held-out") for term in _TERMS]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["step", "epoch", "time (s)", "speed (images/s)", *bounds, *settings])
    for point in history:
        where = (point.step, point.epoch, point.seconds, point.images_per_second)
        told = asdict(point.settings)
        now = [told[name] for name in settings]
        rows.writerow([*where, *_terms(point.train), *_terms(point.test), *now])
    return text.getvalue()


def _terms(bound: Bound | None) -> tuple[float | None, ...]:
    return (bound.elbo, bound.reconstruction, bound.kl) if bound else (None,) * len(_TERMS)


def script(config: TrainConfig) -> str:
    """A Python program that repeats the run; it needs nothing but this project."""
    values = "\n".join(f"    {name}={value!r}," for name, value in config.as_dict().items())
    return _SCRIPT.format(values=values)
