"""Where the properties live, shown."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._exhibit import Cell, Exhibit, Grid, Heatmap
from ._phrases import cell, listed, share, signed_percent
from ._separation import SHARE_INSIDE
from ._separators import MOST_VALUES, TRIVIAL, Separator
from ._shift import FEWEST_GROUPS, FEWEST_ROWS, ShiftFinding

__all__ = ["shift_exhibit"]

ALIKE, APART = 0.65, 0.85
"""Areas under which rows of two properties count as hardly, and above which as clearly separable."""
HALF = 0.5
FOREIGN = 0.2
"""Share of rows with something that a domain never had that is worth a word."""
MOST_SENTENCES = 4
WORDS = {
    "apart": "live in clearly different parts of input space",
    "partly": "overlap in part",
    "alike": "live in the same part of input space",
    "unsure": "may live in the same part of input space or in clearly different ones",
}


def shift_exhibit(finding: ShiftFinding) -> Exhibit:
    """What was found of the places of the properties in input space."""
    looked_at = finding.looked_at
    return Exhibit(
        key="shift",
        title="Shift between properties",
        question="Do the properties live in the same part of input space?",
        answer=tuple(_answer(finding)),
        limits=tuple(_limits(finding)),
        grids=(_tasks(finding), *((_pairs(finding),) if len(looked_at) > 1 else ()), *_separators(finding)),
        heatmaps=_heatmaps(finding) if len(looked_at) > 1 else (),
    )


def _answer(finding: ShiftFinding) -> list[str]:
    pairs = list(combinations(finding.looked_at, 2))
    if not pairs:
        return ["There is one property with labels: nothing can be shifted against it."]
    seen = [(s, t) for s, t in pairs if np.isfinite(finding.area[s, t])]
    lines = []
    if seen:
        by_word = {word: [p for p in seen if _word(finding, *p) == word] for word in WORDS}
        n = {word: len(found) for word, found in by_word.items()}
        lines.append(
            f"Of {len(seen)} pairs of properties with rows of their own, {n['apart']} live in clearly different parts "
            f"of input space, {n['partly']} overlap in part, {n['alike']} in the same part, {n['unsure']} unclear."
        )
        order = sorted(seen, key=lambda p: -finding.area[p])
        lines += [_pair_sentence(finding, s, t) for s, t in order[:MOST_SENTENCES]]
    nested = [(s, t) for s, t in pairs if (s, t) not in seen]
    lines += [_unseen(finding, s, t) for s, t in nested[:MOST_SENTENCES]]
    if len(nested) > MOST_SENTENCES:
        lines.append(
            f"{len(nested) - MOST_SENTENCES} more pairs have too few rows of their own to be told apart."
        )
    lines += _trivial(finding)
    lines += _far_from_company(finding)
    return lines


def _word(finding: ShiftFinding, s: int, t: int) -> str:
    area, p = finding.area[s, t], finding.p_holm[s, t]
    if area >= APART and p < 0.05:
        return "apart"
    if finding.low[s, t] < ALIKE and finding.high[s, t] > APART:
        return "unsure"
    return "alike" if area <= ALIKE else "partly"


def _pair_sentence(finding: ShiftFinding, s: int, t: int) -> str:
    a, b = finding.names[s], finding.names[t]
    text = (
        f"{a} and {b} {WORDS[_word(finding, s, t)]}: trees tell their rows apart with an area of "
        f"{finding.area[s, t]:.2f} (95 % interval {finding.low[s, t]:.2f} to {finding.high[s, t]:.2f}; 0.5 is chance); "
        f"{share(finding.inside[s, t])} of the rows of {b} lie inside the domain of {a}, and "
        f"{share(finding.inside[t, s])} the other way round"
    )
    foreign = [(a, b, finding.foreign[t, s]), (b, a, finding.foreign[s, t])]
    text += "".join(
        f"; {share(part)} of the rows of {of} have an element, a category or a gap that {lacks} never has"
        for of, lacks, part in foreign
        if part >= FOREIGN
    )
    names = [x.name for x in finding.separators if (x.first, x.second) == (s, t) and x.is_input][:3]
    if names and finding.area[s, t] > ALIKE:
        text += f"; most separates {listed(names)}"
    if np.isfinite(finding.area_without[s, t]):
        text += f"; without the inputs that are enough alone the area is {finding.area_without[s, t]:.2f}"
    return f"{text}."


def _unseen(finding: ShiftFinding, s: int, t: int) -> str:
    a, b = finding.names[s], finding.names[t]
    text = (
        f"{a} and {b}: {finding.alone[s, t]:,} and {finding.alone[t, s]:,} rows have one label only and "
        f"{finding.shared[s, t]:,} have both: too few of their own to be told apart"
    )
    if np.isfinite(finding.inside[s, t]) or np.isfinite(finding.inside[t, s]):
        text += (
            f"; {share(finding.inside[s, t])} of the rows of {b} lie inside the domain of {a}, "
            f"{share(finding.inside[t, s])} the other way round"
        )
    return f"{text}."


def _trivial(finding: ShiftFinding) -> list[str]:
    trivial = [x for x in finding.separators if x.trivial]
    lines = []
    for is_input, what, meaning in (
        (True, "input", "a network can read from it which property a row belongs to"),
        (False, "column, which is no input,", "the properties come from different sources or methods"),
    ):
        own = [x for x in trivial if x.is_input == is_input]
        for name in dict.fromkeys(x.name for x in own):
            of_name = [x for x in own if x.name == name]
            lines.append(f"The {what} {name!r} alone tells {_which(finding, of_name)} apart: {meaning}.")
    return lines[:MOST_SENTENCES]


def _which(finding: ShiftFinding, separators: list[Separator]) -> str:
    texts = [f"{finding.names[x.first]} and {finding.names[x.second]}" for x in separators]
    return texts[0] if len(texts) == 1 else f"{len(texts)} pairs of properties (such as {texts[0]})"


def _far_from_company(finding: ShiftFinding) -> list[str]:
    """Beside the measured effect; never as its cause."""
    company = finding.company()
    lines = []
    for t in finding.looked_at:
        if company[t] < HALF and np.isfinite(finding.effect[t]):
            change = signed_percent(finding.effect[t])
            lines.append(
                f"{finding.names[t]} lies mostly outside the domains of the others ({share(company[t])} inside, "
                f"{share(SHARE_INSIDE)} expected of rows of the same kind); its error changed by {change} by learning "
                "together."
            )
    return lines[:MOST_SENTENCES]


def _tasks(finding: ShiftFinding) -> Grid:
    company = finding.company()
    rows = []
    for t in finding.looked_at:
        others = [s for s in finding.looked_at if s != t and np.isfinite(finding.area[s, t])]
        nearest = min(others, key=lambda s: finding.area[s, t], default=None)
        rows.append(
            (
                finding.names[t],
                int(finding.counts[t]),
                cell(100 * company[t], 3),
                None if nearest is None else finding.names[nearest],
                None if nearest is None else cell(finding.area[nearest, t], 3),
                cell(100 * finding.effect[t], 3),
            )
        )
    return Grid(
        "Properties, and what sharing did to them",
        (
            "property",
            "labels",
            "inside the domains of the others [%]",
            "hardest to tell from",
            "area",
            "change of error by sharing [%]",
        ),
        tuple(rows),
        f"{share(SHARE_INSIDE)} inside is what rows of the same kind have. The last column is measured, negative is "
        "better; so few properties prove no cause.",
    )


def _pairs(finding: ShiftFinding) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    for s, t in combinations(finding.looked_at, 2):
        rows.append(
            (
                f"{finding.names[s]} / {finding.names[t]}",
                int(finding.shared[s, t]),
                int(finding.shared_groups[s, t]),
                cell(finding.area[s, t], 3),
                f"{finding.low[s, t]:.2f} to {finding.high[s, t]:.2f}"
                if np.isfinite(finding.low[s, t])
                else None,
                cell(finding.p_holm[s, t], 2),
                cell(finding.area_without[s, t], 3),
                cell(100 * finding.inside[s, t], 3),
                cell(100 * finding.inside[t, s], 3),
            )
        )
    return Grid(
        "Pairs",
        (
            "first / second",
            "rows with both",
            f"groups with both ({finding.grouped_by})",
            "area",
            "95 % interval",
            "p (Holm)",
            "area without inputs enough alone",
            "second inside first [%]",
            "first inside second [%]",
        ),
        tuple(rows),
        "The area is of cross-fitted trees between rows with one label only, whole groups apart; rows with both labels "
        "are overlap and count for neither. Inside: mean distance to the five nearest rows of other groups at most the "
        "95th percentile of the domain's own, in its own scale; an element, a category or a gap that it never had is "
        "outside.",
    )


def _separators(finding: ShiftFinding) -> tuple[Grid, ...]:
    if not finding.separators:
        return ()
    rows = tuple(
        (
            f"{finding.names[x.first]} / {finding.names[x.second]}",
            x.name,
            "input" if x.is_input else "column, no input",
            cell(100 * x.gain, 3),
            cell(x.area, 3),
            "enough alone" if x.trivial else "",
        )
        for x in finding.separators
    )
    return (
        Grid(
            "What separates the properties",
            ("pair", "name", "kind", "share of gain [%]", "area alone", ""),
            rows,
            f"Enough alone: an area of at least {TRIVIAL}. Columns that are no inputs are looked at where they have "
            f"2 to {MOST_VALUES} values.",
        ),
    )


def _heatmaps(finding: ShiftFinding) -> tuple[Heatmap, ...]:
    order = list(finding.looked_at)
    names = tuple(finding.names[t] for t in order)

    def values(matrix: np.ndarray) -> tuple[tuple[float | None, ...], ...]:
        part = matrix[np.ix_(order, order)]
        return tuple(tuple(cell(v, 3) for v in line) for line in part.tolist())

    inside = 100 * finding.inside.copy()
    np.fill_diagonal(inside, np.nan)
    return (
        Heatmap(
            "How well the rows of two properties are told apart",
            "area under the curve",
            names,
            names,
            values(finding.area),
            centre=0.5,
            note="0.5: the same part of input space; 1: disjoint parts. Empty: too few rows with one label only.",
        ),
        Heatmap(
            "Rows inside the domain of another property",
            "% of rows",
            names,
            names,
            values(inside),
            row_title="domain of",
            column_title="rows of",
            centre=None,
            note=f"{share(SHARE_INSIDE)} is what rows of the same kind have.",
        ),
    )


def _limits(finding: ShiftFinding) -> list[str]:
    lines = [
        "Different parts of input space need not hurt sharing, and the same part need not help: the measured effect "
        "stands beside, as no proof of a cause.",
        "Only inputs and columns of this table are seen; methods or samples that left no trace in it are not.",
    ]
    left_out = len(finding.names) - len(finding.looked_at)
    if left_out:
        lines.append(
            f"{len(finding.looked_at)} properties with the most labels were looked at; {left_out} others were not."
        )
    if any(np.isnan(finding.area[s, t]) for s, t in combinations(finding.looked_at, 2)):
        lines.append(
            f"Rows are told apart only where both properties have {FEWEST_ROWS} rows in {FEWEST_GROUPS} groups with "
            "one label only."
        )
    if finding.grouped_by == "none":
        lines.append(
            "Rows are not grouped: near copies of a row count as independent, and intervals are too narrow."
        )
    return lines
