"""What a table can and cannot show, before any training."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum

import numpy as np

from ..evaluation import default_metric
from ..splits import group_keys
from ..table import Table
from ._bounds import BoundViolation, bound_findings, find_violations
from ._columns import InputColumn, column_findings, describe_inputs
from ._coverage import Coverage, coverage_findings, measure_coverage
from ._derived import Derived, derived_findings, find_pairs
from ._distribution import Shape, describe_labels, distribution_findings
from ._far import FarValues, far_findings, find_far_values
from ._finding import Finding, condense
from ._group_sizes import GroupSizes, group_findings, measure_groups
from ._heaps import Heap, find_heaps, heap_findings
from ._margins import margin_findings
from ._overlap import Overlap, measure_overlap, overlap_findings
from ._power import Power, estimate_power, power_findings
from ._replicates import Replicates, identity_codes, measure_replicates, replicate_findings
from ._triples import find_triples
from ._units import UnitSuspicion, find_unit_mixes, unit_findings

__all__ = ["Audit", "audit"]


@dataclass(frozen=True, eq=False)
class Audit:
    """Everything an audit says.

    Parameters
    ----------
    source
        Where the table came from.
    names
        Properties, in the order of ``shapes``, ``powers`` and the axes of ``overlap``.
    n_folds, n_repeats
        What ``groups`` and ``powers`` were worked out for.
    coverage, overlap
        Labels, and rows shared by pairs of properties.
    shapes
        Distribution of each property.
    replicates
        Labels on identical inputs.
    derived
        Properties that follow from others.
    units, bounds, far, heaps
        Suspicious scales, impossible values, values far from the rest, values that occur too often.
    inputs
        One record per input column.
    groups
        Sizes of the groups that folds keep together.
    powers
        Smallest difference the table could show, estimated.
    findings
        What to look at, most severe first.
    """

    source: str
    names: tuple[str, ...]
    n_folds: int
    n_repeats: int
    coverage: Coverage
    overlap: Overlap
    shapes: tuple[Shape, ...]
    replicates: Replicates
    derived: tuple[Derived, ...]
    units: tuple[UnitSuspicion, ...]
    bounds: tuple[BoundViolation, ...]
    far: tuple[FarValues, ...]
    heaps: tuple[Heap, ...]
    inputs: tuple[InputColumn, ...]
    groups: GroupSizes
    powers: tuple[Power, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, object]:
        """Plain dictionaries, lists, numbers and text for JSON; NaN and infinite numbers become None."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return plain


def audit(
    table: Table,
    groups_by: str | None = None,
    *,
    n_folds: int = 5,
    n_repeats: int = 3,
    goal: str = "characterise",
) -> Audit:
    """Audit a table; nothing is trained.

    Parameters
    ----------
    table
        The validated table.
    groups_by
        As in `group_keys`; None: every row on its own.
    n_folds, n_repeats
        Folds and repeats meant for the comparison.
    goal
        Settles the decision metric of properties that name none, as in `default_metric`.

    Raises
    ------
    InputError
        The rows cannot be grouped so.
    PlanError
        There is no such goal, or a property names a metric that is none for its kind.
    """
    targets = _targets(table)
    metrics = tuple(p.metric or default_metric(str(p.kind), goal) for p in table.properties)
    groups = group_keys(table, groups_by or "none")
    codes = identity_codes(table, groups)
    pairs = find_pairs(table)
    coverage = measure_coverage(table)
    overlap = measure_overlap(table, targets)
    shapes = describe_labels(table)
    replicates = measure_replicates(table, targets, codes)
    derived = pairs + find_triples(table, pairs)
    units = find_unit_mixes(table, codes)
    bounds = find_violations(table)
    far = find_far_values(table)
    heaps = find_heaps(table)
    inputs = describe_inputs(table)
    sizes = measure_groups(table, groups, n_folds)
    powers = estimate_power(table, targets, metrics, sizes, replicates, n_folds, n_repeats)
    findings = [
        *coverage_findings(coverage, n_folds),
        *margin_findings(table, targets, metrics),
        *distribution_findings(shapes, table.properties),
        *bound_findings(bounds),
        *unit_findings(units),
        *far_findings(far),
        *derived_findings(derived),
        *heap_findings(heaps),
        *replicate_findings(replicates),
        *overlap_findings(overlap),
        *column_findings(inputs, table.n_rows),
        *group_findings(sizes),
        *power_findings(powers),
    ]
    return Audit(
        source=table.source,
        names=table.names,
        n_folds=n_folds,
        n_repeats=n_repeats,
        coverage=coverage,
        overlap=overlap,
        shapes=shapes,
        replicates=replicates,
        derived=derived,
        units=units,
        bounds=bounds,
        far=far,
        heaps=heaps,
        inputs=inputs,
        groups=sizes,
        powers=powers,
        findings=condense(findings),
    )


def _targets(table: Table) -> np.ndarray:
    """Labels in model space; those without a logarithm count as unmeasured (and are a finding)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        targets = table.targets()
    return np.where(np.isfinite(targets), targets, np.nan)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
