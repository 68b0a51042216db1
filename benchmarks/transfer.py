"""What learning transfer ratios costs: a step at 40 tasks, and time and memory as tasks become many.

- step: 40 tasks, a population of 8 targets with all others as sources, batch 256. ``fixed`` is the same members' step
  with ratios that stay; the others learn them by the one-step hypergradient, updated every m-th step, or judge a source
  some steps later. Averaged over whole epochs, so that the updates' cost is spread over the steps between them.
- tasks: the same with 3 to 691 tasks and a population of 2, each size in a process of its own: milliseconds of 20 steps
  of a member with fixed and with learned ratios, and the peak of the process's memory above that with the data alone.

Labels are simulated, as sparse as those of real tables of molecules: about three a row, the most frequent task having a
hundred times those of the rarest. Contestants take turns within every round; the tables show medians over the rounds,
and ratios are taken within a round. The last line is one JSON object with the numbers of the tables.

    python benchmarks/transfer.py --clock cpu --threads 1
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from miscible.learning import (
    EpochEnd,
    Member,
    NetworkShape,
    Population,
    TrainingData,
    TrainOptions,
    TransferPlan,
    train,
)

N_INPUTS, N_ROWS = 128, 6000
LABELS = 3
"""Labels on a row, on average."""
SKEW = 100.0
"""Labels of the most frequent task over those of the rarest."""
N_HELD_OUT = 30
BATCH, STEPS = 256, 20
N_TASKS, POPULATION = 40, 8
SIZES = (3, 10, 40, 137, 691)
BASE, FEW = 10, 2
AIM = 1.5

WAYS: dict[str, dict[str, int] | None] = {
    "fixed": None,
    "every step": {"every": 1},
    "every 5th": {"every": 5},
    "every 20th": {"every": 20},
    "every 5th, 5 later": {"every": 5, "horizon": 5},
}
DEFAULT = "every 5th"


def make_data(n_tasks: int, seed: int = 0) -> TrainingData:
    """Regression labels of unequal counts on rows of their own choice."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((1, N_ROWS, N_INPUTS), np.float32)
    counts = SKEW ** -np.linspace(0.0, 1.0, n_tasks)
    counts = np.maximum(counts * LABELS * N_ROWS / counts.sum(), 3 * N_HELD_OUT).astype(int)
    targets = np.full((1, N_ROWS, n_tasks), np.nan, np.float32)
    for t, n in enumerate(counts):
        own = rng.choice(N_ROWS, min(int(n), N_ROWS), replace=False)
        targets[0, own, t] = np.tanh(inputs[0, own] @ rng.normal(size=N_INPUTS) / 4)
    return TrainingData(inputs, targets, (np.arange(N_ROWS),), (np.arange(0),), ("regression",) * n_tasks)


class _Stamps:
    """When epochs end."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.times: list[float] = []

    def on_epoch_end(self, event: EpochEnd) -> None:
        """Take the time."""
        self.times.append(self._clock())


def epoch_seconds(
    data: TrainingData, size: int, way: str, epochs: int, clock: Callable[[], float]
) -> tuple[float, int]:
    """Seconds and steps of a member's epoch, set-up and first epoch left out."""
    n_tasks = len(data.kinds)
    tasks, primary = tuple(range(n_tasks)), [(7 * s + n_tasks // 2) % n_tasks for s in range(size)]
    members = tuple(Member(0, tasks, s, primary=p) for s, p in enumerate(primary))
    options = TrainOptions(batch_size=BATCH, min_steps=STEPS, max_epochs=1 + epochs, patience=1 + epochs)
    knobs = WAYS[way]
    held_out = None
    if knobs is not None:
        held_out = tuple(np.flatnonzero(np.isfinite(data.targets[0, :, p]))[:N_HELD_OUT] for p in primary)
    plan = TransferPlan(np.ones((size, n_tasks)), np.full(size, 4.0), held_out=held_out, **(knobs or {}))
    stamps = _Stamps(clock)
    shape = NetworkShape(N_INPUTS, (1,) * n_tasks, trunk=(128, 128), head=(64,))
    fitted = train(Population(shape, members), data, options, [stamps], transfer=plan)
    steps = sum(fit.steps for fit in fitted.members) // (size * (1 + epochs))
    return (stamps.times[-1] - stamps.times[0]) / (epochs * size), steps


def measure_steps(rounds: int, epochs: int, clock: Callable[[], float]) -> dict[str, dict[str, float]]:
    """Medians by way: microseconds of a member-step, and times that of fixed ratios."""
    data = make_data(N_TASKS)
    times = {way: np.zeros(rounds) for way in WAYS}
    for i in range(-1, rounds):
        for way, own in times.items():
            seconds, steps = epoch_seconds(data, POPULATION, way, epochs, clock)
            if i >= 0:
                own[i] = seconds / steps
    return {
        way: {
            "microseconds": round(1e6 * float(np.median(own)), 1),
            "ratio": round(float(np.median(own / times["fixed"])), 2),
        }
        for way, own in times.items()
    }


def peak_mib() -> float:
    """Most memory this process has held so far."""
    status = Path("/proc/self/status")
    if status.exists():
        # What getrusage says of a child on Linux begins at the size of its parent.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure_size(n_tasks: int, rounds: int, epochs: int, cpu: bool, threads: int) -> dict[str, list[float]]:
    """Seconds of a member's steps by round, ratios ``fixed`` and ``learned``, and ``memory`` of each in MiB."""
    torch.set_num_threads(threads)
    clock = time.process_time if cpu else time.perf_counter
    data = make_data(n_tasks)
    before = peak_mib()
    result: dict[str, list[float]] = {"fixed": [], "learned": [], "memory": []}
    for i in range(-1, rounds):
        for name, way in (("fixed", "fixed"), ("learned", DEFAULT)):
            seconds, steps = epoch_seconds(data, FEW, way, epochs, clock)
            if i >= 0:
                result[name].append(STEPS * seconds / steps)
            else:
                result["memory"].append(peak_mib() - before)
    return result


def measure_tasks(
    sizes: list[int], rounds: int, epochs: int, cpu: bool, threads: int
) -> dict[int, dict[str, float]]:
    """Milliseconds of a member's steps, times those of fewer tasks, and memory, by number of tasks."""
    found = {}
    for n in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found[n] = pool.submit(measure_size, n, rounds, epochs, cpu, threads).result()
    rows = {}
    for n, own in found.items():
        fixed, learned = np.array(own["fixed"]), np.array(own["learned"])
        rows[n] = {
            "fixed_ms": round(1e3 * float(np.median(fixed)), 1),
            "learned_ms": round(1e3 * float(np.median(learned)), 1),
            "ratio": round(float(np.median(learned / fixed)), 2),
            f"times_{BASE}": round(float(np.median(learned) / np.median(found[BASE]["learned"])), 2),
            "memory_mib": round(own["memory"][-1], 1),
        }
    return rows


def main() -> None:
    """Measure, print the tables and the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="cpu counts processor seconds: with one thread it is steady on a machine others use too",
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cpu = arguments.clock == "cpu"
    ways = measure_steps(arguments.rounds, arguments.epochs, time.process_time if cpu else time.perf_counter)
    print(f"{N_TASKS} tasks, batch {BATCH}, population of {POPULATION}; aim: {DEFAULT!r} at most {AIM}")
    print(f"{'ratios':22}{'us a member-step':>18}{'x fixed':>10}")
    for way, row in ways.items():
        print(f"{way:22}{row['microseconds']:18,.0f}{row['ratio']:10.2f}", flush=True)
    sizes = sorted({BASE, *arguments.sizes})
    tasks = measure_tasks(sizes, arguments.rounds, arguments.epochs, cpu, arguments.threads)
    print(f"\n{STEPS} steps of a member, population of {FEW}; memory above that with the data alone")
    heads = ("fixed, ms", "learned, ms", "x fixed", f"x {BASE} tasks", "MiB")
    print(f"{'tasks':10}" + "".join(f"{head:>13}" for head in heads))
    for n, row in tasks.items():
        cells = f"{row['fixed_ms']:13,.1f}{row['learned_ms']:13,.1f}{row['ratio']:13.2f}"
        print(f"{n:<10}{cells}{row[f'times_{BASE}']:13.2f}{row['memory_mib']:13,.0f}")
    print(
        json.dumps(
            {
                "benchmark": "transfer",
                "batch": BATCH,
                "threads": arguments.threads,
                "clock": arguments.clock,
                "rounds": arguments.rounds,
                "torch": str(torch.__version__),
                "machine": platform.processor() or platform.machine(),
                "aim": AIM,
                "step": ways,
                "tasks": tasks,
            }
        )
    )


if __name__ == "__main__":
    main()
