"""Rows with identical inputs: how much their labels differ, and what that allows at best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..chemistry import parse_smiles
from ..evaluation import replicate_noise
from ..splits import Groups, group_keys
from ..table import Kind, Table
from ._finding import Finding

__all__ = ["Replicates", "TaskReplicates", "identity_codes", "measure_replicates", "replicate_findings"]

NOISY = 0.3
FEW_KEYS = 5


@dataclass(frozen=True, slots=True)
class TaskReplicates:
    """Repeated labels of one property.

    Parameters
    ----------
    name, unit
        Of the property; the unit of model space.
    n_inputs, n_labels
        Inputs with at least two labels, and the labels on them.
    spread
        Pooled standard deviation within equal inputs, model space; NaN for classes and without repeats.
    mae_floor
        Mean absolute error of a perfect model against labels with that much Gaussian noise.
    spread_share
        ``spread`` over the standard deviation of all labels.
    n_conflicting
        Inputs whose labels are of different classes; 0 for regression.
    """

    name: str
    unit: str
    n_inputs: int
    n_labels: int
    spread: float
    mae_floor: float
    spread_share: float
    n_conflicting: int

    @property
    def usable_spread(self) -> float | None:
        """``spread`` where it may stand for the noise of labels; None else.

        Fewer than five repeated inputs tell too little, and labels that never differ were copied, not measured
        again.
        """
        return self.spread if self.n_inputs >= FEW_KEYS and self.spread > 0 else None


@dataclass(frozen=True, slots=True)
class Replicates:
    """Repeated inputs of the table.

    Parameters
    ----------
    n_inputs
        Different inputs.
    n_repeated_rows
        Rows whose inputs occur more than once.
    n_copies
        Rows that repeat another row, inputs and labels alike, a number among the labels.
    tasks
        One per property.
    """

    n_inputs: int
    n_repeated_rows: int
    n_copies: int
    tasks: tuple[TaskReplicates, ...]


def identity_codes(table: Table, groups: Groups | None = None) -> np.ndarray:
    """``(n_rows,)`` integers, equal where all inputs are: composition, molecule, numbers, categories.

    Parameters
    ----------
    table
        The table.
    groups
        Of the same table, if known; spares reading the formulas again where they are by composition.
    """
    spec = table.inputs
    parts = []
    if spec.composition is not None or spec.fractions:
        if groups is None or groups.by != "composition":
            groups = group_keys(table, "composition")
        parts.append(groups.codes)
    if spec.smiles is not None:
        parts.append(
            _codes(pd.Series(parse_smiles(table.frame[spec.smiles].tolist()).canonical, dtype=object))
        )
    parts += [_codes(pd.to_numeric(table.frame[column], errors="coerce")) for column in spec.numeric]
    parts += [_codes(table.frame[column]) for column in spec.categorical]
    if not parts:
        return np.arange(table.n_rows)
    codes = parts[0]
    for part in parts[1:]:
        codes = np.unique(
            codes.astype(np.int64) * (int(part.max(initial=0)) + 1) + part, return_inverse=True
        )[1]
    return codes


def _codes(column: pd.Series) -> np.ndarray:
    return pd.factorize(column, use_na_sentinel=False)[0].astype(np.int64)


def measure_replicates(table: Table, targets: np.ndarray, codes: np.ndarray) -> Replicates:
    """Spread of labels within equal inputs.

    Parameters
    ----------
    table
        The table.
    targets
        ``(n_rows, n_tasks)`` labels in model space, NaN = unmeasured.
    codes
        From `identity_codes`.
    """
    sizes = np.bincount(codes)
    repeated = np.flatnonzero(sizes[codes] > 1)
    records = np.column_stack([codes[repeated], np.nan_to_num(table.labels[repeated], nan=np.inf)])
    numbers = [t for t, prop in enumerate(table.properties) if prop.kind is Kind.REGRESSION]
    records = records[
        np.isfinite(table.labels[np.ix_(repeated, np.array(numbers, dtype=np.int64))]).any(axis=1)
    ]
    n_copies = len(records) - len(np.unique(records, axis=0))
    tasks = tuple(_task(table, t, targets[:, t], codes) for t in range(table.n_tasks))
    return Replicates(int((sizes > 0).sum()), len(repeated), n_copies, tasks)


def _task(table: Table, task: int, values: np.ndarray, codes: np.ndarray) -> TaskReplicates:
    prop = table.properties[task]
    rows = np.flatnonzero(np.isfinite(values))
    _, keys, sizes = np.unique(codes[rows], return_inverse=True, return_counts=True)
    n_labels = int(sizes[sizes > 1].sum())
    spread = floor = share = float("nan")
    n_conflicting = 0
    if prop.kind is Kind.REGRESSION:
        noise = replicate_noise(values[rows], keys)
        spread, floor = noise.std, noise.mae_floor
        total = values[rows].std(ddof=1) if len(rows) > 1 else 0.0
        share = float(spread / total) if total > 0 else float("nan")
    else:
        kinds = np.unique(np.column_stack([keys, values[rows].astype(np.int64)]), axis=0)[:, 0]
        n_conflicting = int((np.bincount(kinds) > 1).sum()) if len(kinds) else 0
    return TaskReplicates(
        prop.name, prop.model_unit, int((sizes > 1).sum()), n_labels, spread, floor, share, n_conflicting
    )


def replicate_findings(replicates: Replicates) -> list[Finding]:
    """Noise floors, conflicting classes and copied rows."""
    findings = []
    for task in replicates.tasks:
        if task.usable_spread is not None:
            unit = f" {task.unit}" if task.unit else ""
            findings.append(
                Finding(
                    "warning" if task.spread_share >= NOISY else "info",
                    "replicates",
                    task.name,
                    f"{task.name}: {task.n_labels} labels repeat {task.n_inputs} inputs and differ by "
                    f"{task.spread:.3g}{unit} ({task.spread_share:.0%} of the whole spread)",
                    f"expect no model below a mean absolute error of {task.mae_floor:.3g}{unit}",
                )
            )
        if task.n_conflicting:
            findings.append(
                Finding(
                    "warning",
                    "conflicts",
                    task.name,
                    f"{task.name}: {task.n_conflicting} of {task.n_inputs} repeated inputs carry "
                    "different classes",
                    "settle them, or add the input that tells them apart",
                )
            )
    if replicates.n_copies:
        n = replicates.n_copies
        findings.append(
            Finding(
                "warning" if n > 0.01 * replicates.n_inputs else "info",
                "copies",
                "",
                f"{n:,} rows repeat another row, inputs and labels alike",
                "if they were copied and not measured again, leave them out: they make noise look small",
            )
        )
    return findings
