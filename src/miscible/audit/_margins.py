"""Margins of equivalence that leave nothing to find."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..evaluation import check_margin
from ..table import Table
from ._finding import Finding

__all__ = ["margin_findings"]


def margin_findings(table: Table, targets: np.ndarray, metrics: Sequence[str]) -> list[Finding]:
    """A problem for every margin that `check_margin` refuses.

    Parameters
    ----------
    table
        The table.
    targets
        ``(n_rows, n_tasks)`` labels in model space, NaN = unmeasured.
    metrics
        Decision metric of each property.
    """
    findings = []
    for t, (prop, metric) in enumerate(zip(table.properties, metrics, strict=True)):
        try:
            check_margin(metric, str(prop.kind), targets[:, t], prop.margin, unit=prop.model_unit)
        except InputError as error:
            findings.append(
                Finding("problem", "margin", prop.name, f"{prop.name}: {error.message}", str(error.hint))
            )
    return findings
