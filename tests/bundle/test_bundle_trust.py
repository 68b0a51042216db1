"""The report and the model card tell of one calibration and one set of intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from miscible.advisor._trust import interval_tables, reliability_tables
from miscible.bundle import Bundle, BundleParts, cross_calibrated, judge_probabilities, reliability_curve


def test_report_and_card_agree(bundle: Bundle, parts: BundleParts) -> None:
    intervals = interval_tables(parts.tasks, parts.codes, parts.fold_of_row)
    for table, card in zip(intervals, bundle.cards[:2], strict=True):
        measured = dict(zip(table.nominal.tolist(), table.measured.tolist(), strict=True))
        assert all(measured[level] == share for level, share in card.coverage.items())
        assert table.width[list(table.nominal).index(0.9)] == card.width
    tables = reliability_tables(parts.tasks, parts.codes, parts.fold_of_row)
    assert [t.error_after for t in tables] == [c.calibration_error for c in bundle.cards[2:]]


@pytest.mark.parametrize("power", [1.0, 6.0])
def test_as_deployed_is_calibrated_only_where_the_bundle_calibrates(parts: BundleParts, power: float) -> None:
    """A curve of probabilities that are left alone is the curve before."""
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, (len(parts.codes), 1))
    y = (rng.random(len(p)) < p[:, 0]).astype(float)
    told = p**power / (p**power + (1 - p) ** power)
    task = dataclasses.replace(parts.tasks[2], out_of_fold=told, observed=y)
    judged = judge_probabilities(task, parts.codes, parts.fold_of_row)
    before = reliability_curve(y, told, parts.codes)
    crossed = reliability_curve(y, cross_calibrated(y, told, parts.codes, parts.fold_of_row), parts.codes)
    assert crossed.error != before.error
    assert judged.calibration.is_identity == (power == 1.0)
    expected = before if power == 1.0 else crossed
    assert judged.before.error == before.error
    np.testing.assert_array_equal(judged.deployed.observed, expected.observed)
    (shown,) = reliability_tables([task], parts.codes, parts.fold_of_row)
    assert shown.error_after == expected.error
