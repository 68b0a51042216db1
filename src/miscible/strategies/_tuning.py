"""What every network arm may try, the same for all."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Tuning"]


class Tuning(BaseModel):
    """Settings and training length of the network arms.

    ``rates`` x ``decays`` settings start in every outer fold; at each epoch of ``halving`` the better half by
    inner validation goes on, and the ``finalists`` that remain are averaged. A batch holds about
    ``1 / steps`` of the training rows, so that arms with few and with many rows take comparable steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rates: tuple[float, ...] = (5e-4, 1e-3, 2e-3, 4e-3)
    decays: tuple[float, ...] = (1e-2, 1.0)
    finalists: int = Field(default=2, ge=1)
    halving: tuple[int, ...] = (4, 10)
    epochs: int = Field(default=40, ge=1)
    patience: int = Field(default=10, ge=1)
    steps: int = Field(default=40, ge=1)
    clip: float = Field(default=5.0, gt=0.0)

    def batch_size(self, n_rows: int) -> int:
        """Power of two near ``n_rows / steps``, from 8 to 256."""
        exact = max(n_rows / self.steps, 1.0)
        return min(max(1 << (round(exact) - 1).bit_length(), 8), 256)
