"""How numbers read."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """A number as the picture writes it: two decimals, a true minus, None where there is none."""
    text = "None" if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return "0.00" if text == "\N{MINUS SIGN}0.00" else text


def short(value: float) -> str:
    """Three digits, whatever the size."""
    if not math.isfinite(value):
        return "none yet"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.1e}"
