"""Canonical SMILES to Morgan counts and descriptors, computed once a structure."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version

import numpy as np

from ..chemistry import descriptor_names, molecule_descriptors, morgan_counts
from ._cache import cache_folder, read_descriptors, write_descriptors

__all__ = ["molecule_features", "molecule_names"]

N_COUNTS = 1024
_LIMIT = 1e6
_WORTH_A_FILE = 500
_MOST_IN_MEMORY = 100_000
_CHUNK = 200

_memory: dict[str, np.ndarray] = {}


def molecule_names() -> tuple[str, ...]:
    """Column names of `molecule_features`."""
    return tuple(f"morgan {i}" for i in range(N_COUNTS)) + tuple(f"rdkit {n}" for n in descriptor_names())


def molecule_features(canonical: Sequence[str], n_jobs: int = 1) -> np.ndarray:
    """Morgan counts (radius 2) and RDKit descriptors.

    Descriptors that cannot be computed are NaN, the others are cut to +-1e6. They are kept in memory by
    structure and, when 500 or more are new, in a file of the cache folder that is rebuilt when damaged.

    Parameters
    ----------
    canonical
        Canonical SMILES, one a row.
    n_jobs
        Processes for new descriptors.

    Returns
    -------
    ``(n, len(molecule_names()))`` float32.
    """
    unique = list(dict.fromkeys(canonical))
    position = {smiles: i for i, smiles in enumerate(unique)}
    rows = np.array([position[smiles] for smiles in canonical], dtype=np.int64)
    described = _described(unique, n_jobs)
    features = np.empty((len(canonical), len(molecule_names())), dtype=np.float32)
    features[:, :N_COUNTS] = morgan_counts(unique, n_counts=N_COUNTS)[rows]
    features[:, N_COUNTS:] = described[rows]
    return features


def _described(unique: list[str], n_jobs: int) -> np.ndarray:
    names = descriptor_names()
    known = {s: _memory[s] for s in unique if s in _memory}
    lacking = len(unique) - len(known)
    if lacking >= _WORTH_A_FILE:
        path = cache_folder() / f"descriptors-rdkit-{version('rdkit')}.npz"
        stored = read_descriptors(path, names)
        new = [s for s in unique if s not in known and s not in stored]
        stored |= _compute(new, n_jobs)
        if new:
            write_descriptors(path, names, stored)
        known |= {s: stored[s] for s in unique if s not in known}
    elif lacking:
        known |= _compute([s for s in unique if s not in known], n_jobs)
    _remember(known)
    return np.array([known[s] for s in unique], dtype=np.float32).reshape(len(unique), len(names))


def _remember(known: dict[str, np.ndarray]) -> None:
    if len(_memory) + len(known) > _MOST_IN_MEMORY:
        _memory.clear()
    if len(known) <= _MOST_IN_MEMORY:
        _memory.update(known)


def _compute(smiles: list[str], n_jobs: int) -> dict[str, np.ndarray]:
    chunks = [smiles[i : i + _CHUNK] for i in range(0, len(smiles), _CHUNK)]
    if n_jobs > 1 and len(chunks) > 1:
        with ProcessPoolExecutor(n_jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            parts = list(pool.map(_compute_chunk, chunks))
    else:
        parts = [_compute_chunk(chunk) for chunk in chunks]
    values = (row for part in parts for row in part)
    return dict(zip(smiles, values, strict=True))


def _compute_chunk(smiles: list[str]) -> np.ndarray:
    values = molecule_descriptors(smiles)
    values = np.where(np.isfinite(values), values, np.nan)
    return np.clip(values, -_LIMIT, _LIMIT).astype(np.float32)
