"""What every network arm may try, the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ..errors import PlanError
from ..learning import RULES, Setting, make_rule

__all__ = ["Tuning"]

_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
_Epoch = Annotated[int, Field(ge=1)]

REMEDIES: dict[str, tuple[float, ...]] = {
    "gradnorm.alpha": (0.5, 1.5),
    "uncertainty.learning_rate": (0.003, 0.03),
    "dwa.temperature": (1.0, 2.0),
    "famo.learning_rate": (0.01, 0.05),
    "gradvac.beta": (0.01, 0.1),
    "cagrad.c": (0.2, 0.5),
    "fairgrad.alpha": (1.0, 2.0),
    "lds.sigma": (1.0, 3.0),
    "fds.sigma": (1.0, 3.0),
    "bmc.noise": (0.3, 0.8),
    "gai.noise": (0.3, 0.8),
    "bni.noise": (0.3, 0.8),
    "focal.gamma": (1.0, 2.0),
    "transfer.strength": (1.0, 4.0),
    "transfer.pace": (1.0, 0.2),
    "transfer.networks": (4.0,),
    "transfer.every": (5.0,),
    "transfer.horizon": (1.0,),
    "transfer.rate": (0.1,),
    "transfer.updates": (120.0,),
    "transfer.seeds": (2.0,),
    "transfer.labels": (0.0,),
    "transfer.bias": (0.0,),
    "transfer.noise": (0.0,),
    "align.sources": (2.0,),
    "align.weight": (0.03, 0.1),
}
"""Values tried of what remedies leave open; widths in bins, noise in units of the scaled labels.

Of a transfer: strength of all sources in units of the target's own weight; pace of networks that go on from others, in
units of their rate; networks of random subsets for each task. Of
one-step ratios: steps between two updates, steps after which a source is judged, Adam's rate, updates, and seeds to
average over. To try what a bad guide does: labels held out (0: a fifth), whether they are the largest (1), and noise.
Of an alignment: weight of its losses, and sources drawn a step.
"""
_MAY_BE_NOTHING = ("transfer.labels", "transfer.bias", "transfer.noise")
_WHOLE = (
    *(f"transfer.{word}" for word in ("every", "horizon", "updates", "seeds", "labels")),
    "align.sources",
)
_ONE_VALUE = (
    *(n for n in REMEDIES if n.startswith("transfer.") and n not in ("transfer.strength", "transfer.pace")),
    "align.sources",
)
"""Read once for all networks of a target."""


class Tuning(BaseModel):
    """Settings and training length of the network arms.

    ``rates`` x ``decays`` settings start in every outer fold; at each epoch of ``halving`` the better half by
    inner validation goes on, and the ``finalists`` that remain are averaged. An epoch has between half of
    ``steps`` and ``steps`` batches whatever the number of rows (more only where even batches of 256 rows do
    not suffice), so that arms with few and with many rows take comparable steps. With ``batch`` given an epoch is one
    pass over the rows in batches of that size instead, as papers train: arms with few rows then take few steps.
    ``remedies`` holds the values tried of each remedy's own parameter. They are spread over the same settings, not
    multiplied with them: a strategy with a remedy has as many networks to choose from as one without.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: tuple[_Positive, ...] = Field(default=(5e-4, 1e-3, 2e-3, 4e-3), min_length=1)
    decays: tuple[_NotNegative, ...] = Field(default=(1e-2, 1.0), min_length=1)
    finalists: int = Field(default=3, ge=1)
    halving: tuple[_Epoch, ...] = (4, 10)
    epochs: int = Field(default=40, ge=1)
    patience: int = Field(default=10, ge=1)
    steps: int = Field(default=40, ge=1)
    batch: int | None = Field(default=None, ge=1)
    clip: float = Field(default=5.0, gt=0.0)
    remedies: dict[str, tuple[_NotNegative, ...]] = Field(default_factory=lambda: dict(REMEDIES))

    @field_validator("remedies")
    @classmethod
    def _remedies_exist(cls, given: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        """Values given replace the default ones of the same name; the others stay."""
        for name, values in given.items():
            if name not in REMEDIES or not values:
                raise ValueError(
                    f"{name!r} needs at least one value and must be one of {', '.join(REMEDIES)}"
                )
            remedy, _, parameter = name.partition(".")
            for value in values:
                try:
                    if remedy in RULES:
                        make_rule(remedy, **{parameter: value})
                    else:
                        _check_value(name, value)
                except PlanError as error:
                    raise ValueError(f"{name!r}: {error.message}") from error
            if name in _ONE_VALUE and len(values) > 1:
                raise ValueError(f"{name!r}: takes one value, found {len(values)}")
        both = {**REMEDIES, **given}
        horizon, every = (both[f"transfer.{word}"][0] for word in ("horizon", "every"))
        if horizon > every:
            raise ValueError(
                f"'transfer.horizon': must be at most 'transfer.every', the steps between two updates; "
                f"found {horizon:g} and {every:g}"
            )
        return both

    def settings(self, remedies: Sequence[str]) -> tuple[Setting, ...]:
        """Settings of a strategy with some remedies.

        Every rate meets every decay once. A remedy's values alternate along both, so that each rate and each decay
        meets each value about equally often. Up to three remedies alternate independently of each other; a fourth
        goes with the first.
        """
        knobs = [(name, v) for name, v in self.remedies.items() if name.partition(".")[0] in remedies]
        return tuple(
            Setting(
                rate,
                decay,
                tuple(
                    (name, values[((i, i >> 1, i + (i >> 1))[j % 3] + k) % len(values)])
                    for j, (name, values) in enumerate(knobs)
                ),
            )
            for i, rate in enumerate(self.rates)
            for k, decay in enumerate(self.decays)
        )

    @property
    def min_steps(self) -> int:
        """Batches an epoch has at least; few rows are passed over several times."""
        if self.batch is not None:
            return 1
        return -(-self.steps // 2)

    def batch_size(self, n_rows: int) -> int:
        """The batch given, or the smallest power of two that leaves at most ``steps`` batches, from 8 to 256."""
        if self.batch is not None:
            return self.batch
        fewest = max(-(-n_rows // self.steps), 1)
        return min(max(1 << (fewest - 1).bit_length(), 8), 256)


def _check_value(name: str, value: float) -> None:
    """Refuse a value that a remedy without a rule cannot have."""
    if not value > 0.0 and name not in _MAY_BE_NOTHING:
        raise PlanError(f"must be positive, found {value}")
    if name in _WHOLE and value != round(value):
        raise PlanError(f"must be a whole number, found {value}")
    if name == "transfer.bias" and value not in (0.0, 1.0):
        raise PlanError(f"must be 0 (no) or 1 (yes), found {value}")
