"""Looks back: what a run's model saw at some of its steps, for a scrubber through the run.

A look holds arrays that no step changes any more. Looks of one run share the arrays that are the
same in all of them, the held-out digits above all.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from vae_core.training.checkpoint import write_whole
from vae_core.training.evaluate import Views
from vae_core.training.gradient_noise import GradientNoise
from vae_core.training.train import Progress

MOST_LOOKS = 40


@dataclass(frozen=True, eq=False)
class Look:
    """What there was to see after `step` steps; arrays as in `Progress`.

    Attributes:
        step: updates made.
        epoch: passes over the training images, a fraction between two.
        views: pictures.
        kl_per_dimension: (D,) held-out KL of each latent dimension in nats, or None.
        gradient_noise: signal and variance of the encoder's gradient by estimator, or None where
            they were not measured.
    """

    step: int
    epoch: float
    views: Views
    kl_per_dimension: np.ndarray | None
    gradient_noise: Mapping[str, GradientNoise] | None = None

    @cached_property
    def name(self) -> str:
        """Its name among all looks of its run.

        It differs from that of a look at the same step which the run gave up when it went back to
        a snapshot and on in another way.
        """
        pictures = np.stack([self.views.reconstructions, self.views.samples])
        return f"{self.step}-{zlib.crc32(pictures.tobytes()):08x}"

    @classmethod
    def of(cls, report: Progress, before: Look | None = None) -> Look | None:
        """The look of a report, None where it has no pictures; shares arrays with `before`."""
        if report.views is None:
            return None
        views = report.views if before is None else _sharing(report.views, before.views)
        return cls(report.step, report.epoch, views, report.kl_per_dimension, report.gradient_noise)


def _sharing(views: Views, before: Views) -> Views:
    """The same views; digits and labels that did not change are the arrays of `before`."""
    kept = {
        name: getattr(before, name)
        for name in ("originals", "labels")
        if np.array_equal(getattr(before, name), getattr(views, name))
    }
    return replace(views, **kept)


def thin_looks(looks: Sequence[Look], most: int = MOST_LOOKS) -> tuple[Look, ...]:
    """At most `most` looks, the first and the last kept.

    A run changes fastest at its beginning, so looks go where they lie closest on a scale of the
    square root of the step.
    """
    kept = list(looks)
    while len(kept) > max(most, 2):
        at = [look.step**0.5 for look in kept]
        gaps = [after - before for before, after in zip(at, at[2:], strict=False)]
        del kept[1 + gaps.index(min(gaps))]
    return tuple(kept)


def looks_bytes(looks: Iterable[Look]) -> int:
    """Memory of all arrays of some looks, each array counted once."""
    arrays = {}
    for look in looks:
        views = look.views
        for array in (
            views.originals,
            views.reconstructions,
            views.samples,
            views.latent_means,
            views.labels,
            look.kl_per_dimension,
        ):
            if array is not None:
                arrays[id(array)] = array.nbytes
    return sum(arrays.values())


def save_looks(path: Path, looks: Sequence[Look]) -> None:
    """Write looks as safetensors, pictures as bytes; whole or not at all."""
    if not looks:
        path.unlink(missing_ok=True)
        return
    views = [look.views for look in looks]
    first = views[0]
    digits = [first] if all(view.originals is first.originals for view in views) else views
    arrays = {
        "step": np.array([look.step for look in looks]),
        "epoch": np.array([look.epoch for look in looks], dtype=np.float64),
        "labels": first.labels,
        "originals": _as_bytes([view.originals for view in digits]),
        "reconstructions": _as_bytes([view.reconstructions for view in views]),
        "samples": _as_bytes([view.samples for view in views]),
    }
    means = [view.latent_means for view in views if view.latent_means is not None]
    kl = [look.kl_per_dimension for look in looks if look.kl_per_dimension is not None]
    for name, found in (("latent_means", means), ("kl_per_dimension", kl)):
        if len(found) == len(looks):
            arrays[name] = np.stack(found).astype(np.float32)
    noise = [
        {name: asdict(each) for name, each in look.gradient_noise.items()}
        if look.gradient_noise
        else None
        for look in looks
    ]
    write_whole(path, save(arrays, {"gradient_noise": json.dumps(noise)}))


def load_looks(path: Path) -> tuple[Look, ...]:
    """Read what `save_looks` wrote; none where the file is missing or damaged."""
    try:
        with safe_open(path, framework="np") as file:
            noise = json.loads(file.metadata()["gradient_noise"])
            arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        digits = [_as_unit(each) for each in arrays["originals"]]
        return tuple(
            _look_at(i, digits[i if len(digits) > 1 else 0], arrays, each)
            for i, each in enumerate(noise)
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, IndexError):
        return ()


def _look_at(
    i: int,
    originals: np.ndarray,
    arrays: Mapping[str, np.ndarray],
    noise: Mapping[str, Mapping[str, float]] | None,
) -> Look:
    means, kl = arrays.get("latent_means"), arrays.get("kl_per_dimension")
    views = Views(
        originals=originals,
        reconstructions=_as_unit(arrays["reconstructions"][i]),
        samples=_as_unit(arrays["samples"][i]),
        latent_means=None if means is None else means[i],
        labels=arrays["labels"],
    )
    told = {name: GradientNoise(**each) for name, each in noise.items()} if noise else None
    step, epoch = int(arrays["step"][i]), float(arrays["epoch"][i])
    return Look(step, epoch, views, None if kl is None else kl[i], told)


def _as_bytes(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures in [0, 1] as bytes; what lies outside, as a Gaussian's mean may, is cut off."""
    whole: np.ndarray = (np.clip(np.stack(pictures), 0.0, 1.0) * 255.0).round()
    return whole.astype(np.uint8)


def _as_unit(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) / np.float32(255.0)
