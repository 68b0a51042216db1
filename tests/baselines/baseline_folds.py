"""Small folds with three kinds of tasks, gaps and unequal weights."""

from dataclasses import replace

import numpy as np

from miscible.splits import FoldData

KINDS = ("regression", "binary", "multiclass")


def make_toy(n_rows: int = 400, seed: int = 0, n_inputs: int = 6) -> FoldData:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_rows, n_inputs)).astype(np.float32)
    signal = inputs[:, 0] + np.sin(2 * inputs[:, 1]) + 0.1 * rng.normal(size=n_rows)
    wide = inputs[:, :3] + 0.3 * rng.normal(size=(n_rows, 3))
    targets = np.column_stack([signal, signal > 0.3, wide.argmax(axis=1)]).astype(float)
    targets[rng.random(targets.shape) < 0.15] = np.nan
    order = rng.permutation(n_rows)
    test, valid, train = np.split(order, [n_rows // 5, 2 * n_rows // 5])
    targets[test] = np.nan
    return FoldData(
        inputs=inputs,
        targets=targets,
        train_rows=np.sort(train),
        valid_rows=np.sort(valid),
        test_rows=np.sort(test),
        weights=rng.uniform(0.5, 2.0, n_rows),
        kinds=KINDS,
        n_classes=(0, 2, 3),
        preparation=None,
        codes=rng.integers(0, n_rows // 3, n_rows),
    )


def with_targets(fold: FoldData, change) -> FoldData:
    """The same fold after ``change`` edited a copy of its targets in place."""
    targets = fold.targets.copy()
    change(targets)
    return replace(fold, targets=targets)


def labelled(fold: FoldData, task: int, rows: np.ndarray) -> np.ndarray:
    return rows[np.isfinite(fold.targets[rows, task])]
