import numpy as np
import pytest
from small_worlds import QUICK, PlainWorld

from miscible.diagnosis import row_overlap
from miscible.experiments._affinity import gradient_affinity, gram_cosines
from miscible.experiments._redraws import redraw


def affinity(world, n=3):
    return gradient_affinity(next(redraw(world, n, 1, seed=5)), QUICK, 5)


def test_a_copy_points_the_same_way_and_a_stranger_does_not():
    copy = affinity(PlainWorld(likeness=1.0, counts=(200, 200)))
    stranger = affinity(PlainWorld(likeness=0.0, counts=(200, 200)))
    assert copy.cosine[:, 0, 1].min() > stranger.cosine[:, 0, 1].max() + 0.2
    assert copy.split_half.shape == (3, 2)
    assert (copy.overlap[:, 0, 1] == 0).all()
    # Without a shared row both estimates are one.
    np.testing.assert_allclose(copy.cosine[:, 0, 1], copy.usual[:, 0, 1], rtol=1e-5)


def test_labels_of_one_row_count_only_in_the_usual_cosine():
    """Noise common to both labels of a row moves the usual cosine up, and not the one that leaves rows out."""

    class CommonNoise(PlainWorld):
        def draw(self, seed):
            table = PlainWorld.draw(self, seed)
            noise = 2.0 * np.random.default_rng(seed).standard_normal(len(table.frame))
            table.frame[["a", "b"]] += noise[:, None]
            return table

    found = affinity(CommonNoise(likeness=0.0, counts=(150, 150), both=True), n=4)
    assert (found.overlap[:, 0, 1] == 1).all()
    gap = found.usual[:, 0, 1] - found.cosine[:, 0, 1]
    assert gap[np.isfinite(gap)].mean() > 0.1


def test_cosines_of_a_gram():
    gram = np.array([[4.0, 1.0, 2.0], [1.0, 1.0, 0.5], [2.0, 0.5, -0.1]])
    found = gram_cosines(gram)
    assert found[0, 1] == pytest.approx(0.5)
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
    assert found[0, 0] == 1.0


def test_overlap_is_a_share_of_the_scarcer():
    nan = np.nan
    targets = np.array([[1, 1, nan], [1, nan, nan], [1, 1, nan], [nan, 1, nan], [1, nan, nan]])
    found = row_overlap(targets)
    assert found[0, 1] == found[1, 0] == pytest.approx(2 / 3)
    assert np.isnan(found[2]).all()
