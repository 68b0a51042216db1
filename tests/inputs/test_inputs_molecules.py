"""Molecule features and the cache that spares computing them twice."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from miscible.inputs import _cache, _molecule, describe_molecules, featurize
from miscible.table import InputSpec

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCCCCC", "OCC", "*CC(*)c1ccccc1", "[Na+].[Cl-]"]
FRAME = pd.DataFrame({"smiles": SMILES})
SPEC = InputSpec(smiles="smiles")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder used from the first molecule on, and an empty memory."""
    monkeypatch.setenv("MISCIBLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(_molecule, "_WORTH_A_FILE", 1)
    monkeypatch.setattr(_molecule, "_memory", {})
    return tmp_path / "cache"


def forget(monkeypatch):
    monkeypatch.setattr(_molecule, "_memory", {})


def forbid(monkeypatch):
    def refuse(smiles):
        raise AssertionError(f"computed again: {smiles}")

    monkeypatch.setattr(_molecule, "_compute_chunk", refuse)


def test_features_are_those_of_rdkit(folder):
    features = featurize(FRAME, SPEC)
    molecules = [Chem.MolFromSmiles(s) for s in SMILES]
    for name in ("MolWt", "TPSA", "MolLogP", "NumHDonors"):
        found = features.numeric[:, features.names.index(f"rdkit {name}")]
        expected = [getattr(Descriptors, name)(m) for m in molecules]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    morgan = [n.startswith("morgan ") for n in features.names]
    assert sum(morgan) == 1024
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=1024)
    expected = [generator.GetCountFingerprintAsNumPy(m) for m in molecules]
    np.testing.assert_array_equal(features.numeric[:, morgan], expected)
    np.testing.assert_array_equal(features.numeric[0], features.numeric[4])
    assert not np.isinf(features.numeric).any()


def test_descriptors_alone_are_the_other_columns(folder):
    full, alone = (
        featurize(FRAME, SPEC),
        featurize(FRAME, InputSpec(smiles="smiles", smiles_as="descriptors")),
    )
    rest = [not name.startswith("morgan ") for name in full.names]
    assert alone.names == tuple(name for name in full.names if name.startswith("rdkit "))
    assert len(alone.names) == len(Descriptors.descList)
    np.testing.assert_array_equal(alone.numeric, full.numeric[:, rest])
    assert featurize(FRAME.iloc[:0], InputSpec(smiles="smiles", smiles_as="descriptors")).n_rows == 0


def test_descriptors_alone_count_nothing(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("hashed counts were computed")

    monkeypatch.setattr(_molecule, "morgan_counts", refuse)
    featurize(FRAME, InputSpec(smiles="smiles", smiles_as="descriptors"))
    with pytest.raises(AssertionError, match="hashed counts"):
        featurize(FRAME, SPEC)


def test_descriptors_come_back_from_memory_and_from_disk(folder, monkeypatch):
    first = featurize(FRAME, SPEC)
    assert len(list(folder.iterdir())) == 1
    forbid(monkeypatch)
    np.testing.assert_array_equal(featurize(FRAME, SPEC).numeric, first.numeric)
    forget(monkeypatch)
    np.testing.assert_array_equal(featurize(FRAME, SPEC).numeric, first.numeric)


def test_the_file_grows_by_new_molecules(folder, monkeypatch):
    featurize(FRAME.iloc[:3], SPEC)
    forget(monkeypatch)
    featurize(FRAME, SPEC)
    forget(monkeypatch)
    forbid(monkeypatch)
    assert featurize(FRAME, SPEC).n_rows == len(SMILES)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "other columns", "text"])
def test_a_damaged_file_is_rebuilt(folder, monkeypatch, damage):
    first = featurize(FRAME, SPEC)
    (path,) = folder.iterdir()
    content = path.read_bytes()
    middle = len(content) // 2
    if damage == "other columns":
        _cache.write_descriptors(path, ("a",), {"CCO": np.zeros(1, dtype=np.float32)})
    else:
        damaged = {
            "cut": content[:middle],
            "changed": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
            "empty": b"",
            "text": b"not a file of arrays",
        }
        path.write_bytes(damaged[damage])
    forget(monkeypatch)
    np.testing.assert_array_equal(featurize(FRAME, SPEC).numeric, first.numeric)
    assert [p.name for p in folder.iterdir()] == [path.name]
    forget(monkeypatch)
    forbid(monkeypatch)
    np.testing.assert_array_equal(featurize(FRAME, SPEC).numeric, first.numeric)


def test_a_folder_that_cannot_be_made_is_no_obstacle(folder, monkeypatch):
    folder.write_text("a file where the folder should be")
    assert featurize(FRAME, SPEC).n_rows == len(SMILES)


def test_few_molecules_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("MISCIBLE_CACHE", str(tmp_path / "cache"))
    forget(monkeypatch)
    featurize(FRAME, SPEC)
    assert not (tmp_path / "cache").exists()


def test_processes_give_the_same_numbers(folder, monkeypatch):
    alone = featurize(FRAME, SPEC)
    forget(monkeypatch)
    monkeypatch.setenv("MISCIBLE_CACHE", str(folder.parent / "second"))
    monkeypatch.setattr(_molecule, "_CHUNK", 3)
    monkeypatch.setattr(_molecule, "_WORTH_PROCESSES", 1)
    np.testing.assert_array_equal(featurize(FRAME, SPEC, n_jobs=2).numeric, alone.numeric)


def test_threads_take_turns_with_memory_and_file(folder, monkeypatch):
    """Eight threads share a memory for four structures, which is emptied all the time."""
    alone = featurize(FRAME, SPEC).numeric
    monkeypatch.setattr(_molecule, "_MOST_IN_MEMORY", 4)
    parts = [np.roll(np.arange(len(SMILES)), k)[:4] for k in range(64)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda rows: featurize(FRAME.iloc[rows], SPEC).numeric, parts))
    for rows, numeric in zip(parts, found, strict=True):
        np.testing.assert_array_equal(numeric, alone[rows])


def test_parts_of_a_frame_described_before_compute_and_read_nothing(folder, monkeypatch):
    alone = featurize(FRAME, SPEC).numeric
    described = describe_molecules(FRAME, SPEC)
    forget(monkeypatch)
    forbid(monkeypatch)
    monkeypatch.setenv("MISCIBLE_CACHE", str(folder.parent / "second"))
    found = [featurize(FRAME.iloc[k : k + 2], SPEC, described=described).numeric for k in range(0, 7, 2)]
    np.testing.assert_array_equal(np.concatenate(found), alone)
    assert describe_molecules(pd.DataFrame({"x": [1.0]}), InputSpec(numeric=("x",))) == {}


def test_the_memory_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(_molecule, "_MOST_IN_MEMORY", 4)
    featurize(FRAME.iloc[:3], SPEC)
    assert len(_molecule._memory) == 3
    featurize(FRAME.iloc[3:4].iloc[:1], SPEC)
    assert len(_molecule._memory) == 4
    featurize(FRAME, SPEC)
    assert len(_molecule._memory) <= 4


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "miscible"),
        ("win32", "LOCALAPPDATA", "miscible"),
        ("darwin", "HOME", "Library"),
    ],
)
def test_the_cache_folder_follows_the_platform(tmp_path, monkeypatch, platform, variable, expected):
    monkeypatch.delenv("MISCIBLE_CACHE", raising=False)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert _cache.cache_folder().relative_to(tmp_path).parts[0] == expected
