"""scikit-learn manners: the constructor stores, ``fit`` learns, learned names end in ``_``."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..advice import PropertyVerdict
from ..audit import Audit
from ..bundle import Bundle
from ..errors import InputError
from ..study import Plan, make_plan
from ._ladder import Ladder
from ._outputs import verdict_frame
from ._run import advise_table
from ._source import FRAME, open_table

__all__ = ["Advisor"]


class Advisor(BaseEstimator):
    """Advise on a data frame: which properties to learn together, which apart, and with which model.

    Parameters
    ----------
    targets
        Property columns, ``"name:kind[:metric][:key=value]"``.
    inputs
        Input columns, ``"name[:role]"``; found by name if None.
    where
        Row filters, such as ``"temperature <= 298"``.
    weight
        Column of sample weights.
    skip_bad_rows
        Leave out rows whose inputs cannot be read, instead of raising.
    group
        What folds keep together: ``auto`` (by the inputs), ``composition``, ``system``, ``scaffold``,
        ``cluster``, ``element``, ``none`` or a column.
    folds, repeats
        Outer folds and their repetitions; verdicts need at least 5 x 3.
    ladder
        Study nearer and farther splits too, and say how far each verdict holds.
    use
        How far what will be predicted is from the table: ``same``, ``group``, ``system``, ``cluster`` or ``element``.
    strategies
        Names of strategies or sets of them.
    tuning
        What the networks may try and for how long, as in ``[tuning]`` of a plan, such as ``{"epochs": 20}``.
    goal
        ``characterise`` or ``screen``.
    screen_budget
        Share of the rows a screen can look at.
    deploy
        ``simple``: the simplest good model unless another is surely better; ``best``: the best, sure or not.
    budget
        Seconds to spend; None spends what it takes.
    seed
        Of everything.
    device
        ``cpu`` or ``cuda``.
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
    ladder_ : Ladder or None
        Verdicts under nearer and farther splits, where asked for.
    """

    verdict_: pd.DataFrame
    verdicts_: tuple[PropertyVerdict, ...]
    bundle_: Bundle
    audit_: Audit
    run_: Path
    ladder_: Ladder | None

    def __init__(
        self,
        targets: Sequence[str],
        *,
        inputs: Sequence[str] | None = None,
        where: Sequence[str] = (),
        weight: str | None = None,
        skip_bad_rows: bool = False,
        group: str = "auto",
        folds: int = 5,
        repeats: int = 3,
        ladder: bool = False,
        use: str | None = None,
        strategies: Sequence[str] = ("default",),
        tuning: Mapping[str, Any] | None = None,
        goal: str = "characterise",
        screen_budget: float = 0.1,
        deploy: str = "simple",
        budget: float | None = None,
        seed: int = 0,
        device: str = "cpu",
        workers: int = 2,
        out: str | Path | None = None,
    ) -> None:
        self.targets = targets
        self.inputs = inputs
        self.where = where
        self.weight = weight
        self.skip_bad_rows = skip_bad_rows
        self.group = group
        self.folds = folds
        self.repeats = repeats
        self.ladder = ladder
        self.use = use
        self.strategies = strategies
        self.tuning = tuning
        self.goal = goal
        self.screen_budget = screen_budget
        self.deploy = deploy
        self.budget = budget
        self.seed = seed
        self.device = device
        self.workers = workers
        self.out = out

    def fit(self, frame: pd.DataFrame) -> Self:
        """Study the table.

        Parameters
        ----------
        frame
            Rows; NaN in a property means not measured.

        Raises
        ------
        InputError, PlanError
            Naming the column, row or option that cannot be used; nothing is written.
        """
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"a DataFrame was expected, not {type(frame).__name__}.")
        plan = self._plan()
        table, _ = open_table(plan.table, plan.split.group, frame)
        path = self._temporary_folder() if self.out is None else Path(self.out)
        advice = advise_table(plan, table, path, resume=self.out is not None)
        self.verdicts_ = advice.verdicts
        self.verdict_ = verdict_frame(advice.verdicts)
        self.audit_ = advice.audit
        self.bundle_ = advice.bundle()
        self.run_ = path
        self.ladder_ = advice.ladder
        return self

    def predict(self, frame: pd.DataFrame, interval: float = 0.9) -> pd.DataFrame:
        """Predict new rows with the bundle; same index out as in."""
        check_is_fitted(self, "bundle_")
        return self.bundle_.predict(frame, interval=interval)

    def _plan(self) -> Plan:
        content: dict[str, Any] = {
            "table": {
                "source": FRAME,
                "targets": _texts("targets", self.targets),
                "inputs": _texts("inputs", self.inputs or ()),
                "where": _texts("where", self.where),
                "weight": self.weight,
                "skip_bad_rows": self.skip_bad_rows,
            },
            "split": {
                "group": self.group,
                "folds": self.folds,
                "repeats": self.repeats,
                "ladder": self.ladder,
                "use": self.use,
            },
            "strategies": _texts("strategies", self.strategies),
            "tuning": dict(self.tuning or {}),
            "goal": self.goal,
            "screen_budget": self.screen_budget,
            "deploy": self.deploy,
            "budget": self.budget,
            "seed": self.seed,
            "device": self.device,
            "workers": self.workers,
        }
        return make_plan(content, source="Advisor")

    def _temporary_folder(self) -> Path:
        """A folder that goes with the object, or with the next fit."""
        path = Path(tempfile.mkdtemp(prefix="miscible-"))
        if hasattr(self, "_cleanup"):
            self._cleanup()
        self._cleanup = weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)
        return path


def _texts(name: str, value: Sequence[str]) -> list[str]:
    if isinstance(value, str):
        raise InputError(f"{name} must be a list of texts, not the text {value!r}.", hint=f"Say [{value!r}].")
    return list(value)
