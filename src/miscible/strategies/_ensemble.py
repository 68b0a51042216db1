"""The networks one strategy keeps of one fold, and their face as a model of a single task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from ..baselines import Part, register_model, share
from ..evaluation import finite_mean
from ..files import make_folder, write_atomic
from ..learning import NetworkShape, predict

__all__ = ["NetworkEnsemble", "NetworkModel"]


@dataclass(frozen=True)
class NetworkEnsemble:
    """Networks of one shape whose predictions are averaged.

    Parameters
    ----------
    shape
        Of every member.
    kinds
        Of every task.
    state
        Arrays with a leading network axis; empty when every network diverged. A per-task checkpoint has one
        network a task, so that each task is averaged over the networks that have it.
    centre, scale
        ``(n_tasks,)`` of the targets, undone in `predict`; 0 and 1 for classes.
    """

    shape: NetworkShape
    kinds: tuple[str, ...]
    state: dict[str, np.ndarray]
    centre: np.ndarray
    scale: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Mean over networks in model space, ``(n_rows, n_outputs)``; NaN where no network has the task."""
        if not self.state:
            return np.full((len(inputs), sum(self.shape.n_outputs)), np.nan)
        each = predict(self.shape, self.kinds, self.state, _padded(inputs, self.shape.n_inputs)).astype(float)
        outputs = finite_mean(each)
        repeats = np.asarray(self.shape.n_outputs)
        return outputs * np.repeat(self.scale, repeats) + np.repeat(self.centre, repeats)

    def header(self) -> dict[str, Any]:
        """What `from_state` needs beside the arrays, fit for JSON."""
        return {
            "shape": asdict(self.shape),
            "kinds": self.kinds,
            "centre": self.centre.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_state(cls, header: dict[str, Any], state: dict[str, np.ndarray]) -> NetworkEnsemble:
        """Inverse of `header` and the arrays."""
        shape: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in header["shape"].items()
        }
        return cls(
            NetworkShape(**shape),
            tuple(header["kinds"]),
            state,
            np.asarray(header["centre"]),
            np.asarray(header["scale"]),
        )


@register_model("networks")
@dataclass(frozen=True)
class NetworkModel:
    """One task of an ensemble, as a fitted model.

    Parameters
    ----------
    ensemble
        The networks.
    task
        Position of the task among the ensemble's outputs.
    """

    ensemble: NetworkEnsemble
    task: int

    @property
    def note(self) -> str:
        """What a reader must know of the fit."""
        return "" if self.ensemble.state else "every network diverged"

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """``(n_rows, n_outputs)`` of the task, in model space."""
        return self.predict_with(inputs, lambda ensemble: ensemble.predict(inputs))

    def predict_with(self, inputs: np.ndarray, ask: Callable[[Part], np.ndarray]) -> np.ndarray:
        """The task's columns of what ``ask`` says of the ensemble, which may answer for other tasks too."""
        start = sum(self.ensemble.shape.n_outputs[: self.task])
        return ask(self.ensemble)[:, start : start + self.ensemble.shape.n_outputs[self.task]]

    def save(self, folder: Path) -> None:
        """Write arrays and header."""
        make_folder(folder)
        state = {name: np.ascontiguousarray(array) for name, array in self.ensemble.state.items()}
        write_atomic(folder / "networks.safetensors", save(state))
        write_atomic(folder / "networks.json", json.dumps({**self.ensemble.header(), "task": self.task}))

    @classmethod
    def load(cls, folder: Path) -> NetworkModel:
        """Read what `save` wrote; ensembles of the same content are one object."""
        header = json.loads((folder / "networks.json").read_text(encoding="utf-8"))
        task = int(header.pop("task"))
        content = (folder / "networks.safetensors").read_bytes()
        key = hashlib.sha256(json.dumps(header, sort_keys=True).encode() + content).hexdigest()
        return cls(share(key, lambda: NetworkEnsemble.from_state(header, load(content))), task)


def _padded(inputs: np.ndarray, n_inputs: int) -> np.ndarray:
    """Folds of one population may differ in columns; the missing ones were zero in training too."""
    missing = n_inputs - inputs.shape[1]
    return np.pad(inputs, ((0, 0), (0, missing))) if missing else inputs
