"""One target column to numbers: kind, class codes, censored cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from miscible.errors import InputError

from ._cells import Numbers, numbers, objects, texts
from ._names import list_names
from ._property import Kind, Property
from ._requests import TargetRequest
from ._rows import rows_error, source_name

__all__ = ["Labels", "read_labels"]

_ZERO = frozenset({"0", "false", "no", "n"})
_ONE = frozenset({"1", "true", "yes", "y"})
_MAX_CLASSES = 50
_COMMA = re.compile(r"[-+]?\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Labels:
    """One target column, read.

    Parameters
    ----------
    prop
        The property, with kind and classes settled.
    values
        ``(n_rows,)`` in user space or class codes; NaN where unmeasured or censored.
    censored
        ``(n_rows,)`` int8, see `Table`.
    notes
        What a reader of the report should know.
    """

    prop: Property
    values: np.ndarray
    censored: np.ndarray
    notes: tuple[str, ...]


def read_labels(frame: pd.DataFrame, request: TargetRequest) -> Labels:
    """Read the column that ``request`` names.

    Raises
    ------
    InputError
        Text among numbers, infinities, nonpositive values under a log transform, a single class, more than
        two classes where two were asked for, or no label at all.
    """
    source, column = source_name(frame), frame[request.name]
    found = numbers(column)
    if found.missing.all():
        raise InputError("no row has a label for this target.", source=source, column=request.name)
    cells = texts(column, category=True) if request.kind is not Kind.REGRESSION else np.empty(0, dtype=object)
    kind = _settle_kind(request, cells, found, source)
    if request.transform != "none" and kind is not Kind.REGRESSION:
        raise InputError(
            f"the transform {request.transform} is for regression, not for classes.",
            source=source,
            column=request.name,
        )
    request = replace(request, kind=kind)
    if kind is Kind.REGRESSION:
        return _regression(frame, request, found)
    if kind is Kind.BINARY:
        return _binary(frame, request, cells)
    return _multiclass(frame, request, cells)


def _property(request: TargetRequest, kind: Kind, classes: tuple[str, ...] = ()) -> Property:
    return Property(
        request.name, kind, request.unit, request.transform, request.metric, classes, request.margin
    )


def _settle_kind(request: TargetRequest, cells: np.ndarray, found: Numbers, source: str) -> Kind:
    if isinstance(request.kind, Kind):
        return request.kind
    distinct = _distinct(cells)
    lowered = {text.lower() for text in distinct}
    coded = lowered <= _ZERO | _ONE and bool(lowered & _ZERO) and bool(lowered & _ONE)
    if request.kind is None and not coded:
        present = int((~found.missing).sum())
        if int(found.text.sum()) * 2 <= present:
            return Kind.REGRESSION
    if coded or len(distinct) <= 2:
        return Kind.BINARY
    if len(distinct) > _MAX_CLASSES:
        raise InputError(
            f"{len(distinct)} distinct values, such as {list_names(distinct, limit=3)}, are no classes.",
            source=source,
            column=request.name,
            hint=f"Say {request.name}:reg for numbers, or {request.name}:multiclass if these are classes.",
        )
    return Kind.MULTICLASS


def _distinct(cells: np.ndarray) -> list[str]:
    """Texts that occur, sorted; as numbers where all of them are."""
    found = {cell for cell in cells if cell is not None}
    try:
        return sorted(found, key=float)
    except ValueError:
        return sorted(found)


def _regression(frame: pd.DataFrame, request: TargetRequest, found: Numbers) -> Labels:
    source, name = source_name(frame), request.name
    raw = objects(frame[name])

    def refuse(mask: np.ndarray, message: str, hint: str = "") -> None:
        rows = np.flatnonzero(mask)
        if rows.size:
            raise rows_error(
                f"{rows.size} {message}", frame, rows, raw[rows], source=source, column=name, hint=hint
            )

    hint = f"Empty the cells, or say {name}:cls if these are classes."
    if found.text.any() and any(_COMMA.fullmatch(str(cell).strip()) for cell in raw[found.text]):
        hint = "Write decimals with a point and no thousands separators."
    refuse(found.text, "labels are not numbers", hint)
    refuse(np.isinf(found.values), "labels are infinite", "Empty these cells.")
    if request.transform == "log10":
        with np.errstate(invalid="ignore"):
            nonpositive = found.values <= 0
        refuse(
            nonpositive, "labels are zero or negative and have no log10", "Empty them or drop the transform."
        )
    if np.isnan(found.values).all():
        raise InputError(
            "every label is censored (<x or >x); none can be learned.", source=source, column=name
        )
    below, above = int((found.censored < 0).sum()), int((found.censored > 0).sum())
    notes = ()
    if below or above:
        notes = (f"{name}: {below + above} censored labels ({below} below, {above} above a bound) left out.",)
    return Labels(_property(request, Kind.REGRESSION), found.values, found.censored, notes)


def _binary(frame: pd.DataFrame, request: TargetRequest, cells: np.ndarray) -> Labels:
    name, distinct = request.name, _distinct(cells)
    classes, notes = request.classes, ()
    if not classes and {text.lower() for text in distinct} <= _ZERO | _ONE:
        zeros = [text for text in distinct if text.lower() in _ZERO]
        ones = [text for text in distinct if text.lower() in _ONE]
        classes = (zeros[0], ones[0]) if zeros and ones else ()
    elif not classes and len(distinct) == 2:
        classes = (distinct[0], distinct[1])
        notes = (f"{name}: {classes[1]!r} is 1 and {classes[0]!r} is 0 (sorted order).",)
    elif not classes and len(distinct) > 2:
        common = {text for text, _ in Counter(cell for cell in cells if cell is not None).most_common(2)}
        rows = np.flatnonzero([cell is not None and cell not in common for cell in cells])
        raise rows_error(
            f"{len(distinct)} distinct values where two were expected; beside {list_names(sorted(common))}",
            frame,
            rows,
            cells[rows],
            source=source_name(frame),
            column=name,
            hint=f"Say {name}:multiclass for several classes or {name}:reg for numbers.",
        )
    if len(classes) < 2:
        raise _one_class(frame, name, distinct)
    return _coded(frame, request, cells, Kind.BINARY, classes, notes)


def _multiclass(frame: pd.DataFrame, request: TargetRequest, cells: np.ndarray) -> Labels:
    classes = request.classes or tuple(_distinct(cells))
    if len(classes) < 2:
        raise _one_class(frame, request.name, classes)
    return _coded(frame, request, cells, Kind.MULTICLASS, classes, ())


def _one_class(frame: pd.DataFrame, name: str, classes: Sequence[str]) -> InputError:
    return InputError(
        f"every label is {classes[0]!r}; at least two classes are needed.",
        source=source_name(frame),
        column=name,
    )


def _coded(
    frame: pd.DataFrame,
    request: TargetRequest,
    cells: np.ndarray,
    kind: Kind,
    classes: tuple[str, ...],
    notes: tuple[str, ...],
) -> Labels:
    codes = {text: float(code) for code, text in enumerate(classes)}
    if kind is Kind.BINARY and classes[0].lower() in _ZERO and classes[1].lower() in _ONE:
        spelled = {cell for cell in cells if cell is not None}
        codes |= {text: 0.0 for text in spelled if text.lower() in _ZERO}
        codes |= {text: 1.0 for text in spelled if text.lower() in _ONE}
    unknown = np.flatnonzero([cell is not None and cell not in codes for cell in cells])
    if unknown.size:
        raise rows_error(
            f"{unknown.size} labels are none of the classes {list_names(classes)}",
            frame,
            unknown,
            cells[unknown],
            source=source_name(frame),
            column=request.name,
        )
    values = np.array([np.nan if cell is None else codes[cell] for cell in cells], dtype=np.float64)
    present = np.unique(values[~np.isnan(values)])
    if present.size < 2:
        raise _one_class(frame, request.name, [classes[int(present[0])]])
    return Labels(_property(request, kind, classes), values, np.zeros(len(cells), dtype=np.int8), notes)
