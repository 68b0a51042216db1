"""Learning curves in sentences, lines and a grid of what more labels would buy."""

from __future__ import annotations

import numpy as np

from ..evaluation import finite_mean
from ._exhibit import Exhibit, Grid, Lines, Series
from ._label_fit import Gain
from ._labels import JOINT, LabelCurve, LabelsFinding
from ._phrases import cell, listed, number, signed_percent

__all__ = ["labels_exhibit"]

LEARNERS = {
    JOINT: "the network of all properties",
    "independent": "the network of this property alone",
    "lightgbm": "LightGBM",
}


def labels_exhibit(finding: LabelsFinding) -> Exhibit:
    """What more labels would buy, property by property."""
    return Exhibit(
        key="labels",
        title="What more labels would buy",
        question="How far would more measurements of a property, or of the one it learns with, lower its error?",
        answer=tuple(s for t in finding.targets for s in _sentences(finding, t)),
        limits=_limits(finding),
        grids=(
            Grid(
                "More labels",
                (
                    "property", "learner", "labels of", "labels now", "more", "error now", "unit", "change", "from",
                    "to", "change [%]", "curve",
                ),
                tuple(row for curve in finding.curves for row in _rows(finding, curve)),
                "A change is read off the fitted curve; negative is better. The range holds 95 % over folds, corrected "
                "for shared training rows, and covers both forms of curve where two were fitted.",
            ),
        ),
        lines=tuple(
            _lines(finding, t, own)
            for t in finding.targets
            for own in (True, False)
            if finding.curves_of(t, own)
        ),
    )  # fmt: skip


def _sentences(finding: LabelsFinding, target: int) -> list[str]:
    name, unit = finding.names[target], finding.units[target]
    own = [c for c in finding.curves_of(target, True) if np.isfinite(c.error)]
    if not own:
        return [f"{name}: cannot be seen, no error could be told."]
    best = min(own, key=lambda c: c.error)
    now = f"{finding.error_names[target]} now {number(best.error, unit)} by {LEARNERS[best.learner]}, the best of "
    words = [f"{name} ({now}{len(own)} learners tried here): {_gains(finding, best)}."]
    words += [
        f"{name}, learned with {finding.names[c.labels_of]} in one network: {_gains(finding, c)}."
        for c in finding.curves_of(target, False)
    ]
    return words


def _gains(finding: LabelsFinding, curve: LabelCurve) -> str:
    known = [g for g in curve.gains if np.isfinite(g.change)]
    labels = finding.names[curve.labels_of]
    if not known:
        return f"what more labels of {labels} would buy cannot be seen"
    return "; ".join(_gain(curve, g, finding.units[curve.target], labels) for g in known[-2:])


def _gain(curve: LabelCurve, gain: Gain, unit: str, labels: str) -> str:
    twice = round(gain.more) == round(curve.counts[-1])
    what = f"twice the labels of {labels}" if twice else f"{gain.more:,.0f} more labels of {labels}"
    change = number(abs(gain.change), unit)
    share = signed_percent(_share(gain.change, curve))
    span = f"{_bound(_share(gain.low, curve))} to {_bound(_share(gain.high, curve))}"
    if gain.high < 0.0:
        return f"{what} would lower the error by about {change} ({share}, range {span})"
    if gain.low > 0.0:
        return f"{what} would raise the error by about {change} ({share}, range {span})"
    return f"{what} might change the error by {share}, which cannot be told from nothing (range {span})"


def _share(change: float, curve: LabelCurve) -> float:
    return change / curve.error if curve.error > 0.0 else float("nan")


def _bound(share: float) -> str:
    return signed_percent(share) if np.isfinite(share) else "anything"


def _limits(finding: LabelsFinding) -> tuple[str, ...]:
    few = any(c.fit.form == "power law without floor" for c in finding.curves)
    form = (
        "Three counts cannot bear more than error = b n^-c, which never flattens out and may promise too much."
        if few
        else "Error = a + b n^-c was fitted to four counts; the range also covers the same without a floor a."
    )
    words = [
        "No curve is read beyond twice the labels there are.",
        form,
        f"Judged on {finding.n_folds} folds x {finding.n_repeats} repeats, with few settings. More labels are taken to "
        "be like those there are; labels chosen for empty regions of the inputs may buy more, more of the same group "
        "less.",
        "Counts are those of the whole table; each fold learns from its training share of them.",
    ]
    if finding.left_out:
        words.append(
            f"Only the scarcest properties were looked at; left out: "
            f"{listed([finding.names[t] for t in finding.left_out])}."
        )
    return tuple(words)


def _rows(finding: LabelsFinding, curve: LabelCurve) -> list[tuple[str | float | None, ...]]:
    return [
        (
            finding.names[curve.target],
            curve.learner,
            finding.names[curve.labels_of],
            round(curve.counts[-1]),
            round(gain.more),
            cell(curve.error),
            finding.units[curve.target],
            cell(gain.change),
            cell(gain.low),
            cell(gain.high),
            cell(100.0 * _share(gain.change, curve)),
            curve.fit.form,
        )
        for gain in curve.gains
    ]


def _lines(finding: LabelsFinding, target: int, own: bool) -> Lines:
    curves = finding.curves_of(target, own)
    labels, unit = finding.names[curves[0].labels_of], finding.units[target]
    name = finding.names[target]
    title = f"{name} over its own labels" if own else f"{name} over the labels of {labels}"
    series = []
    for curve in curves:
        mean = finite_mean(curve.errors.T).tolist()
        series.append(Series(curve.learner, tuple(curve.counts.tolist()), tuple(cell(m) for m in mean)))
        if curve.fit.form != "none":
            x = np.geomspace(curve.counts[0], 2.0 * curve.counts[-1], 16)
            fitted = tuple(cell(v) for v in curve.fit.at(x))
            series.append(Series(f"{curve.learner}, fitted", tuple(x.tolist()), fitted))
    y_title = f"{finding.error_names[target]} [{unit}]" if unit else finding.error_names[target]
    return Lines(
        title,
        f"labels of {labels}",
        y_title,
        tuple(series),
        log_x=True,
        note="Fitted curves end at twice the labels.",
    )
