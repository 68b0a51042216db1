"""A convex mixture of fitted models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..table import Kind
from ._model import FittedModel, load_model, register_model
from ._sample import task_loss
from ._state import read_state, write_state
from ._together import Part

__all__ = ["BlendModel", "blend_weight"]

SHARES = np.linspace(0.0, 1.0, 101)


@register_model("blend")
@dataclass(frozen=True, eq=False)
class BlendModel:
    """Weighted mean of the predictions of models of one task.

    Parameters
    ----------
    weights
        Non-negative, summing to 1.
    models
        As many.
    """

    weights: tuple[float, ...]
    models: tuple[FittedModel, ...]

    @property
    def note(self) -> str:
        """Notes of the parts."""
        return "; ".join(dict.fromkeys(m.note for m in self.models if m.note))

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Models of weight 0 are not asked."""
        return self.predict_with(inputs, lambda model: model.predict(inputs))

    def predict_with(self, inputs: np.ndarray, ask: Callable[[Part], np.ndarray]) -> np.ndarray:
        """The mixture, with the models' predictions from ``ask``."""
        pairs = zip(self.weights, self.models, strict=True)
        return np.sum([w * ask(m) for w, m in pairs if w > 0], axis=0)

    def save(self, folder: Path) -> None:
        """Write every part in a folder of its own."""
        for part, model in enumerate(self.models):
            model.save(folder / f"part-{part}")
        write_state(folder, "blend", {"weights": self.weights})

    @classmethod
    def load(cls, folder: Path) -> BlendModel:
        """Read what `save` wrote."""
        weights = tuple(read_state(folder, "blend")["weights"])
        return cls(weights, tuple(load_model(folder / f"part-{part}") for part in range(len(weights))))


def blend_weight(
    y_valid: np.ndarray,
    prediction_a: np.ndarray,
    prediction_b: np.ndarray,
    kind: str,
    weights: np.ndarray | None = None,
) -> float:
    """Share of ``a`` in the mixture of ``a`` and ``b`` with the least squared error or log loss.

    Squared error has the closed form ``<y - b, a - b> / |a - b|^2``, cut to [0, 1]; log loss is searched in
    steps of 0.01.

    Parameters
    ----------
    y_valid
        ``(n,)`` labels, NaN where unmeasured.
    prediction_a, prediction_b
        ``(n, n_outputs)`` or ``(n,)``, in model space.
    kind
        Of the task.
    weights
        ``(n,)`` sample weights.

    Returns
    -------
    float
        In [0, 1]; 1/2 without labels or where the two agree. A model that predicts NaN gets nothing.
    """
    y_valid = np.asarray(y_valid, dtype=float)
    known = np.isfinite(y_valid)
    if not known.any():
        return 0.5
    y = y_valid[known]
    a, b = (np.asarray(p, dtype=float)[known].reshape(len(y), -1) for p in (prediction_a, prediction_b))
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float(np.isfinite(a).all())
    if np.array_equal(a, b):
        return 0.5
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)[known]
    if kind == Kind.REGRESSION:
        gap = a[:, 0] - b[:, 0]
        return float(np.clip(np.sum(w * (y - b[:, 0]) * gap) / np.sum(w * gap**2), 0.0, 1.0))
    losses = [task_loss(kind, y, share * a + (1 - share) * b, w) for share in SHARES]
    return float(SHARES[int(np.argmin(losses))])
