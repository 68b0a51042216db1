"""Member-steps per second of the stacked engine against ordinary PyTorch loops.

One network: trunk 21-128-128, three heads 128-64-1, batch 32, squared error on the labels that are there.

- loader: nn.Module, masked loss, torch.optim.Adam, batches from a DataLoader over a TensorDataset.
- memory: the same with tensors indexed in memory and fused Adam.
- stacked: ``miscible.learning.train`` with populations of several sizes, eager and compiled.
- processes: the largest population, divided between processes of one thread, as a study runs its cells.

All contestants take turns within every round, so that a busy machine slows them alike; the table shows medians
over the rounds, and ratios are taken within a round. Run it as ``python benchmarks/engine.py``; the last line is
one JSON object with the numbers of the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from miscible.errors import MiscibleError
from miscible.learning import (
    Member,
    NetworkShape,
    Population,
    TrainingData,
    TrainOptions,
    train,
)

BATCH = 32
SHAPE = NetworkShape(n_inputs=21, n_outputs=(1, 1, 1), trunk=(128, 128), head=(64,))


def make_data(n_rows: int, labels: str, seed: int = 0) -> TrainingData:
    """Random inputs; every row carries one of the three labels, or all of them."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1, n_rows, SHAPE.n_inputs)).astype(np.float32)
    targets = np.tanh(inputs @ rng.normal(size=(SHAPE.n_inputs, 3))).astype(np.float32)
    if labels == "one":
        targets[0, np.arange(n_rows)[:, None] % 3 != np.arange(3)] = np.nan
    nobody = np.arange(0)
    return TrainingData(inputs, targets, (np.arange(n_rows),), (nobody,), ("regression",) * 3)


class PlainNetwork(nn.Module):
    """What one would write by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(21, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(n, 3)`` outputs."""
        shared = self.trunk(x)
        return torch.cat([head(shared) for head in self.heads], dim=1)


def masked_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Sum over tasks of the mean squared error over the labels present."""
    known = torch.isfinite(targets)
    squared = torch.where(known, outputs - torch.nan_to_num(targets), 0.0).square()
    return (squared.sum(0) / known.sum(0).clamp_min(1)).sum()


def run_loader(data: TrainingData, epochs: int) -> int:
    """Steps done by the DataLoader loop."""
    dataset = TensorDataset(torch.from_numpy(data.inputs[0]), torch.from_numpy(data.targets[0]))
    loader = DataLoader(dataset, batch_size=BATCH, shuffle=True)
    model = PlainNetwork()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    steps = 0
    for _ in range(epochs):
        for x, y in loader:
            optimiser.zero_grad()
            masked_loss(model(x), y).backward()
            optimiser.step()
            steps += 1
    return steps


def run_memory(data: TrainingData, epochs: int) -> int:
    """Steps done by the loop over tensors in memory with fused Adam."""
    inputs, targets = torch.from_numpy(data.inputs[0]), torch.from_numpy(data.targets[0])
    model = PlainNetwork()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    steps = 0
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(BATCH):
            optimiser.zero_grad()
            masked_loss(model(inputs[rows]), targets[rows]).backward()
            optimiser.step()
            steps += 1
    return steps


def run_stacked(data: TrainingData, epochs: int, size: int, compiled: bool) -> int:
    """Member-steps done by a population."""
    members = tuple(Member(data=0, tasks=(0, 1, 2), seed=seed) for seed in range(size))
    options = TrainOptions(batch_size=BATCH, max_epochs=epochs, patience=epochs, compile=compiled)
    fitted = train(Population(SHAPE, members), data, options)
    return sum(member.steps for member in fitted.members)


def run_processes(pool: ProcessPoolExecutor, data: TrainingData, epochs: int, size: int, n: int) -> int:
    """Member-steps done by a population divided between processes."""
    parts = [pool.submit(run_stacked, data, epochs, size // n, False) for _ in range(n)]
    return sum(part.result() for part in parts)


def measure(work: Callable[[], int], clock: Callable[[], float]) -> float:
    """Member-steps per second of one run."""
    start = clock()
    steps = work()
    return steps / (clock() - start)


def main() -> None:
    """Measure, print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=3200)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--labels", choices=["one", "all"], default="one", help="labels on a row")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu counts processor seconds: with one thread it is steady on a machine others use too",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    data = make_data(arguments.rows, arguments.labels)

    contestants: dict[str, Callable[[], int]] = {
        "loader": partial(run_loader, data, 3),
        "memory": partial(run_memory, data, 5),
    }
    for size in arguments.sizes:
        contestants[f"stacked {size}"] = partial(run_stacked, data, 2 if size > 1 else 5, size, False)
        if not arguments.no_compile:
            contestants[f"stacked {size} compiled"] = partial(
                run_stacked, data, 2 if size > 1 else 5, size, True
            )
    pool = ProcessPoolExecutor(
        arguments.threads, get_context("spawn"), initializer=torch.set_num_threads, initargs=(1,)
    )
    if arguments.clock == "wall" and arguments.threads > 1:
        size = max(arguments.sizes)
        contestants[f"stacked {size} in {arguments.threads} processes"] = partial(
            run_processes, pool, data, 2, size, arguments.threads
        )
    for name, work in list(contestants.items()):
        try:
            work()
        except MiscibleError as error:
            print(f"{name}: left out, {error}")
            del contestants[name]

    rates = {name: np.zeros(arguments.rounds) for name in contestants}
    for i in range(arguments.rounds):
        for name, work in contestants.items():
            rates[name][i] = measure(work, clock)
    ratios = {name: float(np.median(rate / rates["loader"])) for name, rate in rates.items()}
    medians = {name: float(np.median(rate)) for name, rate in rates.items()}
    pool.shutdown()
    print(f"{'':28}{'member-steps/s':>16}{'x loader':>10}")
    for name, rate in medians.items():
        print(f"{name:28}{rate:16,.0f}{ratios[name]:10.1f}")
    print(
        json.dumps(
            {
                "benchmark": "engine",
                "batch": BATCH,
                "labels_per_row": arguments.labels,
                "threads": arguments.threads,
                "clock": arguments.clock,
                "rounds": arguments.rounds,
                "torch": torch.__version__,
                "machine": platform.processor() or platform.machine(),
                "member_steps_per_second": {k: round(v, 1) for k, v in medians.items()},
                "times_loader": {k: round(v, 2) for k, v in ratios.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
