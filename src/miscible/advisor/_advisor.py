"""scikit-learn manners: the constructor stores, ``fit`` learns, learned names end in ``_``."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..study import make_plan
from ..table import read_table
from ._outputs import verdict_frame
from ._run import advise_table

__all__ = ["Advisor"]


class Advisor(BaseEstimator):
    """Advise on a data frame: which properties to learn together, which apart, and with which model.

    Parameters
    ----------
    targets
        Property columns, ``"name:kind[:metric][:key=value]"``.
    inputs
        Input columns, ``"name[:role]"``; found by name if None.
    group
        What folds keep together: ``composition``, ``system``, ``scaffold``, ``none`` or a column.
    strategies
        Names of strategies or sets of them.
    goal
        ``characterise`` or ``screen``.
    budget
        Seconds to spend; None spends what it takes.
    folds, repeats
        Outer folds and their repetitions.
    seed
        Of everything.
    workers
        Worker processes.
    out
        Run folder, made anew or resumed; None keeps the run in a temporary folder that goes with the object.

    Attributes
    ----------
    verdict_ : pandas.DataFrame
        One row per property.
    verdicts_ : tuple of PropertyVerdict
        The same with all evidence.
    bundle_ : Bundle
        Predicts new rows.
    audit_ : Audit
        What the table can show.
    run_ : pathlib.Path
        Run folder with report.html.
    """

    def __init__(
        self,
        targets: Sequence[str],
        *,
        inputs: Sequence[str] | None = None,
        group: str = "composition",
        strategies: Sequence[str] = ("default",),
        goal: str = "characterise",
        budget: float | None = None,
        folds: int = 5,
        repeats: int = 3,
        seed: int = 0,
        workers: int = 2,
        out: str | Path | None = None,
    ) -> None:
        self.targets = targets
        self.inputs = inputs
        self.group = group
        self.strategies = strategies
        self.goal = goal
        self.budget = budget
        self.folds = folds
        self.repeats = repeats
        self.seed = seed
        self.workers = workers
        self.out = out

    def fit(self, frame: pd.DataFrame) -> Advisor:
        """Study the table.

        Parameters
        ----------
        frame
            Rows; NaN in a property means not measured.

        Raises
        ------
        InputError, PlanError
            Naming the column, row or option that cannot be used.
        """
        plan = make_plan(
            {
                "table": {
                    "source": "data frame",
                    "targets": list(self.targets),
                    "inputs": list(self.inputs or ()),
                },
                "split": {"group": self.group, "folds": self.folds, "repeats": self.repeats},
                "strategies": list(self.strategies),
                "goal": self.goal,
                "seed": self.seed,
                "workers": self.workers,
                **({} if self.budget is None else {"budget": self.budget}),
            },
            source="Advisor",
        )
        named = self.group not in ("composition", "system", "scaffold", "none")
        table = read_table(
            frame,
            plan.table.targets,
            inputs=plan.table.inputs or None,
            group_columns=(self.group,) if named else (),
        )
        if self.out is None:
            self._folder = tempfile.TemporaryDirectory(prefix="miscible-")
        path = Path(self._folder.name if self.out is None else self.out)
        advice = advise_table(plan, table, path, resume=self.out is not None)
        self.verdicts_ = advice.verdicts
        self.verdict_ = verdict_frame(advice.verdicts)
        self.audit_ = advice.audit
        self.bundle_ = advice.bundle()
        self.run_ = path
        return self

    def predict(self, frame: pd.DataFrame, interval: float = 0.9) -> pd.DataFrame:
        """Predict new rows with the bundle; same index out as in."""
        check_is_fitted(self, "bundle_")
        return self.bundle_.predict(frame, interval=interval)
