"""A bundle with further properties: the old models as they are, the new ones beside them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BundleError
from ..files import write_atomic
from ..inputs import Features, Preparation
from ..table import InputSpec
from ._cards import card_from_json, spec_from_json
from ._domain import fit_domain
from ._folder import read_document, write_folder
from ._load import read_preparation
from ._model_card import model_card
from ._parts import BundleParts
from ._write import check_parts, pack, task_to_json, write_task

__all__ = ["OldBundle", "extend_bundle", "read_old_bundle"]

_OF = "Of "


@dataclass(frozen=True, eq=False)
class OldBundle:
    """What others need to know of a bundle to make models that fit into it.

    Parameters
    ----------
    folder
        Where it lies; it is only read.
    names
        Of its properties.
    spec
        Its input columns.
    preparations
        One per fold.
    source
        Where its rows came from.
    """

    folder: Path
    names: tuple[str, ...]
    spec: InputSpec
    preparations: tuple[Preparation, ...]
    source: str


def read_old_bundle(folder: Path) -> OldBundle:
    """Look into a bundle without loading its models.

    Raises
    ------
    BundleError
        Not a bundle, or a damaged one.
    """
    document = read_document(folder)
    try:
        return OldBundle(
            folder,
            tuple(task["card"]["property"]["name"] for task in document["tasks"]),
            spec_from_json(document["inputs"]),
            tuple(read_preparation(folder, f) for f in range(document["n_folds"])),
            document["source"],
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BundleError(
            f"its content does not fit together ({type(error).__name__}: {error}).",
            source=folder,
            hint="Write the bundle again from its run (miscible report RUN).",
        ) from error


def extend_bundle(
    parts: BundleParts, old: OldBundle, features: Features, codes: np.ndarray, folder: Path
) -> None:
    """Write a bundle of the old properties, then the new ones.

    Parameters
    ----------
    parts
        The new properties, with models that read the inputs of the old preparations.
    old
        The bundle to go on from.
    features, codes
        Inputs and group of the rows of both, for the domain check.
    folder
        Target; only an empty folder or an older bundle is replaced.

    Raises
    ------
    BundleError
        Parts that do not fit together or into the old bundle, or a place that cannot be written; nothing is left
        behind.
    """
    check_parts(parts)
    shared = [p.name for p in (task.property for task in parts.tasks) if p.name in old.names]
    if shared or parts.spec != old.spec or not _same(parts.preparations, old.preparations):
        why = f"it has {shared[0]!r} already" if shared else "its inputs are prepared in another way"
        raise BundleError(f"the new properties do not fit into this bundle: {why}.", source=old.folder)
    write_folder(folder, lambda part: _fill(parts, old, features, codes, part))


def _same(one: tuple[Preparation, ...], other: tuple[Preparation, ...]) -> bool:
    def equal(a: Preparation, b: Preparation) -> bool:
        (arrays, structure), (others, of_other) = a.to_state(), b.to_state()
        alike = all(np.array_equal(arrays[k], others[k], equal_nan=True) for k in arrays)
        return alike and structure == of_other

    return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))


def _fill(
    parts: BundleParts, old: OldBundle, features: Features, codes: np.ndarray, folder: Path
) -> dict[str, Any]:
    document = read_document(old.folder)
    for name in ("models", "residuals", "preparation"):
        if (old.folder / name).is_dir():
            shutil.copytree(old.folder / name, folder / name)
    n_old = len(document["tasks"])
    new = [write_task(parts, t, folder, n_old + t) for t in range(len(parts.tasks))]
    domain = fit_domain(parts.preparations[0].transform(features), codes)
    write_atomic(folder / "domain.safetensors", pack(domain.to_arrays()))
    write_atomic(folder / "plan.toml", parts.plan_toml)
    sources = tuple(dict.fromkeys((*document["source"].split("; "), parts.source)))
    whole = replace(
        parts,
        codes=codes,
        features=features,
        source="; ".join(sources),
        limits=_limits(document["limits"], old.names, parts.limits, [t.property.name for t in parts.tasks]),
        citations=tuple(dict.fromkeys((*document["citations"], *parts.citations))),
    )
    cards = [card_from_json(task["card"]) for task in document["tasks"]] + [card for card, _ in new]
    write_atomic(folder / "MODEL_CARD.md", model_card(whole, cards))
    return {
        **{key: value for key, value in document.items() if key not in ("format", "miscible", "files")},
        "n_rows": len(codes),
        "tasks": [*document["tasks"], *(task_to_json(card, calibration) for card, calibration in new)],
        "source": whole.source,
        "versions": parts.versions,
        "limits": list(whole.limits),
        "citations": list(whole.citations),
    }


def _limits(
    old: Sequence[str], old_names: Sequence[str], new: Sequence[str], new_names: Sequence[str]
) -> tuple[str, ...]:
    """What holds for all stands first; what is said of some properties only names them."""

    def of(names: Sequence[str], limit: str) -> str:
        return limit if limit.startswith(_OF) else f"{_OF}{', '.join(names)}: {limit[0].lower()}{limit[1:]}"

    return (
        *(limit for limit in old if limit in new),
        *(of(old_names, limit) for limit in old if limit not in new),
        *(of(new_names, limit) for limit in new if limit not in old),
    )
