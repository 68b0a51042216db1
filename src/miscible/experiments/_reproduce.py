"""Repeat the study of Kang, arXiv 2512.22740, and put the paper's numbers beside ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..advisor import advise_table, open_table
from ..files import write_atomic
from ..study import Listener, Plan, StudyResult, run_study
from ._claims import comparison_frame
from ._effects import effects_frame
from ._kang_claims import CLAIMS
from ._kang_derived import derived_plan
from ._kang_gradients import measure_gradients
from ._kang_measure import measure_derived, measure_study
from ._kang_tables import APART, ROLES, TOGETHER, KangTable

__all__ = ["Reproduction", "reproduce_kang"]

_METRICS = {
    "resistivity": ("r2", "mae"),
    "hardness": ("r2", "mae"),
    "amorphous": ("f1", "recall", "average_precision"),
}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What a reproduction found.

    Parameters
    ----------
    comparison
        The paper's numbers beside ours, see `comparison_frame`.
    effects
        Every strategy on every property and metric, against both baselines.
    timing
        Seconds by table: on the clock, and in the cells that train networks.
    """

    comparison: pd.DataFrame
    effects: pd.DataFrame
    timing: pd.DataFrame


def reproduce_kang(
    tables: Sequence[KangTable],
    path: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    listen: Callable[[str], Listener],
) -> Reproduction:
    """Study every table, measure every claim.

    Parameters
    ----------
    tables
        What to study; each has a run of its own in ``path``.
    path
        Folder of the reproduction; after every table ``comparison.csv``, ``effects.csv`` and ``timing.csv`` are
        written there.
    resume, overwrite
        What to do with runs already there.
    listen
        Hears of progress; called with a heading before every study.

    Raises
    ------
    PlanError, InputError
        As `advise_table`.
    """
    parts: list[Reproduction] = []
    for item in tables:
        began = time.perf_counter()
        table, citations = open_table(item.plan.table, item.plan.split.group)
        advice = advise_table(
            item.plan, table, path / item.name,
            citations=citations, resume=resume, overwrite=overwrite, listener=listen(item.title),
        )  # fmt: skip
        result = advice.result
        found = measure_study(result, item.names) | measure_gradients(result, path / item.name)
        studies = [result]
        if "resistivity" in item.names:
            plan = derived_plan(result.plan, table, item.names, path / f"{item.name}-derived.csv")
            beside = _run(
                plan, path / f"{item.name}-derived", resume, overwrite, listen(f"{item.title}, derived")
            )
            found |= measure_derived(result, beside, item.names)
            studies.append(beside)
        metrics = tuple(_METRICS[role] for role in ROLES if role in item.names)
        seconds = time.perf_counter() - began
        parts.append(
            Reproduction(
                comparison=comparison_frame(item.title, CLAIMS, found, simulated=item.simulated),
                effects=effects_frame(result, (APART, TOGETHER), metrics).assign(table=item.title),
                timing=pd.DataFrame([_timing(item, studies, seconds)]),
            )
        )
        _write(_together(parts), path)
    return _together(parts)


def _together(parts: Sequence[Reproduction]) -> Reproduction:
    return Reproduction(
        *(
            pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            for name in ("comparison", "effects", "timing")
        )
    )


def _run(plan: Plan, path: Path, resume: bool, overwrite: bool, listener: Listener) -> StudyResult:
    table, _ = open_table(plan.table, plan.split.group)
    return run_study(plan, table, path, resume=resume, overwrite=overwrite, listener=listener)[0]


def _timing(item: KangTable, studies: Sequence[StudyResult], seconds: float) -> dict[str, object]:
    cells = [cell for study in studies for cell in study.cells]
    return {
        "table": item.title,
        "seconds of this call": round(seconds, 1),
        "core seconds of all cells": round(sum(c.seconds for c in cells), 1),
        "core seconds of networks": round(sum(c.seconds for c in cells if c.members), 1),
        "training steps": sum(c.steps for c in cells),
        "workers": item.plan.workers,
    }


def _write(done: Reproduction, path: Path) -> None:
    for name in ("comparison", "effects", "timing"):
        write_atomic(path / f"{name}.csv", getattr(done, name).to_csv(index=False))
