"""The trial with a property computed from another one: a thermal conductivity from the resistivity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..files import make_folder, write_atomic
from ..study import Plan
from ..table import Table
from ._kang_tables import TOGETHER

__all__ = ["DERIVED", "derived_plan", "wiedemann_franz"]

DERIVED = "derived conductivity"
LORENZ = 2.44e-8
"""Sommerfeld value of the Lorenz number, W Ohm / K^2."""
KELVIN = 300.0


def wiedemann_franz(resistivity: np.ndarray, positive: bool) -> np.ndarray:
    """Electronic thermal conductivity [W / (m K)] at 300 K of a resistivity [uOhm cm], ``L T / rho``.

    Parameters
    ----------
    resistivity
        ``(n_rows,)``, NaN where unmeasured.
    positive
        Whether the values are resistivities. Those of a simulator are standardised; their exponential stands in.
    """
    rho = resistivity if positive else np.exp(0.5 * resistivity)
    return LORENZ * KELVIN / (rho * 1e-8)


def derived_plan(plan: Plan, table: Table, names: Mapping[str, str], path: Path) -> Plan:
    """Write the table with the derived column, and give the plan that learns all properties together on it.

    Parameters
    ----------
    plan, table
        Of the study without it.
    names
        Property by role.
    path
        CSV file to write the table to.
    """
    task = table.names.index(names["resistivity"])
    values = table.labels[:, task]
    known = values[np.isfinite(values)]
    frame = table.frame.copy()
    frame[DERIVED] = wiedemann_franz(values, positive=bool((known > 0.0).all()))
    make_folder(path.parent)
    write_atomic(path, frame.to_csv(index=False))
    part = plan.table.model_copy(
        update={
            "source": str(path.absolute()),
            "targets": (*plan.table.targets, f"{DERIVED}:reg:transform=log10"),
        }
    )
    return plan.model_copy(update={"table": part, "strategies": (TOGETHER,)})
