"""Ready-made tables: real ones, and simulated ones with known truth."""

from ._catalogue import absolute, describe, load, names, summaries
from ._chembl import load_chembl
from ._dataset import Dataset
from ._molecules import load_molecule_grids, load_molecules
from ._synthetic import load_synthetic, parse_specification
from ._synthetic_dials import DIALS, FORMS, Dials, kang_dials
from ._synthetic_text import parse_dials
from ._synthetic_world import Draw, World, make_world

__all__ = [
    "DIALS",
    "FORMS",
    "Dataset",
    "Dials",
    "Draw",
    "World",
    "absolute",
    "describe",
    "kang_dials",
    "load",
    "load_chembl",
    "load_molecule_grids",
    "load_molecules",
    "load_synthetic",
    "make_world",
    "names",
    "parse_dials",
    "parse_specification",
    "summaries",
]
