"""What a run was made from: the data's checksum, versions and machine."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib.metadata import version

import numpy as np

from ..inputs import Features
from ..splits import Groups
from ..table import Table

__all__ = ["data_fingerprint", "manifest_of"]

PACKAGES = ("miscible", "numpy", "scipy", "pandas", "scikit-learn", "lightgbm", "torch")


def data_fingerprint(table: Table, features: Features, groups: Groups) -> str:
    """SHA-256 of labels, inputs and groups."""
    digest = hashlib.sha256()
    for array in (table.labels, table.weights, features.numeric, groups.codes):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(repr(features.names).encode())
    for name, values in features.categories.items():
        digest.update(repr((name, values.tolist())).encode())
    digest.update(repr(table.properties).encode())
    return digest.hexdigest()


def manifest_of(table: Table, features: Features, groups: Groups) -> dict[str, object]:
    """Data, versions and machine, as ``manifest.json`` keeps them."""
    return {
        "data": data_fingerprint(table, features, groups),
        "source": table.source,
        "rows": table.n_rows,
        "labels": {name: int(n) for name, n in zip(table.names, table.counts, strict=True)},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
    }
