"""Signatures seen in the verdicts: minority degradation and form mismatch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ._form import FormFinding
from ._phrases import cell, listed, share, signed_percent
from ._signature import CERTAIN, Evidence, Signature, Status, harm, ratio_text

__all__ = ["SCARCE", "differing_share", "form_mismatch", "minority_degradation"]

SCARCE = 0.10
"""A property is scarce with at most this share of the labels of the most measured one."""
LARGE = 0.50
"""A property is large with at least this share of them."""
SPARED = 0.50
"""Large properties count as spared while "practically worse" is less likely than this."""
DIFFERING = 0.50
"""Share of the partners' labels that must belong to properties of clearly another form."""


def minority_degradation(
    names: Sequence[str], counts: np.ndarray, p_worse: np.ndarray, effects: np.ndarray
) -> Signature:
    """Scarce properties get practically worse by sharing while the most measured ones do not.

    Parameters
    ----------
    names
        Of the properties.
    counts
        ``(n_tasks,)`` labels.
    p_worse
        ``(n_tasks,)`` posterior probability of "practically worse"; NaN where not compared.
    effects
        ``(n_tasks,)`` change of the error, as a share.
    """
    most = int(counts.max(initial=0))
    scarce = [t for t, n in enumerate(counts.tolist()) if 0 < n <= SCARCE * most]
    large = [t for t, n in enumerate(counts.tolist()) if n >= max(LARGE * most, 1)]
    harms = [harm(float(p)) for p in p_worse]
    hurt = [t for t in scarce if harms[t]]

    def close(status: Status, reason: str, subjects: Sequence[str] = ()) -> Signature:
        evidence = [
            Evidence(names[t], measure, value)
            for t in (*scarce, *(large if scarce else ()))
            for measure, value in (
                ("labels", int(counts[t])),
                ("change of error by sharing [%]", cell(100 * float(effects[t]), 3)),
                ("probability of practically worse", cell(float(p_worse[t]), 3)),
            )
        ]
        return Signature(
            key="minority",
            name="minority degradation",
            status=status,
            reason=reason,
            subjects=tuple(subjects),
            evidence=tuple(evidence),
            threshold=(
                f"a property with at most {SCARCE:.0%} of the labels of the most measured one is practically worse "
                f"with probability {CERTAIN:.2f} or more, and every property with at least {LARGE:.0%} of them is so "
                f"with less than {SPARED:.2f}"
            ),
            remedies=(
                "balanced batches (shared+balanced), or a warm start (warm)",
                "milder weights (shared+sqrt-inverse-count)",
                "a checkpoint of its own for each property (shared+per-task)",
                "keep the scarce property apart",
            )
            if status == "present"
            else (),
        )

    if not scarce:
        fewest = int(counts[counts > 0].min(initial=most))
        return close("absent", f"No property is scarce: labels stand {ratio_text((fewest, most))} at most.")
    if hurt:
        told = listed(
            [
                f"{names[t]} ({ratio_text((int(counts[t]), most))}, {signed_percent(float(effects[t]))})"
                for t in hurt
            ]
        )
        if any(harms[t] for t in large):
            worse = listed([names[t] for t in large if harms[t]])
            return close(
                "absent", f"{told} gets worse by sharing, but so does {worse}, which has many labels."
            )
        if all(p_worse[t] < SPARED for t in large):
            spared = listed([names[t] for t in large])
            return close(
                "present",
                f"Sharing hurts {told}, and not {spared} with the most labels.",
                [names[t] for t in hurt],
            )
        return close(
            "cannot be judged", f"Sharing hurts {told}; whether it spares the most measured is open."
        )
    if all(harms[t] is False for t in scarce):
        return close("absent", f"Sharing does not hurt {listed([names[t] for t in scarce])}.")
    open_ = listed([names[t] for t in scarce if harms[t] is None])
    return close("cannot be judged", f"Whether sharing hurts {open_} is undecided or was not compared.")


def differing_share(differ: np.ndarray, known: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Share of the other properties' labels that belongs to properties of clearly another form.

    Parameters
    ----------
    differ, known
        ``(n_tasks, n_tasks)`` whether two forms clearly differ, and whether they could be compared.
    counts
        ``(n_tasks,)`` labels.

    Returns
    -------
    ``(n_tasks,)``; NaN where no partner could be compared.
    """
    known = known & ~np.eye(len(counts), dtype=bool)
    total = (known * counts).sum(axis=1)
    apart = ((known & differ) * counts).sum(axis=1)
    return np.divide(apart, total, out=np.full(len(counts), np.nan), where=total > 0)


def form_mismatch(
    names: Sequence[str], p_worse: np.ndarray, effects: np.ndarray, form: FormFinding | None
) -> Signature:
    """Forms differ beyond noise, and sharing hurts.

    Parameters
    ----------
    names
        Of the properties of the table.
    p_worse, effects
        As in `minority_degradation`.
    form
        What was found of the properties' forms; ``None`` where it was not looked at.
    """
    harms = {name: harm(float(p)) for name, p in zip(names, p_worse, strict=True)}
    hurt = [name for name in names if harms[name]]
    shares: dict[str, float] = {}
    if form is not None:
        compared = [form.names[i] for i in form.compared]
        found = differing_share(
            form.distances.differ, np.isfinite(form.distances.excess), form.counts[form.compared]
        )
        shares = {name: float(v) for name, v in zip(compared, found, strict=True) if np.isfinite(v)}

    def close(status: Status, reason: str, subjects: Sequence[str] = ()) -> Signature:
        position = {name: t for t, name in enumerate(names)}
        evidence = [
            Evidence(name, measure, value)
            for name in (shares or hurt)
            for measure, value in (
                ("labels of partners with another form [%]", cell(100 * shares.get(name, float("nan")), 3)),
                ("change of error by sharing [%]", cell(100 * float(effects[position[name]]), 3)),
                ("probability of practically worse", cell(float(p_worse[position[name]]), 3)),
            )
        ]
        return Signature(
            key="form",
            name="form mismatch",
            status=status,
            reason=reason,
            subjects=tuple(subjects),
            evidence=tuple(evidence),
            threshold=(
                f"sharing is practically worse for a property with probability {CERTAIN:.2f} or more, and at least "
                f"{DIFFERING:.0%} of the labels of its partners belong to properties whose curves clearly differ from "
                "its own (see the diagnosis of functional form)"
            ),
            remedies=(
                "learn together only what bends alike (grouped), or keep it apart",
                "an architecture with parts of its own (mmoe, task-attention)",
                "a transform of the labels that makes the forms alike (transform=log10)",
            )
            if status == "present"
            else (),
        )

    if not hurt:
        if all(harms[name] is False for name in names):
            return close("absent", "Sharing hurts no property, whatever their forms.")
        return close(
            "cannot be judged", "Sharing is not known to hurt any property, and is undecided for some."
        )
    if form is None:
        return close(
            "cannot be judged", f"Sharing hurts {listed(hurt)}; forms of properties were not looked at."
        )
    matched = [name for name in hurt if shares.get(name, 0.0) >= DIFFERING]
    if matched:
        told = listed([f"{share(shares[name])} for {name}" for name in matched])
        return close(
            "present",
            f"Sharing hurts {listed(matched)}, and most labels beside it belong to properties of clearly another form "
            f"({told}). That the one causes the other is not shown.",
            matched,
        )
    unseen = [name for name in hurt if name not in shares]
    if unseen:
        return close(
            "cannot be judged",
            f"Sharing hurts {listed(hurt)}; the form of {listed(unseen)} cannot be seen on this table.",
        )
    return close("absent", f"Sharing hurts {listed(hurt)}, but not beside partners of clearly another form.")
