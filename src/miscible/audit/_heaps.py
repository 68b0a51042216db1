"""Single values that occur suspiciously often: limits of a test, defaults, zeros for "not measured"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..table import Kind, Table
from ._finding import Finding

__all__ = ["Heap", "find_heaps", "heap_findings"]

FEWEST = 10
SHARE = 0.03
STANDS_OUT = 3.0
"""Times the count of the fifth most frequent value."""
FEWEST_VALUES = 20
ZERO_SHARE = 0.01
MOSTLY = 0.8


Place = Literal["lowest", "highest", "inside"]


@dataclass(frozen=True, slots=True)
class Heap:
    """A value repeated suspiciously often.

    Parameters
    ----------
    column
        The regression property.
    value, n, share
        The value, its labels, and their share of all labels of the property.
    place
        ``lowest`` or ``highest`` of all values, or ``inside``.
    mostly
        A category that holds at least four fifths of those rows and more of them than of the other labelled
        rows, as ``test = C (62 of 65)``; empty if there is none.
    """

    column: str
    value: float
    n: int
    share: float
    place: Place
    mostly: str


def find_heaps(table: Table) -> tuple[Heap, ...]:
    """Values of regression properties that stand out, and exact zeros among positive values.

    A value counts if it makes up at least 3 % of the labels (and at least ten) and three times the fifth most
    frequent one; properties with under twenty different values are left alone. Zeros count from 1 %.
    """
    found = []
    for t, prop in enumerate(table.properties):
        rows = np.flatnonzero(np.isfinite(table.labels[:, t]))
        if prop.kind is not Kind.REGRESSION or not len(rows):
            continue
        values, counts = np.unique(table.labels[rows, t], return_counts=True)
        if len(values) < FEWEST_VALUES:
            continue
        usual = np.sort(counts)[-5]
        heaped = (counts >= max(FEWEST, SHARE * len(rows))) & (counts >= STANDS_OUT * usual)
        zeros = (values == 0) & (values[0] == 0) & (counts >= max(FEWEST, ZERO_SHARE * len(rows)))
        for v in np.flatnonzero(heaped | zeros).tolist():
            here = table.labels[rows, t] == values[v]
            place: Place = "lowest" if v == 0 else "highest" if v == len(values) - 1 else "inside"
            mostly = _mostly(table, rows[here], rows[~here])
            n = int(counts[v])
            found.append(Heap(prop.name, float(values[v]), n, n / len(rows), place, mostly))
    return tuple(found)


def _mostly(table: Table, here: np.ndarray, elsewhere: np.ndarray) -> str:
    for column in table.inputs.categorical:
        texts = table.frame[column].astype(object).where(table.frame[column].notna(), "missing").map(str)
        top = pd.Series(texts.iloc[here]).value_counts()
        n = int(top.iloc[0])
        others = float((texts.iloc[elsewhere] == top.index[0]).mean())
        if n >= MOSTLY * len(here) and n / len(here) > others + 0.1:
            return f"{column} = {top.index[0]} ({n} of {len(here)})"
    return ""


def heap_findings(heaps: tuple[Heap, ...]) -> list[Finding]:
    """A warning for every heap."""
    findings = []
    for heap in heaps:
        where = {"lowest": ", the lowest value", "highest": ", the highest value", "inside": ""}[heap.place]
        mostly = f", mostly where {heap.mostly}" if heap.mostly else ""
        advice = (
            "if 0 stands for 'not measured', empty those cells"
            if heap.value == 0
            else "such heaps are often limits of the test (then write them as '>x' or '<x') or defaults"
        )
        findings.append(
            Finding(
                "warning",
                "heap",
                heap.column,
                f"{heap.n:,} of the labels of {heap.column} ({heap.share:.0%}) are exactly {heap.value:g}"
                f"{where}{mostly}",
                advice,
            )
        )
    return findings
