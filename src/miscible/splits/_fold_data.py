"""One outer fold, ready for learning, with the test labels cut out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..inputs import Features, Preparation
from ..table import Kind, Table
from ._inner import inner_split

__all__ = ["FoldData", "make_fold"]


@dataclass(frozen=True, eq=False)
class FoldData:
    """What learning may see of one outer fold.

    Parameters
    ----------
    inputs
        ``(n_rows, n_inputs)`` float32, every row of the table, prepared with the training rows only.
    targets
        ``(n_rows, n_tasks)`` float64 in model space; NaN where unmeasured and on every test or barred row.
    train_rows, valid_rows, test_rows
        Sorted positions; together every row once, but for barred rows, which are in none.
    weights
        ``(n_rows,)`` sample weights.
    kinds
        ``(n_tasks,)`` kind of each task.
    n_classes
        ``(n_tasks,)``: 0 for regression, 2 for binary, C for multiclass.
    preparation
        Fitted on ``train_rows``, or on those of the run that is extended.
    codes
        ``(n_rows,)`` group of each row.
    """

    inputs: np.ndarray
    targets: np.ndarray
    train_rows: np.ndarray
    valid_rows: np.ndarray
    test_rows: np.ndarray
    weights: np.ndarray
    kinds: tuple[str, ...]
    n_classes: tuple[int, ...]
    preparation: Preparation
    codes: np.ndarray


def make_fold(
    table: Table,
    features: Features,
    codes: np.ndarray,
    outer: np.ndarray,
    fold: int,
    *,
    seed: int,
    fraction: float = 0.2,
    barred: np.ndarray | None = None,
    preparation: Preparation | None = None,
) -> FoldData:
    """Build one outer fold.

    Labels of test rows and of barred rows are replaced by NaN before anything reads them, so nothing behind
    this function can learn from them.

    Parameters
    ----------
    table, features
        The table and its row-wise features.
    codes
        ``(n_rows,)`` group of each row.
    outer
        ``(n_rows,)`` outer fold of each row, of one repeat.
    fold
        The fold to test on.
    seed
        Of the inner split.
    fraction
        Share of the inner validation part.
    barred
        ``(n_rows,)`` mask of rows that may be neither trained on nor tested here; see `FoldAssignment`.
    preparation
        Of the inputs, where networks that read such inputs are to go on; fitted on the training rows by default.
    """
    tested = outer == fold
    hidden = tested if barred is None else tested | barred
    targets = np.array(table.targets(), dtype=np.float64)
    targets[hidden] = np.nan
    train_rows, valid_rows = inner_split(
        codes, targets, np.flatnonzero(~hidden), fraction=fraction, seed=seed, kinds=table.kinds
    )
    preparation = Preparation.fit(features, train_rows) if preparation is None else preparation
    return FoldData(
        inputs=preparation.transform(features),
        targets=targets,
        train_rows=train_rows,
        valid_rows=valid_rows,
        test_rows=np.flatnonzero(tested),
        weights=table.weights,
        kinds=table.kinds,
        n_classes=tuple(_n_classes(p.kind, len(p.classes)) for p in table.properties),
        preparation=preparation,
        codes=codes,
    )


def _n_classes(kind: Kind, n_named: int) -> int:
    if kind is Kind.REGRESSION:
        return 0
    return 2 if kind is Kind.BINARY else n_named
