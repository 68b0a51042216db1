"""Predict 100,000 new alloys with a bundle of the embedded table, in one process.

Five properties, five fold members each, one strategy for all of them per line. Writes a bundle to a temporary
folder, loads it again and predicts random compositions; peak memory is that of the whole process so far. Prints
a table and, as the last line, one JSON object with the same numbers: ``python benchmarks/predict.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from miscible.baselines import FittedModel, fit_baseline, fit_stacked
from miscible.bundle import Bundle, BundleParts, TaskPart, load_bundle, write_bundle
from miscible.datasets import load
from miscible.inputs import featurize
from miscible.splits import FoldData, assign_folds, group_keys, make_fold
from miscible.table import Table, read_table

N_FOLDS = 5
STRATEGIES = ("mean", "ridge", "lightgbm", "extra-trees", "lightgbm-stacked")


def new_alloys(table: Table, n_rows: int, seed: int) -> pd.DataFrame:
    """Random amounts of three to seven elements that the table knows."""
    rng = np.random.default_rng(seed)
    elements = np.array(
        ["Al", "Co", "Cr", "Cu", "Fe", "Hf", "Mn", "Mo", "Nb", "Ni", "Si", "Ta", "Ti", "V", "W", "Zr"]
    )
    chosen = rng.random((n_rows, len(elements))).argsort(axis=1)[:, : rng.integers(3, 8)]
    amounts = rng.integers(1, 400, chosen.shape) / 10
    formulas = [
        "".join(f"{elements[e]}{x:g}" for e, x in zip(*row, strict=True))
        for row in zip(chosen, amounts, strict=True)
    ]
    frame = table.frame.iloc[rng.integers(0, table.n_rows, n_rows)][list(table.inputs.columns)]
    return frame.assign(**{str(table.inputs.composition): formulas}).reset_index(drop=True)


def fit(name: str, folds: list[FoldData]) -> list[list[FittedModel]]:
    """Models by fold and task."""
    if name == "lightgbm-stacked":
        return [fit_stacked(fold, seed=0) for fold in folds]
    return [[fit_baseline(name, fold, t, seed=0) for t in range(fold.targets.shape[1])] for fold in folds]


def make_bundle(name: str, table: Table, folds: list[FoldData], outer: np.ndarray, path: Path) -> Bundle:
    """One strategy for every property, written and read back."""
    models, targets = fit(name, folds), table.targets()
    tasks = []
    for t, prop in enumerate(table.properties):
        out_of_fold = np.full((table.n_rows, prop.n_outputs), np.nan)
        for fold, of_fold in zip(folds, models, strict=True):
            out_of_fold[fold.test_rows] = of_fold[t].predict(fold.inputs[fold.test_rows])
        members = tuple(of_fold[t] for of_fold in models)
        tasks.append(TaskPart(prop, name, "", np.nan, "mae", "", members, out_of_fold, targets[:, t]))
    features = featurize(table.frame, table.inputs)
    preparations = tuple(fold.preparation for fold in folds)
    write_bundle(
        BundleParts(tuple(tasks), table.inputs, preparations, outer, folds[0].codes, features, "", {}), path
    )
    return load_bundle(path)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=STRATEGIES)
    options = parser.parse_args()
    dataset = load("alloys")
    table = read_table(dataset.frame, dataset.targets, inputs=dataset.inputs)
    codes = group_keys(table, dataset.group).codes
    outer = assign_folds(codes, table.labels, table.kinds, n_folds=N_FOLDS, n_repeats=1, seed=0).outer[0]
    features = featurize(table.frame, table.inputs)
    folds = [make_fold(table, features, codes, outer, f, seed=f) for f in range(N_FOLDS)]
    rows = new_alloys(table, options.rows, seed=1)
    results = []
    heads = ("all properties by", "bundle MB", "load s", "predict s", "CPU s", "rows/s", "peak GiB")
    print("".join(f"{head:>{20 if k == 0 else 11}}" for k, head in enumerate(heads)))
    for name in options.strategies:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "bundle"
            make_bundle(name, table, folds, outer, path)
            size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) / 1e6
            start = time.perf_counter()
            bundle = load_bundle(path)
            loaded = time.perf_counter() - start
            start, start_cpu = time.perf_counter(), time.process_time()
            found = bundle.predict(rows)
            seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        results.append(
            {
                "strategy": name,
                "bundle_mb": round(size, 1),
                "load_s": round(loaded, 2),
                "predict_s": round(seconds, 1),
                "cpu_s": round(cpu, 1),
                "rows_per_s": round(len(found) / seconds),
                "peak_gib": round(peak, 2),
            }
        )
        print("".join(f"{value:>{20 if k == 0 else 11}}" for k, value in enumerate(results[-1].values())))
    summary = {"rows": options.rows, "properties": table.n_tasks, "folds": N_FOLDS, "cores": os.cpu_count()}
    print(json.dumps({**summary, "results": results}))


if __name__ == "__main__":
    main()
