"""An audit as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np

from ._audit import Audit
from ._distribution import LabelShape

__all__ = ["render_text"]

WIDTH = 100
MOST_ROWS = 25
MOST_MATRIX = 12
MOST_LABELS = 10
MARKS = {"problem": "!!", "warning": " !", "info": "  "}

Cells = Sequence[Sequence[str]]


def render_text(audit: Audit) -> str:
    """Findings first, then one table per theme; wide tables show the properties with most labels."""
    counts = [task.n_labels for task in audit.coverage.tasks]
    shown = sorted(sorted(range(len(counts)), key=lambda t: -counts[t])[:MOST_ROWS])
    sections = [
        _summary(audit),
        _findings(audit),
        _labels(audit, shown),
        _absent(audit, shown),
        _distributions(audit, shown),
        _replicates(audit, shown),
        _overlap(audit, shown[:MOST_MATRIX]),
        _inputs(audit),
        _groups_and_power(audit, shown),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _summary(audit: Audit) -> str:
    cover = audit.coverage
    parts = [f"{n:,} with {k}" for k, n in enumerate(cover.rows_by_labels[:MOST_LABELS]) if n]
    many = sum(cover.rows_by_labels[MOST_LABELS:])
    parts += [f"{many:,} with {MOST_LABELS} or more"] if many else []
    return "\n".join(
        [
            f"Audit of {audit.source}",
            f"{cover.n_rows:,} rows, {len(audit.names):,} properties, {cover.n_labels:,} labels "
            f"({cover.filled:.1%} of the cells)",
            fill(f"Rows by number of labels: {', '.join(parts)}", WIDTH, subsequent_indent="  "),
        ]
    )


def _findings(audit: Audit) -> str:
    if not audit.findings:
        return "Findings: none"
    lines = []
    for finding in audit.findings:
        mark = MARKS[finding.severity]
        lines.append(fill(finding.message, WIDTH, initial_indent=f"{mark} ", subsequent_indent="   "))
        if finding.advice:
            lines.append(fill(finding.advice, WIDTH, initial_indent="   -> ", subsequent_indent="      "))
    return "\n".join(["Findings (!! problem, ! warning)", *lines])


def _labels(audit: Audit, shown: list[int]) -> str:
    rows = [("property", "kind", "unit", "labels", "rows", "<", ">", "groups")]
    for t in shown:
        task, groups = audit.coverage.tasks[t], audit.groups.tasks[t]
        censored = (_count(task.n_below), _count(task.n_above))
        rows.append(
            (
                task.name,
                task.kind,
                task.unit,
                f"{task.n_labels:,}",
                f"{task.share:.1%}",
                *censored,
                f"{groups.n_groups:,}",
            )
        )
    return _table(_title("Labels", audit, shown), rows, left=3)


def _absent(audit: Audit, shown: list[int]) -> str:
    sizes = audit.coverage.batch_sizes
    if len(audit.names) < 2:
        return ""
    rows = [("property", *(f"batch {size}" for size in sizes))]
    rows += [(audit.names[t], *(f"{share:.0%}" for share in audit.coverage.tasks[t].absent)) for t in shown]
    ratio = f"most labels to fewest {audit.coverage.imbalance:.0f} : 1"
    return _table(f"Uniform batches without a label of the property ({ratio})", rows)


def _distributions(audit: Audit, shown: list[int]) -> str:
    numbers: list[tuple[str, ...]] = [
        ("property", "min", "1%", "25%", "50%", "75%", "99%", "max", "std", "skew", "suggested")
    ]
    classes: list[tuple[str, ...]] = [("property", "class counts", "rarest")]
    for t in shown:
        shape = audit.shapes[t]
        if isinstance(shape, LabelShape):
            values = (shape.minimum, *shape.quantiles, shape.maximum, shape.std, shape.skewness)
            suggested = "" if shape.suggested_transform == "none" else shape.suggested_transform
            numbers.append((shape.name, *map(_number, values), suggested))
        else:
            counts = ", ".join(f"{c}: {n:,}" for c, n in zip(shape.classes, shape.counts, strict=True))
            classes.append((shape.name, counts, f"{shape.rarest} ({shape.rarest_share:.1%})"))
    parts = [
        _table("Label values", numbers) if len(numbers) > 1 else "",
        _table("Label classes", classes, left=3) if len(classes) > 1 else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _replicates(audit: Audit, shown: list[int]) -> str:
    rows = [("property", "inputs", "labels", "spread", "of all", "MAE floor", "conflicts")]
    for t in shown:
        task = audit.replicates.tasks[t]
        if task.n_inputs:
            share = f"{task.spread_share:.0%}" if np.isfinite(task.spread_share) else ""
            values = (_number(task.spread), share, _number(task.mae_floor) if task.usable_spread else "")
            rows.append(
                (task.name, f"{task.n_inputs:,}", f"{task.n_labels:,}", *values, _count(task.n_conflicting))
            )
    title = f"Identical inputs ({audit.replicates.n_repeated_rows:,} rows)"
    return _table(title, rows) if len(rows) > 1 else f"{title}: no property has two labels on one input"


def _overlap(audit: Audit, shown: list[int]) -> str:
    if len(shown) < 2:
        return ""
    overlap = audit.overlap
    rows = [("", *(f"({k + 1})" for k in range(len(shown))))]
    for k, i in enumerate(shown):
        cells = []
        for m, j in enumerate(shown):
            r = overlap.spearman[i, j]
            cells.append(f"{overlap.shared[i, j]:,}" if m >= k else (f"{r:+.2f}" if np.isfinite(r) else "-"))
        rows.append((f"({k + 1}) {audit.names[i]}", *cells))
    title = "Shared rows (diagonal and above), Spearman correlation on them (below; - under 10 rows)"
    if len(shown) < len(audit.names):
        title += f"; the first {len(shown)} of {len(audit.names)} properties"
    return _table(title, rows)


def _inputs(audit: Audit) -> str:
    rows = [("input", "role", "missing", "different values")]
    rows += [(c.name, c.role, _count(c.n_missing), f"{c.n_distinct:,}") for c in audit.inputs[:MOST_ROWS]]
    more = len(audit.inputs) - MOST_ROWS
    title = f"Inputs (the first {MOST_ROWS}, {more} more)" if more > 0 else "Inputs"
    return _table(title, rows, left=2) if len(rows) > 1 else ""


def _groups_and_power(audit: Audit, shown: list[int]) -> str:
    groups = audit.groups
    rows = [("property", "metric", "independent labels", "smallest difference", "of constant's error")]
    for t in shown:
        power = audit.powers[t]
        smallest = (
            f"{_number(power.smallest)} {power.unit}".strip() if np.isfinite(power.smallest) else "never"
        )
        relative = f"{power.relative:.0%}" if np.isfinite(power.relative) else ""
        rows.append((power.name, power.judged_by, f"{power.n_effective:,.0f}", smallest, relative))
    by = "rows" if groups.by == "none" else f"groups by {groups.by}"
    title = (
        f"Smallest difference this table could show with {audit.n_folds} folds x {audit.n_repeats} repeats "
        f"(rough estimate before training)\n{groups.n_groups:,} {by}, the largest "
        f"({groups.largest_name}) with {groups.largest:,} rows ({groups.largest_share:.1%})"
    )
    return _table(title, rows, left=2)


def _title(text: str, audit: Audit, shown: list[int]) -> str:
    hidden = len(audit.names) - len(shown)
    return f"{text} (the {len(shown)} properties with most; {hidden} more)" if hidden else text


def _table(title: str, rows: Cells, left: int = 1) -> str:
    """Aligned columns, the first ``left`` of them flush left."""
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if c < left else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join([title, *lines])


def _count(n: int) -> str:
    return f"{n:,}" if n else ""


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else ""
