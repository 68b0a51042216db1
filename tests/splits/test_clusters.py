"""Clusters of compositions, molecules and plain rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from miscible.splits import Groups, group_keys
from miscible.splits._clusters import cluster_points, number_of_clusters
from miscible.table import InputSpec, Property, Table


def make_table(frame: pd.DataFrame, labels: np.ndarray | None = None, **inputs: object) -> Table:
    n = len(frame)
    return Table(
        frame=frame,
        inputs=InputSpec(**inputs),  # pyright: ignore[reportArgumentType]
        properties=(Property("hardness"),),
        labels=np.ones((n, 1)) if labels is None else labels,
        censored=np.zeros((n, 1)),
        weights=np.ones(n),
    )


def alloys(n: int = 300, seed: int = 0) -> pd.DataFrame:
    """Ternaries of two families; every composition in two rows, at two temperatures, in two notations."""
    rng = np.random.default_rng(seed)
    parts = rng.integers(5, 60, (n // 2, 3))
    family = np.arange(n // 2) % 2
    names = np.array([["Fe", "Ni", "Cr"], ["Zr", "Hf", "Ti"]])[family]
    once = [f"{a}{x}{b}{y}{c}{z}" for (a, b, c), (x, y, z) in zip(names, parts, strict=True)]
    twice = [f"{c}{2 * z}{a}{2 * x}{b}{2 * y}" for (a, b, c), (x, y, z) in zip(names, parts, strict=True)]
    temperatures = [298] * len(once) + [1200] * len(twice)
    return pd.DataFrame({"alloy": once + twice, "temperature": temperatures})


def partition(groups: Groups) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups.codes == c).tolist()) for c in range(groups.n_groups)}


def test_no_composition_is_in_two_clusters_whatever_else_differs() -> None:
    table = make_table(alloys(), composition="alloy", numeric=("temperature",))
    clusters, compositions = group_keys(table, "cluster"), group_keys(table, "composition")
    assert clusters.by == "cluster"
    assert clusters.holds is None
    for c in range(compositions.n_groups):
        assert len(np.unique(clusters.codes[compositions.codes == c])) == 1
    assert 5 <= clusters.n_groups <= 20
    # The families lie far apart: none shares a cluster with the other.
    family = table.frame["alloy"].str.contains("Fe").to_numpy()
    assert all(len(np.unique(family[clusters.codes == c])) == 1 for c in range(clusters.n_groups))


def test_clusters_follow_neither_labels_nor_the_order_of_rows() -> None:
    frame = alloys()
    rng = np.random.default_rng(3)
    first = group_keys(make_table(frame, composition="alloy"), "cluster")
    labels = rng.normal(size=(len(frame), 1))
    assert np.array_equal(
        first.codes, group_keys(make_table(frame, labels, composition="alloy"), "cluster").codes
    )
    again = group_keys(make_table(frame, composition="alloy"), "cluster")
    assert np.array_equal(first.codes, again.codes)
    assert np.array_equal(first.labels, again.labels)
    order = rng.permutation(len(frame))
    shuffled = group_keys(make_table(frame.iloc[order], composition="alloy"), "cluster")
    moved = {frozenset(order[list(rows)].tolist()) for rows in partition(shuffled)}
    assert moved == partition(first)


def test_clusters_are_named_by_the_row_nearest_their_centre() -> None:
    table = make_table(alloys(), composition="alloy")
    clusters = group_keys(table, "cluster")
    compositions = group_keys(table, "composition")
    for c, label in enumerate(clusters.labels.tolist()):
        number, like = label.split(", like ")
        assert number == f"cluster {c + 1:02d}"
        inside = set(compositions.labels[compositions.codes[clusters.codes == c]].tolist())
        assert like in inside
    assert (np.diff(clusters.sizes) <= 0).all()


def test_plain_rows_and_molecules_are_clustered_too() -> None:
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(12) * 30.0, 10, axis=0)
    points = centres + rng.normal(size=centres.shape)
    frame = pd.DataFrame(points, columns=[f"x{i}" for i in range(12)])
    table = make_table(frame, numeric=tuple(frame.columns))
    groups = group_keys(table, "cluster")
    true = np.repeat(np.arange(12), 10)
    assert groups.n_groups == 10
    assert all(len(np.unique(groups.codes[true == c])) == 1 for c in range(12))
    pytest.importorskip("rdkit")
    smiles = ["c1ccccc1O", "Oc1ccccc1", "CCO", "OCC", "CCCCCCCC", "CCN"] * 3
    molecules = group_keys(make_table(pd.DataFrame({"smiles": smiles}), smiles="smiles"), "cluster")
    assert molecules.codes[0] == molecules.codes[1] == molecules.codes[6]
    assert molecules.codes[2] == molecules.codes[3]
    assert molecules.n_groups == 4


def test_equal_points_cannot_be_told_apart() -> None:
    points = np.repeat([[0.0, 0.0], [1.0, 0.0]], 5, axis=0)
    codes, distances = cluster_points(points, 10, np.arange(10))
    assert codes.tolist() == [1] * 5 + [0] * 5  # the heavier one first
    assert np.allclose(distances, 0.0)


def test_number_of_clusters() -> None:
    assert [number_of_clusters(n) for n in (3, 10, 200, 450, 10_000)] == [3, 10, 10, 15, 20]
