"""The sentences of the report that follow from the verdicts alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..advice import Call, PropertyVerdict
from ..evaluation import get_metric

__all__ = ["CALLS", "answer", "deploy_answer", "listed", "metric_label", "short_error_label"]

CALLS = {
    Call.MIX: "learning it together with other properties lowers its error",
    Call.SEPARATE: "learning it together with other properties raises its error",
    Call.EITHER: "together or apart makes no difference that matters",
    Call.UNDECIDED: "this table cannot tell",
}

MANY = 8
NOT_COMPARED = "Learning together was not compared with learning apart in this study."


def short_error_label(metric: str, unit: str = "") -> str:
    """The metric in its error form for a table heading, with the unit of the error."""
    label = get_metric(metric).short_error_label
    return f"{label} [{unit}]" if unit else label


def metric_label(metric: str, unit: str = "") -> str:
    """A descriptive metric in its natural form, with the property's unit where it has one."""
    judge = get_metric(metric)
    return f"{judge.label} [{unit}]" if unit and judge.has_unit else judge.label


def listed(names: Sequence[str], most: int = 6) -> str:
    """``a, b and c``; long lists are cut and counted."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def answer(verdicts: Sequence[PropertyVerdict]) -> str:
    """One sentence: what to mix, what to keep apart, what does not matter, what is open."""
    if len(verdicts) > MANY:
        return _counted(verdicts)
    named = {call: [v.name for v in verdicts if v.call is call and v.sharing is not None] for call in Call}
    parts = []
    if named[Call.MIX]:
        parts.append(f"learn {listed(named[Call.MIX])} together with other properties")
    if named[Call.SEPARATE]:
        parts.append(f"keep {listed(named[Call.SEPARATE])} apart")
    if named[Call.EITHER]:
        parts.append(f"for {listed(named[Call.EITHER])} it makes no difference")
    if named[Call.UNDECIDED]:
        parts.append(f"for {listed(named[Call.UNDECIDED])} this table cannot tell")
    if not parts:
        return NOT_COMPARED
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _counted(verdicts: Sequence[PropertyVerdict]) -> str:
    """The same for many properties, by their number."""
    counts = Counter(v.call for v in verdicts if v.sharing is not None)
    if not counts:
        return NOT_COMPARED
    phrases = (
        (Call.MIX, "learn {} together with others"),
        (Call.SEPARATE, "keep {} apart"),
        (Call.EITHER, "for {} it makes no difference"),
        (Call.UNDECIDED, "for {} this table cannot tell"),
    )
    parts = [phrase.format(f"{counts[call]:,}") for call, phrase in phrases if counts[call]]
    return f"Of {len(verdicts):,} properties, {'; '.join(parts)}."


def deploy_answer(verdicts: Sequence[PropertyVerdict]) -> str:
    """One sentence: which model to deploy for how many properties; empty if none was chosen."""
    chosen = Counter(v.deploy.strategy for v in verdicts if v.deploy is not None)
    if not chosen:
        return ""
    if len(chosen) == 1:
        (strategy,) = chosen
        scope = "every property" if chosen[strategy] > 1 else next(v.name for v in verdicts if v.deploy)
        return f"The model to deploy is {strategy} for {scope}."
    parts = [
        f"{strategy} for {listed([v.name for v in verdicts if v.deploy and v.deploy.strategy == strategy], 3)}"
        for strategy, _ in chosen.most_common()
    ]
    return f"The models to deploy: {'; '.join(parts)}."
