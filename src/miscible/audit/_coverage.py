"""How many labels there are, of what, and on how many of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import hypergeom

from ..table import Table
from ._finding import Finding

__all__ = ["BATCH_SIZES", "Coverage", "TaskCoverage", "coverage_findings", "measure_coverage"]

BATCH_SIZES = (32, 128)
FEW_LABELS = 30
UNEQUAL = 10.0


@dataclass(frozen=True, slots=True)
class TaskCoverage:
    """Labels of one property.

    Parameters
    ----------
    name, kind, unit
        Of the property.
    n_labels, share
        Labels, and their share of all rows.
    n_below, n_above
        Cells that read ``<x`` and ``>x``, those of rows with nothing else included; they count as unmeasured.
    absent
        For each of `BATCH_SIZES`: probability that a uniform batch of labelled rows holds no label of it.
    """

    name: str
    kind: str
    unit: str
    n_labels: int
    share: float
    n_below: int
    n_above: int
    absent: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Labels of the whole table.

    Parameters
    ----------
    n_rows, n_labels
        Rows, and labels over all properties.
    filled
        Share of (row, property) cells with a label.
    rows_by_labels
        ``rows_by_labels[k]`` rows carry exactly k labels.
    imbalance
        Most labels of a property over fewest (of those that have any).
    batch_sizes
        What `TaskCoverage.absent` refers to.
    tasks
        One per property.
    """

    n_rows: int
    n_labels: int
    filled: float
    rows_by_labels: tuple[int, ...]
    imbalance: float
    batch_sizes: tuple[int, ...]
    tasks: tuple[TaskCoverage, ...]


def measure_coverage(table: Table) -> Coverage:
    """Count labels per property and per row."""
    known = np.isfinite(table.labels)
    counts = known.sum(axis=0)
    per_row = np.bincount(known.sum(axis=1), minlength=2)
    n_labelled = int(per_row[1:].sum())
    absent = np.ones((table.n_tasks, len(BATCH_SIZES)))
    if n_labelled:
        for b, size in enumerate(BATCH_SIZES):
            absent[:, b] = hypergeom.pmf(0, n_labelled, counts, min(size, n_labelled))
    some = counts[counts > 0]
    censored = table.censored_counts
    tasks = tuple(
        TaskCoverage(
            prop.name,
            str(prop.kind),
            prop.unit,
            int(counts[t]),
            float(counts[t] / table.n_rows),
            int(censored[t, 0]),
            int(censored[t, 1]),
            tuple(absent[t].tolist()),
        )
        for t, prop in enumerate(table.properties)
    )
    return Coverage(
        table.n_rows,
        int(counts.sum()),
        float(counts.sum() / known.size),
        tuple(per_row.tolist()),
        float(some.max() / some.min()) if some.size else float("nan"),
        BATCH_SIZES,
        tasks,
    )


def coverage_findings(coverage: Coverage, n_folds: int) -> list[Finding]:
    """Properties with few or censored labels, rows without labels, unequal properties."""
    findings = []
    for task in coverage.tasks:
        if task.n_labels < n_folds:
            findings.append(
                Finding(
                    "problem",
                    "labels",
                    task.name,
                    f"{task.name} has {task.n_labels} labels, fewer than the {n_folds} folds",
                    "leave it out, or measure more",
                )
            )
        elif task.n_labels < FEW_LABELS:
            findings.append(
                Finding(
                    "warning",
                    "labels",
                    task.name,
                    f"{task.name} has {task.n_labels} labels: a fold is judged by about "
                    f"{task.n_labels / n_folds:.0f} of them",
                    "expect UNDECIDED; read its intervals, not its scores",
                )
            )
        censored = task.n_below + task.n_above
        if censored:
            share = censored / (censored + task.n_labels)
            findings.append(
                Finding(
                    "warning" if share > 0.05 else "info",
                    "censored",
                    task.name,
                    f"{task.name}: {task.n_below} cells read '<' and {task.n_above} read '>' ({share:.0%} of "
                    "what was measured); they are left out of training",
                    "models see too few extreme values of it",
                )
            )
    if coverage.rows_by_labels[0]:
        n = coverage.rows_by_labels[0]
        findings.append(
            Finding("info", "unlabelled", "", f"{n:,} rows carry no label; nothing is learned from them")
        )
    return findings + _imbalance_findings(coverage)


def _imbalance_findings(coverage: Coverage) -> list[Finding]:
    labelled = [task for task in coverage.tasks if task.n_labels]
    if len(labelled) < 2 or coverage.imbalance < UNEQUAL:
        return []
    most = max(labelled, key=lambda task: task.n_labels)
    least = min(labelled, key=lambda task: task.n_labels)
    return [
        Finding(
            "warning",
            "imbalance",
            least.name,
            f"{most.name} has {coverage.imbalance:.0f} times the labels of {least.name}: "
            f"{least.absent[0]:.0%} of uniform batches of {coverage.batch_sizes[0]} rows hold no label of it",
            "compare balanced sampling with proportional, and look at the smaller properties first",
        )
    ]
