import numpy as np
import pytest

from miscible.experiments._kang_gradients import summarise_cosines

NAMES = ("a", "b", "c")


def cosines(n=4, seed=0):
    rng = np.random.default_rng(seed)
    values = 0.02 * rng.normal(size=(n, 3, 3))
    values[:, 0, 1] += 0.4
    values[:, 1, 0] = values[:, 0, 1]
    values[:, [0, 1, 2], [0, 1, 2]] = 0.64
    return values


def test_noise_is_taken_out_and_pairs_are_named():
    values = cosines()
    found = summarise_cosines(values, NAMES)
    assert found is not None
    means = [values[:, i, j].mean() / 0.64 for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.value == pytest.approx(np.mean(means))
    assert (found.low, found.high) == pytest.approx((min(means), max(means)))
    assert f"a and b {values[:, 0, 1].mean():+.3f} as seen, {means[0]:+.2f} without noise" in found.note
    assert "a 0.64" in found.note


def test_pairs_that_cannot_be_believed_are_told_and_not_judged():
    values = cosines()
    values[:, 2, 2] = 0.1
    found = summarise_cosines(values, NAMES)
    assert found is not None
    assert found.low == found.high == pytest.approx(values[:, 0, 1].mean() / 0.64)
    assert "a and c" in found.note
    values[:, 0, 0] = np.nan
    blind = summarise_cosines(values, NAMES)
    assert blind is not None
    assert np.isnan(blind.value)
    assert "unknown" in blind.note


def test_nothing_seen_is_nothing_measured():
    assert summarise_cosines(np.full((2, 3, 3), np.nan), NAMES) is None
