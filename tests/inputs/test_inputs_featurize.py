"""Columns to features: what is read, and what is refused with which words."""

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.inputs import Features, featurize
from miscible.table import InputSpec

FRAME = pd.DataFrame(
    {
        "alloy": ["FeNi", "Ni3Al", "Cu"],
        "Fe": [50.0, 20.0, 0.0],
        "Cr": [50.0, 80.0, np.nan],
        "T": ["298", " ", "1e3"],
        "flow": pd.array([1, None, 3], dtype="Int64"),
        "route": ["CAST ", None, ""],
        "batch": [1.0, np.nan, 2.5],
    },
    index=["a", "b", "c"],
)


def test_numeric_columns_become_float32_with_nan():
    frame = FRAME.assign(hot=[np.inf, 1e300, -5.0], yes=[True, False, True])
    features = featurize(frame, InputSpec(numeric=("T", "flow", "hot", "yes")))
    assert features.names == ("T", "flow", "hot", "yes")
    assert features.numeric.dtype == np.float32
    expected = [[298, 1, np.nan, 1], [np.nan, np.nan, np.nan, 0], [1000, 3, -5, 1]]
    np.testing.assert_array_equal(features.numeric, np.array(expected, dtype=np.float32))


def test_categories_become_text_with_none():
    features = featurize(FRAME, InputSpec(categorical=("route", "batch")))
    assert features.categories["route"].tolist() == ["CAST", None, None]
    assert features.categories["batch"].tolist() == ["1", None, "2.5"]
    assert features.numeric.shape == (3, 0)


def test_whole_floats_and_integers_are_the_same_level():
    whole = featurize(pd.DataFrame({"batch": [1, 2]}), InputSpec(categorical=("batch",)))
    assert whole.categories["batch"].tolist() == ["1", "2"]


@pytest.mark.parametrize("unit", ["at", "wt"])
def test_amount_columns_equal_the_formula_they_mean(unit):
    formulas = {"at": ["FeCr", "Fe20Cr80"], "wt": ["Fe0.482174Cr0.517826", "Fe0.188809Cr0.811191"]}[unit]
    columns = featurize(FRAME.iloc[:2], InputSpec(fractions=("Fe", "Cr"), fraction_unit=unit))
    formula = featurize(pd.DataFrame({"f": formulas}), InputSpec(composition="f"))
    assert columns.names == formula.names
    np.testing.assert_allclose(columns.numeric, formula.numeric, rtol=1e-4, atol=1e-4)


def test_blocks_stand_side_by_side_in_a_fixed_order():
    spec = InputSpec(composition="alloy", numeric=("flow",), categorical=("route",))
    features = featurize(FRAME, spec)
    alone = featurize(FRAME, InputSpec(composition="alloy"))
    assert features.names == (*alone.names, "flow")
    np.testing.assert_array_equal(features.numeric[:, :-1], alone.numeric)


def test_no_rows_keep_the_columns():
    features = featurize(
        FRAME.iloc[:0], InputSpec(composition="alloy", numeric=("T",), categorical=("route",))
    )
    assert features.numeric.shape == (0, len(features.names))
    assert features.categories["route"].shape == (0,)


def test_take_picks_rows_by_position_and_by_mask():
    features = featurize(FRAME, InputSpec(numeric=("flow",), categorical=("route",)))
    for rows in (np.array([2, 0]), np.array([True, False, True])):
        taken = features.take(rows)
        np.testing.assert_array_equal(taken.numeric, features.numeric[rows])
        assert taken.categories["route"].tolist() == features.categories["route"][rows].tolist()
        assert isinstance(taken, Features)


@pytest.mark.parametrize(
    ("change", "spec", "says"),
    [
        (
            {"alloy": ["FeNi", "Fe-20Cr", "Qq2"]},
            InputSpec(composition="alloy"),
            ["'alloy'", "row 'b'", "2 of 3", "'Qq'"],
        ),
        (
            {"Fe": [50.0, 260.0, 0.0]},
            InputSpec(fractions=("Fe", "Cr")),
            ["row 'b'", "sum to 340", "sum to nothing"],
        ),
        ({"T": ["1", "hot", "2"]}, InputSpec(numeric=("T",)), ["'T'", "row 'b'", "'hot'"]),
        ({}, InputSpec(numeric=("flaw",)), ["'flaw'", "missing", "flow"]),
        ({}, InputSpec(smiles="smiles"), ["'smiles'", "Columns: alloy"]),
        ({}, InputSpec(composition="alloy", fractions=("Fe",)), ["both given"]),
        ({}, InputSpec(smiles="alloy"), ["'alloy'", "row 'a'", "SMILES"]),
    ],
)
def test_bad_input_is_refused_with_its_place(change, spec, says):
    with pytest.raises(InputError) as caught:
        featurize(FRAME.assign(**change), spec)
    for words in says:
        assert words in str(caught.value)


def test_only_the_first_bad_rows_are_listed():
    frame = pd.DataFrame({"alloy": ["?"] * 40})
    with pytest.raises(InputError, match=r"40 of 40 rows.*row 4.*and 35 more"):
        featurize(frame, InputSpec(composition="alloy"))
