"""Molecules to numbers: Morgan counts and the descriptors of RDKit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._rdkit import rdkit_module

__all__ = ["descriptor_names", "molecule_descriptors", "morgan_counts"]


def morgan_counts(canonical: Sequence[str], radius: int = 2, n_counts: int = 1024) -> np.ndarray:
    """Hashed counts of circular atom environments, ``(n, n_counts)`` float32.

    Rogers and Hahn, J. Chem. Inf. Model. 50, 742 (2010).
    """
    chem = rdkit_module("Chem")
    generator = rdkit_module("Chem.rdFingerprintGenerator").GetMorganGenerator(radius=radius, fpSize=n_counts)
    counts = np.zeros((len(canonical), n_counts), dtype=np.float32)
    for row, smiles in enumerate(canonical):
        counts[row] = generator.GetCountFingerprintAsNumPy(chem.MolFromSmiles(smiles))
    return counts


def descriptor_names() -> tuple[str, ...]:
    """Names of the descriptors of the installed RDKit, in column order."""
    return tuple(name for name, _ in rdkit_module("Chem.Descriptors").descList)


def molecule_descriptors(canonical: Sequence[str]) -> np.ndarray:
    """Every descriptor of RDKit, ``(n, n_descriptors)`` float64; NaN where one cannot be computed."""
    chem = rdkit_module("Chem")
    compute = rdkit_module("Chem.Descriptors").CalcMolDescriptors
    values = np.full((len(canonical), len(descriptor_names())), np.nan)
    with rdkit_module("rdBase").BlockLogs():
        for row, smiles in enumerate(canonical):
            described = compute(chem.MolFromSmiles(smiles), missingVal=np.nan, silent=True)
            values[row] = list(described.values())
    return values
