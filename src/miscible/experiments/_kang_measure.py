"""What a run says about the claims of Kang, arXiv 2512.22740, one entry a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..chemistry import ELEMENTS, fractions_from_columns, parse_formulas
from ..study import StudyResult
from ..table import Table
from ._claims import Measured
from ._effects import change, fold_values, posterior_of, tail_errors
from ._kang_tables import APART, STRUCTURED, TOGETHER
from ._nordheim import nordheim_scores

__all__ = ["measure_derived", "measure_study"]

_TAIL = 99.0
_FEW = 500
"""Labels in a test part below which its 99th percentile is one or a few values; the 95th is taken instead."""


def measure_study(result: StudyResult, names: Mapping[str, str]) -> dict[str, Measured]:
    """Everything that out-of-fold predictions and the networks' own records answer.

    Parameters
    ----------
    result
        A study with the strategies of `KangTable`.
    names
        Property by role.
    """
    tasks = {role: result.table.names.index(name) for role, name in names.items()}
    metrics = {"resistivity": "r2", "hardness": "r2", "amorphous": "f1"}
    ratio = result.folds.test_train_ratio
    found: dict[str, Measured | None] = {}

    def add(key: str, role: str, before: str, after: str, metric: str = "") -> None:
        if role in tasks and {before, after} <= set(result.outer):
            first, second = (
                fold_values(result, s, tasks[role], metric or metrics[role]) for s in (before, after)
            )
            found[key] = change(first, second, ratio, _space(result, tasks[role]))

    add("resistivity: independent -> shared", "resistivity", APART, TOGETHER)
    add("hardness: independent -> shared", "hardness", APART, TOGETHER)
    add("amorphous F1: independent -> shared", "amorphous", APART, TOGETHER)
    add("amorphous recall: independent -> shared", "amorphous", APART, TOGETHER, "recall")
    add("hardness: shared -> pcgrad", "hardness", TOGETHER, f"{TOGETHER}+pcgrad")
    add("hardness: independent -> pcgrad", "hardness", APART, f"{TOGETHER}+pcgrad")
    add("resistivity: shared -> lds+gradnorm", "resistivity", TOGETHER, f"{TOGETHER}+lds+gradnorm")
    add("resistivity: shared -> relation", "resistivity", TOGETHER, STRUCTURED)
    add("hardness: shared -> relation", "hardness", TOGETHER, STRUCTURED)
    add("amorphous F1: shared -> relation", "amorphous", TOGETHER, STRUCTURED)
    if "resistivity" in names:
        add("hardness: independent -> warm", "hardness", APART, f"warm+from={names['resistivity']}")
        found["Nordheim"] = _nordheim(result, tasks["resistivity"])
    for role in {"resistivity", "hardness"} & set(tasks):
        found[f"{role} tails"] = _tails(result, tasks[role])
    found["inter-task weight"] = _influence(result)
    return {key: measured for key, measured in found.items() if measured is not None}


def measure_derived(
    plain: StudyResult, derived: StudyResult, names: Mapping[str, str]
) -> dict[str, Measured]:
    """What a property computed from resistivity, learned beside it, changes; the same folds in both studies."""
    found: dict[str, Measured | None] = {}
    for role in ("resistivity", "hardness"):
        note = _space(plain, plain.table.names.index(names[role])) if role in names else ""
        if role in names and TOGETHER in plain.outer and TOGETHER in derived.outer:
            without, beside = (
                fold_values(result, TOGETHER, result.table.names.index(names[role]), "r2")
                for result in (plain, derived)
            )
            found[f"{role}: with a derived property"] = change(
                without, beside, plain.folds.test_train_ratio, note
            )
    return {key: measured for key, measured in found.items() if measured is not None}


def _tails(result: StudyResult, task: int) -> Measured | None:
    """Logarithm of the ratio of a high percentile of the errors, apart over together."""
    if not {APART, TOGETHER} <= set(result.outer):
        return None
    n_labels = int(result.table.counts[task])
    percentile = _TAIL if n_labels >= _FEW * result.folds.n_folds else 95.0
    apart, together = (tail_errors(result, s, task, percentile) for s in (APART, TOGETHER))
    note = f"The {percentile:.0f}th percentile. {_space(result, task)}".strip()
    return posterior_of(np.log(apart / together), result.folds.test_train_ratio, note)


def _space(result: StudyResult, task: int) -> str:
    """What a reader must know of the values that are judged; empty where they are those of the table."""
    transform = result.table.properties[task].transform
    if transform == "none":
        return ""
    return f"Judged on {transform} of the values; the paper does not say that it did so."


def _influence(result: StudyResult) -> Measured | None:
    """Mean and spread, over the networks, of the mean share that a state takes from each other task."""
    shares = []
    for cell in result.cells:
        for network in cell.networks if cell.strategy == STRUCTURED else ():
            own = np.array(network["influence"], dtype=float)
            shares.append(np.nanmean(own[~np.eye(len(own), dtype=bool)]))
    if not shares:
        return None
    mean, spread = float(np.mean(shares)), float(np.std(shares))
    return Measured(mean, mean - spread, mean + spread, note="Mean and spread over networks.")


def _nordheim(result: StudyResult, task: int) -> Measured | None:
    """Of the values as they stand, since the rule is about resistivities and not their logarithms."""
    fractions = _fractions(result.table)
    if fractions is None:
        return None
    rows = np.isfinite(result.table.labels[:, task])
    outer, ratio = result.folds.outer[:, rows], result.folds.test_train_ratio
    found = posterior_of(nordheim_scores(fractions[rows], result.table.labels[rows, task], outer), ratio)
    if found is None:
        return None
    note = ""
    transform = result.table.properties[task].transform
    if transform != "none":
        scores = nordheim_scores(fractions[rows], result.table.targets()[rows, task], outer)
        note = f"Of the values; of their {transform} it is {np.nanmean(scores):.2f}."
    return replace(found, p=None, note=note)


def _fractions(table: Table) -> np.ndarray | None:
    """``(n_rows, n_elements)``, from formulas or from columns named by elements; ``None`` where there are none."""
    inputs = table.inputs
    if inputs.composition is not None:
        return parse_formulas(table.frame[inputs.composition].to_numpy(dtype=object)).fractions
    columns = list(inputs.fractions) or [c for c in table.frame.columns if c in ELEMENTS]
    if not columns:
        return None
    amounts = table.frame[columns].to_numpy(dtype=np.float64)
    unit = inputs.fraction_unit if inputs.fractions else "at"
    return fractions_from_columns(amounts, columns, unit).fractions
