"""What on this machine keeps boards from being used, and what mends it."""

from __future__ import annotations

import grp
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from ctypes.util import find_library
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hil.build.toolchain import find_toolchain
from hil.desk import udev
from hil.desk.locks import lock_dir
from hil.desk.ports import users_of
from hil.desk.states import BoardState, State
from hil.errors import HilError
from hil.lab.boards import BoardSpec
from hil.link.usb import UsbPorts
from hil.qemu.program import find_program
from hil.qemu.runtime import runtime_dir

_TOOL_S = 20
_LEAST_QEMU = (6, 0)
_TWINS_QEMU = (9, 0)


class Grade(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, what was seen, and what mends it where something is wrong."""

    what: str
    grade: Grade
    seen: str
    remedy: str | None = None


@dataclass(frozen=True)
class Machine:
    """Where to look; another root than the machine's own is for looking at a copy of one."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    proc: Path = Path("/proc")
    rules: tuple[Path, ...] = udev.RULES_DIRS
    segger: Path = Path("/opt/SEGGER")


def examine(machine: Machine, states: Sequence[BoardState]) -> list[Finding]:
    """Everything, in the order in which a user would mend it."""
    return [
        *_tools(),
        *_folders(),
        *_probes(machine),
        *_ports(machine, [state.spec.serial for state in states if state.spec.serial is not None]),
        *(one for state in states for place in state.spec.places for one in _power(machine, place)),
        *(_board(state) for state in states),
    ]


def _tools() -> Iterator[Finding]:
    yield Finding("Python", Grade.OK, platform.python_version())
    for name in ("pyocd", "pyserial"):
        try:
            yield Finding(name, Grade.OK, version(name))
        except PackageNotFoundError:
            yield Finding(name, Grade.FAULT, "not installed", f"pip install {name}")
    yield _qemu()
    yield _compiler()
    host = shutil.which(os.environ.get("CC") or "cc")
    yield Finding(
        "host compiler",
        Grade.OK if host else Grade.WARNING,
        host or "not found: emulated boards count instructions by a timer alone",
        None if host else "apt install gcc libc6-dev",
    )


def _qemu() -> Finding:
    try:
        program = find_program()
        said = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TOOL_S,
            check=False,
        )
    except HilError as error:
        return Finding("QEMU", Grade.WARNING, error.what, error.remedy)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("QEMU", Grade.WARNING, str(error), "install it anew")
    found = re.search(r"version (\d+)\.(\d+)[\w.]*", said.stdout)
    if found is None:
        return Finding("QEMU", Grade.WARNING, f"{program} tells no version", "name another in HIL_QEMU")
    number = (int(found[1]), int(found[2]))
    told = f"{found[0].removeprefix('version ')} ({program})"
    if number < _LEAST_QEMU:
        return Finding("QEMU", Grade.WARNING, told, "emulated boards need 6.0 or newer")
    if number < _TWINS_QEMU:
        return Finding("QEMU", Grade.OK, f"{told}; twins of silicon boards need 9.0 or newer")
    return Finding("QEMU", Grade.OK, told)


def _compiler() -> Finding:
    try:
        return Finding("cross compiler", Grade.OK, str(find_toolchain().version))
    except HilError as error:
        seen = f"{error.what}: prebuilt images run, `hil build` does not"
        return Finding("cross compiler", Grade.WARNING, seen, error.remedy)


def _folders() -> Iterator[Finding]:
    try:
        yield Finding("folder of running emulators", Grade.OK, str(runtime_dir()))
    except HilError as error:
        yield Finding("folder of running emulators", Grade.FAULT, str(error), error.remedy)
    try:
        folder = lock_dir()
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        yield Finding("folder of locks", Grade.FAULT, str(error), "make room in it")
        return
    remedy = None if writable else "name a folder that can be written in HIL_RUNTIME_DIR"
    yield Finding("folder of locks", Grade.OK if writable else Grade.FAULT, str(folder), remedy)


def _probes(machine: Machine) -> Iterator[Finding]:
    found = False
    for device in sorted((machine.sys / "bus" / "usb" / "devices").glob("*")):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        family = udev.family_of(vendor, product)
        if family is None:
            continue
        found = True
        serial = _read(device / "serial")
        told = f"{family.name} {vendor}:{product}" + (f", serial number {serial}" if serial else "")
        if vendor == udev.SEGGER and not _drives_jlink(machine):
            yield Finding(
                "debug probe",
                Grade.FAULT,
                f"{told}: its maker's library is missing, without which pyOCD does not list it",
                "install SEGGER's J-Link Software and Documentation Pack",
            )
        node = machine.dev / "bus" / "usb" / _number(device / "busnum") / _number(device / "devnum")
        if os.access(node, os.R_OK | os.W_OK):
            yield Finding("debug probe", Grade.OK, told)
            continue
        rules = udev.installed(vendor, machine.rules)
        remedy = (
            f"rules for it are in {rules[0]}: plug it in anew, and see that you are in their group"
            if rules
            else f"as root: hil doctor --udev-rules={udev.RULES_PATH} && {udev.RELOAD}"
        )
        yield Finding("debug probe", Grade.FAULT, f"{told}: you may not use {node}", remedy)
    if not found:
        yield Finding("debug probe", Grade.OK, "none is attached by USB")


def _drives_jlink(machine: Machine) -> bool:
    """Whether the library is where pyOCD looks for it: among the system's, and where SEGGER's packages go."""
    return find_library("jlinkarm") is not None or any(machine.segger.rglob("libjlinkarm.so*"))


def _ports(machine: Machine, named: Sequence[str]) -> Iterator[Finding]:
    there = [str(path) for kind in ("ttyACM*", "ttyUSB*") for path in sorted(machine.dev.glob(kind))]
    links = {os.path.realpath(port) for port in there}
    of_lab = [port for port in named if "://" not in port and port != "auto"]
    for port in [*there, *(port for port in of_lab if os.path.realpath(port) not in links)]:
        yield _port(machine, port)


def _port(machine: Machine, port: str) -> Finding:
    path = Path(port)
    try:
        owner = path.stat()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        return Finding("serial port", Grade.FAULT, f"{port}: {why}", "plug it in, or mend the lab file")
    if not os.access(path, os.R_OK | os.W_OK):
        try:
            group = grp.getgrgid(owner.st_gid).gr_name
        except KeyError:
            group = str(owner.st_gid)
        return Finding(
            "serial port",
            Grade.FAULT,
            f"{port}: you may not use it",
            f"as root: usermod -aG {group} $USER, then log in again",
        )
    users = users_of(port, machine.proc)
    if users:
        told = ", ".join(map(str, users))
        return Finding("serial port", Grade.FAULT, f"{port} is open in {told}", "end that program")
    return Finding("serial port", Grade.OK, port)


def _power(machine: Machine, board: BoardSpec) -> Iterator[Finding]:
    """The power probe that the lab file gives a board of silicon."""
    power = board.power
    if power is None or board.kind.emulator is not None:
        return
    what, told = f"power probe of {board.name}", f"{power.told}, {power.supply_v:g} V"
    port = power.port
    if port is None and power.serial_number is not None:
        port = UsbPorts(machine.sys, machine.dev).port_with_serial(power.serial_number)
    if port is None:
        yield Finding(what, Grade.FAULT, f"{told}: not attached", "plug it in; `hil power list` lists them")
        return
    found = _port(machine, port)
    yield Finding(what, found.grade, f"{told}: {found.seen}", found.remedy)
    if power.channel is None:
        seen = "its sync pin is wired to no logic input: windows have no edges"
        yield Finding(what, Grade.WARNING, seen, "wire it, and name the input as power.channel")


def _board(state: BoardState) -> Finding:
    grade = {State.READY: Grade.OK, State.OFFLINE: Grade.FAULT}.get(state.state, Grade.WARNING)
    seen = f"{state.spec.kind.name}, {state.state}" + (f": {state.why}" if state.why else "")
    remedy = "plug it in; `hil probes` lists what is attached" if state.state is State.OFFLINE else None
    return Finding(f"board {state.spec.name}", grade, seen, remedy)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> str:
    return _read(path).zfill(3)
