"""Groups of related molecules: ring scaffolds, and clusters of the molecules without a ring."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ._rdkit import rdkit_module

__all__ = ["scaffold_keys"]

_RADIUS = 2
_N_BITS = 1024


def scaffold_keys(canonical: Sequence[str | None], similarity: float = 0.4) -> np.ndarray:
    """One group key a molecule.

    The key is the Bemis-Murcko scaffold (J. Med. Chem. 39, 2887, 1996) where the molecule has a ring.
    Molecules without one are clustered by sphere exclusion on Morgan fingerprints: leaders are chosen from
    the shortest SMILES up, so that no two reach the given Tanimoto similarity, and every molecule joins its
    most similar leader. The keys do not depend on the order of the rows.

    Parameters
    ----------
    canonical
        Canonical SMILES, None for rows without a molecule.
    similarity
        Tanimoto similarity from which on two acyclic molecules may not both be leaders.

    Returns
    -------
    ``(n,)`` strings: a scaffold SMILES, ``acyclic:k``, or empty where there is no molecule.

    Raises
    ------
    MiscibleError
        RDKit is not installed.
    """
    keys: dict[str | None, str] = {None: ""}
    keys |= {smiles: _scaffold(smiles) for smiles in set(canonical) if smiles is not None}
    acyclic = sorted((s for s, key in keys.items() if s is not None and not key), key=lambda s: (len(s), s))
    for smiles, cluster in zip(acyclic, _clusters(acyclic, similarity).tolist(), strict=True):
        keys[smiles] = f"acyclic:{cluster}"
    return np.array([keys[smiles] for smiles in canonical], dtype=np.str_)


@lru_cache(maxsize=65536)
def _scaffold(smiles: str) -> str:
    murcko = rdkit_module("Chem.Scaffolds.MurckoScaffold")
    return murcko.MurckoScaffoldSmiles(smiles)


def _clusters(smiles: list[str], similarity: float) -> np.ndarray:
    """Number of the most similar leader of each molecule; the first one wins ties."""
    if not smiles:
        return np.empty(0, dtype=np.int64)
    prints = _fingerprints(smiles)
    picker = rdkit_module("SimDivFilters.rdSimDivPickers").LeaderPicker()
    leaders = sorted(picker.LazyBitVectorPick(prints, len(prints), 1.0 - similarity))
    bulk = rdkit_module("DataStructs").BulkTanimotoSimilarity
    best = np.full(len(prints), -1.0)
    cluster = np.zeros(len(prints), dtype=np.int64)
    for number, leader in enumerate(leaders):
        likeness = np.asarray(bulk(prints[leader], prints))
        closer = likeness > best
        best[closer] = likeness[closer]
        cluster[closer] = number
    return cluster


def _fingerprints(smiles: list[str]) -> list[Any]:
    chem = rdkit_module("Chem")
    generator = rdkit_module("Chem.rdFingerprintGenerator").GetMorganGenerator(radius=_RADIUS, fpSize=_N_BITS)
    return [generator.GetFingerprint(chem.MolFromSmiles(s)) for s in smiles]
