"""Names of the columns that predictions come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ..table import Kind, Property

__all__ = ["DISTANCE", "IN_DOMAIN", "OutputColumns", "beside_inputs", "name_columns"]

IN_DOMAIN = "in_domain"
DISTANCE = "domain_distance"


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """Columns of one bundle's predictions.

    Parameters
    ----------
    values
        One per property: the property's own name.
    details
        Per property: low and high (regression), the probability of the second class (binary), or one
        probability per class (multiclass).
    in_domain, distance
        Of the domain check.
    """

    values: tuple[str, ...]
    details: tuple[tuple[str, ...], ...]
    in_domain: str
    distance: str


def name_columns(properties: Sequence[Property]) -> OutputColumns:
    """Unique names; properties keep theirs, whatever collides with them gets a number."""
    taken = {p.name for p in properties}
    details = tuple(tuple(_free(name, taken) for name in _details(p)) for p in properties)
    in_domain, distance = _free(IN_DOMAIN, taken), _free(DISTANCE, taken)
    return OutputColumns(tuple(p.name for p in properties), details, in_domain, distance)


def beside_inputs(frame: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """The user's columns followed by the predictions.

    A prediction whose name the user's rows already have, such as a measured property, is called
    ``predicted NAME``.
    """
    taken = {str(name) for name in frame.columns} | set(predictions.columns)
    own = set(map(str, frame.columns))
    names = [_free(f"predicted {name}", taken) if name in own else name for name in predictions.columns]
    renamed = predictions.set_axis(names, axis=1)
    return pd.concat([frame, renamed], axis=1) if frame.index.is_unique else _pasted(frame, renamed)


def _pasted(frame: pd.DataFrame, predictions: pd.DataFrame) -> pd.DataFrame:
    """Row by row in order, where index labels repeat."""
    left, right = frame.reset_index(drop=True), predictions.reset_index(drop=True)
    return pd.concat([left, right], axis=1).set_axis(frame.index, axis=0)


def _details(prop: Property) -> tuple[str, ...]:
    if prop.kind is Kind.REGRESSION:
        return f"{prop.name}_low", f"{prop.name}_high"
    if prop.kind is Kind.BINARY:
        return (f"{prop.name}_probability",)
    return tuple(f"{prop.name}_probability_{label}" for label in prop.classes)


def _free(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    taken.add(candidate)
    return candidate
