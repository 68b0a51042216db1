"""From a finished run to the plain values the report shows."""

from __future__ import annotations

import datetime
import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ..advice import Arm, PropertyVerdict, side_arms
from ..audit import Audit
from ..bundle import BundleParts
from ..report import Band, Curve, JournalEntry, Predictions, ReportData, StrategyCost
from ..study import CellRecord, Decision, Plan, StudyResult, plan_text
from ..table import Kind, output_slices
from ._report_ratios import ratio_matrices
from ._report_remedies import groupings, influences, rule_stories
from ._source import FRAME, is_simulated
from ._trust import interval_tables, reliability_tables

__all__ = ["report_data"]


def report_data(
    result: StudyResult,
    audit: Audit,
    verdicts: Sequence[PropertyVerdict],
    parts: BundleParts,
    manifest: dict,
    limits: Sequence[str],
    citations: Sequence[str],
    seconds: float,
) -> ReportData:
    """Fill the report from the study, the verdicts and what is deployed."""
    plan, table = result.plan, result.table
    measured = np.isfinite(table.labels)
    versions = manifest["versions"] | {f"machine: {k}": v for k, v in manifest["machine"].items()}
    return ReportData(
        title="Learn together or apart? A simulation"
        if is_simulated(table.source)
        else "Learn together or apart?",
        created=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        source=table.source,
        verdicts=tuple(verdicts),
        goal=plan.goal,
        group=plan.split.group,
        n_rows=table.n_rows,
        n_groups=len(np.unique(result.groups.codes)),
        n_folds=plan.split.folds,
        n_repeats=plan.split.repeats,
        wall_seconds=seconds,
        measured=measured,
        fold_labels=np.array(
            [
                [measured[outer == f].sum(axis=0) for f in range(plan.split.folds)]
                for outer in result.folds.outer
            ]
        ),
        fold_warnings=tuple(result.folds.warnings),
        notes=tuple(table.notes),
        sides={s.name: s.side for s in result.strategies},
        audit=audit,
        predictions=_predictions(result, verdicts),
        curves=_curves(result),
        rules=rule_stories(result.cells, table.names, _band),
        influences=influences(result.cells, table.names),
        groupings=groupings(result.cells, table.names),
        ratios=tuple(ratio_matrices(result, audit.overlap.pearson).values()),
        reliability=reliability_tables(parts.tasks, parts.codes, parts.fold_of_row),
        intervals=interval_tables(parts.tasks, parts.codes, parts.fold_of_row),
        costs=_costs(result),
        journal=tuple(_entry(decision) for decision in result.journal),
        command=_command(plan),
        plan=plan_text(plan),
        machine={str(k): str(v) for k, v in versions.items()}
        | {"seed": str(plan.seed), "data": manifest["data"][:16]},
        limits=tuple(limits),
        citations=tuple(citations),
    )


def _entry(decision: Decision) -> JournalEntry:
    """A stop falls inside its repeat, what the race drops goes before it."""
    place = "in" if decision.stops else "before"
    what = "the study ended" if decision.stops else f"dropped: {', '.join(decision.dropped)}"
    return JournalEntry(
        f"{place} repeat {decision.repeat + 1}, after {decision.spent:.0f} s", what, decision.reason
    )


def _command(plan: Plan) -> str:
    """What repeats the run; the plan beside it holds every choice."""
    if plan.table.source == FRAME:
        return "Advisor(..., out=NEW_FOLDER).fit(frame)   # with the values of the plan below"
    return "miscible study --plan plan.toml --out NEW_FOLDER"


def _predictions(result: StudyResult, verdicts: Sequence[PropertyVerdict]) -> tuple[Predictions, ...]:
    table = result.table
    targets = table.targets()
    column = table.inputs.composition or table.inputs.smiles
    labels = (table.frame[column] if column else table.frame.index.to_series()).astype(str).to_numpy()
    shown = []
    for t, (prop, columns) in enumerate(zip(table.properties, output_slices(table.properties), strict=True)):
        deploy = verdicts[t].deploy
        if deploy is None:
            continue
        rows = np.flatnonzero(np.isfinite(targets[:, t]))
        flat = slice(None) if prop.kind is Kind.MULTICLASS else 0
        sides = side_arms(result, t)
        arms = [None if arm is None else arm.predictions[0, rows][:, flat] for arm in sides]
        complete = all(arm is not None and np.isfinite(arm).all() for arm in arms)
        shown.append(
            Predictions(
                name=prop.name,
                kind=str(prop.kind),
                unit=prop.model_unit,
                strategy=deploy.strategy,
                observed=targets[rows, t],
                predicted=result.outer[deploy.strategy][0, rows, columns][:, flat],
                joint=arms[0] if complete else None,
                separate=arms[1] if complete else None,
                classes=prop.classes,
                rows=tuple(labels[rows]),
                thresholds=_thresholds(result, t, deploy.strategy, sides, rows),
            )
        )
    return tuple(shown)


def _thresholds(
    result: StudyResult, task: int, deployed: str, sides: Sequence[Arm | None], rows: np.ndarray
) -> dict[str, np.ndarray]:
    """The probability threshold of each row's fold in the first repeat, by model."""
    by_fold = {"deployed": result.thresholds[deployed][0, :, task]}
    for name, arm in zip(("joint", "separate"), sides, strict=True):
        if arm is not None:
            by_fold[name] = arm.thresholds[0]
    fold = result.folds.outer[0, rows]
    return {name: values[fold] for name, values in by_fold.items()}


def _curves(result: StudyResult) -> tuple[Curve, ...]:
    """Mean and quartiles over every network kept that was validated on the property, by strategy."""
    stories: dict[tuple[str, int], list[np.ndarray]] = defaultdict(list)
    for cell in result.cells:
        for network in cell.networks:
            for task, *lines in zip(network["tasks"], network["train"], network["valid"], strict=True):
                story = np.array(lines, dtype=float)
                if np.isfinite(story).any(axis=1).all():
                    stories[cell.strategy, cell.tasks[task]].append(story)
    curves = []
    for (strategy, task), found in stories.items():
        train, valid = (_band([story[side] for story in found]) for side in (0, 1))
        epochs = np.arange(1, len(train.mean) + 1)
        curves.append(Curve(strategy, result.table.names[task], epochs, train, valid))
    return tuple(curves)


def _band(lines: Sequence[np.ndarray]) -> Band:
    """Over the networks still training; epochs that fewer than a quarter of them reached are left out."""
    lengths = sorted((len(line) for line in lines), reverse=True)
    shown = lengths[math.ceil(len(lengths) / 4) - 1]
    padded = np.full((len(lines), shown), np.nan)
    for row, line in zip(padded, lines, strict=True):
        row[: len(line)] = line[:shown]
    band = np.full((3, shown), np.nan)
    seen = np.isfinite(padded).any(axis=0)
    band[0, seen] = np.nanmean(padded[:, seen], axis=0)
    band[1:, seen] = np.nanquantile(padded[:, seen], (0.25, 0.75), axis=0)
    return Band(*band)


def _costs(result: StudyResult) -> tuple[StrategyCost, ...]:
    dropped = {name: d for d in result.journal for name in d.dropped}
    by_name: dict[str, list[CellRecord]] = defaultdict(list)
    for cell in result.cells:
        by_name[cell.strategy].append(cell)
    costs = []
    for name, cells in by_name.items():
        epochs = [n["epochs"] for cell in cells for n in cell.networks]
        network = any(cell.members for cell in cells)
        decision = dropped.get(name)
        costs.append(
            StrategyCost(
                strategy=name,
                members=sum(cell.members for cell in cells) if network else None,
                steps=sum(cell.steps for cell in cells) if network else None,
                epochs=float(np.mean(epochs)) if epochs else None,
                parameters=cells[0].parameters if network else None,
                seconds=sum(cell.seconds for cell in cells),
                diverged=sum(cell.diverged for cell in cells),
                dropped="" if decision is None else f"before repeat {decision.repeat + 1}",
                reason="" if decision is None else decision.reason,
            )
        )
    return tuple(costs)
