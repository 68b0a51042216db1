"""Label regions against their definition, counts and errors against plain loops."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, log_loss, recall_score

from miscible.evaluation import Regions, label_regions, region_errors


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def shares(labels: np.ndarray) -> np.ndarray:
    counts = label_regions("regression", labels).counts
    return counts / counts.sum()


@pytest.mark.parametrize("n", [600, 5000, 50_000])
def test_normal_labels_give_the_same_three_regions_at_every_size(rng, n):
    labels = rng.normal(300.0, 80.0, n)
    regions = label_regions("regression", labels)
    assert regions.names == ("many", "medium", "few")
    assert shares(labels) == pytest.approx([0.85, 0.12, 0.035], abs=0.03)
    distance = np.abs(labels - 300.0) / 80.0
    nearest_few = distance[regions.index == 2].min()
    assert 1.6 < nearest_few < 2.3 and distance[regions.index == 0].max() < 2.0


def test_density_of_the_normal_sets_the_limits(rng):
    labels = rng.normal(size=200_000)
    index = label_regions("regression", labels).index
    density = np.exp(-(labels**2) / 2) / np.sqrt(2 * np.pi)
    # 1 and 99 % of a normal are at -2.3263 and 2.3263; the bins reach a 98th of that range further at both ends.
    mean = 1 / (2 * 2.3263 * 50 / 49)
    clear = np.abs(density / mean - 2 / 3) > 0.06
    clear &= np.abs(density / mean - 1 / 5) > 0.06
    wanted = np.where(density < mean / 5, 2, np.where(density < 2 * mean / 3, 1, 0))
    assert (index == wanted)[clear].mean() > 0.999


@pytest.mark.parametrize("n", [600, 50_000])
def test_evenly_spread_labels_are_all_many(rng, n):
    assert shares(rng.uniform(-3, 8, n))[0] > 0.97


def test_units_do_not_matter(rng):
    labels = rng.lognormal(size=800)
    index = label_regions("regression", labels).index
    np.testing.assert_array_equal(label_regions("regression", 1024.0 * labels).index, index)
    order = rng.permutation(800)
    np.testing.assert_array_equal(label_regions("regression", labels[order]).index, index[order])


def test_an_outlier_is_few_and_moves_nothing_else(rng):
    labels = rng.normal(size=2000)
    alone = label_regions("regression", labels)
    with_one = label_regions("regression", np.append(labels, 1e12))
    assert with_one.index[-1] == 2
    assert (with_one.index[:-1] == alone.index).mean() > 0.98


def test_a_heap_is_many_and_does_not_lend_to_its_neighbours(rng):
    tail = rng.normal(40.0, 10.0, 2000)
    heap = np.full(200, 75.0)
    regions = label_regions("regression", np.append(tail, heap))
    assert (regions.index[-200:] == 0).all()
    near = np.abs(tail - 75.0) < 5.0
    assert near.sum() > 0 and (regions.index[:-200][near] == 2).all()
    assert "75" in regions.ranges[0]


def test_mostly_zeros_make_everything_else_few(rng):
    labels = np.where(np.arange(600) < 570, 0.0, rng.normal(50.0, 10.0, 600))
    regions = label_regions("regression", labels)
    assert regions.counts.tolist() == [570, 0, 30]
    assert regions.ranges[:2] == ("0", "none")


def test_whole_numbers_are_regions_by_their_frequency():
    labels = np.repeat([1.0, 2.0, 3.0, 4.0], [300, 280, 60, 10])
    regions = label_regions("regression", labels)
    assert regions.counts.tolist() == [580, 60, 10]
    assert regions.ranges == ("1 to 2", "3", "4")
    assert len(np.unique(regions.bins)) == 4


@pytest.mark.parametrize("labels", [np.full(600, 3.7), np.arange(29.0) ** 3, np.zeros(0), np.array([2.0])])
def test_too_few_or_constant_labels_are_one_region(labels):
    regions = label_regions("regression", labels)
    assert regions.counts.tolist() == [len(labels), 0, 0]
    assert regions.ranges[1:] == ("none", "none")


def test_unmeasured_rows_have_no_region_and_change_nothing(rng):
    labels = rng.gamma(2.0, size=1000)
    holes = np.insert(labels, [0, 10, 500], np.nan)
    regions = label_regions("regression", holes)
    missing = np.isnan(holes)
    assert (regions.index[missing] == -1).all() and (regions.bins[missing] == -1).all()
    np.testing.assert_array_equal(regions.index[~missing], label_regions("regression", labels).index)


def test_ranges_name_every_stretch(rng):
    labels = np.concatenate([rng.normal(0, 1, 1000), rng.uniform(4, 9, 40)])
    regions = label_regions("regression", labels)
    for r, text in enumerate(regions.ranges):
        own = labels[regions.index == r]
        ends = [float(t.replace("−", "-")) for part in text.split(", ") for t in part.split(" to ")]
        assert min(ends) == pytest.approx(own.min(), rel=0.01) and max(ends) == pytest.approx(
            own.max(), rel=0.01
        )


def test_regression_errors_against_loops(rng):
    truth = rng.normal(size=1500)
    truth[::7] = np.nan
    guess = truth + rng.normal(size=1500) * (1 + np.abs(truth))
    guess[::7] = 0.3
    regions = label_regions("regression", truth)
    found = region_errors("regression", regions, truth, guess)
    by_region = [np.mean(np.abs(guess - truth)[regions.index == r]) for r in range(3)]
    assert found.errors == pytest.approx(by_region)
    assert found.balanced == pytest.approx(np.mean(by_region))
    assert found.balanced > np.nanmean(np.abs(guess - truth))
    by_bin = [np.mean(np.abs(guess - truth)[regions.bins == b]) for b in range(regions.bins.max() + 1)]
    assert found.by_bins == pytest.approx(np.mean(by_bin))
    assert found.counts.sum() == np.isfinite(truth).sum()
    assert np.isnan(found.recalls).all() and np.isnan(found.balanced_recall)


def test_a_failed_prediction_spoils_its_region_and_the_balance(rng):
    truth = rng.normal(size=600)
    regions = label_regions("regression", truth)
    guess = np.zeros(600)
    guess[np.flatnonzero(regions.index == 2)[0]] = np.nan
    found = region_errors("regression", regions, truth, guess)
    assert np.isfinite(found.errors).tolist() == [True, True, False]
    assert np.isnan(found.balanced) and np.isnan(found.by_bins)


def test_two_classes_against_scikit_learn(rng):
    truth = (rng.random(500) < 0.2).astype(float)
    probability = np.clip(0.25 + 0.4 * truth + 0.2 * rng.normal(size=500), 0.01, 0.99)
    regions = label_regions("binary", truth, classes=("no", "yes"))
    assert regions.names == regions.ranges == ("no", "yes")
    threshold = rng.uniform(0.3, 0.6, 500)
    found = region_errors("binary", regions, truth, probability, threshold=threshold)
    called = probability >= threshold
    assert found.recalls == pytest.approx([recall_score(truth, called, pos_label=c) for c in (0, 1)])
    assert found.balanced_recall == pytest.approx(balanced_accuracy_score(truth, called))
    for c in (0, 1):
        rows = truth == c
        assert found.errors[c] == pytest.approx(log_loss(truth[rows], probability[rows], labels=[0, 1]))
    assert found.balanced == found.by_bins == pytest.approx(found.errors.mean())


def test_several_classes_one_of_them_absent(rng):
    truth = rng.integers(0, 3, 400).astype(float)
    truth[::9] = np.nan
    probability = rng.dirichlet(np.ones(4), 400)
    regions = label_regions("multiclass", truth, classes=("a", "b", "c", "d"))
    found = region_errors("multiclass", regions, truth, probability)
    rows = np.isfinite(truth)
    called = probability[rows].argmax(axis=1)
    recalls = np.array([(called[truth[rows] == c] == c).mean() for c in range(3)])
    assert found.recalls[:3] == pytest.approx(recalls)
    assert np.isnan(found.recalls[3]) and np.isnan(found.errors[3]) and found.counts[3] == 0
    assert found.balanced_recall == pytest.approx(recalls.mean())


def test_lengths_must_agree():
    regions = Regions(("0", "1"), np.array([0, 1]), ("0", "1"), np.array([0, 1]))
    with pytest.raises(ValueError, match="3 predictions"):
        region_errors("binary", regions, np.array([0.0, 1.0]), np.zeros(3))
    with pytest.raises(ValueError, match="no label"):
        region_errors("binary", regions, np.array([0.0, np.nan]), np.zeros(2))
