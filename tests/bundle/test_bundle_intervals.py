"""Conformal intervals against crepes, brute force and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from crepes import ConformalRegressor
from hypothesis import given, settings
from hypothesis import strategies as st

from miscible.bundle import Bundle, Residuals, fit_residuals, measured_coverage, measured_width


def brute_upper(values, weights, folds, members, level):
    """Weighted quantile of every member + residual, one new group at infinity."""
    bounds = []
    for row in members.T:
        shifted = row[folds] + values
        order = np.argsort(shifted)
        reached = np.cumsum(weights[order]) >= level * (weights.sum() + 1) - 1e-9
        bounds.append(shifted[order][reached][0] if reached.any() else np.inf)
    return np.array(bounds)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_equal_members_and_single_rows_agree_with_crepes(level: float) -> None:
    rng = np.random.default_rng(3)
    observed, predicted = rng.normal(size=(2, 157))
    residuals = fit_residuals(observed, predicted, np.arange(157), rng.integers(0, 5, 157))
    new = rng.normal(size=20)
    oracle = ConformalRegressor().fit(residuals=observed - predicted).predict_int(new, confidence=level)
    low, high = residuals.interval(np.tile(new, (5, 1)), level)
    np.testing.assert_allclose(np.column_stack([low, high]), oracle)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.5, 0.8, 0.9]), st.integers(1, 6))
def test_bounds_are_quantiles_of_all_shifted_residuals(seed: int, level: float, n_folds: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 80))
    codes = rng.integers(0, max(2, n // 2), n)
    folds = codes % n_folds
    observed, predicted = rng.normal(size=(2, n))
    residuals = fit_residuals(observed, predicted, codes, folds)
    members = rng.normal(size=(n_folds, 9)) * rng.choice([0.0, 0.1, 3.0])
    low, high = residuals.interval(members, level)
    sizes = np.bincount(codes)
    values, weights = np.abs(observed - predicted), 1.0 / sizes[codes]
    centre = members.mean(axis=0)
    upper = np.maximum(brute_upper(values, weights, folds, members, level), centre)
    lower = np.minimum(-brute_upper(values, weights, folds, -members, level), centre)
    np.testing.assert_allclose(high, upper, atol=2e-5)
    np.testing.assert_allclose(low, lower, atol=2e-5)


def test_a_group_counts_once_whatever_its_size() -> None:
    values = np.arange(1.0, 41.0)
    codes = np.arange(40)
    once = fit_residuals(values, np.zeros(40), codes, codes % 4)
    often = np.repeat(np.arange(40), np.where(np.arange(40) == 0, 300, 1))
    many = fit_residuals(values[often], np.zeros(len(often)), codes[often], codes[often] % 4)
    members = np.zeros((4, 1))
    for level in (0.5, 0.9):
        np.testing.assert_allclose(once.interval(members, level), many.interval(members, level))
    assert measured_coverage(once, 0.9) == pytest.approx(measured_coverage(many, 0.9))


def test_unmeasured_rows_and_too_few_groups() -> None:
    observed = np.array([1.0, np.nan, 3.0, 4.0])
    residuals = fit_residuals(observed, np.array([0.0, 0.0, np.nan, 0.0]), np.arange(4), np.arange(4) % 2)
    assert len(residuals.values) == 2
    low, high = residuals.interval(np.zeros((2, 1)), 0.9)
    assert np.isneginf(low).all() and np.isposinf(high).all()
    empty = fit_residuals(*np.full((2, 3), np.nan), np.arange(3), np.arange(3))
    assert np.isnan(measured_coverage(empty, 0.9))
    assert np.isposinf(empty.interval(np.zeros((3, 2)), 0.5)[1]).all()


def test_measured_coverage_judges_each_fold_by_the_others() -> None:
    """Fold 1 has residuals far beyond fold 0: judged by fold 0 none is inside."""
    values = np.concatenate([np.linspace(0, 1, 50), np.linspace(100, 101, 50)])
    folds = np.repeat([0, 1], 50)
    residuals = fit_residuals(values, np.zeros(100), np.arange(100), folds)
    assert measured_coverage(residuals, 0.9) == pytest.approx(0.5)


def test_measured_width_is_twice_the_radius_of_the_other_folds() -> None:
    values = np.concatenate([np.linspace(0, 1, 97), np.linspace(10, 11, 97)])
    residuals = fit_residuals(values, np.zeros(194), np.arange(194), np.repeat([0, 1], 97))
    radii = [
        ConformalRegressor().fit(residuals=part).predict_int(np.zeros(1), confidence=0.9)[0, 1]
        for part in (values[97:], values[:97])
    ]
    assert measured_width(residuals, 0.9) == pytest.approx(2 * np.mean(radii))
    assert np.isposinf(measured_width(residuals, 0.999))


def test_cross_validated_ridge_covers_as_promised() -> None:
    """1,500 fits of grouped data; the new row is of a new group."""
    rng = np.random.default_rng(11)
    n_runs, n_groups, n_folds, level = 300, 60, 5, 0.8
    inside = []
    for _ in range(n_runs):
        sizes = rng.integers(1, 4, n_groups + 10)
        codes = np.repeat(np.arange(n_groups + 10), sizes)
        x = rng.normal(size=(n_groups + 10, 3))[codes]
        y = x @ [1.0, -1.0, 0.5] + rng.normal(size=n_groups + 10)[codes] + 0.2 * rng.normal(size=len(codes))
        train, folds = codes < n_groups, codes % n_folds
        out_of_fold, members = np.full(len(codes), np.nan), []
        for f in range(n_folds):
            fit = train & (folds != f)
            beta = np.linalg.solve(x[fit].T @ x[fit] + np.eye(3), x[fit].T @ y[fit])
            out_of_fold[train & (folds == f)] = x[train & (folds == f)] @ beta
            members.append(x[~train] @ beta)
        residuals = fit_residuals(y[train], out_of_fold[train], codes[train], folds[train])
        low, high = residuals.interval(np.stack(members), level)
        hit = (low <= y[~train]) & (y[~train] <= high)
        inside.append(np.average(hit, weights=1.0 / sizes[codes[~train]]))
    standard_error = np.std(inside) / np.sqrt(n_runs)
    assert abs(np.mean(inside) - level) < 0.02 + 3 * standard_error


def test_bundle_covers_new_rows_and_measured_it(bundle: Bundle, later_rows: pd.DataFrame) -> None:
    found = bundle.predict(later_rows, interval=0.9)
    for name, tolerance in (("strength", 0.04), ("life/Zyklen", 0.04)):
        measured = later_rows[name].notna().to_numpy()
        y = later_rows[name][measured].astype(float)
        rows = found[measured]
        covered = ((rows[f"{name}_low"] <= y) & (y <= rows[f"{name}_high"])).mean()
        assert abs(covered - 0.9) < tolerance
        assert abs(bundle.coverage[name][0.9] - 0.9) < tolerance
    assert set(bundle.coverage) == {"strength", "life/Zyklen"}


def test_arrays_round_trip() -> None:
    rng = np.random.default_rng(0)
    residuals = fit_residuals(*rng.normal(size=(2, 30)), np.arange(30) // 2, np.arange(30) // 2 % 3)
    again = Residuals.from_arrays(residuals.to_arrays())
    members = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(again.interval(members, 0.7), residuals.interval(members, 0.7))
