"""How many draws of the prior it takes to meet a z that explains an image: five trained models.

What is shown was measured by `python -m vae_core prior-draws`, in ten runs of draws for each model
and image; what one image's log p(x) is comes from importance sampling.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from pages.ui.live import Frame
from pages.ui.numbers import number, short
from vae_core.training.pretrained import FOLDER, load_pretrained
from vae_core.vae.data import SIDE, held_out_digit

FILE = FOLDER / "prior_draws.json"
DEEPEST = -100.0  # nats about log p(x) that are shown
BELOW = DEEPEST - 20.0  # where a line stays that is deeper yet
TEN = math.log(10.0)
NEAR = 0.5  # nats


@lru_cache(maxsize=1)
def measured() -> dict[str, Any]:
    """The file: `runs`, `stops`, and for each model of `models` what is known of ten images."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def sizes() -> dict[int, str]:
    """The models by the size D of their latent."""
    names = {load_pretrained(name).config.latent: name for name in measured()["models"]}
    return dict(sorted(names.items()))


def stops() -> tuple[int, ...]:
    """After how many draws the runs were looked at."""
    return tuple(measured()["stops"])


def total() -> int:
    """How many draws all runs have together."""
    return int(measured()["runs"]) * stops()[-1]


def known(d: int, digit: int) -> dict[str, Any]:
    """What was measured of a digit's first held-out image with the model of latent size d."""
    found: dict[str, Any] = measured()["models"][sizes()[d]][digit]
    return found


def one_in(log_share: float) -> str:
    """A share in words: one draw in so many."""
    return short(math.exp(-log_share), 2)


def naive(d: int, digit: int) -> np.ndarray:
    """Estimates of log p(x) less log p(x) itself, in nats: (runs, stops)."""
    found = known(d, digit)
    runs: np.ndarray = np.array(found["naive"]) - found["log_evidence"]
    return runs


@lru_cache(maxsize=64)
def dreamt(d: int, digit: int) -> np.ndarray:
    """What the best z of all draws decodes to, (28, 28), the first line on top."""
    z = torch.tensor(known(d, digit)["best"])
    return picture(load_pretrained(sizes()[d]).model.mean_of_x(z))


def picture(x: torch.Tensor) -> np.ndarray:
    """An image (784,) for a heatmap, the first line on top."""
    lines: np.ndarray = x.view(SIDE, SIDE).flip(0).numpy()
    return lines


def frame(d: int, digit: int, n: int) -> Frame:
    """The estimates of the runs after n draws each, and how rare a z is that explains the image.

    Args:
        d: Latent size of the model, one of `sizes`.
        digit: Whose first held-out image.
        n: Draws, one of `stops`.
    """
    found, runs, looked = known(d, digit), naive(d, digit), stops()
    off = runs[:, looked.index(n)]
    shown = np.array(looked) <= n
    traces: dict[str, dict[str, Any]] = {
        f"run {k}": {
            "x": np.array(looked),
            "y": np.where(shown, np.maximum(run, BELOW), np.nan),
        }
        for k, run in enumerate(runs)
    }
    rarity = one_in(found["log_share"])
    traces |= _shares(digit) | {
        "ends": {"x": np.full(len(off), n), "y": np.maximum(off, DEEPEST)},
        "chosen": {"x": np.array([d]), "y": np.array([found["log_share"] / TEN])},
        "words": {"x": [21], "y": [0.0], "text": [f"D = {d}: 1 in {rarity}"]},
        "image": {"z": _image(digit)},
        "best": {"z": dreamt(d, digit)},
    }
    numbers: dict[str, float | str] = {
        "log_p": found["log_evidence"],
        "log_p_error": found["evidence_error"],
        "threshold": found["threshold"],
        "rarity": -found["log_share"],
        "share_error": found["share_error"],
        "one_in": rarity,
        "needed": short(needed(found["log_share"]), 2),
        "kl": found["kl"],
        "effective": found["effective"],
        "count": float(found["count"]),
        "expected": short(total() * math.exp(found["log_share"]), 2),
        "median": found["log_evidence"] + float(np.median(off)),
        "mean_run": float(off.mean()),
        "best_log": found["best_log"],
    }
    return Frame(traces, numbers | {"verdict": verdict(d, digit, n, off)})


def _shares(digit: int) -> dict[str, dict[str, Any]]:
    """For each model the share of the prior that explains the image, and what was counted."""
    each = [known(d, digit) for d in sizes()]
    d = np.array(list(sizes()))
    share = np.array([found["log_share"] for found in each]) / TEN
    reach = 2.0 * np.array([found["share_error"] for found in each]) / TEN
    gap = np.full(len(d), np.nan)
    counts = np.array([found["count"] for found in each])
    return {
        "shares": {"x": d, "y": share, "text": [one_in(found["log_share"]) for found in each]},
        "errors": {
            "x": np.column_stack((d, d, gap)).ravel(),
            "y": np.column_stack((share - reach, share + reach, gap)).ravel(),
        },
        "counted": {
            "x": d,
            "y": np.log10(np.where(counts > 0, counts, np.nan) / total()),
            "text": [f"{count:,}" for count in counts],
        },
    }


@lru_cache(maxsize=16)
def _image(digit: int) -> np.ndarray:
    return picture(held_out_digit(digit, 1))


def needed(log_share: float) -> float:
    """Draws after which the chance to have met one that explains is nine in ten."""
    return TEN / -math.log1p(-math.exp(log_share))


def verdict(d: int, digit: int, n: int, off: np.ndarray) -> str:
    """How rare a z is that explains, and how far off the runs are after n draws, (runs,)."""
    found = known(d, digit)
    rarity, top = one_in(found["log_share"]), number(found["log_evidence"], 1)
    draws = "1 draw" if n == 1 else f"{n:,} draws"
    says = f"D = {d}: one prior draw in {rarity} explains this {digit}. After {draws}"
    farthest = float(np.abs(off).max())
    if farthest < NEAR:
        return f"{says} all ten runs are within {number(farthest)} nats of log p(x) = {top}."
    low, middle = int((off < 0).sum()), float(np.median(off))
    side, few = "below" if middle < 0 else "above", "lies" if low == 1 else "lie"
    how_many = "all ten" if low == len(off) else str(low)
    return (
        f"{says} the median of ten runs lies {number(abs(middle), 1)} nats {side} "
        f"log p(x) = {top}; {how_many} {few} below it."
    )
