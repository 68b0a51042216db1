"""Transfer to a few targets among hundreds of tasks: what it takes, and whether learned ratios still pay.

One outer fold of a real table of molecules, described by descriptors, and 20 targets drawn by a seed; with the table's
families no two of one family, and those of its family are no sources of a target. All arms predict the same test rows:

- shared: one network of all tasks, families included.
- shared, targets: one network of the targets only.
- alone, equal, learned: a network for each target; nothing else counts, the 32 tasks most alike count the same, or by
  learned ratios. Where there are families all start from scratch; otherwise half go on from networks of all tasks.

Every arm has the same settings and averages the same number of networks. The table shows seconds (all, of which to
measure ratios and to train the final networks), milliseconds of an epoch of a final network, the process's peak of
memory so far, ratios (deciles 1 and 9 over sources and targets), and root mean squared errors beside those of shared
and of equal: geometric mean over the targets, its 95 % interval as if targets were independent, and how many are lower.
One fold is an indication, no verdict. The last line is one JSON object with the numbers.

    python benchmarks/transfer_scale.py --table molecules-grids --clock cpu
    python benchmarks/transfer_scale.py --table molecules-chembl:FOLDER --least 20 --clock cpu
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from miscible.datasets import load
from miscible.inputs import featurize
from miscible.splits import FoldData, assign_folds, group_keys, make_fold
from miscible.strategies import NetworkFit, Tuning, fit_networks, parse_strategy
from miscible.strategies import _transfer as transfer
from miscible.strategies._bench import make_bench
from miscible.table import Table, read_table
from transfer import peak_mib
from transfer_control import compared

N_FOLDS = 5
TARGET_LABELS = 100
"""Labels of a target, at least."""
SHARED, FEW, ALONE, EQUAL, LEARNED = ARMS = ("shared", "shared, targets", "alone", "equal", "learned")
STAGES = {"pretrain": "before", "find_ratios": "ratios", "_train": "final"}
"""Functions of the transfer strategy that are timed."""


@dataclass(frozen=True)
class Case:
    """One fold of a table, and the targets.

    Parameters
    ----------
    table
        Tasks with enough labels.
    fold
        Of it.
    targets
        Positions among the tasks.
    families
        By task; None where the table has none.
    """

    table: Table
    fold: FoldData
    targets: tuple[int, ...]
    families: tuple[str, ...] | None


def open_case(name: str, least: int, n_targets: int, group: str, seed: int, fold: int) -> Case:
    """Read the table, cut the fold, draw the targets."""
    dataset = load(name)
    named = {target: target.partition(":")[0] for target in dataset.targets}
    counts = dataset.frame[list(named.values())].notna().sum()
    kept = [target for target, column in named.items() if counts[column] >= least]
    inputs = [text.rpartition(":")[0] + ":descriptors" for text in dataset.inputs]
    table = read_table(dataset.frame, kept, inputs=inputs)
    features = featurize(table.frame, table.inputs, n_jobs=1)
    groups = group_keys(table, group)
    folds = assign_folds(
        groups.codes, table.labels, table.kinds, n_folds=N_FOLDS, n_repeats=1, seed=seed, names=table.names,
        classes=[p.classes for p in table.properties], group_labels=groups.labels, holds=groups.holds,
    )  # fmt: skip
    cut = make_fold(table, features, groups.codes, folds.outer[0], fold, seed=seed)
    families = tuple(dataset.families[n] for n in table.names) if dataset.families else None
    enough = np.flatnonzero(np.isfinite(table.labels).sum(axis=0) >= TARGET_LABELS)
    return Case(table, cut, draw_targets(enough, families, n_targets, seed), families)


def draw_targets(tasks: np.ndarray, families: Sequence[str] | None, n: int, seed: int) -> tuple[int, ...]:
    """Some of the tasks in order, no two of a family."""
    chosen: list[int] = []
    for task in np.random.default_rng(seed).permutation(tasks).tolist():
        taken = {families[t] for t in chosen} if families else set()
        if len(chosen) < n and not (families and families[task] in taken):
            chosen.append(task)
    return tuple(sorted(chosen))


class Stages:
    """Seconds spent in the stages of a transfer."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.seconds = dict.fromkeys(STAGES.values(), 0.0)

    def watch(self, stack: ExitStack) -> None:
        """Time every stage until the stack is closed."""
        for name, stage in STAGES.items():
            stack.enter_context(patch.object(transfer, name, self._timed(getattr(transfer, name), stage)))

    def _timed(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = self._clock()
            try:
                return call(*given, **named)
            finally:
                self.seconds[stage] += self._clock() - start

        return timed


def fit_arm(
    case: Case, arm: str, tuning: Tuning, seed: int, begin: str
) -> tuple[NetworkFit, tuple[int, ...]]:
    """What the arm keeps, and the tasks it knows."""
    everything = tuple(range(case.table.n_tasks))
    if arm in (SHARED, FEW):
        tasks = everything if arm == SHARED else case.targets
        return fit_networks(parse_strategy("shared"), [case.fold], tasks, tuning, seed=seed)[0], tasks
    word = "scratch" if arm == ALONE else begin
    bench = make_bench(
        parse_strategy(f"transfer+{arm}+{word}"), [case.fold], everything, tuning,
        seed=seed, n_inputs=None, train_share=0.8, device="cpu", compile=False,
    )  # fmt: skip
    families = case.families if word == "scratch" else None
    return transfer.fit_transfer(bench, case.targets, families)[0], everything


def run_arm(
    case: Case, arm: str, tuning: Tuning, seed: int, begin: str, clock: Callable[[], float]
) -> tuple[dict[str, Any], np.ndarray]:
    """Numbers of an arm, and the test error of every target."""
    stages, start = Stages(clock), clock()
    with ExitStack() as stack:
        stages.watch(stack)
        fitted, tasks = fit_arm(case, arm, tuning, seed, begin)
    row: dict[str, Any] = {"seconds": round(clock() - start, 1)}
    row |= {f"{stage}_s": round(seconds, 1) for stage, seconds in stages.seconds.items()}
    epochs = sum(int(str(story["epochs"])) for story in fitted.kept)
    last = stages.seconds["final"] or row["seconds"]
    row |= {"epoch_ms": round(1e3 * last / epochs, 1), "networks": len(fitted.kept), "steps": fitted.steps}
    row["peak_mib"] = round(peak_mib())
    if arm == LEARNED:
        ratios = np.array([story["ratios"] for story in fitted.kept], dtype=float)
        ratios[np.arange(len(ratios)), [int(str(story["primary"])) for story in fitted.kept]] = np.nan
        row["deciles"] = [round(float(v), 2) for v in np.nanquantile(ratios, (0.1, 0.9))]
    rows = case.fold.test_rows
    predicted = fitted.ensemble.predict(case.fold.inputs[rows])
    truth = np.array(case.table.targets())[rows]
    columns = [tasks.index(t) for t in case.targets]
    return row, np.sqrt(np.nanmean((predicted[:, columns] - truth[:, case.targets]) ** 2, axis=0))


def against(errors: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Errors beside those of another arm."""
    return compared(errors, base) | {"lower": int((errors < base).sum())}


def show(rows: dict[str, dict[str, Any]], n_targets: int) -> None:
    """Print the table."""

    def interval(found: dict[str, float] | None) -> str:
        if found is None:
            return ""
        told = f"{found['ratio']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
        return f"{told} {found['lower']:2d} of {n_targets}"

    heads = ("s", "ratios", "final", "ms/epoch", "MiB")
    print(f"{'':16}" + "".join(f"{head:>9}" for head in heads), end="")
    print("".join(f"{head:>31}" for head in ("to shared", "to equal")) + f"{'deciles':>13}")
    for arm, row in rows.items():
        numbers = (row["seconds"], row["ratios_s"], row["final_s"], row["epoch_ms"], row["peak_mib"])
        told = "".join(f"{interval(row.get(f'to {base}')):>31}" for base in (SHARED, EQUAL))
        deciles = " to ".join(f"{v:.2f}" for v in row.get("deciles", ()))
        print(f"{arm:16}" + "".join(f"{v:9,.0f}" for v in numbers) + f"{told}{deciles:>13}")


def main() -> None:
    """Run the arms and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", default="molecules-grids", help="name of a data set, or NAME:FOLDER")
    parser.add_argument("--least", type=int, default=100, help="labels of a task, at least")
    parser.add_argument("--targets", type=int, default=20)
    parser.add_argument("--group", default="none")
    parser.add_argument("--seed", type=int, default=0, help="of folds, targets and networks")
    parser.add_argument("--fold", type=int, default=0, choices=range(N_FOLDS))
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clock = time.process_time if arguments.clock == "cpu" else time.perf_counter
    tuning = Tuning(
        rates=(2e-3,), decays=(1e-2, 0.3), finalists=2, halving=(), epochs=arguments.epochs, patience=5
    )
    case = open_case(
        arguments.table, arguments.least, arguments.targets, arguments.group, arguments.seed, arguments.fold
    )
    begin = "scratch" if case.families else "mixed"
    counts = np.isfinite(case.table.labels).sum(axis=0)
    head = {
        "tasks": case.table.n_tasks,
        "rows": case.table.n_rows,
        "labels": int(counts.sum()),
        "inputs": case.fold.inputs.shape[1],
        "targets": [case.table.names[t] for t in case.targets],
        "target_labels": [int(counts[t]) for t in case.targets],
        "begin": begin,
        "data_mib": round(peak_mib()),
    }
    print(
        f"{head['tasks']} tasks, {head['labels']:,} labels of {head['rows']:,} molecules, {head['inputs']} inputs; "
        f"{len(case.targets)} targets with {min(head['target_labels']):,} to {max(head['target_labels']):,} labels; "
        f"start {begin}; {head['data_mib']:,} MiB after reading; one fold, an indication and no verdict",
        flush=True,
    )
    rows: dict[str, dict[str, Any]] = {}
    errors: dict[str, np.ndarray] = {}
    for arm in arguments.arms:
        rows[arm], errors[arm] = run_arm(case, arm, tuning, arguments.seed, begin, clock)
        print(f"{arm}: {rows[arm]['seconds']:.0f} s", flush=True)
    for arm, own in errors.items():
        rows[arm]["rmse"] = [round(float(v), 4) for v in own]
        for base in (SHARED, EQUAL):
            if base in errors and base != arm:
                rows[arm][f"to {base}"] = against(own, errors[base])
    show(rows, len(case.targets))
    machine = {"torch": str(torch.__version__), "machine": platform.processor() or platform.machine()}
    print(json.dumps({"benchmark": "transfer_scale", **vars(arguments), **machine, **head, "arms": rows}))


if __name__ == "__main__":
    main()
