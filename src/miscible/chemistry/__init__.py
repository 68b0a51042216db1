"""Formulas, element facts and molecules: text to arrays; knows nothing of tables."""

from ._elements import ELEMENTS, ElementData, element_data, mixing_enthalpies
from ._fingerprints import descriptor_names, molecule_descriptors, morgan_counts
from ._fractions import ParsedFormulas, fractions_from_columns, parse_formulas
from ._keys import chemical_systems, composition_keys
from ._molecules import ParsedMolecules, parse_smiles
from ._scaffolds import scaffold_keys

__all__ = [
    "ELEMENTS",
    "ElementData",
    "ParsedFormulas",
    "ParsedMolecules",
    "chemical_systems",
    "composition_keys",
    "descriptor_names",
    "element_data",
    "fractions_from_columns",
    "mixing_enthalpies",
    "molecule_descriptors",
    "morgan_counts",
    "parse_formulas",
    "parse_smiles",
    "scaffold_keys",
]
