"""Folds of a small sparse table for network strategies, without the table."""

import numpy as np

from miscible.splits import FoldData

KINDS = ("regression", "binary", "multiclass")


def make_folds(n_folds: int = 2, n_rows: int = 90, seed: int = 0, n_inputs: int = 4) -> list[FoldData]:
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(n_rows, n_inputs)).astype(np.float32)
    targets = np.column_stack(
        [
            50.0 + 10.0 * (inputs[:, 0] + inputs[:, 1]),
            inputs[:, 0] - inputs[:, 2] > 0,
            inputs[:, :3].argmax(axis=1),
        ]
    ).astype(float)
    targets[rng.random(targets.shape) < 0.3] = np.nan
    part = rng.permutation(np.arange(n_rows) % (n_folds + 2))
    folds = []
    for f in range(n_folds):
        test, valid = np.flatnonzero(part == f), np.flatnonzero(part == (f + 1) % (n_folds + 2))
        hidden = targets.copy()
        hidden[test] = np.nan
        folds.append(
            FoldData(
                inputs=inputs,
                targets=hidden,
                train_rows=np.setdiff1d(np.arange(n_rows), np.concatenate([test, valid])),
                valid_rows=valid,
                test_rows=test,
                weights=np.ones(n_rows),
                kinds=KINDS,
                n_classes=(0, 2, 3),
                preparation=None,  # pyright: ignore[reportArgumentType]
                codes=np.arange(n_rows),
            )
        )
    return folds
