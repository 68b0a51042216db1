"""The tables on which the study of Kang, arXiv 2512.22740, is repeated, each with the plan that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..advisor import DATASET
from ..datasets import absolute
from ..datasets import load as load_dataset
from ..errors import InputError
from ..strategies import Tuning
from ..study import Plan, SplitPlan, TablePlan
from ..text import suggest

__all__ = [
    "APART",
    "ROLES",
    "STRUCTURED",
    "TOGETHER",
    "KangTable",
    "own_table",
    "simulated_table",
    "union_tables",
]

ROLES = {"resistivity": "reg:r2", "hardness": "reg:r2", "amorphous": "cls:f1"}
"""The paper's properties and the metrics it judges them by."""

APART, TOGETHER, STRUCTURED = "independent", "shared+inverse-count", "relation+inverse-count"
"""The paper's three ways to learn; its task weights are inverse to the counts."""

_REMEDIES = ("+pcgrad", "+gradnorm", "+lds", "+gai", "+lds+gradnorm", "+gai+pcgrad")
_CONTROLS = ("shared", "shared+pcgrad", "shared+sqrt-inverse-count", "shared+balanced")
"""Not in the paper: what its weights and its batches do by themselves."""
_QUICK = ("+pcgrad", "+lds+gradnorm")

_UNIONS = {
    "union": "alloy-union-300k",
    "union-65to1": "alloy-union-65to1",
}
"""Natural imbalance at room temperature; and 65 : 1 over all temperatures, since only 31 hardness labels would be left
beside the 2,018 resistivities nearest 300 K."""

_COUNTS, _QUICK_COUNTS = (52_388, 800, 840), (5_239, 400, 420)
DIALS = "relatedness=0.5,form=polynomial/power/threshold,divergence=1,noise=0.3"
"""Half of what the properties are made of is common to them, and each follows a formula of its own, as the paper
supposes of its three; noise leaves an R² of 0.92 at most."""


@dataclass(frozen=True)
class KangTable:
    """One table of the reproduction.

    Parameters
    ----------
    name, title
        Folder of its run, and what it is.
    plan
        The study.
    names
        Property of the table by role.
    simulated
        Whether its labels come from the simulator.
    """

    name: str
    title: str
    plan: Plan
    names: Mapping[str, str]
    simulated: bool = False


def simulated_table(*, quick: bool, seed: int, workers: int, dials: str = DIALS) -> KangTable:
    """52,388 / 800 / 840 disjoint labels, 15 elements and 6 descriptors, from the simulator.

    Quick: fewer labels, 13 to 1. ``dials`` are those of ``dataset:synthetic``, without counts, kinds and seed.

    Raises
    ------
    InputError
        A dial does not exist or cannot be set so.
    """
    counts = "/".join(map(str, _QUICK_COUNTS if quick else _COUNTS))
    source = f"synthetic:counts={counts},kinds=reg/reg/binary,{dials},seed={seed}"
    dataset = load_dataset(source)
    found = [target.partition(":")[0] for target in dataset.targets]
    names = dict(zip(ROLES, found, strict=True))
    title = f"SIMULATION of {counts.replace('/', ' / ')} disjoint labels, {dials}"
    plan = _plan(
        DATASET + source, names, dataset.inputs, dataset.group, quick=quick, seed=seed, workers=workers
    )
    return KangTable("simulation", title, plan, names, simulated=True)


def union_tables(folder: Path, *, quick: bool, seed: int, workers: int) -> tuple[KangTable, ...]:
    """The real alloy union from files in a folder of the user's.

    Raises
    ------
    InputError
        A file is missing or not what it should be.
    """
    tables = []
    for name, union in list(_UNIONS.items())[: 1 if quick else None]:
        source = absolute(f"{union}:{folder}")
        dataset = load_dataset(source)
        names = {role: role for role in ROLES}
        plan = _plan(
            DATASET + source, names, dataset.inputs, dataset.group,
            quick=quick, seed=seed, workers=workers, keys={"resistivity": "unit=uOhm.cm:transform=log10"},
        )  # fmt: skip
        tables.append(KangTable(name, f"alloy union, {union}", plan, names))
    return tuple(tables)


def own_table(
    source: Path, mapping: Mapping[str, str], inputs: tuple[str, ...], group: str,
    *, quick: bool, seed: int, workers: int,
) -> KangTable:  # fmt: skip
    """A table of the user's, the paper's original for instance.

    Parameters
    ----------
    source
        The file.
    mapping
        Column by role; at least two of `ROLES`.
    inputs, group
        As in a plan.

    Raises
    ------
    InputError
        A role does not exist, or fewer than two are mapped.
    """
    for role in mapping:
        if role not in ROLES:
            near = suggest(role, tuple(ROLES), limit=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"--map names {role!r}, which is no property of the paper.{guess}",
                hint=f"Map {', '.join(ROLES)}: --map hardness=COLUMN ...",
            )
    if len(mapping) < 2:
        raise InputError(
            f"{len(mapping)} of the paper's properties are mapped; nothing can be learned together.",
            source=source,
            hint="Say for example --map resistivity=RHO hardness=HV amorphous=AM",
        )
    names = {role: mapping[role] for role in ROLES if role in mapping}
    plan = _plan(str(source.absolute()), names, inputs, group, quick=quick, seed=seed, workers=workers)
    return KangTable("own", str(source), plan, names)


def _plan(
    source: str,
    names: Mapping[str, str],
    inputs: tuple[str, ...],
    group: str,
    *,
    quick: bool,
    seed: int,
    workers: int,
    keys: Mapping[str, str] | None = None,
) -> Plan:
    """The paper's settings; five grouped folds, patience and ten repeats are ours, as it names neither nor seeds."""
    targets = [
        ":".join(part for part in (name, ROLES[role], (keys or {}).get(role, "")) if part)
        for role, name in names.items()
    ]
    remedies = _QUICK if quick else _REMEDIES
    warm = (f"warm+from={names['resistivity']}",) if {"resistivity", "hardness"} <= set(names) else ()
    strategies = (
        "mean", "lightgbm", APART, TOGETHER, STRUCTURED, *(TOGETHER + remedy for remedy in remedies),
        *(_CONTROLS[:1] if quick else _CONTROLS), *warm,
    )  # fmt: skip
    tuning = Tuning(
        rates=(1e-3,), decays=(0.0,), finalists=1, halving=(), batch=32, clip=float("inf"),
        epochs=20 if quick else 200, patience=5 if quick else 10,
    )  # fmt: skip
    return Plan(
        table=TablePlan(source=source, targets=tuple(targets), inputs=inputs),
        split=SplitPlan(group=group, folds=5, repeats=1 if quick else 10),
        strategies=strategies,
        tuning=tuning,
        seed=seed,
        workers=workers,
    )
