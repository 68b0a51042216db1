"""Canonical SMILES to Morgan counts and descriptors, computed once a structure."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version

import numpy as np

from ..chemistry import descriptor_names, molecule_descriptors, morgan_counts
from ..processes import apart
from ._cache import cache_folder, read_descriptors, write_descriptors
from ._features import HASHED

__all__ = ["described_structures", "molecule_features", "molecule_names"]

N_COUNTS = 1024
_LIMIT = 1e6
_WORTH_A_FILE = 500
_WORTH_PROCESSES = 2_000
_MOST_IN_MEMORY = 100_000
_CHUNK = 200

_memory: dict[str, np.ndarray] = {}
_lock = threading.Lock()
"""Held by whoever reads or changes the memory and the file."""


def molecule_names(*, hashed: bool = True) -> tuple[str, ...]:
    """Column names of `molecule_features`."""
    n_counts = N_COUNTS if hashed else 0
    return tuple(f"{HASHED}{i}" for i in range(n_counts)) + tuple(f"rdkit {n}" for n in descriptor_names())


def molecule_features(
    canonical: Sequence[str], described: Mapping[str, np.ndarray], *, hashed: bool = True
) -> np.ndarray:
    """Morgan counts (radius 2) and RDKit descriptors.

    Parameters
    ----------
    canonical
        Canonical SMILES, one a row.
    described
        What `described_structures` says of all of them.
    hashed
        False: the descriptors alone.

    Returns
    -------
    ``(n, len(molecule_names(hashed=hashed)))`` float32.
    """
    unique = list(dict.fromkeys(canonical))
    position = {smiles: i for i, smiles in enumerate(unique)}
    rows = np.array([position[smiles] for smiles in canonical], dtype=np.int64)
    n_counts = N_COUNTS if hashed else 0
    features = np.empty((len(canonical), len(molecule_names(hashed=hashed))), dtype=np.float32)
    if hashed:
        features[:, :n_counts] = morgan_counts(unique, n_counts=n_counts)[rows]
    if unique:
        features[:, n_counts:] = np.stack([described[smiles] for smiles in unique])[rows]
    return features


def described_structures(canonical: Sequence[str], n_jobs: int = 1) -> dict[str, np.ndarray]:
    """RDKit descriptors by canonical SMILES.

    Descriptors that cannot be computed are NaN, the others are cut to +-1e6. They are kept in memory by
    structure and, when 500 or more are new, in a file of the cache folder that is rebuilt when damaged and
    is written at most once a call. Threads take turns.

    Parameters
    ----------
    canonical
        Canonical SMILES; repeats are welcome.
    n_jobs
        Processes, where more than 2,000 structures are new.

    Returns
    -------
    dict
        SMILES -> ``(n_descriptors,)`` float32.
    """
    with _lock:
        return _described(list(dict.fromkeys(canonical)), n_jobs)


def _described(unique: list[str], n_jobs: int) -> dict[str, np.ndarray]:
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
    return known


def _remember(known: dict[str, np.ndarray]) -> None:
    if len(_memory) + len(known) > _MOST_IN_MEMORY:
        _memory.clear()
    if len(known) <= _MOST_IN_MEMORY:
        _memory.update(known)


def _compute(smiles: list[str], n_jobs: int) -> dict[str, np.ndarray]:
    chunks = [smiles[i : i + _CHUNK] for i in range(0, len(smiles), _CHUNK)]
    parts = _in_processes(chunks, n_jobs) if n_jobs > 1 and len(smiles) > _WORTH_PROCESSES else None
    if parts is None:
        parts = [_compute_chunk(chunk) for chunk in chunks]
    values = (row for part in parts for row in part)
    return dict(zip(smiles, values, strict=True))


def _in_processes(chunks: list[list[str]], n_jobs: int) -> list[np.ndarray] | None:
    """None where a worker was ended from outside, such as for want of memory."""
    with ProcessPoolExecutor(n_jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        with apart():
            parts = pool.map(_compute_chunk, chunks)
        try:
            return list(parts)
        except BrokenProcessPool:
            return None


def _compute_chunk(smiles: list[str]) -> np.ndarray:
    values = molecule_descriptors(smiles)
    values = np.where(np.isfinite(values), values, np.nan)
    return np.clip(values, -_LIMIT, _LIMIT).astype(np.float32)
