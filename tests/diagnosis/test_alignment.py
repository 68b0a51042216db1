"""Alignment of gradients: copies, strangers and noise, pure arithmetic, and tables on which nothing can be seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from finished_studies import finished_case

from miscible.diagnosis import Case, alignment_exhibit, exhibit_from_json, exhibit_to_json, find_alignment
from miscible.diagnosis._alignment_measures import (
    SEEN,
    corrected_cosine,
    early_mean,
    is_copy_seen,
    judge_pair,
    known_spread,
    negative_share,
    row_overlap,
    stack_curves,
)
from miscible.diagnosis._watched import add_copy, permute_task, split_task
from miscible.errors import InputError
from miscible.evaluation import finite_mean
from miscible.learning import Probes
from miscible.strategies import Tuning
from miscible.table import Kind, Property


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def quick_case(labels: np.ndarray, epochs: int = 16, steps: int = 20, **options) -> Case:
    case = finished_case(labels, quick=True, **options)
    tuning = Tuning(rates=(2e-3,), decays=(1e-2,), epochs=epochs, steps=steps)
    plan = case.context.plan.model_copy(update={"tuning": tuning})
    return replace(case, context=replace(case.context, plan=plan))


@pytest.fixture(scope="module")
def found():
    """A function, its copy with the sign turned, another function, and noise; no row has two labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 6))
    first = np.sin(x[:, 0]) + x[:, 1] * x[:, 2]
    labels = np.column_stack([first, -first, np.cos(x[:, 3]) + x[:, 4] * x[:, 5], rng.normal(size=2000)])
    labels[rng.integers(0, 4, 2000)[:, None] != np.arange(4)] = np.nan
    return find_alignment(quick_case(labels, 20, 40, inputs=x))


def test_a_copy_is_aligned_whatever_its_sign_and_a_stranger_is_not(found):
    assert found.n_networks == 6
    assert found.calls[0, 1] == found.calls[1, 0] == "aligned"
    assert found.corrected[0, 1] > 0.3
    assert (found.seen[:, 0, 1] > 0.0).all()
    assert found.calls[0, 2] == found.calls[1, 2] == "neither"
    assert abs(found.corrected[0, 2]) < 0.1
    assert found.negative[0, 1] < found.negative[0, 2]


def test_noise_is_called_noise_and_is_not_the_control(found):
    assert (found.calls[3, :3] == "noise").all()
    assert finite_mean(found.seen)[3, 3] < SEEN
    assert found.copy.visible and found.copy.name != "p3"
    assert 0.2 < found.copy.corrected < 1.2


def test_layers_architectures_and_overlap_are_there(found):
    assert list(found.parts) == ["trunk 1", "trunk 2"]
    assert all(part[0, 1] > 0.2 and abs(part[0, 2]) < 0.2 for part in found.parts.values())
    assert (found.overlap[np.triu_indices(4, 1)] == 0.0).all()
    assert [effect.name for effect in found.architectures] == ["relation", "task-attention"]
    for effect in found.architectures:
        assert effect.n_pairs == 3
        assert effect.low < effect.difference < effect.high
        assert effect.difference == pytest.approx(effect.negative - effect.base_negative)


def test_the_exhibit_says_so(found):
    exhibit = alignment_exhibit(found)
    text = " ".join(exhibit.answer)
    assert "Pull the same way: p0 with p1 (cosine +" in text
    assert "Neither help nor hinder each other" in text
    assert "p0 with p3" in text and "mostly noise" in text
    assert "opposite look exactly alike" in " ".join(exhibit.limits)
    assert "2604.07848" in " ".join(exhibit.limits)
    assert exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
    assert len(exhibit.grids[0].rows) == 6


def test_both_sides_of_the_threshold_of_noise():
    seen = np.full(8, 0.1)
    for control, call in (
        (SEEN + 1e-6, "aligned"),
        (SEEN - 1e-6, "noise"),
        (np.nan, "noise"),
        (-0.5, "noise"),
    ):
        assert judge_pair(seen, np.full(8, control), np.full(8, 0.9), 0.25) == call
        assert judge_pair(seen, np.full(8, 0.9), np.full(8, control), 0.25) == call


def test_signs_must_be_stable_over_networks():
    good = np.full(6, 0.5)
    same, mixed = np.full(6, 0.2), np.array([0.2] * 5 + [-0.2])
    assert judge_pair(same, good, good, 0.25) == "aligned"
    assert judge_pair(-same, good, good, 0.25) == "opposed"
    assert judge_pair(mixed, good, good, 0.25) == "unclear"
    assert judge_pair(same[:5], good[:5], good[:5], 0.25) == "unclear", "five of five happen once in sixteen"


def test_near_zero_is_an_answer_only_if_a_copy_is_seen_and_the_scatter_is_small():
    good = np.full(6, 0.5)
    near = np.array([0.01, -0.01, 0.005, -0.005, 0.0, 0.01])
    assert judge_pair(near, good, good, 0.25) == "neither"
    assert judge_pair(near, good, good, 0.25, copy_is_seen=False) == "no control"
    assert judge_pair(20 * near, good, good, 0.25) == "unclear"
    assert judge_pair(np.full(6, 0.2), good, good, 0.25, copy_is_seen=False) == "aligned"


def test_a_copy_counts_as_seen_only_when_it_is_large_and_stable():
    seen = np.full(6, 0.1)
    assert is_copy_seen(seen, 0.5)
    assert not is_copy_seen(seen, 0.15)
    assert not is_copy_seen(seen, np.nan)
    assert is_copy_seen(np.full(6, 0.3), np.nan)
    assert not is_copy_seen(np.array([0.5] * 5 + [-0.1]), 0.5)
    assert not is_copy_seen(-seen, -0.5)
    assert not is_copy_seen(np.full(6, np.nan), np.nan)


def test_correction_recovers_the_cosine_behind_noise():
    """Gradients of a known cosine, each estimated from noisy halves."""
    rng = np.random.default_rng(0)
    d, n, noise = 40, 4000, 0.25
    truth = np.zeros((2, d))
    truth[0, 0], truth[1, :2] = 1.0, (0.6, 0.8)
    halves = truth[None, :, None] + noise * rng.normal(size=(n, 2, 2, d))
    a, b = halves[:, :, 0], halves[:, :, 1]
    lengths = np.linalg.norm(a, axis=2) * np.linalg.norm(b, axis=2)
    means = (a + b) / 2
    gram = means @ means.transpose(0, 2, 1)
    split = (a * b).sum(axis=2) / lengths
    probes = Probes(gram=gram, split_half=split, losses=split, half_square=lengths)
    seen = early_mean(probes)
    assert seen[0, 1] < 0.25, "noise shrinks it"
    assert corrected_cosine(seen)[0, 1] == pytest.approx(0.6, abs=0.03)


def test_averages_know_what_is_missing():
    gram = np.array([[[1.0, -1.0], [-1.0, -2.0]], [[1.0, np.nan], [np.nan, 1.0]], [[9.0, 9.0], [9.0, 9.0]]])
    half = np.array([[1.0, 4.0], [1.0, np.nan], [1.0, 1.0]])
    probes = Probes(
        gram, split_half=np.array([[0.5, -0.5], [0.3, np.nan], [1.0, 1.0]]), losses=half, half_square=half
    )
    np.testing.assert_allclose(early_mean(probes), [[0.4, -0.5], [-0.5, -0.5]])
    np.testing.assert_allclose(negative_share(probes)[0, 1], 1.0)
    assert np.isnan(corrected_cosine(early_mean(probes))).all(), "a negative squared length has no root"
    np.testing.assert_allclose(known_spread(np.array([1.0, 3.0, np.nan])), np.sqrt(2.0))
    assert stack_curves([np.zeros((2, 1)), np.zeros((3, 1))]).shape == (2, 3, 1)
    labels = np.array([[1.0, 1.0], [1.0, np.nan], [1.0, np.nan], [np.nan, 2.0]])
    np.testing.assert_allclose(row_overlap(labels), [[1.0, 0.5], [0.5, 1.0]])


def test_controls_change_the_labels_they_should():
    rng = np.random.default_rng(0)
    labels = rng.normal(size=(60, 2))
    labels[::3, 1] = np.nan
    fold = quick_case(labels, codes=np.arange(60) // 2).fold(0)
    shuffled = permute_task(fold, 1, 3).targets
    np.testing.assert_array_equal(shuffled[:, 0], fold.targets[:, 0])
    for rows in (fold.train_rows, fold.valid_rows, fold.test_rows):
        np.testing.assert_array_equal(np.sort(shuffled[rows, 1]), np.sort(fold.targets[rows, 1]))
    assert (shuffled[:, 1] != fold.targets[:, 1]).sum() > 30
    halves = split_task(fold, 0, 3).targets
    first, second = np.isfinite(halves[:, 0]), np.isfinite(halves[:, 2])
    assert not (first & second).any() and first.sum() > 10 and second.sum() > 10
    np.testing.assert_array_equal(first | second, np.isfinite(fold.targets[:, 0]))
    assert not set(fold.codes[first]) & set(fold.codes[second]), "groups stay whole"
    copied = add_copy(fold, 0, 3, share=0.25).targets
    there = np.isfinite(fold.targets[:, 0])
    np.testing.assert_array_equal(np.isfinite(copied[:, 2]), there)
    assert 0.0 < np.abs(copied[there, 2] - fold.targets[there, 0]).max() < 0.6
    assert np.isfinite(copied[:, 0]).sum() == pytest.approx(there.sum() / 4, abs=2)


def test_one_property_has_nothing_to_be_compared_with():
    with pytest.raises(InputError, match="one property"):
        find_alignment(quick_case(np.random.default_rng(0).normal(size=(60, 1))))


def test_degenerate_tables_are_survived():
    """Three labels, classes, constant inputs."""
    rng = np.random.default_rng(0)
    n = 90
    labels = np.column_stack(
        [rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 3, n), np.full(n, np.nan)]
    ).astype(float)
    labels[:3, 3] = 1.0, 2.0, 3.0
    properties = (
        Property("a"),
        Property("b", Kind.BINARY, classes=("no", "yes")),
        Property("c", Kind.MULTICLASS, classes=("x", "y", "z")),
        Property("d"),
    )
    heard = []
    case = quick_case(labels, 4, 2, properties=properties, inputs=np.ones((n, 2)))
    found = find_alignment(replace(case, progress=heard.append))
    assert found.calls[0, 3] in ("noise", "unclear", "no control")
    assert heard == sorted(heard) and heard[-1] == 1.0
    exhibit = alignment_exhibit(found)
    assert exhibit.answer and exhibit_from_json(exhibit_to_json(exhibit)) == exhibit
