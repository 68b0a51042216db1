import numpy as np
import pytest

from miscible.experiments._kang_gradients import summarise_cosines

NAMES = ("a", "b", "c")


def cosines(n=4, seed=0):
    rng = np.random.default_rng(seed)
    values = 0.1 * rng.normal(size=(n, 3, 3))
    values[:, 0, 1] += 0.5
    values[:, [0, 1, 2], [0, 1, 2]] = 0.8
    return values


def test_pairs_are_averaged_and_named():
    values = cosines()
    found = summarise_cosines(values, NAMES)
    assert found is not None
    means = [values[:, i, j].mean() for i, j in ((0, 1), (0, 2), (1, 2))]
    assert found.value == pytest.approx(np.mean(means))
    assert (found.low, found.high) == pytest.approx((min(means), max(means)))
    assert f"a and b {means[0]:+.3f}" in found.note
    assert "a 0.80" in found.note
    assert f"the pairs have {means[0] / 0.8:+.2f}, " in found.note


def test_what_was_not_seen_is_left_out():
    values = cosines()
    values[:, 2, :] = values[:, :, 2] = np.nan
    found = summarise_cosines(values, NAMES)
    assert found is not None
    assert found.low == found.high == pytest.approx(values[:, 0, 1].mean())
    assert "c" not in found.note.partition("Two halves")[0].replace("and c", "c")
    assert summarise_cosines(np.full((2, 3, 3), np.nan), NAMES) is None
