"""USB devices in a /sys of their own, as Linux lays them out."""

from __future__ import annotations

from pathlib import Path

from hil.link.usb import UsbPorts


def usb_tree(root: Path, *devices: tuple[str, str]) -> UsbPorts:
    """A /sys in which each (tty, serial number) is the port of a USB device of its own."""
    for place, (tty, serial) in enumerate(devices):
        device = root / "sys" / "devices" / "usb1" / f"1-{place}"
        interface = device / f"1-{place}:1.2"
        (interface / "tty" / tty).mkdir(parents=True)
        (interface / "bInterfaceNumber").write_text("02\n")
        for name, text in (("idVendor", "0483"), ("idProduct", "374b"), ("serial", serial)):
            (device / name).write_text(f"{text}\n")
        entry = root / "sys" / "class" / "tty" / tty
        entry.mkdir(parents=True)
        (entry / "device").symlink_to(interface)
    return UsbPorts(root / "sys", root / "dev")
