"""The audit's findings, distributions and correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..audit import Audit, Finding, LabelShape
from ._figures_coverage import WIDEST_MATRIX, correlation_figure
from ._numbers import DASH, count, number, percent
from ._panels import Panel, panel

__all__ = ["AuditView", "audit_view"]

COLUMNS = (
    "labels",
    "of all rows",
    "groups",
    "1 % – median – 99 %",
    "skewness",
    "replicate spread",
    "share of all",
)


@dataclass(frozen=True, slots=True)
class AuditView:
    """Findings by severity, one line a property, and correlations where rows are shared."""

    findings: tuple[Finding, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    correlations: Panel | None


def audit_view(audit: Audit | None) -> AuditView | None:
    """What the page shows of an audit."""
    if audit is None:
        return None
    rows = tuple(_row(audit, t) for t in range(len(audit.names)))
    return AuditView(audit.findings, COLUMNS, rows, _correlations(audit))


def _row(audit: Audit, t: int) -> tuple[str, ...]:
    cover, shape, repeats = audit.coverage.tasks[t], audit.shapes[t], audit.replicates.tasks[t]
    if isinstance(shape, LabelShape):
        low, _, middle, _, high = (number(q) for q in shape.quantiles)
        spread, skewness = f"{low} – {middle} – {high} {cover.unit}".rstrip(), number(shape.skewness, 2)
    else:
        spread, skewness = f"rarest: {shape.rarest} {percent(shape.rarest_share, 1)}", DASH
    within = number(repeats.spread, 2)
    return (
        cover.name,
        count(cover.n_labels),
        percent(cover.share, 1),
        count(audit.groups.tasks[t].n_groups),
        spread,
        skewness,
        f"{within} {repeats.unit}".rstrip() if within != DASH else DASH,
        percent(repeats.spread_share),
    )


def _correlations(audit: Audit) -> Panel | None:
    if len(audit.names) > WIDEST_MATRIX:
        return None
    figure = correlation_figure(audit.names, audit.overlap.spearman)
    if figure is None:
        return None
    above = np.triu_indices(len(audit.names), 1)
    known = audit.overlap.spearman[above]
    strongest = int(np.nanargmax(np.abs(known)))
    first, second = (audit.names[side[strongest]] for side in above)
    return panel(
        "correlations",
        figure,
        title="Label correlation on shared rows",
        label=(
            f"Spearman correlations of {int(np.isfinite(known).sum())} pairs of properties; strongest: {first} and "
            f"{second}, {number(known[strongest], 2)}"
        ),
        caption="Spearman correlation over the rows with both labels; empty where fewer than ten rows are shared.",
        min_width=0 if len(audit.names) <= 8 else 120 + 20 * len(audit.names),
    )
