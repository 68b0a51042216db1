"""The scikit-learn estimators: scikit-learn's own checks, gaps in y, groups, shapes, and errors a user can mend."""

from __future__ import annotations

import doctest
import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from miscible.errors import MiscibleError, PlanError
from miscible.estimators import MultiTaskClassifier, MultiTaskRegressor, _base, _classifier, _regressor

FAST: dict[str, Any] = {"epochs": 15, "patience": 5, "rates": (3e-3,)}
CHECKED: dict[str, Any] = {"epochs": 30, "patience": 5, "rates": (3e-3,)}

# The whole list of scikit-learn checks that are not met, and why.
EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": (
        "Batches and the validation part are drawn row by row, so one row of weight 2 trains a little otherwise "
        "than two equal rows."
    ),
}


def _expected(estimator: object) -> dict[str, str]:
    return EXPECTED_FAILURES


@parametrize_with_checks(
    [MultiTaskRegressor(**CHECKED), MultiTaskClassifier(**CHECKED)], expected_failed_checks=_expected
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_check(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture
def problem() -> tuple[np.ndarray, np.ndarray]:
    """Two related targets of different scale on 120 rows; every label is there."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(120, 3))
    signal = X[:, 0] - 0.5 * X[:, 1]
    Y = np.column_stack([signal, 1000.0 + 300.0 * (signal + 0.3 * X[:, 2])])
    return X, Y + 0.05 * np.array([1.0, 300.0]) * rng.normal(size=Y.shape)


def _holes(values: np.ndarray, every: int = 3) -> np.ndarray:
    """The same labels, with the rows of each column missing at another remainder."""
    out = values.copy()
    for t in range(out.shape[1]):
        out[t::every, t] = np.nan if out.dtype.kind == "f" else None
    return out


@pytest.mark.parametrize("strategy", ["shared", "independent", "shared+balanced+per-task"])
def test_missing_labels_are_learned_around(problem: tuple[np.ndarray, np.ndarray], strategy: str) -> None:
    X, Y = problem
    model = MultiTaskRegressor(strategy, **{**FAST, "epochs": 40}).fit(X, _holes(Y))
    predicted = model.predict(X)
    assert predicted.shape == Y.shape
    for t in range(2):  # also on the rows whose label was hidden
        assert r2_score(Y[t::3, t], predicted[t::3, t]) > 0.8


def test_a_hidden_label_is_not_read(problem: tuple[np.ndarray, np.ndarray]) -> None:
    """A row without any label changes nothing, wherever it lies."""
    X, Y = problem
    empty = np.array([5, 60, 119])
    gappy = Y.copy()
    gappy[empty] = np.nan
    moved = X.copy()
    moved[empty] += 100.0
    first = MultiTaskRegressor(**FAST).fit(X, gappy).predict(X[:5])
    assert_array_equal(first, MultiTaskRegressor(**FAST).fit(moved, gappy).predict(X[:5]))


def test_missing_inputs_are_filled(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    X = X.copy()
    X[::7, 2] = np.nan
    model = MultiTaskRegressor(**FAST).fit(X, Y)
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("shape", [(120,), (120, 1), (120, 2)])
def test_predictions_have_the_shape_of_y(
    problem: tuple[np.ndarray, np.ndarray], shape: tuple[int, ...]
) -> None:
    X, Y = problem
    y = Y[:, : shape[1]] if len(shape) == 2 else Y[:, 0]
    assert MultiTaskRegressor(**FAST).fit(X, y).predict(X).shape == shape
    classes = np.where(y > np.median(y, axis=0), "high", "low").astype(object)
    model = MultiTaskClassifier(**FAST).fit(X, classes)
    assert model.predict(X).shape == shape
    probabilities = model.predict_proba(X)
    if len(shape) == 1:
        assert probabilities.shape == (120, 2)
    else:
        assert [p.shape for p in probabilities] == [(120, 2)] * shape[1]


def test_classes_of_any_type_with_gaps(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, _ = problem
    phase = np.where(X[:, 0] > 0.4, "fcc", np.where(X[:, 0] < -0.4, "bcc", "hcp")).astype(object)
    glass = (X[:, 1] > 0).astype(object)
    y = pd.DataFrame({"phase": phase, "glass": glass})
    y.loc[::4, "phase"] = None
    y.loc[1::4, "glass"] = np.nan
    model = MultiTaskClassifier(**{**FAST, "epochs": 40}).fit(X, y)
    assert [list(c) for c in model.classes_] == [["bcc", "fcc", "hcp"], [False, True]]
    for probability in model.predict_proba(X):
        np.testing.assert_allclose(probability.sum(axis=1), 1.0, rtol=1e-5)
    predicted = model.predict(X)
    assert accuracy_score(phase.tolist(), predicted[:, 0].tolist()) > 0.8
    assert accuracy_score(glass.tolist(), predicted[:, 1].tolist()) > 0.8


def test_float_classes_with_nan() -> None:
    X = np.linspace(-1, 1, 60)[:, None]
    y = (X[:, 0] > 0).astype(float)
    y[::5] = np.nan
    model = MultiTaskClassifier(**FAST).fit(X, y)
    assert_array_equal(model.classes_, [0.0, 1.0])
    assert set(model.predict(X)) <= {0.0, 1.0}


def test_score_reads_measured_labels_only(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    model = MultiTaskRegressor(**FAST).fit(X, Y)
    weights = np.linspace(0.5, 2.0, len(X))
    assert model.score(X, Y) == pytest.approx(r2_score(Y, model.predict(X)))
    gappy, predicted = _holes(Y), model.predict(X)
    known = np.isfinite(gappy)
    expected = np.mean(
        [
            r2_score(Y[known[:, t], t], predicted[known[:, t], t], sample_weight=weights[known[:, t]])
            for t in range(2)
        ]
    )
    assert model.score(X, gappy, sample_weight=weights) == pytest.approx(expected)
    classes = np.where(Y[:, 0] > 0, "up", "down").astype(object)
    classifier = MultiTaskClassifier(**FAST).fit(X, classes)
    hidden = classes.copy()
    hidden[::2] = None
    assert classifier.score(X, hidden) == accuracy_score(
        classes[1::2].tolist(), classifier.predict(X[1::2]).tolist()
    )


def test_works_inside_model_selection(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    groups = np.arange(len(X)) // 4
    scores = cross_val_score(MultiTaskRegressor(**FAST), X, _holes(Y), groups=groups, cv=GroupKFold(2))
    assert np.isfinite(scores).all()
    search = GridSearchCV(MultiTaskRegressor(**FAST), {"strategy": ["shared", "independent"]}, cv=2)
    assert set(search.fit(X, Y).best_params_) == {"strategy"}


def test_groups_stay_on_one_side(
    problem: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, Y = problem
    groups = np.array(["a", "b", "c", "d", "e", "f"])[np.arange(len(X)) % 6]
    seen = []
    original = _base.fit_networks

    def spy(strategy: Any, folds: Any, *args: Any, **kwargs: Any) -> Any:
        seen.extend(folds)
        return original(strategy, folds, *args, **kwargs)

    monkeypatch.setattr(_base, "fit_networks", spy)
    MultiTaskRegressor(**FAST).fit(X, Y, groups=pd.Series(groups))
    (fold,) = seen
    train, valid = set(groups[fold.train_rows]), set(groups[fold.valid_rows])
    assert valid
    assert not train & valid
    assert len(fold.train_rows) + len(fold.valid_rows) == len(X)


def test_validation_rows_do_not_touch_the_scaling(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    groups = np.arange(len(X)) % 6
    model = MultiTaskRegressor(**FAST).fit(X, Y, groups=groups)
    inside = [g for g in range(6) if np.isclose(X[groups != g].mean(axis=0), model.preparation_.centre).all()]
    assert len(inside) == 1  # five groups of six were trained on


def test_rows_of_weight_zero_are_left_out(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    weights = np.ones(len(X))
    weights[90:] = 0.0
    broken = Y.copy()
    broken[90:] = 1e6
    first = MultiTaskRegressor(**FAST).fit(X, broken, sample_weight=weights).predict(X)
    assert_array_equal(first, MultiTaskRegressor(**FAST).fit(X, Y, sample_weight=weights).predict(X))


def test_the_seed_decides(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    model = MultiTaskRegressor(**FAST)
    first = model.fit(X, Y).predict(X)
    assert_array_equal(first, clone(model).fit(X, Y).predict(X))
    assert not np.array_equal(first, clone(model).set_params(random_state=1).fit(X, Y).predict(X))
    drawn = clone(model).set_params(random_state=np.random.RandomState(3)).fit(X, Y).predict(X)
    again = clone(model).set_params(random_state=np.random.RandomState(3)).fit(X, Y).predict(X)
    assert_array_equal(drawn, again)


def test_a_fitted_model_survives_pickling(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    model = MultiTaskRegressor(**FAST).fit(X, Y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_learned_names_end_in_an_underscore(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    classes = np.where(Y[:, 0] > 0, "up", "down")
    for model in (MultiTaskRegressor(**FAST).fit(frame, Y), MultiTaskClassifier(**FAST).fit(frame, classes)):
        learned = set(vars(model)) - set(model.get_params())
        assert all(name.endswith("_") and not name.startswith("_") for name in learned)
        assert_array_equal(model.feature_names_in_, ["a", "b", "c"])
        assert model.n_features_in_ == 3
        with pytest.raises(ValueError, match="feature names"):
            model.predict(frame.rename(columns={"a": "z"}))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strategy": "sharde"}, "unknown strategy 'sharde': did you mean shared"),
        ({"strategy": "lightgbm"}, "'lightgbm' is no network.*shared or independent"),
        ({"strategy": "shared+balancd"}, "unknown word 'balancd'.*balanced"),
        ({"validation": 1.5}, "validation share of 1.5 is not between 0 and 1"),
        ({"device": "cuda:99"}, "no device 'cuda:99'.*This machine has: cpu"),
    ],
)
def test_a_plan_that_makes_no_sense(parameters: dict[str, Any], message: str) -> None:
    X = np.arange(20.0)[:, None]
    with pytest.raises(PlanError, match=message):
        MultiTaskRegressor(**{**FAST, **parameters}).fit(X, X[:, 0])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"epochs": 0}, "epochs.*found 0"),
        ({"rates": ()}, "rates"),
        ({"rates": (-1.0,)}, "rates.0.*found -1.0"),
    ],
)
def test_settings_out_of_range(parameters: dict[str, Any], message: str) -> None:
    X = np.arange(20.0)[:, None]
    with pytest.raises(ValueError, match=message):
        MultiTaskRegressor(**{**FAST, **parameters}).fit(X, X[:, 0])


X20 = np.linspace(-1.0, 1.0, 20)[:, None]
Y20 = X20[:, 0]


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (X20, None, {}, "requires y to be passed"),
        (X20, Y20[:-1], {}, "inconsistent numbers of samples"),
        (X20, np.where(Y20 > 0.9, np.inf, Y20), {}, "Input y contains infinity"),
        (np.where(X20 > 0.9, np.inf, X20), Y20, {}, "Input X contains infinity"),
        (X20, pd.DataFrame({"hv": Y20, "ys": np.nan}), {}, "no measured value in column.* ys"),
        (X20, np.zeros((20, 2, 2)), {}, "dim"),
        (X20, np.empty((20, 0)), {}, "0 feature"),
        (X20, np.array(["soft"] * 20), {}, "soft"),
        (X20, Y20, {"groups": np.arange(19)}, "inconsistent numbers of samples"),
        (X20, Y20, {"groups": np.where(Y20 > 0, Y20, np.nan)}, "groups has no value in 10 rows"),
        (X20, Y20, {"sample_weight": -np.ones(20)}, "[Nn]egative"),
        (X20, Y20, {"sample_weight": np.ones(19)}, "sample_weight"),
    ],
)
def test_unusable_data_are_named(X: Any, y: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiTaskRegressor(**FAST).fit(X, y, **options)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["fcc"] * 20), "only one class is present: column 0"),
        (pd.DataFrame({"a": ["x", "y"] * 10, "b": ["z", None] * 10}), "only one class is present: column b"),
        (np.array(["a", 1] * 10, dtype=object), "mixes text with other labels in column 0"),
        (Y20, "Unknown label type: continuous"),
        (np.column_stack([Y20, Y20]), "Unknown label type: continuous"),
    ],
)
def test_unusable_classes_are_named(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiTaskClassifier(**FAST).fit(X20, y)


def test_sparse_labels_are_refused() -> None:
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        MultiTaskRegressor(**FAST).fit(X20, sparse.csr_matrix(X20))


@pytest.mark.parametrize(
    ("X", "groups"),
    [(np.ones((20, 2)), None), (X20, np.zeros(20)), (X20, np.arange(20) > 0)],
    ids=["constant inputs", "one group", "a group of one"],
)
def test_little_to_learn_from_is_no_crash(X: np.ndarray, groups: Any) -> None:
    assert np.isfinite(MultiTaskRegressor(**FAST).fit(X, Y20, groups=groups).predict(X)).all()


def test_one_measured_row() -> None:
    y = np.full(20, np.nan)
    y[3] = 2.5
    predicted = MultiTaskRegressor(**FAST).fit(X20, y).predict(X20)
    assert np.isfinite(predicted).all()


def test_divergence_is_an_error(problem: tuple[np.ndarray, np.ndarray]) -> None:
    X, Y = problem
    with pytest.raises(MiscibleError, match="diverged at every rate"):
        MultiTaskRegressor(**{**FAST, "rates": (1e30,)}).fit(X, Y)


@pytest.mark.parametrize("module", [_regressor, _classifier])
def test_examples_in_the_documentation_run(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted >= 5
    assert result.failed == 0
