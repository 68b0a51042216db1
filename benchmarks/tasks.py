"""Whether a step's cost follows the labels of a batch, or the number of tasks.

Batches of 512 rows with one label each, trunk 21-128-128, heads 128-64-1, a population of 2 throughout, and 3 to 691
tasks: microseconds of a member-step of the engine with the rules "sum", "gradnorm" and "pcgrad", and the ratio to
the same rule with 10 tasks. Parameters and optimiser state of 691 heads are a hundred times those of three; what
grows beyond that is the number of tasks at work in a batch (nearly all up to 137, about 360 of 691).

All contestants take turns within every round; the table shows medians over the rounds, and ratios are taken within
a round. Run it as ``python benchmarks/tasks.py``; the last line is one JSON object with the numbers of the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from itertools import product

import numpy as np
import torch

from miscible.learning import RULES, NetworkShape
from rules import engine_step
from single_network import make_data

BATCH = 512
POPULATION = 2
N_STEPS = 8
SIZES = (3, 10, 40, 137, 691)
BASE = 10
AIM = 2.0
"""137 tasks at most twice the cost of 10."""


def main() -> None:
    """Measure, print the table and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rules", nargs="+", default=["sum", "gradnorm", "pcgrad"], choices=list(RULES))
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu counts processor seconds: with one thread it is steady on a machine others use too",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    clock = time.perf_counter if arguments.clock == "wall" else time.process_time
    sizes = sorted({BASE, *arguments.sizes})
    shapes = {n: NetworkShape(21, (1,) * n, trunk=(128, 128), head=(64,)) for n in sizes}
    tables = {n: make_data(BATCH * N_STEPS, 21, n, labels=1) for n in sizes}
    times = {key: np.zeros(arguments.rounds) for key in product(arguments.rules, sizes)}
    for i in range(-1, arguments.rounds):
        for (rule, n), own in times.items():
            seconds = engine_step(shapes[n], POPULATION, tables[n], BATCH, rule, 2, clock)
            if i >= 0:
                own[i] = seconds

    microseconds = {key: float(1e6 * np.median(own)) for key, own in times.items()}
    ratios = {(rule, n): float(np.median(own / times[rule, BASE])) for (rule, n), own in times.items()}
    print(f"us a member-step, and how many times that with {BASE} tasks; aim: at most {AIM} with 137")
    print(f"{'tasks':10}" + "".join(f"{n:>18}" for n in sizes))
    for rule in arguments.rules:
        cells = (f"{microseconds[rule, n]:11,.0f} {ratios[rule, n]:5.2f}x" for n in sizes)
        print(f"{rule:10}" + "".join(cells))
    print(
        json.dumps(
            {
                "benchmark": "tasks",
                "batch": BATCH,
                "population": POPULATION,
                "threads": arguments.threads,
                "clock": arguments.clock,
                "rounds": arguments.rounds,
                "torch": str(torch.__version__),
                "machine": platform.processor() or platform.machine(),
                "aim_137_tasks": AIM,
                "microseconds": {
                    rule: {n: round(microseconds[rule, n], 1) for n in sizes} for rule in arguments.rules
                },
                "times_10_tasks": {
                    rule: {n: round(ratios[rule, n], 2) for n in sizes} for rule in arguments.rules
                },
            }
        )
    )


if __name__ == "__main__":
    main()
