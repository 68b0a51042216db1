"""Counting conflicts, pair by pair."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from rule_cases import DOUBLE, gradients, stream

from miscible.learning.rules import conflicts


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_tasks", [1, 2, 3, 9, 40])
def test_conflicts_pair_by_pair(n_tasks: int, dtype: torch.dtype) -> None:
    jacobian = gradients(6, n_tasks, 5)
    active = torch.rand(6, n_tasks, generator=stream(1)) < 0.6
    active[0] = False
    active[1] = True
    gram = jacobian @ jacobian.mT
    hidden = torch.where(active.unsqueeze(-1) & active.unsqueeze(-2), gram, torch.nan).to(dtype)
    n_conflicting, n_pairs = conflicts(hidden, active)
    for k in range(6):
        pairs = list(combinations(active[k].nonzero().squeeze(-1).tolist(), 2))
        assert n_pairs[k] == len(pairs)
        assert n_conflicting[k] == sum(float(jacobian[k, i] @ jacobian[k, j]) < 0 for i, j in pairs)
    assert n_conflicting.shape == n_pairs.shape == (6,)
    assert n_tasks < 3 or 0 < n_conflicting[1] < n_pairs[1]


def test_squares_below_zero_and_orthogonal_gradients_are_no_conflict() -> None:
    gram = torch.tensor([[[-1e-12, 0.0], [0.0, 1.0]], [[1.0, -1e-9], [-1e-9, 1.0]]], dtype=DOUBLE)
    n_conflicting, n_pairs = conflicts(gram, torch.ones(2, 2, dtype=torch.bool))
    assert n_conflicting.tolist() == [0, 1]
    assert n_pairs.tolist() == [1, 1]
