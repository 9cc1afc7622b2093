"""Numbers as people write them: a true minus, and no sign before zero."""

from __future__ import annotations

import pytest

from pages.ui import numbers


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (-0.5, 2, "−0.50"),
        (-0.04, 1, "0.0"),
        (-12.34, 1, "−12.3"),
        (0.0, 0, "0"),
        (-1e-9, 2, "0.00"),
    ],
)
def test_decimals(value: float, digits: int, text: str) -> None:
    assert numbers.number(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"), [(5.0, "5.00"), (-0.02, "−0.02"), (0.001, "0.001"), (-1e30, "−1e+30")]
)
def test_two_decimals_where_these_tell_the_number(value: float, text: str) -> None:
    assert numbers.two_decimals(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(87.0, "87"), (0.0, "0"), (1234567.0, "1.23 × 10⁶"), (float("nan"), "none yet")],
)
def test_three_digits_whatever_the_size(value: float, text: str) -> None:
    assert numbers.short(value) == text
