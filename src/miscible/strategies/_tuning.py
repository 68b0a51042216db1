"""What every network arm may try, the same for all."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Tuning"]

_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
_Epoch = Annotated[int, Field(ge=1)]


class Tuning(BaseModel):
    """Settings and training length of the network arms.

    ``rates`` x ``decays`` settings start in every outer fold; at each epoch of ``halving`` the better half by
    inner validation goes on, and the ``finalists`` that remain are averaged. An epoch has between half of
    ``steps`` and ``steps`` batches whatever the number of rows (more only where even batches of 256 rows do
    not suffice), so that arms with few and with many rows take comparable steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: tuple[_Positive, ...] = Field(default=(5e-4, 1e-3, 2e-3, 4e-3), min_length=1)
    decays: tuple[_NotNegative, ...] = Field(default=(1e-2, 1.0), min_length=1)
    finalists: int = Field(default=3, ge=1)
    halving: tuple[_Epoch, ...] = (4, 10)
    epochs: int = Field(default=40, ge=1)
    patience: int = Field(default=10, ge=1)
    steps: int = Field(default=40, ge=1)
    clip: float = Field(default=5.0, gt=0.0)

    @property
    def min_steps(self) -> int:
        """Batches an epoch has at least; few rows are passed over several times."""
        return -(-self.steps // 2)

    def batch_size(self, n_rows: int) -> int:
        """Smallest power of two that leaves at most ``steps`` batches, from 8 to 256."""
        fewest = max(-(-n_rows // self.steps), 1)
        return min(max(1 << (fewest - 1).bit_length(), 8), 256)
