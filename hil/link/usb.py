"""Serial ports of USB devices, as Linux tells of them: which device a port belongs to, and its port now.

A device that was unplugged comes back under the next free name, ``/dev/ttyACM1`` for ``/dev/ttyACM0``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Device:
    """One port of one USB device; ``place`` is the socket that it is plugged into.

    A device without a serial number is known by its place alone.
    """

    vendor: str
    product: str
    serial: str
    interface: str
    place: str

    def is_same(self, other: Device) -> bool:
        """Whether it is the same port of the same device, wherever that is plugged in now."""
        kind = (self.vendor, self.product, self.serial, self.interface)
        if kind != (other.vendor, other.product, other.serial, other.interface):
            return False
        return bool(self.serial) or self.place == other.place

    def __str__(self) -> str:
        told = f"USB device {self.vendor}:{self.product}"
        return f"{told} with the serial number {self.serial}" if self.serial else f"{told} in {self.place}"


@dataclass(frozen=True)
class UsbPorts:
    """The ports of this machine: what ``sys`` and ``dev``, its /sys and /dev, say now."""

    sys: Path = Path("/sys")
    dev: Path = Path("/dev")

    def device_of(self, port: str) -> Device | None:
        """The device that a port, a path, belongs to; None where it is not known to be of USB."""
        for name in (Path(os.path.realpath(port)).name, Path(port).name):
            if (device := self._device(name)) is not None:
                return device
        return None

    def port_of(self, device: Device) -> str | None:
        """The path of the device's port now; None while it is not plugged in."""
        for name in self._names():
            now = self._device(name)
            if now is not None and now.is_same(device):
                return str(self.dev / name)
        return None

    def port_with_serial(self, number: str) -> str | None:
        """The first port of the device with that serial number, without regard to case and leading zeros."""
        wanted = _bare(number)
        for name in self._names():
            device = self._device(name)
            if device is not None and device.serial and _bare(device.serial) == wanted:
                return str(self.dev / name)
        return None

    def _names(self) -> list[str]:
        try:
            return sorted(entry.name for entry in (self.sys / "class" / "tty").iterdir())
        except OSError:
            return []

    def _device(self, tty: str) -> Device | None:
        """From the port's place in the tree of devices: the first above it that is an interface of USB."""
        place = Path(os.path.realpath(self.sys / "class" / "tty" / tty / "device"))
        for interface in (place, *place.parents):
            number = _read(interface / "bInterfaceNumber")
            if number is not None:
                of = interface.parent
                vendor, product, serial = (_read(of / name) for name in ("idVendor", "idProduct", "serial"))
                return Device(vendor or "", product or "", serial or "", number, interface.name)
        return None


def _bare(number: str) -> str:
    return number.lower().lstrip("0")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
