"""One plain PyTorch network and the usual ways to run a gradient rule on it; what ``rules.py`` compares with.

Every way does the same step: masked mean losses of the tasks in the batch, each task's own gradient for its head,
weighted or projected gradients for the trunk, fused Adam. Heads run on the rows that have their label only. The one
exception is named: autogram's usual way weighs the heads' gradients too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev

from miscible.learning import NetworkShape, TrainingData

__all__ = ["Plain", "contestants", "make_data", "seconds_a_step"]


def make_data(n_rows: int, n_inputs: int, n_tasks: int, labels: int, seed: int = 0) -> TrainingData:
    """Random inputs; every row carries ``labels`` of the regression tasks, all tasks being equally frequent."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1, n_rows, n_inputs)).astype(np.float32)
    truth = np.tanh(inputs[0] @ rng.normal(size=(n_inputs, n_tasks))).astype(np.float32)
    places = np.arange(n_rows * labels).reshape(n_rows, labels) % n_tasks
    targets = np.full((1, n_rows, n_tasks), np.nan, np.float32)
    np.put_along_axis(targets[0], places, np.take_along_axis(truth, places, axis=1), axis=1)
    nobody = np.arange(0)
    return TrainingData(inputs, targets, (np.arange(n_rows),), (nobody,), ("regression",) * n_tasks)


class Plain(nn.Module):
    """Trunk and heads as one would write them, and the data in memory."""

    def __init__(self, shape: NetworkShape, data: TrainingData, batch: int) -> None:
        super().__init__()
        self.trunk = _layers((shape.n_inputs, *shape.trunk), last_relu=True)
        self.heads = nn.ModuleList(
            _layers((shape.trunk[-1], *shape.head, 1), last_relu=False) for _ in range(shape.n_tasks)
        )
        self.inputs, self.targets = (torch.from_numpy(a[0]) for a in (data.inputs, data.targets))
        self.batch = batch
        self.optimiser = torch.optim.Adam(self.parameters(), lr=1e-3, fused=True)

    def draw(self) -> tuple[Tensor, list[tuple[int, Tensor, Tensor]]]:
        """Inputs of a batch; of every task in it the number, the rows and their labels."""
        rows = torch.randint(len(self.inputs), (self.batch,))
        targets = self.targets[rows].T
        row_of = [known.nonzero().squeeze(1) for known in targets.isfinite()]
        return self.inputs[rows], [(t, own, targets[t, own]) for t, own in enumerate(row_of) if len(own)]

    def losses(self, shared: Tensor, tasks: Sequence[tuple[int, Tensor, Tensor]]) -> list[Tensor]:
        """Mean squared error of every task in the batch."""
        return [(self.heads[t](shared[rows])[:, 0] - y).square().mean() for t, rows, y in tasks]

    def trunk_gradient(self, flat: Tensor) -> None:
        """Write one flat vector into the trunk's gradients."""
        parts = flat.split([p.numel() for p in self.trunk.parameters()])
        for parameter, part in zip(self.trunk.parameters(), parts, strict=True):
            parameter.grad = part.view_as(parameter)


def _layers(widths: Sequence[int], *, last_relu: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[: None if last_relu else -1])


def _plain(model: Plain) -> None:
    x, tasks = model.draw()
    torch.stack(model.losses(model.trunk(x), tasks)).sum().backward()


def _separate(model: Plain) -> None:
    """A backward pass per active task, then PCGrad on flat gradients as in its paper."""
    x, tasks = model.draw()
    losses = model.losses(model.trunk(x), tasks)
    trunk = list(model.trunk.parameters())
    flats: list[Tensor] = []
    for (t, _, _), loss in zip(tasks, losses, strict=True):
        head = list(model.heads[t].parameters())
        each = torch.autograd.grad(loss, [*trunk, *head], retain_graph=True)
        flats.append(torch.cat([g.flatten() for g in each[: len(trunk)]]))
        for parameter, gradient in zip(head, each[len(trunk) :], strict=True):
            parameter.grad = gradient
    squares = [flat @ flat for flat in flats]
    total = torch.zeros_like(flats[0])
    for i, flat in enumerate(flats):
        copy = flat.clone()
        for j in random.sample(range(len(flats)), len(flats)):
            if j != i and (dot := copy @ flats[j]) < 0:
                copy -= dot / squares[j] * flats[j]
        total += copy
    model.trunk_gradient(total)


def _jacobian(model: Plain) -> None:
    """The Jacobian by ``torch.func``, PCGrad's weights from its Gram, all copies at once."""
    x, tasks = model.draw()

    def losses(parameters: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        shared = functional_call(model.trunk, parameters, (x,))
        return torch.stack(model.losses(shared, tasks)), shared

    parameters = {name: p.detach() for name, p in model.trunk.named_parameters()}
    each, shared = jacrev(losses, has_aux=True)(parameters)
    jacobian = torch.cat([each[name].flatten(1) for name in parameters], dim=1).detach()
    gram = (jacobian @ jacobian.T).numpy()
    copies = np.eye(len(gram), dtype=gram.dtype)
    for j in np.random.default_rng().permutation(len(gram)):
        step = np.maximum(-(copies @ gram[j]) / gram[j, j], 0.0)
        step[j] = 0.0
        copies[:, j] += step
    model.trunk_gradient(torch.from_numpy(copies.sum(axis=0)) @ jacobian)
    torch.stack(model.losses(shared.detach(), tasks)).sum().backward()


def _autojac(_: Plain, rule: str) -> Callable[[Plain], None]:
    """The Jacobian by torchjd, and one of its aggregators."""
    autojac, aggregation = import_module("torchjd.autojac"), import_module("torchjd.aggregation")
    aggregator = getattr(aggregation, rule)()

    def step(model: Plain) -> None:
        x, tasks = model.draw()
        shared = model.trunk(x)
        autojac.mtl_backward(model.losses(shared, tasks), features=shared)
        autojac.jac_to_grad(model.trunk.parameters(), aggregator)

    return step


def _autogram(model: Plain, rule: str) -> Callable[[Plain], None]:
    """The Gram of the task losses by torchjd, and a backward pass with one of its weightings (heads included)."""
    aggregation = import_module("torchjd.aggregation")
    engine = import_module("torchjd.autogram").Engine(model.trunk, batch_dim=None)
    weighting = getattr(aggregation, f"{rule}Weighting")()

    def step(model: Plain) -> None:
        x, tasks = model.draw()
        losses = torch.stack(model.losses(model.trunk(x), tasks))
        losses.backward(weighting(engine.compute_gramian(losses)))

    return step


def _autogram_pairs(model: Plain, rule: str) -> Callable[[Plain], None]:
    """The same from a Gram of all pairs of the batch, summed to tasks; for one label a row."""
    aggregation = import_module("torchjd.aggregation")
    engine = import_module("torchjd.autogram").Engine(model.trunk, batch_dim=0)
    weighting = getattr(aggregation, f"{rule}Weighting")()

    def step(model: Plain) -> None:
        x, tasks = model.draw()
        shared = model.trunk(x)
        pairs = shared.new_zeros(len(x))
        member = shared.new_zeros(len(x), len(tasks))
        for i, (t, rows, y) in enumerate(tasks):
            each = (model.heads[t](shared[rows])[:, 0] - y).square() / len(rows)
            pairs = pairs.index_put((rows,), each)
            member[rows, i] = 1.0
        gram = member.T @ engine.compute_gramian(pairs) @ member
        pairs.backward(member @ weighting(gram))

    return step


def contestants(
    shape: NetworkShape, data: TrainingData, batch: int, rules: Sequence[str]
) -> tuple[dict[str, tuple[Plain, Callable[[Plain], None], str]], list[str]]:
    """Every way by name: its network, its backward pass, and the rule it is to be compared with.

    Parameters
    ----------
    rules
        Of torchjd, such as ``PCGrad``.

    Returns
    -------
    ways, left_out
        The second says what is missing and why.
    """

    def network() -> Plain:
        torch.manual_seed(0)
        return Plain(shape, data, batch)

    ways = {
        "plain": (network(), _plain, "sum"),
        "separate, PCGrad": (network(), _separate, "pcgrad"),
        "jacrev, PCGrad": (network(), _jacobian, "pcgrad"),
    }
    left_out: list[str] = []
    makers = {"autojac": _autojac, "autogram": _autogram, "autogram by pair": _autogram_pairs}
    for name, maker in makers.items():
        if maker is _autogram_pairs and np.isfinite(data.targets).sum(axis=2).max() > 1:
            left_out.append(f"{name}: rows with several labels have no single loss")
            continue
        for rule in rules:
            model = network()
            try:
                ways[f"{name}, {rule}"] = (model, maker(model, rule), rule.lower())
            except ImportError as error:
                left_out.append(f"{name}, {rule}: {error}")
    return ways, left_out


def seconds_a_step(
    model: Plain, backward: Callable[[Plain], None], steps: int, clock: Callable[[], float]
) -> float:
    """Mean over some steps."""
    start = clock()
    for _ in range(steps):
        model.optimiser.zero_grad()
        backward(model)
        model.optimiser.step()
    return (clock() - start) / steps
