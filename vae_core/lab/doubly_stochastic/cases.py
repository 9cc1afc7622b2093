"""Real data for a logistic regression: cells of breast tumours, malignant or benign.

The file assets/breast_cancer.csv holds 569 cases with 30 features of the nuclei (Wolberg,
Mangasarian, Street & Street 1995, CC BY 4.0).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

SHA256 = "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"
PATH = Path(__file__).resolve().parents[3] / "assets" / "breast_cancer.csv"
REMEDY = (
    "Put the original breast_cancer.csv back into the assets folder: "
    "in a clone, `git checkout -- assets/breast_cancer.csv` does it. Then try again."
)
MEASURED = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
    "concave points", "symmetry", "fractal dimension",
)  # fmt: skip
FEATURES = tuple(f"{kind} {name}" for kind in ("mean", "error of", "worst") for name in MEASURED)
TWO = ("mean radius", "worst radius")
CONSTANT = "constant"
# Of all cases so many are learned from; the rest is held out.
TRAINED_ON, SPLIT_SEED = 398, 0


@dataclass(frozen=True)
class Cases:
    """Cases to learn from and cases held out, in standard units.

    Attributes:
        names: of the columns: the features, and at the end the constant, (D,).
        x: of the cases to learn from, (N, D); each feature has mean 0 and deviation 1 there.
        sign: 1 for malignant and -1 for benign, (N,).
        held_x, held_sign: the same of the cases held out, (M, D) and (M,).
        mean, deviation: by which the features were put into standard units, (D - 1,).
    """

    names: tuple[str, ...]
    x: Tensor
    sign: Tensor
    held_x: Tensor
    held_sign: Tensor
    mean: Tensor
    deviation: Tensor


@lru_cache(maxsize=8)
def load(features: tuple[str, ...] = FEATURES, path: Path = PATH) -> Cases:
    """The cases with these features, split by chance once for all; float64.

    Raises:
        ValueError: the file is missing or not the original; the message says what to do.
    """
    table = torch.from_numpy(_read(path))
    order = torch.randperm(len(table), generator=torch.Generator().manual_seed(SPLIT_SEED))
    table = table[order]
    values = table[:, [FEATURES.index(name) for name in features]]
    sign = 1.0 - 2.0 * table[:, -1]
    deviation, mean = torch.std_mean(values[:TRAINED_ON], dim=0)
    ones = torch.ones(len(table), 1, dtype=torch.float64)
    x = torch.cat([(values - mean) / deviation, ones], dim=1)
    there, held = slice(None, TRAINED_ON), slice(TRAINED_ON, None)
    names = (*features, CONSTANT)
    return Cases(names, x[there], sign[there], x[held], sign[held], mean, deviation)


def _read(path: Path) -> np.ndarray:
    """Features and class of all cases, (569, 31). Raises ValueError as `load` does."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise ValueError(f"{path.name} cannot be read. {REMEDY}") from problem
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ValueError(f"{path.name} is not the original file. {REMEDY}")
    lines = content.decode("ascii").splitlines()
    return np.loadtxt(lines, delimiter=",", skiprows=1)
