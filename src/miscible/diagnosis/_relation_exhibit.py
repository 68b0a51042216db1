"""What a user is told of relation graphs."""

from __future__ import annotations

import numpy as np

from ..evaluation import finite_mean
from ._alignment_measures import known_spread
from ._exhibit import Cell, Exhibit, Grid, Heatmap
from ._phrases import cell, listed, p_text, share
from ._relation import RelationFinding

__all__ = ["relation_exhibit"]


def relation_exhibit(finding: RelationFinding) -> Exhibit:
    """Sentences, the matrix of influence beside that of shuffled labels, and every pair."""
    return Exhibit(
        key="relation",
        title="Task relation graph",
        question=f"What do {listed(finding.names)} take from each other in a learned relation graph?",
        answer=(*_answers(finding), _control(finding)),
        limits=_limits(finding),
        grids=(_pairs(finding),),
        heatmaps=(
            _heatmap(finding, finding.mean, "Influence", "Mean over networks."),
            _heatmap(
                finding,
                finding.null_mean,
                "Influence of shuffled labels",
                "The column's labels were shuffled.",
            ),
        ),
    )


def _answers(finding: RelationFinding) -> list[str]:
    largest = float(np.nanmax(finding.mean)) if np.isfinite(finding.mean).any() else float("nan")
    if not finding.control.visible:
        return [
            "Cannot be seen: on this table the graph does not tell a known copy from shuffled labels, so its other "
            f"numbers (the largest is {share(largest)}) say nothing about relations."
        ]
    above = [(t, s) for t, s in np.argwhere(finding.above).tolist()]
    if not above:
        return [
            "No property is seen to take more from another than from shuffled labels; the largest influence is "
            f"{share(largest)} of a property's state."
        ]
    above.sort(key=lambda pair: -finding.mean[pair])
    told = [
        f"{finding.names[t]} takes {share(finding.mean[t, s])} of its state from {finding.names[s]}, "
        f"{share(finding.null_mean[t, s])} when the labels of {finding.names[s]} are shuffled."
        for t, s in above
    ]
    n_tasks = len(finding.names)
    rest = n_tasks * (n_tasks - 1) - len(above)
    if rest:
        told.append(f"The other {rest} influences cannot be told from those of shuffled labels.")
    return told


def _control(finding: RelationFinding) -> str:
    control = finding.control
    return (
        f"Control: {control.name} with a quarter of its labels, beside a noisy copy of itself with all of them, takes "
        f"{share(float(finite_mean(control.copy)))} of its state from the copy (standard deviation "
        f"{share(float(known_spread(control.copy)))} over networks) and {share(float(finite_mean(control.shuffled)))} "
        f"from the copy with shuffled labels ({p_text(control.p)})."
    )


def _limits(finding: RelationFinding) -> tuple[str, ...]:
    told = [
        "A relation graph is a weak witness: all properties share the trunk already, so that there may be nothing left "
        "to take through the graph, however closely two properties are related. Influence near 0 is no sign of "
        "independence.",
        "Influence above that of shuffled labels says that the graph uses what the other property's labels taught, "
        "not that predictions get better by it; the measured effect of sharing says that.",
        "The graph starts at 0 and stops with the training; a longer training or another start gives other numbers.",
        "Influence is a length without a sign: whether a property takes the other's state or its opposite is not seen.",
        f"The test allows for folds that share rows, and {finding.n_networks} networks see large differences only.",
    ]
    if finding.n_left_out:
        told.append(f"Not looked at, as they have fewer labels: {finding.n_left_out} of the properties.")
    return tuple(told)


def _pairs(finding: RelationFinding) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for t, name in enumerate(finding.names):
        for s, source in enumerate(finding.names):
            if s == t:
                continue
            if not finding.control.visible:
                verdict = "cannot be seen"
            else:
                verdict = "above shuffled labels" if finding.above[t, s] else "not distinguishable"
            rows.append(
                (
                    name,
                    source,
                    cell(100 * finding.mean[t, s], 3),
                    cell(100 * finding.spread[t, s], 2),
                    cell(100 * finding.null_mean[t, s], 3),
                    cell(100 * finding.null_spread[t, s], 2),
                    cell(finding.score[t, s], 3),
                    cell(finding.p[t, s], 2),
                    cell(100 * finding.exceedance[t, s], 3),
                    verdict,
                )
            )
    return Grid(
        title="Every influence",
        columns=(
            "property",
            "takes from",
            "share of its state [%]",
            "standard deviation over networks [%]",
            "with shuffled labels [%]",
            "standard deviation [%]",
            "difference of logarithms over its standard error",
            "p (Holm)",
            "shuffled networks below the mean [%]",
            "verdict",
        ),
        rows=tuple(rows),
        note=f"{finding.n_networks} networks in {finding.n_folds} folds, and as many with the labels of each property "
        "shuffled.",
    )


def _heatmap(finding: RelationFinding, values: np.ndarray, title: str, note: str) -> Heatmap:
    return Heatmap(
        title=title,
        unit="share of the row's state [%]",
        rows=finding.names,
        columns=finding.names,
        values=tuple(tuple(cell(100 * v, 3) for v in line) for line in values),
        row_title="property",
        column_title="takes from",
        centre=None,
        note=note,
    )
