"""Every metric against scikit-learn or scipy, and the cases those refuse or warn about."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from miscible.errors import PlanError
from miscible.evaluation import (
    DEFAULT_METRIC,
    METRICS,
    best_threshold,
    default_metric,
    fold_scale,
    get_metric,
    metric_error,
    score_table,
)

SEEDS = range(5)


def regression_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.round(rng.normal(3.0, 2.0, 57), 1)
    return truth, np.round(truth + rng.normal(0, 1.0, 57), 1), rng.uniform(0.2, 4.0, 57)


def binary_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = (rng.random(83) < 0.2).astype(float)
    truth[:2] = 0, 1
    return truth, np.round(np.clip(0.3 * truth + rng.uniform(0, 0.7, 83), 0, 1), 2), rng.uniform(0.2, 4.0, 83)


def multiclass_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 61).astype(float)
    truth[:4] = range(4)
    logits = rng.normal(0, 1, (61, 4)) + 1.5 * np.eye(4)[truth.astype(int)]
    probabilities = np.exp(logits)
    return truth, probabilities / probabilities.sum(axis=1, keepdims=True), rng.uniform(0.2, 4.0, 61)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_regression_metrics_agree_with_sklearn(seed: int, weighted: bool) -> None:
    truth, prediction, weights = regression_case(seed)
    given = weights if weighted else None
    scores = score_table("regression", truth, prediction, weights=given)
    error = np.abs(truth - prediction)
    assert scores["mae"] == pytest.approx(sk.mean_absolute_error(truth, prediction, sample_weight=given))
    assert scores["rmse"] == pytest.approx(sk.root_mean_squared_error(truth, prediction, sample_weight=given))
    assert scores["r2"] == pytest.approx(sk.r2_score(truth, prediction, sample_weight=given))
    assert scores["median_ae"] == pytest.approx(sk.median_absolute_error(truth, prediction))
    assert scores["p95_ae"] == pytest.approx(np.quantile(error, 0.95))
    assert scores["spearman"] == pytest.approx(stats.spearmanr(truth, prediction).statistic)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_binary_metrics_agree_with_sklearn(seed: int, threshold: float) -> None:
    truth, probability, weights = binary_case(seed)
    called = probability >= threshold
    scores = score_table("binary", truth, probability, threshold)
    weighted = score_table("binary", truth, probability, threshold, weights=weights)
    clipped = np.clip(probability, 1e-7, 1 - 1e-7)
    assert scores["average_precision"] == pytest.approx(sk.average_precision_score(truth, probability))
    assert weighted["average_precision"] == pytest.approx(
        sk.average_precision_score(truth, probability, sample_weight=weights)
    )
    assert scores["log_loss"] == pytest.approx(sk.log_loss(truth, clipped))
    assert weighted["log_loss"] == pytest.approx(sk.log_loss(truth, clipped, sample_weight=weights))
    assert scores["brier"] == pytest.approx(sk.brier_score_loss(truth, probability))
    assert weighted["brier"] == pytest.approx(sk.brier_score_loss(truth, probability, sample_weight=weights))
    assert scores["roc_auc"] == pytest.approx(sk.roc_auc_score(truth, probability))
    assert scores["f1"] == pytest.approx(sk.f1_score(truth, called))
    assert scores["recall"] == pytest.approx(sk.recall_score(truth, called))
    assert scores["precision"] == pytest.approx(sk.precision_score(truth, called))
    assert scores["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, called))


@pytest.mark.parametrize("seed", SEEDS)
def test_multiclass_metrics_agree_with_sklearn(seed: int) -> None:
    truth, probabilities, weights = multiclass_case(seed)
    called = probabilities.argmax(axis=1)
    scores = score_table("multiclass", truth, probabilities)
    weighted = score_table("multiclass", truth, probabilities, weights=weights)
    assert scores["log_loss"] == pytest.approx(sk.log_loss(truth, probabilities))
    assert weighted["log_loss"] == pytest.approx(sk.log_loss(truth, probabilities, sample_weight=weights))
    assert scores["accuracy"] == pytest.approx(sk.accuracy_score(truth, called))
    assert scores["macro_f1"] == pytest.approx(sk.f1_score(truth, called, average="macro"))
    assert scores["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(truth, called))


def test_macro_f1_counts_classes_that_were_called_but_never_measured() -> None:
    truth = np.array([0.0, 0, 1, 1])
    probabilities = np.eye(3)[[0, 2, 1, 1]]
    expected = sk.f1_score(truth, probabilities.argmax(axis=1), average="macro")
    assert score_table("multiclass", truth, probabilities)["macro_f1"] == pytest.approx(expected)
    assert score_table("multiclass", truth, probabilities)["balanced_accuracy"] == pytest.approx(0.75)


def test_score_tables_name_exactly_the_metrics_of_the_kind() -> None:
    cases = {"regression": regression_case, "binary": binary_case, "multiclass": multiclass_case}
    for kind, case in cases.items():
        truth, prediction, _ = case(0)
        assert set(score_table(kind, truth, prediction)) == {n for n, m in METRICS.items() if kind in m.kinds}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_error_form_is_zero_when_perfect_and_larger_when_wrong(name: str) -> None:
    metric = METRICS[name]
    for kind in metric.kinds:
        if kind == "multiclass":
            truth = np.array([0.0, 1, 2, 0, 1, 2])
            perfect, wrong = np.eye(3)[truth.astype(int)], np.eye(3)[(truth.astype(int) + 1) % 3]
        elif kind == "binary":
            truth = np.array([0.0, 1, 0, 0, 1, 0])
            perfect, wrong = truth, 1 - truth
        else:
            truth = np.array([1.0, 2, 3, 4, 5, 7])
            perfect, wrong = truth, truth[::-1].copy()
        best = metric_error(name, truth, perfect, kind=kind)
        assert best == pytest.approx(0.0, abs=1e-6)
        assert metric_error(name, truth, wrong, kind=kind) > best + 0.1


@pytest.mark.parametrize("name", ["mae", "r2", "log_loss", "brier", "accuracy"])
def test_additive_metrics_average_over_folds_to_the_pooled_value(name: str) -> None:
    kind = METRICS[name].kinds[0]
    case = {"regression": regression_case, "binary": binary_case, "multiclass": multiclass_case}[kind]
    truth, prediction, _ = case(3)
    scale = fold_scale(name, truth)
    folds = np.arange(len(truth)) % 5
    parts = [metric_error(name, truth[folds == f], prediction[folds == f], scale=scale) for f in range(5)]
    pooled = metric_error(name, truth, prediction, scale=scale)
    assert np.average(parts, weights=np.bincount(folds)) == pytest.approx(pooled)


def test_r2_error_with_the_tables_variance_is_one_minus_r2() -> None:
    truth, prediction, _ = regression_case(1)
    sparse = np.append(truth, [np.nan, np.nan])
    error = metric_error("r2", truth, prediction, scale=fold_scale("r2", sparse))
    assert error == pytest.approx(1 - sk.r2_score(truth, prediction))
    assert fold_scale("mae", sparse) == 1.0
    assert fold_scale("r2", np.full(4, 2.0)) == 1.0
    assert fold_scale("r2", np.full(4, np.nan)) == 1.0


def test_rows_without_a_label_do_not_count() -> None:
    truth, prediction, weights = regression_case(2)
    holes = truth.copy()
    holes[::3] = np.nan
    kept = np.isfinite(holes)
    prediction[~kept] = np.nan
    expected = sk.mean_absolute_error(truth[kept], prediction[kept], sample_weight=weights[kept])
    assert metric_error("mae", holes, prediction, weights=weights) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(METRICS))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_prediction_that_is_not_finite_gives_nan(name: str, bad: float) -> None:
    kind = METRICS[name].kinds[0]
    case = {"regression": regression_case, "binary": binary_case, "multiclass": multiclass_case}[kind]
    truth, prediction, _ = case(0)
    assert np.isfinite(metric_error(name, truth, prediction, kind=kind))
    prediction[7] = bad
    assert np.isnan(metric_error(name, truth, prediction, kind=kind))


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_one_class_leaves_only_the_scores_that_are_means_over_rows(label: float) -> None:
    truth = np.full(6, label)
    binary = score_table("binary", truth, np.linspace(0.1, 0.9, 6))
    assert {n for n, v in binary.items() if np.isfinite(v)} == {"log_loss", "brier"}
    multiclass = score_table("multiclass", truth, np.full((6, 3), 1 / 3))
    assert {n for n, v in multiclass.items() if np.isfinite(v)} == {"log_loss", "accuracy"}


def test_few_or_constant_labels_do_not_warn() -> None:
    empty = score_table("regression", np.array([np.nan]), np.array([1.0]))
    assert all(np.isnan(v) for v in empty.values())
    one = score_table("regression", np.array([1.0]), np.array([2.0]))
    assert {n for n, v in one.items() if np.isnan(v)} == {"r2", "spearman", "recall@budget"}
    assert metric_error("spearman", np.arange(5.0), np.ones(5)) == 1.0


def test_binary_recall_at_budget_counts_positives_among_the_picks() -> None:
    truth = np.array([1.0, 0, 1, 0, 0, 1, 0, 0, 0, 0])
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    assert metric_error("recall@budget", truth, probability, budget=0.1) == pytest.approx(0.0)
    assert metric_error("recall@budget", truth, probability, budget=0.2) == pytest.approx(0.5)
    assert metric_error("recall@budget", truth, probability, budget=0.4) == pytest.approx(1 / 3)
    assert metric_error("recall@budget", truth, probability, budget=0.31) == pytest.approx(1 / 3)


def test_regression_recall_at_budget_compares_the_two_top_sets() -> None:
    truth = np.arange(10.0)
    prediction = np.array([9.0, 1, 2, 3, 4, 5, 6, 7, 8, 0])
    assert metric_error("recall@budget", truth, prediction, budget=0.3) == pytest.approx(1 / 3)
    assert metric_error("recall@budget", truth, prediction, budget=0.1) == pytest.approx(1.0)


def test_ties_at_the_budget_count_as_the_mean_over_random_orders() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(40) < 0.3).astype(float)
    probability = np.round(rng.random(40), 1)
    picks = 10
    shuffled = []
    for _ in range(20_000):
        order = rng.permutation(40)
        top = order[np.argsort(-probability[order], kind="stable")[:picks]]
        shuffled.append(truth[top].sum() / min(truth.sum(), picks))
    error = metric_error("recall@budget", truth, probability, budget=0.25)
    assert 1 - error == pytest.approx(np.mean(shuffled), abs=0.005)
    order = rng.permutation(40)
    assert metric_error("recall@budget", truth[order], probability[order], budget=0.25) == pytest.approx(
        error
    )


def test_the_kind_is_read_off_predictions_and_labels() -> None:
    truth, probabilities, _ = multiclass_case(0)
    assert metric_error("log_loss", truth, probabilities) == metric_error(
        "log_loss", truth, probabilities, kind="multiclass"
    )
    truth, probability, _ = binary_case(0)
    column = probability[:, None]
    assert metric_error("brier", truth, column) == metric_error("brier", truth, probability)
    assert metric_error("recall@budget", truth, probability) == metric_error(
        "recall@budget", truth, probability, kind="binary"
    )


def test_wrong_names_and_kinds_are_refused_with_the_alternatives() -> None:
    with pytest.raises(PlanError, match=r"no metric 'rsme'.*'rmse'.*Choose one of: mae, rmse"):
        get_metric("rsme", "regression")
    with pytest.raises(PlanError, match=r"'r2' is not defined for a binary property.*average_precision"):
        get_metric("r2", "binary")
    with pytest.raises(PlanError, match="not defined for a multiclass"):
        metric_error("mae", np.array([0.0, 1]), np.full((2, 3), 1 / 3))
    with pytest.raises(PlanError, match=r"no goal 'win'.*characterise, screen"):
        default_metric("binary", "win")
    with pytest.raises(ValueError, match="do not match"):
        metric_error("mae", np.zeros(3), np.zeros(4))


def test_default_metrics_exist_for_their_kind() -> None:
    for kind in ("regression", "binary", "multiclass"):
        assert default_metric(kind) == DEFAULT_METRIC[kind]
        for goal in ("characterise", "screen"):
            assert kind in get_metric(default_metric(kind, goal)).kinds
    assert default_metric("regression", "screen") == default_metric("binary", "screen") == "recall@budget"
    assert default_metric("multiclass", "screen") == "log_loss"


@pytest.mark.parametrize("seed", SEEDS)
def test_best_threshold_reaches_the_best_f1_of_all_cuts(seed: int) -> None:
    truth, probability, _ = binary_case(seed)
    every = [sk.f1_score(truth, probability >= cut) for cut in np.unique(probability)]
    chosen = best_threshold(np.append(truth, np.nan), np.append(probability, 0.5))
    assert sk.f1_score(truth, probability >= chosen) == pytest.approx(max(every))
    assert chosen not in probability or chosen == 0


def test_best_threshold_without_evidence_is_one_half() -> None:
    assert best_threshold(np.zeros(3), np.array([0.1, 0.2, 0.3])) == 0.5
    assert best_threshold(np.array([]), np.array([])) == 0.5
    assert best_threshold(np.array([0.0, 1]), np.array([0.3, np.nan])) == 0.5
    assert best_threshold(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.4, 0.5, 0.9])) == pytest.approx(0.45)
