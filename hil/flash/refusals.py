"""Why a chip lets no debugger in, as it says itself through an access port that its maker never closes.

Nordic's is the CTRL-AP, NXP's in Kinetis the MDM-AP; pyOCD's targets read them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hil.errors import ChipError


@dataclass(frozen=True)
class _ControlPort:
    """What pyOCD's target keeps it under, what it says of a locked chip, and what unlocking erases."""

    attribute: str
    name: str
    says: str
    erased: str


_NORDIC = _ControlPort(
    "ctrl_ap", "CTRL-AP", "APPROTECTSTATUS of its CTRL-AP reads 0: it is enabled", "all of its flash and UICR"
)
_KINETIS = _ControlPort(
    "mdm_ap", "MDM-AP", "the status of its MDM-AP says that it is secured", "all of its flash"
)


def refusal(target: Any, name: str, unique_id: str, *, erased: bool) -> ChipError | None:
    """Why pyOCD's ``target``, called ``name``, could not be connected to; None if it does not say.

    ``erased``: all of it was erased to unlock it. Raises what pyOCD raises when the port cannot be read.
    """
    port = next((one for one in (_NORDIC, _KINETIS) if hasattr(target, one.attribute)), None)
    if port is None or not target.dp.aps:
        return None
    if getattr(target, port.attribute) is None:
        there = ", ".join(f"IDR {ap.idr:#010x}" for ap in target.dp.aps.values())
        return ChipError(
            f"the chip behind the debug probe {unique_id} is no {name}",
            evidence=f"it has no {port.name}; its access ports: {there}",
            remedy="check the lab file's kind and probe; nothing was erased",
        )
    if not target.is_locked():
        return None
    if erased:
        return ChipError(
            f"the {name} behind the debug probe {unique_id} is still locked after all of it was erased",
            evidence=port.says,
            remedy="power-cycle it and run it again, or unlock it by its vendor's tool",
        )
    return ChipError(
        f"the {name} behind the debug probe {unique_id} is locked against debuggers",
        evidence=f"{port.says}; nothing of it can be read or written",
        remedy=f"--allow-mass-erase unlocks it and erases {port.erased}; by hand "
        f"`pyocd erase --mass --target {name} --uid {unique_id}` does. It is never done unasked",
    )
