"""Add scarce new properties to a finished run without training it again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..bundle import read_old_bundle
from ..errors import BundleError, PlanError
from ..study import Listener, Plan, make_plan
from ..table import InputSpec
from ._old_run import chain_of_runs
from ._run import Advice, advise_table
from ._source import DATASET, FRAME, open_table

__all__ = ["extend_run", "extension_plan"]

STRATEGIES = ("extension",)
_OF_TABLE = ("targets", "where", "weight", "sheet", "skip_bad_rows")
_OF_SPLIT = ("repeats",)


def extension_plan(run: Path, source: str, targets: Sequence[str], **changes: Any) -> Plan:
    """A plan that studies new properties on the folds, inputs and networks of a finished run.

    Tuning, goal, seed, device and repeats are those of the run. So are row filters, weights and the sheet where the
    table is the run's own; another table needs its own.

    Parameters
    ----------
    run
        Folder of the run.
    source
        Table with the new properties, as in a plan.
    targets
        The new properties, ``"name:kind[:metric][:key=value]"``.
    changes
        Keys of a plan, flat: ``where``, ``weight``, ``sheet``, ``skip_bad_rows``, ``repeats``, ``strategies``,
        ``goal``, ``screen_budget``, ``deploy``, ``budget``, ``seed``, ``device``, ``compile``, ``workers``.

    Raises
    ------
    PlanError
        The folder holds no run, one that is not finished, or one that cannot be extended; or a key or value is not
        what a plan holds.
    """
    run = run.resolve()
    root, base = chain_of_runs(run)[-1]
    try:
        spec, known = read_old_bundle(run / "bundle").spec, read_old_bundle(root / "bundle").names
    except BundleError as error:
        raise PlanError(
            f"this run has no whole bundle to add to ({error.message.rstrip('.')}).",
            source=run,
            hint=f"Finish it with: miscible study --plan {run / 'plan.toml'} --resume",
        ) from error
    content = base.model_dump(mode="json", exclude_none=True, exclude={"budget", "strategies"})
    table = content["table"] if source == base.table.source else {}
    table |= {"source": source, "targets": list(targets), "inputs": _input_texts(spec)}
    table |= {key: changes.pop(key) for key in _OF_TABLE if key in changes}
    split = (
        content["split"] | {"ladder": False} | {key: changes.pop(key) for key in _OF_SPLIT if key in changes}
    )
    split.pop("use", None)
    extends = {"run": str(run), "properties": list(known)}
    parts = {"table": table, "split": split, "extends": extends}
    return make_plan({"strategies": STRATEGIES, **content, **changes, **parts}, source="the extension")


def extend_run(
    run: str | Path,
    rows: pd.DataFrame | str | Path,
    targets: Sequence[str],
    *,
    out: str | Path,
    frames: Sequence[pd.DataFrame] = (),
    resume: bool = False,
    overwrite: bool = False,
    listener: Listener | None = None,
    **changes: Any,
) -> Advice:
    """Advise on scarce new properties with the help of a finished run, which is only read.

    Parameters
    ----------
    run
        Folder of the run.
    rows
        Table with the run's input columns and the new properties: the run's own with further columns, or others.
    targets
        The new properties, ``"name:kind[:metric][:key=value]"``.
    out
        Run folder of the extension. Its bundle predicts the old properties with the old models, and the new ones.
    frames
        The data frame that the run studied, if it studied one (and those of the runs it extends).
    resume, overwrite
        What to do with a run already in ``out``.
    listener
        Hears of progress.
    changes
        As in `extension_plan`.

    Returns
    -------
    Advice
        Of the new properties.

    Raises
    ------
    PlanError, InputError
        The run is missing, not finished, without networks that share layers, or has a property already; its table has
        changed; an input column is missing or described in another way; a property has too few labels. Nothing is
        written.
    """
    frame = rows if isinstance(rows, pd.DataFrame) else None
    source = FRAME if isinstance(rows, pd.DataFrame) else str(rows)
    if frame is None and not source.startswith(DATASET):
        source = str(Path(source).absolute())
    plan = extension_plan(Path(run), source, targets, **changes)
    table, citations = open_table(plan.table, plan.split.group, frame)
    return advise_table(
        plan, table, Path(out),
        citations=citations, resume=resume, overwrite=overwrite, listener=listener, frames=frames,
    )  # fmt: skip


def _input_texts(spec: InputSpec) -> list[str]:
    """Inputs in the words of a plan, each with its role."""
    molecule = "descriptors" if spec.smiles_as == "descriptors" else "smiles"
    return [
        *([f"{spec.composition}:composition"] if spec.composition is not None else []),
        *([f"{spec.smiles}:{molecule}"] if spec.smiles is not None else []),
        *(f"{name}:{spec.fraction_unit}" for name in spec.fractions),
        *(f"{name}:number" for name in spec.numeric),
        *(f"{name}:category" for name in spec.categorical),
    ]
