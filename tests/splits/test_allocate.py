"""Placing equal groups together must end where placing them one by one ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.splits._allocate import _fill
from miscible.splits._strata import count_strata


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(1, 400))
def test_filling_at_once_equals_filling_one_by_one(seed: int, n_parts: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    shares = rng.uniform(0.2, 1.0, n_parts)
    shares /= shares.sum()
    costs, step = rng.exponential(rng.choice([0.01, 1.0, 30.0]), n_parts), float(rng.uniform(0.05, 1.0))
    slow = np.zeros(n_parts, dtype=int)
    for _ in range(n):
        slow[np.argmin((2 * costs + (2 * slow + 1) * step) / shares)] += 1
    assert _fill(costs, step, shares, n).tolist() == slow.tolist()


def test_strata_count_rows_labels_and_classes_of_groups() -> None:
    codes = np.array([0, 0, 1, 2, 2])
    labels = np.array([[1.5, 0], [np.nan, 2], [2.5, np.nan], [0.5, 2], [9.0, 2]])
    strata = count_strata(codes, labels, ["regression", "multiclass"])
    dense = np.zeros((3, strata.n_strata))
    for g in range(3):
        columns, amounts = strata.of_group(g)
        dense[g, columns] = amounts
    assert dense.tolist() == [[2, 1, 2, 1, 1], [1, 1, 0, 0, 0], [2, 2, 2, 0, 2]]
    assert strata.totals.tolist() == [5, 4, 4, 1, 3]
    assert [h.tolist() for h in strata.holders] == [[0, 1, 2], [0, 1, 2], [0, 2], [0], [0, 2]]
    assert strata.task.tolist() == [-1, 0, 1, 1, 1]
    assert strata.label.tolist() == [-1, -1, -1, 0, 2]
    assert strata.importance == pytest.approx([1, 1, 1, 0.5, 0.5])
