"""Imbalance in sentences, grids and the sweep's lines."""

from __future__ import annotations

import numpy as np

from ._exhibit import Exhibit, Grid, Lines, Series
from ._imbalance import BALANCED, ImbalanceFinding, Sweep, SweepLevel
from ._phrases import cell, listed, number, share, signed_percent

__all__ = ["imbalance_exhibit"]

SKEWED, EMPTY, RARE = 1.0, 0.75, 0.1
"""From where on a skew, an empty share of the range or a rare class is told in a sentence."""


def imbalance_exhibit(finding: ImbalanceFinding) -> Exhibit:
    """Counts, batches, spreads, and what equal counts change."""
    return Exhibit(
        key="imbalance",
        title="Imbalance between and within properties",
        question="Are some properties drowned by others, and does a loss by sharing come from that?",
        answer=(
            *_between(finding),
            *(_sweep_sentence(finding, s) for s in finding.sweeps),
            *_within(finding),
        ),
        limits=_limits(finding),
        grids=_grids(finding),
        lines=_lines(finding),
    )


def _between(finding: ImbalanceFinding) -> list[str]:
    counts = finding.counts
    if len(counts) < 2 or (counts > 0).sum() < 2:
        return ["Only one property has labels: there is no imbalance between properties."]
    most, least = int(np.argmax(counts)), int(np.argmin(np.where(counts > 0, counts, counts.max() + 1)))
    batches = finding.batches
    if finding.ratios[least] < 2.0:
        return [
            f"The properties have about as many labels each, {counts[least]:,} to {counts[most]:,}: no imbalance "
            "between them."
        ]
    return [
        f"{finding.names[most]} has {counts[most]:,} labels, {finding.names[least]} {counts[least]:,}: "
        f"{number(finding.ratios[least])} to 1. Of the study's training batches of {batches.size} rows "
        f"{share(batches.without[least])} hold no label of {finding.names[least]} (mean "
        f"{number(batches.expected[least])} a batch), {share(batches.alone[most])} hold labels of "
        f"{finding.names[most]} alone."
    ]


def _sweep_sentence(finding: ImbalanceFinding, sweep: Sweep) -> str:
    name, base = finding.names[sweep.target], sweep.separate_error
    whole, equal = sweep.level("all labels"), sweep.level("1 : 1")
    if whole is None or equal is None or not np.isfinite(whole.loss) or not base > 0.0:
        return f"{name}: cannot be seen whether counts matter, too few folds have an error."
    seen = (
        f"together with all labels of the others its error differs by {signed_percent(whole.loss / base)} from that "
        f"apart (90 % interval {_span(whole.low, whole.high, base)})"
    )
    if sweep.call == "no loss":
        return f"{name}: no sure loss by sharing that counts could explain; {seen}."
    balanced = sweep.level(BALANCED)
    ways = [(equal, "with the others cut to as many labels as it has")]
    ways += [(balanced, "with all labels in balanced batches")] if balanced is not None else []
    cut = ", ".join(
        f"{how} the error together changes by {signed_percent(level.change / base)} of that apart "
        f"({_span(level.change_low, level.change_high, base)})"
        for level, how in ways
    )
    verdict = {
        "imbalance": "imbalance is the likely reason of its loss by sharing",
        "not imbalance": "imbalance is not the main reason of its loss by sharing, as half of it stays or more",
        "cannot tell": "this table cannot tell whether imbalance is the reason of its loss by sharing",
    }[sweep.call]
    advice = ""
    if balanced is not None and balanced.change_high < 0.0:
        advice = " Balanced batches give up no label: try 'balanced'."
    return f"{name}: {verdict}; {seen}; {cut}.{advice}"


def _span(low: float, high: float, base: float) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return "unknown"
    return f"{signed_percent(low / base)} to {signed_percent(high / base)}"


def _within(finding: ImbalanceFinding) -> list[str]:
    skewed = [
        f"{finding.names[t]} (skew {s.skew:+.1f}"
        + (f", {share(s.empty)} of its range nearly empty)" if np.isfinite(s.empty) else ")")
        for t, s in enumerate(finding.spreads)
        if abs(s.skew) >= SKEWED or s.empty >= EMPTY
    ]
    rare = [
        f"{finding.names[t]} ({share(min(s.classes))} in the rarest class)"
        for t, s in enumerate(finding.spreads)
        if s.classes and finding.counts[t] and min(s.classes) < RARE
    ]
    words = [f"Labels lie unevenly within {listed(skewed)}."] if skewed else []
    return words + ([f"A class is rare in {listed(rare)}."] if rare else [])


def _limits(finding: ImbalanceFinding) -> tuple[str, ...]:
    words = [
        "Shares of batches hold for full batches drawn from all labelled rows alike, as the plain shared network does."
    ]
    if finding.sweeps:
        words += [
            "Cutting the larger properties down also takes knowledge from the network and makes its batches smaller: a "
            "loss that goes shows that counts matter, not which of their effects does. A gain by sharing may go too.",
            f"Judged on {finding.n_folds} folds x {finding.n_repeats} repeats by {finding.joint!r}, with few "
            "settings, not by the study's best; the sweep may see no loss where the verdict does, and the reverse.",
        ]
    elif (finding.counts > 0).sum() > 1:
        words.append(
            "No sweep over counts: no property with 20 labels has less than half of the labels of another."
        )
    words.append(
        "Imbalance within a property and between properties are two things: weights on labels (lds, Balanced MSE) "
        "answer the first, weights on properties and balanced batches the second."
    )
    return tuple(words)


def _grids(finding: ImbalanceFinding) -> tuple[Grid, ...]:
    batches = finding.batches
    between = Grid(
        "Between properties",
        (
            "property", "labels", "largest : this", "labels a batch", "batches without it [%]",
            "batches with it alone [%]",
        ),
        tuple(
            (
                name, int(finding.counts[t]), cell(finding.ratios[t]), cell(batches.expected[t]),
                cell(100.0 * batches.without[t]), cell(100.0 * batches.alone[t]),
            )
            for t, name in enumerate(finding.names)
        ),
        f"Exact (hypergeometric) for batches of {batches.size} of {batches.n_rows:,.0f} training rows.",
    )  # fmt: skip
    within = Grid(
        "Within a property",
        ("property", "skew of labels", "nearly empty range [%]", "rarest class [%]", "commonest class [%]"),
        tuple(
            (
                name, cell(s.skew), cell(100.0 * s.empty), cell(100.0 * min(s.classes, default=np.nan)),
                cell(100.0 * max(s.classes, default=np.nan)),
            )
            for name, s in zip(finding.names, finding.spreads, strict=True)
        ),
        "In the space that is learned, after a logarithm where there is one. Nearly empty: twentieths of the range "
        "with under 1 % of the labels each.",
    )  # fmt: skip
    rows = tuple(_row(finding, sweep, level) for sweep in finding.sweeps for level in sweep.levels)
    if not rows:
        return between, within
    columns = (
        "property", "others", "largest : this", "loss by sharing", "unit", "loss [%]", "from [%]", "to [%]",
        "against all labels [%]", "from [%]", "to [%]",
    )  # fmt: skip
    note = (
        "Loss: error together minus error apart, as a share of the latter; positive is worse together. Intervals hold "
        "90 %, corrected for folds that share training rows. The last columns compare with another training on all "
        "labels."
    )
    return between, within, Grid("Fewer labels of the others", columns, rows, note)


def _row(finding: ImbalanceFinding, sweep: Sweep, level: SweepLevel) -> tuple[str | float | None, ...]:
    base = sweep.separate_error if sweep.separate_error > 0.0 else float("nan")
    shares = (level.loss, level.low, level.high, level.change, level.change_low, level.change_high)
    return (
        finding.names[sweep.target],
        level.name,
        cell(level.ratio),
        cell(level.loss),
        finding.units[sweep.target],
        *(cell(100.0 * v / base) for v in shares),
    )


def _lines(finding: ImbalanceFinding) -> tuple[Lines, ...]:
    series = []
    for sweep in finding.sweeps:
        base = sweep.separate_error
        levels = sorted((v for v in sweep.levels if v.name != BALANCED), key=lambda v: v.ratio)
        if not base > 0.0:
            continue
        loss, low, high = (
            tuple(cell(100.0 * getattr(v, field) / base) for v in levels) for field in ("loss", "low", "high")
        )
        series.append(
            Series(finding.names[sweep.target], tuple(v.ratio for v in levels), loss, low=low, high=high)
        )
    if not series:
        return ()
    return (
        Lines(
            "Loss by sharing over the ratio of labels",
            "labels of the largest property over those of this one",
            "loss by sharing [%]",
            tuple(series),
            log_x=True,
            note="Positive: worse together. A line that falls towards 1 shows a loss by imbalance.",
        ),
    )
