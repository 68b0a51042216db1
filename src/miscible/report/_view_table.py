"""What the table holds: coverage, overlap, audit, folds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._data import ReportData
from ._figures_coverage import (
    WIDEST_MATRIX,
    Pattern,
    coverage_figure,
    label_patterns,
    overlap_counts,
    overlap_figure,
)
from ._numbers import count, percent
from ._panels import Panel, panel

__all__ = ["FoldRow", "PatternView", "coverage_panels", "fold_rows", "pattern_view"]


@dataclass(frozen=True, slots=True)
class PatternView:
    """The commonest combinations of labels; ``n_more`` combinations are not shown."""

    names: tuple[str, ...]
    rows: tuple[tuple[Pattern, str, str], ...]
    n_more: int


@dataclass(frozen=True, slots=True)
class FoldRow:
    """Labels of one property in every test fold; ``thin`` marks folds with few of them."""

    name: str
    cells: tuple[tuple[str, bool], ...]


def coverage_panels(data: ReportData) -> tuple[Panel, ...]:
    """Which rows have which labels, and which properties share rows."""
    if data.measured is None or not data.measured.size:
        return ()
    names = [v.name for v in data.verdicts]
    filled = ", ".join(f"{n} {percent(m)}" for n, m in zip(names, data.measured.mean(axis=0), strict=True))
    panels = [
        panel(
            "coverage",
            coverage_figure(names, data.measured),
            title="Label coverage",
            label=f"Share of rows with a label of each property: {filled}",
            caption=(
                "One column a slice of the rows, sorted by what is measured; darker: more of the slice has the "
                "label."
            ),
        )
    ]
    if 1 < len(names) <= WIDEST_MATRIX:
        counts = overlap_counts(data.measured)
        pairs = counts[np.triu_indices(len(names), 1)]
        panels.append(
            panel(
                "overlap",
                overlap_figure(names, data.measured),
                title="Label overlap",
                label=(
                    f"Rows with labels of both properties, for every pair: median {count(float(np.median(pairs)))}, "
                    f"largest {count(pairs.max())}"
                ),
                caption=(
                    "Rows with both labels; darker: a larger share of the rarer property's labels. The diagonal "
                    "holds each property's own count. Where overlap is small, sharing has to work across rows."
                ),
                min_width=0 if len(names) <= 8 else 120 + 20 * len(names),
            )
        )
    return tuple(panels)


def pattern_view(data: ReportData) -> PatternView | None:
    """Combinations of labels by number of rows; ``None`` for one property or a very wide table."""
    if data.measured is None or not 2 <= len(data.verdicts) <= 12 or not len(data.measured):
        return None
    patterns, total = label_patterns(data.measured)
    rows = tuple((p, count(p.n_rows), percent(p.n_rows / len(data.measured), 1)) for p in patterns)
    return PatternView(tuple(v.name for v in data.verdicts), rows, total - len(patterns))


def fold_rows(data: ReportData) -> tuple[FoldRow, ...]:
    """Labels of each property in every test fold of every repeat."""
    if data.fold_labels is None:
        return ()
    table = data.fold_labels.reshape(-1, data.fold_labels.shape[-1]).T.astype(int)
    return tuple(
        FoldRow(v.name, tuple((count(n), n < 10) for n in labels))
        for v, labels in zip(data.verdicts, table.tolist(), strict=True)
    )
