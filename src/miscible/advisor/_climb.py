"""Study a table once more under every other split of its ladder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..advice import PropertyVerdict, advise
from ..errors import InputError, MiscibleError, PlanError
from ..splits import Groups, assign_folds, group_keys
from ..study import Listener, Plan, RunFolder, StudyResult, missing_cells, read_plan, run_study
from ..table import InputSpec, Table
from ._ladder import ORDER, Ladder, Rung
from ._outputs import write_outputs

__all__ = ["FOLDER", "Climb", "climb_ladder", "missing_rungs", "plan_climb"]

FOLDER = "ladder"
"""Beside the cells of a run: one folder a rung, each a whole study."""


@dataclass(frozen=True, eq=False)
class Climb:
    """What a ladder takes.

    Parameters
    ----------
    home
        Key of the run's own rung.
    rungs
        All of them in order, without verdicts; those that cannot be had or need no study of their own say why.
    """

    home: str
    rungs: tuple[Rung, ...]

    @property
    def n_studies(self) -> int:
        """Studies to be run, the run's own among them."""
        return sum(not (rung.skipped or rung.same_as) for rung in self.rungs)

    def share(self, budget: float | None) -> float | None:
        """Seconds for each study; None where there is no budget."""
        return None if budget is None else budget / max(1, self.n_studies)


def plan_climb(plan: Plan, table: Table) -> Climb:
    """Which rungs the table has; trains nothing.

    Random rows, the plan's own group (or composition, where the plan splits in another of these ways), chemical
    system or scaffold, cluster, and left-out element.

    Parameters
    ----------
    plan
        Its group is settled; without a ladder its own rung is the only one.
    table
        The table.
    """
    words = _words(plan.split.group, table.inputs)
    home = next(key for key, word in words.items() if word == plan.split.group)
    seen: dict[str, Groups] = {}
    rungs: dict[str, Rung] = {}
    for key in sorted(words, key=lambda k: (k != home, ORDER.index(k))):
        if key != home and not plan.split.ladder:
            rungs[key] = Rung(key, words[key], skipped="this run has no ladder; --split ladder adds it")
            continue
        found = _groups(plan, table, words[key])
        if isinstance(found, str):
            rungs[key] = Rung(key, words[key], skipped=found)
            continue
        twin = next((other for other, groups in seen.items() if _alike(groups, found)), "")
        rungs[key] = Rung(key, words[key], same_as=twin, n_groups=found.n_groups)
        if not twin:
            seen[key] = found
    for key in set(ORDER) - set(words):
        rungs[key] = Rung(key, "", skipped="the inputs of this table do not tell what would be kept apart")
    return Climb(home, tuple(rungs[key] for key in ORDER))


def climb_ladder(
    climb: Climb,
    result: StudyResult,
    verdicts: tuple[PropertyVerdict, ...],
    path: Path,
    noise: Mapping[str, float | None],
    *,
    listener: Listener | None = None,
    on_rung: Callable[[str], None] | None = None,
) -> Ladder:
    """Run what is missing of the other rungs and gather the verdicts of all.

    Parameters
    ----------
    climb
        From `plan_climb`.
    result, verdicts
        Of the run's own rung.
    path
        Run folder; rungs lie in ``ladder`` there and are gone on with if they were begun.
    noise
        As in `advise`.
    listener, on_rung
        Hear of progress; ``on_rung`` hears the name of a rung before its study begins.
    """
    plan = result.plan
    done = []
    for rung in climb.rungs:
        if rung.skipped or rung.same_as:
            done.append(rung)
        elif rung.key == climb.home:
            done.append(_with_verdicts(rung, result, verdicts))
        else:
            if on_rung is not None:
                on_rung(rung.name)
            split = plan.split.model_copy(update={"group": rung.group, "ladder": False, "use": None})
            own = plan.model_copy(update={"split": split, "budget": climb.share(plan.budget)})
            done.append(_study_rung(rung, own, result.table, path / FOLDER / rung.key, noise, listener))
    return Ladder(tuple(done), climb.home, plan.split.use)


def missing_rungs(plan: Plan, table: Table, path: Path) -> tuple[str, ...]:
    """Names of the cells that the other rungs of a run still have to do; none without a ladder."""
    if not plan.split.ladder:
        return ()
    climb = plan_climb(plan, table)
    missing: list[str] = []
    for rung in climb.rungs:
        if rung.skipped or rung.same_as or rung.key == climb.home:
            continue
        folder = path / FOLDER / rung.key
        if not (folder / "plan.toml").exists():
            missing.append(f"{FOLDER}/{rung.key}")
            continue
        cells = missing_cells(read_plan(folder / "plan.toml"), table, folder)
        missing += [f"{FOLDER}/{rung.key}/{cell}" for cell in cells]
    return tuple(missing)


def _words(group: str, spec: InputSpec) -> dict[str, str]:
    """Group word of each rung that this kind of table can have."""
    words = {"random": "none", "cluster": "cluster"}
    if spec.composition is not None or spec.fractions:
        words |= {"group": "composition", "system": "system", "element": "element"}
    elif spec.smiles is not None:
        words |= {"group": "scaffold", "system": "scaffold"}
    if group not in words.values():
        words["group"] = group
    return words


def _groups(plan: Plan, table: Table, word: str) -> Groups | str:
    """Groups of a rung, or why it cannot be had."""
    split = plan.split
    try:
        groups = group_keys(table, word)
        assign_folds(
            groups.codes, table.labels, table.kinds,
            n_folds=split.folds, n_repeats=split.repeats, seed=plan.seed, holds=groups.holds,
        )  # fmt: skip
    except InputError as error:
        return error.message.rstrip(".")
    return groups


def _alike(a: Groups, b: Groups) -> bool:
    """Whether the same rows are kept together and nothing else is kept apart."""
    if a.holds is not None or b.holds is not None or a.n_groups != b.n_groups:
        return False
    return len(np.unique(np.stack([a.codes, b.codes]), axis=1).T) == a.n_groups


def _study_rung(
    rung: Rung,
    plan: Plan,
    table: Table,
    path: Path,
    noise: Mapping[str, float | None],
    listener: Listener | None,
) -> Rung:
    try:
        result, _ = run_study(plan, table, path, resume=True, listener=listener)
    except MiscibleError as error:
        store = RunFolder(path)
        ended = not isinstance(error, InputError | PlanError) and not any(store.cells.iterdir())
        if ended and any(decision.stops for decision in store.journal()):
            return Rung(rung.key, rung.group, skipped=error.message.rstrip("."), n_groups=rung.n_groups)
        raise
    verdicts = advise(result, noise)
    write_outputs(path, result, verdicts)
    return _with_verdicts(rung, result, verdicts)


def _with_verdicts(rung: Rung, result: StudyResult, verdicts: tuple[PropertyVerdict, ...]) -> Rung:
    folds = result.folds
    hidden = folds.outer[:, None, :] == np.arange(folds.n_folds)[None, :, None]
    if folds.barred is not None:
        hidden = hidden | folds.barred
    notes = tuple(w for w in folds.warnings if not w.startswith("task "))
    if result.journal:
        notes += (f"the budget was short: {result.journal[-1].reason}",)
    return Rung(
        rung.key, rung.group, verdicts,
        n_groups=rung.n_groups, left=1.0 - float(hidden.mean()), notes=notes,
    )  # fmt: skip
