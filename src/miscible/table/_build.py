"""From a file or DataFrame to a validated `Table`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from miscible.errors import InputError

from ._cells import missing, numbers, texts
from ._groups import group_texts
from ._inputs import clean_inputs
from ._labels import Labels, read_labels
from ._names import list_names, require_columns
from ._property import Property
from ._read import Source, read_frame
from ._requests import TargetRequest, parse_target
from ._roles import resolve_inputs
from ._rows import rows_error, source_name
from ._table import InputSpec, Table
from ._where import filter_rows

__all__ = ["read_table"]


def read_table(
    source: Source,
    targets: Sequence[str | Property],
    *,
    inputs: Sequence[str] | InputSpec | None = None,
    where: Sequence[str] = (),
    weight: str | None = None,
    skip_bad_rows: bool = False,
    group_columns: Sequence[str] = (),
    sheet: str | None = None,
) -> Table:
    """Read and validate everything the user owns.

    Parameters
    ----------
    source
        File or DataFrame, see `read_frame`.
    targets
        ``name:kind:metric`` texts, see `parse_target`, or properties; their ``classes``, if any, are kept.
    inputs
        ``name:role`` texts, see `parse_input`, ``elements:at`` or ``elements:wt`` for every column named by an
        element symbol, an `InputSpec`, or None to recognise them.
    where
        Row filters, see `filter_rows`; all must hold.
    weight
        Column of sample weights: positive and finite in every row that is kept.
    skip_bad_rows
        Leave out rows whose inputs cannot be read, and note them, instead of raising.
    group_columns
        Columns that will group rows, see `group_texts`; they must have no gaps.
    sheet
        Excel sheet.

    Returns
    -------
    Table
        Rows that pass the filters and hold at least one label, with their index: the line of the file, the
        row of the sheet, or the index of the DataFrame. ``notes`` tell what was dropped, inferred, left out.

    Raises
    ------
    InputError
        Anything that cannot be used, naming file, column and rows.
    """
    frame = read_frame(source, sheet)
    name = source_name(frame)
    notes = [str(note) for note in frame.attrs["notes"]]
    requests = _requests(targets, frame, name)
    groups = [group_columns] if isinstance(group_columns, str) else list(group_columns)
    require_columns(groups, list(frame.columns), source=name, what="group")
    if weight is not None:
        require_columns([weight], list(frame.columns), source=name, what="weight")
    target_names = [request.name for request in requests]
    filters = [where] if isinstance(where, str) else list(where)
    if filters:
        keep, filter_notes = filter_rows(frame, filters)
        frame = frame.loc[keep]
        notes += filter_notes
    frame = _labelled_rows(frame, target_names, notes, ", after the filters" if filters else "")
    taken = target_names if weight is None else [*target_names, weight]
    spec, role_notes = resolve_inputs(frame, inputs, taken)
    notes += role_notes
    frame, _, skip_notes = clean_inputs(frame, spec, name, skip_bad_rows=skip_bad_rows)
    notes += skip_notes
    labels = [read_labels(frame, request) for request in requests]
    for column in labels:
        notes += column.notes
        notes += _margin_note(column.prop)
    frame, values, censored = _measured_rows(frame, labels, notes)
    for column in groups:
        group_texts(frame, column, name)
    weights = _weights(frame, weight, name)
    notes += _unused(frame, [*spec.columns, *taken, *groups])
    return Table(
        frame=frame,
        inputs=spec,
        properties=tuple(column.prop for column in labels),
        labels=values,
        censored=censored,
        weights=weights,
        source=name,
        notes=tuple(notes),
        n_censored=tuple((int((c < 0).sum()), int((c > 0).sum())) for c in (one.censored for one in labels)),
    )


def _requests(targets: Sequence[str | Property], frame: pd.DataFrame, source: str) -> list[TargetRequest]:
    columns = list(frame.columns)
    asked = [targets] if isinstance(targets, str | Property) else list(targets)
    if not asked:
        raise InputError("no target is named.", source=source, hint="Name at least one: hardness:reg.")
    requests = [TargetRequest.of(t) if isinstance(t, Property) else parse_target(t, columns) for t in asked]
    names = [request.name for request in requests]
    require_columns(names, columns, source=source, what="target")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise InputError("this target is named twice.", source=source, column=repeated[0])
    return requests


def _labelled_rows(frame: pd.DataFrame, targets: Sequence[str], notes: list[str], when: str) -> pd.DataFrame:
    filled = np.zeros(len(frame), dtype=bool)
    for target in targets:
        filled |= ~missing(frame[target])
    if not filled.any():
        raise InputError(
            f"no row has a label for any target ({list_names(targets)}){when}.", source=source_name(frame)
        )
    if filled.all():
        return frame
    notes.append(f"{int((~filled).sum())} of {len(frame)} rows without any label dropped.")
    return frame.loc[filled]


def _measured_rows(
    frame: pd.DataFrame, labels: Sequence[Labels], notes: list[str]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    values = np.column_stack([column.values for column in labels])
    censored = np.column_stack([column.censored for column in labels])
    measured = np.asarray(np.isfinite(values).any(axis=1))
    if not measured.all():
        notes.append(f"{int((~measured).sum())} rows with censored labels only dropped.")
    return frame.loc[measured], values[measured], censored[measured]


def _margin_note(prop: Property) -> list[str]:
    """Said aloud because a margin is no factor: under a logarithm, 5 is five decades."""
    if prop.margin is None:
        return []
    unit = f", where errors have a unit in {prop.model_unit}" if prop.model_unit else ""
    return [f"margin of {prop.name}: {prop.margin:g} in the decision metric{unit}."]


def _weights(frame: pd.DataFrame, column: str | None, source: str) -> np.ndarray:
    if column is None:
        return np.ones(len(frame))
    values = numbers(frame[column]).values
    rows = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if rows.size:
        cells = texts(frame[column])
        raise rows_error(
            f"{rows.size} sample weights are not positive numbers",
            frame,
            rows,
            cells[rows],
            source=source,
            column=column,
        )
    return values


def _unused(frame: pd.DataFrame, used: Sequence[str]) -> list[str]:
    known = set(used)
    rest = [column for column in frame.columns if column not in known]
    return [f"{len(rest)} columns not used: {list_names(rest)}."] if rest else []
