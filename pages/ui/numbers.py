"""How numbers read in pictures and sentences, each with a true minus; other words for them, too."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals, None where there is none; zero has no sign."""
    if value is None:
        return "None"
    text = f"{value:.{digits}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", MINUS)


def three_digits(value: float) -> str:
    """A number in some three digits, without a power of ten: "0.12", "31.4", "5224"."""
    return number(value, 2 if abs(value) < 9.995 else 1 if abs(value) < 999.5 else 0)


def two_decimals(value: float) -> str:
    """A number with two decimals, or two digits and a power of ten where these do not tell it."""
    return number(value) if 0.01 <= abs(value) < 1000 else f"{value:.2g}".replace("-", MINUS)


def short(value: float) -> str:
    """Three digits, whatever the size."""
    if not math.isfinite(value):
        return "none yet"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.1e}"


def duration(seconds: float) -> str:
    """A time span in whole seconds or minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
