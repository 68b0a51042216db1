"""The study that stands for Lee et al. 2024, arXiv 2410.00432: forty molecular properties under two splits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..advisor import DATASET
from ..datasets import Dataset
from ..datasets import load as load_dataset
from ..errors import PlanError
from ..files import make_folder, write_atomic
from ..strategies import Tuning
from ..study import Plan, SplitPlan, TablePlan
from ..table import parse_target
from ..text import suggest

__all__ = [
    "BOTH",
    "LEE_ARMS",
    "LEE_TUNING",
    "MOLECULES",
    "PLAIN",
    "QUICK_TUNING",
    "SPLITS",
    "LeeStudy",
    "few_molecules",
    "lee_studies",
]

MOLECULES = "molecules"
BOTH = "both"
SPLITS = {"random": "none", "scaffold": "scaffold"}
"""By name of the split, what its folds keep together."""

PLAIN = "shared"
LEE_ARMS = (
    "ridge", "kernel", "lightgbm", "lightgbm-stacked", "extra-trees", "independent", PLAIN, "transfer+alone",
    "transfer", "transfer+equal", "transfer+correlated", "blend", "ensemble",
)  # fmt: skip
LEE_TUNING = Tuning(
    rates=(1e-3, 3e-3), decays=(1e-2, 0.3), finalists=4, halving=(), epochs=60, patience=8, steps=40
)
"""The same four settings, all kept, in every arm of networks."""
QUICK_TUNING = Tuning(rates=(2e-3,), decays=(1e-2,), finalists=1, halving=(), epochs=20, patience=4, steps=30)

_FOLDS = 5
_QUICK_PROPERTIES, _QUICK_MOLECULES = 10, 4_000


@dataclass(frozen=True)
class LeeStudy:
    """One split of the study.

    Parameters
    ----------
    name
        Of the split, and folder of its run.
    title
        What it is.
    plan
        The study.
    """

    name: str
    title: str
    plan: Plan


def lee_studies(
    out: Path,
    *,
    split: str | None = None,
    quick: bool = False,
    seed: int = 0,
    repeats: int = 1,
    workers: int = 2,
) -> tuple[LeeStudy, ...]:
    """The plans, one a split.

    Parameters
    ----------
    out
        Folder of the reproduction. A quick one puts its molecules there.
    split
        ``random`` rows, ``scaffold`` groups, or ``both``; by default both, or random rows for a quick study.
    quick
        About a quarter of the properties, some 4,000 molecules, short training.
    seed
        Of everything; of a quick study also of what it looks at.
    repeats
        Of the folds.

    Raises
    ------
    PlanError
        There is no such split.
    MiscibleError
        The package that holds the data is not installed.
    """
    split = split or ("random" if quick else BOTH)
    if split not in (*SPLITS, BOTH):
        near = suggest(split, (*SPLITS, BOTH), limit=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise PlanError(
            f"--split {split!r} is none of this study.{guess}",
            hint=f"There are: {', '.join((*SPLITS, BOTH))}.",
        )
    dataset = load_dataset(MOLECULES)
    source, targets, rows = DATASET + MOLECULES, dataset.targets, dataset.frame
    if quick:
        rows, targets = few_molecules(dataset, seed)
        path = out / f"{MOLECULES}-seed{seed}.csv"
        make_folder(out)
        write_atomic(path, rows.to_csv(index=False))
        source = str(path.absolute())
    what = f"{len(targets)} properties of {len(rows):,} molecules"
    part = TablePlan(
        source=source,
        targets=tuple(f"{target}:metric=rmse" for target in targets),
        inputs=tuple(_described(text) for text in dataset.inputs),
    )
    return tuple(
        LeeStudy(
            name,
            f"{what}, {'random rows' if group == 'none' else f'grouped by {group}'}",
            Plan(
                table=part,
                split=SplitPlan(group=group, folds=_FOLDS, repeats=repeats),
                strategies=LEE_ARMS,
                tuning=QUICK_TUNING if quick else LEE_TUNING,
                seed=seed,
                workers=workers,
            ),
        )
        for name, group in SPLITS.items()
        if split in (name, BOTH)
    )


def few_molecules(dataset: Dataset, seed: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Some properties, from scarce to plentiful, and some molecules that carry them.

    One property is drawn from each of ten slices of all properties in order of their label counts. A molecule is the
    likelier to be drawn the scarcer its properties, so that the scarce ones keep enough labels to be split.

    Returns
    -------
    frame, targets
        Rows in their old order with their input columns and the properties; targets in the order of the data set.
    """
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, 2410])))
    names = [parse_target(target).name for target in dataset.targets]
    counts = dataset.frame[names].notna().sum().to_numpy()
    slices = np.array_split(np.argsort(counts, kind="stable"), min(_QUICK_PROPERTIES, len(names)))
    chosen = sorted(int(rng.choice(part)) for part in slices)
    kept = [names[t] for t in chosen]
    worth = dataset.frame[kept].notna().to_numpy() @ (1.0 / np.maximum(counts[chosen], 1))
    size = min(_QUICK_MOLECULES, int((worth > 0.0).sum()))
    rows = np.sort(rng.choice(len(worth), size, replace=False, p=worth / worth.sum()))
    inputs = [c for c in dataset.frame.columns if c not in names]
    return dataset.frame[[*inputs, *kept]].iloc[rows], tuple(dataset.targets[t] for t in chosen)


def _described(text: str) -> str:
    """Descriptors alone, without hashed counts: a fifth of the columns."""
    stem, _, role = text.rpartition(":")
    return f"{stem}:descriptors" if role == "smiles" else text
