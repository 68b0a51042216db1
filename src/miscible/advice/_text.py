"""Numbers in sentences."""

from __future__ import annotations

import math

__all__ = ["number", "percent"]


def number(value: float, unit: str = "") -> str:
    """Three significant digits and the unit."""
    if not math.isfinite(value):
        return "unknown"
    if 0 < abs(value) < 1e-4:
        return f"{value:.2e} {unit}".strip()
    digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f} {unit}".strip()


def percent(value: float, reference: float) -> str:
    """Signed share of a reference."""
    if not (math.isfinite(value) and math.isfinite(reference)) or reference == 0:
        return "unknown"
    share = 100.0 * value / reference
    return f"{share:+.1f} %" if abs(share) < 100 else f"{share:+.0f} %"
