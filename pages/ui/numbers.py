"""How numbers read."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """A number as the picture writes it: two decimals, a true minus, None where there is none."""
    text = "None" if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return "0.00" if text == "\N{MINUS SIGN}0.00" else text


RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


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
    text = (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    return text if -5 < power < 6 or value == 0 else f"{text} × 10{str(power).translate(RAISED)}"
