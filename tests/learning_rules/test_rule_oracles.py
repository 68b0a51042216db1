"""Rules against other libraries, on explicit gradients in double precision."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from rule_cases import DOUBLE, conflicting, gradients, inputs_of, started
from scipy.optimize import minimize, nnls
from torch import Tensor

from miscible.learning.rules import make_rule

aggregation = pytest.importorskip("torchjd.aggregation")

CASES = [(2, 5), (3, 6), (5, 12), (12, 30)]


def steps(name: str, jacobian: Tensor, **options: float) -> Tensor:
    rule = make_rule(name, **options)
    inputs = inputs_of(jacobian)
    weights, _ = rule.weights(inputs, started(rule, inputs))
    return torch.einsum("kt,ktn->kn", weights, jacobian)


def installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(module) is not None for module in modules)


ORACLES: dict[str, tuple[Callable[[], Callable[[Tensor], Tensor]], Callable[[int], float]]] = {
    "imtl-g": (lambda: aggregation.IMTLG(), lambda n_tasks: 1.0),
    "aligned": (lambda: aggregation.AlignedMTL(), lambda n_tasks: n_tasks),
    "config": (lambda: aggregation.ConFIG(), lambda n_tasks: 1.0),
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(("n_tasks", "size"), CASES)
def test_closed_forms(name: str, n_tasks: int, size: int) -> None:
    make, scale = ORACLES[name]
    jacobian = gradients(5, n_tasks, size)
    expected = torch.stack([make()(one) for one in jacobian]) * scale(n_tasks)
    torch.testing.assert_close(steps(name, jacobian), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(("n_tasks", "size"), CASES)
def test_mgda_is_at_least_as_short(n_tasks: int, size: int) -> None:
    oracle = aggregation.MGDA(epsilon=1e-5, max_iters=300)
    jacobian = gradients(3, n_tasks, size)
    lengths = steps("mgda", jacobian).norm(dim=-1)
    theirs = torch.stack([oracle(one) for one in jacobian]).norm(dim=-1)
    assert (lengths <= theirs + 1e-9).all()
    torch.testing.assert_close(lengths, theirs, rtol=5e-2, atol=0)


@pytest.mark.parametrize(("name", "alpha"), [("nash", 1.0), ("fairgrad", 2.0)])
@pytest.mark.parametrize(("n_tasks", "size"), CASES)
def test_fair_directions(name: str, alpha: float, n_tasks: int, size: int) -> None:
    oracle = aggregation.FairGrad(alpha)
    jacobian = gradients(3, n_tasks, size)
    expected = torch.stack([oracle(one) for one in jacobian])
    ours = steps(name, jacobian)
    unit = torch.nn.functional.normalize
    torch.testing.assert_close(unit(ours, dim=-1), unit(expected, dim=-1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("n_tasks", "size"), [*CASES, (8, 4)])
@pytest.mark.parametrize("make", [gradients, conflicting])
def test_upgrad_by_least_squares(n_tasks: int, size: int, make: Callable[..., Tensor]) -> None:
    """The projection of g on the dual cone adds J' z with the z >= 0 that makes it shortest."""
    jacobian = make(2, n_tasks, size)
    expected = torch.empty(2, size, dtype=DOUBLE)
    for k, rows in enumerate(jacobian.numpy()):
        projected = [row + rows.T @ nnls(rows.T, -row)[0] for row in rows]
        expected[k] = torch.from_numpy(np.mean(projected, axis=0))
    torch.testing.assert_close(steps("upgrad", jacobian), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(not installed("qpsolvers", "quadprog"), reason="torchjd's solver is not installed")
@pytest.mark.parametrize(("n_tasks", "size"), CASES)
def test_upgrad(n_tasks: int, size: int) -> None:
    linalg = pytest.importorskip("torchjd.linalg")
    oracle = aggregation.UPGrad(projector=linalg.QuadprogProjector(norm_eps=0.0, reg_eps=1e-11))
    jacobian = gradients(3, n_tasks, size)
    expected = torch.stack([oracle(one) for one in jacobian])
    torch.testing.assert_close(steps("upgrad", jacobian), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.skipif(not installed("cvxpy", "clarabel"), reason="torchjd's solver is not installed")
@pytest.mark.parametrize(("n_tasks", "size"), CASES)
def test_cagrad(n_tasks: int, size: int) -> None:
    oracle = aggregation.CAGrad(c=0.4, norm_eps=1e-10)
    jacobian = gradients(3, n_tasks, size)
    expected = torch.stack([oracle(one) for one in jacobian]) / 1.4
    torch.testing.assert_close(steps("cagrad", jacobian), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("n_tasks", "size"), [(2, 5), (3, 6), (5, 12), (5, 3)])
@pytest.mark.parametrize("make", [gradients, conflicting])
def test_cagrad_closes_the_gap(n_tasks: int, size: int, make: Callable[..., Tensor]) -> None:
    """No convex combination bounds the worst case below what the step reaches."""
    jacobian = make(4, n_tasks, size)
    step = 1.4 * steps("cagrad", jacobian)
    for rows, d in zip(jacobian.numpy(), step.numpy(), strict=True):
        mean = rows.mean(axis=0)
        radius = 0.4 * np.linalg.norm(mean)

        def bound(
            w: np.ndarray, rows: np.ndarray = rows, mean: np.ndarray = mean, radius: float = radius
        ) -> float:
            return float(w @ rows @ mean + radius * np.linalg.norm(w @ rows))

        simplex = {"type": "eq", "fun": lambda w: w.sum() - 1.0}
        start = np.full(n_tasks, 1 / n_tasks)
        found = minimize(bound, start, method="SLSQP", bounds=[(0, 1)] * n_tasks, constraints=[simplex])
        reached = (rows @ d).min()
        assert reached <= found.fun + 1e-7
        assert reached >= found.fun - 1e-5 * (mean @ mean + abs(found.fun))


def test_gradvac_over_several_steps() -> None:
    """With two tasks no order is left to chance."""
    oracle = aggregation.GradVac(beta=0.3, eps=0.0)
    rule = make_rule("gradvac", beta=0.3)
    state = None
    for seed in range(12):
        jacobian = (conflicting if seed % 2 else gradients)(1, 2, 6, seed) + 0.5
        inputs = inputs_of(jacobian)
        state = started(rule, inputs) if state is None else state
        weights, state = rule.weights(inputs, state)
        step = torch.einsum("kt,ktn->kn", weights, jacobian)[0]
        torch.testing.assert_close(step, oracle(jacobian[0]), rtol=1e-9, atol=1e-11)


class Shuffles:
    """Stands for ``torch.randperm`` and returns what visiting in one order means to each copy."""

    def __init__(self, order: list[int], leaves_itself_out: bool) -> None:
        self.order, self.leaves_itself_out, self.copy = order, leaves_itself_out, 0

    def __call__(self, n: int) -> Tensor:
        order = self.order
        if self.leaves_itself_out:
            order = [j - (j > self.copy) for j in order if j != self.copy]
        self.copy = (self.copy + 1) % len(self.order)
        assert len(order) == n
        return torch.tensor(order)


@pytest.mark.parametrize(("n_tasks", "size"), [(3, 4), (5, 4), (12, 9)])
def test_pcgrad_and_gradvac_in_the_order_of_the_keys(
    monkeypatch: pytest.MonkeyPatch, n_tasks: int, size: int
) -> None:
    vaccine = aggregation.GradVac(beta=0.3, eps=0.0)
    rules = {"pcgrad": make_rule("pcgrad"), "gradvac": make_rule("gradvac", beta=0.3)}
    states = {name: started(rule, inputs_of(gradients(1, n_tasks))) for name, rule in rules.items()}
    for seed in range(8):
        jacobian = (conflicting if seed % 2 else gradients)(1, n_tasks, size, seed) + 0.3
        inputs = inputs_of(jacobian, seed)
        order = inputs.order[0].argsort().tolist()
        for name, oracle in (("pcgrad", aggregation.PCGrad()), ("gradvac", vaccine)):
            monkeypatch.setattr(torch, "randperm", Shuffles(order, name == "gradvac"))
            expected = oracle(jacobian[0])
            weights, states[name] = rules[name].weights(inputs, states[name])
            torch.testing.assert_close(weights[0] @ jacobian[0], expected, rtol=1e-7, atol=1e-9)


@pytest.fixture
def in_double() -> Iterator[None]:
    """For libraries that make tensors of the default type."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(DOUBLE)
    yield
    torch.set_default_dtype(before)


@pytest.mark.usefixtures("in_double")
@pytest.mark.parametrize(("n_tasks", "size"), [*CASES, (6, 4)])
def test_config_of_its_authors(n_tasks: int, size: int) -> None:
    """Six gradients in four dimensions have no common cosine: both then take the least-squares direction."""
    oracle = pytest.importorskip("conflictfree.grad_operator")
    jacobian = gradients(5, n_tasks, size)
    ours = steps("config", jacobian)
    if n_tasks <= size:
        expected = torch.stack([oracle.ConFIG_update(one) for one in jacobian])
        torch.testing.assert_close(ours, expected, rtol=1e-7, atol=1e-9)
    if n_tasks == 2:
        expected = torch.stack([oracle.ConFIG_update_double(*one) for one in jacobian])
        torch.testing.assert_close(ours, expected, rtol=1e-7, atol=1e-9)
    expected = torch.stack([oracle.ConFIG_update(one, use_least_square=False) for one in jacobian])
    torch.testing.assert_close(ours, expected, rtol=1e-7, atol=1e-9)
