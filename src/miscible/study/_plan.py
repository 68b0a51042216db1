"""The plan: everything that repeats a run, as TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import PlanError
from ..strategies import EXTENDED, Strategy, Tuning, parse_strategies

__all__ = [
    "ExtendPlan",
    "Goal",
    "Plan",
    "SplitPlan",
    "TablePlan",
    "make_plan",
    "plan_text",
    "read_plan",
    "read_toml",
]

Goal = Literal["characterise", "screen"]
Use = Literal["same", "group", "system", "cluster", "element"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TablePlan(_Part):
    """Where rows come from and what their columns mean, in the words of the command line."""

    source: str
    targets: tuple[str, ...] = Field(min_length=1)
    inputs: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    weight: str | None = None
    sheet: str | None = None
    skip_bad_rows: bool = False


class SplitPlan(_Part):
    """Outer folds.

    ``group`` is composition, system, scaffold, cluster, element, none, a column, or auto (by the inputs). With
    ``ladder`` the study is repeated under nearer and farther splits. ``use`` says how far what will be predicted is
    from the table.
    """

    group: str = "auto"
    folds: int = Field(default=5, ge=2, le=50)
    repeats: int = Field(default=3, ge=1, le=50)
    validation: float = Field(default=0.2, gt=0.0, lt=0.6)
    ladder: bool = False
    use: Use | None = None


class ExtendPlan(_Part):
    """The finished run that this one adds properties to, and the properties its networks know."""

    run: str
    properties: tuple[str, ...] = Field(min_length=1)


class Plan(_Part):
    """A whole study.

    ``budget`` is in seconds; without one nothing is dropped. ``screen_budget`` is the share of rows that a
    screen can look at. ``deploy`` is the simplest good model unless another is surely better, or the best of anything,
    sure or not. A property's own margin of equivalence stands in its target. With ``extends`` the targets
    are new properties of a finished run, whose folds, inputs and networks are used.
    """

    table: TablePlan
    split: SplitPlan = SplitPlan()
    strategies: tuple[str, ...] = ("default",)
    tuning: Tuning = Tuning()
    goal: Goal = "characterise"
    screen_budget: float = Field(default=0.1, gt=0.0, lt=1.0)
    deploy: Literal["simple", "best"] = "simple"
    budget: float | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    device: str = "cpu"
    compile: bool = False
    workers: int = Field(default=2, ge=1)
    extends: ExtendPlan | None = None

    @model_validator(mode="after")
    def _strategies_exist(self) -> Self:
        strategies = self.parsed_strategies()
        if self.extends is None and any(s.architecture == EXTENDED for s in strategies):
            raise PlanError(
                f"{EXTENDED!r} starts from the networks of a finished run, and this plan extends none.",
                hint="Say miscible advise TABLE --extend RUN.",
            )
        return self

    def parsed_strategies(self) -> tuple[Strategy, ...]:
        """The strategies named, sets unfolded."""
        return parse_strategies(self.strategies)


def plan_text(plan: Plan) -> str:
    """The plan as TOML."""
    return tomli_w.dumps(plan.model_dump(mode="json", exclude_none=True))


def read_plan(path: Path) -> Plan:
    """Read a plan.

    Raises
    ------
    PlanError
        The file is missing, is not TOML, or a key or value is not what a plan holds.
    """
    return make_plan(read_toml(path, "plan", "Every run writes plan.toml in its folder."), source=path)


def read_toml(path: Path, what: str, hint: str) -> dict[str, Any]:
    """The content of a file that should hold ``what``.

    Raises
    ------
    PlanError
        The file is missing, for which ``hint`` says where there are some, or it is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PlanError(f"no such {what}.", source=path, hint=hint) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"cannot be read as TOML: {error}.", source=path) from error


def make_plan(content: dict[str, object], source: object = "plan") -> Plan:
    """Validate plain values as a plan, naming the key that is wrong."""
    try:
        return Plan.model_validate(content)
    except PlanError as error:
        raise PlanError(f"strategies: {error.message}", source=source, hint=error.hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise PlanError(_problem(key, first["type"], first["msg"], first["input"]), source=source) from error


def _problem(key: str, code: str, message: str, value: object) -> str:
    if code == "extra_forbidden":
        return f"unknown key {key!r}."
    if code == "missing":
        return f"the key {key!r} is missing."
    return f"{key}: {message}, found {value!r}."
