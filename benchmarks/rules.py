"""What a gradient rule costs: steps of the engine with every rule, and of one plain network with the usual ways.

- few: 3 tasks, trunk 21-128-128, heads 128-64-1, batch 32, a population of 64.
- sparse: the same with 40 tasks, batch 512, a population of 8.

Rows carry one label, in ``sparse`` as many as ``--labels`` says. Ratios are to a plain step of the same kind: for the
engine to its rule "sum", for the single networks to a step with summed losses and fused Adam. The last column
divides a single network's time by a member-step of the engine with the same rule.

All contestants take turns within every round; the table shows medians over the rounds, and ratios are taken within
a round. Run it as ``python benchmarks/rules.py``; the last line is one JSON object with the numbers of the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from miscible.learning import (
    RULES,
    EpochEnd,
    Member,
    NetworkShape,
    Population,
    TrainingData,
    TrainOptions,
    train,
)
from single_network import contestants, make_data, seconds_a_step

RIVAL_RULES = ("PCGrad", "UPGrad", "MGDA")
RIVAL_SECONDS = 0.3


@dataclass(frozen=True)
class Case:
    """One table and population."""

    n_tasks: int
    batch: int
    population: int
    n_steps: int
    epochs: int
    aim: float

    @property
    def shape(self) -> NetworkShape:
        """Of every network."""
        return NetworkShape(n_inputs=21, n_outputs=(1,) * self.n_tasks, trunk=(128, 128), head=(64,))


CASES = {
    "few": Case(n_tasks=3, batch=32, population=64, n_steps=60, epochs=1, aim=1.3),
    "sparse": Case(n_tasks=40, batch=512, population=8, n_steps=15, epochs=1, aim=2.5),
}


class _Stamps:
    """When epochs end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.times: list[float] = []

    def on_epoch_end(self, event: EpochEnd) -> None:
        """Take the time."""
        self.times.append(self._clock())


def engine_step(
    shape: NetworkShape,
    population: int,
    data: TrainingData,
    batch: int,
    rule: str,
    epochs: int,
    clock: Callable[[], float],
) -> float:
    """Seconds of a member-step, set-up and first epoch (in which GradNorm only looks on) left out."""
    members = tuple(Member(data=0, tasks=tuple(range(shape.n_tasks)), seed=s) for s in range(population))
    options = TrainOptions(batch_size=batch, max_epochs=1 + epochs, patience=1 + epochs, rule=rule)
    stamps = _Stamps(clock)
    fitted = train(Population(shape, members), data, options, [stamps])
    share = epochs / (1 + epochs)
    return (stamps.times[-1] - stamps.times[0]) / (share * sum(member.steps for member in fitted.members))


def measure(
    case: Case, labels: int, rules: list[str], rounds: int, rivals: bool, clock: Callable[[], float]
) -> dict[str, dict]:
    """Medians by contestant: microseconds, ``ratio`` to the plain step, ``to_ours``."""
    data = make_data(case.batch * case.n_steps, case.shape.n_inputs, case.n_tasks, labels)
    ways, left_out = contestants(case.shape, data, case.batch, RIVAL_RULES) if rivals else ({}, [])
    for reason in left_out:
        print(f"left out, {reason}")
    steps = {}
    for name, (model, backward, _) in ways.items():
        seconds_a_step(model, backward, 1, clock)
        steps[name] = 1 + int(RIVAL_SECONDS / seconds_a_step(model, backward, 1, clock))
    ours = {rule: np.zeros(rounds) for rule in rules}
    theirs = {name: np.zeros(rounds) for name in ways}
    for rule in rules:
        engine_step(case.shape, case.population, data, case.batch, rule, case.epochs, clock)
    for i in range(rounds):
        for rule, times in ours.items():
            times[i] = engine_step(case.shape, case.population, data, case.batch, rule, case.epochs, clock)
        for name, times in theirs.items():
            model, backward, _ = ways[name]
            times[i] = seconds_a_step(model, backward, steps[name], clock)
    rows = {name: _row(times, ours["sum"]) for name, times in ours.items()}
    for name, times in theirs.items():
        rows[name] = _row(times, theirs["plain"])
        same = ours.get(ways[name][2])
        rows[name]["to_ours"] = None if same is None else round(float(np.median(times / same)), 1)
    return rows


def _row(times: np.ndarray, plain: np.ndarray) -> dict[str, float | None]:
    ratio = float(np.median(times / plain))
    return {"microseconds": round(float(1e6 * np.median(times)), 1), "ratio": round(ratio, 2)}


def show(name: str, case: Case, labels: int, rows: dict[str, dict]) -> None:
    """Print one case's table."""
    print(
        f"\n{name}: {case.n_tasks} tasks, {labels} of them labelled on a row, batch {case.batch}, population of "
        f"{case.population}; aim: pcgrad at most {case.aim} plain steps"
    )
    print(f"{'':28}{'us a member-step':>18}{'x plain step':>14}{'x same rule here':>18}")
    for contestant, row in rows.items():
        last = row.get("to_ours")
        ours = "" if last is None else f"{last:18,.1f}"
        print(f"{contestant:28}{row['microseconds']:18,.1f}{row['ratio']:14.2f}{ours}", flush=True)


def main() -> None:
    """Measure, print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--labels", type=int, default=1, help="labels on a row of the sparse case")
    parser.add_argument("--rules", nargs="+", default=list(RULES), choices=list(RULES))
    parser.add_argument("--no-rivals", action="store_true", help="the engine alone")
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu counts processor seconds: with one thread it is steady on a machine others use too",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    rules = list(dict.fromkeys(["sum", *arguments.rules]))
    results = {}
    for name in arguments.cases:
        case, labels = CASES[name], arguments.labels if name == "sparse" else 1
        rows = measure(case, labels, rules, arguments.rounds, not arguments.no_rivals, clock)
        show(name, case, labels, rows)
        results[name] = {
            "tasks": case.n_tasks, "labels_per_row": labels, "batch": case.batch,
            "population": case.population, "aim_pcgrad": case.aim, "contestants": rows,
        }  # fmt: skip
    print(
        json.dumps(
            {
                "benchmark": "rules",
                "threads": arguments.threads,
                "clock": arguments.clock,
                "rounds": arguments.rounds,
                "torch": str(torch.__version__),
                "machine": platform.processor() or platform.machine(),
                "cases": results,
            }
        )
    )


if __name__ == "__main__":
    main()
