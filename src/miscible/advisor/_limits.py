"""What a run cannot promise, in sentences for the report and the model card."""

from __future__ import annotations

from collections import Counter

from ..study import Plan, StudyResult
from ._source import is_simulated

__all__ = ["limits_of"]


def limits_of(result: StudyResult) -> tuple[str, ...]:
    """Sentences, the most general first."""
    plan = result.plan
    farther = (
        "what becomes of it nearer by and farther off is told by the split ladder."
        if plan.split.ladder
        else "harder departures (new chemical systems, new elements) were not tested and are usually worse."
    )
    lines = [
        f"Every number holds for new rows like these, apart from known ones by {_grouping(plan)}; {farther}",
        "Scores of single strategies are exploratory; only the nested choice is a fair estimate of what choosing "
        "by inner validation gives.",
        "The error quoted for a deployed model is that of its strategy out of fold; it was not re-estimated after "
        "the choice.",
        "Intervals assume new rows drawn like the old; they promise nothing for rows flagged out of domain.",
    ]
    if plan.extends is not None:
        lines += _of_extension(plan, result.folds.fixed)
    if is_simulated(result.table.source):
        lines.insert(
            0,
            "SIMULATION: no label in this table was measured on anything; nothing here is about real materials.",
        )
    if result.folds.barred is not None:
        share = 1.0 - result.folds.barred.mean() - 1.0 / result.folds.n_folds
        lines.append(
            f"Where elements are left out a fold learns from {share:.0%} of the rows on average; the models "
            "deployed are those of the folds."
        )
    sides = Counter(s.side for s in result.strategies)
    if sides["joint"] != sides["separate"]:
        lines.append(
            f"The arms were not tuned alike: {sides['joint']} joint and {sides['separate']} separate network "
            "strategies, each with the same settings."
        )
    counts = result.table.censored_counts.sum(axis=1).tolist()
    censored = [f"{n:,} of {name}" for name, n in zip(result.table.names, counts, strict=True) if n]
    if censored:
        lines.append(f"Censored labels (<x, >x) were left out of training: {', '.join(censored)}.")
    if result.journal:
        lines.append("The time budget dropped strategies or repeats; see what was dropped.")
    if plan.split.repeats < 3 or plan.split.folds < 5:
        lines.append("Fewer than 5 folds x 3 repeats: no verdict is given.")
    return tuple(lines)


def _of_extension(plan: Plan, fixed: bool) -> list[str]:
    assert plan.extends is not None
    lines = [
        "Together means: started from the shared layers that another run learned on "
        f"{', '.join(plan.extends.properties)} in the same fold; apart means from scratch. All models read inputs as "
        "that run prepared them."
    ]
    if fixed:
        lines.append(
            "Every repeat tests the folds of that run, because its networks know the labels of all other folds: "
            "repeats vary starts and inner validation only, and tests count each fold once, as the mean of its repeats."
        )
    return lines


def _grouping(plan: Plan) -> str:
    words = {
        "none": "nothing (rows were split at random)",
        "system": "chemical system",
        "cluster": "cluster of similar inputs",
        "element": "an element that no training row holds",
    }
    return words.get(plan.split.group, plan.split.group)
