"""A bundle of molecules given by their descriptors alone."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from miscible.bundle import Bundle, BundleParts, load_bundle, write_bundle
from miscible.bundle._cards import spec_from_json
from miscible.table import InputSpec


@pytest.fixture(scope="module")
def written(molecule_parts: BundleParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("molecules") / "bundle"
    write_bundle(molecule_parts, folder)
    return folder


@pytest.fixture(scope="module")
def molecules(written: Path) -> Bundle:
    return load_bundle(written)


def test_the_role_comes_back_and_new_molecules_are_predicted(molecules: Bundle) -> None:
    assert molecules.spec == InputSpec(smiles="mol", smiles_as="descriptors")
    names = {name for p in molecules.preparations for name in p.features_in}
    assert names and all(name.startswith("rdkit ") for name in names)
    found = molecules.predict(pd.DataFrame({"mol": ["CCCCCc1ccccc1O", "CO"]}))
    assert found["y"].iloc[0] > found["y"].iloc[1] + 3


def test_the_card_says_what_molecules_become(written: Path) -> None:
    text = (written / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "SMILES `mol` (by descriptors, without hashed counts)" in text


def test_inputs_written_before_there_was_a_choice_are_full() -> None:
    content = asdict(InputSpec(smiles="mol", numeric=("T",)))
    del content["smiles_as"]
    assert spec_from_json(content) == InputSpec(smiles="mol", numeric=("T",), smiles_as="full")
    other = replace(InputSpec(smiles="mol"), smiles_as="descriptors")
    assert spec_from_json(asdict(other)) == other
