"""From a study's predictions to a verdict for every property."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..evaluation import fold_scale, get_metric, noise_floor, score_table
from ..strategies import Side
from ..study import StudyResult
from ..table import Kind, output_slices
from ._compare import compare, with_holm
from ._deploy import choose_deployment
from ._nested import Arm, nested_arm
from ._sharing import call_all
from ._verdict import Call, Comparison, PropertyVerdict, StrategyScore

__all__ = ["advise", "side_arms"]


def side_arms(result: StudyResult, task: int) -> tuple[Arm | None, Arm | None]:
    """Best joint and best separate network of a task, chosen per outer fold by inner validation.

    None where no such strategy was run. There is no joint arm for a property that is alone: nothing is shared.
    """
    if not _partners(result, task):
        return None, _side_arm(result, task, "separate")
    return _side_arm(result, task, "joint"), _side_arm(result, task, "separate")


def _side_arm(result: StudyResult, task: int, side: Side) -> Arm | None:
    names = [s.name for s in result.strategies if s.side == side]
    return nested_arm(result, task, names, f"best {side}") if names else None


def advise(result: StudyResult, noise: Mapping[str, float | None]) -> tuple[PropertyVerdict, ...]:
    """One verdict per property; reads the study, trains nothing.

    Parameters
    ----------
    result
        A finished study.
    noise
        Standard deviation of replicates per property in model space, None where there are none.
    """
    table = result.table
    units = [error_unit(result, t) for t in range(table.n_tasks)]
    targets = table.targets()
    floors = [
        noise_floor(result.metrics[t], noise.get(table.names[t]), fold_scale("r2", targets[:, t]))
        for t in range(table.n_tasks)
    ]
    arms = [side_arms(result, t) for t in range(table.n_tasks)]
    sharing = with_holm(
        [
            None if joint is None or separate is None else compare(result, t, joint, separate, floors[t])
            for t, (joint, separate) in enumerate(arms)
        ]
    )
    partners = [_partners(result, t) for t in range(table.n_tasks)]
    calls = call_all(sharing, partners, units)
    deployments = [choose_deployment(result, t, floors[t], units[t]) for t in range(table.n_tasks)]
    return tuple(
        PropertyVerdict(
            name=prop.name,
            kind=str(prop.kind),
            unit=units[t],
            metric=result.metrics[t],
            n_labels=int(table.counts[t]),
            call=calls[t][0],
            reason=calls[t][1],
            partners=partners[t] if calls[t][0] in (Call.MIX, Call.EITHER) else (),
            sharing=sharing[t],
            deploy=deployments[t],
            scores=_scores(result, t, [arm for arm in arms[t] if arm is not None], sharing[t]),
            noise_floor=floors[t],
            warnings=_warnings(result, t),
        )
        for t, prop in enumerate(table.properties)
    )


def error_unit(result: StudyResult, task: int) -> str:
    """Unit of the decision metric's error form."""
    prop = result.table.properties[task]
    return prop.model_unit if get_metric(result.metrics[task]).has_unit else ""


def _partners(result: StudyResult, task: int) -> tuple[str, ...]:
    """Hard sharing mixes every property that has a label; an extension starts from the properties of its run."""
    if result.plan.extends is not None:
        return result.plan.extends.properties
    counts = result.table.counts
    return tuple(name for t, name in enumerate(result.table.names) if t != task and counts[t] > 0)


def _scores(
    result: StudyResult, task: int, arms: list[Arm], sharing: Comparison | None
) -> tuple[StrategyScore, ...]:
    """Scores of every strategy; choices count in the folds that were compared or, without any, in all."""
    folds = np.array(True) if sharing is None else np.isfinite(sharing.fold_differences)
    return tuple(
        StrategyScore(
            strategy=s.name,
            error=result.strategy_error(s.name, task),
            inner_error=_mean(result.inner[s.name][:, :, task]),
            metrics=_metrics(result, s.name, task),
            times_chosen=sum(arm.count(s.name, folds) for arm in arms),
        )
        for s in result.strategies
    )


def _metrics(result: StudyResult, name: str, task: int) -> dict[str, float]:
    """Every descriptive metric, pooled out of fold and averaged over the repeats that have all of it."""
    table = result.table
    prop = table.properties[task]
    truth = prop.to_model(table.labels[:, task])
    rows = np.isfinite(truth)
    tables = []
    for r, predictions in enumerate(result.outer[name][:, :, output_slices(table.properties)[task]]):
        predicted = predictions[rows]
        if not rows.any() or not np.isfinite(predicted).all():
            continue
        threshold = result.thresholds[name][r, result.folds.outer[r][rows], task]
        one = predicted if prop.kind is Kind.MULTICLASS else predicted[:, 0]
        tables.append(
            score_table(
                str(prop.kind), truth[rows], one, threshold,
                weights=table.weights[rows], budget=result.plan.screen_budget,
            )
        )  # fmt: skip
    if not tables:
        return {}
    return {key: float(np.mean([t[key] for t in tables])) for key in tables[0]}


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _warnings(result: StudyResult, task: int) -> tuple[str, ...]:
    name = result.table.names[task]
    lines = [w for w in result.folds.warnings if f"task {name!r}" in w]
    diverged = sum(c.diverged for c in result.cells if task in c.tasks)
    if diverged:
        lines.append(f"{diverged} networks diverged and were left out of every average.")
    return tuple(lines)
