"""The hand-written backward pass against autograd, on random sparse label patterns."""

from __future__ import annotations

import pytest
import torch
from network_cases import MIXINGS, autograd_tasks, build_case, flat_gradients, run_step, step_rows

from miscible.learning.nets import Views, backward_rows
from miscible.learning.training import _slots

PATTERNS = [
    (3, 0.3, "proportional", "task-mean"),
    (3, 0.9, "proportional", "pair-sum"),
    (5, 0.15, "balanced", "task-mean"),
    (12, 0.3, "temperature", "pair-sum"),
    (30, 0.1, "proportional", "task-mean"),
    (30, 0.7, "proportional", "pair-sum"),
    (40, 0.02, "balanced", "task-mean"),
]


@pytest.mark.parametrize(("n_tasks", "density", "sampling", "reduction"), PATTERNS)
@pytest.mark.parametrize("norm", [False, True], ids=["", "normed"])
@pytest.mark.parametrize("mixing", MIXINGS)
def test_gradients_equal_autograd(n_tasks, density, sampling, reduction, mixing, norm):
    if (norm or mixing != "none") and n_tasks > 12 and density > 0.05:
        pytest.skip("the reference takes long and nothing new happens")
    case = build_case(n_tasks, density, sampling, reduction, mixing=mixing, norm=norm)
    rows = step_rows(case)
    for s, batch in enumerate(case.schedule.batches):
        k = batch.n_members
        passed = run_step(case, batch)
        views = Views(case.stack.weights)
        backward_rows(case.network, views, passed.trace, batch, passed.top, Views(passed.out))
        trunk, heads = flat_gradients(case, passed.out, batch)
        _, jacobian, own = autograd_tasks(case, s, rows[s])
        torch.testing.assert_close(trunk, jacobian[:k].sum(dim=1), rtol=1e-10, atol=1e-13)
        torch.testing.assert_close(heads, own[:, :k], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("mixing", MIXINGS)
def test_both_slot_layouts_agree(monkeypatch, mixing):
    results = []
    for limit in (12, 0):
        monkeypatch.setattr(_slots, "SEGMENT_HEADS", limit)
        case = build_case(6, 0.5, "proportional", "task-mean", mixing=mixing)
        batch = case.schedule.batches[0]
        assert (batch.blocks is None) == (limit == 12)
        passed = run_step(case, batch)
        views = Views(case.stack.weights)
        backward_rows(case.network, views, passed.trace, batch, passed.top, Views(passed.out))
        results.append(flat_gradients(case, passed.out, batch))
    torch.testing.assert_close(results[0], results[1], rtol=1e-10, atol=1e-13)
