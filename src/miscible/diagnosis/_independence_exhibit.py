"""What properties tell about each other, as sentences, a table and heatmaps."""

from __future__ import annotations

import math
from collections.abc import Callable

from ._exhibit import Exhibit, Grid, Heatmap
from ._independence import IndependenceFinding
from ._independence_pair import Independence

__all__ = ["independence_exhibit"]

MOST_SAID = 4


def independence_exhibit(finding: IndependenceFinding) -> Exhibit:
    """What a reader is told."""
    return Exhibit(
        key="independence",
        title="Independence",
        question="Does a property bring information about another, or is it a copy of it, or neither?",
        answer=tuple(_answer(finding)),
        limits=tuple(_limits(finding)),
        grids=tuple(_grids(finding)),
        heatmaps=tuple(_heatmaps(finding)),
    )


def _answer(finding: IndependenceFinding) -> list[str]:
    if len(finding.names) < 2:
        return ["Cannot be seen: fewer than two properties have 40 labels or more."]
    called = {
        relation: [pair for pair in finding.pairs if pair.relation == relation]
        for relation in ("redundant", "informative", "independent", "cannot tell")
    }
    counts = ", ".join(f"{len(pairs)} {relation}" for relation, pairs in called.items())
    said = [f"Of {len(finding.pairs)} ordered pairs: {counts}."]
    said += [_redundant(pair, finding) for pair in called["redundant"][:MOST_SAID]]
    if called["redundant"]:
        said.append(
            "A redundant property is no second witness: learned from the same measurement it brings no new information "
            "to the other, however high their correlation."
        )
    said += [f"Computed from two others: {formula}." for formula in finding.composed[:MOST_SAID]]
    helpful = sorted(called["informative"], key=lambda pair: pair.change)
    said += [_informative(pair) for pair in helpful[:MOST_SAID]]
    if called["independent"]:
        named = "; ".join(f"{pair.source} for {pair.target}" for pair in called["independent"][:MOST_SAID])
        said.append(f"Knowing it does not lower the error by 2 % or more: {named}.")
    return said


def _redundant(pair: Independence, finding: IndependenceFinding) -> str:
    text = f"{pair.target} is redundant with {pair.source}"
    if pair.derived:
        return f"{text}: the audit found it is {pair.derived}."
    assert pair.law is not None
    text += f": {pair.law.text} explains {_share(pair.law.explained)} of it on rows not seen ({pair.n_rows:,} shared)"
    noise = finding.noise[finding.names.index(pair.target)]
    if noise > 1.0 - pair.law.explained:
        text += (
            f"; repeated measurements of {pair.target} differ by more ({_share(noise)} of its variance), so it was "
            "computed rather than measured"
        )
    return text + "."


def _informative(pair: Independence) -> str:
    low, high = (100 * end for end in pair.interval)
    how = (
        f"measured on {pair.n_rows:,} shared rows"
        if pair.basis == "shared rows"
        else "as predicted from its own rows, since too few are shared"
    )
    return (
        f"{pair.source} is informative about {pair.target}: {how}, it changes the error by {100 * pair.change:+.1f} % "
        f"(95 % interval {low:+.1f} to {high:+.1f})."
    )


def _limits(finding: IndependenceFinding) -> list[str]:
    said = [
        "On shared rows the measured value of the other property is given as an input. Where it helps, it knows what "
        "the inputs do not, such as the processing of the specimen, or says in one number what is hard to learn from "
        "many; a shared network never sees that value for a new row and need not gain as much.",
        "Where too few rows are shared, predictions of the other property are the input. They can bring only what "
        "can be learned from the same inputs; a copy cannot be recognised in this way.",
        f"Gains are those of LightGBM over {finding.n_folds} folds, each pair judged on its own: of calls at a "
        "probability of 0.9 one in ten may be wrong.",
        "Redundancy is looked for in curves of one property, and in products of it with one input; other formulas are "
        "not seen.",
    ]
    if finding.n_folds < 3:
        said.append("Two folds can hardly decide anything; look at this in full.")
    if finding.scarce:
        said.append(f"Too few labels (under 40): {', '.join(finding.scarce)}.")
    if finding.left_out:
        said.append(f"Not looked at, because there are many properties: {', '.join(finding.left_out)}.")
    return said


def _grids(finding: IndependenceFinding) -> list[Grid]:
    if not finding.pairs:
        return []
    heads = (
        "property", "told by", "relation", "basis", "shared rows", "change of error [%]", "from [%]", "to [%]",
        "best formula", "explained by it", "correlation of residuals", "rank correlation of predictions",
    )  # fmt: skip
    rows = tuple(
        (
            pair.target,
            pair.source,
            pair.relation,
            pair.basis,
            pair.n_rows,
            _number(100 * pair.change, 1),
            _number(100 * pair.interval[0], 1),
            _number(100 * pair.interval[1], 1),
            pair.derived or (pair.law.text if pair.law else ""),
            _number(pair.law.explained, 3) if pair.law else None,
            _number(pair.residual_correlation, 2),
            _number(pair.prediction_correlation, 2),
        )
        for pair in finding.pairs
    )
    source = f" Correlations are those of {finding.strategy}, out of fold." if finding.strategy else ""
    note = f"Change of the error by knowing the other property; negative = it helps, with a 95 % interval.{source}"
    return [Grid("What each property tells about each other", heads, rows, note)]


def _heatmaps(finding: IndependenceFinding) -> list[Heatmap]:
    if len(finding.names) < 2:
        return []
    maps = [
        _heatmap(
            finding,
            "Change of the error by knowing another property",
            "%",
            lambda p: _number(100 * p.change, 1),
        )
    ]
    if any(pair.law for pair in finding.pairs):
        maps.append(
            _heatmap(
                finding,
                "Explained by a formula in another property",
                "share of the spread",
                lambda p: _number(p.law.explained, 3) if p.law else None,
                centre=None,
            )
        )
    return maps


def _heatmap(
    finding: IndependenceFinding,
    title: str,
    unit: str,
    value: Callable[[Independence], float | None],
    centre: float | None = 0.0,
) -> Heatmap:
    values = {(pair.target, pair.source): value(pair) for pair in finding.pairs}
    names = finding.names
    rows = tuple(tuple(values.get((t, s)) for s in names) for t in names)
    return Heatmap(
        title, unit, names, names, rows, "property", "told by", centre, low_is_good=centre is not None
    )


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
