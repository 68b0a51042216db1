"""Whether a device can be used, before anything is put on it."""

from __future__ import annotations

import torch

from ..errors import PlanError

__all__ = ["check_device"]


def check_device(name: str) -> None:
    """Make sure that this machine has a device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    PlanError
        It does not; the message says what it has.
    """
    known = ["cpu"]
    if torch.cuda.is_available():
        known += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if name in known:
        return
    built = "" if torch.version.cuda else "; its torch is built without CUDA"
    raise PlanError(f"there is no device {name!r}.", hint=f"This machine has: {', '.join(known)}{built}.")
