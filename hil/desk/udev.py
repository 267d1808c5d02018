"""udev's rules that let users of this machine use debug probes and their serial ports without being root.

The numbers of vendors and products are those that pyOCD's drivers look for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RULES_PATH = Path("/etc/udev/rules.d/60-hil-lab.rules")  # before 73, where systemd gives out uaccess
RELOAD = "udevadm control --reload && udevadm trigger"
RULES_DIRS = tuple(
    Path(root) / "udev" / "rules.d" for root in ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
)


@dataclass(frozen=True)
class Family:
    """Debug probes of one maker; without ``products`` all of the vendor's."""

    name: str
    vendor: str
    products: tuple[str, ...] = ()


SEGGER = "1366"
FAMILIES = (
    Family("ST-Link V2, V2-1", "0483", ("3748", "374a", "374b", "3752")),
    Family("ST-Link V3", "0483", ("374e", "374f", "3753", "3754", "3755", "3757")),
    Family("DAPLink, CMSIS-DAP", "0d28", ("0204",)),
    Family("SEGGER J-Link", SEGGER),
    Family("NXP LPC-Link2, MCU-Link", "1fc9", ("0090", "0143")),
    Family("Raspberry Pi debug probe", "2e8a", ("0004", "000c")),
    Family("Microchip EDBG and kin", "03eb", ("2111", "2140", "2141", "2144", "2145", "216c", "2175")),
    Family("Infineon KitProg, MiniProg4", "04b4", ("f138", "f148", "f151", "f152", "f154", "f155", "f166")),
    Family("Keil ULINKplus", "c251", ("2750",)),
)


def family_of(vendor: str, product: str) -> Family | None:
    """The family of debug probes that a USB device is of; None for any other device."""
    known = (one for one in FAMILIES if one.vendor == vendor)
    return next((one for one in known if not one.products or product in one.products), None)


def rules() -> str:
    """The text of the rules: the group plugdev, and whoever is logged in at the machine."""
    access = 'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
    lines = [
        "# Debug probes and their serial ports for users. Written by `hil doctor --udev-rules`.",
        f"# Take effect with: {RELOAD}",
        'ACTION=="remove", GOTO="hil_lab_end"',
    ]
    for family in FAMILIES:
        lines += ["", f"# {family.name}"]
        for product in family.products or (None,):
            usb = f'ATTR{{idVendor}}=="{family.vendor}"'
            above = f'ATTRS{{idVendor}}=="{family.vendor}"'
            if product is not None:
                usb += f', ATTR{{idProduct}}=="{product}"'
                above += f', ATTRS{{idProduct}}=="{product}"'
            lines += [
                f'SUBSYSTEM=="usb", ENV{{DEVTYPE}}=="usb_device", {usb}, {access}',
                f'SUBSYSTEM=="hidraw", {above}, {access}',
                f'SUBSYSTEM=="tty", {above}, MODE="0660", GROUP="dialout", TAG+="uaccess"',
            ]
    return "\n".join([*lines, "", 'LABEL="hil_lab_end"', ""])


def installed(vendor: str, folders: tuple[Path, ...] = RULES_DIRS) -> list[Path]:
    """The files of rules on this machine that speak of a vendor."""
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.rules")):
            try:
                text = path.read_text(encoding="utf-8", errors="replace").lower()
            except OSError:
                continue
            if f'"{vendor}"' in text:
                found.append(path)
    return found
