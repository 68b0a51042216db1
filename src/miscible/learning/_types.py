"""What a caller hands to training: shapes, members, data, options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from miscible.errors import PlanError

__all__ = [
    "Checkpoint",
    "ClassWeighting",
    "FeatureWeighting",
    "LabelWeighting",
    "Member",
    "MixingKind",
    "NetworkShape",
    "Population",
    "Reduction",
    "Sampling",
    "Setting",
    "TaskWeights",
    "TrainOptions",
    "TrainingData",
]

Reduction = Literal["task-mean", "pair-sum"]
Sampling = Literal["proportional", "balanced", "temperature"]
TaskWeights = Literal["uniform", "inverse-count", "sqrt-inverse-count"]
Checkpoint = Literal["joint", "per-task"]
LabelWeighting = Literal["none", "lds", "bmc", "gai", "bni"]
FeatureWeighting = Literal["none", "fds"]
ClassWeighting = Literal["none", "class-weights", "focal"]
MixingKind = Literal["none", "relation", "relation-dynamic", "mmoe", "task-attention"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "reduction": ("task-mean", "pair-sum"),
    "sampling": ("proportional", "balanced", "temperature"),
    "task_weights": ("uniform", "inverse-count", "sqrt-inverse-count"),
    "checkpoint": ("joint", "per-task"),
    "labels": ("none", "lds", "bmc", "gai", "bni"),
    "features": ("none", "fds"),
    "classes": ("none", "class-weights", "focal"),
}


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """A shared trunk with one head a task; every hidden layer is Linear then ReLU.

    Parameters
    ----------
    n_inputs
        Columns of the input matrix.
    n_outputs
        Per task: 1 for regression and binary, the number of classes for multiclass.
    trunk
        Widths of the shared layers, at least one.
    head
        Widths of a head's hidden layers; empty for linear heads. In a relation graph the first of them is the
        width of a task's state, and at least one is needed.
    mixing
        What stands between trunk and heads: nothing, a relation graph (static or input-dependent), a mixture of
        experts, or task attention.
    norm
        Whether every shared layer is normalised before its ReLU (layer normalisation, with scale and shift).
    n_experts
        Experts of a mixture, each half as wide as the trunk's top.
    relation_start, relation_l1
        Where the entries of a static relation graph start, and the weight of their absolute values in the loss.
    """

    n_inputs: int
    n_outputs: tuple[int, ...]
    trunk: tuple[int, ...] = (128, 128)
    head: tuple[int, ...] = (64,)
    mixing: MixingKind = "none"
    norm: bool = False
    n_experts: int = 4
    relation_start: float = 0.0
    relation_l1: float = 0.0

    def __post_init__(self) -> None:
        if not self.trunk or not self.n_outputs:
            raise ValueError("a network needs at least one trunk layer and one task")
        if min(self.n_inputs, *self.trunk, *self.head, *self.n_outputs) < 1:
            raise ValueError(f"every width must be positive: {self}")
        if self.mixing.startswith("relation") and not self.head:
            raise ValueError("a relation graph needs a hidden head layer for the task states")

    @property
    def n_tasks(self) -> int:
        """Number of tasks."""
        return len(self.n_outputs)

    @property
    def output_slices(self) -> tuple[slice, ...]:
        """Columns of a prediction owned by each task."""
        stops = np.cumsum(self.n_outputs).tolist()
        return tuple(slice(stop - n, stop) for stop, n in zip(stops, self.n_outputs, strict=True))


@dataclass(frozen=True, slots=True)
class Setting:
    """What tuning varies between members of one shape.

    Parameters
    ----------
    rate, decay
        AdamW's rate and decoupled weight decay.
    options
        Parameters of the remedies by name, ``("gradnorm.alpha", 1.5)`` for example.
    """

    rate: float = 1e-3
    decay: float = 0.0
    options: tuple[tuple[str, float], ...] = ()

    def of(self, remedy: str) -> dict[str, float]:
        """Parameters of one remedy."""
        prefix = remedy + "."
        return {name.removeprefix(prefix): v for name, v in self.options if name.startswith(prefix)}


@dataclass(frozen=True, slots=True)
class Member:
    """One network to train.

    Parameters
    ----------
    data
        Which slice of :class:`TrainingData` it sees (a fold, usually).
    tasks
        Task columns it learns; it has one head for each and no others.
    seed, setting
        The seed alone decides its start and its batches; rate and decay.
    race
        Members with the same number compete when the options ask for halving.
    primary
        The one of its tasks that its validation score is about, in a population with a transfer plan.
    """

    data: int
    tasks: tuple[int, ...]
    seed: int
    setting: Setting = field(default_factory=Setting)
    race: int = 0
    primary: int | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Members of one shape, trained together as one stacked program."""

    shape: NetworkShape
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        for i, member in enumerate(self.members):
            if not member.tasks or len(set(member.tasks)) != len(member.tasks):
                raise ValueError(f"member {i} needs distinct tasks, got {member.tasks}")
            if not 0 <= min(member.tasks) <= max(member.tasks) < self.shape.n_tasks:
                raise ValueError(f"member {i} names tasks {member.tasks} of {self.shape.n_tasks}")
            if member.primary is not None and member.primary not in member.tasks:
                raise ValueError(f"member {i} does not learn its primary task {member.primary}")
            if member.seed < 0:
                raise ValueError(f"member {i} has a negative seed")

    @property
    def n_heads(self) -> int:
        """Heads every stacked member is given: the largest number of tasks of any member."""
        return max((len(m.tasks) for m in self.members), default=0)


@dataclass(frozen=True)
class TrainingData:
    """Prepared inputs and scaled labels, one slice a fold.

    Parameters
    ----------
    inputs
        ``(n_data, n_rows, n_inputs)`` float32, finite.
    targets
        ``(n_data, n_rows, n_tasks)`` float32; regression labels scaled to about unit variance, class codes
        for classes, NaN where unmeasured. Nothing outside ``train_rows`` and ``valid_rows`` is read.
    train_rows, valid_rows
        Row positions for each slice.
    kinds
        ``regression``, ``binary`` or ``multiclass`` for each task.
    weights
        ``(n_rows,)`` positive sample weights multiplying pair losses, or ``None``.
    """

    inputs: np.ndarray
    targets: np.ndarray
    train_rows: tuple[np.ndarray, ...]
    valid_rows: tuple[np.ndarray, ...]
    kinds: tuple[str, ...]
    weights: np.ndarray | None = None

    def __post_init__(self) -> None:
        n_data, n_rows = self.inputs.shape[:2]
        if self.targets.shape != (n_data, n_rows, len(self.kinds)):
            raise ValueError(
                f"targets are {self.targets.shape}, expected {(n_data, n_rows, len(self.kinds))} "
                "from the inputs and the kinds"
            )
        if not len(self.train_rows) == len(self.valid_rows) == n_data:
            raise ValueError(f"train_rows and valid_rows must have one entry for each of {n_data} slices")
        if self.weights is not None and self.weights.shape != (n_rows,):
            raise ValueError(f"weights are {self.weights.shape}, expected {(n_rows,)}")
        if not set(self.kinds) <= {"regression", "binary", "multiclass"}:
            raise ValueError(f"unknown kinds in {self.kinds}")
        if not np.isfinite(self.inputs).all():
            raise ValueError("inputs hold values that are not finite")


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How every member of a population is trained.

    Parameters
    ----------
    reduction
        ``task-mean``: each task with a label in the batch contributes its task weight times the mean of its
        pair losses there. ``pair-sum``: every pair contributes its task weight times its loss, divided by the
        number of rows in the batch.
    sampling
        ``proportional``: an epoch is one pass over the rows in random order, with all their labels.
        ``balanced``: every slot of a batch draws its task with equal probability, then one of that task's
        pairs, without repetition until all were seen. ``temperature``: task probabilities follow the square
        root of the label counts. All take the same number of steps an epoch.
    task_weights
        From the training label counts of the member's own slice, normalised to mean 1 over its tasks.
    rule
        How the gradients of the tasks are combined on the shared layers, see ``learning.rules``.
    labels
        Of regression tasks: label distribution smoothing, or Balanced MSE against the labels of the batch (``bmc``),
        a mixture of Gaussians (``gai``) or a histogram (``bni``) of the training labels.
    features
        Of regression tasks: feature distribution smoothing.
    classes
        Of classification tasks: weights by inverse frequency, or the focal loss.
    frozen
        Whether the shared layers stay as they start; needs members that start from trained ones.
    checkpoint
        ``joint`` keeps the epoch with the best mean validation loss; ``per-task`` keeps, for every task,
        trunk and head of that task's own best epoch.
    batch_size
        Rows (proportional) or pairs (otherwise) in a batch.
    min_steps
        Steps an epoch has at least; a member with few rows passes over them several times. Equal epochs are
        not equal steps, and one step an epoch is neither trained nor stopped sensibly.
    max_epochs
        Epochs at most.
    patience
        Epochs without a better mean validation loss before a member stops.
    clip_norm
        Largest norm of a member's whole gradient; ``None`` for no clipping.
    halving
        Numbers of finished epochs after which every racing group keeps its better half by best validation
        score so far.
    finalists
        Members of a racing group that halving never removes.
    device, compile
        Torch device, such as ``cpu`` or ``cuda``; whether to compile the passes with ``torch.compile``, which needs a
        C++ compiler and some seconds and pays for a few members only.
    """

    reduction: Reduction = "task-mean"
    sampling: Sampling = "proportional"
    task_weights: TaskWeights = "uniform"
    rule: str = "sum"
    labels: LabelWeighting = "none"
    features: FeatureWeighting = "none"
    classes: ClassWeighting = "none"
    frozen: bool = False
    checkpoint: Checkpoint = "joint"
    batch_size: int = 128
    min_steps: int = 1
    max_epochs: int = 60
    patience: int = 10
    clip_norm: float | None = 5.0
    halving: tuple[int, ...] = ()
    finalists: int = 1
    device: str = "cpu"
    compile: bool = False

    def __post_init__(self) -> None:
        for name, known in _CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise PlanError(f"unknown {name} {value!r}", hint=f"Choose one of {', '.join(known)}.")
        for name in ("batch_size", "min_steps", "max_epochs", "patience", "finalists"):
            if getattr(self, name) < 1:
                raise PlanError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise PlanError(f"clip_norm must be positive, got {self.clip_norm}")
