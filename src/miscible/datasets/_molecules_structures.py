"""Which substances are molecules that a table of organic molecules can hold."""

from __future__ import annotations

from importlib import import_module

import pandas as pd

from miscible.chemistry import parse_smiles

__all__ = ["ORGANIC", "organic_molecules", "why_not"]

ORGANIC = frozenset({"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Br", "I"})
"""Elements that a molecule may hold to be kept."""
_REASONS = {
    "fragments": "salts and mixtures",
    "charge": "ions",
    "carbon": "molecules without carbon",
    "element": "molecules with another element",
    "radical": "radicals",
}


def organic_molecules(identities: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Canonical SMILES of neutral, closed-shell, single organic molecules.

    Parameters
    ----------
    identities
        ``smiles`` and ``name`` by registry number.

    Returns
    -------
    molecules, notes
        Columns ``smiles`` and ``name`` by registry number, in ascending order; several may share a SMILES.

    Raises
    ------
    MiscibleError
        RDKit is not installed.
    """
    ordered = identities.sort_index()
    parsed = parse_smiles(ordered["smiles"].to_list())
    read = pd.Series(parsed.canonical, index=ordered.index, dtype=object).dropna()
    with import_module("rdkit.rdBase").BlockLogs():
        reasons = pd.Series([why_not(smiles) for smiles in read], index=read.index, dtype=object)
    counts = ", ".join(f"{(reasons == key).sum():,} {text}" for key, text in _REASONS.items())
    kept = read[reasons == ""]
    elements = ", ".join(sorted(ORGANIC))
    return pd.DataFrame({"smiles": kept, "name": ordered["name"].loc[kept.index]}), (
        f"{len(parsed.errors):,} of {len(ordered):,} SMILES could not be read",
        f"left out, in this order: {counts}; elements kept are {elements}",
    )


def why_not(smiles: str) -> str:
    """Empty for an organic molecule, else a key of the reason against it; the SMILES must be one that parses."""
    molecule = import_module("rdkit.Chem").MolFromSmiles(smiles)
    if "." in smiles:
        return "fragments"
    atoms = list(molecule.GetAtoms())
    if sum(atom.GetFormalCharge() for atom in atoms):
        return "charge"
    elements = {atom.GetSymbol() for atom in atoms}
    if "C" not in elements:
        return "carbon"
    if not elements <= ORGANIC:
        return "element"
    return "radical" if any(atom.GetNumRadicalElectrons() for atom in atoms) else ""
