"""Power probes on this machine's USB ports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from serial.tools import list_ports

_PPK2 = (0x1915, 0xC00A)  # Nordic's vendor number, the kit's product number
_ST_PORT = (0x0483, 0x5740)  # of many things of ST's: the name tells which
_LPM01A = "PowerShield"


class UsbPort(Protocol):
    """What pyserial tells of a serial port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    product: str | None


@dataclass(frozen=True)
class Attached:
    """A probe's driver, its port and its serial number."""

    driver: str
    port: str
    serial_number: str | None


def attached(ports: Iterable[UsbPort] | None = None) -> list[Attached]:
    """The probes at serial ports."""
    there = _sorted(ports)
    return [*ppk2(there), *lpm01a(there)]


def ppk2(ports: Iterable[UsbPort] | None = None) -> list[Attached]:
    """Nordic's kits; each has two ports, of which the first carries samples."""
    found: dict[str | None, Attached] = {}
    for port in _sorted(ports):
        if (port.vid, port.pid) == _PPK2:
            found.setdefault(port.serial_number, Attached("ppk2", port.device, port.serial_number))
    return list(found.values())


def lpm01a(ports: Iterable[UsbPort] | None = None) -> list[Attached]:
    """ST's PowerShields."""
    return [
        Attached("lpm01a", port.device, port.serial_number)
        for port in _sorted(ports)
        if (port.vid, port.pid) == _ST_PORT and _LPM01A in (port.product or "")
    ]


def _sorted(ports: Iterable[UsbPort] | None) -> list[UsbPort]:
    return sorted(list_ports.comports() if ports is None else ports, key=lambda one: one.device)
