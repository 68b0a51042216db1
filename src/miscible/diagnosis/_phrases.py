"""Numbers and lists in the sentences of exhibits."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["cell", "listed", "number", "p_text", "share", "signed_percent"]


def number(value: float, unit: str = "") -> str:
    """Three significant digits and the unit."""
    if not math.isfinite(value):
        return "unknown"
    digits = 0 if value == 0 else max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.2e}" if digits > 6 else f"{value:,.{digits}f}"
    return f"{text} {unit}".strip()


def p_text(p: float) -> str:
    """``p = 0.012``, or ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def signed_percent(value: float) -> str:
    """A relative change with its sign."""
    return f"{100 * value:+.1f} %" if math.isfinite(value) else "unknown"


def share(value: float) -> str:
    """A share in percent."""
    if not math.isfinite(value):
        return "unknown"
    if 0 < value < 0.0005:
        return "under 0.1 %"
    return f"{100 * value:.1f} %" if 0 < value < 0.1 else f"{100 * value:.0f} %"


def listed(names: Sequence[str], most: int = 6) -> str:
    """``a, b and c``; long lists are cut and counted."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def cell(value: float, digits: int = 4) -> float | None:
    """A number for a grid, to some significant digits; ``None`` where it is unknown."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
