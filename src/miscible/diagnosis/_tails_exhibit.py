"""The tails of errors, shown."""

from __future__ import annotations

from ..table import Kind
from ._exhibit import Cell, Exhibit, Grid, Lines, Series
from ._phrases import cell, listed, number, share, signed_percent
from ._tail_groups import FEWEST_IN_GROUP
from ._tail_measures import FEWEST_FOR, FEWEST_POOLED_99, SAME, WRONG_BELOW, Change
from ._tails import TailsFinding, TaskTails

__all__ = ["tails_exhibit"]

TITLE = "Error tails"
QUESTION = "Does learning together make the largest errors larger, and where do they sit?"


def tails_exhibit(finding: TailsFinding) -> Exhibit:
    """What was found of the tails of every property."""
    tasks = finding.tasks
    compared = [t for t in tasks if t.together is not None and t.apart is not None]
    answer = [_summary(compared)] if compared else []
    answer += [_sentence(t) for t in compared]
    lone = [t.name for t in tasks if t.together is None or t.apart is None]
    if lone:
        answer.append(
            f"Not compared for {listed(lone)}: this study has no joint or no separate network with predictions there."
        )
    answer += [text for t in tasks if (text := _concentrated(t))]
    grids = [_percentiles(tasks)] + [g for g in (_groups(tasks, finding.grouped_by),) if g.rows]
    return Exhibit(
        key="tails",
        title=TITLE,
        question=QUESTION,
        answer=tuple(answer),
        limits=_limits(finding),
        grids=tuple(grids),
        lines=_lines(compared),
    )


def _summary(tasks: list[TaskTails]) -> str:
    said = {call: [t.name for t in tasks if t.call == call] for call in ("heavier", "lighter", "alike")}
    if not any(said.values()):
        return (
            "Whether learning together makes the tails heavier cannot be said for any property: no change of a 95th "
            "percentile is certain enough."
        )
    words = {
        "heavier": "larger tail errors together for",
        "lighter": "smaller ones together for",
        "alike": "no practical difference for",
    }
    parts = [f"{words[call]} {listed(names)}" for call, names in said.items() if names]
    open_ = [t.name for t in tasks if t.call == "undecided"]
    parts += [f"undecided for {listed(open_)}"] if open_ else []
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _sentence(task: TaskTails) -> str:
    assert task.together is not None and task.apart is not None
    before, after = number(task.apart.q95, task.unit), number(task.together.q95, task.unit)
    what = "an absolute error" if task.kind == Kind.REGRESSION else "a log loss"
    text = f"{task.name}: 95 of 100 rows have {what} below"
    text += f" {before} apart and {after} together"
    if task.change95 is None:
        return f"{text}; fold by fold the labels are too few to compare tails."
    text += f" ({_changed(task.change95)}; {task.call})"
    if task.change_shape is not None and task.kind == Kind.REGRESSION:
        ratios = f"{number(task.apart.ratio)} to {number(task.together.ratio)}"
        low, high = task.change_shape.interval
        shape = "longer" if low > 0 else "shorter" if high < 0 else "no longer or shorter with any certainty"
        text += f"; over the median error it goes from {ratios}: in proportion the tail is {shape}"
    if task.wrong is not None:
        mean, low, high = task.wrong
        text += (
            f"; rows whose true class got less than {share(WRONG_BELOW)}: {share(task.apart.wrong)} apart, "
            f"{share(task.together.wrong)} together (difference {100 * mean:+.1f} points, 95 % interval "
            f"{100 * low:+.1f} to {100 * high:+.1f})"
        )
    return f"{text}."


def _changed(change: Change) -> str:
    low, high = (signed_percent(v) for v in change.interval)
    return f"by fold {signed_percent(change.relative)}, 95 % interval {low} to {high}"


def _concentrated(task: TaskTails) -> str:
    held = task.concentration
    if held is None or held.p_value > 0.05 or held.for_half > 0.8 * held.expected_for_half:
        return ""
    worst = [f"{g.name!r}" for g in task.worst[:3]]
    groups = (
        f"{held.for_half} of its {held.n_groups:,} groups hold" if held.for_half > 1 else "one group holds"
    )
    return (
        f"The largest errors of {task.name} sit in few groups: {groups} half of the {held.n_largest:,} "
        f"largest (at random it would take about {held.expected_for_half:.0f})"
        + (f"; the groups with the largest mean error are {listed(worst)}." if worst else ".")
    )


def _percentiles(tasks: tuple[TaskTails, ...]) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for task in tasks:
        for arm, tail in (("apart", task.apart), ("together", task.together)):
            if tail is None:
                continue
            change = task.change95 if arm == "together" else None
            change99 = task.change99 if arm == "together" else None
            rows.append(
                (
                    task.name,
                    task.unit or ("log loss" if task.kind != Kind.REGRESSION else ""),
                    arm,
                    cell(tail.median),
                    cell(tail.q95),
                    cell(tail.q99),
                    cell(tail.ratio, 3),
                    cell(tail.ratio99, 3),
                    None if change is None else cell(100 * change.relative, 3),
                    None
                    if change is None
                    else f"{100 * change.interval[0]:+.1f} to {100 * change.interval[1]:+.1f}",
                    None if change is None else cell(change.p_holm, 2),
                    None if change99 is None else cell(100 * change99.relative, 3),
                    task.call if arm == "together" else None,
                )
            )
    return Grid(
        "Percentiles of the errors on outer test rows",
        (
            "property", "unit", "arm", "median", "95th", "99th", "95th / median", "99th / median",
            "change of 95th [%]", "95 % interval [%]", "p (Holm)", "change of 99th [%]", "call",
        ),
        tuple(rows),
        f"Errors are absolute, for classes the log loss of single rows. 99th percentiles from {FEWEST_POOLED_99} "
        f"labels on; paired by fold where a test part has {FEWEST_FOR[0.95]} labels (95th) or {FEWEST_FOR[0.99]} "
        f"(99th). Heavier, lighter: the 95th percentile changes by more than {100 * SAME:.0f} %, with probability of "
        "at least 0.90 on 5 folds x 3 repeats.",
    )  # fmt: skip


def _groups(tasks: tuple[TaskTails, ...], grouped_by: str) -> Grid:
    rows = tuple(
        (task.name, group.name, group.n_labels, cell(group.together), cell(group.apart), task.unit)
        for task in tasks
        for group in task.worst
    )
    return Grid(
        "Groups with the largest mean error",
        ("property", f"group ({grouped_by})", "labels", "error together", "error apart", "unit"),
        rows,
        f"Groups with at least {FEWEST_IN_GROUP} labels; whole groups are tested together.",
    )


def _lines(tasks: list[TaskTails]) -> tuple[Lines, ...]:
    series = tuple(
        Series(
            t.name, tuple((100 * t.levels).tolist()), tuple(cell(100 * v) for v in t.level_changes.tolist())
        )
        for t in tasks
        if len(t.levels) > 1
    )
    if not series:
        return ()
    return (
        Lines(
            "Change of each percentile of the error by learning together",
            "percentile of the error [%]",
            "change, together against apart [%]",
            series,
            note="A line that rises to the right: sharing makes the tail heavier than the middle. Averages over "
            "repeats; at least five labels lie above each point.",
        ),
    )


def _limits(finding: TailsFinding) -> tuple[str, ...]:
    lines = [
        "A percentile far out rests on a few labels: 95th percentiles of small test parts are one or two rows.",
        "Large errors can be wrong labels as well as weak models; this cannot tell them apart.",
    ]
    few = [t.name for t in finding.tasks if t.n_labels < FEWEST_POOLED_99]
    if few:
        lines.append(f"No 99th percentile for {listed(few)}: fewer than {FEWEST_POOLED_99} labels.")
    if not any(t.worst for t in finding.tasks):
        lines.append(
            f"No group has {FEWEST_IN_GROUP} labels (rows are grouped by {finding.grouped_by}), so that worst groups "
            "cannot be named."
        )
    return tuple(lines)
