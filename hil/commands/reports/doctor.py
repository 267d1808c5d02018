"""The file that `hil doctor --report` writes: all that helps with a board from afar, safe to send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hil import provenance
from hil.desk import facts
from hil.desk.doctor import Finding, Machine
from hil.desk.private import Private
from hil.desk.states import BoardState
from hil.errors import HilError
from hil.flash.base import AttachedProbe
from hil_db.recent import recent

FORMAT = 2
_PACKAGES = ("pyocd", "pyserial", "cmsis-pack-manager", "libusb-package", "hidapi", "numpy", "SQLAlchemy")
_ABOUT = (
    "What `hil doctor --report` saw of this machine and its boards. Passwords, arguments of power_cycle "
    "commands and comments of the lab file are left out; names of hosts and users are <host N> and <user N>. "
)
_WITHOUT_SERIALS = (
    "Serial numbers are <serial N>, the same N for the same device; `--with-serials` leaves them in. "
)
_LOOK = "Board names, tags, paths and what programs said are as they are: look through it before you send it."


def report(
    machine: Machine,
    findings: Sequence[Finding],
    states: Sequence[BoardState],
    attached: Sequence[AttachedProbe],
    url: str | None,
    *,
    lab: str | None,
    serials: bool = False,
) -> dict[str, Any]:
    """All of it, for a JSON file. ``lab`` is the lab file's name, None for the lab that needs none.

    ``states`` are its boards' and empty where it makes no sense, which is a finding. With ``serials`` the
    numbers of devices are in it.
    """
    private = Private(serials=serials)
    devices = facts.usb_devices(machine)
    specs = [place for state in states for place in state.spec.places]
    private.add_serials(str(one["serial"]) for one in devices)
    private.add_serials(probe.unique_id for probe in attached if not probe.is_emulated)
    private.add_serials(spec.probe for spec in specs)
    private.add_serials(spec.power.serial_number for spec in specs if spec.power is not None)
    about = _ABOUT + ("" if serials else _WITHOUT_SERIALS) + _LOOK
    told = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {**provenance.versions(), **_packages()},
        "system": facts.system(),
        "environment": facts.environment(),
        "findings": [asdict(one) for one in findings],
        "attached": [asdict(probe) for probe in attached],
        "usb": devices,
        "ports": facts.serial_ports(machine, [spec.serial for spec in specs if spec.serial is not None]),
        "udev": facts.rules_state(machine),
        "lab": lab,
        "boards": [_board(state) for state in states],
        "lately": _lately(url, [state.spec.name for state in states] if lab is not None else None),
    }
    return {"about": about, "format": FORMAT, **private.all(told)}


def _packages() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _board(state: BoardState) -> dict[str, Any]:
    spec = state.spec
    about = {"name": spec.name, "state": str(state.state), "why": state.why}
    return {**about, **facts.board_facts(spec)}


def _lately(url: str | None, boards: Sequence[str] | None) -> dict[str, Any]:
    """What sessions said, or why that is not known: a report is of use without it."""
    try:
        return recent(url, boards)
    except HilError as error:
        return {"unknown": str(error)}
