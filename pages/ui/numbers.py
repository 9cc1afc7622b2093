"""How numbers read in pictures and sentences, each with a true minus; other words for them, too."""

from __future__ import annotations

import math
from collections.abc import Iterable

MINUS = "\N{MINUS SIGN}"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, digits: int = 2) -> str:
    """A number with so many decimals, None where there is none; zero has no sign."""
    if value is None:
        return "None"
    text = f"{value:.{digits}f}"
    return (text if float(text) else text.lstrip("-")).replace("-", MINUS)


def three_digits(value: float) -> str:
    """A number in some three digits, without a power of ten: "0.12", "31.4", "5224"."""
    return number(value, 2 if abs(value) < 9.995 else 1 if abs(value) < 999.5 else 0)


def vector(values: Iterable[float]) -> str:
    """The numbers of a latent's dimensions: "(0.31, 1.20)"."""
    return f"({', '.join(three_digits(float(value)) for value in values)})"


def two_decimals(value: float) -> str:
    """A number with two decimals, or two digits and a power of ten where these do not tell it."""
    return number(value) if 0.01 <= abs(value) < 1000 else f"{value:.2g}".replace("-", MINUS)


def short(value: float, digits: int = 3) -> str:
    """A number as people write it, whatever its size: 0.0123, 12,300 or 5 × 10⁻⁷."""
    if not math.isfinite(value):
        return "none yet"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if -5 < power < 6 or value == 0:
        text = f"{float(f'{mantissa}e{power}'):,.{max(0, digits - 1 - power)}f}"
    else:
        text = mantissa
    text = (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)
    return text if -5 < power < 6 or value == 0 else f"{text} × 10{str(power).translate(RAISED)}"


def duration(seconds: float) -> str:
    """A time span in whole seconds or minutes."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
