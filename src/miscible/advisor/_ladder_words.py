"""What a ladder says: an exhibit, and sentences for the limits."""

from __future__ import annotations

import math

from ..advice import PropertyVerdict
from ..diagnosis import LADDER, Cell, Exhibit, Grid, Lines, Series
from ._ladder import ORDER, USES, Ladder, Rung, sharing_effect

__all__ = ["ladder_exhibit", "use_warnings"]

MOST_LINES = 12


def ladder_exhibit(ladder: Ladder) -> Exhibit:
    """Calls, effects and errors of every property on every rung, and what they add up to."""
    return Exhibit(
        LADDER,
        "Split ladder",
        "How far from the table do the verdicts hold?",
        answer=(
            *_flip_sentences(ladder),
            *_support_sentences(ladder),
            *_use_sentences(ladder),
            *use_warnings(ladder),
        ),
        limits=_limits(ladder),
        grids=(_call_grid(ladder), _error_grid(ladder), _rung_grid(ladder)),
        lines=(_effect_lines(ladder),),
    )


def use_warnings(ladder: Ladder) -> tuple[str, ...]:
    """One sentence a property whose verdict does not reach as far as the user wants to go."""
    if ladder.use is None:
        return ()
    target = USES[ladder.use]
    rung = ladder.rung(target)
    lines = []
    for t, name in enumerate(ladder.names):
        if ladder.supports_use(t) is not False:
            continue
        own, last = ladder.call(ladder.home, t), ladder.last_supporting(t)
        there = ladder.verdict(target, t)
        if there is None or rung is None:
            seen = "that rung was not tested"
            if rung is not None and rung.skipped:
                seen += f" ({rung.skipped})"
        else:
            seen = f"there it is {_called(there)}{_errors(ladder, target, t)}"
        end, home = _name(ladder, last or ladder.home), _name(ladder, ladder.home)
        where = f"lies beyond the last rung that supports the verdict {own}, which is {end}"
        if ORDER.index(target) < ORDER.index(ladder.home):
            where = f"is nearer than the run's own rung, {home}, and {own} does not hold up to there"
        lines.append(f"{name}: your use ({ladder.use}) {where}; {seen}.")
    return tuple(lines)


def _flip_sentences(ladder: Ladder) -> list[str]:
    lines = [
        f"{name}: the verdict flips from {flip.before} on the rung {_name(ladder, flip.below)} to {flip.after} "
        f"on the rung {_name(ladder, flip.above)}."
        for t, name in enumerate(ladder.names)
        for flip in ladder.flips(t)
    ]
    n_tested = len(set(ladder.tested))
    return lines or [f"On none of the {n_tested} rungs does a verdict turn into its contrary."]


def _support_sentences(ladder: Ladder) -> list[str]:
    """Up to where each verdict holds, and where what is undecided is called."""
    lines, undecided = [], []
    for t, name in enumerate(ladder.names):
        last = ladder.last_supporting(t)
        if last is None:
            found = [key for key in ladder.tested if ladder.status(key, t) == "found"]
            calls = [f"{ladder.call(key, t)} on the rung {_name(ladder, key)}" for key in found]
            if calls:
                lines.append(f"{name}: UNDECIDED on the run's own rung, but {', '.join(calls)}.")
            else:
                undecided.append(name)
            continue
        beyond = ladder.tested[ladder.tested.index(last) + 1 :]
        then = "no farther rung was tested"
        if beyond:
            verdict = ladder.verdict(beyond[0], t)
            then = f"on {_name(ladder, beyond[0])} it is {'unknown' if verdict is None else _called(verdict)}"
        lines.append(
            f"{name}: the last rung that supports {ladder.call(ladder.home, t)} is {_name(ladder, last)}; {then}"
            f"{_errors(ladder, beyond[-1] if beyond else last, t)}."
        )
    if undecided:
        lines.append(f"UNDECIDED on every rung: {', '.join(undecided)}.")
    return lines


def _use_sentences(ladder: Ladder) -> list[str]:
    """For which properties the use is covered, and for which there is nothing to cover."""
    if ladder.use is None:
        return []
    known = {t: ladder.supports_use(t) for t in range(len(ladder.names))}
    held = [f"{ladder.names[t]} ({ladder.call(ladder.home, t)})" for t, held in known.items() if held]
    open_ = [ladder.names[t] for t, held in known.items() if held is None]
    lines = []
    if held:
        lines.append(f"For your use ({ladder.use}) the verdict holds of {', '.join(held)}.")
    if open_:
        lines.append(f"For your use ({ladder.use}) there is no verdict to rely on of {', '.join(open_)}.")
    return lines


def _limits(ladder: Ladder) -> tuple[str, ...]:
    lines = [
        "UNDECIDED on a farther rung says that the table cannot show the effect there, not that it is gone: there "
        "are fewer groups to average over.",
        "Calls keep to 5 % error over the properties of one rung, not over all rungs together.",
    ]
    for rung in ladder.rungs:
        if rung.same_as:
            lines.append(f"Rung {rung.key}: keeps the same rows together as {_name(ladder, rung.same_as)}.")
        if rung.skipped:
            lines.append(f"Rung {rung.key} was not tested: {rung.skipped}.")
        lines += [f"Rung {rung.key}: {note}." for note in rung.notes]
    if any(rung.key == "cluster" and rung.verdicts for rung in ladder.rungs):
        lines.append("Clusters are drawn from the inputs of all rows, tested ones too; no label is read.")
    return tuple(lines)


def _call_grid(ladder: Ladder) -> Grid:
    """Property x rung: call and effect."""
    rows = []
    for t, name in enumerate(ladder.names):
        cells: list[Cell] = [name]
        for rung in ladder.rungs:
            verdict = ladder.verdict(rung.key, t)
            cells.append(None if verdict is None else _called(verdict, brackets=False))
        rows.append(tuple(cells))
    return Grid(
        "Verdict and effect of learning together on the error",
        ("property", *(rung.name + " *" * (rung.key == ladder.home) for rung in ladder.rungs)),
        tuple(rows),
        "* the run's own rung. Negative: the error is smaller together. Rungs go from near to far.",
    )


def _error_grid(ladder: Ladder) -> Grid:
    """Property x rung: error of the model to deploy."""
    rows = []
    for t, name in enumerate(ladder.names):
        home = ladder.verdict(ladder.home, t)
        unit = "" if home is None or not home.unit else f" [{home.unit}]"
        cells: list[Cell] = [name + unit]
        for rung in ladder.rungs:
            verdict = ladder.verdict(rung.key, t)
            deploy = None if verdict is None else verdict.deploy
            cells.append(None if deploy is None else f"{deploy.error:.4g} {deploy.strategy}")
        rows.append(tuple(cells))
    return Grid(
        "Error of the model to deploy",
        ("property", *(rung.name for rung in ladder.rungs)),
        tuple(rows),
        "In the error form of each property's metric, out of fold.",
    )


def _rung_grid(ladder: Ladder) -> Grid:
    rows: list[tuple[Cell, ...]] = [
        (rung.key, rung.group or None, rung.n_groups or None, _percent_left(rung)) for rung in ladder.rungs
    ]
    return Grid("Rungs", ("rung", "kept together", "groups", "rows left for training [%]"), tuple(rows))


def _percent_left(rung: Rung) -> float | None:
    return None if math.isnan(rung.left) else round(100 * rung.left, 1)


def _effect_lines(ladder: Ladder) -> Lines:
    series = []
    keys = ladder.tested
    places = {rung.key: place for place, rung in enumerate(ladder.rungs, start=1)}
    for t, name in enumerate(ladder.names[:MOST_LINES]):
        effects = [sharing_effect(v) for key in keys if (v := ladder.verdict(key, t)) is not None]
        middle, low, high = (
            tuple(None if math.isnan(e[i]) else 100 * e[i] for e in effects) for i in range(3)
        )
        series.append(Series(name, tuple(float(places[key]) for key in keys), middle, low, high))
    numbered = ", ".join(f"{place} {key}" for key, place in places.items())
    left_out = len(ladder.names) - len(series)
    return Lines(
        "Effect of learning together, from rung to rung",
        f"rung ({numbered})",
        "change of the error by learning together [%]",
        tuple(series),
        note="Bands: 95 % intervals."
        + (f" {left_out} properties more are in ladder.csv." if left_out else ""),
    )


def _called(verdict: PropertyVerdict, *, brackets: bool = True) -> str:
    effect = sharing_effect(verdict)[0]
    if math.isnan(effect):
        return str(verdict.call)
    return f"{verdict.call} ({100 * effect:+.1f} %)" if brackets else f"{verdict.call} {100 * effect:+.1f} %"


def _errors(ladder: Ladder, key: str, task: int) -> str:
    """What the model to deploy does there, beside the run's own rung."""
    own, there = ladder.verdict(ladder.home, task), ladder.verdict(key, task)
    if key == ladder.home or own is None or there is None or own.deploy is None or there.deploy is None:
        return ""
    unit = f" {own.unit}" if own.unit else ""
    return (
        f"; the error of the model to deploy is {there.deploy.error:.3g}{unit} on {_name(ladder, key)} against "
        f"{own.deploy.error:.3g}{unit} on {_name(ladder, ladder.home)}"
    )


def _name(ladder: Ladder, key: str) -> str:
    return next(rung.name for rung in ladder.rungs if rung.key == key)
