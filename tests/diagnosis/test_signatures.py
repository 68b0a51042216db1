"""Signatures: each shows where it was planted, not where it was not, and is left open where nothing can be seen."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from finished_studies import around, finished_case

from miscible.diagnosis import (
    exhibit_from_json,
    exhibit_to_json,
    find_signatures,
    signatures_exhibit,
)
from miscible.diagnosis._form_curves import Distances
from miscible.diagnosis._signature_explosion import gradient_explosion, norms_of, plain_counterpart
from miscible.diagnosis._signature_sharing import differing_share, form_mismatch, minority_degradation
from miscible.diagnosis._signature_transfer import (
    TransferEvidence,
    excess_transfer,
    fit_ratios,
    others_share,
)
from miscible.diagnosis._signature_validation import label_difference, relative_gaps
from miscible.strategies import parse_strategy
from miscible.study import CellRecord, fold_data
from miscible.table import Kind, Property

REPEATS, FOLDS = 3, 5
KEYS = ("minority", "form", "explosion", "validation", "transfer")


# Minority degradation


@pytest.mark.parametrize(
    ("counts", "p_worse", "status"),
    [
        ((2000, 150), (0.1, 0.95), "present"),
        ((2000, 150), (0.95, 0.95), "absent"),
        ((2000, 150), (0.7, 0.95), "cannot be judged"),
        ((2000, 150), (0.1, 0.5), "cannot be judged"),
        ((2000, 150), (0.95, 0.05), "absent"),
        ((2000, 1500), (0.1, 0.95), "absent"),
        ((2000, 150), (np.nan, np.nan), "cannot be judged"),
        ((2000, 150), (np.nan, 0.95), "cannot be judged"),
        ((2000, 150, 100), (0.1, 0.05, 0.99), "present"),
        ((2000, 1800, 100), (0.1, 0.95, 0.99), "absent"),
        ((2000, 1800, 100), (0.1, np.nan, 0.99), "cannot be judged"),
        ((5,), (np.nan,), "absent"),
    ],
)
def test_minority_degradation(counts, p_worse, status):
    names = [f"p{t}" for t in range(len(counts))]
    found = minority_degradation(names, np.array(counts), np.array(p_worse), np.full(len(counts), 0.2))
    assert found.status == status
    assert bool(found.subjects) == bool(found.remedies) == (status == "present")


def study_of_a_minority(size_of_scarce: float):
    labels = np.random.default_rng(0).normal(size=(500, 2))
    labels[45:, 1] = np.nan
    arms = {
        "mean": around(labels, 2.0, REPEATS, 5),
        "independent": around(labels, 1.0, REPEATS, 3),
        "shared": around(labels, [1.0, size_of_scarce], REPEATS, 3),
    }
    return finished_case(labels, arms, quick=True)


def test_a_scarce_property_that_sharing_hurts_is_found_in_a_study():
    finding = find_signatures(study_of_a_minority(3.0))
    found = finding["minority"]
    assert found.status == "present" and found.subjects == ("p1",)
    assert "p1 (1 : 11.1" in found.reason
    exhibit = signatures_exhibit(finding)
    assert "minority degradation" in exhibit.answer[0]
    assert any(
        "Minority degradation is present" in line and "Try: balanced" in line for line in exhibit.answer
    )
    assert tuple(s.key for s in finding.signatures) == KEYS


def test_a_scarce_property_that_sharing_spares_shows_nothing():
    finding = find_signatures(study_of_a_minority(1.0))
    assert finding["minority"].status == finding["form"].status == "absent"


# Form mismatch


def forms(excess: float, names=("p0", "p1")) -> SimpleNamespace:
    matrix = np.array([[0.0, excess], [excess, 0.0]])
    distances = Distances(matrix, matrix, np.full((2, 2), 0.02))
    return SimpleNamespace(
        names=names, compared=np.array([0, 1]), counts=np.array([300, 200]), distances=distances
    )


@pytest.mark.parametrize(
    ("p_worse", "form", "status"),
    [
        ((0.95, 0.1), forms(0.6), "present"),
        ((0.95, 0.1), forms(0.03), "absent"),
        ((0.05, 0.05), forms(0.6), "absent"),
        ((0.5, 0.5), forms(0.6), "cannot be judged"),
        ((0.95, 0.1), None, "cannot be judged"),
        ((0.95, 0.1), forms(np.nan), "cannot be judged"),
    ],
)
def test_form_mismatch(p_worse, form, status):
    found = form_mismatch(["p0", "p1"], np.array(p_worse), np.array([0.2, 0.0]), form)
    assert found.status == status
    assert found.subjects == (("p0",) if status == "present" else ())


def test_partners_of_another_form_count_by_their_labels():
    differ = np.array([[False, True, False], [True, False, True], [False, True, False]])
    known = np.ones((3, 3), bool)
    found = differing_share(differ, known, np.array([100, 300, 100]))
    np.testing.assert_allclose(found, [0.75, 1.0, 0.75])
    assert np.isnan(differing_share(differ, np.eye(3, dtype=bool), np.ones(3))).all()


@pytest.mark.parametrize(("bend", "status"), [(True, "present"), (False, "absent")])
def test_forms_are_looked_at_where_sharing_hurts(bend, status):
    rng = np.random.default_rng(0)
    inputs = rng.uniform(-1, 1, (600, 2))
    second = inputs[:, 0] ** 2 if bend else -2.0 * inputs[:, 0]
    labels = np.column_stack([inputs[:, 0], second]) + 0.05 * rng.normal(size=(600, 2))
    labels[np.arange(600)[:, None] % 2 == np.arange(2)] = np.nan
    arms = {"independent": around(labels, 0.1, REPEATS, 1), "shared": around(labels, 0.3, REPEATS, 2)}
    finding = find_signatures(finished_case(labels, arms, inputs=inputs, quick=True))
    assert finding["form"].status == status


# Gradient explosion


def networks(mean: float, largest: float | None = None, n: int = 4) -> tuple[dict, ...]:
    norms = {"mean": [mean] * 6, "largest": [mean * 2 if largest is None else largest] * 6}
    return tuple({"fold": f, "norms": norms} for f in range(n))


def record(strategy: str, stories=(), diverged: int = 0) -> CellRecord:
    return CellRecord(strategy, strategy, 0, (0, 1), 1.0, members=40, diverged=diverged, networks=stories)


def explosion(*records: CellRecord):
    norms = {r.strategy: norms_of([r], 5.0) for r in records}
    return gradient_explosion([parse_strategy(r.strategy) for r in records], norms, 5.0)


def test_gradients_that_grow_and_are_clipped_explode():
    found = explosion(record("shared", networks(1.0)), record("shared+inverse-count", networks(12.0)))
    assert found.status == "present" and found.subjects == ("shared+inverse-count",)
    assert "12.0 times those of shared" in found.reason


def test_gradients_of_the_plain_size_or_never_clipped_do_not():
    plain = record("shared", networks(1.0))
    assert explosion(plain, record("shared+inverse-count", networks(1.5))).status == "absent"
    assert explosion(plain, record("shared+inverse-count", networks(4.0))).status == "absent"
    large = record("shared", networks(9.0))
    assert explosion(large, record("shared+pcgrad", networks(10.0))).status == "absent"


def test_diverged_networks_are_enough_and_need_no_norms():
    assert explosion(record("shared"), record("shared+pcgrad", diverged=8)).status == "present"
    assert explosion(record("shared", diverged=8), record("shared+pcgrad", diverged=8)).status != "present"
    assert explosion(record("shared"), record("shared+pcgrad")).status == "cannot be judged"
    assert explosion(record("shared", networks(1.0))).status == "cannot be judged"


def test_gradients_that_are_not_finite_count_as_infinite():
    story = {"fold": 0, "norms": {"mean": [1.0, None, None], "largest": [2.0, None, None]}}
    found = norms_of([record("shared", (story,))], 5.0)
    assert found.typical == found.largest == np.inf and found.clipped == pytest.approx(2 / 3)
    assert explosion(record("shared", networks(1.0)), record("shared+mgda", (story,))).status == "present"


def test_a_study_that_clips_nothing_is_held_against_the_usual_limit():
    labels = np.random.default_rng(0).normal(size=(200, 2))
    names = ("independent", "shared", "shared+inverse-count")
    arms = {name: around(labels, 1.0, REPEATS, i) for i, name in enumerate(names)}
    cells = [record("shared", networks(1.0)), record("shared+inverse-count", networks(20.0))]
    for story in (n for c in cells for n in c.networks):
        story |= {"tasks": [0, 1], "best_epoch": 0, "train": [[], []]}
    case = finished_case(labels, arms, cells=cells, quick=True)
    tuning = case.context.plan.tuning.model_copy(update={"clip": float("inf")})
    plan = case.context.plan.model_copy(update={"tuning": tuning})
    found = find_signatures(replace(case, context=replace(case.context, plan=plan)))["explosion"]
    assert found.status == "present" and "above 5 on average" in found.reason


def test_a_strategy_is_held_against_the_nearest_plain_one():
    names = [
        "shared",
        "shared+balanced",
        "shared+pair-sum",
        "mmoe",
        "shared+balanced+gradnorm",
        "independent",
    ]
    others = [parse_strategy(n) for n in names]

    def nearest(name: str) -> str:
        found = plain_counterpart(parse_strategy(name), others)
        return "" if found is None else found.name

    assert nearest("shared+balanced+inverse-count") == "shared+balanced"
    assert nearest("shared+pair-sum+pcgrad") == "shared+pair-sum"
    assert nearest("mmoe+pcgrad") == "mmoe"
    assert plain_counterpart(parse_strategy("shared+pair-sum"), others[:2]) is None


# Unrepresentative validation part


def study_of_validation(optimism_of_mean: float, optimism_of_networks: float = 1.0, **options):
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(400, 2))
    arms = {
        "mean": around(labels, 2.0, REPEATS, 5),
        "independent": around(labels, 1.0, REPEATS, 3),
        "shared": around(labels, 1.0, REPEATS, 4),
    }
    case = finished_case(labels, arms, quick=True, **options)
    for name, factor in (
        ("mean", optimism_of_mean),
        *((n, optimism_of_networks) for n in ("independent", "shared")),
    ):
        case.result.inner[name][:] /= factor
    return case


def test_validation_that_is_too_kind_to_plain_models_is_found():
    found = find_signatures(study_of_validation(1.3))["validation"]
    assert found.status == "present" and found.subjects == ("p0", "p1")
    assert "30 % larger than on validation rows" in found.reason


def test_kindness_to_those_that_choose_is_explained_by_choosing():
    found = find_signatures(study_of_validation(1.0, 1.5))["validation"]
    assert found.status == "absent"
    flattered = [e.value for e in found.evidence if "networks chosen" in e.measure]
    assert flattered == pytest.approx([50.0, 50.0])


def test_a_small_optimism_is_none():
    assert find_signatures(study_of_validation(1.05))["validation"].status == "absent"


def test_without_a_plain_model_kindness_cannot_be_judged():
    labels = np.random.default_rng(0).normal(size=(400, 2))
    found = find_signatures(finished_case(labels, quick=True))["validation"]
    assert found.status == "cannot be judged" and "plain model" in found.reason


def test_few_validation_labels_are_found():
    labels = np.random.default_rng(0).normal(size=(400, 2))
    labels[40:, 1] = np.nan
    arms = {n: around(labels, 1.0, REPEATS, i) for i, n in enumerate(("mean", "independent", "shared"))}
    found = find_signatures(finished_case(labels, arms, quick=True))["validation"]
    assert found.status == "present" and found.subjects == ("p1",)
    assert "too few validation labels (6 a fold" in found.reason


def test_validation_labels_of_another_distribution_are_found():
    """Groups hold similar labels; one inner part gets the groups with the largest by construction of the labels."""
    case = study_of_validation(1.0)
    fold = case.fold(0)
    labels = case.table.labels
    labels[fold.valid_rows, 0] += 3.0
    fold_data.cache_clear()
    found = find_signatures(case)["validation"]
    assert found.status == "present" and found.subjects == ("p0",)
    assert "differ from its training labels" in found.reason


def test_label_differences_are_found_by_group_and_at_the_right_rate():
    rng = np.random.default_rng(0)
    own = np.arange(300)
    train, valid = rng.normal(size=300), rng.normal(1.0, 1.0, 80)
    assert label_difference("regression", train, own, valid, own[:80])[1] < 1e-6
    p = [
        label_difference("regression", rng.normal(size=300), own, rng.normal(size=80), own[:80])[1]
        for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.06)
    # Ten copies of eight groups are eight labels.
    copies = [
        label_difference(
            "regression",
            np.repeat(rng.normal(size=30), 10), np.arange(300) // 10, np.repeat(rng.normal(size=8), 10), own[:80] // 10,
        )[1]
        for _ in range(100)
    ]  # fmt: skip
    assert np.mean(np.array(copies) < 0.05) < 0.15
    distance, p_value = label_difference(
        "multiclass", np.array([0.0, 1, 2] * 50), own[:150], np.array([0.0] * 40), own[:40]
    )
    assert distance == pytest.approx(2 / 3) and p_value < 1e-6
    assert label_difference("binary", np.ones(20), own[:20], np.ones(9), own[:9]) == (0.0, 1.0)
    assert np.isnan(label_difference("regression", train, own, valid[:3], np.zeros(3))).all()


def test_gaps_average_the_models_that_have_both_errors():
    inner = np.array([[[1.0, 2.0]], [[1.0, np.nan]], [[0.0, 1.0]]])
    outer = np.array([[[2.0, 2.0]], [[8.0, 5.0]], [[1.0, np.nan]]])
    np.testing.assert_allclose(relative_gaps(inner, outer), [[np.log(4.0), 0.0]])
    assert np.isnan(relative_gaps(inner[:1] * np.nan, outer[:1])).all()


# Excess transfer


def training_records(loss_together: float, n_tasks: int = 2) -> list[CellRecord]:
    """Losses stand at the second epoch, the one kept; the third is lower and must not be read."""
    cells = []
    for repeat in range(REPEATS):
        for strategy, tasks, losses in (
            ("shared", tuple(range(n_tasks)), [0.1] * (n_tasks - 1) + [loss_together]),
            *(("independent", (t,), [0.1]) for t in range(n_tasks)),
        ):
            stories = tuple(
                {
                    "fold": f,
                    "tasks": list(range(len(tasks))),
                    "best_epoch": 2,
                    "train": [[9.0, loss * (1 + 0.01 * f), 1e-3] for loss in losses],
                }
                for f in range(FOLDS)
            )
            cells.append(
                CellRecord(f"{strategy}-r{repeat}-{tasks}", strategy, repeat, tasks, 1.0, networks=stories)
            )
    return cells


def study_of_transfer(loss_together: float, error_together: float, n_scarce: int = 100):
    labels = np.random.default_rng(0).normal(size=(500, 2))
    labels[n_scarce:, 1] = np.nan
    arms = {
        "independent": around(labels, 1.0, REPEATS, 3),
        "shared": around(labels, [1.0, error_together], REPEATS, 3),
    }
    return finished_case(labels, arms, cells=training_records(loss_together), quick=True)


def test_a_property_that_others_overwhelm_is_found():
    found = find_signatures(study_of_transfer(0.3, 2.0))["transfer"]
    assert found.status == "present" and found.subjects == ("p1",)
    assert "training loss 3.00 times" in found.reason and "83 %" in found.reason


def test_less_fit_but_no_worse_in_the_test_is_regularisation():
    assert find_signatures(study_of_transfer(0.3, 1.0))["transfer"].status == "absent"


def test_worse_in_the_test_but_as_well_fitted_is_another_failure():
    assert find_signatures(study_of_transfer(0.1, 2.0))["transfer"].status == "absent"


def test_a_property_with_as_many_labels_is_not_overwhelmed():
    assert find_signatures(study_of_transfer(0.3, 2.0, n_scarce=500))["transfer"].status == "absent"


def test_without_records_excess_transfer_is_open():
    finding = find_signatures(study_of_a_minority(3.0))
    assert finding["transfer"].status == "cannot be judged"
    assert excess_transfer([]).status == "cannot be judged"


def test_a_wide_interval_of_the_fit_leaves_it_open():
    def evidence(low: float, ratio: float, high: float) -> TransferEvidence:
        return TransferEvidence("p", "shared", "independent", ratio, low, high, 0.9, 0.3, 0.99)

    assert evidence(1.2, 1.5, 1.9).verdict is True
    assert evidence(0.8, 1.3, 1.9).verdict is None
    assert evidence(0.8, 1.0, 1.2).verdict is False
    assert evidence(np.nan, np.nan, np.nan).verdict is None


def test_training_losses_are_those_of_the_epoch_kept_and_of_the_right_property():
    cells = training_records(0.4, n_tasks=3)
    np.testing.assert_allclose(
        fit_ratios(cells, "shared", "independent", 2, (REPEATS, FOLDS)), np.log(4.0) * np.ones((3, 5))
    )
    np.testing.assert_allclose(
        fit_ratios(cells, "shared", "independent", 0, (REPEATS, FOLDS)), 0.0, atol=1e-12
    )
    assert np.isnan(fit_ratios(cells, "shared", "relation", 0, (REPEATS, FOLDS))).all()


def test_shares_of_batches_follow_the_sampling():
    counts = np.array([900, 100, 0])
    assert others_share("proportional", counts, 1) == pytest.approx(0.9)
    assert others_share("balanced", counts, 1) == pytest.approx(0.5)
    assert others_share("temperature", counts, 1) == pytest.approx(0.75)


# Whole tables


def test_classes_scarce_and_lone_properties_and_trees_only():
    rng = np.random.default_rng(0)
    properties = (
        Property("glass", Kind.BINARY, classes=("no", "yes")),
        Property("phase", Kind.MULTICLASS, classes=("bcc", "fcc", "hcp")),
        Property("three"),
    )
    labels = np.column_stack([rng.integers(0, 2, 150), rng.integers(0, 3, 150), rng.normal(size=150)]).astype(
        float
    )
    labels[3:, 2] = np.nan
    finding = find_signatures(finished_case(labels, properties=properties, quick=True))
    assert all(s.status != "present" for s in finding.signatures if s.key != "validation")
    assert finding["validation"].subjects == ("three",)
    exhibit = signatures_exhibit(finding)
    assert exhibit_from_json(exhibit_to_json(exhibit)).answer == exhibit.answer

    alone = find_signatures(finished_case(rng.normal(size=(150, 1)), quick=True))
    assert all(s.status != "present" for s in alone.signatures)
    trees = finished_case(labels[:, 2:], {"mean": np.zeros((3, 150, 1))}, quick=True)
    assert find_signatures(trees)["transfer"].status == "cannot be judged"
    with pytest.raises(KeyError):
        alone["no such"]
