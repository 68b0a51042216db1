"""Run an experiment on real tables: a study apart and together for every pair of properties."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..advice import PropertyVerdict, advise
from ..advisor import settle_group
from ..files import write_atomic
from ..study import Plan, SplitPlan, run_study
from ..table import Table
from ._experiment import PairExperiment, PairTable
from ._figure import page
from ._pair_tables import check_table, open_pair, pair_plan
from ._run_grid import ExperimentListener, Unheard, begin_folder

__all__ = ["PAIR_COLUMNS", "run_pairs"]

PAIR_COLUMNS = (
    "table", "pair", "within", "task", "labels", "shared_rows", "metric", "apart", "together", "change", "low", "high",
    "p_better", "p_equivalent", "p_worse", "p_value", "call",
)  # fmt: skip


@dataclass(frozen=True)
class _PairCell:
    table: PairTable
    pair: tuple[str, str]
    within: bool | None

    @property
    def key(self) -> str:
        return f"{self.table.name},{'+'.join(self.pair)}".replace("/", "_").replace(" ", "_")


def run_pairs(
    experiment: PairExperiment,
    plan: Path,
    out: Path,
    *,
    data: Path | None = None,
    full: bool = False,
    resume: bool = False,
    listener: ExperimentListener | None = None,
) -> pd.DataFrame:
    """Compare learning apart and together for every pair of every table, and write table and figure.

    Parameters
    ----------
    experiment, plan
        What to do, and the file that says it.
    out
        Folder: ``cells/``, ``studies/`` (each a run folder of its own), ``results.csv``, ``figure.html``.
    data
        Folder of files that the plan names as ``data:``.
    full, resume, listener
        As in `run_grid`.

    Returns
    -------
    DataFrame
        One row a table, pair and property: `PAIR_COLUMNS`. ``change`` is the relative change of the error by learning
        together, with its 95 % interval ``low`` to ``high`` by the corrected test; calls as in ``advice``.

    Raises
    ------
    PlanError, InputError
        A table cannot be had, or the folder holds another run.
    """
    listener = listener or Unheard()
    cells = [
        _PairCell(table, pair, table.within[k] if table.within else None)
        for table in experiment.tables
        for k, pair in enumerate(table.pairs)
    ]
    for table in experiment.tables:
        check_table(table, data, plan)
    begin_folder(out, plan, full=full, resume=resume)
    paths = {cell.key: out / "cells" / f"{cell.key}.json" for cell in cells}
    listener.begin(len(cells), sum(path.exists() for path in paths.values()))
    rows: list[dict[str, object]] = []
    for cell in cells:
        path = paths[cell.key]
        if not path.exists():
            began = time.perf_counter()
            found = _run_cell(experiment, cell, plan, out, data, full)
            content = {"rows": found, "seconds": round(time.perf_counter() - began, 3)}
            write_atomic(path, json.dumps(content))
            listener.advance(1.0, cell.key)
        rows += json.loads(path.read_text(encoding="utf-8"))["rows"]
    frame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    write_atomic(out / "results.csv", frame.to_csv(index=False, float_format="%.6g"))
    effort = experiment.effort(full)
    note = (
        f"{effort.folds} folds x {effort.repeats} repeats; change of the decision metric's error by learning together, "
        "95 % interval of the corrected test (Nadeau and Bengio). Left of 0: together is better. Each study "
        "is judged on its own: intervals and calls do not allow for the number of pairs."
    )
    drawn = [("Change by learning together", _forest(frame))]
    write_atomic(out / "figure.html", page(experiment.name, experiment.question, note, drawn))
    return frame


def _run_cell(
    experiment: PairExperiment, cell: _PairCell, source: Path, out: Path, data: Path | None, full: bool
) -> list[dict[str, object]]:
    effort = experiment.effort(full)
    table = open_pair(cell.table, cell.pair, data, effort.rows, experiment.seed, source)
    plan = Plan(
        table=pair_plan(cell.table, cell.pair),
        split=SplitPlan(group=cell.table.group, folds=effort.folds, repeats=effort.repeats),
        strategies=experiment.arms,
        tuning=effort.tuning,
        seed=experiment.seed,
        workers=effort.workers,
    )
    path = out / "studies" / cell.key
    # An interrupted study goes on where it stopped.
    result, _ = run_study(settle_group(plan, table), table, path, resume=(path / "plan.toml").exists())
    verdicts = advise(result, {})
    shared = int(np.isfinite(table.labels).all(axis=1).sum())
    return [_row(cell, v, table, shared) for v in verdicts]


def _row(cell: _PairCell, verdict: PropertyVerdict, table: Table, shared: int) -> dict[str, object]:
    found = verdict.sharing
    numbers: dict[str, object] = {}
    if found is not None and found.baseline_error > 0.0:
        base = found.baseline_error
        numbers = {
            "apart": base,
            "together": found.candidate_error,
            "change": found.difference / base,
            "low": found.interval[0] / base,
            "high": found.interval[1] / base,
            "p_better": found.p_better,
            "p_equivalent": found.p_equivalent,
            "p_worse": found.p_worse,
            "p_value": found.p_value,
        }
    return {
        "table": cell.table.name,
        "pair": " & ".join(cell.pair),
        "within": cell.within,
        "task": verdict.name,
        "labels": verdict.n_labels,
        "shared_rows": shared,
        "metric": verdict.metric,
        **numbers,
        "call": str(verdict.call),
    }


def _forest(frame: pd.DataFrame) -> go.Figure:
    """Relative change with its interval, one line a property of a pair."""
    partners = [
        next(name for name in pair.split(" & ") if name != task)
        for pair, task in zip(frame["pair"], frame["task"], strict=True)
    ]
    names = [
        f"{table}: {task} with {partner}"
        for table, task, partner in zip(frame["table"], frame["task"], partners, strict=True)
    ]
    change = 100.0 * frame["change"].astype(float)
    figure = go.Figure(
        go.Scatter(
            x=change.tolist(),
            y=names,
            mode="markers",
            marker={"size": 8, "color": ["#1f6fa8" if w else "#a94a12" for w in frame["within"]]},
            error_x={
                "array": (100.0 * frame["high"].astype(float) - change).tolist(),
                "arrayminus": (change - 100.0 * frame["low"].astype(float)).tolist(),
            },
        )
    )
    figure.add_vline(x=0.0, line={"color": "#98a2b3", "width": 1})
    figure.update_layout(
        height=120 + 34 * len(frame), template="plotly_white", xaxis_title="change of the error [%]",
        margin={"l": 20, "r": 20, "t": 20, "b": 50}, yaxis={"autorange": "reversed", "automargin": True},
    )  # fmt: skip
    return figure
