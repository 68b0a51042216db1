"""A declarative experiment: what a TOML file under ``experiments/`` says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import PlanError
from ..strategies import Strategy, Tuning, parse_strategies
from ..study import read_toml
from ..text import suggest
from ._measures import MEASURES

__all__ = [
    "Contrast",
    "Effort",
    "Experiment",
    "FigurePlan",
    "PairExperiment",
    "PairTable",
    "StudyEffort",
    "Threshold",
    "is_remedy",
    "read_experiment",
]

DialValue = bool | int | float | str


def is_remedy(name: str) -> bool:
    """Whether what varies is a parameter of a remedy and no dial of the simulator."""
    return "." in name


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Effort(_Part):
    """How much work a size takes, and what of the grid it leaves out.

    ``worlds`` mechanisms at every point, each redrawn ``redraws`` times, scored on ``n_test`` fresh rows. ``rates``,
    ``epochs`` and ``remedies`` of the networks. ``dials`` and ``vary`` replace those of the experiment by key.
    """

    worlds: int = Field(default=1, ge=1)
    redraws: int = Field(default=3, ge=1)
    n_test: int = Field(default=2000, ge=10)
    rates: tuple[float, ...] = Field(default=(3e-3,), min_length=1)
    epochs: int = Field(default=15, ge=1)
    remedies: dict[str, tuple[float, ...]] = {}
    dials: dict[str, DialValue] = {}
    vary: dict[str, list[DialValue]] = {}

    @field_validator("remedies")
    @classmethod
    def _remedies_exist(cls, given: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for name, values in given.items():
            _check_remedy(name, values)
        return given

    def tuning_with(self, varied: Mapping[str, float] | None = None) -> Tuning:
        """One decay, no racing: the same few settings for every arm.

        Parameters
        ----------
        varied
            Parameters of remedies at one point of the grid.
        """
        remedies = self.remedies | {name: (value,) for name, value in (varied or {}).items()}
        return Tuning(
            rates=self.rates, decays=(1e-2,), finalists=1, halving=(), epochs=self.epochs, remedies=remedies
        )


def _check_remedy(name: str, values: Sequence[object]) -> None:
    """Whether a remedy has this parameter and can have these values; what is wrong as a ValueError."""
    if any(isinstance(value, bool) for value in values):
        raise ValueError(f"{name!r} needs numbers")
    try:
        for each in [[value] for value in values] or [[]]:
            Tuning.model_validate({"remedies": {name: each}})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{first['msg'].removeprefix('Value error, ')}") from error


class FigurePlan(_Part):
    """A quantity over a dial, ``arm`` or ``task``; a line a value of ``line``, a panel a value of ``panel``."""

    quantity: str
    x: str
    line: str = "arm"
    panel: str = ""
    title: str = ""
    log_x: bool = False


class Contrast(_Part):
    """How well a quantity tells two values of a dial apart: the chance that ``high`` exceeds ``low``, 0.5 for noise."""

    quantity: str
    dial: str
    low: DialValue
    high: DialValue


class Threshold(_Part):
    """Where along a dial of numbers the mean of a quantity first rises above 0."""

    quantity: str
    dial: str


class Experiment(_Part):
    """A grid of simulated worlds: fixed ``dials``, a full product of ``vary``, ``arms`` and ``measures`` at each point.

    Dials are written as on the command line (``"400/400"``); an empty text leaves a dial at its default. A name with a
    dot under ``vary`` is a parameter of a remedy (``"transfer.every"``), which has that one value in every setting.
    The first arm is the reference of the differences.
    """

    kind: Literal["simulation"] = "simulation"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    question: str
    dials: dict[str, DialValue] = {}
    vary: dict[str, list[DialValue]] = Field(min_length=1)
    arms: tuple[str, ...] = ("independent", "shared")
    measures: tuple[str, ...] = ("truth",)
    figures: tuple[FigurePlan, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    small: Effort = Effort()
    full: Effort
    seed: int = Field(default=0, ge=0)

    @field_validator("measures")
    @classmethod
    def _measures_exist(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for name in given:
            if name not in MEASURES:
                close = ", ".join(suggest(name, tuple(MEASURES)) or tuple(MEASURES))
                raise ValueError(f"unknown measure {name!r}; did you mean {close}?")
        return given

    @field_validator("arms")
    @classmethod
    def _arms_exist(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        try:
            parse_strategies(given)
        except PlanError as error:
            raise ValueError(error.message) from error
        return given

    @model_validator(mode="after")
    def _remedies_exist(self) -> Self:
        for part, varied in (("", self.vary), ("small.", self.small.vary), ("full.", self.full.vary)):
            for name, values in varied.items():
                if is_remedy(name):
                    try:
                        _check_remedy(name, values)
                    except ValueError as error:
                        raise ValueError(f"{part}vary.{name}: {error}") from None
        return self

    @model_validator(mode="after")
    def _figures_fit(self) -> Self:
        known = ("arm", "task", *self.vary)
        for place, figure in enumerate(self.figures):
            for key, word in (("x", figure.x), ("line", figure.line), ("panel", figure.panel)):
                if word and word not in known:
                    raise ValueError(f"figures.{place}.{key}: {word!r} is none of {', '.join(known)}")
        for part in ("contrasts", "thresholds"):
            for place, told in enumerate(getattr(self, part)):
                if told.dial not in self.vary:
                    raise ValueError(f"{part}.{place}.dial: {told.dial!r} is not varied")
        for size in ("small", "full"):
            for dial in getattr(self, size).vary:
                if dial not in self.vary:
                    raise ValueError(f"{size}.vary.{dial}: only what 'vary' names can be changed")
        return self

    def effort(self, full: bool) -> Effort:
        """Of one size."""
        return self.full if full else self.small

    def strategies(self) -> tuple[Strategy, ...]:
        """The arms, sets unfolded."""
        return parse_strategies(self.arms)


class PairTable(_Part):
    """A real table and the pairs of its properties to be compared, in the words of the command line.

    ``source`` is ``dataset:NAME`` or ``data:PATH``, a file below the folder given with ``--data``; ``beside`` is
    a second file whose columns are joined by the first column of both. ``pairs`` hold names of targets; ``within``
    says of each pair whether both belong to one mechanism.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    source: str
    beside: str | None = None
    targets: tuple[str, ...] = Field(min_length=2)
    inputs: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    group: str = "auto"
    pairs: tuple[tuple[str, str], ...] = Field(min_length=1)
    within: tuple[bool, ...] = ()

    @model_validator(mode="after")
    def _one_answer_a_pair(self) -> Self:
        if self.within and len(self.within) != len(self.pairs):
            raise ValueError(f"within: {len(self.within)} answers for {len(self.pairs)} pairs")
        return self


class StudyEffort(_Part):
    """Folds, repeats, training length, and the most rows of a table (drawn at random)."""

    folds: int = Field(default=5, ge=2)
    repeats: int = Field(default=3, ge=1)
    rows: int | None = Field(default=None, ge=20)
    tuning: Tuning = Tuning()
    workers: int = Field(default=1, ge=1)


class PairExperiment(_Part):
    """Real tables: ``arms`` apart and together, pair by pair of properties, with the corrected test."""

    kind: Literal["study"]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    question: str
    tables: tuple[PairTable, ...] = Field(min_length=1)
    arms: tuple[str, ...] = ("independent", "shared")
    small: StudyEffort
    full: StudyEffort
    seed: int = Field(default=0, ge=0)

    def effort(self, full: bool) -> StudyEffort:
        """Of one size."""
        return self.full if full else self.small


def read_experiment(path: Path) -> Experiment | PairExperiment:
    """Read a plan.

    Raises
    ------
    PlanError
        The file is missing, is not TOML, or a key or value is not what an experiment holds.
    """
    content = read_toml(path, "experiment", "Those of the project lie in experiments/.")
    kinds: dict[object, type[Experiment] | type[PairExperiment]] = {
        "simulation": Experiment,
        "study": PairExperiment,
    }
    kind = content.get("kind", "simulation")
    if kind not in kinds:
        raise PlanError(f"kind: {kind!r} is neither 'simulation' nor 'study'.", source=path)
    try:
        return kinds[kind].model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PlanError(_problem(key, first["type"], first["msg"], first["input"]), source=path) from error


def _problem(key: str, code: str, message: str, value: object) -> str:
    if code == "extra_forbidden":
        return f"unknown key {key!r}."
    if code == "missing":
        return f"the key {key!r} is missing."
    message = message.removeprefix("Value error, ")
    return f"{key}: {message}, found {value!r}." if key else f"{message}."
