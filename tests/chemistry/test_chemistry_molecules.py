"""SMILES, scaffolds and clusters against RDKit used directly."""

import sys

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator
from rdkit.Chem.Scaffolds import MurckoScaffold
from rdkit.DataStructs import TanimotoSimilarity

from miscible.chemistry import (
    descriptor_names,
    molecule_descriptors,
    morgan_counts,
    parse_smiles,
    scaffold_keys,
)
from miscible.errors import MiscibleError

CHAINS = (
    ["C" * n for n in range(1, 9)]
    + ["C" * n + "O" for n in range(1, 7)]
    + ["CC(=O)O", "CCC(=O)OC", "NCCN", "FC(F)F"]
)
RINGS = ["c1ccccc1O", "Cc1ccccc1", "C1CCCCC1N", "c1ccc2ccccc2c1", "*CC(*)c1ccccc1"]


def test_canonical_smiles_are_those_of_rdkit():
    texts = ["OCC", "C(C)O", " c1ccccc1 ", "*CC(*)c1ccccc1", "[Na+].[Cl-]"]
    parsed = parse_smiles(texts)
    assert not parsed.errors
    assert parsed.canonical == [Chem.CanonSmiles(t.strip()) for t in texts]
    assert parsed.canonical[0] == parsed.canonical[1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        (None, "empty"),
        (3.0, "empty"),
        ("C1CC", "not a SMILES"),
        ("CN(C)(C)C", "valence"),
        ("Fe20Ni", "SMILES"),
    ],
)
def test_bad_smiles_say_what_is_wrong(text, says, capfd):
    parsed = parse_smiles(["C", text])
    assert parsed.canonical == ["C", None]
    assert says in parsed.errors[1]
    assert capfd.readouterr().err == ""


def test_ring_molecules_are_grouped_by_scaffold():
    canonical = parse_smiles(RINGS).canonical
    keys = scaffold_keys(canonical)
    assert keys.tolist() == [MurckoScaffold.MurckoScaffoldSmiles(s) for s in RINGS]
    assert keys[0] == keys[1] == keys[4] == "c1ccccc1"


def test_acyclic_molecules_are_grouped_by_sphere_exclusion():
    """A plain leader algorithm, written out."""
    canonical = [s for s in parse_smiles(CHAINS).canonical if s is not None]
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    prints = {s: generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in canonical}
    leaders: list[str] = []
    for smiles in sorted(canonical, key=lambda s: (len(s), s)):
        if all(TanimotoSimilarity(prints[smiles], prints[leader]) < 0.4 for leader in leaders):
            leaders.append(smiles)
    likeness = [[TanimotoSimilarity(prints[s], prints[leader]) for leader in leaders] for s in canonical]
    expected = [f"acyclic:{np.argmax(row)}" for row in likeness]
    assert 1 < len(leaders) < len(canonical)
    assert scaffold_keys(canonical).tolist() == expected


def test_keys_do_not_depend_on_the_order_of_rows():
    canonical = parse_smiles(CHAINS + RINGS + ["", "CC"]).canonical
    order = np.random.default_rng(5).permutation(len(canonical))
    keys = scaffold_keys(canonical)
    assert scaffold_keys([canonical[i] for i in order]).tolist() == keys[order].tolist()
    assert keys[-2] == ""


def test_rows_without_any_molecule():
    assert scaffold_keys([]).shape == (0,)
    assert scaffold_keys([None]).tolist() == [""]


def test_counts_and_descriptors_are_those_of_rdkit():
    smiles = ["CCO", "Cc1ccccc1C(=O)O"]
    names = descriptor_names()
    values = molecule_descriptors(smiles)
    assert values.shape == (2, len(names))
    for row, text in enumerate(smiles):
        molecule = Chem.MolFromSmiles(text)
        assert values[row, names.index("MolWt")] == pytest.approx(Descriptors.MolWt(molecule))
        assert values[row, names.index("TPSA")] == pytest.approx(Descriptors.TPSA(molecule))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=64)
    expected = [generator.GetCountFingerprint(Chem.MolFromSmiles(s)).GetNonzeroElements() for s in smiles]
    counts = morgan_counts(smiles, n_counts=64)
    assert [{int(i): int(row[i]) for i in np.flatnonzero(row)} for row in counts] == expected


def test_without_rdkit_the_remedy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)
    monkeypatch.setitem(sys.modules, "rdkit.rdBase", None)
    with pytest.raises(MiscibleError, match=r'pip install "miscible\[molecules\]"'):
        parse_smiles(["C"])
