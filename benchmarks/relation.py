"""Positive control of the relation graph: does a scarce property listen to a copy of itself?

Three tasks: the first has 20 training labels, the second is a noisy copy of it with 480, the third has nothing to do
with either. Reported is the share of the first task's state that comes from the copy and from the stranger, for graphs
that start at 0 and at one over the number of tasks, with and without an L1 penalty; over random tables, six networks
each. A graph whose numbers mean something gives the copy more than the stranger in nearly every table. The last line
is one JSON object with the numbers of the table.

    python benchmarks/relation.py --tables 10
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from miscible.learning import (
    Member,
    NetworkShape,
    Population,
    Setting,
    TrainingData,
    TrainOptions,
    task_influence,
    train,
)

N_ROWS, N_VALID, N_SCARCE = 500, 20, 40


def make_table(seed: int) -> TrainingData:
    """A scarce task, its noisy copy, and a stranger."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(1, N_ROWS, 8)).astype(np.float32)
    first, second = rng.normal(size=(2, 8, 3))
    scarce, other = (np.tanh(inputs[0] @ w).sum(axis=1) for w in (first, second))
    labels = np.stack([scarce, scarce + 0.1 * rng.normal(size=N_ROWS), other], axis=1)
    labels = (labels / labels.std(axis=0)).astype(np.float32)
    labels[N_SCARCE:, 0] = np.nan
    rows = np.arange(N_ROWS)
    return TrainingData(inputs, labels[None], (rows[N_VALID:],), (rows[:N_VALID],), ("regression",) * 3)


def control(start: float, l1: float, n_tables: int, epochs: int) -> np.ndarray:
    """``(n_tables, 2)`` share of the first task's state that comes from the copy and from the stranger."""
    shape = NetworkShape(
        8, (1, 1, 1), trunk=(32,), head=(16,), mixing="relation", relation_start=start, relation_l1=l1
    )
    options = TrainOptions(
        batch_size=32, max_epochs=epochs, patience=epochs, min_steps=20, sampling="balanced"
    )
    shares = []
    for seed in range(n_tables):
        members = tuple(Member(0, (0, 1, 2), 100 * seed + i, Setting(3e-3)) for i in range(6))
        data = make_table(seed)
        fitted = train(Population(shape, members), data, options)
        shares.append(task_influence(shape, fitted.state, data.inputs[0]).mean(axis=0)[0, 1:])
    return np.array(shares)


def main() -> None:
    """Run the controls and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=40)
    arguments = parser.parse_args()
    rows = []
    print(f"{'start':>8}{'l1':>8}{'copy':>10}{'stranger':>10}   copy ahead")
    for start in (0.0, 1.0 / 3.0):
        for l1 in (0.0, 0.01, 0.03):
            shares = control(start, l1, arguments.tables, arguments.epochs)
            ahead = int((shares[:, 0] > shares[:, 1]).sum())
            copy, stranger = shares.mean(axis=0)
            print(f"{start:8.2f}{l1:8.2f}{copy:10.4f}{stranger:10.4f}   {ahead} of {arguments.tables}")
            rows.append(
                {
                    "start": round(start, 3),
                    "l1": l1,
                    "copy": round(float(copy), 4),
                    "stranger": round(float(stranger), 4),
                    "copy_ahead": ahead,
                }
            )
    print(json.dumps({"benchmark": "relation", "tables": arguments.tables, "controls": rows}))


if __name__ == "__main__":
    main()
