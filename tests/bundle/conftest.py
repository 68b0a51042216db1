"""A small table with every kind of property, studied by hand into bundle parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from miscible.baselines import fit_baseline
from miscible.bundle import Bundle, BundleParts, TaskPart, load_bundle, write_bundle
from miscible.inputs import featurize
from miscible.splits import assign_folds, group_keys, make_fold
from miscible.table import InputSpec, Table, read_table

N_FOLDS = 4
SPEC = InputSpec(numeric=("x1", "x2", "x3"), categorical=("route",))
MODELS = ("ridge", "lightgbm", "ridge", "lightgbm")


def synthetic_frame(n_groups: int, seed: int) -> pd.DataFrame:
    """Groups of one to three rows; labels half empty."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, n_groups)
    group = np.repeat(np.arange(n_groups), sizes)
    n = len(group)
    x = rng.normal(size=(n_groups, 3))[group] + 0.05 * rng.normal(size=(n, 3))
    noise = 0.8 * rng.normal(size=n_groups)[group] + 0.3 * rng.normal(size=n)
    signal = x[:, 0] - 0.5 * x[:, 1] + noise
    frame = pd.DataFrame(
        {
            "group": group,
            "x1": x[:, 0],
            "x2": x[:, 1],
            "x3": x[:, 2],
            "route": rng.choice(["cast", "rolled"], n),
            "strength": 500 + 100 * signal,
            "life/Zyklen": 10 ** (4 + signal),
            "glass": np.where(x[:, 2] + 0.7 * rng.normal(size=n) > 0.3, "yes", "no"),
            "phase α|β": np.array(["fcc", "bcc", "hcp"], dtype=object)[
                np.argmax(x + rng.gumbel(size=(n, 3)), axis=1)
            ],
        }
    )
    for name in ("strength", "life/Zyklen", "glass", "phase α|β"):
        frame[name] = frame[name].astype(object).where(rng.random(n) < 0.7, None)
    return frame


def make_parts(table: Table, codes: np.ndarray, models: tuple[str, ...]) -> BundleParts:
    """Fit one baseline per property and fold."""
    features = featurize(table.frame, table.inputs)
    outer = assign_folds(codes, table.labels, table.kinds, n_folds=N_FOLDS, n_repeats=1, seed=0).outer[0]
    folds = [make_fold(table, features, codes, outer, f, seed=f) for f in range(N_FOLDS)]
    targets = table.targets()
    tasks = []
    for t, (prop, name) in enumerate(zip(table.properties, models, strict=True)):
        fitted = tuple(fit_baseline(name, fold, t, seed=7) for fold in folds)
        out_of_fold = np.full((table.n_rows, prop.n_outputs), np.nan)
        for fold, model in zip(folds, fitted, strict=True):
            out_of_fold[fold.test_rows] = model.predict(fold.inputs[fold.test_rows])
        tasks.append(
            TaskPart(
                property=prop,
                strategy=name,
                reason=f"{name} was best.",
                error=0.25,
                metric={"binary": "average_precision", "multiclass": "log_loss"}.get(prop.kind, "mae"),
                call="UNDECIDED",
                models=fitted,
                out_of_fold=out_of_fold,
                observed=targets[:, t],
                threshold=0.35,
            )
        )
    return BundleParts(
        tasks=tuple(tasks),
        spec=table.inputs,
        preparations=tuple(fold.preparation for fold in folds),
        fold_of_row=outer,
        codes=codes,
        features=features,
        plan_toml="seed = 0\n",
        versions={"numpy": np.__version__},
        source="synthetic.csv",
        group="group",
        limits=("Made up.",),
        citations=("@misc{nobody}",),
    )


@pytest.fixture(scope="session")
def parts() -> BundleParts:
    frame = synthetic_frame(250, seed=1)
    targets = ["strength:reg:unit=MPa", "life/Zyklen:reg:transform=log10", "glass:cls", "phase α|β:cls"]
    table = read_table(frame, targets, inputs=SPEC)
    return make_parts(table, table.frame["group"].to_numpy(), MODELS)


@pytest.fixture(scope="session")
def molecule_parts() -> BundleParts:
    """Small molecules by their descriptors; the property is about their length."""
    cores = ("", "c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCOC1", "c1ccsc1")
    smiles = [
        f"{'C' * chain}{core}{end}" for core in cores for chain in range(1, 5) for end in ("O", "N", "Cl")
    ]
    noise = np.random.default_rng(3).normal(size=len(smiles))
    frame = pd.DataFrame({"mol": smiles, "y": [len(s) for s in smiles] + noise})
    table = read_table(frame, ["y:reg"], inputs=["mol:descriptors"])
    return make_parts(table, group_keys(table, "scaffold").codes, ("ridge",))


@pytest.fixture(scope="session")
def folder(parts: BundleParts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "bundle"
    write_bundle(parts, path)
    return path


@pytest.fixture(scope="session")
def bundle(folder: Path) -> Bundle:
    return load_bundle(folder)


@pytest.fixture
def new_rows() -> pd.DataFrame:
    frame = synthetic_frame(60, seed=2)[list(SPEC.columns)]
    return frame.set_axis([f"sample {k}" for k in range(len(frame))], axis=0)


@pytest.fixture(scope="session")
def later_rows() -> pd.DataFrame:
    """Rows of new groups from the same source, with their labels."""
    return synthetic_frame(1500, seed=5)
