"""Skew inside each property, and where a logarithm would help."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import skew

from ..table import Kind, Property, Table, Transform
from ._finding import Finding

__all__ = ["ClassShape", "LabelShape", "Shape", "describe_labels", "distribution_findings"]

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
DECADES = 100.0
"""Ratio of extremes from which labels count as spanning decades."""
SKEWED = 2.0
RARE = 0.05


@dataclass(frozen=True, slots=True)
class LabelShape:
    """Distribution of a regression property, in user space.

    Parameters
    ----------
    name, unit, n
        The property and its number of labels.
    minimum, maximum, mean, std
        Of the labels; ``std`` with n - 1.
    quantiles
        At 1, 25, 50, 75 and 99 %.
    deviation
        Mean absolute deviation from the median: the error of the best constant.
    skewness, skewness_log
        Of the labels and of their logarithms (NaN unless all are positive).
    n_distinct
        Different values.
    suggested_transform
        ``log10`` where labels are positive, span two decades and become less skewed; never applied here.
    """

    name: str
    unit: str
    n: int
    minimum: float
    maximum: float
    mean: float
    std: float
    quantiles: tuple[float, ...]
    deviation: float
    skewness: float
    skewness_log: float
    n_distinct: int
    suggested_transform: Transform


@dataclass(frozen=True, slots=True)
class ClassShape:
    """Distribution of a class property.

    Parameters
    ----------
    name, n
        The property and its number of labels.
    classes, counts
        Class names and their labels, in code order.
    rarest, rarest_share
        The rarest class and its share of the labels.
    """

    name: str
    n: int
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    rarest: str
    rarest_share: float


Shape = LabelShape | ClassShape


def describe_labels(table: Table) -> tuple[Shape, ...]:
    """The distribution of every property; statistics of a property without labels are NaN."""
    columns = [table.labels[:, t][np.isfinite(table.labels[:, t])] for t in range(table.n_tasks)]
    return tuple(
        _label_shape(prop, values) if prop.kind is Kind.REGRESSION else _class_shape(prop, values)
        for prop, values in zip(table.properties, columns, strict=True)
    )


def _label_shape(prop: Property, values: np.ndarray) -> LabelShape:
    if not values.size:
        nan = float("nan")
        return LabelShape(
            prop.name, prop.unit, 0, nan, nan, nan, nan, (nan,) * len(QUANTILES), nan, nan, nan, 0, "none"
        )
    low, high = float(values.min()), float(values.max())
    quantiles = tuple(np.quantile(values, QUANTILES).tolist())
    skewness = _skewness(values)
    skewness_log = _skewness(np.log10(values)) if low > 0 else float("nan")
    spans = low > 0 and (high / low >= DECADES or quantiles[-1] / quantiles[0] >= DECADES)
    better = spans and abs(skewness_log) < abs(skewness)
    return LabelShape(
        name=prop.name,
        unit=prop.unit,
        n=values.size,
        minimum=low,
        maximum=high,
        mean=float(values.mean()),
        std=float(values.std(ddof=1)) if values.size > 1 else float("nan"),
        quantiles=quantiles,
        deviation=float(np.abs(values - quantiles[2]).mean()),
        skewness=skewness,
        skewness_log=skewness_log,
        n_distinct=len(np.unique(values)),
        suggested_transform="log10" if better and prop.transform == "none" else "none",
    )


def _skewness(values: np.ndarray) -> float:
    """Standardised third moment; 0 for constant values."""
    spread = values.std()
    if values.size < 3 or spread <= 1e-12 * max(abs(values.mean()), 1e-300):
        return 0.0
    return float(skew((values - values.mean()) / spread))


def _class_shape(prop: Property, values: np.ndarray) -> ClassShape:
    counts = np.bincount(values.astype(np.int64), minlength=len(prop.classes))
    rarest = int(counts.argmin())
    return ClassShape(
        prop.name,
        values.size,
        prop.classes,
        tuple(counts.tolist()),
        prop.classes[rarest],
        float(counts[rarest] / values.size) if values.size else float("nan"),
    )


def distribution_findings(shapes: tuple[Shape, ...], properties: tuple[Property, ...]) -> list[Finding]:
    """Constant labels, logarithms that would help or cannot be taken, heavy skew, rare classes."""
    findings = []
    for shape, prop in zip(shapes, properties, strict=True):
        if shape.n:
            found = _of_labels(shape, prop) if isinstance(shape, LabelShape) else _of_classes(shape)
            findings += [found] if found else []
    return findings


def _of_labels(shape: LabelShape, prop: Property) -> Finding | None:
    name = shape.name
    if shape.n_distinct == 1:
        return Finding(
            "problem", "constant", name, f"{name} is {shape.minimum:g} in every label", "leave it out"
        )
    if prop.transform == "log10" and shape.minimum <= 0:
        return Finding(
            "problem",
            "transform",
            name,
            f"{name} is to be learned as log10 but has labels down to {shape.minimum:g}",
            "drop the transform or the labels that are not positive",
        )
    if shape.suggested_transform == "log10":
        return Finding(
            "info",
            "transform",
            name,
            f"{name} spans {shape.maximum / shape.minimum:,.0f} to 1 and its skewness falls from "
            f"{shape.skewness:.1f} to {shape.skewness_log:.1f} in logarithms",
            f"consider {name}:reg:transform=log10; errors are then relative, so compare both",
        )
    if prop.transform == "none" and abs(shape.skewness) > SKEWED:
        return Finding(
            "info",
            "skew",
            name,
            f"{name} has skewness {shape.skewness:.1f}: a few extreme labels dominate squared errors",
            "compare label-density weighting; check the extremes",
        )
    return None


def _of_classes(shape: ClassShape) -> Finding | None:
    if sum(count > 0 for count in shape.counts) < 2:
        return Finding(
            "problem", "constant", shape.name, f"{shape.name} has labels of one class only", "leave it out"
        )
    if shape.rarest_share < RARE:
        return Finding(
            "warning",
            "rare class",
            shape.name,
            f"class {shape.rarest!r} of {shape.name} holds {shape.rarest_share:.1%} of its labels "
            f"({min(shape.counts)})",
            "judge it by average precision, not by accuracy; compare class weights",
        )
    return None
