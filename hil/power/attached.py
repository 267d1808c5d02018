"""Power probes on this machine's USB ports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from serial.tools import list_ports

_PPK2 = (0x1915, 0xC00A)  # Nordic's vendor number, the kit's product number


class UsbPort(Protocol):
    """What pyserial tells of a serial port."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None


@dataclass(frozen=True)
class Attached:
    """A probe's driver, its port and its serial number."""

    driver: str
    port: str
    serial_number: str | None


def attached(ports: Iterable[UsbPort] | None = None) -> list[Attached]:
    """The probes among the ports; a kit has two, of which the first carries samples."""
    found: dict[str | None, Attached] = {}
    for port in sorted(list_ports.comports() if ports is None else ports, key=lambda one: one.device):
        if (port.vid, port.pid) == _PPK2:
            found.setdefault(port.serial_number, Attached("ppk2", port.device, port.serial_number))
    return list(found.values())
