"""The matrix of transfer in sentences, a grid and a heatmap."""

from __future__ import annotations

import numpy as np

from ._exhibit import Exhibit, Grid, Heatmap
from ._phrases import cell, listed, signed_percent
from ._transfer import LEVEL, TransferFinding

__all__ = ["transfer_exhibit"]


def transfer_exhibit(finding: TransferFinding) -> Exhibit:
    """Sentences, the matrix and the cells in words."""
    sources = [finding.names[s] for s in finding.sources]
    targets = [finding.names[t] for t in finding.targets]
    return Exhibit(
        key="transfer",
        title="Transfer from one property to another",
        question="Does a network that first learned one property learn another one better than from scratch?",
        answer=(*_answer(finding),),
        limits=(*_limits(finding),),
        grids=(
            Grid(
                "Every source and target",
                (
                    "learned first", "then learned", "error from scratch", "unit", "change [%]", "from [%]", "to [%]",
                    "p", "p (Holm)", "against a start on itself [%]", "call",
                ),
                tuple(_rows(finding)),
                "A change is a share of the target's error from scratch; negative is better. Intervals hold 95 % and, "
                "like p, are corrected for folds that share training rows. The last but one column compares with the "
                "same two stages and steps, both spent on the target.",
            ),
        ),
        heatmaps=(
            Heatmap(
                "Change of the target's error by a start on the source",
                "%",
                tuple(sources),
                tuple(targets),
                tuple(tuple(cell(100.0 * v) for v in row) for row in finding.change),
                "learned first",
                "then learned",
                note="Negative: the source helps.",
                low_is_good=True,
            ),
        ),
    )  # fmt: skip


def _answer(finding: TransferFinding) -> list[str]:
    n_cells = int(np.isfinite(finding.p_value).sum())
    if not n_cells:
        return ["Cannot be seen here: no property's error could be told in two folds."]
    words = []
    for call in ("helps", "hurts"):
        cells = sorted(zip(*np.nonzero(finding.calls == call), strict=True), key=lambda c: finding.p_holm[c])
        words += [f"Learning {_cell(finding, s, t)}" for s, t in cells]
    unsure = int(((finding.calls == "cannot tell") & np.isfinite(finding.p_value)).sum())
    if not words:
        s, t = np.unravel_index(np.nanargmin(finding.p_value), finding.p_value.shape)
        words = [
            f"No start on another property surely helped or hurt a target ({n_cells} pairs, in a test that allows for "
            "their number).",
            f"The nearest to it: learning {_cell(finding, int(s), int(t))}",
        ]
    elif unsure:
        words.append(f"For {unsure} of {n_cells} pairs this table cannot tell.")
    steps = (finding.p_holm <= LEVEL) & (finding.calls == "cannot tell")
    if steps.any():
        words.append(
            f"For {int(steps.sum())} of {n_cells} pairs the error surely changed, but as much or more by a start on "
            "the target itself with as many steps: more training may have done it, not the other property."
        )
    return words


def _cell(finding: TransferFinding, s: int, t: int) -> str:
    target = int(finding.targets[t])
    verb = {"helps": "helps", "hurts": "hurts"}.get(finding.calls[s, t], "may change")
    interval = f"{signed_percent(finding.low[s, t])} to {signed_percent(finding.high[s, t])}"
    return (
        f"{finding.names[int(finding.sources[s])]} first {verb} {finding.names[target]}: {finding.error_names[target]} "
        f"{signed_percent(finding.change[s, t])} (95 % interval {interval}, p after Holm {finding.p_holm[s, t]:.2g})."
    )


def _limits(finding: TransferFinding) -> list[str]:
    seeds = f", {finding.n_seeds} seeds in each" if finding.n_seeds > 1 else ""
    words = [
        f"Judged on {finding.n_folds} folds x {finding.n_repeats} repeats{seeds}; networks only, with few settings. A "
        "pair that is not called may still matter.",
        "Starting from a property is not learning together with it: a verdict on sharing may differ.",
        "A warm start takes more steps than a start from scratch. Therefore a call also needs a better (or worse) mean "
        "than the same two stages spent on the target alone.",
    ]
    for side, left in (("first", finding.sources_left_out), ("as a target", finding.targets_left_out)):
        if left:
            words.append(f"Not tried {side}: {listed([finding.names[t] for t in left])}.")
    return words


def _rows(finding: TransferFinding) -> list[tuple[str | float | None, ...]]:
    return [
        (
            finding.names[int(source)],
            finding.names[int(target)],
            cell(finding.scratch[t]),
            finding.units[int(target)],
            cell(100.0 * finding.change[s, t]),
            cell(100.0 * finding.low[s, t]),
            cell(100.0 * finding.high[s, t]),
            cell(finding.p_value[s, t]),
            cell(finding.p_holm[s, t]),
            cell(100.0 * finding.beyond[s, t]),
            str(finding.calls[s, t]),
        )
        for s, source in enumerate(finding.sources)
        for t, target in enumerate(finding.targets)
        if source != target
    ]
