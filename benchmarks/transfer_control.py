"""Positive control of learned ratios: does a scarce target learn who helps it, and does it pay?

Worlds of one scarce target and three kinds of sources with many labels each: ``helpful`` ones are other functions of
the hidden features that the target reads, ``idle`` ones read other features, ``harmful`` ones are heavy-tailed noise
that no input explains. For every arm: the target's error on test rows beside that of a network of its own and of equal
ratios, as geometric means over the worlds with paired 95 % intervals; mean ratios by kind of source; and the area under
the curve (AUC), the chance that a helpful source has a larger ratio than a harmful one. The oracle gives all weight to
the helpful sources. Labels that guide the ratios can be made few, biased (the largest ones) or noisy. The last line is
one JSON object with the numbers of the table.

    python benchmarks/transfer_control.py --worlds 6
    python benchmarks/transfer_control.py --worlds 6 --labels 10 --bias --arms independent transfer+equal transfer
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import t as student

from miscible.learning import Member, Population, State, TransferPlan, train
from miscible.splits import FoldData
from miscible.strategies import Tuning, parse_strategy
from miscible.strategies._bench import Bench, make_bench
from miscible.strategies._ratios import find_ratios
from miscible.strategies._sources import Target, likeness
from miscible.strategies._transfer import _start, going_on
from miscible.strategies._warm import best_states, pretrain

N_TEST = 600
ORACLE = "oracle"
INDEPENDENT = "independent"
EQUAL = "transfer+equal"
ARMS = (INDEPENDENT, EQUAL, ORACLE, "transfer", "transfer+one-step", "transfer+correlated")
KINDS = ("helpful", "idle", "harmful")


@dataclass(frozen=True)
class World:
    """A fold of one repeat, true labels, and what each task is to the first.

    Parameters
    ----------
    fold
        All of it; a fifth of each task's labels is validation.
    truth
        ``(n_rows, n_tasks)`` labels of all rows.
    roles
        ``target`` or a kind of source, by task.
    """

    fold: FoldData
    truth: np.ndarray
    roles: np.ndarray


def make_world(
    seed: int,
    *,
    n_target: int = 80,
    n_source: int = 1500,
    helpful: int = 3,
    idle: int = 3,
    harmful: int = 3,
    n_inputs: int = 12,
    noise: float = 0.3,
) -> World:
    """Draw a world.

    Parameters
    ----------
    seed
        Of everything.
    n_target, n_source
        Labels of the target and of each source, on rows of their own choice.
    helpful, idle, harmful
        Number of sources.
    n_inputs
        Of a row.
    noise
        On labels other than the harmful ones, in units of their spread.
    """
    rng = np.random.default_rng(seed)
    n_rows = max(2 * n_source, 4000)
    inputs = rng.normal(size=(n_rows, n_inputs))

    def hidden() -> np.ndarray:
        mixed = rng.normal(size=(n_inputs, 3))
        return np.tanh(1.5 * inputs @ (mixed / np.linalg.norm(mixed, axis=0)))

    def read(features: np.ndarray) -> np.ndarray:
        linear, square = rng.normal(size=3), 0.7 * rng.normal(size=(3, 3))
        values = features @ linear + np.einsum("ni,ij,nj->n", features, square, features)
        return (values - values.mean()) / values.std() + noise * rng.normal(size=n_rows)

    seen = hidden()
    columns = [read(seen) for _ in range(1 + helpful)]
    columns += [read(hidden()) for _ in range(idle)]
    columns += [rng.standard_t(1.5, n_rows).clip(-20, 20) for _ in range(harmful)]
    roles = np.repeat(("target", *KINDS), (1, helpful, idle, harmful))
    truth = np.column_stack(columns)
    order = rng.permutation(n_rows)
    test, others = np.sort(order[:N_TEST]), order[N_TEST:]
    shown = np.full(truth.shape, np.nan)
    validation = np.zeros(n_rows, bool)
    for t in range(len(roles)):
        own = rng.choice(others, n_source if t else n_target, replace=False)
        shown[own, t] = truth[own, t]
        if t == 0:
            validation[own[: n_target // 5]] = True
    left = np.setdiff1d(others, np.flatnonzero(np.isfinite(shown[:, 0])))
    validation[rng.choice(left, len(left) // 5, replace=False)] = True
    fold = FoldData(
        inputs=inputs.astype(np.float32),
        targets=shown,
        train_rows=np.setdiff1d(others, np.flatnonzero(validation)),
        valid_rows=np.flatnonzero(validation),
        test_rows=test,
        weights=np.ones(n_rows),
        kinds=("regression",) * len(roles),
        n_classes=(0,) * len(roles),
        preparation=None,  # pyright: ignore[reportArgumentType]
        codes=np.arange(n_rows),
    )
    return World(fold, truth, roles)


def bench_of(world: World, arm: str, tuning: Tuning, seed: int) -> Bench:
    """The arm's strategy on the world."""
    alone = arm == INDEPENDENT
    strategy = parse_strategy("transfer+alone+scratch" if alone else arm.replace(ORACLE, "transfer+alone"))
    return make_bench(
        strategy, [world.fold], [0] if alone else range(len(world.roles)), tuning,
        seed=seed, n_inputs=None, train_share=0.8, device="cpu", compile=False,
    )  # fmt: skip


def ratios_of(world: World, bench: Bench, arm: str, starts: Sequence[State]) -> np.ndarray:
    """``(n_tasks,)`` ratios for the target."""
    tasks = bench.learnable[0]
    if arm.startswith(ORACLE):
        good = world.roles == "helpful"
        return np.where(good, (len(tasks) - 1) / max(int(good.sum()), 1), 0.0)
    alike = likeness(bench, 0, tasks, starts[0] if starts else None)
    (found,) = find_ratios(bench, [Target(0, 0, tasks)], [alike])
    return found.ratios


def error_of(world: World, bench: Bench, ratios: np.ndarray, starts: Sequence[State]) -> float:
    """Test error (RMSE) of the target with these ratios: the mean of the best networks by validation."""
    tasks, settings = bench.learnable[0], range(len(bench.settings))
    begin = [_start(bench, starts, s) for s in settings]
    each = (Member(0, tasks, 1000 * bench.seed + s, bench.settings[s], primary=tasks[0]) for s in settings)
    members = tuple(m if start is None else going_on(m) for m, start in zip(each, begin, strict=True))
    strength = np.array([setting.of("transfer")["strength"] for setting in bench.settings])
    plan = TransferPlan(np.tile(ratios, (len(members), 1)), strength)
    options = bench.plain()
    fitted = train(Population(bench.shape, members), bench.data, options, starts=begin, transfer=plan)
    best = np.argsort([fit.best_score for fit in fitted.members])[: bench.tuning.finalists]
    rows = world.fold.test_rows
    predicted = np.mean([fitted.predict(int(k), world.fold.inputs[rows])[:, 0] for k in best], axis=0)
    scaler = bench.scalers[0]
    return float(np.sqrt(np.mean((predicted * scaler.scale[0] + scaler.mean[0] - world.truth[rows, 0]) ** 2)))


def run_arm(
    world: World, arm: str, tuning: Tuning, seed: int, width: str, begin: str
) -> tuple[float, np.ndarray]:
    """Error and ratios of an arm."""
    named = arm if arm == INDEPENDENT else f"{arm}+{width}+{begin}"
    bench = bench_of(world, named, tuning, seed)
    starts: list[State] = []
    if begin != "scratch" and arm != INDEPENDENT:
        members, trained = pretrain(bench, None)
        starts = best_states(trained, members, 0, tuning.finalists)
    ratios = ratios_of(world, bench, named, starts)
    return error_of(world, bench, ratios, starts), ratios


def area(better: np.ndarray, worse: np.ndarray) -> float:
    """Chance that one of the first exceeds one of the second, ties half."""
    gap = better[:, None] - worse
    return float(((gap > 0) + 0.5 * (gap == 0)).mean())


def compared(errors: np.ndarray, base: np.ndarray) -> dict[str, float]:
    """Geometric mean of the ratios of two errors, and its 95 % interval over the worlds."""
    logs = np.log(errors / base)
    half = 0.0
    if len(logs) > 1:
        half = float(student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs)))
    mean = float(logs.mean())
    return {
        k: round(float(np.exp(v)), 4)
        for k, v in (("ratio", mean), ("low", mean - half), ("high", mean + half))
    }


def summary(
    roles: np.ndarray, errors: dict[str, np.ndarray], ratios: dict[str, np.ndarray], seconds: dict[str, float]
) -> dict[str, dict]:
    """Numbers of every arm; ``ratios (n_worlds, n_tasks)``."""
    rows = {}
    for arm, own in errors.items():
        row: dict[str, object] = {"rmse": round(float(own.mean()), 4), "seconds": round(seconds[arm], 1)}
        row |= {f"to {b}": compared(own, errors[b]) for b in (INDEPENDENT, EQUAL) if b in errors}
        if arm != INDEPENDENT:
            row["ratios"] = {k: round(float(ratios[arm][:, roles == k].mean()), 3) for k in KINDS}
            helpful, idle, harmful = (ratios[arm][:, roles == k] for k in KINDS)
            row["auc"] = round(float(np.mean([area(a, b) for a, b in zip(helpful, harmful, strict=True)])), 3)
            rest = np.concatenate([helpful, idle], axis=1)
            row["auc_rest"] = round(
                float(np.mean([area(a, b) for a, b in zip(rest, harmful, strict=True)])), 3
            )
        rows[arm] = row
    return rows


def show(rows: dict[str, dict]) -> None:
    """Print the table."""

    def interval(row: dict, base: str) -> str:
        found = row.get(f"to {base}")
        return f"{found['ratio']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" if found else ""

    print(f"{'':22}{'RMSE':>7}{'to independent':>24}{'to equal':>24}", end="")
    print("".join(f"{k:>9}" for k in (*KINDS, "AUC", "s")))
    for arm, row in rows.items():
        told = row.get("ratios", {})
        last = [*(told.get(k) for k in KINDS), row.get("auc"), row["seconds"]]
        print(
            f"{arm:22}{row['rmse']:7.3f}{interval(row, INDEPENDENT):>24}{interval(row, EQUAL):>24}"
            + "".join(" " * 9 if value is None else f"{value:9.2f}" for value in last)
        )


def main() -> None:
    """Run the worlds and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=6)
    parser.add_argument("--first", type=int, default=0, help="number of the first world")
    parser.add_argument("--arms", nargs="+", default=list(ARMS))
    parser.add_argument("--target-labels", type=int, default=80)
    parser.add_argument("--source-labels", type=int, default=1500)
    parser.add_argument("--sources", type=int, nargs=3, default=[3, 3, 3], metavar=KINDS)
    parser.add_argument("--begin", choices=["mixed", "scratch", "pretrained"], default="mixed")
    parser.add_argument("--width", default="w128")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--labels", type=int, default=0, help="labels of each task that guide the ratios; 0: a fifth"
    )
    parser.add_argument("--bias", action="store_true", help="the largest labels guide the ratios")
    parser.add_argument("--noise", type=float, default=0.0, help="on the labels that guide the ratios")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    knobs = {
        "transfer.labels": (float(arguments.labels),),
        "transfer.bias": (float(arguments.bias),),
        "transfer.noise": (arguments.noise,),
    }
    tuning = Tuning(
        rates=(2e-3, 4e-3),
        decays=(1e-2, 0.3),
        finalists=2,
        epochs=arguments.epochs,
        steps=20,
        halving=(),
        remedies=knobs,
    )
    helpful, idle, harmful = arguments.sources
    errors: dict[str, list[float]] = {arm: [] for arm in arguments.arms}
    ratios: dict[str, list[np.ndarray]] = {arm: [] for arm in arguments.arms}
    seconds = dict.fromkeys(arguments.arms, 0.0)
    roles = np.empty(0)
    for seed in range(arguments.first, arguments.first + arguments.worlds):
        world = make_world(
            seed,
            n_target=arguments.target_labels,
            n_source=arguments.source_labels,
            helpful=helpful,
            idle=idle,
            harmful=harmful,
        )
        roles = world.roles
        for arm in arguments.arms:
            start = time.process_time()
            error, own = run_arm(world, arm, tuning, seed, arguments.width, arguments.begin)
            seconds[arm] += (time.process_time() - start) / arguments.worlds
            errors[arm].append(error)
            ratios[arm].append(own)
    rows = summary(
        roles,
        {arm: np.array(own) for arm, own in errors.items()},
        {arm: np.array(own) for arm, own in ratios.items() if arm != INDEPENDENT},
        seconds,
    )
    print(
        f"{arguments.worlds} worlds, target {arguments.target_labels} labels, {helpful} helpful, {idle} idle and "
        f"{harmful} harmful sources of {arguments.source_labels}; seconds of processor time a world"
    )
    show(rows)
    print(json.dumps({"benchmark": "transfer_control", **vars(arguments), "arms": rows}))


if __name__ == "__main__":
    main()
