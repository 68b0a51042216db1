"""Clusters of materials that lie close in input space; no label is read."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from ..inputs import Preparation, featurize
from ..table import Table

__all__ = ["cluster_points", "cluster_rows", "number_of_clusters"]

FEWEST, MOST = 10, 20
N_AXES = 32
_SEED = 0
_STARTS = 4


def cluster_rows(table: Table, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """k-means on the prepared inputs of all rows; rows of one material stay together.

    The inputs of rows that are later tested are read here, as they must be to tell what is far from what; no
    label is. Equal tables give equal clusters, whatever the seed of the study: which clusters are tested together is
    what its repeats vary. A material lies at the mean of its rows.

    Parameters
    ----------
    table
        The table.
    codes
        ``(n_rows,)`` material of each row, 0 .. n_materials - 1.

    Returns
    -------
    of_rows
        ``(n_rows,)`` cluster of each row, the largest first.
    typical
        ``(n_clusters,)`` the row closest to the centre of each.
    """
    features = featurize(table.frame, table.inputs)
    inputs = Preparation.fit(features, np.arange(table.n_rows)).transform(features)
    points = np.zeros((int(codes.max()) + 1, inputs.shape[1]))
    np.add.at(points, codes, inputs)
    points /= np.bincount(codes)[:, None]
    sizes = np.bincount(codes)
    of_points, distances = cluster_points(points, number_of_clusters(len(points)), sizes)
    of_rows = of_points[codes]
    order = np.lexsort((np.arange(len(codes)), distances[codes], of_rows))
    return of_rows, order[np.searchsorted(of_rows[order], np.arange(of_rows.max() + 1))]


def number_of_clusters(n_points: int) -> int:
    """About sqrt(n / 2), between 10 and 20: enough to be balanced over folds, few enough to be far apart."""
    return min(n_points, max(FEWEST, min(MOST, round((n_points / 2) ** 0.5))))


def cluster_points(
    points: np.ndarray, n_clusters: int, sizes: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cluster of every point, numbered from the heaviest, and its distance to the centre.

    Parameters
    ----------
    points
        ``(n_points, n_inputs)``; of more than 32 inputs the 32 directions of the largest spread are looked at.
    n_clusters
        How many at most; points that coincide cannot be told apart.
    sizes
        ``(n_points,)`` rows at each point, by which clusters are ordered; 1 if left out.
    """
    sizes = np.ones(len(points)) if sizes is None else sizes
    centred = points - points.mean(axis=0)
    with threadpool_limits(1):  # sums of several threads differ in the last digits from run to run
        if centred.shape[1] > N_AXES:
            centred = centred @ randomized_svd(centred, N_AXES, random_state=_SEED)[2].T
        n_clusters = min(n_clusters, len(np.unique(centred, axis=0)))
        found = KMeans(n_clusters, random_state=_SEED).set_params(n_init=_STARTS).fit(centred)
        nearest = found.predict(centred)
    distances = np.linalg.norm(centred - found.cluster_centers_[nearest], axis=1)
    weights = np.bincount(nearest, weights=sizes, minlength=n_clusters)
    rank = np.empty(n_clusters, dtype=np.int64)
    rank[np.argsort(-weights, kind="stable")] = np.arange(n_clusters)
    return rank[nearest], distances
