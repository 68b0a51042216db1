"""The table of molecules: counts of another reading, values known from elsewhere, the kept file, what is missing."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible import datasets
from miscible.datasets import _molecules, _molecules_files
from miscible.datasets._molecules_files import PackageFiles, registry_numbers, registry_text
from miscible.datasets._molecules_grids import GRIDS
from miscible.datasets._molecules_properties import FORTY
from miscible.datasets._molecules_sources import MoleculeProperty, Source, fitted, henry
from miscible.datasets._molecules_structures import why_not
from miscible.datasets._molecules_table import build_molecules
from miscible.errors import MiscibleError
from miscible.table import Kind, read_table

pytest.importorskip("rdkit")
pytest.importorskip("chemicals")

EXPECTED = Path(__file__).parents[3] / "shared/data/molecules/chemicals_expected_counts.csv"
HAS_THERMO = find_spec("thermo") is not None
OF_THERMO = {"ln_henry", "henry_slope", "surface_tension", "conductivity_liquid"}
_THEIRS = (
    "Tm Tb rho_CRC logP RI lnH_water_298 Hf_gas Hvap_298 Tsat_1e+04Pa Vm_solid_CAS Hf_liq Hf_solid Cp_gas Hsub "
    "sigma_298K logPsat_298K hansen_D hansen_P hansen_H T_flash Tc Pc Vc permittivity Zc Tt Cp_liq H_water_Tdep_B "
    "k_liq_298K logmu_liq_298K dipole Hfus Hvap_Tb S0_liq mu_gas_400K T_autoignition LFL RON CETANE GWP100"
)
THEIRS = _THEIRS.split(" ")

LOGARITHMIC = {
    "molar_volume_solid",
    "vapour_pressure",
    "critical_pressure",
    "permittivity",
    "cp_liquid",
    "viscosity_liquid",
    "fusion_enthalpy",
    "lower_flammability",
    "warming_potential",
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MISCIBLE_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="module")
def molecules(cache: Path) -> datasets.Dataset:
    return datasets.load("molecules")


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, str]]:
    if not EXPECTED.is_file():
        pytest.skip("the shared data folder is absent")
    with EXPECTED.open(encoding="utf-8") as file:
        rows = {row["prop"]: row for row in csv.DictReader(file)}
    return {prop.name: rows[name] for prop, name in zip(FORTY, THEIRS, strict=True)}


def test_counts_are_those_of_another_reading(
    molecules: datasets.Dataset, expected: dict[str, dict[str, str]]
) -> None:
    compared = [prop.name for prop in FORTY if HAS_THERMO or prop.name not in OF_THERMO]
    assert len(compared) >= 36
    for name in compared:
        theirs = int(expected[name]["n_organic"])
        ours = int(molecules.frame[name].notna().sum())
        assert theirs - max(8, 0.02 * theirs) <= ours <= theirs + 8, name
    assert molecules.frame["melting_point"].notna().sum() == 22_977
    assert molecules.frame["warming_potential"].notna().sum() == 179
    if HAS_THERMO:
        assert abs(len(molecules.frame) - 29_549) <= 5


def test_every_source_has_as_many_values_as_in_another_reading(expected: dict[str, dict[str, str]]) -> None:
    files, differing = PackageFiles.find(), []
    for prop in FORTY:
        theirs = [
            int(part.rsplit(":", 1)[1])
            for part in expected[prop.name]["sources"].split("; ")
            if "[meas]" in part
        ]
        ours = [len(source.read(files)) for source in prop.sources if source.name != "thermo 2023"]
        if prop.name in OF_THERMO - {"surface_tension", "conductivity_liquid"} and not HAS_THERMO:
            assert ours == [0]
        elif ours != theirs[: len(ours)]:
            differing.append(prop.name)
            np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=0.025)
    assert set(differing) == {"molar_volume_solid", "surface_tension", "cp_liquid", "boiling_point_10kpa"}


def test_medians_are_those_of_another_reading(
    molecules: datasets.Dataset, expected: dict[str, dict[str, str]]
) -> None:
    scale = {prop.name: prop.scale for prop in FORTY}
    for name in [prop.name for prop in FORTY if prop.name in molecules.frame.columns]:
        if (name in OF_THERMO and not HAS_THERMO) or name == "warming_potential":
            continue
        theirs = float(expected[name]["med"])
        middle = molecules.frame[name].median()
        if name in ("vapour_pressure", "viscosity_liquid"):
            assert np.log10(middle) == pytest.approx(theirs, abs=0.01)
        else:
            assert middle == pytest.approx(theirs * scale[name], rel=0.02), name


KNOWN = [
    ("benzene", "melting_point", 278.7, 0.3),
    ("benzene", "boiling_point", 353.2, 0.2),
    ("benzene", "logp", 2.13, 0.01),
    ("benzene", "critical_temperature", 562.0, 0.5),
    ("benzene", "critical_pressure", 4.9e6, 0.05e6),
    ("benzene", "critical_volume", 256.0, 4.0),
    ("benzene", "critical_compressibility", 0.269, 0.002),
    ("benzene", "density", 876.5, 3.0),
    ("benzene", "refractive_index", 1.501, 0.001),
    ("benzene", "formation_enthalpy_gas", 82.9, 1.0),
    ("benzene", "formation_enthalpy_liquid", 49.1, 0.5),
    ("benzene", "vaporisation_enthalpy", 33.9, 0.3),
    ("benzene", "vapour_pressure", 12_690.0, 100.0),
    ("benzene", "surface_tension", 28.2, 0.3),
    ("benzene", "viscosity_liquid", 6.04e-4, 0.1e-4),
    ("benzene", "conductivity_liquid", 0.142, 0.003),
    ("benzene", "cp_gas", 82.4, 0.5),
    ("benzene", "cp_liquid", 136.0, 1.0),
    ("benzene", "permittivity", 2.28, 0.02),
    ("benzene", "dipole_moment", 0.0, 1e-9),
    ("benzene", "fusion_enthalpy", 9870.0, 50.0),
    ("benzene", "vaporisation_enthalpy_boiling", 30.7, 0.1),
    ("benzene", "entropy_liquid", 173.3, 0.5),
    ("ethanol", "boiling_point", 351.4, 0.3),
    ("ethanol", "vapour_pressure", 7_870.0, 80.0),
    ("ethanol", "viscosity_liquid", 1.08e-3, 0.03e-3),
    ("ethanol", "flash_point", 286.0, 2.0),
    ("ethanol", "hansen_h", 19.4, 0.6),
    ("toluene", "critical_temperature", 591.8, 0.5),
    ("toluene", "autoignition", 803.0, 60.0),
    ("hexane", "boiling_point_10kpa", 282.0, 1.0),
    ("heptane", "research_octane", 0.0, 1e-9),
    ("hexadecane", "cetane", 100.0, 1.0),
    ("methane", "viscosity_gas_400k", 14.2, 0.4),
    ("methane", "lower_flammability", 0.05, 0.007),
    ("naphthalene", "sublimation_enthalpy", 72.6, 2.0),
    ("benzoic acid", "formation_enthalpy_solid", -385.0, 1.0),
]


@pytest.mark.parametrize(("name", "column", "value", "tolerance"), KNOWN)
def test_known_values(
    molecules: datasets.Dataset, name: str, column: str, value: float, tolerance: float
) -> None:
    smiles = {
        "benzene": "c1ccccc1",
        "ethanol": "CCO",
        "toluene": "Cc1ccccc1",
        "hexane": "CCCCCC",
        "heptane": "CCCCCCC",
        "hexadecane": "C" * 16,
        "methane": "C",
        "naphthalene": "c1ccc2ccccc2c1",
        "benzoic acid": "O=C(O)c1ccccc1",
    }
    rows = molecules.frame[molecules.frame["smiles"] == smiles[name]]
    assert len(rows) == 1
    assert rows[column].item() == pytest.approx(value, abs=tolerance)


def test_rows_are_organic_molecules_once_each(molecules: datasets.Dataset) -> None:
    frame = molecules.frame
    assert frame["smiles"].is_unique
    assert not set(frame["smiles"]) & {"O", "[Na+].[Cl-]", "N", "[CH3]"}
    assert not frame["smiles"].str.contains(".", regex=False).any()
    assert frame.drop(columns=["smiles", "name", "cas"]).notna().any(axis=1).all()
    row = frame[frame["smiles"] == "c1ccccc1"].iloc[0]
    assert (row["name"], row["cas"]) == ("benzene", "71-43-2")


def test_the_table_is_ready_to_be_read(molecules: datasets.Dataset) -> None:
    table = read_table(
        molecules.frame.copy(deep=False), list(molecules.targets), inputs=list(molecules.inputs)
    )
    by_name = {prop.name: prop for prop in table.properties}
    assert list(by_name) == [
        prop.name for prop in FORTY if HAS_THERMO or prop.name not in ("ln_henry", "henry_slope")
    ]
    assert {prop.name for prop in table.properties if prop.transform == "log10"} == LOGARITHMIC
    assert all(prop.kind is Kind.REGRESSION for prop in table.properties)
    assert (by_name["melting_point"].unit, by_name["critical_pressure"].unit, by_name["logp"].unit) == (
        "K",
        "Pa",
        "",
    )
    assert (molecules.frame[sorted(LOGARITHMIC)].min() > 0).all()
    assert set(molecules.columns) == set(molecules.frame.columns)
    assert molecules.group == "scaffold"
    assert set(molecules.families) == set(by_name)
    assert molecules.families["vapour_pressure"] == molecules.families["boiling_point_10kpa"]
    assert molecules.families["logp"] != molecules.families["melting_point"]


def test_the_table_is_built_once_and_again_when_its_file_is_damaged(
    molecules: datasets.Dataset, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = cache.glob("molecules-recipe*.npz")
    small = molecules.frame.head(3), ("built anew",)
    calls = []
    monkeypatch.setattr(_molecules, "build_molecules", lambda *given: calls.append(given) or small)
    again = datasets.load("molecules")
    pd.testing.assert_frame_equal(again.frame, molecules.frame)
    assert (again.notes, again.targets, calls) == (molecules.notes, molecules.targets, [])
    kept = path.read_bytes()
    for damage in (kept[: len(kept) // 2], b"", kept[:3000] + b"\0" * 200 + kept[3200:]):
        path.write_bytes(damage)
        assert datasets.load("molecules").notes[-1] == "built anew"
        pd.testing.assert_frame_equal(datasets.load("molecules").frame, small[0])
    assert len(calls) == 3
    path.write_bytes(kept)


def test_a_cache_that_cannot_be_written_is_let_be(
    molecules: datasets.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MISCIBLE_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(_molecules, "build_molecules", lambda *given: (molecules.frame, ("built",)))
    assert datasets.load("molecules").notes[-1] == "built"


def test_missing_packages_name_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_molecules_files, "find_spec", lambda name: None)
        with pytest.raises(MiscibleError, match=r'chemicals.*pip install "miscible\[molecules\]"'):
            datasets.load("molecules")

    def absent(package: str) -> str:
        raise _molecules.PackageNotFoundError(package)

    monkeypatch.setattr(_molecules, "version", absent)
    with pytest.raises(MiscibleError, match=r'RDKit.*pip install "miscible\[molecules\]"'):
        datasets.load("molecules")


def test_files_of_another_package_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Misc").mkdir()
    (tmp_path / "Misc" / "table.tsv").write_text("name\tTm\nbenzene\t278\n")
    files = PackageFiles(tmp_path, None)
    with pytest.raises(MiscibleError, match="not the file expected"):
        files.frame("Misc/table.tsv")
    with pytest.raises(MiscibleError, match="not the file expected"):
        files.frame("Misc/other.tsv")
    with pytest.raises(MiscibleError, match="not the file expected"):
        _ = files.identities


def tiny_package(folder: Path, substances: dict[str, str]) -> PackageFiles:
    (folder / "Identifiers").mkdir(parents=True)
    lines = "".join(
        f"1\t{cas}\tX\t1.0\t{smiles}\tI\tK\tiupac\t{cas} common\n" for cas, smiles in substances.items()
    )
    for name in _molecules_files._IDENTIFIERS:
        text = lines if "large" in name else ""
        (folder / "Identifiers" / name).write_text(text)
    (folder / "Identifiers" / "Inorganic db.tsv").write_text("1\t64-17-5\tX\t1.0\tCCO\tI\tK\tiupac\tlater\n")
    return PackageFiles(folder, None)


def values_of(found: dict[str, float]) -> pd.Series:
    return pd.Series(list(found.values()), index=registry_numbers(pd.Series(list(found))), dtype=float)


def test_best_source_counts_and_substances_of_one_structure_are_averaged(tmp_path: Path) -> None:
    files = tiny_package(
        tmp_path,
        {
            "71-43-2": "C1=CC=CC=C1",
            "26181-88-4": "c1ccccc1",
            "64-17-5": "CO",
            "7732-18-5": "O",
            "50-00-0": "no",
        },
    )
    best = values_of({"71-43-2": 1.0, "64-17-5": 5.0})
    second = values_of({"71-43-2": 99.0, "26181-88-4": 3.0, "7732-18-5": 7.0, "50-00-0": 8.0, "99-99-9": 9.0})
    prop = MoleculeProperty(
        "p", "", "", "f", (Source("a", lambda files: best), Source("b", lambda files: second)), scale=10.0
    )
    frame, notes = build_molecules([prop], files)
    assert frame.set_index("smiles")["p"].to_dict() == {"CCO": 50.0, "c1ccccc1": 20.0}
    assert frame.set_index("smiles").loc["c1ccccc1", ["cas", "name"]].tolist() == [
        "71-43-2",
        "71-43-2 common",
    ]
    assert frame.set_index("smiles").loc["CCO", "name"] == "later"
    assert "6 substances have a measured value, 5 of them a SMILES" in notes
    assert any("1 of 5 SMILES could not be read" in note for note in notes)
    assert any("1 molecules without carbon" in note for note in notes)


def test_mistakes_are_dropped_after_the_logarithm(tmp_path: Path) -> None:
    chains = {f"{number}-00-0": "C" * number for number in range(50, 75)}
    files = tiny_package(tmp_path, chains)
    good = {cas: 10.0 ** (position / 24) for position, cas in enumerate(chains)}
    found = values_of(good | {"50-00-0": 0.0, "51-00-0": 1e6, "52-00-0": 1e4})
    source = (Source("a", lambda files: found),)
    plain = MoleculeProperty("plain", "", "", "f", source)
    logged = MoleculeProperty("logged", "", "", "f", source, "log10")
    scarce = MoleculeProperty("scarce", "", "", "f", (Source("a", lambda files: found.head(3)),))
    frame, notes = build_molecules([plain, logged, scarce], files, least=4)
    assert list(frame.columns) == ["smiles", "name", "cas", "plain", "logged"]
    assert frame["plain"].notna().sum() == 23
    assert frame["logged"].notna().sum() == 23
    assert set(frame.loc[frame["plain"].isna(), "smiles"]) == {"C" * 52}
    assert set(frame.loc[frame["logged"].isna(), "smiles"]) == {"C" * 50}
    assert "C" * 51 not in set(frame["smiles"])
    assert frame["plain"].max() < 11
    assert frame["logged"].max() == 1e4
    assert any("4 values were dropped" in note and "plain 2" in note and "logged 2" in note for note in notes)
    assert any("fewer than 4 labels" in note and "scarce" in note for note in notes)


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("c1ccccc1", ""),
        ("C[N+](=O)[O-]", ""),
        ("CS(C)=O", ""),
        ("Cl[Si](Cl)(Cl)Cl", "carbon"),
        ("C[Sn](C)(C)C", "element"),
        ("CC(=O)[O-]", "charge"),
        ("CC(=O)[O-].[Na+]", "fragments"),
        ("[CH3]", "radical"),
        ("ClC(Cl)(Cl)Cl", ""),
    ],
)
def test_which_molecules_are_kept(smiles: str, reason: str) -> None:
    assert why_not(smiles) == reason


def test_registry_numbers_survive_the_round_trip() -> None:
    numbers = registry_numbers(pd.Series(["71-43-2", " 107-83-5 ", "50000"]))
    assert list(numbers) == [71432, 107835, 50000]
    assert [registry_text(number) for number in numbers] == ["71-43-2", "107-83-5", "50-00-0"]


def test_thermo_adds_constants_of_henry_and_its_fits(tmp_path: Path) -> None:
    (tmp_path / "Interaction Parameters").mkdir()
    (tmp_path / "Misc").mkdir()
    (tmp_path / "Interaction Parameters" / "Sander_henry_const.json").write_text(
        '{"data": {"71-43-2 7732-18-5": {"A": 17.2}, "71-43-2 64-17-5": {"A": 1.0}}}'
    )
    (tmp_path / "Misc" / "organic_correlations.json").write_text(
        '{"100-01-6": {"ThermalConductivityLiquid": {"DIPPR100_parameters": {"Fit 2023": '
        '{"A": 0.2, "B": -1e-4, "Tmin": 305.0, "Tmax": 400.0}}}}}'
    )
    files = PackageFiles(PackageFiles.find().chemicals, tmp_path)
    assert henry(slope=False).read(files).to_dict() == {71432: 17.2}
    last = fitted("conductivity_liquid", 298.15)[-1]
    assert last.read(files)[100016] == pytest.approx(0.2 - 298.15e-4)
    assert fitted("conductivity_liquid", 290.0)[-1].read(files).empty
    with pytest.raises(MiscibleError, match="inside thermo"):
        henry(slope=True).read(files)
    assert henry(slope=True).read(PackageFiles(files.chemicals, None)).empty


def test_grids_have_more_than_a_hundred_properties(cache: Path) -> None:
    names = [prop.name for prop in GRIDS]
    assert len(set(names)) == len(names)
    dataset = datasets.load("molecules-grids")
    targets = list(dataset.families)
    counts = dataset.frame[targets].notna().sum()
    assert len(targets) == len(dataset.targets) >= 150
    assert counts.min() >= 100
    assert set(dataset.families.values()) >= {
        "volatility",
        "heat capacity gas",
        "viscosity liquid",
        "formation",
    }
    benzene = dataset.frame[dataset.frame["smiles"] == "c1ccccc1"].iloc[0]
    assert benzene["boiling_point_20kpa"] == pytest.approx(308.4, abs=0.5)
    assert benzene["vapour_pressure_350k"] == pytest.approx(9.16e4, rel=0.01)
    assert benzene["cp_gas_500k"] == pytest.approx(139.1, rel=0.01)
    pressures = dataset.frame[
        ["vapour_pressure_325k", "vapour_pressure_350k", "vapour_pressure_375k"]
    ].dropna()
    assert (pressures.diff(axis=1).iloc[:, 1:] > 0).to_numpy().mean() > 0.995


def test_descriptions_name_sizes_notes_and_citations(molecules: datasets.Dataset) -> None:
    text = datasets.describe("molecules")
    assert f"{len(molecules.frame):,} rows" in text
    words = " ".join(text.split())
    assert all(note in words for note in molecules.notes)
    assert all(citation in text for citation in molecules.citations)
    assert {"molecules", "molecules-grids", "molecules-chembl"} <= set(datasets.names())
    assert tuple(datasets.summaries()) == datasets.names()
