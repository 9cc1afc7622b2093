"""Two bars of one length: log p(x), and the ELBO with the gap at its end.

They stand beside the densities, and lie below them on a phone. What is below the window in nats is
cut off at its foot, and an arrow says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.ui.numbers import number

FOOT, HEAD = -8.0, 0.5
# Where the two bars are across their length, and where the mark of the best bell ends.
FIRST, SECOND = (0.0, 1.0), (1.15, 2.15)
MARK = 2.3
# In nats: the room that the ELBO's words take, the least for the KL's within the gap, and how far
# beyond log p(x) these stand where the gap is thinner.
UPRIGHT = (1.7, 0.7, 0.4)
ALONG = (2.4, 1.7, 0.1)
LYING = " lying"

Traces = dict[str, dict[str, Any]]


def standing(top: float, bound: float, gap: float, left: float) -> Traces:
    """The columns, with nats along y.

    Args:
        top: log p(x).
        bound: the ELBO.
        gap: KL of q from the posterior.
        left: what the best bell leaves of it. All in nats.
    """
    level, best = max(bound, FOOT), top - left
    hang, within, beyond = _places(top, level, UPRIGHT)
    low = " \N{DOWNWARDS ARROW}" if bound < FOOT else ""
    return {
        "log p(x)": _bar(FIRST, FOOT, top),
        "ELBO": _bar(SECOND, FOOT, level),
        "KL": _bar(SECOND, level, top),
        "ceiling": _path((FIRST[0], SECOND[1]), (top, top)),
        "best bell": _path((SECOND[1], MARK), (best, best)),
        "log p(x) words": _words(sum(FIRST) / 2.0, top + 0.08, f"log p(x)<br>{number(top)}"),
        "ELBO words": _words(sum(SECOND) / 2.0, hang - 0.1, f"ELBO<br>{_said(bound)}{low}"),
        "KL words": _words(sum(SECOND) / 2.0, within or beyond, f"KL {_said(gap)}"),
        "best bell words": _words(MARK, best, "best<br>bell"),
    }


def lying(top: float, bound: float, gap: float, left: float) -> Traces:
    """The same with nats along x, the first bar above the second; names end in `LYING`."""
    level, best = max(bound, FOOT), top - left
    _, within, beyond = _places(top, level, ALONG)
    low = "\N{LEFTWARDS ARROW} " if bound < FOOT else ""
    upper, lower = -sum(FIRST) / 2.0, -sum(SECOND) / 2.0
    bars = {
        name: {"x": each["y"], "y": -each["x"]}
        for name, each in standing(top, bound, gap, left).items()
        if "text" not in each
    }
    words = {
        "log p(x) words": _words(FOOT + 0.1, upper, f"log p(x) {number(top)}"),
        "ELBO words": _words(FOOT + 0.1, lower, f"{low}ELBO {_said(bound)}"),
        "KL words": _words(np.nan if within is None else within, lower, f"KL {_said(gap)}"),
        "KL words beyond": _words(beyond if within is None else np.nan, lower, f"KL {_said(gap)}"),
        "best bell words": _words(best, -MARK, "best bell"),
    }
    return {name + LYING: each for name, each in (bars | words).items()}


def _places(
    top: float, level: float, rooms: tuple[float, float, float]
) -> tuple[float, float | None, float]:
    """Where the ELBO's words end, where the KL's are within the gap, if they fit, or beyond it."""
    block, least, step = rooms
    hang = max(level, FOOT + block)
    within = (hang + top) / 2.0 if top - hang >= least else None
    return hang, within, top + step


def _said(nats: float) -> str:
    return number(nats, 2 if abs(nats) < 100.0 else 0)


def _bar(sides: tuple[float, float], low: float, high: float) -> dict[str, np.ndarray]:
    left, right = sides
    return _path((left, left, right, right), (low, high, high, low))


def _path(x: Sequence[float], y: Sequence[float]) -> dict[str, np.ndarray]:
    return {"x": np.array(x), "y": np.array(y)}


def _words(x: float, y: float, text: str) -> dict[str, Any]:
    return {"x": np.array([x]), "y": np.array([y]), "text": [text]}
