"""Facts about the elements and their binary mixing enthalpies, read once from the shipped tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

__all__ = ["ELEMENTS", "ElementData", "element_data", "mixing_enthalpies"]

# fmt: off
ELEMENTS: tuple[str, ...] = (
    "H", "He",
    "Li", "Be", "B", "C", "N", "O", "F", "Ne",
    "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
    "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu",
    "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr",
)
# fmt: on
"""Symbols in order of atomic number, H to Lr; the column order of every fraction matrix."""


@dataclass(frozen=True)
class ElementData:
    """Facts about the elements.

    Parameters
    ----------
    names
        Property names.
    values
        ``(n_elements, n_properties)``, rows in the order of `ELEMENTS`; NaN where no value is known.
        Units and sources stand in ``data/SOURCES.md``.
    """

    names: tuple[str, ...]
    values: np.ndarray

    def column(self, name: str) -> np.ndarray:
        """One property of every element, ``(n_elements,)``."""
        return self.values[:, self.names.index(name)]


def _read(name: str) -> pd.DataFrame:
    with files("miscible.chemistry").joinpath("data", name).open(encoding="utf-8") as handle:
        return pd.read_csv(handle, index_col="symbol", keep_default_na=False, na_values=[""])


def _frozen(values: np.ndarray) -> np.ndarray:
    values.setflags(write=False)
    return values


@cache
def element_data() -> ElementData:
    """The shipped table of element facts; read once, its array is read-only."""
    frame = _read("elements.csv").loc[list(ELEMENTS)]
    return ElementData(tuple(frame.columns), _frozen(frame.to_numpy(dtype=np.float64, copy=True)))


@cache
def mixing_enthalpies() -> np.ndarray:
    """Binary mixing enthalpies of equiatomic liquids.

    Returns
    -------
    ``(n_elements, n_elements)`` in kJ/mol, symmetric, zero on the diagonal of tabulated elements, NaN where a
    pair is not tabulated; read-only. Miedema's model as tabulated by Takeuchi and Inoue, Mater. Trans. 46,
    2817 (2005).
    """
    frame = _read("mixing_enthalpy.csv").reindex(index=list(ELEMENTS), columns=list(ELEMENTS))
    return _frozen(frame.to_numpy(dtype=np.float64, copy=True))
