"""Small tables made of plain arrays."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from miscible.table import InputSpec, Property, Table


@pytest.fixture
def make_table() -> Callable[..., Table]:
    """``make_table(labels, inputs=..., properties=..., censored=..., **roles)``."""

    def make(
        labels: Mapping[str, object],
        inputs: Mapping[str, object] | None = None,
        properties: Mapping[str, Property] | None = None,
        censored: Mapping[str, object] | None = None,
        **roles: object,
    ) -> Table:
        matrix = np.column_stack([np.asarray(column, dtype=float) for column in labels.values()])
        frame = pd.DataFrame({**(inputs or {}), **labels}, index=range(2, len(matrix) + 2))
        flags = np.zeros_like(matrix)
        for name, column in (censored or {}).items():
            flags[:, list(labels).index(name)] = column
        props = tuple((properties or {}).get(name, Property(name)) for name in labels)
        return Table(frame, InputSpec(**roles), props, matrix, flags, np.ones(len(matrix)), "hand-made")

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
