"""What a ready-made table brings along."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["Dataset"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table, real or simulated, ready for `read_table`.

    Parameters
    ----------
    name
        As given to `load`.
    description
        One paragraph: what the rows are, and where they come from.
    frame
        One row per record; labels are missing where nothing was measured.
    targets, inputs
        In the syntax of the command line: ``"hardness:reg:unit=HV"``, ``"composition:composition"``.
    group
        What folds should be grouped by.
    columns
        Meaning of each column of ``frame``.
    notes
        What loading repaired, merged or left out, with counts.
    citations
        BibTeX of the publications to cite.
    licence
        Under which the data may be used.
    variants
        What may stand behind the name after a dash, and what it does.
    families
        Physical quantity of each target, where several targets are one quantity under different conditions: a study of
        transfer to a target may leave out those of its family.
    """

    name: str
    description: str
    frame: pd.DataFrame
    targets: tuple[str, ...]
    inputs: tuple[str, ...]
    group: str
    columns: dict[str, str]
    notes: tuple[str, ...]
    citations: tuple[str, ...]
    licence: str
    variants: dict[str, str] = field(default_factory=dict)
    families: dict[str, str] = field(default_factory=dict)
