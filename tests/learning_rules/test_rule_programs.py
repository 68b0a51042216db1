"""The two solvers of the convex programs against SciPy, against optimality, and against each other."""

from __future__ import annotations

from types import ModuleType

import pytest
import torch
from rule_cases import DOUBLE, conflicting, gradients
from scipy.optimize import nnls
from torch import Tensor

from miscible.learning.rules import _interior, _pivoting, _programs, _supports

SOLVERS = [
    *((_supports, 1), (_supports, 3), (_supports, 6)),
    *((_interior, 1), (_interior, 7), (_interior, 20)),
    *((_programs, 6), (_programs, 7), (_programs, 20)),
]
solvers = pytest.mark.parametrize(("solver", "n_tasks"), SOLVERS)
kinds = pytest.mark.parametrize("kind", ["random", "opposed", "deficient", "uneven"])
ridges = pytest.mark.parametrize("ridge", [1e-10, 2e-5])
N_MEMBERS = 25


def grams(kind: str, n_tasks: int, ridge: float) -> tuple[Tensor, Tensor]:
    """Cosines with a ridge, and lengths at most 1."""
    jacobian = {
        "random": lambda: gradients(N_MEMBERS, n_tasks, n_tasks + 3),
        "opposed": lambda: conflicting(N_MEMBERS, n_tasks, n_tasks + 1),
        "deficient": lambda: gradients(N_MEMBERS, n_tasks, 1 + n_tasks // 2),
        "uneven": lambda: (
            gradients(N_MEMBERS, n_tasks, 20) * 10.0 ** torch.linspace(-3, 0, n_tasks, dtype=DOUBLE)[:, None]
        ),
    }[kind]()
    lengths = jacobian.norm(dim=-1)
    units = jacobian / lengths.unsqueeze(-1)
    lengths = lengths / lengths.amax(dim=-1, keepdim=True)
    return units @ units.mT + ridge * torch.eye(n_tasks, dtype=DOUBLE), lengths


@solvers
@kinds
@ridges
def test_quadratic_programs(solver: ModuleType, n_tasks: int, kind: str, ridge: float) -> None:
    cosines, _ = grams(kind, n_tasks, ridge)
    z = solver.nonnegative_quadratic(cosines, cosines, torch.ones(N_MEMBERS, n_tasks, dtype=DOUBLE))
    assert (z >= 0).all()
    factors = torch.linalg.cholesky(cosines).mT
    for k in range(N_MEMBERS):
        factor = factors[k].numpy()
        for p in range(n_tasks):
            exact = torch.from_numpy(nnls(factor, -factor[:, p])[0])
            off = z[k, p] - exact
            assert (off @ cosines[k] @ off).sqrt() < 1e-6


@solvers
@kinds
@ridges
def test_shortest_convex_combination(solver: ModuleType, n_tasks: int, kind: str, ridge: float) -> None:
    cosines, lengths = grams(kind, n_tasks, ridge)
    gram = cosines * lengths.unsqueeze(-1) * lengths.unsqueeze(-2)
    present = torch.ones(N_MEMBERS, n_tasks, dtype=DOUBLE)
    weights, x = solver.best_descent(gram, torch.zeros_like(lengths), present)
    image = (gram @ weights.unsqueeze(-1)).squeeze(-1)
    square = (weights * image).sum(dim=-1)
    assert (weights >= 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(N_MEMBERS, dtype=DOUBLE))
    # The square cannot fall further than this gap.
    assert (square - image.amin(dim=-1) <= 1e-9).all()
    torch.testing.assert_close(x * square.sqrt().unsqueeze(-1), weights, rtol=1e-4, atol=1e-6)


@solvers
@kinds
@ridges
@pytest.mark.parametrize("c", [0.1, 0.9])
def test_best_worst_case(solver: ModuleType, n_tasks: int, kind: str, ridge: float, c: float) -> None:
    """Primal value of the direction and dual value of the weights meet."""
    cosines, lengths = grams(kind, n_tasks, ridge)
    gram = cosines * lengths.unsqueeze(-1) * lengths.unsqueeze(-2)
    mean = gram.mean(dim=-1)
    offset = mean / (c * mean.mean(dim=-1, keepdim=True).sqrt())
    present = torch.ones(N_MEMBERS, n_tasks, dtype=DOUBLE)
    weights, x = solver.best_descent(gram, offset, present)
    image = (gram @ x.unsqueeze(-1)).squeeze(-1)
    assert ((x * image).sum(dim=-1) <= 1 + 1e-9).all()
    primal = (offset + image).amin(dim=-1)
    length = (weights * (gram @ weights.unsqueeze(-1)).squeeze(-1)).sum(dim=-1).sqrt()
    dual = (weights * offset).sum(dim=-1) + length
    torch.testing.assert_close(primal, dual, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_tasks", [2, 4, 6])
@kinds
def test_solvers_agree_on_part_of_the_tasks(n_tasks: int, kind: str) -> None:
    cosines, lengths = grams(kind, n_tasks, 2e-5)
    present = (
        torch.arange(N_MEMBERS)[:, None] // torch.tensor([1, 2, 3, 5, 7, 11])[:n_tasks] % 3 != 0
    ).double()
    cosines = cosines * present.unsqueeze(-1) * present.unsqueeze(-2)
    gram = cosines * lengths.unsqueeze(-1) * lengths.unsqueeze(-2)
    gram = gram / gram.diagonal(dim1=-2, dim2=-1).amax(dim=-1)[:, None, None].clamp_min(1e-9)
    exact = _supports.nonnegative_quadratic(cosines, cosines, present)
    torch.testing.assert_close(
        _interior.nonnegative_quadratic(cosines, cosines, present), exact, rtol=1e-4, atol=1e-5
    )
    offset = gram.mean(dim=-1)
    for ours, theirs in zip(
        _interior.best_descent(gram, offset, present),
        _supports.best_descent(gram, offset, present),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
        assert (theirs[present == 0] == 0).all()


@pytest.mark.parametrize(("n_tasks", "size", "all_end"), [(20, 200, True), (40, 200, True), (40, 15, False)])
def test_pivoting_knows_whether_it_has_ended(n_tasks: int, size: int, all_end: bool) -> None:
    """Signs and stationarity where it says so; where gradients depend on each other it may go round in circles."""
    jacobian = gradients(8, n_tasks, size)
    units = jacobian / jacobian.norm(dim=-1, keepdim=True)
    present = (torch.arange(8 * n_tasks).reshape(8, n_tasks) % 7 != 0).double()
    cosines = units @ units.mT + 1e-10 * torch.eye(n_tasks, dtype=DOUBLE)
    cosines = cosines * present.unsqueeze(-1) * present.unsqueeze(-2)
    z, solved = _pivoting.nonnegative_quadratic(cosines, cosines, present)
    assert bool(solved.all()) == all_end
    assert (z >= 0).all()
    slope = cosines + z @ cosines
    assert (slope[solved] >= -1e-10).all()
    assert ((z * slope)[solved].abs() <= 1e-9).all()
    assert (z[present.unsqueeze(1).expand_as(z) == 0] == 0).all()
    both = _programs.nonnegative_quadratic(cosines, cosines, present)
    for k in range(8):
        there = present[k].nonzero().squeeze(-1)
        own = cosines[k][there][:, there]
        factor = torch.linalg.cholesky(own).mT.numpy()
        for p, found in enumerate(both[k][there][:, there]):
            off = found - torch.from_numpy(nnls(factor, -factor[:, p])[0])
            assert (off @ own @ off).sqrt() < (1e-9 if all_end else 1e-6)
