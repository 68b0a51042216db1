"""Numbers in sentences."""

import math

import pytest

from miscible.advice._text import number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1234.567, "1,235"),
        (12.345, "12.3"),
        (1.2345, "1.23"),
        (0.012345, "0.0123"),
        (0.00012345, "0.000123"),
        (1.2345e-7, "1.23e-07"),
        (-0.5, "-0.500"),
        (math.nan, "unknown"),
        (math.inf, "unknown"),
    ],
)
def test_three_significant_digits(value: float, text: str):
    assert number(value) == text
    if text != "unknown":
        assert number(value, "GPa") == f"{text} GPa"


@pytest.mark.parametrize(
    ("value", "reference", "text"),
    [
        (1.0, 8.0, "+12.5 %"),
        (-1.0, 8.0, "-12.5 %"),
        (24.0, 8.0, "+300 %"),
        (1.0, 0.0, "unknown"),
        (math.inf, 1.0, "unknown"),
        (1.0, math.nan, "unknown"),
    ],
)
def test_shares_have_a_sign(value: float, reference: float, text: str):
    assert percent(value, reference) == text
