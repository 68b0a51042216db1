"""Variants of the alloy union: what can be chosen, and what each choice does to the rows."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from miscible.errors import InputError
from miscible.text import suggest

from ._union_resistivity import ROOM

__all__ = ["LABELS", "UNION", "VARIANTS", "Variant", "merge_materials", "parse_variant", "subsample"]

UNION = "alloy-union"
LABELS = ("resistivity", "hardness", "amorphous")
PAPER = {"resistivity": 52_388, "hardness": 800, "amorphous": 840}
"""Labels of the union of Kang, arXiv 2512.22740, 65 : 1 : 1."""
SAME_ROOM = 10.0
"""Kelvin around 300 K within which two temperatures are the room's."""
VARIANTS = {
    "full": "all records of sysTEm that state a conductivity: every chemistry, value and repeat",
    "300k": "of each composition only the resistivity nearest to 300 K",
    "65to1": "hardness and amorphous rows drawn at random to 65 : 1 : 1, the imbalance of Kang 2025",
    "paper": "800 hardness and 840 amorphous rows drawn at random, as many as Kang 2025 has",
    "merged": "rows of one composition and temperature become one row with several labels",
}
_SEED = 2512_22740


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice of each; the fields are the parts of the name, see `VARIANTS`."""

    full: bool = False
    room: bool = False
    imbalance: bool = False
    paper: bool = False
    merged: bool = False

    @property
    def name(self) -> str:
        """The name with its parts in their usual order."""
        chosen = [part for part, field in _parts().items() if getattr(self, field)]
        return "-".join([UNION, *chosen])


def _parts() -> dict[str, str]:
    return dict(zip(VARIANTS, (field.name for field in fields(Variant)), strict=True))


def parse_variant(name: str) -> Variant:
    """Read a name such as ``alloy-union-300k-merged``; the order of its parts does not matter.

    Raises
    ------
    InputError
        A part is unknown, repeated, or contradicts another one.
    """
    given = name.removeprefix(UNION).removeprefix("-")
    chosen = given.split("-") if given else []
    for part in chosen:
        if part not in VARIANTS:
            near = suggest(part, VARIANTS, limit=1)
            known = f"Known: {', '.join(VARIANTS)}, joined by dashes, as in {UNION}-300k-merged."
            hint = f"Did you mean {near[0]!r}? {known}" if near else known
            raise InputError(f"the data set {UNION} has no variant {part!r}.", source=name, hint=hint)
    if len(set(chosen)) < len(chosen):
        raise InputError("a part of the variant is repeated.", source=name, hint="Name each part once.")
    if {"65to1", "paper"} <= set(chosen):
        raise InputError("65to1 and paper are two sizes.", source=name, hint="Choose one of them.")
    return Variant(**{_parts()[part]: True for part in chosen})


def subsample(rows: pd.DataFrame, variant: Variant) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Draw hardness and amorphous rows down to the size of the variant, always the same ones.

    Parameters
    ----------
    rows
        One label a row.
    variant
        ``imbalance`` keeps all resistivities and the paper's ratios, ``paper`` its numbers; else nothing is drawn.
    """
    if not (variant.imbalance or variant.paper):
        return rows, ()
    kept, notes = rows[LABELS[0]].notna().to_numpy(copy=True), []
    share = kept.sum() / PAPER[LABELS[0]] if variant.imbalance else 1.0
    for number, label in enumerate(LABELS[1:]):
        labelled = np.flatnonzero(rows[label].notna())
        size = min(round(share * PAPER[label]), len(labelled))
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([_SEED, number])))
        kept[generator.choice(labelled, size, replace=False)] = True
        notes.append(f"{label}: {size:,} of {len(labelled):,} rows were drawn at random")
    return rows[kept], tuple(notes)


def merge_materials(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """One row for each composition and temperature, with the median of each label.

    A row without a temperature counts as one at room temperature, as do those within 10 K of 300 K.

    Returns
    -------
    rows, note
        In the order of their first parts; ``source`` joins those of the parts by ``+``.
    """
    temperature = rows["temperature"]
    room = temperature.isna() | ((temperature - ROOM).abs() <= SAME_ROOM)
    state = temperature.mask(room, ROOM)
    group = pd.Series(pd.factorize(pd.MultiIndex.from_arrays([rows["key"], state]))[0], index=rows.index)
    shared = group.duplicated(keep=False)
    grouped = rows[shared].groupby(group[shared])
    several = pd.concat(
        [
            grouped[["composition", "key", "temperature"]].first(),
            grouped[list(LABELS)].median(),
            grouped["source"].agg(lambda names: "+".join(dict.fromkeys(names))),
        ],
        axis=1,
    )
    merged = pd.concat([rows[~shared].set_index(group[~shared]), several]).sort_index()
    merged = merged.reset_index(drop=True)[list(rows.columns)]
    have = merged[list(LABELS)].notna()
    pairs = ", ".join(
        f"{a} and {b} {int((have[a] & have[b]).sum()):,}"
        for a, b in zip(LABELS, (*LABELS[1:], LABELS[0]), strict=True)
    )
    note = (
        f"{len(rows):,} rows were merged to {len(merged):,} of one composition and temperature each, a missing "
        f"temperature being read as the room's and each label as the median; rows with two labels: {pairs}"
    )
    return merged, note
