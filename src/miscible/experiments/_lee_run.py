"""Repeat what is known of Lee et al. 2024, arXiv 2410.00432, and put its number and our aims beside ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..advisor import open_table
from ..files import make_folder, write_atomic
from ..study import Listener, StudyResult, run_study
from ._lee_claims import CONTRASTS
from ._lee_measure import COMPARISON, EFFECTS, all_arms, comparison_rows, effect_rows
from ._lee_speed import speed_frame
from ._lee_study import LeeStudy

__all__ = ["LEE_FILES", "LeeReproduction", "measure_lee", "reproduce_lee"]

LEE_FILES = ("comparison", "effects", "speed", "timing")
"""Tables of a reproduction, each written under its name."""

_WHOLE = {
    "comparison": ("n_properties", "n_better", "n_practically_better", "n_practically_worse"),
    "timing": ("networks", "parameters", "steps", "diverged"),
}
"""Columns of whole numbers, some of which may be missing."""
_TIMING = ("split", "arm", "core_seconds", "networks", "parameters", "steps", "diverged")


@dataclass(frozen=True, eq=False)
class LeeReproduction:
    """What a reproduction found, one table for all splits each.

    Parameters
    ----------
    comparison
        Arm against arm over all properties, beside the paper's number and our aims.
    effects
        The same, property by property.
    speed
        Steps and seconds to the plain network's best validation error.
    timing
        Core seconds, networks, parameters of one, and training steps, by arm; the row without an arm has the seconds
        of this call on the clock.
    """

    comparison: pd.DataFrame
    effects: pd.DataFrame
    speed: pd.DataFrame
    timing: pd.DataFrame


def reproduce_lee(
    studies: Sequence[LeeStudy],
    path: Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    listen: Callable[[str], Listener],
) -> LeeReproduction:
    """Run the study under every split and measure every contrast.

    Parameters
    ----------
    studies
        What to run; each has a run folder of its own in ``path``.
    path
        Folder of the reproduction. After every split ``comparison.csv``, ``effects.csv``, ``speed.csv`` and
        ``timing.csv`` are written there.
    resume, overwrite
        What to do with runs already there.
    listen
        Hears of progress; called with a heading before every split.

    Raises
    ------
    PlanError, InputError, MiscibleError
        As `open_table` and `run_study`; finished cells are kept.
    """
    parts: list[LeeReproduction] = []
    for study in studies:
        began = time.perf_counter()
        listener = listen(study.title)
        table, _ = open_table(study.plan.table, study.plan.split.group)
        result, _ = run_study(
            study.plan, table, path / study.name, resume=resume, overwrite=overwrite, listener=listener
        )
        parts.append(measure_lee(study.name, result, time.perf_counter() - began))
        found = _together(parts)
        make_folder(path)
        for name in LEE_FILES:
            write_atomic(path / f"{name}.csv", getattr(found, name).to_csv(index=False, float_format="%.6g"))
    return _together(parts)


def measure_lee(split: str, result: StudyResult, seconds: float) -> LeeReproduction:
    """Everything that one finished study says; trains nothing."""
    arms = all_arms(result, [name for c in CONTRASTS for name in (c.arm, c.against)])
    comparison = pd.DataFrame(comparison_rows(split, result, arms, CONTRASTS), columns=list(COMPARISON))
    return LeeReproduction(
        comparison.astype(dict.fromkeys(_WHOLE["comparison"], "Int64")),
        pd.DataFrame(effect_rows(split, result, arms, CONTRASTS), columns=list(EFFECTS)),
        speed_frame(split, result),
        _timing(split, result, seconds),
    )


def _timing(split: str, result: StudyResult, seconds: float) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for strategy in result.strategies:
        cells = [c for c in result.cells if c.strategy == strategy.name]
        if cells:
            rows.append(
                {
                    "split": split,
                    "arm": strategy.name,
                    "core_seconds": round(sum(c.seconds for c in cells), 1),
                    "networks": sum(c.members for c in cells),
                    "parameters": max(c.parameters for c in cells),
                    "steps": sum(c.steps for c in cells),
                    "diverged": sum(c.diverged for c in cells),
                }
            )
    rows.append({"split": split, "arm": "", "core_seconds": round(seconds, 1)})
    return pd.DataFrame(rows, columns=list(_TIMING)).astype(dict.fromkeys(_WHOLE["timing"], "Int64"))


def _together(parts: Sequence[LeeReproduction]) -> LeeReproduction:
    return LeeReproduction(
        *(pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in LEE_FILES)
    )
