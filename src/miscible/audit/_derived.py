"""Properties that are computed from one other: copies, other units, reciprocals, logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..table import Kind, Table
from ._finding import Finding
from ._overlap import masked_pearson, pearson_pair

__all__ = ["FEWEST_ROWS", "Derived", "derived_findings", "find_pairs"]

FEWEST_ROWS = 20
ALIKE = 0.999
EXACT = 1e-6
WIDE = 150
"""Beyond so many properties, logarithms are not tried."""

Form = Literal["linear", "power", "log", "exponential", "sum", "product"]
_AXES: dict[tuple[bool, bool], Form] = {
    (False, False): "linear",
    (True, True): "power",
    (True, False): "log",
    (False, True): "exponential",
}


@dataclass(frozen=True, slots=True)
class Derived:
    """A property that others determine.

    Parameters
    ----------
    target, sources
        The property, and the one or two it follows from.
    form
        ``linear`` a x + b; ``power`` c x^p; ``log`` a log10(x) + b; ``exponential`` 10^(a x + b); ``sum`` and
        ``product`` of two others or of their opposites or reciprocals.
    formula
        The same as text, such as ``9.81 x hardness``.
    exact
        Holds to a millionth in every shared row; else |correlation| exceeds 0.999 on the axes of the form.
    correlation
        Pearson, on those axes; 1 for sums and products.
    n_shared
        Rows in which it was seen.
    """

    target: str
    sources: tuple[str, ...]
    form: Form
    formula: str
    exact: bool
    correlation: float
    n_shared: int


@dataclass(frozen=True, slots=True)
class _Fit:
    form: Form
    slope: float
    offset: float
    correlation: float
    worst: float


def find_pairs(table: Table) -> tuple[Derived, ...]:
    """Properties that follow from one other on at least 20 shared rows, in user space.

    Notes
    -----
    Of the two, the property with fewer labels (the later column, if equal) is called derived. A correlation
    made by a few far values alone is not reported: the median residual must stay under a twentieth of the
    distance between the quartiles.
    """
    tasks = np.array(
        [t for t, p in enumerate(table.properties) if p.kind is not Kind.MULTICLASS], dtype=np.int64
    )
    values = table.labels[:, tasks]
    positive = np.nanmin(np.where(np.isfinite(values), values, np.inf), axis=0, initial=np.inf) > 0
    axes = [values]
    if len(tasks) <= WIDE:
        with np.errstate(divide="ignore", invalid="ignore"):
            axes.append(np.where(positive, np.log10(values), np.nan))
    n, counts = len(tasks), table.counts[tasks]
    shared, pearson = masked_pearson(np.hstack(axes))
    alike = (np.abs(pearson) > ALIKE) & (shared >= FEWEST_ROWS)
    blocks = alike.reshape(len(axes), n, len(axes), n).any(axis=(0, 2))
    found = []
    for i, j in np.argwhere(np.triu(blocks, 1)).tolist():
        source, target = (i, j) if counts[j] <= counts[i] else (j, i)
        rows = np.isfinite(values[:, i]) & np.isfinite(values[:, j])
        x, y = values[rows, source], values[rows, target]
        fits = _fits(x, y, bool(positive[source]), bool(positive[target]))
        if fits:
            names = table.names[tasks[source]], table.names[tasks[target]]
            found.append(_derived(*names, min(fits, key=_preference), int(rows.sum())))
    return tuple(found)


def _fits(x: np.ndarray, y: np.ndarray, x_positive: bool, y_positive: bool) -> list[_Fit]:
    fits = []
    for (log_x, log_y), form in _AXES.items():
        if (log_x and not x_positive) or (log_y and not y_positive):
            continue
        fit = _fit(np.log10(x) if log_x else x, np.log10(y) if log_y else y, form)
        if fit is not None:
            fits.append(fit)
    return fits


def _fit(x: np.ndarray, y: np.ndarray, form: Form) -> _Fit | None:
    """Least squares, without an offset (or with slope 1 or a whole power) where that is as good."""
    correlation = pearson_pair(x, y)
    if not abs(correlation) > ALIKE:
        return None
    slope = float(np.cov(x, y)[0, 1] / x.var(ddof=1))
    offset = float(y.mean() - slope * x.mean())
    best = np.std(y - slope * x - offset)
    plain = [(1.0, float((y - x).mean())), (-1.0, float((y + x).mean()))]
    if form == "linear":
        plain = [(1.0, 0.0), (float(x @ y / (x @ x)), 0.0), *plain]
    for a, b in plain:
        if np.sqrt(np.mean((y - a * x - b) ** 2)) <= max(1.02 * best, EXACT * np.abs(y).max()):
            slope, offset = a, b
            break
    residual = np.abs(y - slope * x - offset)
    quartiles = np.quantile(y, (0.25, 0.75))
    if np.median(residual) > 0.05 * (quartiles[1] - quartiles[0]):
        return None
    scale = np.log10(np.e) if form in ("power", "exponential") else np.maximum(np.abs(y), np.abs(offset))
    worst = float((residual / np.where(scale > 0, scale, 1.0)).max())
    return _Fit(form, slope, offset, correlation, worst)


def _preference(fit: _Fit) -> tuple[bool, int]:
    return fit.worst > EXACT, list(_AXES.values()).index(fit.form)


def _derived(source: str, target: str, fit: _Fit, n: int) -> Derived:
    return Derived(target, (source,), fit.form, _formula(source, fit), fit.worst <= EXACT, fit.correlation, n)


def _formula(source: str, fit: _Fit) -> str:
    digits = 6 if fit.worst <= EXACT else 4
    if fit.form == "power":
        if fit.slope == -1 and f"{10.0**fit.offset:.{digits}g}" == "1":
            return f"1 / {source}"
        return _scaled(10.0**fit.offset, f"{source}^{fit.slope:.4g}" if fit.slope != 1 else source, digits)
    body = f"log10({source})" if fit.form == "log" else source
    text = _affine(fit.slope, body, fit.offset, digits)
    return f"10^({text})" if fit.form == "exponential" else text


def _affine(slope: float, body: str, offset: float, digits: int) -> str:
    text = _scaled(slope, body, digits)
    if abs(offset) <= 1e-9:
        return text
    return f"{text} {'+' if offset > 0 else '-'} {abs(offset):.{digits}g}"


def _scaled(factor: float, body: str, digits: int) -> str:
    text = f"{factor:.{digits}g}"
    return {"1": body, "-1": f"-{body}"}.get(text, f"{text} x {body}")


def derived_findings(derived: tuple[Derived, ...]) -> list[Finding]:
    """A warning for every derived property."""
    return [
        Finding(
            "warning",
            "derived" if d.exact else "nearly derived",
            d.target,
            f"{d.target} is {'' if d.exact else 'nearly '}{d.formula} ({d.n_shared:,} shared rows)",
            "leave one of them out: it brings no information, and in the same row it tells the answer"
            if d.exact
            else "if one is computed from the other, leave it out; a label of one nearly tells the other",
        )
        for d in derived
    ]
