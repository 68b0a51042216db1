"""Failure signatures, shown."""

from __future__ import annotations

from ._exhibit import Exhibit, Grid
from ._phrases import listed
from ._signature import Signature
from ._signatures import SignaturesFinding

__all__ = ["signatures_exhibit"]

MOST_ROWS = 60


def signatures_exhibit(finding: SignaturesFinding) -> Exhibit:
    """Which signatures show, and what to try."""
    present = [s for s in finding.signatures if s.status == "present"]
    open_ = [s for s in finding.signatures if s.status == "cannot be judged"]
    absent = [s for s in finding.signatures if s.status == "absent"]
    answer = [_summary(present, open_, absent)]
    answer += [f"{_title(s)} is present: {s.reason} Try: {'; '.join(s.remedies)}." for s in present]
    answer += [f"{_title(s)} cannot be judged: {s.reason}" for s in open_]
    answer += [f"{_title(s)} is absent: {s.reason}" for s in absent]
    return Exhibit(
        key="signatures",
        title="Failure signatures",
        question="Which of the known ways for learning together to fail show on this table?",
        answer=tuple(answer),
        limits=(
            "A signature is a pattern that goes with a failure; it does not prove that it caused it. Only a study with "
            "the remedy shows whether the remedy helps.",
            "Every probability is that of one property alone. A verdict also allows for the number of properties and "
            "for few folds, and may stay undecided where a signature says that sharing hurts.",
            "Absent means that the thresholds in the table were not reached; weaker forms go unseen, the more so with "
            "few folds.",
            "Norms and training losses are known of the networks that were kept, not of those that diverged or were "
            "raced out.",
        ),
        grids=(_signatures(finding), *_evidence(finding)),
    )


def _title(signature: Signature) -> str:
    return f"{signature.name[0].upper()}{signature.name[1:]}"


def _summary(present: list[Signature], open_: list[Signature], absent: list[Signature]) -> str:
    total = len(present) + len(open_) + len(absent)
    parts = [f"Of {total} signatures, {len(present)} {'is' if len(present) == 1 else 'are'} present"]
    if present:
        parts[0] += f" ({listed([s.name for s in present])})"
    parts += [f"{len(absent)} absent", f"{len(open_)} cannot be judged"]
    return f"{', '.join(parts)}."


def _signatures(finding: SignaturesFinding) -> Grid:
    return Grid(
        "Signatures",
        ("signature", "status", "of", "counts as present where"),
        tuple((s.name, s.status, listed(s.subjects), s.threshold) for s in finding.signatures),
    )


def _evidence(finding: SignaturesFinding) -> tuple[Grid, ...]:
    """One grid a signature: a row a property or strategy, a column a measure."""
    grids = []
    for signature in finding.signatures:
        measures = list(dict.fromkeys(e.measure for e in signature.evidence))
        subjects = list(dict.fromkeys(e.subject for e in signature.evidence))
        if not measures:
            continue
        values = {(e.subject, e.measure): e.value for e in signature.evidence}
        shown = sorted(subjects, key=lambda subject: subject not in signature.subjects)[:MOST_ROWS]
        left_out = len(subjects) - len(shown)
        grids.append(
            Grid(
                f"Evidence: {signature.name}",
                ("of", *measures),
                tuple((s, *(values.get((s, m)) for m in measures)) for s in shown),
                f"{left_out} more are not shown." if left_out else "",
            )
        )
    return tuple(grids)
