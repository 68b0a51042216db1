"""Forms and distances of forms as sentences, tables and curves."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import rankdata

from ..evaluation import finite_mean
from ._exhibit import Cell, Exhibit, Grid, Heatmap, Lines, Series
from ._form import FormFinding
from ._form_choice import FormChoice
from ._form_elements import ELEMENT_FORMS
from ._form_models import FORMS

__all__ = ["form_exhibit"]

WORDS = {
    "constant": "a constant",
    "linear": "straight lines",
    "power": "power laws",
    "polynomial": "polynomials of second degree",
    "spline": "curves freer than any of the formulas (splines)",
}
MOST_SAID, MOST_DRAWN = 8, 3


def form_exhibit(finding: FormFinding) -> Exhibit:
    """What a reader is told."""
    return Exhibit(
        key="form",
        title="Functional form",
        question="Which formula describes how each property depends on its main inputs, and do properties bend alike?",
        answer=tuple(_answer(finding)),
        limits=tuple(_limits(finding)),
        grids=tuple(_grids(finding)),
        heatmaps=tuple(_heatmaps(finding)),
        lines=tuple(_lines(finding)),
    )


def _answer(finding: FormFinding) -> list[str]:
    if finding.no_inputs:
        return ["Cannot be seen: the table has no numeric input with a meaning of its own."]
    if not finding.names:
        return ["Cannot be seen: no property has 30 labels or more."]
    pairs = [pair for pair in _pairs(finding) if pair[0]]
    said = [_pair_sentence(finding)] if len(finding.compared) > 1 else []
    said += [_effect_sentence(finding)] if pairs else []
    said += [
        _property_sentence(name, choice, directions)
        for name, choice, directions in list(
            zip(finding.names, finding.additive, finding.directions, strict=True)
        )[:MOST_SAID]
    ]
    return [*said, *_element_sentences(finding)]


def _property_sentence(name: str, choice: FormChoice, directions: tuple[str, ...]) -> str:
    if not choice.best:
        return f"{name}: no form could be scored."
    if not directions or choice.best == "constant":
        return f"{name}: no formula of single inputs predicts it better than a constant does."
    score = dict(zip(FORMS, choice.scores.tolist(), strict=True))
    inputs = ", ".join(directions[:3])
    explained = f"explain {_share(score[choice.best])} of the spread on rows not seen"
    if not choice.told:
        return (
            f"{name} (mainly {inputs}): a power law and a polynomial cannot be told apart; "
            f"they explain {_share(score['power'])} and {_share(score['polynomial'])}, "
            f"straight lines {_share(score['linear'])}."
        )
    more = [form for form in choice.alike if form != choice.best]
    reserve = f"; within the error are also: {', '.join(more)}" if more else ""
    against = "" if choice.best == "linear" else f", straight lines {_share(score['linear'])}"
    return f"{name} (mainly {inputs}): {WORDS[choice.best]} {explained}{against}{reserve}."


def _pairs(finding: FormFinding) -> list[tuple[bool, float, str, str]]:
    """Differ clearly, excess, and the two names, of every pair that could be compared."""
    names = [finding.names[t] for t in finding.compared]
    excess, differ = finding.distances.excess, finding.distances.differ
    return [
        (bool(differ[i, j]), float(excess[i, j]), names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if math.isfinite(excess[i, j])
    ]


def _pair_sentence(finding: FormFinding) -> str:
    pairs = sorted(_pairs(finding), key=lambda pair: -pair[1])
    if not pairs:
        return "Curves cannot be compared: no two properties have a stretch of a common input with enough labels."
    apart = [pair for pair in pairs if pair[0]]
    if not apart:
        return (
            f"In none of {len(pairs)} pairs do the curves differ by more than two halves of one property differ: "
            "a mismatch of forms is not seen."
        )
    named = "; ".join(f"{a} and {b} (excess {excess:.2f})" for _, excess, a, b in apart[:4])
    rest = len(pairs) - len(apart)
    others = f" In the other {rest} a difference is not seen." if rest else ""
    return (
        f"The curves differ clearly in {len(apart)} of {len(pairs)} pairs, by more than two halves of one property "
        f"differ: {named}.{others}"
    )


def _effect_sentence(finding: FormFinding) -> str:
    excess = finding.distances.excess.copy()
    np.fill_diagonal(excess, np.nan)
    effect = finding.effect[finding.compared]
    mean = finite_mean(excess.T)
    known = np.isfinite(mean) & np.isfinite(effect)
    if not known.any():
        return (
            "What sharing does to these properties was not measured, so nothing stands beside the distances."
        )
    names = [finding.names[t] for t in finding.compared]
    far = int(np.argmax(np.where(known, mean, -np.inf)))
    text = (
        f"Farthest from the others on average is {names[far]} (excess {mean[far]:.2f}); sharing changed its error by "
        f"{100 * effect[far]:+.1f} %."
    )
    if known.sum() >= 4 and np.ptp(mean[known]) > 0 and np.ptp(effect[known]) > 0:
        rank = float(np.corrcoef(rankdata(mean[known]), rankdata(effect[known]))[0, 1])
        text += (
            f" Over {int(known.sum())} properties distance and harm rank with a correlation of {rank:+.2f}; "
            "over so few properties that proves nothing."
        )
    return text


def _element_sentences(finding: FormFinding) -> list[str]:
    said = []
    for name, scores in list(zip(finding.names, finding.element_scores, strict=True))[:MOST_SAID]:
        if np.isfinite(scores).all():
            mixture, alone, both, pairs = (_share(float(s)) for s in scores)
            said.append(
                f"{name} over all elements: a rule of mixtures explains {mixture}, Nordheim terms x(1-x) "
                f"alone {alone}, both {both}, products of element pairs {pairs}."
            )
    return said


def _limits(finding: FormFinding) -> list[str]:
    said = [
        "Scores are shares of a constant's loss on outer test rows: R2 for numbers, explained log loss for classes.",
        "A form is named only if simpler ones are worse by more than a standard error over "
        f"{finding.n_folds} folds; with few labels a straight line may stand for a curve that cannot be seen.",
        "Curves are additive, one input at a time: what two inputs do only together is not in them, and inputs that "
        "move together share their credit by chance.",
        "Distances ignore height, size and sign of curves, which the head of a network can adapt. They are seen only "
        "where both properties have rows, and their spread over random halves understates the error. Where the rows "
        "of two properties are of different kinds, their curves may differ for that reason alone. Each pair is judged "
        "on its own: of many pairs one may differ by chance.",
        "Different forms beside harm by sharing are a coincidence until an experiment changes the form alone.",
    ]
    if finding.scarce:
        said.append(f"Too few labels (under 30): {', '.join(finding.scarce)}.")
    if finding.left_out:
        said.append(f"Not looked at, because there are many properties: {', '.join(finding.left_out)}.")
    uncompared = [name for t, name in enumerate(finding.names) if t not in finding.compared]
    if uncompared:
        said.append(f"Without a curve to compare: {', '.join(uncompared)}.")
    return said


def _grids(finding: FormFinding) -> list[Grid]:
    forms = FORMS[1:]
    heads = ("property", "labels", *forms, "best", "within the error", "effect of sharing [%]")
    rows = [
        (
            name,
            int(n),
            *(_cell(s) for s in choice.scores[1:]),
            _best(choice),
            ", ".join(choice.alike),
            _cell(100 * effect),
        )
        for name, n, choice, effect in zip(
            finding.names, finding.counts, finding.additive, finding.effect, strict=True
        )
    ]
    grids = [
        Grid(
            "Score of each form, over all main inputs of the property together",
            heads,
            tuple(rows),
            "1 is perfect, 0 is a constant. Effect of sharing: change of the error, negative = better together.",
        )
    ]
    single: list[tuple[Cell, ...]] = [
        (name, direction, *(_cell(s) for s in choice.scores[1:]), _best(choice))
        for name, directions, choices in zip(finding.names, finding.directions, finding.single, strict=True)
        for direction, choice in zip(directions, choices, strict=True)
    ]
    if single:
        note = "Elements stand for their atomic fraction. No power law where the input has negative values."
        heads = ("property", "input", *forms, "best")
        grids.append(Grid("Score of each form, one input at a time", heads, tuple(single), note))
    if np.isfinite(finding.element_scores).any():
        rows = [
            (name, *(_cell(s) for s in scores))
            for name, scores in zip(finding.names, finding.element_scores, strict=True)
        ]
        note = "x: atomic fractions; Nordheim terms are x(1-x) of each element, pairs are products of two fractions."
        grids.append(Grid("Formulas over all elements", ("property", *ELEMENT_FORMS), tuple(rows), note))
    return grids


def _heatmaps(finding: FormFinding) -> list[Heatmap]:
    names = tuple(finding.names[t] for t in finding.compared)
    if len(names) < 2:
        return []
    between = tuple(tuple(_number(v) for v in row) for row in finding.distances.between)
    excess = tuple(
        tuple(None if i == j else _number(v) for j, v in enumerate(row))
        for i, row in enumerate(finding.distances.excess)
    )
    inputs = ", ".join(finding.common)
    return [
        Heatmap(
            "Distance of curves beyond a property's distance from itself", "excess distance", names, names, excess,
            note=f"0: as near as two halves of one property. Over {inputs}.",
        ),
        Heatmap(
            "Distance of curves between random halves", "1 - |correlation|", names, names, between, centre=None,
            note="On the diagonal: two halves of one property, which is noise alone.",
        ),
    ]  # fmt: skip


def _lines(finding: FormFinding) -> list[Lines]:
    names = [finding.names[t] for t in finding.compared]
    return [
        Lines(
            f"Curves over {direction}",
            direction,
            "standardised",
            tuple(
                Series(name, tuple(grid.tolist()), tuple(_number(v) for v in curve))
                for name, curve in zip(names, curves, strict=True)
                if np.isfinite(curve).any()
            ),
            note="Splines of all common inputs together, with mean 0 and standard deviation 1; classes as log odds.",
        )
        for direction, grid, curves in list(zip(finding.common, finding.grids, finding.curves, strict=True))[
            :MOST_DRAWN
        ]
    ]


def _best(choice: FormChoice) -> str:
    return choice.best if choice.told else "power or polynomial"


def _share(value: float) -> str:
    """Worse than a constant explains nothing, by however much."""
    if not math.isfinite(value):
        return "unknown"
    return f"{100 * value:.0f} %" if value > 0.0 else "nothing"


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None


def _cell(value: float) -> float | None:
    return round(float(value), 3) if math.isfinite(value) else None
