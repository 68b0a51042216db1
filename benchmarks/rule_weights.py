"""What every rule adds to a training step: the time of one call of ``weights``.

Random gradients of unequal length, some in conflict; all tasks active; float32 Gram; inference mode, as in training.
Learned rules are past their first epoch. Median microseconds over repeated calls; a rule too slow for the repeats
gets fewer. Prints a table and, as the last line, one JSON object with the same numbers:
``OMP_NUM_THREADS=1 python benchmarks/rule_weights.py``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import torch

from miscible.learning.rules import RULES, Rule, RuleInput, RuleState, conflicts, make_rule

CPU = torch.device("cpu")
SIZES = ((16, 3), (64, 3), (8, 10), (4, 40), (1, 137), (1, 300))
LAST_LAYER = 128


def step_inputs(n_members: int, n_tasks: int, seed: int = 0) -> RuleInput:
    """One step's numbers; more parameters than tasks, so that the Gram has full rank."""
    random = torch.Generator().manual_seed(seed)
    shape = (n_members, n_tasks)
    size = max(LAST_LAYER, 2 * n_tasks)
    lengths = torch.exp(0.7 * torch.randn(*shape, 1, generator=random))
    jacobian = lengths * torch.randn(*shape, size, generator=random)
    return RuleInput(
        gram=jacobian @ jacobian.mT,
        losses=0.1 + torch.rand(shape, generator=random),
        active=torch.ones(shape, dtype=torch.bool),
        order=torch.rand(shape, generator=random),
        task_weights=torch.ones(shape),
    )


def started(rule: Rule, inputs: RuleInput) -> RuleState:
    """State after one step and two epochs: nothing left to wait for."""
    state = rule.init(*inputs.active.shape, CPU, torch.float32)
    for _ in range(2):
        _, state = rule.weights(inputs, state)
        state = rule.after_step(inputs, 0.9 * inputs.losses, state)
        state = rule.end_epoch(state, inputs.losses, inputs.active)
    return state


def median_microseconds(rule: Rule, inputs: RuleInput, seconds: float) -> float:
    """Median over calls for that long, five at least; the state is carried on."""
    state = started(rule, inputs)
    times: list[float] = []
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times) < 5:
        begin = time.perf_counter()
        _, state = rule.weights(inputs, state)
        times.append(1e6 * (time.perf_counter() - begin))
    return statistics.median(times)


def counting_microseconds(inputs: RuleInput, seconds: float) -> float:
    """The same for the count of conflicts."""
    times: list[float] = []
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times) < 5:
        begin = time.perf_counter()
        conflicts(inputs.gram, inputs.active)
        times.append(1e6 * (time.perf_counter() - begin))
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", nargs="+", default=list(RULES), choices=list(RULES))
    parser.add_argument("--seconds", type=float, default=0.5, help="a rule and size")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    heads = [f"{n_members} x {n_tasks}" for n_members, n_tasks in SIZES]
    print("Median microseconds a call, members x tasks")
    print(f"{'rule':<12}" + "".join(f"{head:>12}" for head in heads))
    results: dict[str, dict[str, float]] = {}
    with torch.inference_mode():
        inputs = [step_inputs(*size) for size in SIZES]
        for name in [*options.rules, "conflicts"]:
            row: dict[str, float] = {}
            for head, one in zip(heads, inputs, strict=True):
                if name == "conflicts":
                    row[head] = round(counting_microseconds(one, options.seconds), 1)
                else:
                    row[head] = round(median_microseconds(make_rule(name), one, options.seconds), 1)
            results[name] = row
            print(f"{name:<12}" + "".join(f"{value:>12,.0f}" for value in row.values()), flush=True)
    print(json.dumps({"microseconds": results, "threads": options.threads, "torch": str(torch.__version__)}))


if __name__ == "__main__":
    main()
