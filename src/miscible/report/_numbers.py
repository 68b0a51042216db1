"""Numbers as a reader wants them: few significant digits, real minus signs, a dash for nothing."""

from __future__ import annotations

import math

__all__ = ["DASH", "count", "duration", "estimate", "number", "percent", "share", "signed"]

DASH = "–"
MINUS = "−"


def _missing(value: float | None) -> bool:
    return value is None or not math.isfinite(value)


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
    return text


def _decimals(size: float, digits: int) -> int:
    """Decimals that show ``digits`` significant digits of a number of this size."""
    return 0 if size == 0 else max(0, digits - 1 - math.floor(math.log10(abs(size))))


def number(value: float | None, digits: int = 3) -> str:
    """A number with this many significant digits; scientific outside 1e-4 to 1e7."""
    if value is None or not math.isfinite(value):
        return DASH
    if value != 0 and not 1e-4 <= abs(value) < 1e7:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"{mantissa.replace('-', MINUS)} × 10{power}"
    rounded = float(f"{value:.{digits - 1}e}")
    return _fixed(rounded, _decimals(rounded, digits))


def signed(value: float | None, decimals: int) -> str:
    """A difference with its sign."""
    if value is None or not math.isfinite(value):
        return DASH
    text = _fixed(value, decimals)
    return text if text.startswith(MINUS) or float(text.replace(",", "")) == 0 else f"+{text}"


def estimate(value: float, interval: tuple[float, float]) -> tuple[str, str]:
    """A difference and its interval, both with the decimals that the interval's width supports."""
    low, high = interval
    if _missing(value) or _missing(low) or _missing(high):
        return signed(value, _decimals(value, 2)) if not _missing(value) else DASH, DASH
    decimals = min(_decimals((high - low) / 2 or value, 2), 6)
    return signed(value, decimals), f"{signed(low, decimals)} to {signed(high, decimals)}"


def percent(value: float | None, decimals: int = 0) -> str:
    """A percentage of a fraction, with its unit."""
    return DASH if value is None or not math.isfinite(value) else f"{_fixed(100 * value, decimals)} %"


def share(probability: float | None) -> str:
    """A probability as a percentage that never rounds to certainty."""
    if probability is None or not math.isfinite(probability):
        return DASH
    if 0 < probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 1:
        return ">99 %"
    return percent(probability)


def count(value: float | None) -> str:
    """A whole number with thousands separators."""
    return DASH if value is None or not math.isfinite(value) else _fixed(round(value), 0)


def duration(seconds: float | None) -> str:
    """Seconds, minutes or hours, two units at most."""
    if seconds is None or not math.isfinite(seconds):
        return DASH
    if seconds < 60:
        return f"{number(seconds, 2)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
