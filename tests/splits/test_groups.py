"""Group keys from compositions, molecules and columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from miscible.errors import InputError
from miscible.splits import group_keys
from miscible.table import InputSpec, Property, Table


def make_table(frame: pd.DataFrame, **inputs: object) -> Table:
    n = len(frame)
    return Table(
        frame=frame,
        inputs=InputSpec(**inputs),  # pyright: ignore[reportArgumentType]
        properties=(Property("hardness"),),
        labels=np.ones((n, 1)),
        censored=np.zeros((n, 1)),
        weights=np.ones(n),
        source="alloys.csv",
    )


def partition(codes: np.ndarray) -> list[list[int]]:
    return sorted(np.flatnonzero(codes == c).tolist() for c in np.unique(codes))


ALLOYS = pd.DataFrame(
    {
        "formula": ["AlNi3", "Ni0.75Al0.25", "Al25Ni75", "AlNi", "NiAl", "CoCrFe"],
        "doi": ["a", "a ", "b", " b", "c", "c"],
        "note": ["x", None, "y", " ", "z", "z"],
        "year": [2001, 2001, 1999, 1999, 2020, 2020],
    },
    index=[10, 11, 12, 13, 14, 15],
)


def test_equal_compositions_are_one_group_whatever_the_order_and_scale() -> None:
    groups = group_keys(make_table(ALLOYS, composition="formula"), "composition")
    assert partition(groups.codes) == [[0, 1, 2], [3, 4], [5]]
    assert groups.codes.dtype == np.int64
    assert groups.n_groups == 3
    assert groups.labels[groups.codes[0]] == "Al0.25Ni0.75"
    assert groups.sizes[groups.codes].tolist() == [3, 3, 3, 2, 2, 1]
    assert groups.by == "composition"


def test_chemical_systems_join_compositions_of_the_same_elements() -> None:
    groups = group_keys(make_table(ALLOYS, composition="formula"), "system")
    assert partition(groups.codes) == [[0, 1, 2, 3, 4], [5]]
    assert groups.labels.tolist() == ["Al-Ni", "Co-Cr-Fe"]


def test_amount_columns_give_the_same_groups_as_formulas() -> None:
    amounts = pd.DataFrame({"Al": [25, 0.25, 25, 50, 0.5, 0], "Ni": [75, 0.75, 75, 50, 0.5, 0]})
    amounts["Co"] = [0, 0, 0, 0, 0, 100.0]
    table = make_table(amounts, fractions=("Al", "Ni", "Co"))
    assert partition(group_keys(table, "composition").codes) == [[0, 1, 2], [3, 4], [5]]
    assert partition(group_keys(table, "system").codes) == [[0, 1, 2, 3, 4], [5]]


def test_scaffolds_join_molecules_with_the_same_rings() -> None:
    pytest.importorskip("rdkit")
    frame = pd.DataFrame({"smiles": ["Cc1ccccc1", "OCCc1ccccc1", "C1CCCCC1", "CCCCCCO", "OCCCCCC"]})
    groups = group_keys(make_table(frame, smiles="smiles"), "scaffold")
    assert partition(groups.codes) == [[0, 1], [2], [3, 4]]


def test_columns_and_none() -> None:
    table = make_table(ALLOYS, composition="formula")
    assert partition(group_keys(table, "doi").codes) == [[0, 1], [2, 3], [4, 5]]
    assert group_keys(table, "year").labels.tolist() == ["1999", "2001", "2020"]
    alone = group_keys(table, "none")
    assert alone.codes.tolist() == list(range(6))
    assert alone.labels.tolist() == ["10", "11", "12", "13", "14", "15"]


def test_a_group_is_one_however_its_number_is_spelled() -> None:
    frame = pd.DataFrame({"sample": [1, 1.0, "1", "1.0", "1 ", "1.00", 2.5, "2.50", "01"]}, dtype=object)
    groups = group_keys(make_table(frame), "sample")
    assert partition(groups.codes) == [[0, 1, 2, 3, 4, 5], [6, 7], [8]]
    assert groups.labels.tolist() == ["01", "1", "2.5"]


def test_a_column_named_like_a_word_serves_where_the_input_is_missing() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "system": ["b", "a", "b"]})
    assert partition(group_keys(make_table(frame, numeric=("x",)), "system").codes) == [[0, 2], [1]]


def test_row_order_does_not_change_who_is_together() -> None:
    order = np.random.default_rng(0).permutation(6)
    straight = group_keys(make_table(ALLOYS, composition="formula"), "composition")
    shuffled = group_keys(make_table(ALLOYS.iloc[order], composition="formula"), "composition")
    assert shuffled.labels[shuffled.codes].tolist() == straight.labels[straight.codes][order].tolist()


def test_gaps_in_a_group_column_are_named_by_row() -> None:
    with pytest.raises(
        InputError,
        match=r"alloys.csv, column 'note', row 11: .*empty in 2 rows: row 11: empty; row 13: empty",
    ):
        group_keys(make_table(ALLOYS), "note")


def test_many_gaps_name_the_first_rows_only() -> None:
    frame = pd.DataFrame({"lot": [np.nan] * 9 + [1.0]})
    with pytest.raises(InputError, match=r"9 rows: row 0: .*row 4: empty; and 4 more"):
        group_keys(make_table(frame), "lot")


def test_unknown_groups_name_what_there_is() -> None:
    with pytest.raises(
        InputError, match=r"'dio'.*no such column.*Did you mean 'doi'.*composition, system, none"
    ):
        group_keys(make_table(ALLOYS, composition="formula"), "dio")
    with pytest.raises(InputError, match=r"'scaffold': it needs a SMILES input"):
        group_keys(make_table(ALLOYS, composition="formula"), "scaffold")
    with pytest.raises(InputError, match=r"'system': it needs a composition input"):
        group_keys(make_table(ALLOYS), "system")


def test_inputs_that_do_not_parse_are_named() -> None:
    frame = ALLOYS.assign(formula=["AlNi3", "Xx2Ni", "AlNi", "", "NiAl", "Co"])
    with pytest.raises(InputError, match=r"column 'formula'.*2 rows cannot be grouped.*row 11.*Xx.*row 13"):
        group_keys(make_table(frame, composition="formula"), "composition")
