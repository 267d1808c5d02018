"""`hil power list`: the drivers of power probes, and what is attached of each."""

from __future__ import annotations

import argparse

HELP = "list the drivers of power probes, and what is attached"


def arguments(_: argparse.ArgumentParser) -> None:
    """None."""


def run(_: argparse.Namespace) -> int:
    """Print a line for each probe, or for a driver without one."""
    from hil.power.drivers import names
    from hil.text.table import table_lines

    rows = [row for name in names() for row in _rows(name)]
    print("\n".join(table_lines(["driver", "port", "serial number"], rows, left=(0, 1, 2), rule=False)))
    return 0


def _rows(name: str) -> list[list[str]]:
    from hil.errors import PowerProbeError
    from hil.power.drivers import driver

    try:
        found = driver(name)
        rows = [[name, one.port, one.serial_number or "none"] for one in found.attached()]
    except PowerProbeError as error:
        return [[name, f"cannot be used: {error}", ""]]
    return rows or [[name, found.none, ""]]
