"""SMILES strings to canonical SMILES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ._rdkit import rdkit_module

__all__ = ["ParsedMolecules", "parse_smiles"]


@dataclass(frozen=True)
class ParsedMolecules:
    """Canonical SMILES of many molecules.

    Parameters
    ----------
    canonical
        One per row, None where the text does not parse.
    errors
        Row position -> what is wrong with it.
    """

    canonical: list[str | None]
    errors: dict[int, str]


def parse_smiles(texts: Sequence[object] | np.ndarray) -> ParsedMolecules:
    """Read SMILES; repeat units of polymers with ``*`` are welcome.

    Raises
    ------
    MiscibleError
        RDKit is not installed.
    """
    canonical: list[str | None] = []
    errors: dict[int, str] = {}
    with rdkit_module("rdBase").BlockLogs():
        for row, text in enumerate(texts):
            smiles, problem = _canonical(text.strip() if isinstance(text, str) else "")
            canonical.append(smiles)
            if problem:
                errors[row] = problem
    return ParsedMolecules(canonical, errors)


@lru_cache(maxsize=1 << 18)
def _canonical(text: str) -> tuple[str | None, str]:
    """Canonical SMILES, or None and the reason."""
    if not text:
        return None, "the SMILES is empty"
    chem = rdkit_module("Chem")
    molecule = chem.MolFromSmiles(text)
    if molecule is not None:
        return chem.MolToSmiles(molecule), ""
    raw = chem.MolFromSmiles(text, sanitize=False)
    problems = () if raw is None else chem.DetectChemistryProblems(raw)
    reason = problems[0].Message() if problems else "not a SMILES string"
    return None, f"{text!r}: {reason}"
