"""Formulas of the alloy union: which material, and whether an alloy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from miscible.chemistry import ELEMENTS, composition_keys, parse_formulas

__all__ = ["NON_METALS", "Formulas", "read_formulas"]

NON_METALS = ("H", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "Te", "I")
"""What holds one of these is not counted as an alloy; B, C, Si, As and the like may be in one."""

_COLUMNS = [ELEMENTS.index(symbol) for symbol in NON_METALS]


@dataclass(frozen=True)
class Formulas:
    """What the formulas of some rows say.

    Parameters
    ----------
    keys
        ``(n_rows,)`` object, equal for equal compositions; None where there is no readable formula.
    alloys
        ``(n_rows,)`` bool.
    n_texts, n_unreadable
        Distinct texts, and how many of them cannot be read.
    """

    keys: np.ndarray
    alloys: np.ndarray
    n_texts: int
    n_unreadable: int


def read_formulas(texts: pd.Series) -> Formulas:
    """Read formulas, each distinct text once."""
    codes, distinct = pd.factorize(texts)
    parsed = parse_formulas(list(distinct))
    # A row without a text has code -1 and takes the entry put last.
    keys = np.full(len(distinct) + 1, None, dtype=object)
    keys[:-1] = composition_keys(parsed.fractions)
    keys[list(parsed.errors)] = None
    others = np.nan_to_num(parsed.fractions)[:, _COLUMNS].sum(axis=1) > 0
    alloys = np.append(~others, False)
    alloys[list(parsed.errors)] = False
    return Formulas(
        keys=keys[codes],
        alloys=alloys[codes],
        n_texts=len(distinct),
        n_unreadable=len(parsed.errors),
    )
