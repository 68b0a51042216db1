"""The validated table every other room works on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd

from ._property import Property

__all__ = ["InputSpec", "Table"]


@dataclass(frozen=True, slots=True)
class InputSpec:
    """Which columns are inputs, and what they mean.

    Parameters
    ----------
    composition
        Column of formula strings.
    fractions
        Columns named by an element symbol, holding amounts in ``fraction_unit``.
    fraction_unit
        ``at`` or ``wt``.
    smiles
        Column of SMILES strings.
    numeric, categorical
        Plain columns.
    smiles_as
        What molecules become: ``full``, hashed Morgan counts and RDKit descriptors, or ``descriptors`` alone,
        a fifth of the columns.
    """

    composition: str | None = None
    fractions: tuple[str, ...] = ()
    fraction_unit: Literal["at", "wt"] = "at"
    smiles: str | None = None
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    smiles_as: Literal["full", "descriptors"] = "full"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column named here, in a fixed order."""
        single = tuple(c for c in (self.composition, self.smiles) if c is not None)
        return single + self.fractions + self.numeric + self.categorical


@dataclass(frozen=True)
class Table:
    """Rows, inputs and sparse labels.

    Parameters
    ----------
    frame
        The user's rows after filters, all columns, the user's index.
    inputs
        Roles of the input columns.
    properties
        One per task.
    labels
        ``(n_rows, n_tasks)`` in user space, class codes for classes, NaN = unmeasured.
    censored
        ``(n_rows, n_tasks)``; -1 where the cell read ``<x``, +1 where ``>x``, else 0. Such labels are NaN.
    weights
        ``(n_rows,)`` positive sample weights, all 1 where the user gave none.
    source
        File or object the rows came from, for messages.
    notes
        What reading did: rows skipped or filtered, censored cells, repairs.
    n_censored
        By property, the cells that read ``<x`` and ``>x``, those of rows included that hold no other label
        and were dropped. Empty: as in ``censored``.
    """

    frame: pd.DataFrame
    inputs: InputSpec
    properties: tuple[Property, ...]
    labels: np.ndarray
    censored: np.ndarray
    weights: np.ndarray
    source: str = "table"
    notes: tuple[str, ...] = field(default=())
    n_censored: tuple[tuple[int, int], ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @property
    def n_tasks(self) -> int:
        """Number of properties."""
        return len(self.properties)

    @property
    def names(self) -> tuple[str, ...]:
        """Property names in column order."""
        return tuple(p.name for p in self.properties)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each property, as text."""
        return tuple(str(p.kind) for p in self.properties)

    @property
    def counts(self) -> np.ndarray:
        """Labels per task, ``(n_tasks,)``."""
        return np.isfinite(self.labels).sum(axis=0)

    @property
    def censored_counts(self) -> np.ndarray:
        """Cells below and above a bound, ``(n_tasks, 2)``; see ``n_censored``."""
        if self.n_censored:
            return np.array(self.n_censored, dtype=np.int64)
        return np.stack([(self.censored < 0).sum(axis=0), (self.censored > 0).sum(axis=0)], axis=1)

    def targets(self) -> np.ndarray:
        """Labels in model space, ``(n_rows, n_tasks)``."""
        columns = [p.to_model(self.labels[:, t]) for t, p in enumerate(self.properties)]
        return np.stack(columns, axis=1)

    def take(self, rows: np.ndarray) -> Table:
        """The same table with these rows, by position or mask."""
        return replace(
            self,
            frame=self.frame.iloc[rows] if rows.dtype != bool else self.frame.loc[rows],
            labels=self.labels[rows],
            censored=self.censored[rows],
            weights=self.weights[rows],
            n_censored=(),
        )
