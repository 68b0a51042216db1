"""Target scaling against scikit-learn, with gaps, classes and hardly any labels."""

import json

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from miscible.inputs import TargetScaler
from miscible.table import Kind

KINDS = ("regression", "binary", "multiclass", Kind.REGRESSION)


def make() -> np.ndarray:
    rng = np.random.default_rng(3)
    targets = np.column_stack(
        [rng.normal(200, 40, 50), rng.integers(0, 2, 50), rng.integers(0, 4, 50), rng.normal(size=50)]
    )
    targets[rng.random((50, 4)) < 0.4] = np.nan
    return targets


def test_regression_tasks_scale_as_scikit_learn_does():
    targets, rows = make(), np.arange(30)
    scaler = TargetScaler.fit(targets, rows, KINDS)
    expected = StandardScaler().fit(targets[rows]).transform(targets)
    scaled = scaler.transform(targets)
    np.testing.assert_allclose(scaled[:, [0, 3]], expected[:, [0, 3]])
    np.testing.assert_array_equal(scaled[:, [1, 2]], targets[:, [1, 2]])
    np.testing.assert_allclose(scaler.inverse(scaled), targets)


def test_only_given_rows_are_read():
    targets, rows = make(), np.arange(30)
    poisoned = targets.copy()
    poisoned[30:] = 1e9
    first, second = (
        TargetScaler.fit(targets, rows, KINDS),
        TargetScaler.fit(poisoned, np.arange(50) < 30, KINDS),
    )
    np.testing.assert_array_equal(first.mean, second.mean)
    np.testing.assert_array_equal(first.scale, second.scale)


@pytest.mark.parametrize(
    ("labels", "mean"),
    [([np.nan, np.nan], 0.0), ([np.nan, 7.0], 7.0), ([5.0, 5.0], 5.0), ([0.1 + 0.2, 0.3], 0.3)],
)
def test_no_spread_leaves_the_unit(labels, mean):
    scaler = TargetScaler.fit(np.array(labels)[:, None], np.arange(2), ["regression"])
    assert scaler.mean == pytest.approx([mean])
    assert scaler.scale.tolist() == [1.0]


def test_state_survives_json():
    scaler = TargetScaler.fit(make(), np.arange(50), KINDS)
    arrays, structure = scaler.to_state()
    again = TargetScaler.from_state(arrays, json.loads(json.dumps(structure)))
    np.testing.assert_array_equal(again.transform(make()), scaler.transform(make()))
