"""Where a plan's rows come from, and what keeps them apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from ..datasets import load as load_dataset
from ..errors import InputError, PlanError
from ..evaluation import get_metric
from ..study import Plan, TablePlan
from ..table import Table, read_table

__all__ = ["DATASET", "FRAME", "is_simulated", "open_table", "settle_group"]

DATASET = "dataset:"
FRAME = "data frame"
GROUPINGS = ("auto", "composition", "system", "scaffold", "cluster", "element", "none")
COMMON = ("cluster", "element")
"""Words for groups that tables use as names of columns, too."""


def open_table(
    part: TablePlan, group: str = "none", frame: pd.DataFrame | None = None
) -> tuple[Table, tuple[str, ...]]:
    """Read the table a plan names; ``dataset:NAME`` is a ready-made one.

    Parameters
    ----------
    part
        What its columns mean.
    group
        What folds keep together; a column must have no gaps.
    frame
        Rows to read instead of the source.

    Returns
    -------
    table, citations
        The validated table and what to cite for it.

    Raises
    ------
    InputError, PlanError
        The table cannot be used, a property is to be judged by a metric that is none for it, or the group could be a
        word or a column.
    """
    options = {
        "inputs": part.inputs or None,
        "where": part.where,
        "weight": part.weight,
        "skip_bad_rows": part.skip_bad_rows,
        "group_columns": () if group in GROUPINGS else (group,),
    }
    citations: tuple[str, ...] = ()
    if frame is not None:
        table = read_table(frame, part.targets, **options)
    elif part.source.startswith(DATASET):
        dataset = load_dataset(part.source.removeprefix(DATASET))
        rows = dataset.frame.copy(deep=False)
        rows.attrs["source"] = part.source
        table = read_table(rows, part.targets, **{**options, "inputs": part.inputs or dataset.inputs})
        table = replace(table, notes=(*dataset.notes, *table.notes))
        citations = dataset.citations
    else:
        table = read_table(Path(part.source), part.targets, sheet=part.sheet, **options)
    _check_metrics(table)
    _check_group(table, group)
    return table, citations


def is_simulated(source: str) -> bool:
    """Whether no value of the table was measured on anything."""
    return source.startswith(f"{DATASET}synthetic")


def _check_metrics(table: Table) -> None:
    for prop in table.properties:
        try:
            if prop.metric:
                get_metric(prop.metric, prop.kind)
        except PlanError as error:
            raise PlanError(error.message, source=table.source, column=prop.name, hint=error.hint) from None


def _check_group(table: Table, group: str) -> None:
    spec = table.inputs
    is_word = group == "cluster" or spec.composition is not None or bool(spec.fractions)
    if group in COMMON and is_word and group in table.frame.columns:
        raise InputError(
            f"to group by {group!r} is unclear: it is a word for groups and a column of this table.",
            source=table.source,
            column=group,
            hint="Rename the column to group by it, or leave it out of the table to group by the word.",
        )


def settle_group(plan: Plan, table: Table) -> Plan:
    """Replace the group ``auto`` by what the inputs suggest: composition, scaffold, or none."""
    if plan.split.group != "auto":
        return plan
    spec = table.inputs
    group = "scaffold" if spec.smiles is not None else "none"
    if spec.composition is not None or spec.fractions:
        group = "composition"
    return plan.model_copy(update={"split": plan.split.model_copy(update={"group": group})})
