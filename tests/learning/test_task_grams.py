"""The Gram of the task gradients, and the weighted step, against autograd Jacobians."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import MIXINGS, Case, autograd_tasks, build_case, run_step, step_rows

from miscible.learning.gram import (
    cheaper_form,
    last_norms,
    pair_gram,
    task_gram,
    write_weighted_pairs,
    write_weighted_tasks,
)
from miscible.learning.nets import Batch, Scratch, Views, pair_records, task_gradients
from miscible.learning.training import _pair_plan, _slots

CLOSE = {"rtol": 1e-10, "atol": 1e-14}


def gram_and_step(case: Case, batch: Batch, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Gram ``(K, A, A)`` and the flat weighted gradient of the shared layers ``(K, n)``."""
    passed = run_step(case, batch)
    views = Views(case.stack.weights)
    k = batch.n_members
    shared = [layer[:k] for layer in passed.out.trunk]
    assert batch.pairs is not None
    if batch.pairs.by_task:
        tasks = task_gradients(case.network, views, passed.trace, batch, passed.top, Scratch())
        gram = task_gram(tasks)
        write_weighted_tasks(tasks, weights, shared)
    else:
        records = pair_records(case.network, views, passed.trace, batch, passed.top)
        gram = pair_gram(records)
        write_weighted_pairs(records, weights, shared)
    return gram, torch.cat([layer.flatten(1) for layer in shared], dim=1)


def check(case: Case, form: str) -> None:
    rows = step_rows(case)
    for s, batch in enumerate(case.schedule.batches):
        k, pairs = batch.n_members, batch.pairs
        assert pairs is not None and pairs.by_task == (form == "tasks")
        losses, jacobian, _ = autograd_tasks(case, s, rows[s])
        losses, jacobian = losses[:k], jacobian[:k]
        if pairs.heads is not None:
            losses = losses.gather(1, pairs.heads)
            index = pairs.heads.unsqueeze(2).expand(-1, -1, jacobian.shape[2])
            jacobian = jacobian.gather(1, index)
        random = torch.Generator().manual_seed(s)
        weights = torch.rand(pairs.active.shape, generator=random, dtype=torch.float64)
        gram, step = gram_and_step(case, batch, weights)
        torch.testing.assert_close(gram, jacobian @ jacobian.mT, **CLOSE)
        torch.testing.assert_close(step, torch.einsum("kt,ktn->kn", weights, jacobian), **CLOSE)
        assert torch.equal(pairs.active, losses > 0.0)


@pytest.mark.parametrize("form", ["pairs", "tasks"])
@pytest.mark.parametrize("mixing", MIXINGS)
@pytest.mark.parametrize(
    ("n_tasks", "density", "sampling", "reduction"),
    [
        (3, 0.3, "proportional", "task-mean"),
        (4, 0.8, "proportional", "pair-sum"),
        (20, 0.1, "proportional", "task-mean"),
        (20, 0.5, "balanced", "pair-sum"),
    ],
)
@pytest.mark.parametrize("norm", [False, True], ids=["", "normed"])
def test_gram_and_weighted_step_equal_the_jacobians(
    n_tasks, density, sampling, reduction, mixing, form, norm
):
    check(build_case(n_tasks, density, sampling, reduction, mixing=mixing, form=form, norm=norm), form)


@settings(max_examples=25, deadline=None)
@given(
    n_tasks=st.integers(1, 16),
    density=st.floats(0.03, 1.0),
    sampling=st.sampled_from(["proportional", "balanced", "temperature"]),
    reduction=st.sampled_from(["task-mean", "pair-sum"]),
    form=st.sampled_from(["pairs", "tasks"]),
    norm=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_any_label_pattern(n_tasks, density, sampling, reduction, form, norm, seed):
    check(build_case(n_tasks, density, sampling, reduction, seed=seed, form=form, norm=norm), form)


def test_one_label_a_row_needs_no_copies_of_the_activations():
    by_row = [build_case(5, 0.3, "balanced", "task-mean", form="pairs").schedule.batches[0].pairs]
    several = [build_case(5, 0.9, "proportional", "task-mean", form="pairs").schedule.batches[0].pairs]
    assert all(p is not None and p.by_row for p in by_row)
    assert all(p is not None and not p.by_row for p in several)


@pytest.mark.parametrize("form", ["pairs", "tasks"])
@pytest.mark.parametrize("most", [0, 64], ids=["formed", "within groups"])
@pytest.mark.parametrize("mixing", MIXINGS)
@pytest.mark.parametrize(("n_tasks", "density", "norm"), [(3, 0.5, False), (3, 0.5, True), (20, 0.3, True)])
def test_norms_on_the_last_shared_layer(monkeypatch, n_tasks, density, norm, mixing, most, form):
    monkeypatch.setattr("miscible.learning.gram._last._MOST_PAIRS", most)
    case = build_case(
        n_tasks, density, "proportional", "task-mean", mixing=mixing, form=form, compact=False, norm=norm
    )
    rows = step_rows(case)
    sizes = [i * o for i, o in case.network.shared_shapes]
    last = case.network.n_trunk if mixing == "mmoe" else 1
    part = slice(sum(sizes[:last]), sum(sizes[: last + 1]))
    for s, batch in enumerate(case.schedule.batches):
        passed = run_step(case, batch)
        views = Views(case.stack.weights)
        norms = last_norms(case.network, views, passed.trace, batch, passed.top)
        _, jacobian, _ = autograd_tasks(case, s, rows[s])
        expected = jacobian[: batch.n_members, :, part].square().sum(dim=2)
        torch.testing.assert_close(norms, expected, **CLOSE)


def test_the_form_follows_the_sizes():
    shapes = ((22, 128), (129, 128))
    assert cheaper_form(shapes, n_pairs=32, n_tasks=3, n_slots=48) == "pairs"
    assert cheaper_form(shapes, n_pairs=512, n_tasks=40, n_slots=900) == "tasks"
    assert cheaper_form(shapes, n_pairs=512, n_tasks=300, n_slots=900) == "pairs"
    assert cheaper_form(shapes, n_pairs=512, n_tasks=300, n_slots=900, diagonal=True) == "tasks"


def test_many_heads_are_cut_down_to_those_at_work(monkeypatch):
    monkeypatch.setattr(_slots, "SEGMENT_HEADS", 2)
    monkeypatch.setattr(_pair_plan, "SEGMENT_HEADS", 2)
    case = build_case(16, 0.05, "proportional", "task-mean", form="pairs")
    assert all(b.pairs is not None and b.pairs.active.shape[1] < 16 for b in case.schedule.batches)
    check(case, "pairs")
