"""Whether the groups that folds must keep together leave enough to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..splits import Groups
from ..table import Kind, Table
from ._finding import Finding

__all__ = ["GroupSizes", "TaskGroups", "group_findings", "measure_groups"]

LARGE = 0.1


@dataclass(frozen=True, slots=True)
class TaskGroups:
    """Groups that carry labels of one property.

    Parameters
    ----------
    name
        The property.
    n_groups
        Groups with a label.
    n_smallest_class
        Groups with the class found in fewest groups; ``n_groups`` for regression.
    n_effective
        Number of equal groups that would average labels as well: (sum n_g)^2 / sum n_g^2 over groups.
    enough
        Every fold can hold a label (of every class).
    """

    name: str
    n_groups: int
    n_smallest_class: int
    n_effective: float
    enough: bool


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """Sizes of the groups.

    Parameters
    ----------
    by
        What rows are grouped by; ``none``: each on its own.
    n_groups, largest, largest_name, largest_share
        Groups, rows of the largest, its name, and its share of all rows.
    n_folds
        Folds asked for.
    tasks
        One per property.
    """

    by: str
    n_groups: int
    largest: int
    largest_name: str
    largest_share: float
    n_folds: int
    tasks: tuple[TaskGroups, ...]


def measure_groups(table: Table, groups: Groups, n_folds: int) -> GroupSizes:
    """Count groups for the table and for every property."""
    sizes = groups.sizes
    top = int(sizes.argmax())
    tasks = tuple(_task(table, t, groups, n_folds) for t in range(table.n_tasks))
    return GroupSizes(
        groups.by,
        groups.n_groups,
        int(sizes[top]),
        str(groups.labels[top]),
        float(sizes[top] / table.n_rows),
        n_folds,
        tasks,
    )


def _task(table: Table, task: int, groups: Groups, n_folds: int) -> TaskGroups:
    values = table.labels[:, task]
    rows = np.isfinite(values)
    counts = np.bincount(groups.codes[rows], minlength=groups.n_groups)
    n_groups = int((counts > 0).sum())
    smallest = n_groups
    prop = table.properties[task]
    if prop.kind is not Kind.REGRESSION:
        smallest = min(len(np.unique(groups.codes[values == c])) for c in range(len(prop.classes)))
    squares = float((counts.astype(np.float64) ** 2).sum())
    effective = float(counts.sum()) ** 2 / squares if squares else 0.0
    return TaskGroups(prop.name, n_groups, smallest, effective, smallest >= n_folds)


def group_findings(sizes: GroupSizes) -> list[Finding]:
    """Large groups, and properties with too few groups for the folds."""
    findings = []
    if sizes.n_groups < sizes.n_folds:
        findings.append(
            Finding(
                "problem",
                "groups",
                "",
                f"grouped by {sizes.by} there are {sizes.n_groups} groups, fewer than the {sizes.n_folds} "
                "folds",
                "group by something finer, or ask for fewer folds",
            )
        )
    elif sizes.largest_share > LARGE and sizes.largest > 1:
        findings.append(
            Finding(
                "warning",
                "large group",
                "",
                f"the largest group ({sizes.largest_name}) holds {sizes.largest:,} rows, "
                f"{sizes.largest_share:.0%} of the table",
                "the scores of its fold are mostly about this one group",
            )
        )
    for task in sizes.tasks:
        if not task.enough:
            what = "groups" if task.n_smallest_class == task.n_groups else "groups with its rarest class"
            findings.append(
                Finding(
                    "problem",
                    "few groups",
                    task.name,
                    f"{task.name} has {task.n_smallest_class} {what} for {sizes.n_folds} folds",
                    "some folds cannot judge it: use fewer folds or coarser classes, or leave it out",
                )
            )
    return findings
