"""MNIST, held in memory as tensors.

The file assets/mnist.npz holds 60,000 training and 10,000 test images of 28 x 28 grey values
(LeCun, Cortes and Burges, CC BY-SA 3.0). Images stay bytes, a quarter of the memory of floats,
and become floats in [0, 1] one minibatch at a time.

A hand-drawn digit is put where MNIST puts its digits, as LeCun et al. 1998 describe their database:
scaled into a box of 20 by 20 pixels with its proportions kept, grey from the averaging, and moved
so that its centre of mass is the centre of the 28 by 28 picture.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.lib.npyio import NpzFile
from torch import Tensor

SIDE = 28
PIXELS = SIDE * SIDE
BOX = 20.0
SHA256 = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"
DEFAULT_PATH = Path(__file__).resolve().parents[2] / "assets" / "mnist.npz"
CHUNK = 2000
COUNTS = {"train": 60_000, "test": 10_000}
REMEDY = (
    "Put the original mnist.npz (11.5 MB) back into the assets folder: "
    "in a clone, `git checkout -- assets/mnist.npz` does it. Then try again."
)

GIVEN = "Name another file of the same layout, or none, for the MNIST that comes with the program."
"""The same for a file that somebody named."""


class DataError(ValueError):
    """The data cannot be used; the message says why and what to do about it."""


@dataclass(frozen=True)
class Mnist:
    """Images and labels, split into training and held-out (test) images.

    Attributes:
        train_images: (N, 784) bytes, 0 is background and 255 full ink.
        train_labels: (N,) the digits 0 to 9.
        test_images: (M, 784) bytes, never trained on.
        test_labels: (M,).
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor

    def first(self, train: int, test: int) -> Mnist:
        """The same data cut to its first images, for quick experiments and tests."""
        return Mnist(
            self.train_images[:train],
            self.train_labels[:train],
            self.test_images[:test],
            self.test_labels[:test],
        )

    @cached_property
    def pixel_mean(self) -> Tensor:
        """Mean grey value in [0, 1] of each pixel over the training images: (784,)."""
        chunks = self.train_images.split(CHUNK)
        total = sum(
            (c.float().sum(0).double() for c in chunks), torch.zeros((), dtype=torch.double)
        )
        return (total / (255.0 * len(self.train_images))).float()


def as_unit(images: Tensor) -> Tensor:
    """Bytes 0..255 to float32 grey values in [0, 1], same shape."""
    return images.to(torch.float32).mul_(1.0 / 255.0)


def held_out_digit(digit: int, specimen: int) -> Tensor:
    """The `specimen`-th (from 1) held-out image of a digit: grey values in [0, 1], (784,).

    Raises:
        DataError: there are no usable images, or not so many of this digit.
    """
    data = load_mnist()
    places = (data.test_labels == digit).nonzero()[:, 0]
    if not 1 <= specimen <= len(places):
        raise DataError(
            f"Of the digit {digit} there are the held-out images 1 to {len(places)}, "
            f"and no number {specimen}."
        )
    return as_unit(data.test_images[places[specimen - 1]])


def minibatches(
    images: Tensor, batch: int, seed: int, epoch: int, skip: int = 0
) -> Iterator[Tensor]:
    """One pass over the images in an order that only (seed, epoch) decide.

    A last minibatch that would not be full is left out; every epoch leaves out other images.

    Args:
        images: (N, 784) bytes.
        batch: B, images a minibatch.
        skip: minibatches at the start that are left out, to go on in the middle of an epoch.

    Yields:
        float32 grey values in [0, 1], (B, 784).
    """
    gen = torch.Generator().manual_seed(mix_seeds(seed, epoch))
    order = torch.randperm(len(images), generator=gen)
    for start in range(skip * batch, len(images) - batch + 1, batch):
        yield as_unit(images.index_select(0, order[start : start + batch]))


def binarize(grey: Tensor, gen: torch.Generator) -> Tensor:
    """A coin for each pixel, 1 with its grey value as the probability: float32 0 or 1.

    Black stays 0 and full ink 1, without exception. Salakhutdinov & Murray 2008.
    """
    return torch.rand(grey.shape, generator=gen).lt_(grey)


def binarized_bytes(images: Tensor, seed: int) -> Tensor:
    """Bytes 0 or 255, tossed once and for all as only the seed decides, same shape."""
    gen = torch.Generator().manual_seed(seed)
    return torch.cat([binarize(as_unit(c), gen).mul_(255.0).byte() for c in images.split(CHUNK)])


def mix_seeds(*parts: int) -> int:
    """One 63-bit seed from several whole numbers, so that streams do not overlap by accident."""
    digest = hashlib.sha256(",".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def load_mnist(path: Path | str | None = None) -> Mnist:
    """Load MNIST, once per process and file; later calls share the same tensors.

    Args:
        path: another .npz of the same layout; its content is then checked for shape and type,
            while the file of this project must be the original to the last byte.

    Raises:
        DataError: the file is missing, damaged or of the wrong shape.
    """
    return _load(DEFAULT_PATH, SHA256) if path is None else _load(Path(path), None)


@lru_cache(maxsize=2)
def _load(path: Path, sha256: str | None) -> Mnist:
    own = sha256 is not None
    name, remedy = (f"{path.parent.name}/{path.name}", REMEDY) if own else (str(path), GIVEN)
    if not path.is_file():
        raise DataError(f"The MNIST data are missing: there is no file {name}. {remedy}")
    if sha256 and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise DataError(f"The MNIST file {name} is damaged: its checksum is wrong. {REMEDY}")
    try:
        with path.open("rb") as file, NpzFile(file, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"The MNIST file {name} cannot be read: {_reason(error)}. {remedy}"
        ) from error
    told = (name, remedy)
    return Mnist(*(_checked(arrays, part, split, *told) for split in COUNTS for part in "xy"))


def _reason(error: Exception) -> str:
    """Why a file cannot be read."""
    refused = isinstance(error, OSError) and error.strerror
    return str(refused) if refused else "it is no whole .npz file"


def _checked(
    arrays: dict[str, np.ndarray], part: str, split: str, name: str, remedy: str
) -> Tensor:
    """One array as a tensor, flattened to (N, 784) bytes or (N,) labels."""
    key = f"{part}_{split}"
    shape = (COUNTS[split], SIDE, SIDE) if part == "x" else (COUNTS[split],)
    array = arrays.get(key)
    if array is None:
        raise DataError(f"The file {name} is not MNIST: it holds no array {key}. {remedy}")
    if array.shape != shape or array.dtype != np.uint8:
        raise DataError(
            f"The file {name} is not MNIST: {key} should be bytes of shape {shape}, "
            f"and is {array.dtype} of shape {array.shape}. {remedy}"
        )
    if part == "y":
        if array.max() > 9:
            raise DataError(f"The file {name} is not MNIST: {key} holds more than digits. {remedy}")
        return torch.from_numpy(array.astype(np.int64))
    return torch.from_numpy(array.reshape(len(array), PIXELS))


def as_mnist(cells: Tensor) -> Tensor:
    """Inked cells (28, 28), bool or ink in [0, 1], to grey values as MNIST's, (784,) float64.

    Every new pixel is the mean of the area that it covers in the drawing. An empty drawing stays
    empty. Where the centre of mass would push the box out of the picture, the box goes first.
    """
    ink = cells.double().view(SIDE, SIDE)
    rows, columns = (ink.sum(axis).nonzero()[:, 0] for axis in (1, 0))
    if not len(rows):
        return torch.zeros(PIXELS, dtype=torch.float64)
    box = [(float(each[0]), float(each[-1]) + 1.0) for each in (rows, columns)]
    scale = BOX / max(high - low for low, high in box)
    middles = torch.arange(SIDE, dtype=torch.float64) + 0.5
    weights = []
    for axis, (low, high) in zip((1, 0), box, strict=True):
        centre = float((ink.sum(axis) * middles).sum() / ink.sum())
        ends = SIDE / 2 + scale * (low - centre), SIDE / 2 + scale * (high - centre)
        shift = max(0.0, -ends[0]) - max(0.0, ends[1] - SIDE)
        weights.append(_overlaps(centre, scale, shift))
    return (weights[0] @ ink @ weights[1].T).reshape(-1)


def _overlaps(centre: float, scale: float, shift: float) -> Tensor:
    """Share of each new pixel (rows) that each old cell (columns) covers: (28, 28)."""
    edges = torch.arange(SIDE + 1, dtype=torch.float64)
    back = (edges - shift - SIDE / 2) / scale + centre
    low, high = back[:-1, None], back[1:, None]
    overlap = torch.minimum(high, edges[None, 1:]) - torch.maximum(low, edges[None, :-1])
    return overlap.clamp_min(0.0) * scale
