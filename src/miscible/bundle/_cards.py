"""What a bundle says of each of its models."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from ..table import InputSpec, Kind, Property

__all__ = ["LEVELS", "WIDTH_LEVEL", "TaskCard", "card_from_json", "card_to_json", "spec_from_json"]

LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Interval levels whose coverage is measured."""
WIDTH_LEVEL = 0.9
_NUMBERS = ("error", "threshold", "width", "calibration_error")


@dataclass(frozen=True, slots=True)
class TaskCard:
    """Which model answers for one property, and why.

    Parameters
    ----------
    property, strategy, reason, error, metric, call
        As in `TaskPart`.
    threshold
        Binary: printed (calibrated) probability from which a row reads as the second class. NaN for others.
    n_labels, n_groups
        Labels in the training table, and groups they fall into.
    coverage
        Regression: interval level -> share of labels inside the interval, each fold's labels judged by
        residuals of the other folds only, every group counting once. Empty for classes.
    width
        Regression: mean width of the 90 % interval in model space, measured the same way. NaN for classes.
    calibration_error
        Classes: expected calibration error of the probabilities, each fold calibrated by the others. NaN for
        regression.
    notes
        What the fits say of themselves, such as falling back to the mean.
    """

    property: Property
    strategy: str
    reason: str
    error: float
    metric: str
    call: str
    threshold: float
    n_labels: int
    n_groups: int
    coverage: dict[float, float]
    width: float
    calibration_error: float
    notes: tuple[str, ...] = ()


def card_to_json(card: TaskCard) -> dict[str, Any]:
    """Plain values; JSON knows no NaN."""
    content = asdict(card)
    content["property"]["kind"] = str(card.property.kind)
    content |= {name: _plain(content[name]) for name in _NUMBERS}
    content["coverage"] = [[level, _plain(share)] for level, share in card.coverage.items()]
    return content


def card_from_json(content: dict[str, Any]) -> TaskCard:
    """Inverse of `card_to_json`."""
    prop = content["property"]
    return TaskCard(
        **{
            **content,
            "property": Property(**{**prop, "kind": Kind(prop["kind"]), "classes": tuple(prop["classes"])}),
            **{name: _number(content[name]) for name in _NUMBERS},
            "coverage": {float(level): _number(share) for level, share in content["coverage"]},
            "notes": tuple(content["notes"]),
        }
    )


def spec_from_json(content: dict[str, Any]) -> InputSpec:
    """Inverse of ``dataclasses.asdict``."""
    lists = ("fractions", "numeric", "categorical")
    values: dict[str, Any] = {key: tuple(value) if key in lists else value for key, value in content.items()}
    return InputSpec(**values)


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
