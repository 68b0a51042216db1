"""Checks of option values."""

from __future__ import annotations

import math

from ...errors import PlanError

__all__ = ["require_positive", "require_within"]


def require_positive(rule: str, **options: float) -> None:
    """Refuse options that are not positive finite numbers."""
    for name, value in options.items():
        if not (math.isfinite(value) and value > 0):
            raise PlanError(f"Rule '{rule}': {name} = {value}; it must be a positive number.")


def require_within(rule: str, low: float, high: float, **options: float) -> None:
    """Refuse options outside ``[low, high]``."""
    for name, value in options.items():
        if not low <= value <= high:
            raise PlanError(f"Rule '{rule}': {name} = {value}; it must lie between {low} and {high}.")
