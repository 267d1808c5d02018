"""What this machine is and what is plugged into it, for whoever is to help from afar."""

from __future__ import annotations

import grp
import os
import platform
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from hil.desk import udev
from hil.desk.doctor import Machine
from hil.desk.ports import users_of
from hil.lab.boards import BoardSpec
from hil.link.usb import UsbPorts

_GROUPS = ("dialout", "plugdev", "uucp", "tty", "users")  # those that ports and probes belong to
_NOT_OF_FILE = ("name", "kind", "members", "lab")
_NAMES = ("HIL_", "CC", "LANG", "LC_ALL", "PYTHONUTF8")  # of variables that the lab looks at


def system() -> dict[str, Any]:
    """The system, and which rights its user has."""
    told = {}
    with suppress(OSError):
        told = platform.freedesktop_os_release()
    mine = {*os.getgroups(), os.getgid()}
    return {
        "distribution": told.get("PRETTY_NAME"),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "root": os.geteuid() == 0,
        "groups": [name for name in _GROUPS if _number(name) in mine],
    }


def environment() -> dict[str, str]:
    """The variables that change what the lab does."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.startswith(_NAMES)}


def usb_devices(machine: Machine) -> list[dict[str, Any]]:
    """Debug probes and serial ports by USB: what they say of themselves, and what the system allows."""
    ports: dict[tuple[str, str, str], list[str]] = {}
    usb = UsbPorts(machine.sys, machine.dev)
    for port in _ports(machine):
        if (device := usb.device_of(port)) is not None:
            ports.setdefault((device.vendor, device.product, device.serial), []).append(port)
    found = []
    for folder in sorted((machine.sys / "bus" / "usb" / "devices").glob("*")):
        vendor, product, serial = (_read(folder / name) for name in ("idVendor", "idProduct", "serial"))
        family = udev.family_of(vendor, product)
        mine = ports.pop((vendor, product, serial), [])
        if family is None and not mine:
            continue
        node = (
            machine.dev
            / "bus"
            / "usb"
            / _read(folder / "busnum").zfill(3)
            / _read(folder / "devnum").zfill(3)
        )
        found.append(
            {
                "usb": f"{vendor}:{product}",
                "family": None if family is None else family.name,
                "maker": _read(folder / "manufacturer"),
                "name": _read(folder / "product"),
                "serial": serial,
                "ports": mine,
                "may_be_used": os.access(node, os.R_OK | os.W_OK),
                "rules": [str(path) for path in udev.installed(vendor, machine.rules)],
            }
        )
    return found


def serial_ports(machine: Machine, named: Sequence[str]) -> list[dict[str, Any]]:
    """The machine's ports and those that a lab file names: whose they are, their links, who has them open."""
    links = sorted((machine.dev / "serial").glob("by-*/*"))
    paths = [*_ports(machine), *(port for port in named if "://" not in port and port != "auto")]
    found = []
    for path in dict.fromkeys(paths):
        told: dict[str, Any] = {"port": path, "links": [str(one) for one in links if _is_same(one, path)]}
        try:
            status = Path(path).stat()
        except (OSError, ValueError) as error:
            told["missing"] = str(getattr(error, "strerror", None) or error)
        else:
            told |= {
                "mode": stat.filemode(status.st_mode),
                "group": _group(status.st_gid),
                "may_be_used": os.access(path, os.R_OK | os.W_OK),
                "open_in": [str(one) for one in users_of(path, machine.proc)],
            }
        found.append(told)
    return found


def rules_state(machine: Machine) -> dict[str, Any]:
    """Whether the lab's rules are installed, and are those of this version."""
    files = [folder / udev.RULES_PATH.name for folder in machine.rules]
    there = [path for path in files if path.is_file()]
    same = [path for path in there if _read(path) == udev.rules().strip()]
    return {"files": [str(path) for path in there], "up_to_date": bool(there) and same == there}


def board_facts(board: BoardSpec) -> dict[str, Any]:
    """What the lab file says of a board and what its kind is; of a command its program alone."""
    kind = board.kind
    told = {one.name: getattr(board, one.name) for one in fields(board) if one.name not in _NOT_OF_FILE}
    told |= {"power_cycle": _program(board.power_cycle), "tags": list(board.tags)}
    if board.power is not None:
        told["power"] = {name: held for name, held in asdict(board.power).items() if held is not None}
    if board.quarantine is not None:
        told["quarantine"] = f"since {board.quarantine.since}: {board.quarantine.reason}"
    about = {
        "name": kind.name,
        "emulator": kind.emulator,
        "pyocd_target": kind.pyocd_target,
        "clock_hz": kind.clock_hz,
        "baudrate": kind.baudrate,
        "counter": {**asdict(kind.counter), "metric": kind.counter.metric.name},
        "conditions": dict(kind.conditions),
    }
    return {"lab": {name: held for name, held in told.items() if held not in (None, [])}, "kind": about}


def _program(command: Sequence[str] | None) -> str | None:
    """Arguments may be whatever opens a door."""
    if not command:
        return None
    more = len(command) - 1
    return Path(command[0]).name + (f", and {more} argument{'s' if more > 1 else ''}" if more else "")


def _ports(machine: Machine) -> Iterator[str]:
    for kind in ("ttyACM*", "ttyUSB*"):
        yield from (str(path) for path in sorted(machine.dev.glob(kind)))


def _is_same(link: Path, port: str) -> bool:
    return os.path.realpath(link) == os.path.realpath(port)


def _number(group: str) -> int | None:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
