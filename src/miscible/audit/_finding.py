"""One thing an audit found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

__all__ = ["Finding", "condense", "shorten"]

Severity = Literal["problem", "warning", "info"]

_ORDER: dict[Severity, int] = {"problem": 0, "warning": 1, "info": 2}
_ALIKE = 5
"""So many findings of one topic and severity are listed one by one; more are merged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Parameters
    ----------
    severity
        ``problem``: results would be wrong or impossible; ``warning``: look before trusting them; ``info``.
    topic
        Short key of the check, such as ``unit`` or ``replicates``.
    subject
        The property or column it is about; empty for the whole table.
    message
        What was found, with numbers.
    advice
        What to do.
    """

    severity: Severity
    topic: str
    subject: str
    message: str
    advice: str = ""


def condense(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by severity; more than five of one topic and severity become one that names the others."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        alike.setdefault((finding.severity, finding.topic), []).append(finding)
    merged = [item for group in alike.values() for item in _merge(group)]
    return tuple(sorted(merged, key=lambda f: _ORDER[f.severity]))


def _merge(group: list[Finding]) -> list[Finding]:
    if len(group) <= _ALIKE:
        return group
    first, others = group[0], [f.subject for f in group[1:]]
    return [replace(first, message=f"{first.message}; likewise {len(others)} more: {shorten(others)}")]


def shorten(names: Iterable[str], limit: int = 6) -> str:
    """The first few names, and how many there are besides."""
    listed = list(names)
    text = ", ".join(listed[:limit])
    return f"{text} and {len(listed) - limit} more" if len(listed) > limit else text
