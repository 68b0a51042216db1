"""Which way of learning beats which: every strategy of a set on one table, on the same folds.

    python benchmarks/strategies.py dataset:alloys --strategies all --out run/strategies

Each strategy is compared with ``independent`` (the same networks without the other properties) and, if it learns
properties together, with plain ``shared``: paired errors of the outer folds, the correlated posterior of Nadeau and
Bengio with the margin of a verdict (2 % of the baseline's error unless the property has its own), and Holm's correction
over all comparisons of the table. Scores of single strategies are exploratory: whoever picks the best of many here and
quotes its score flatters it. A killed run goes on with ``--resume``.

The table shows errors of every property with a mark against ``independent``: ``++`` better with a probability of at
least 0.90, ``--`` worse, ``==`` equivalent, nothing where the data cannot tell. The last line is one JSON object with
the same numbers; ``strategies.csv`` in the run folder has a row for every comparison.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.advisor import open_table, settle_group
from miscible.datasets import load
from miscible.evaluation import correlated_posterior, holm, margin_of_equivalence
from miscible.study import Plan, Silent, SplitPlan, StudyResult, TablePlan, run_study

CERTAIN = 0.90


@dataclass
class Compared:
    """One strategy against one baseline on one property; errors in error form."""

    property: str
    strategy: str
    baseline: str
    error: float
    baseline_error: float
    change_percent: float
    p_better: float
    p_equivalent: float
    p_worse: float
    p_value: float
    p_holm: float = float("nan")

    @property
    def mark(self) -> str:
        """What can be said."""
        chances = {"++": self.p_better, "==": self.p_equivalent, "--": self.p_worse}
        return next((mark for mark, p in chances.items() if p >= CERTAIN), "")


class Printed(Silent):
    """Says which cells are done."""

    def __init__(self) -> None:
        self.began = time.monotonic()

    def finish(self, cell, record) -> None:
        """See `Listener`."""
        print(f"{time.monotonic() - self.began:7.0f} s  {cell.key}  {record.seconds:.1f} s", flush=True)


def compare(result: StudyResult, task: int, strategy: str, baseline: str) -> Compared | None:
    """Paired comparison, or None where fewer than two folds have both."""
    errors, before = (result.errors(name, task) for name in (strategy, baseline))
    known = np.isfinite(errors - before)
    if known.sum() < 2:
        return None
    prop = result.table.properties[task]
    pooled = [result.strategy_error(name, task) for name in (strategy, baseline)]
    rope = margin_of_equivalence(prop.margin, pooled[1], None)
    posterior = correlated_posterior(errors - before, 1.0 / (result.plan.split.folds - 1))
    better, same, worse = posterior.probabilities(rope)
    change = 100.0 * posterior.mean / pooled[1]
    return Compared(prop.name, strategy, baseline, *pooled, change, better, same, worse, posterior.p_value())


def comparisons(result: StudyResult) -> list[Compared]:
    """Everything against ``independent``, and what shares against ``shared``, corrected together."""
    names = [s.name for s in result.strategies]
    pairs = [(s.name, "independent") for s in result.strategies if s.name != "independent"]
    pairs += [(s.name, "shared") for s in result.strategies if s.side == "joint" and s.name != "shared"]
    found = [
        compared
        for strategy, baseline in pairs
        if baseline in names
        for task in range(result.table.n_tasks)
        if (compared := compare(result, task, strategy, baseline)) is not None
    ]
    for compared, corrected in zip(found, holm(np.array([c.p_value for c in found])), strict=True):
        compared.p_holm = float(corrected)
    return found


def show(result: StudyResult, found: list[Compared]) -> None:
    """Errors of every strategy and property, marked against ``independent``."""
    marks = {(c.strategy, c.property): c.mark for c in found if c.baseline == "independent"}
    names = result.table.names
    width = max(len(s.name) for s in result.strategies) + 2
    print("".join([f"{'':{width}}", *(f"{name:>20}" for name in names)]))
    for strategy in result.strategies:
        cells = [
            f"{result.strategy_error(strategy.name, t):.4g} {marks.get((strategy.name, n), ''):2}"
            for t, n in enumerate(names)
        ]
        print("".join([f"{strategy.name:{width}}", *(f"{cell:>20}" for cell in cells)]))


def main() -> None:
    """Study, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="dataset:alloys, dataset:alloy-union:FOLDER, ...")
    parser.add_argument("--strategies", nargs="+", default=["all"])
    parser.add_argument("--group", help="by default as the data set says")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("run/strategies"))
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    dataset = load(arguments.source.removeprefix("dataset:"))
    plan = Plan(
        table=TablePlan(source=arguments.source, targets=dataset.targets),
        split=SplitPlan(
            group=arguments.group or dataset.group, folds=arguments.folds, repeats=arguments.repeats
        ),
        strategies=tuple(arguments.strategies),
        seed=arguments.seed,
    )
    table, _ = open_table(plan.table, plan.split.group)
    began = time.monotonic()
    result, _ = run_study(
        settle_group(plan, table), table, arguments.out, resume=arguments.resume, overwrite=not arguments.resume,
        listener=Printed(),
    )  # fmt: skip
    found = comparisons(result)
    pd.DataFrame([asdict(c) for c in found]).to_csv(arguments.out / "strategies.csv", index=False)
    show(result, found)
    seconds = {
        s.name: sum(c.seconds for c in result.cells if c.strategy == s.name) for s in result.strategies
    }
    print(
        json.dumps(
            {
                "benchmark": "strategies",
                "source": arguments.source.split(":")[1],
                "labels": dict(zip(table.names, map(int, table.counts), strict=True)),
                "group": plan.split.group,
                "folds": plan.split.folds,
                "repeats": plan.split.repeats,
                "wall_seconds": round(time.monotonic() - began, 1),
                "cell_seconds": {name: round(s, 1) for name, s in seconds.items()},
                "errors": {
                    s.name: {n: round(result.strategy_error(s.name, t), 5) for t, n in enumerate(table.names)}
                    for s in result.strategies
                },
                "comparisons": [
                    {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(c).items()}
                    for c in found
                ],
            }
        )
    )


if __name__ == "__main__":
    main()
