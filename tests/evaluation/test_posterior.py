"""The corrected test against baycomp, scipy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from miscible.evaluation import Posterior, correlated_posterior


def differences(seed: int, n_repeats: int = 3, n_folds: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(-0.02, 0.05, (n_repeats, n_folds))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rope", [0.0, 0.01, 0.05])
def test_probabilities_agree_with_baycomp(seed: int, rope: float) -> None:
    baycomp = pytest.importorskip("baycomp")
    values = differences(seed)
    ours = correlated_posterior(values, 1 / 4).probabilities(rope)
    # baycomp calls larger scores better, so candidate errors enter with their sign turned.
    theirs = baycomp.two_on_single(np.zeros(15), -values.ravel(), rope=rope, runs=3)
    worse, equivalent, better = theirs if rope else (theirs[0], 0.0, theirs[1])
    assert ours == pytest.approx((better, equivalent, worse), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_p_value_and_interval_follow_nadeau_and_bengio(seed: int) -> None:
    values = differences(seed)
    posterior = correlated_posterior(values, 0.25)
    spread = np.sqrt(np.var(values, ddof=1) * (1 / 15 + 0.25))
    assert posterior.mean == pytest.approx(values.mean())
    assert posterior.scale == pytest.approx(spread)
    assert posterior.degrees == 14
    statistic = values.mean() / spread
    assert posterior.p_value() == pytest.approx(2 * (1 - stats.t(14).cdf(abs(statistic))))
    assert posterior.interval(0.9) == pytest.approx(stats.t(14, values.mean(), spread).interval(0.9))


def test_without_overlap_it_is_the_plain_t_test() -> None:
    values = differences(1).ravel()
    assert correlated_posterior(values, 0.0).p_value() == pytest.approx(stats.ttest_1samp(values, 0).pvalue)


def test_probabilities_turn_round_with_the_sign() -> None:
    values = differences(2)
    better, equivalent, worse = correlated_posterior(values, 0.25).probabilities(0.01)
    assert correlated_posterior(-values, 0.25).probabilities(0.01) == pytest.approx(
        (worse, equivalent, better)
    )
    assert better + equivalent + worse == pytest.approx(1.0)


@pytest.mark.parametrize("probability", [0.8, 0.9, 0.99])
def test_the_smallest_detectable_difference_just_reaches_the_probability(probability: float) -> None:
    posterior = correlated_posterior(differences(3), 0.25)
    needed = posterior.smallest_detectable(0.01, probability)
    at_the_edge = Posterior(-needed, posterior.scale, posterior.degrees)
    assert at_the_edge.probabilities(0.01)[0] == pytest.approx(probability)
    assert Posterior(needed, posterior.scale, 14).probabilities(0.01)[2] == pytest.approx(probability)


def test_nan_folds_are_left_out() -> None:
    values = differences(4)
    holes = values.copy()
    holes[0, 1] = holes[2, 3] = np.nan
    kept = holes[np.isfinite(holes)]
    assert correlated_posterior(holes, 0.25) == correlated_posterior(kept, 0.25)
    assert correlated_posterior(holes, 0.25).degrees == 12


@pytest.mark.parametrize(("value", "expected"), [(-0.1, (1, 0, 0)), (0.005, (0, 1, 0)), (0.1, (0, 0, 1))])
def test_identical_differences_are_a_point_mass(value: float, expected: tuple[int, int, int]) -> None:
    posterior = correlated_posterior(np.full((3, 5), value), 0.25)
    assert posterior.probabilities(0.01) == expected
    assert posterior.interval() == (value, value)
    assert posterior.p_value() == 0
    assert posterior.smallest_detectable(0.01) == 0.01
    assert correlated_posterior(np.zeros(15), 0.25).p_value() == 1
    assert correlated_posterior(np.zeros(15), 0.25).probabilities(0.0) == (0, 1, 0)


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [0.3], [np.nan, 0.3]])
def test_fewer_than_two_differences_say_nothing(values: list[float]) -> None:
    posterior = correlated_posterior(np.array(values), 0.25)
    assert posterior.probabilities(0.01) == (0.5, 0.0, 0.5)
    assert posterior.interval() == (-np.inf, np.inf)
    assert posterior.p_value() == 1
    assert posterior.smallest_detectable(0.01) == np.inf
    assert np.isnan(posterior.mean) == (np.isfinite(values).sum() == 0)


def test_infinite_differences_and_negative_ratios_are_refused() -> None:
    with pytest.raises(ValueError, match="infinite"):
        correlated_posterior(np.array([0.1, np.inf]), 0.25)
    with pytest.raises(ValueError, match="negative"):
        correlated_posterior(np.array([0.1, 0.2]), -0.25)


def test_correction_keeps_its_level_where_the_plain_test_does_not() -> None:
    """Differences that share a common part, as folds over one table do, correlation 1 / k."""
    rng = np.random.default_rng(0)
    n_tables, n = 4000, 15
    shared = rng.normal(0, np.sqrt(0.2), (n_tables, 1)) + rng.normal(0, np.sqrt(0.8), (n_tables, n))
    corrected = np.mean([correlated_posterior(row, 0.25).p_value() < 0.05 for row in shared])
    plain = np.mean(stats.ttest_1samp(shared, 0, axis=1).pvalue < 0.05)
    assert corrected == pytest.approx(0.05, abs=0.012)
    assert plain > 0.2
