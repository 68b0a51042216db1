"""What a user is told of the alignment of gradients."""

from __future__ import annotations

import numpy as np

from ..evaluation import finite_mean
from ._alignment import AlignmentFinding, ArchitectureEffect
from ._alignment_measures import SEEN, WEAK
from ._exhibit import Cell, Exhibit, Grid, Heatmap, Lines, Series
from ._phrases import cell, listed, number, share

__all__ = ["alignment_exhibit"]

_MOST_LINES = 6

_WORDS = {
    "aligned": "pull the same way",
    "opposed": "pull against each other",
    "neither": "neither help nor hinder each other",
    "unclear": "cannot be seen: networks disagree on the sign or the size",
    "noise": "cannot be seen: within one of the two properties gradients are mostly noise",
    "no control": "cannot be seen: not even two halves of one property look alike here",
}


def alignment_exhibit(finding: AlignmentFinding) -> Exhibit:
    """Sentences, a matrix, the evidence of every pair, and cosines over training."""
    return Exhibit(
        key="alignment",
        title="Gradient alignment",
        question=f"Do the gradients of {listed(finding.names)} pull the shared layers the same way?",
        answer=(*_answers(finding), _control(finding), *map(_architecture, finding.architectures)),
        limits=_limits(finding),
        grids=(_pairs(finding), _parts(finding), _architectures(finding)),
        heatmaps=(_cosines(finding),),
        lines=(_curves(finding),),
    )


def _answers(finding: AlignmentFinding) -> list[str]:
    told = []
    for call, words in _WORDS.items():
        own = [(i, j) for i, j in finding.pairs if finding.calls[i, j] == call]
        if not own:
            continue
        own.sort(key=lambda p: -abs(np.nan_to_num(finding.corrected[p])))
        names = []
        for i, j in own:
            name = f"{finding.names[i]} with {finding.names[j]}"
            if call in ("aligned", "opposed", "neither"):
                name += f" (cosine {_signed(finding.corrected[i, j])})"
            names.append(name)
        told.append(f"{words[0].upper()}{words[1:]}: {listed(names)}.")
    return told


def _control(finding: AlignmentFinding) -> str:
    copy = finding.copy
    text = (
        f"For comparison {copy.name} was split into two tasks without a row in common: their cosine is "
        f"{_signed(copy.corrected)} (standard deviation {number(copy.spread)} over networks)."
    )
    if copy.visible:
        return f"{text} That, not 1, is what a perfect relation looks like on this table."
    return f"{text} Not even a perfect relation is seen, so nothing can be concluded from cosines near 0."


def _architecture(effect: ArchitectureEffect) -> str:
    if not effect.n_pairs or not np.isfinite(effect.low + effect.high):
        return f"Whether {effect.name} changes the conflict cannot be seen."
    if effect.low <= 0.0 <= effect.high:
        verdict = f"{effect.name} does not visibly change the conflict on the trunk"
    else:
        verdict = f"{effect.name} {'reduces' if effect.high < 0 else 'increases'} the conflict on the trunk"
    return (
        f"{verdict[0].upper()}{verdict[1:]}: {share(effect.negative)} of dot products are negative against "
        f"{share(effect.base_negative)} in plain sharing (difference from {_points(effect.low)} to "
        f"{_points(effect.high)} percentage points)."
    )


def _limits(finding: AlignmentFinding) -> tuple[str, ...]:
    told = [
        "A head can turn the sign of its property: a property and its opposite look exactly alike here. A positive "
        "cosine says that two properties use the same inputs in the same way, not that they rise together; a negative "
        "one that the present features suit one at the expense of the other, which may pass.",
        "Two heads start at random, so that even a copy has a smaller cosine than the two halves under one head.",
        f"A property whose own halves have a cosine below {SEEN} is called noise; a corrected cosine under {WEAK} is "
        "called neither. Late in training the gradient of a fitted property is mostly the wobble of the optimiser, "
        "even of one that is pure noise; calls are therefore made on the first half of training.",
        "Networks of different folds share most rows. That is allowed for in the error of a mean but not in the test "
        "of signs, so a chance likeness of few labels can look stable; and each pair is judged on its own, so that of "
        "many pairs one may be called by chance.",
        "Alignment is what one step would do. It never decides about sharing: the measured effect does.",
    ]
    disjoint = [
        f"{finding.names[i]} with {finding.names[j]}" for i, j in finding.pairs if finding.overlap[i, j] < 0.3
    ]
    if disjoint:
        told.append(
            "Less than 30 % of rows are shared, where cosines have been reported to be noise (arXiv 2604.07848), by "
            f"{listed(disjoint)}."
        )
    if finding.n_left_out:
        told.append(f"Not looked at, as they have fewer labels: {finding.n_left_out} of the properties.")
    return tuple(told)


def _pairs(finding: AlignmentFinding) -> Grid:
    rows: list[tuple[Cell, ...]] = []
    control = np.diagonal(finite_mean(finding.seen))
    positive = finite_mean(np.where(np.isfinite(finding.seen), finding.seen > 0.0, np.nan))
    for i, j in finding.pairs:
        rows.append(
            (
                finding.names[i],
                finding.names[j],
                cell(finding.corrected[i, j], 3),
                cell(finding.spread[i, j], 2),
                cell(finding.kept_corrected[i, j], 3),
                cell(100 * positive[i, j], 3),
                cell(100 * finding.negative[i, j], 3),
                cell(100 * finding.negative_spread[i, j], 2),
                cell(control[i], 2),
                cell(control[j], 2),
                cell(100 * finding.overlap[i, j], 3),
                _WORDS[finding.calls[i, j]],
            )
        )
    return Grid(
        title="Every pair of properties",
        columns=(
            "property",
            "with",
            "cosine, first half of training",
            "standard deviation over networks",
            "cosine at the epoch kept",
            "networks with a positive cosine [%]",
            "negative dot products [%]",
            "standard deviation [%]",
            "split-half cosine of the first",
            "split-half cosine of the second",
            "rows of the scarcer with both labels [%]",
            "what is seen",
        ),
        rows=tuple(rows),
        note=f"{finding.n_networks} networks in {finding.n_folds} folds. Cosines are corrected for noise with the "
        "split-half cosines; pairs of labels of one row are left out.",
    )


def _parts(finding: AlignmentFinding) -> Grid:
    names = tuple(finding.parts)
    rows: list[tuple[Cell, ...]] = [
        (finding.names[i], finding.names[j], *(cell(finding.parts[p][i, j], 3) for p in names))
        for i, j in finding.pairs
    ]
    rows += [
        (name, "itself", *(cell(finding.parts[p][t, t], 3) for p in names))
        for t, name in enumerate(finding.names)
    ]
    return Grid(
        title="By shared layer, bottom first",
        columns=("property", "with", *(f"cosine in {p}" for p in names)),
        rows=tuple(rows),
        note="First half of training, corrected for noise; with itself: split-half cosine.",
    )


def _architectures(finding: AlignmentFinding) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        (
            effect.name,
            effect.n_pairs,
            cell(100 * effect.base_negative, 3),
            cell(100 * effect.negative, 3),
            cell(100 * effect.difference, 3),
            cell(100 * effect.low, 3),
            cell(100 * effect.high, 3),
            cell(effect.base_cosine, 3),
            cell(effect.cosine, 3),
        )
        for effect in finding.architectures
    ]
    return Grid(
        title="Does another architecture reduce the conflict?",
        columns=(
            "architecture",
            "pairs that can be seen",
            "negative in plain sharing [%]",
            "negative here [%]",
            "difference [percentage points]",
            "95 % from",
            "95 % to",
            "mean cosine in plain sharing",
            "mean cosine here",
        ),
        rows=tuple(rows),
        note="On the trunk, the layers that all of them share; same folds, starts and number of epochs.",
    )


def _cosines(finding: AlignmentFinding) -> Heatmap:
    return Heatmap(
        title="Cosines between gradients",
        unit="cosine, corrected for noise",
        rows=finding.names,
        columns=finding.names,
        values=tuple(tuple(cell(v, 3) for v in line) for line in finding.corrected),
        note="Mean over the first half of training and all networks. See the table for what can be believed.",
    )


def _curves(finding: AlignmentFinding) -> Lines:
    epochs = tuple(float(e) for e in range(1, len(finding.curve) + 1))
    pairs = sorted(finding.pairs, key=lambda p: -abs(np.nan_to_num(finding.corrected[p])))[:_MOST_LINES]
    series = []
    for i, j in pairs:
        mean, spread = finding.curve[:, i, j], np.nan_to_num(finding.curve_spread[:, i, j])
        series.append(
            Series(
                f"{finding.names[i]} with {finding.names[j]}",
                epochs,
                tuple(cell(v) for v in mean),
                low=tuple(cell(v) for v in mean - spread),
                high=tuple(cell(v) for v in mean + spread),
            )
        )
    return Lines(
        title="Cosines over training",
        x_title="epoch",
        y_title="cosine as seen in samples, not corrected",
        series=tuple(series),
        note="Bands: one standard deviation over the networks that are still training.",
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}" if np.isfinite(value) else "unknown"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"
